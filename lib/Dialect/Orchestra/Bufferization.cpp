//===- Bufferization.cpp - How the orchestra ops bufferize ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: schedules and tasks hand on the buffers that they yield; a transfer
// makes
//   a new buffer; a commit chooses between buffers; a kernel writes the buffers
//   of its destinations.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace orchestra;

/// The buffer that will hold `value`, whether it is a tensor still or not.
static FailureOr<bufferization::BufferLikeType>
getTypeOfBuffer(Value value, const bufferization::BufferizationOptions &options,
                const bufferization::BufferizationState &state,
                SmallVector<Value> &invocationStack) {
  if (auto type = dyn_cast<bufferization::BufferLikeType>(value.getType()))
    return type;
  return bufferization::getBufferType(value, options, state, invocationStack);
}

namespace {
/// A schedule or task: its results are the buffers that its body yields.
template <typename OpTy>
struct RegionBufferization
    : public bufferization::BufferizableOpInterface::ExternalModel<
          RegionBufferization<OpTy>, OpTy> {
  bufferization::AliasingOpOperandList
  getAliasingOpOperands(Operation *op, Value value,
                        const bufferization::AnalysisState &) const {
    Operation *yield = op->getRegion(0).front().getTerminator();
    return {{&yield->getOpOperand(cast<OpResult>(value).getResultNumber()),
             bufferization::BufferRelation::Equivalent}};
  }

  FailureOr<bufferization::BufferLikeType>
  getBufferType(Operation *op, Value value,
                const bufferization::BufferizationOptions &options,
                const bufferization::BufferizationState &state,
                SmallVector<Value> &invocationStack) const {
    Operation *yield = op->getRegion(0).front().getTerminator();
    return getTypeOfBuffer(
        yield->getOperand(cast<OpResult>(value).getResultNumber()), options,
        state, invocationStack);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    SmallVector<Type> types;
    for (Value result : op->getResults()) {
      if (!isa<TensorType>(result.getType())) {
        types.push_back(result.getType());
        continue;
      }
      FailureOr<bufferization::BufferLikeType> type =
          bufferization::getBufferType(result, options, state);
      if (failed(type))
        return failure();
      types.push_back(*type);
    }
    OperationState newState(op->getLoc(), op->getName(), {}, types,
                            llvm::to_vector(op->getDiscardableAttrs()));
    newState.addRegion();
    Operation *newOp = rewriter.create(newState);
    newOp->copyProperties(op->getPropertiesStorage());
    rewriter.inlineRegionBefore(op->getRegion(0), newOp->getRegion(0),
                                newOp->getRegion(0).end());
    bufferization::replaceOpWithBufferizedValues(rewriter, op,
                                                 newOp->getResults());
    return success();
  }
};

struct YieldBufferization
    : public bufferization::BufferizableOpInterface::ExternalModel<
          YieldBufferization, YieldOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const bufferization::AnalysisState &) const {
    return true;
  }

  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const bufferization::AnalysisState &) const {
    return false;
  }

  bufferization::AliasingValueList
  getAliasingValues(Operation *op, OpOperand &operand,
                    const bufferization::AnalysisState &) const {
    return {{op->getParentOp()->getResult(operand.getOperandNumber()),
             bufferization::BufferRelation::Equivalent}};
  }

  /// A copy made for the yield would have to leave the region with it.
  bool mustBufferizeInPlace(Operation *, OpOperand &,
                            const bufferization::AnalysisState &) const {
    return true;
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    SmallVector<Value> values;
    for (Value value : op->getOperands()) {
      if (!isa<TensorType>(value.getType())) {
        values.push_back(value);
        continue;
      }
      FailureOr<Value> buffer =
          bufferization::getBuffer(rewriter, value, options, state);
      if (failed(buffer))
        return failure();
      values.push_back(*buffer);
    }
    bufferization::replaceOpWithNewBufferizedOp<YieldOp>(rewriter, op, values);
    return success();
  }
};

