//===- Vectors.h - Constants from lists of attributes -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_VECTORS_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_VECTORS_H

#include "ImporterState.h"

namespace orchestra::onnx {

/// A constant vector; T must be as wide as the type.
template <typename T>
Data constantVector(Op &op, ElementType type, llvm::ArrayRef<T> values) {
  auto owner = std::make_shared<std::vector<T>>(values.begin(), values.end());
  Tensor tensor;
  tensor.type = type;
  tensor.dims = {static_cast<int64_t>(owner->size())};
  tensor.bytes = std::string_view(reinterpret_cast<const char *>(owner->data()),
                                  owner->size() * sizeof(T));
  tensor.owner = owner;
  Data data;
  data.type = type;
  data.shape = {Dim(static_cast<int64_t>(owner->size()))};
  data.constant = op.importer.keep(std::move(tensor));
  return data;
}

/// The elements of a constant tensor of floats or doubles, or of integers.
std::vector<double> numbersOf(const Tensor &tensor);

/// What scores become at the end of a classical model: NONE, LOGISTIC, SOFTMAX,
/// SOFTMAX_ZERO, PROBIT. `scores` are rows x classes.
std::optional<Data> postTransform(Op &op, const Data &scores,
                                  const std::string &how);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_VECTORS_H
