//===- Build.h - Structured computations from ONNX values -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The few shapes that most operators are made of. Each takes and gives `Data`;
// what can fail gives nothing after op.fail().
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_BUILD_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_BUILD_H

#include "Importer.h"

#include "orchestra/Dialect/LinalgExt/Arithmetic.h"

namespace orchestra::onnx {

/// The computation of one element, inside a linalg.generic.
using ElementBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &,
                                                   mlir::ValueRange)>;

/// The shape of a numpy broadcast of these.
std::optional<Shape> broadcastShape(Op &op, llvm::ArrayRef<Data> inputs);

/// One all-parallel linalg.generic over broadcast inputs. `shape` is their
/// broadcast when not given.
std::optional<Data> elementwise(Op &op, llvm::ArrayRef<Data> inputs,
                                ElementType type, ElementBody body,
                                std::optional<Shape> shape = {});

using linalg_ext::scalar;
using linalg_ext::scalarInt;
/// A rank-0 constant operand for elementwise().
Data splat(Op &op, ElementType type, double value);

/// linalg.fill of a new tensor.
mlir::Value filled(Op &op, llvm::ArrayRef<Dim> shape, ElementType type,
                   mlir::Value scalar);
mlir::Value zeros(Op &op, llvm::ArrayRef<Dim> shape, ElementType type);

/// The identity of a reduction, and its step.
enum class Reduction { Sum, Prod, Max, Min };
mlir::TypedAttr identityOf(Op &op, Reduction kind, ElementType type);
mlir::Value combine(mlir::ImplicitLocOpBuilder &b, Reduction kind,
                    ElementType type, mlir::Value a, mlir::Value c);
/// Reduces over sorted axes; keeps them as ones if asked.
Data reduce(Op &op, const Data &input, llvm::ArrayRef<int64_t> axes,
            bool keepDims, Reduction kind);
/// The number of elements that a reduction over these axes sums, as a tensor
/// operand for elementwise().
Data countOf(Op &op, const Data &input, llvm::ArrayRef<int64_t> axes);

/// The same elements in another shape of equal size.
Data reshape(Op &op, const Data &input, llvm::ArrayRef<Dim> shape);
Data transpose(Op &op, const Data &input, llvm::ArrayRef<int64_t> order);
/// linalg copy to a larger shape.
std::optional<Data> broadcastTo(Op &op, const Data &input,
                                llvm::ArrayRef<Dim> shape);
Data concat(Op &op, llvm::ArrayRef<Data> inputs, int64_t axis);
/// Elements from `offset`, `size` of them, `step` (positive) apart, along one
/// axis after the other.
Data slice(Op &op, const Data &input, llvm::ArrayRef<Dim> offsets,
           llvm::ArrayRef<Dim> sizes, llvm::ArrayRef<int64_t> steps);
/// Sets `low` and `high` elements around to `value`.
Data pad(Op &op, const Data &input, llvm::ArrayRef<Dim> low,
         llvm::ArrayRef<Dim> high, mlir::Value value);
std::optional<Data> convert(Op &op, const Data &input, ElementType type);

/// numpy.matmul of inputs of rank >= 2 with the same element type. Integers
/// accumulate in `type`.
std::optional<Data> matmul(Op &op, const Data &a, const Data &b);

/// linalg.generic whose element at `indices` (one per result dimension) comes
/// from the body; what it reads it captures.
Data generate(Op &op, llvm::ArrayRef<Dim> shape, ElementType type,
              ElementBody body);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_BUILD_H
