//===- DispatchOp.cpp - Calls of kernels ----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace orchestra;

LogicalResult DispatchOp::verify() {
  bool onTensors = llvm::all_of(getOutputs().getTypes(), [](Type type) {
    return isa<RankedTensorType>(type);
  });
  bool onBuffers = llvm::all_of(
      getOutputs().getTypes(), [](Type type) { return isa<MemRefType>(type); });
  if (!onTensors && !onBuffers)
    return emitOpError("destinations must be all tensors or all memrefs");
  if (onTensors && getResultTypes() != getOutputs().getTypes())
    return emitOpError("has results of types (")
           << getResultTypes() << ") but destinations of types ("
           << getOutputs().getTypes() << ")";
  if (onBuffers && !onTensors && getNumResults() != 0)
    return emitOpError("on memrefs has no results");
  return success();
}

LogicalResult DispatchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto kernel = symbolTable.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getKernelAttr());
  if (!kernel)
    return emitOpError("calls ") << getKernelAttr() << ", which is no function";
  // After kernels are split off, the host program keeps only declarations whose
  // types the lowering owns; the count is what a caller can still get wrong.
  size_t given = getInputs().size() + getOutputs().size();
  if (!kernel.isExternal() && kernel.getNumArguments() != given)
    return emitOpError("passes ")
           << given << " operands to " << getKernelAttr() << ", which takes "
           << kernel.getNumArguments();
  return success();
}

void DispatchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &input : getInputsMutable())
    if (isa<MemRefType>(input.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &input,
                           SideEffects::DefaultResource::get());
  for (OpOperand &output : getOutputsMutable())
    if (isa<MemRefType>(output.get().getType())) {
      effects.emplace_back(MemoryEffects::Read::get(), &output,
                           SideEffects::DefaultResource::get());
      effects.emplace_back(MemoryEffects::Write::get(), &output,
                           SideEffects::DefaultResource::get());
    }
}
