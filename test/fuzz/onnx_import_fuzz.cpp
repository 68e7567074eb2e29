//===- onnx_import_fuzz.cpp - Any bytes as a model ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A libFuzzer target: whatever the bytes are, the importer ends with a module
// that verifies or with an error, in bounded time and memory. README.md says
// how to make the seeds.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Frontend/ONNX.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  bool hasError = false;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &diagnostic) {
        hasError |= diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
        // What the importer makes must be right: no such error is the model's.
        if (llvm::StringRef(diagnostic.str()).contains("[internal-error]"))
          std::abort();
      });
  orchestra::onnx::ImportOptions options;
  options.maxNodes = 1 << 14;
  auto module = orchestra::onnx::importOnnxFromMemory(
      {reinterpret_cast<const char *>(data), size}, "fuzz", context, options);
  if (!module && !hasError)
    std::abort(); // refused without a word
  return 0;
}
