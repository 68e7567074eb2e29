//===- StableHLO.cpp - A whole model as StableHLO -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the waist at once: no schedule and no kernels, for the reader fuses and
// places by itself. Sizes must be known.
//
//===----------------------------------------------------------------------===//
#include "StableHLO.h"

#include "Compilation.h"

#include "orchestra/Dialect/Orchestra/HostProgram.h"
#include "orchestra/Target/StableHLO/Passes.h"
#include "orchestra/Target/StableHLO/Weights.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

llvm::Error orchestra::toDriverToolError(llvm::Error error, StringRef model) {
  llvm::Error result = llvm::Error::success();
  llvm::Error rest =
      llvm::handleErrors(std::move(error), [&](const ToolError &problem) {
        Fault fault = problem.getKind() == ToolError::Kind::Refused
                          ? Fault::Input
                          : Fault::Environment;
        llvm::consumeError(std::move(result));
        result =
            makeError(fault, model, problem.getMessage(), problem.getNotes());
      });
  if (!rest)
    return result;
  llvm::consumeError(std::move(result));
  return llvm::make_error<DriverError>(
      toDriverError(std::move(rest), model, Fault::Environment));
}

/// The consumers' code is for one set of sizes.
static llvm::Error checkSizes(llvm::ArrayRef<TensorDecl> inputs,
                              StringRef model) {
  std::vector<std::string> notes;
  std::string help;
  for (const TensorDecl &input : inputs)
    if (llvm::is_contained(input.dims, -1)) {
      notes.push_back("note: input '" + input.name + "' is " +
                      input.describe());
      for (auto [dim, name] : llvm::zip_equal(input.dims, input.dimNames))
        if (dim < 0 && !name.empty() &&
            help.find("--dim " + name + "=") == std::string::npos)
          help += " --dim " + name + "=SIZE";
    }
  if (notes.empty())
    return llvm::Error::success();
  notes.push_back(help.empty() ? "help: give --inputs=FILE.npz"
                               : "help: give" + help);
  return makeError(Fault::Usage, model,
                   "StableHLO is made for known sizes only [needs-sizes]",
                   notes);
}

/// The elements of an attribute as they lie in memory.
static Bytes bytesOfWeight(ElementsAttr value) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return {blob->getData(), nullptr};
  auto dense = cast<DenseElementsAttr>(value);
  if (!dense.getElementType().isInteger(1))
    return {dense.getRawData(), nullptr};
  cpu::ByteBuffer bytes;
  for (bool element : dense.getValues<bool>())
    bytes.push_back(element);
  return ownedBytes(std::move(bytes));
}

static TensorDecl toDecl(const cpu::TensorInfo &info) {
  TensorDecl decl;
  decl.name = info.name;
  decl.dtype = info.dtype;
  decl.dims.assign(info.dims.begin(), info.dims.end());
  decl.dimNames.assign(info.dimNames.begin(), info.dimNames.end());
  return decl;
}

Expected<StableHLOModel> Compilation::lowerToStableHLO(bool weightArguments) {
  if (llvm::Error error = load())
    return std::move(error);
  beginPhase("stablehlo");
  llvm::SmallVector<func::FuncOp> entries = getEntries(*module);
  cpu::ArtefactInfo info;
  if (llvm::Error error = describeEntries(entries, model, info))
    return std::move(error);
  StableHLOModel result;
  result.name = module->getName().value_or("model").str();
  for (const cpu::TensorInfo &input : info.inputs)
    result.inputs.push_back(toDecl(input));
  for (const cpu::TensorInfo &output : info.outputs)
    result.outputs.push_back(toDecl(output));
  if (llvm::Error error = checkSizes(result.inputs, model))
    return std::move(error);

  if (llvm::Error error =
          runPipeline(*module, "making StableHLO", [](OpPassManager &passes) {
            passes.addPass(createCanonicalizerPass());
            passes.addPass(createCSEPass());
            stablehlo::buildLowerToStableHLOPipeline(
                passes, stablehlo::LowerToStableHLOOptions());
          }))
    return std::move(error);

  auto entry = module->lookupSymbol<func::FuncOp>("main");
  for (auto [output, type] :
       llvm::zip_equal(result.outputs, entry.getResultTypes()))
    output.dims.assign(cast<RankedTensorType>(type).getShape().begin(),
                       cast<RankedTensorType>(type).getShape().end());
  if (!weightArguments) {
    stablehlo::embedWeights(*module);
  } else {
    constexpr uint64_t leastBytes = 1024; // as the importer keeps resources
    for (stablehlo::WeightArgument &weight :
         stablehlo::hoistWeights(*module, leastBytes)) {
      StableHLOModel::Weight &added = result.weights.emplace_back();
      added.decl.name = weight.name;
      ShapedType type = weight.value.getShapedType();
      added.decl.dims.assign(type.getShape().begin(), type.getShape().end());
      added.decl.dimNames.resize(added.decl.dims.size());
      added.decl.dtype = dtypeOfElement(type.getElementType());
      added.bytes = bytesOfWeight(weight.value);
    }
  }
  result.owner = getContextOwner();
  llvm::raw_string_ostream(result.text) << *module << "\n";
  return result;
}

llvm::Error Compilation::printStableHLO(EmitFormat format,
                                        llvm::raw_ostream &os) {
  // Before the work: a missing tool is missed at once.
  std::optional<StableHLOTool> tool;
  if (format != EmitFormat::StableHLO) {
    Expected<StableHLOTool> found = StableHLOTool::find(options.stablehloTool);
    if (!found)
      return toDriverToolError(found.takeError(), model);
    tool = std::move(*found);
  }
  Expected<StableHLOModel> lowered =
      lowerToStableHLO(/*weightArguments=*/false);
  if (!lowered)
    return lowered.takeError();
  if (!tool) {
    os << lowered->text;
    return llvm::Error::success();
  }
  beginPhase("official StableHLO library");
  StringRef version = options.stablehloVersion.empty()
                          ? StringRef(kStableHLOVersion)
                          : StringRef(options.stablehloVersion);
  Expected<std::string> bytes = format == EmitFormat::HloProto
                                    ? tool->toHlo(lowered->text)
                                    : tool->serialize(lowered->text, version);
  if (!bytes)
    return toDriverToolError(bytes.takeError(), model);
  os << *bytes;
  return llvm::Error::success();
}
