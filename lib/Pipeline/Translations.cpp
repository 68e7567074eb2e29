//===- Translations.cpp - Frontends as translations -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `orchestra-translate --import-onnx model.onnx` prints the waist of a model,
// which is how frontends are tested alone.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Pipeline/Registration.h"

#include "orchestra/Frontend/ONNX.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

/// "model.onnx:/encoder/3/MatMul", as the house form begins.
static std::string placeOf(Location loc) {
  std::string node;
  if (auto name = dyn_cast<NameLoc>(loc)) {
    node = ":" + name.getName().str();
    loc = name.getChildLoc();
  }
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return file.getFilename().str() + node;
  return "model" + node;
}

static void print(Diagnostic &diagnostic) {
  bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  llvm::errs() << placeOf(diagnostic.getLocation())
               << (isError ? ": error: " : ": warning: ") << diagnostic << "\n";
  for (Diagnostic &note : diagnostic.getNotes()) {
    std::string text = note.str();
    bool isHelp = llvm::StringRef(text).starts_with("help: ");
    llvm::errs() << (isHelp ? "  " : "  note: ") << text << "\n";
  }
}

void orchestra::registerTranslations() {
  static llvm::cl::list<std::string> dims(
      "dim", llvm::cl::value_desc("name=size"),
      llvm::cl::desc("Give a named dimension of the model's inputs a size"));
  static TranslateToMLIRRegistration registration(
      "import-onnx", "Import an ONNX model as linalg on tensors",
      [](const std::shared_ptr<llvm::SourceMgr> &sources,
         MLIRContext *context) -> OwningOpRef<Operation *> {
        ScopedDiagnosticHandler handler(context, print);
        const llvm::MemoryBuffer *buffer =
            sources->getMemoryBuffer(sources->getMainFileID());
        onnx::ImportOptions options;
        for (llvm::StringRef dim : dims) {
          auto [name, size] = dim.split('=');
          if (size.getAsInteger(10, options.dims[name])) {
            llvm::errs() << "--dim needs name=size, not '" << dim << "'\n";
            return nullptr;
          }
        }
        llvm::StringRef path = buffer->getBufferIdentifier();
        if (path != "<stdin>")
          return onnx::importOnnx(path, *context, options);
        // The module's constants point into the bytes.
        static std::shared_ptr<llvm::SourceMgr> keep;
        keep = sources;
        return onnx::importOnnxFromMemory(buffer->getBuffer(), "stdin",
                                          *context, options);
      },
      onnx::registerImportDialects);
  static TranslateFromMLIRRegistration list(
      "list-onnx-ops", "Print the page of supported ONNX operators",
      [](Operation *, llvm::raw_ostream &os) {
        onnx::printSupportedOps(os);
        return success();
      },
      [](DialectRegistry &) {});
}
