//===- Bufferization.cpp - How the linalg_ext ops bufferize ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each op writes its destinations, in place where that is allowed.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace orchestra::linalg_ext;

namespace {
template <typename OpTy, bool readsDestinations>
struct DestinationBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          DestinationBufferization<OpTy, readsDestinations>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    return readsDestinations ||
           !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    auto dps = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> operands, outputs;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (isa<TensorType>(value.getType())) {
        FailureOr<Value> buffer =
            bufferization::getBuffer(rewriter, value, options, state);
        if (failed(buffer))
          return failure();
        value = *buffer;
      }
      operands.push_back(value);
      if (dps.isDpsInit(&operand))
        outputs.push_back(value);
    }
    clone(rewriter, op, TypeRange(), operands);
    bufferization::replaceOpWithBufferizedValues(rewriter, op, outputs);
    return success();
  }
};
} // namespace

void orchestra::linalg_ext::registerBufferizableOpInterfaceModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *ctx, LinalgExtDialect *) {
    AttentionOp::attachInterface<DestinationBufferization<AttentionOp, false>>(
        *ctx);
    AttentionUpdateOp::attachInterface<
        DestinationBufferization<AttentionUpdateOp, true>>(*ctx);
    ctx->loadDialect<memref::MemRefDialect>();
  });
}
