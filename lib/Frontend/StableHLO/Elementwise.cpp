//===- Elementwise.cpp - Elementwise ops on tensors -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {

bool isElementwise(Operation *op) {
  return isa<StableHLODialect>(op->getDialect()) &&
         (op->hasTrait<OpTrait::Elementwise>() || isa<ClampOp, SelectOp>(op)) &&
         !isa<UniformQuantizeOp, UniformDequantizeOp>(op);
}

LogicalResult lowerElementwise(Op &op) {
  llvm::SmallVector<Data> inputs;
  for (Value operand : op.op->getOperands())
    inputs.push_back(op.in(operand));
  Type element = getElementTypeOrSelf(op.op->getResult(0).getType());
  auto results = elementwise(
      op.b, inputs, element,
      [&](ImplicitLocOpBuilder &b,
          llvm::ArrayRef<Element> elements) -> std::optional<Elements> {
        auto result = emitElement(b, op.op, elements);
        if (!result)
          return std::nullopt;
        return Elements{*result};
      });
  if (!results) {
    std::string text;
    llvm::raw_string_ostream(text) << inputs[0].element;
    return op.unsupported("an operand of " + text);
  }
  return op.set(results->front());
}

} // namespace orchestra::stablehlo::frontend