/// A transfer reads its source and fills a new buffer, which has the plain
/// layout whatever the source's is.
struct TransferBufferization
    : public bufferization::BufferizableOpInterface::ExternalModel<
          TransferBufferization, TransferOp> {
  bool bufferizesToAllocation(Operation *, Value) const { return true; }

  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const bufferization::AnalysisState &) const {
    return true;
  }

  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const bufferization::AnalysisState &) const {
    return false;
  }

  bufferization::AliasingValueList
  getAliasingValues(Operation *, OpOperand &,
                    const bufferization::AnalysisState &) const {
    return {};
  }

  FailureOr<bufferization::BufferLikeType>
  getBufferType(Operation *op, Value value,
                const bufferization::BufferizationOptions &options,
                const bufferization::BufferizationState &,
                SmallVector<Value> &) const {
    auto type = cast<TensorType>(value.getType());
    std::optional<Attribute> space = options.defaultMemorySpaceFn(type);
    if (!space)
      return op->emitError("could not infer memory space");
    return cast<bufferization::BufferLikeType>(
        bufferization::getMemRefTypeWithStaticIdentityLayout(type, *space));
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    auto transfer = cast<TransferOp>(op);
    FailureOr<Value> source = bufferization::getBuffer(
        rewriter, transfer.getSource(), options, state);
    FailureOr<bufferization::BufferLikeType> type =
        bufferization::getBufferType(transfer.getResult(), options, state);
    if (failed(source) || failed(type))
      return failure();
    auto newOp =
        TransferOp::create(rewriter, op->getLoc(), Type(*type), *source,
                           transfer.getFromAttr(), transfer.getToAttr());
    newOp->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    bufferization::replaceOpWithBufferizedValues(rewriter, op,
                                                 newOp->getResults());
    return success();
  }
};

/// A commit chooses between buffers and copies nothing.
struct CommitBufferization
    : public bufferization::BufferizableOpInterface::ExternalModel<
          CommitBufferization, CommitOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const bufferization::AnalysisState &) const {
    return false;
  }

  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const bufferization::AnalysisState &) const {
    return false;
  }

  bufferization::AliasingValueList
  getAliasingValues(Operation *op, OpOperand &operand,
                    const bufferization::AnalysisState &) const {
    auto commit = cast<CommitOp>(op);
    unsigned value = operand.getOperandNumber() - 1;
    return {{commit.getResult(value % commit.getNumTrue()),
             bufferization::BufferRelation::Equivalent,
             /*isDefinite=*/false}};
  }

  FailureOr<bufferization::BufferLikeType>
  getBufferType(Operation *op, Value value,
                const bufferization::BufferizationOptions &options,
                const bufferization::BufferizationState &state,
                SmallVector<Value> &invocationStack) const {
    auto commit = cast<CommitOp>(op);
    unsigned i = cast<OpResult>(value).getResultNumber();
    auto ifTrue = getTypeOfBuffer(commit.getTrueValues()[i], options, state,
                                  invocationStack);
    auto ifFalse = getTypeOfBuffer(commit.getFalseValues()[i], options, state,
                                   invocationStack);
    if (failed(ifTrue) || failed(ifFalse))
      return failure();
    if (*ifTrue == *ifFalse)
      return *ifTrue;
    auto first = cast<BaseMemRefType>(*ifTrue),
         second = cast<BaseMemRefType>(*ifFalse);
    if (first.getMemorySpace() != second.getMemorySpace())
      return op->emitError("chooses between buffers of two memory spaces");
    return cast<bufferization::BufferLikeType>(
        bufferization::getMemRefTypeWithFullyDynamicLayout(
            cast<TensorType>(value.getType()), first.getMemorySpace()));
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    auto commit = cast<CommitOp>(op);
    SmallVector<Value> values(commit.getValues());
    for (auto [i, value] : llvm::enumerate(values)) {
      if (!isa<TensorType>(value.getType()))
        continue;
      FailureOr<Value> buffer =
          bufferization::getBuffer(rewriter, value, options, state);
      FailureOr<bufferization::BufferLikeType> type =
          bufferization::getBufferType(
              commit.getResult(i % commit.getNumTrue()), options, state);
      if (failed(buffer) || failed(type))
        return failure();
      value = *buffer;
      if (value.getType() != *type)
        value =
            memref::CastOp::create(rewriter, op->getLoc(), Type(*type), value);
    }
    ArrayRef<Value> all(values);
    auto newOp = CommitOp::create(rewriter, op->getLoc(), commit.getCondition(),
                                  all.take_front(commit.getNumTrue()),
                                  all.drop_front(commit.getNumTrue()));
    newOp->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    bufferization::replaceOpWithBufferizedValues(rewriter, op,
                                                 newOp->getResults());
    return success();
  }
};

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
    CommitOp::attachInterface<CommitBufferization>(*ctx);
    DispatchOp::attachInterface<DispatchBufferization>(*ctx);
    ScheduleOp::attachInterface<RegionBufferization<ScheduleOp>>(*ctx);
    TaskOp::attachInterface<RegionBufferization<TaskOp>>(*ctx);
    TransferOp::attachInterface<TransferBufferization>(*ctx);
    YieldOp::attachInterface<YieldBufferization>(*ctx);
    ctx->loadDialect<memref::MemRefDialect>();
  });
}
