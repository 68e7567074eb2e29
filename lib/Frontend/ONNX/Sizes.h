//===- Sizes.h - Integer inputs as sizes ------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_SIZES_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_SIZES_H

#include "Importer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace orchestra::onnx {

/// The elements of an integer vector (or scalar) as sizes. They must follow
/// from constants and from sizes of inputs.
std::optional<Contents> sizesFrom(Op &op, const Data &data,
                                  llvm::StringRef what);

/// The elements of a small integer tensor that the model computes, which is
/// done before the rest of the program. Nothing inside of loops and branches.
std::optional<Contents> computedSizes(Op &op, const Data &data);
/// A number that a kernel has counted, an integer that is not negative, as a
/// size. Not inside of loops and branches.
Dim countedSize(Op &op, mlir::Value count);

/// The same for an input that says axes, of a tensor of this rank: each in
/// [-rank, rank), made non-negative. Without the input, the attribute of older
/// versions; nothing of both gives nothing and no problem.
std::optional<Contents> axesFrom(Op &op, unsigned input,
                                 llvm::StringRef attribute, int64_t rank);
/// Axes that are constants, sorted, if all are; otherwise values of inputs
/// decide them. Fails if one stands twice.
std::optional<llvm::SmallVector<int64_t>>
knownAxes(Op &op, llvm::ArrayRef<Dim> axes, int64_t rank);

Dim product(llvm::ArrayRef<Dim> dims);

/// --- Arithmetic on sizes that values of inputs decide ----------------------
mlir::Value indexValue(Op &op, const Dim &dim);
mlir::Value indexConstant(Op &op, int64_t value);
/// A size with this value.
Dim sizeFrom(Op &op, mlir::Value index, bool nonNegative = true);
/// Makes a run fail with this message unless `a` compares so with `b`. Nothing
/// is made where both are the same or constants, which the caller compares, and
/// nothing in loops and branches, which cannot fail.
void requireSizes(Op &op, mlir::arith::CmpIPredicate order, const Dim &a,
                  const Dim &b, const llvm::Twine &message);
mlir::Value compareSizes(Op &op, mlir::arith::CmpIPredicate order, const Dim &a,
                         const Dim &b);
/// Makes a run fail unless the sizes, not both constant, are equal. `what` they
/// are goes into the message.
void requireEqual(Op &op, const Dim &a, const Dim &b, const llvm::Twine &what);
/// The same, and the one that is known at import, if one is. Fails, with
/// `what` they are, if both are and differ.
Dim agree(Op &op, const Dim &a, const Dim &b, const llvm::Twine &what);
/// `data` as a tensor of these sizes, which its own agree with.
Data withShape(Op &op, const Data &data, llvm::ArrayRef<Dim> shape,
               const llvm::Twine &what);
/// Like requireEqual for sizes of which one may be 1 instead.
void requireBroadcast(Op &op, const Dim &a, const Dim &b);
/// condition ? a : b
Dim choose(Op &op, mlir::Value condition, const Dim &a, const Dim &b);

/// A tensor seen as one of three dimensions, with an axis in the middle that
/// values of inputs may decide.
Data aroundAxis(Op &op, const Data &x, const Dim &axis);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_SIZES_H
