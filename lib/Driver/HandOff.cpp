//===- HandOff.cpp - Models for vendors' compilers ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"
#include "Pjrt.h"
#include "StableHLO.h"

#include "orchestra/Driver/MachineTopology.h"
#include "orchestra/Target/HandOff.h"
#include "orchestra_runtime/tensor.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace orchestra;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// The architecture that a target names before its colon, and its hand-off.
static std::pair<const TargetArch *, const HandOff *> lookup(StringRef target) {
  StringRef name = target.split(':').first;
  const TargetArch *arch = getTargetRegistry().lookup(name);
  return {arch, arch ? findHandOff(arch->family) : nullptr};
}

bool orchestra::isHandOffTarget(StringRef target) {
  return lookup(target).second != nullptr;
}

StringRef orchestra::handOffExtension(StringRef target) {
  const HandOff *handOff = lookup(target).second;
  return handOff ? handOff->extension : "";
}

/// Files that go away again unless all is well.
namespace {
class PendingFiles {
public:
  ~PendingFiles() {
    for (const std::string &path : paths)
      llvm::sys::fs::remove(path);
  }
  Error write(const std::string &path,
              llvm::function_ref<void(llvm::raw_ostream &)> writer) {
    std::error_code error;
    llvm::raw_fd_ostream os(path, error);
    if (!error) {
      paths.push_back(path);
      writer(os);
      os.close();
      error = os.error();
      os.clear_error();
    }
    if (error)
      return makeError(Fault::Environment, path,
                       "the file cannot be written [unwritable-file]",
                       {"note: " + error.message()});
    return Error::success();
  }
  std::vector<std::string> keep() { return std::exchange(paths, {}); }

private:
  std::vector<std::string> paths;
};
} // namespace

static StringRef safetensorsType(uint32_t dtype) {
  return llvm::StringSwitch<StringRef>(orch_dtype_name(dtype))
      .Case("f32", "F32")
      .Case("f64", "F64")
      .Case("f16", "F16")
      .Case("bf16", "BF16")
      .Case("i8", "I8")
      .Case("i16", "I16")
      .Case("i32", "I32")
      .Case("i64", "I64")
      .Case("u8", "U8")
      .Case("u16", "U16")
      .Case("u32", "U32")
      .Case("u64", "U64")
      .Case("bool", "BOOL")
      .Default("");
}

/// The weights by name, in the order of the arguments.
static void writeWeights(const StableHLOModel &model, llvm::raw_ostream &os) {
  llvm::json::Object header;
  int64_t offset = 0;
  for (const StableHLOModel::Weight &weight : model.weights) {
    int64_t end = offset + int64_t(weight.bytes.bytes.size());
    header[weight.decl.name] =
        llvm::json::Object{{"dtype", safetensorsType(weight.decl.dtype)},
                           {"shape", llvm::json::Array(weight.decl.dims)},
                           {"data_offsets", llvm::json::Array{offset, end}}};
    offset = end;
  }
  std::string text = llvm::formatv("{0}", llvm::json::Value(std::move(header)));
  text.resize((text.size() + 7) / 8 * 8, ' ');
  uint64_t size = text.size();
  for (unsigned i = 0; i < 8; ++i)
    os << char(size >> (8 * i) & 0xff);
  os << text;
  for (const StableHLOModel::Weight &weight : model.weights)
    os << StringRef(weight.bytes.bytes.data(), weight.bytes.bytes.size());
}

static llvm::json::Array describe(llvm::ArrayRef<TensorDecl> tensors) {
  llvm::json::Array list;
  for (const TensorDecl &tensor : tensors)
    list.push_back(
        llvm::json::Object{{"name", tensor.name},
                           {"dtype", orch_dtype_name(tensor.dtype)},
                           {"shape", llvm::json::Array(tensor.dims)}});
  return list;
}

static llvm::json::Object describe(const StableHLOModel &model,
                                   const CompileOptions &options,
                                   HandOffResult &result) {
  std::vector<TensorDecl> weights;
  for (const StableHLOModel::Weight &weight : model.weights)
    weights.push_back(weight.decl);
  return llvm::json::Object{{"model", model.name},
                            {"target", options.target},
                            {"compiled", result.compiled},
                            {"executed", false},
                            {"inputs", describe(model.inputs)},
                            {"weights", describe(weights)},
                            {"outputs", describe(model.outputs)},
                            {"figures", std::move(result.figures)}};
}

Expected<HandOffReport> orchestra::compileHandOff(StringRef path,
                                                  const CompileOptions &given,
                                                  StringRef output) {
  auto [arch, handOff] = lookup(given.target);
  HandOffRequest request;
  request.arch = arch->name;
  request.details = StringRef(given.target).split(':').second.str();
  request.output = output.str();
  request.vendorCompiler = given.vendorCompiler;
  request.helper = findPjrtHelper();
  if (const llvm::json::Value *memory = arch->lookup("memory_bytes"))
    request.memoryBytes = uint64_t(memory->getAsNumber().value_or(0));
  Expected<StableHLOTool> tool = StableHLOTool::find(given.stablehloTool);
  if (!tool)
    return toDriverToolError(tool.takeError(), path);

  CompileOptions options = given;
  options.target = "host";
  Expected<std::unique_ptr<Compilation>> compilation =
      Compilation::create(path, options);
  if (!compilation)
    return compilation.takeError();
  Expected<StableHLOModel> model =
      (*compilation)->lowerToStableHLO(/*weightArguments=*/true);
  if (!model)
    return model.takeError();
  (*compilation)->beginPhase("official StableHLO library");
  StringRef version = options.stablehloVersion.empty()
                          ? StringRef(kStableHLOVersion)
                          : StringRef(options.stablehloVersion);
  Expected<std::string> program = handOff->takesHlo
                                      ? tool->toHlo(model->text)
                                      : tool->serialize(model->text, version);
  if (!program)
    return toDriverToolError(program.takeError(), path);
  PendingFiles files;
  llvm::SmallString<256> beside(output);
  llvm::sys::path::replace_extension(beside, handOff->takesHlo ? ".hlo.pb"
                                                               : ".stablehlo");
  request.program = beside.str().str();
  if (Error error = files.write(request.program,
                                [&](llvm::raw_ostream &os) { os << *program; }))
    return std::move(error);

  (*compilation)->beginPhase("vendor's compiler");
  Expected<HandOffResult> result = handOff->compile(request);
  if (!result)
    return toDriverToolError(result.takeError(), path);
  HandOffReport report;
  report.compiled = result->compiled;
  report.notes = result->notes;
  if (!model->weights.empty()) {
    beside = output;
    llvm::sys::path::replace_extension(beside, ".safetensors");
    if (Error error =
            files.write(beside.str().str(), [&](llvm::raw_ostream &os) {
              writeWeights(*model, os);
            }))
      return std::move(error);
  }
  llvm::json::Value description(describe(*model, given, *result));
  if (Error error =
          files.write(request.output + ".json", [&](llvm::raw_ostream &os) {
            os << llvm::formatv("{0:2}\n", description);
          }))
    return std::move(error);
  if (result->compiled)
    report.files.push_back(request.output);
  for (std::string &file : files.keep())
    report.files.push_back(std::move(file));
  (*compilation)->endPhases();
  return report;
}
