//===- ImportTest.cpp - Tests of the importer's interface -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Frontend/ONNX.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace mlir;

namespace {

/// The diagnostics of an import, one text each with its notes.
std::vector<std::string> problemsOf(llvm::StringRef bytes) {
  MLIRContext context;
  std::vector<std::string> problems;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    std::string text = diagnostic.str();
    for (Diagnostic &note : diagnostic.getNotes())
      text += "\n" + note.str();
    problems.push_back(text);
  });
  auto module = orchestra::onnx::importOnnxFromMemory(bytes, "bytes", context);
  EXPECT_FALSE(module);
  return problems;
}

TEST(Import, RefusesOtherBytes) {
  for (llvm::StringRef bytes : {llvm::StringRef(""), llvm::StringRef("text"),
                                llvm::StringRef("\x08\x0a", 2)}) {
    auto problems = problemsOf(bytes);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].find("[invalid-model]"), std::string::npos);
    EXPECT_NE(problems[0].find("help: "), std::string::npos);
  }
}

TEST(Import, RefusesAMissingFile) {
  MLIRContext context;
  std::string said, place;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    said = diagnostic.str();
    place = cast<FileLineColLoc>(diagnostic.getLocation()).getFilename().str();
  });
  EXPECT_FALSE(orchestra::onnx::importOnnx("/no/such.onnx", context));
  EXPECT_NE(said.find("[cannot-read]"), std::string::npos);
  EXPECT_EQ(place, "/no/such.onnx");
}

TEST(Import, ListsItsOperators) {
  std::string page;
  llvm::raw_string_ostream os(page);
  orchestra::onnx::printSupportedOps(os);
  for (const char *row : {"| Conv | 1 |", "| Softmax | 13 |", "| MatMul | 9 |"})
    EXPECT_NE(page.find(row), std::string::npos) << row;
}

} // namespace
