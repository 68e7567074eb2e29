//===- Load.cpp - A model file becomes a module ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: reads by extension, bytecode by its first bytes.
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"

#ifdef ORCHESTRA_HAVE_ONNX
#include "orchestra/Frontend/ONNX.h"
#endif
#include "orchestra/Dialect/Orchestra/HostProgram.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Frontend/StableHLO.h"
#include "orchestra/Pipeline/Registration.h"
#include "orchestra/Schedule/Passes.h"

#include "mlir/Conversion/ControlFlowToSCF/ControlFlowToSCF.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

Expected<std::unique_ptr<llvm::MemoryBuffer>>
orchestra::openModelFile(StringRef path) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                  /*RequiresNullTerminator=*/false);
  if (buffer)
    return std::move(*buffer);
  std::vector<std::string> notes{"note: " + buffer.getError().message()};
  if (llvm::sys::fs::is_directory(path))
    notes = {"note: it is a folder", "help: name the model file inside it"};
  return makeError(Fault::Input, path,
                   "the model file cannot be read [unreadable-file]", notes);
}

/// Loads now what the kernels' pipelines would load: a context must not change
/// while several threads use it.
void Compilation::loadDialects() {
  PassManager passes(context.get());
  PipelineOptions pipeline = pipelineFor(target);
  for (Stage stage : {Stage::Schedule, Stage::Optimize, Stage::Structure})
    buildModuleStage(passes, stage, pipeline);
  buildKernelPipeline(passes, pipeline);
  buildHostPipeline(passes, pipeline);
  DialectRegistry needed;
  passes.getDependentDialects(needed);
  for (StringRef name : needed.getDialectNames())
    context->getOrLoadDialect(name);
  for (StringRef name : {"builtin", "llvm", "transform"})
    context->getOrLoadDialect(name);
}

llvm::Error Compilation::importOnnx() {
#ifdef ORCHESTRA_HAVE_ONNX
  onnx::ImportOptions import;
  for (const auto &[name, size] : options.dims)
    import.dims[name] = size;
  import.fixShapes = options.fixShapes;
  if (options.given) {
    import.given.emplace();
    for (const auto &[name, input] : *options.given)
      (*import.given)[name] = {input.dims, input.values};
  }
  if (source)
    module = onnx::importOnnxFromMemory(
        StringRef(source->bytes.data(), source->bytes.size()), model, *context,
        import);
  else
    module = onnx::importOnnx(model, *context, import);
  if (!module)
    return diagnostics->takeError("importing", /*afterImport=*/false);
  return llvm::Error::success();
#else
  return makeError(Fault::Environment, model,
                   "this build has no ONNX frontend [missing-frontend]",
                   {"help: build with -DORCHESTRA_ONNX=ON"});
#endif
}

llvm::Error Compilation::importStableHLO() {
  stablehlo::ImportOptions import;
  import.name = llvm::sys::path::stem(model).str();
  for (const auto &[name, size] : options.dims)
    import.dims[name] = size;
  if (options.given && options.fixShapes)
    for (const auto &[name, input] : *options.given)
      import.shapes[name] = input.dims;
  module = stablehlo::importStableHLO(*module, import);
  if (!module)
    return diagnostics->takeError("importing", /*afterImport=*/false);
  return llvm::Error::success();
}

std::shared_ptr<const void> Compilation::getContextOwner() const {
  if (!source)
    return context;
  // The context goes first.
  return std::make_shared<std::pair<std::shared_ptr<const void>,
                                    std::shared_ptr<const MLIRContext>>>(
      source->owner, context);
}

llvm::Error Compilation::load() {
  beginPhase("import");
  DialectRegistry registry;
  registerDialects(registry);
  cpu::registerTranslations(registry);
#ifdef ORCHESTRA_HAVE_ONNX
  onnx::registerImportDialects(registry);
#endif
  // One job runs on the calling thread.
  if (options.jobs != 1)
    pool = std::make_unique<llvm::StdThreadPool>(
        llvm::hardware_concurrency(options.jobs));
  // Folded buffers and mapped files must outlive the attributes over them.
  context =
      std::make_shared<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  if (pool)
    context->setThreadPool(*pool);
  diagnostics = std::make_unique<DiagnosticCollector>(*context, model);

  loadDialects();

  StringRef extension = llvm::sys::path::extension(model);
  bool isOnnx = extension == ".onnx";
  bool isMlir = extension == ".mlir" || extension == ".mlirbc";
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  StringRef bytes;
  if (source) {
    bytes = StringRef(source->bytes.data(), source->bytes.size());
  } else if (!isOnnx) {
    Expected<std::unique_ptr<llvm::MemoryBuffer>> opened = openModelFile(model);
    if (opened)
      bytes = (buffer = std::move(*opened))->getBuffer();
    else if (isMlir)
      return opened.takeError();
    else
      llvm::consumeError(opened.takeError());
  }
  // Bytecode says what it is; artefacts come under many names.
  if (isMlir || isMlirBytecode(bytes)) {
    if (llvm::Error error = importMlir(bytes))
      return error;
  } else if (source || isOnnx) {
    if (llvm::Error error = importOnnx())
      return error;
  } else {
    return makeError(
        Fault::Usage, model, "the file's kind is not known [unknown-format]",
        {"note: its name ends in '" + extension.str() + "'",
         "help: models are .onnx files, .mlir and .mlirbc with StableHLO or "
         "with linalg on tensors, and portable artefacts of StableHLO"});
  }

  if (getEntries(*module).empty())
    return makeError(Fault::Input, model,
                     "no function is marked as the model [missing-entry]",
                     {"help: give one func.func the attribute '" +
                      kEntryAttrName.str() + "'"});
  if (!options.specialize.empty() && !options.topology.empty())
    return makeError(Fault::Usage, model,
                     "code for special shapes is made for programs of one "
                     "device only [invalid-hot-shape]",
                     {"help: fix the sizes for all runs instead, by dims"});
  if (options.profileBranches)
    return runPipeline(*module, "profiling branches", [](OpPassManager &pm) {
      pm.addPass(createLiftControlFlowToSCFPass());
      pm.addPass(createProfileBranchesPass());
    });
  return llvm::Error::success();
}
