//===- Arithmetic.cpp - Scalars of the IR as formulas ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/Arithmetic.h"

using namespace mlir;

namespace orchestra::linalg_ext {

Value scalar(ImplicitLocOpBuilder &b, Type type, double value) {
  if (auto floating = dyn_cast<FloatType>(type)) {
    llvm::APFloat number(value);
    bool lost;
    number.convert(floating.getFloatSemantics(),
                   llvm::APFloat::rmNearestTiesToEven, &lost);
    return arith::ConstantFloatOp::create(b, floating, number);
  }
  return scalarInt(b, type, static_cast<int64_t>(value));
}

Value scalarInt(ImplicitLocOpBuilder &b, Type type, int64_t value) {
  if (isa<FloatType>(type))
    return scalar(b, type, static_cast<double>(value));
  if (type.isIndex())
    return arith::ConstantIndexOp::create(b, value);
  llvm::APInt number(type.getIntOrFloatBitWidth(), value, /*isSigned=*/true,
                     /*implicitTrunc=*/true);
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, number));
}

} // namespace orchestra::linalg_ext
