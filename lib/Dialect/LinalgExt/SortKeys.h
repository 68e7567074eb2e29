//===- SortKeys.h - Integers that sort as elements do -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DIALECT_LINALGEXT_SORTKEYS_H
#define ORCHESTRA_LIB_DIALECT_LINALGEXT_SORTKEYS_H

#include "orchestra/Dialect/LinalgExt/Arithmetic.h"

namespace orchestra::linalg_ext {

/// How elements of a type are ordered.
struct ElementOrder {
  mlir::Type element;
  bool descending, isUnsigned, nanFirst;

  /// An unsigned integer of 32 or 64 bits that orders as `x` does.
  mlir::Value rank(mlir::ImplicitLocOpBuilder &b, mlir::Value x) const;
  /// Bits of a rank.
  unsigned rankBits() const;
  /// Twice as wide: a rank, and an index that decides among equal ones. No two
  /// keys are equal.
  mlir::IntegerType keyType() const;
  mlir::Value key(mlir::ImplicitLocOpBuilder &b, mlir::Value x,
                  mlir::Value index) const;
  mlir::Value rankOfKey(mlir::ImplicitLocOpBuilder &b, mlir::Value key) const;
  mlir::Value indexOfKey(mlir::ImplicitLocOpBuilder &b, mlir::Value key) const;
  /// False only if `x` with a later index certainly comes after `y`: a single
  /// comparison.
  mlir::Value mayPrecede(mlir::ImplicitLocOpBuilder &b, mlir::Value x,
                         mlir::Value y) const;
  /// Greater than all keys of elements.
  mlir::Value lastKey(mlir::ImplicitLocOpBuilder &b) const;
};

/// The room that sorting `count` keys takes: 8 times a power of 4.
mlir::OpFoldResult sortRoom(mlir::ImplicitLocOpBuilder &b,
                            mlir::OpFoldResult count);

/// Sorts the keys in a vector with sortRoom(count) elements, of which those
/// from `count` on are lastKey, with another vector as scratch space. Gives
/// both back.
std::pair<mlir::Value, mlir::Value>
sortKeys(mlir::ImplicitLocOpBuilder &b, mlir::Value keys, mlir::Value scratch,
         mlir::Value count, const ElementOrder &order);

} // namespace orchestra::linalg_ext

#endif // ORCHESTRA_LIB_DIALECT_LINALGEXT_SORTKEYS_H
