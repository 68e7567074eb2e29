//===- Reader.h - Reads an ONNX file ----------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Reader*.cpp and Contrib*.cpp files are the only ones with exceptions:
// protobuf and the onnx library throw. None leaves readModel.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_READER_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_READER_H

#include "Model.h"

#include <functional>

namespace orchestra::onnx {

struct ReadOptions {
  int64_t maxNodes = 1 << 20;
  /// Whether the importer lowers this op itself, so that its function body is
  /// not expanded.
  std::function<bool(const std::string &domain, const std::string &op)> keeps;
  /// Whether it lowers this version of the op, so that no conversion is needed.
  std::function<bool(const std::string &domain, const std::string &op,
                     int since)>
      reads;
  /// Named dimensions of inputs to give a size.
  std::map<std::string, int64_t> dims;
};

struct ReadResult {
  /// Null when a problem is an error.
  std::unique_ptr<Model> model;
  std::vector<Problem> problems;
};

/// `path` is the file; with `bytes` non-null it only names them, and external
/// data is refused.
ReadResult readModel(const std::string &path, const std::string_view *bytes,
                     const ReadOptions &options);

/// Operators beyond the standard, sorted, that the reader replaces by operators
/// of the standard; Contrib.cpp.
std::vector<std::string> contribOperatorNames();

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_READER_H
