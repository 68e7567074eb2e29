//===- Classical.h - What classical models have in common -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_CLASSICAL_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_CLASSICAL_H

#include "Arithmetic.h"
#include "Vectors.h"

namespace orchestra::onnx {

/// A formula on the elements of broadcast inputs.
std::optional<Data>
mapNumbers(Op &op, llvm::ArrayRef<Data> inputs, ElementType type,
           llvm::function_ref<Num(llvm::ArrayRef<Num>)> formula);

/// The input as rows of floats.
std::optional<Data> readRows(Op &op);

/// A list of floats as a vector of the type.
std::optional<Data> floatVector(Op &op, llvm::StringRef name, ElementType type);

/// x W + b, rows x classes, of the attributes coefficients and intercepts.
std::optional<Data> linear(Op &op, const Data &x, int64_t classes);

/// The probabilities of classes, rows x classes, from the scores of all pairs
/// and the factors and offsets that make probabilities of these: of at most
/// kMostCoupledClasses, each step is code of its own.
constexpr int64_t kMostCoupledClasses = 32;
std::optional<Data> coupleClasses(Op &op, const Data &scores, int64_t classes,
                                  llvm::ArrayRef<float> probA,
                                  llvm::ArrayRef<float> probB);

/// The labels of classes, a vector of integers or of strings; an error if
/// neither attribute has any.
std::optional<Data> labelsOf(Op &op, llvm::StringRef ints,
                             llvm::StringRef strings);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_CLASSICAL_H
