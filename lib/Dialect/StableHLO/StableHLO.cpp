//===- StableHLO.cpp - The dialect of frameworks and vendors --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration and what ODS generates. The assembly that ODS cannot say is in
// Assembly.cpp and its neighbours, checks are in Verif*.cpp.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "Assembly.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace orchestra::stablehlo;

static bool hasIntWidth(IntegerType type) {
  return llvm::is_contained({2, 4, 8, 16, 32, 64}, type.getWidth());
}

bool orchestra::stablehlo::isFloatElement(Type type) {
  return isa<FloatType>(type) &&
         !isa<FloatTF32Type, Float80Type, Float128Type>(type);
}

bool orchestra::stablehlo::isSignedElement(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && integer.isSignless() && hasIntWidth(integer);
}

bool orchestra::stablehlo::isIntElement(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && !integer.isSigned() && hasIntWidth(integer);
}

bool orchestra::stablehlo::isComplexElement(Type type) {
  auto complex = dyn_cast<ComplexType>(type);
  return complex && isa<Float32Type, Float64Type>(complex.getElementType());
}

bool orchestra::stablehlo::isQuantElement(Type type) {
  return isa<quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType>(
      type);
}

bool orchestra::stablehlo::isDimElement(Type type) {
  return type.isIndex() || isIntElement(type);
}

#include "orchestra/Dialect/StableHLO/StableHLODialect.cpp.inc"
#include "orchestra/Dialect/StableHLO/StableHLOEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "orchestra/Dialect/StableHLO/StableHLOTypes.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "orchestra/Dialect/StableHLO/StableHLOAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/StableHLO/StableHLOOps.cpp.inc"

void StableHLODialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "orchestra/Dialect/StableHLO/StableHLOTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "orchestra/Dialect/StableHLO/StableHLOAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "orchestra/Dialect/StableHLO/StableHLOOps.cpp.inc"
      >();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
