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
template <typename OpTy>
struct DestinationBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          DestinationBufferization<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    auto dps = cast<DestinationStyleOpInterface>(op);
    if (!dps.isDpsInit(&operand))
      return true;
    unsigned first = dps.getDpsInitsMutable()[0].getOperandNumber();
    return cast<LinalgExtOp>(op).readsDestination(operand.getOperandNumber() -
                                                  first);
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
    Operation *made = cloneWithoutRegions(rewriter, op, TypeRange(), operands);
    for (auto [from, to] : llvm::zip(op->getRegions(), made->getRegions()))
      to.takeBody(from);
    bufferization::replaceOpWithBufferizedValues(rewriter, op, outputs);
    return success();
  }
};
} // namespace

template <typename... OpTys> static void attachModels(MLIRContext *ctx) {
  (OpTys::template attachInterface<DestinationBufferization<OpTys>>(*ctx), ...);
}

void orchestra::linalg_ext::registerBufferizableOpInterfaceModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *ctx, LinalgExtDialect *) {
    attachModels<AttentionOp, AttentionUpdateOp, FourierOp, GatherOp,
                 GridSampleOp, ResizeOp, RoiAlignOp, ScanOp, ScatterOp, SortOp,
                 SuppressionOp, TopKOp>(ctx);
    ctx->loadDialect<memref::MemRefDialect>();
  });
}
