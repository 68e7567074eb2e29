//===- Load.cpp - A model file becomes a module ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: reads by extension, and hashes what was read for the cache.
// Why files are hashed without parsing them: a model in the cache must start in
//   milliseconds. The one thing to know is where an ONNX file keeps its
//   external tensors; protobuf spells that as key "location" followed by its
//   value, which a search for the bytes finds. A false hit costs a hash,
//   nothing else.
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"

#ifdef ORCHESTRA_HAVE_ONNX
#include "orchestra/Frontend/ONNX.h"
#endif
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Pipeline/Registration.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

static Expected<std::unique_ptr<llvm::MemoryBuffer>> openFile(StringRef path) {
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

/// Values of "location" entries in an ONNX file.
static llvm::StringSet<> externalFiles(StringRef bytes) {
  llvm::StringSet<> files;
  // Field 1 of a StringStringEntryProto, its length, the key, then field 2.
  constexpr StringRef key("\x0a\x08location\x12", 11);
  for (size_t at = bytes.find(key); at != StringRef::npos;
       at = bytes.find(key, at + key.size())) {
    StringRef rest = bytes.drop_front(at + key.size());
    uint64_t length = 0;
    unsigned shift = 0;
    bool more = true;
    while (more && !rest.empty() && shift < 28) {
      unsigned char byte = rest.front();
      rest = rest.drop_front();
      length |= uint64_t(byte & 0x7f) << shift;
      shift += 7;
      more = byte & 0x80;
    }
    if (!more && length <= rest.size() && length < 4096)
      files.insert(rest.take_front(length));
  }
  return files;
}

Expected<std::string> orchestra::hashModelFiles(StringRef path) {
  Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = openFile(path);
  if (!buffer)
    return buffer.takeError();
  ContentHash hash;
  hash.addLarge((*buffer)->getBuffer());
  if (path.ends_with(".onnx")) {
    llvm::SmallVector<StringRef> files;
    llvm::StringSet<> found = externalFiles((*buffer)->getBuffer());
    for (const auto &entry : found)
      files.push_back(entry.getKey());
    llvm::sort(files);
    for (StringRef file : files) {
      llvm::SmallString<256> full(llvm::sys::path::parent_path(path));
      llvm::sys::path::append(full, file);
      hash.add(file);
      // A file that is missing is the importer's to report.
      if (auto data = llvm::MemoryBuffer::getFile(
              full, /*IsText=*/false, /*RequiresNullTerminator=*/false))
        hash.addLarge((*data)->getBuffer());
    }
  }
  return hash.hex();
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
  if (extension == ".onnx") {
#ifdef ORCHESTRA_HAVE_ONNX
    onnx::ImportOptions import;
    for (const auto &[name, size] : options.dims)
      import.dims[name] = size;
    if (options.given) {
      import.given.emplace();
      for (const auto &[name, input] : *options.given)
        (*import.given)[name] = {input.dims, input.values};
    }
    module = onnx::importOnnx(model, *context, import);
    if (!module)
      return diagnostics->takeError("importing", /*afterImport=*/false);
#else
    return makeError(Fault::Environment, model,
                     "this build has no ONNX frontend [missing-frontend]",
                     {"help: build with -DORCHESTRA_ONNX=ON"});
#endif
  } else if (extension == ".mlir" || extension == ".mlirbc") {
    Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = openFile(model);
    if (!buffer)
      return buffer.takeError();
    // Resources of a text live in the context; the text itself need not.
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(
        llvm::MemoryBuffer::getMemBufferCopy((*buffer)->getBuffer(), model),
        llvm::SMLoc());
    module = parseSourceFile<ModuleOp>(sources, ParserConfig(context.get()));
    if (!module)
      return diagnostics->takeError("parsing", /*afterImport=*/false);
    if (!options.dims.empty())
      return makeError(Fault::Usage, model,
                       "dims can be fixed for ONNX models only "
                       "[dims-not-supported]");
  } else {
    return makeError(
        Fault::Usage, model, "the file's kind is not known [unknown-format]",
        {"note: its name ends in '" + extension.str() + "'",
         "help: models are .onnx files, or .mlir and .mlirbc with linalg on "
         "tensors"});
  }

  func::FuncOp entry;
  for (func::FuncOp function : module->getOps<func::FuncOp>())
    if (function->hasAttr(kEntryAttrName))
      entry = function;
  if (!entry)
    return makeError(Fault::Input, model,
                     "no function is marked as the model [missing-entry]",
                     {"help: give one func.func the attribute '" +
                      kEntryAttrName.str() + "'"});
  return llvm::Error::success();
}
