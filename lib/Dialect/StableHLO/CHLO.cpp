//===- CHLO.cpp - What frameworks write beside StableHLO ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/StableHLO/CHLO.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace orchestra::chlo;

#include "orchestra/Dialect/StableHLO/CHLODialect.cpp.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/StableHLO/CHLOOps.cpp.inc"

void CHLODialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "orchestra/Dialect/StableHLO/CHLOOps.cpp.inc"
      >();
}

LogicalResult TopKOp::verify() {
  auto from = cast<RankedTensorType>(getOperand().getType()),
       values = cast<RankedTensorType>(getValues().getType()),
       indices = cast<RankedTensorType>(getIndices().getType());
  if (!from.getRank())
    return emitOpError("needs a dimension, not ") << from;
  SmallVector<int64_t> shape(from.getShape());
  if (!ShapedType::isDynamic(shape.back()) &&
      shape.back() < static_cast<int64_t>(getK()))
    return emitOpError("takes ")
           << getK() << " of " << shape.back() << " elements";
  shape.back() = static_cast<int64_t>(getK());
  if (values != from.clone(shape) || indices.getShape() != values.getShape())
    return emitOpError("must give values of type ")
           << from.clone(shape) << ", and as many indices, not " << values
           << " and " << indices;
  return success();
}
