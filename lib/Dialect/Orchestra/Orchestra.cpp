//===- Orchestra.cpp - The orchestra dialect ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers, effects and bufferization of the orchestra ops.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace orchestra;

#include "orchestra/Dialect/Orchestra/OrchestraDialect.cpp.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/Orchestra/OrchestraOps.cpp.inc"

void OrchestraDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "orchestra/Dialect/Orchestra/OrchestraOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Schedule and task
//===----------------------------------------------------------------------===//

static LogicalResult verifyYield(Operation *op, Block &body) {
  auto yield = cast<YieldOp>(body.getTerminator());
  if (yield.getValues().getTypes() != op->getResultTypes())
    return op->emitOpError("yields values of types (")
           << yield.getValues().getTypes() << ") but has results of types ("
           << op->getResultTypes() << ")";
  return success();
}

LogicalResult ScheduleOp::verify() {
  return verifyYield(*this, getBody().front());
}

StringRef TaskOp::getArch() {
  return getTarget().getAs<StringAttr>("arch").getValue();
}

LogicalResult TaskOp::verify() {
  Attribute arch = getTarget().get("arch");
  if (!arch)
    return emitOpError("target has no 'arch'; it must name the architecture "
                       "the task runs on, such as \"x86_64\"");
  if (!isa<StringAttr>(arch))
    return emitOpError("target's 'arch' must be a string, but is ") << arch;
  return verifyYield(*this, getBody().front());
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

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

namespace {
/// A kernel overwrites its destinations and reads only its inputs, which makes
/// it bufferize like a structured op whose destinations are not read.
struct DispatchBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          DispatchBufferization, DispatchOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    auto dispatch = cast<DispatchOp>(op);
    auto bufferOf = [&](Value value) -> FailureOr<Value> {
      if (!isa<TensorType>(value.getType()))
        return value;
      return bufferization::getBuffer(rewriter, value, options, state);
    };
    SmallVector<Value> inputs, outputs;
    for (Value input : dispatch.getInputs()) {
      FailureOr<Value> buffer = bufferOf(input);
      if (failed(buffer))
        return failure();
      inputs.push_back(*buffer);
    }
    for (Value output : dispatch.getOutputs()) {
      FailureOr<Value> buffer = bufferOf(output);
      if (failed(buffer))
        return failure();
      outputs.push_back(*buffer);
    }
    auto newOp = DispatchOp::create(rewriter, op->getLoc(), TypeRange(),
                                    dispatch.getKernelAttr(), inputs, outputs);
    newOp->setDiscardableAttrs(dispatch->getDiscardableAttrDictionary());
    bufferization::replaceOpWithBufferizedValues(rewriter, op, outputs);
    return success();
  }
};
} // namespace

void orchestra::registerBufferizableOpInterfaceModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *ctx, OrchestraDialect *) {
    DispatchOp::attachInterface<DispatchBufferization>(*ctx);
  });
}
