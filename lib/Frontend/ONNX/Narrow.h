//===- Narrow.h - Element types of a byte and less --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Floats of 8 and 4 bits and integers of 4 and 2. The waist holds each element
// in an i8: an integer by its value, a float by its bits. Only conversions and
// data movement know them; whoever computes converts first.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_NARROW_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_NARROW_H

#include "Build.h"

namespace orchestra::onnx {

/// What a conversion does with numbers that do not fit.
struct Narrowing {
  /// Beyond the largest number: that number, else NaN or infinity. Types
  /// without either always saturate.
  bool saturate = true;
  /// Of float8e8m0: "up", "down" or "nearest".
  std::string round = "up";
};

/// convert() where one of the types is narrow.
std::optional<Data> convertNarrow(Op &op, const Data &input, ElementType type,
                                  const Narrowing &how = {});

/// The bits of a narrow float as an f32, exactly.
mlir::Value decodeFloat(mlir::ImplicitLocOpBuilder &b, mlir::Value bits,
                        ElementType type);
/// An f32 rounded to a narrow float's bits, ties to even.
mlir::Value encodeFloat(mlir::ImplicitLocOpBuilder &b, mlir::Value number,
                        ElementType type, const Narrowing &how = {});

/// The bytes of a tensor as an argument or result has it: several elements a
/// byte, the first in the low bits, of shape 1x...x1xbytes. And back.
llvm::SmallVector<int64_t> packedShape(llvm::ArrayRef<int64_t> shape,
                                       ElementType type);
Data pack(Op &op, const Data &input);
Data unpack(Op &op, mlir::Value bytes, llvm::ArrayRef<int64_t> shape,
            ElementType type);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_NARROW_H
