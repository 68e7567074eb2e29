//===- LoadMlir.cpp - Text, bytecode or an artefact becomes a module ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file that is MLIR is one of three: text, bytecode, or a portable artefact
// of StableHLO, which is bytecode of a dialect of its own. MLIR's parser reads
// the first two, the official library the third. Bytecode that other builds of
// StableHLO wrote has encodings that only they know: what the parser cannot
// read is handed to the official library as well.
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"
#include "StableHLO.h"

#include "orchestra/Frontend/StableHLO.h"
#include "orchestra/Support/StableHLOTool.h"

#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

bool orchestra::isMlirBytecode(StringRef bytes) {
  return bytes.starts_with("ML\xefR");
}

/// The text of what only the official library reads.
static Expected<std::string> readWithTool(StringRef bytes, StringRef model,
                                          const CompileOptions &options) {
  Expected<StableHLOTool> tool = StableHLOTool::find(options.stablehloTool);
  if (!tool)
    return toDriverToolError(tool.takeError(), model);
  Expected<std::string> text = tool->deserialize(bytes);
  if (text)
    return text;
  llvm::Error other = llvm::Error::success();
  llvm::Error rest = llvm::handleErrors(
      text.takeError(), [&](std::unique_ptr<ToolError> problem) -> llvm::Error {
        if (problem->getKind() != ToolError::Kind::Refused)
          return llvm::Error(std::move(problem));
        std::vector<std::string> notes;
        StringRef version = versionOfArtefact(bytes);
        if (!version.empty())
          notes.push_back("note: it says that it has version " + version.str() +
                          " of StableHLO");
        llvm::append_range(notes, problem->getNotes());
        notes.emplace_back(
            "help: it is damaged, or newer than the library: see "
            "docs/errors/stablehlo-unreadable");
        llvm::consumeError(std::move(other));
        other = makeError(Fault::Input, model,
                          isPortableArtefact(bytes)
                              ? "the official StableHLO library cannot read "
                                "this portable artefact [stablehlo-unreadable]"
                              : "neither MLIR's parser nor the official "
                                "StableHLO library can read this bytecode "
                                "[stablehlo-unreadable]",
                          notes);
        return llvm::Error::success();
      });
  if (!rest)
    return other;
  llvm::consumeError(std::move(other));
  return toDriverToolError(std::move(rest), model);
}

llvm::Error Compilation::parseText(StringRef text) {
  // Resources of a text live in the context; the text itself need not.
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, model),
                             llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, ParserConfig(context.get()));
  if (!module)
    return diagnostics->takeError("parsing", /*afterImport=*/false);
  return llvm::Error::success();
}

llvm::Error Compilation::importMlir(StringRef bytes) {
  bool forTool = isPortableArtefact(bytes);
  if (!forTool) {
    llvm::Error error = parseText(bytes);
    if (error && !(isMlirBytecode(bytes) && bytes.contains("stablehlo")))
      return error;
    forTool = bool(error);
    llvm::consumeError(std::move(error));
  }
  if (forTool) {
    Expected<std::string> text = readWithTool(bytes, model, options);
    if (!text)
      return text.takeError();
    if (llvm::Error error = parseText(*text))
      return error;
  }
  if (stablehlo::isStableHLO(*module))
    return importStableHLO();
  if (options.dims.empty())
    return llvm::Error::success();
  return makeError(Fault::Usage, model,
                   "dims can be fixed for ONNX and StableHLO models only "
                   "[dims-not-supported]");
}
