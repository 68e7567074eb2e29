//===- StrategyOps.cpp - Transform ops that strategies use ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The thin op shells; the mechanisms are in TileAttention.cpp,
// TileContraction.cpp, TileParallel.cpp, TileRows.cpp.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Strategy/StrategyOps.h"

#include "orchestra/Strategy/Tiling.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "orchestra/Strategy/StrategyOps.cpp.inc"

/// Checks that `target` is a kernel and runs `tile` on it.
static DiagnosedSilenceableFailure
applyToKernel(transform::TransformOpInterface op, Operation *target,
              llvm::function_ref<LogicalResult(func::FuncOp)> tile) {
  auto kernel = dyn_cast<func::FuncOp>(target);
  if (!kernel) {
    auto diag = op.emitSilenceableError()
                << "needs a kernel function, but was given '"
                << target->getName() << "'";
    diag.attachNote(target->getLoc()) << "this op";
    return diag;
  }
  if (failed(tile(kernel)))
    return op.emitDefiniteFailure()
           << "could not tile kernel '" << kernel.getSymName() << "'";
  return DiagnosedSilenceableFailure::success();
}

DiagnosedSilenceableFailure transform::TileContractionOp::applyToOne(
    transform::TransformRewriter &rewriter, Operation *target,
    transform::ApplyToEachResultList &, transform::TransformState &) {
  return applyToKernel(*this, target, [&](func::FuncOp kernel) {
    return orchestra::tileContraction(rewriter, kernel, getRows(),
                                      getColumns());
  });
}

void transform::TileContractionOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  modifiesPayload(effects);
}

DiagnosedSilenceableFailure transform::TileAttentionOp::applyToOne(
    transform::TransformRewriter &rewriter, Operation *target,
    transform::ApplyToEachResultList &, transform::TransformState &) {
  return applyToKernel(*this, target, [&](func::FuncOp kernel) {
    return orchestra::tileAttention(rewriter, kernel,
                                    {int64_t(getQueries()), int64_t(getKeys()),
                                     int64_t(getRows()),
                                     int64_t(getColumns())});
  });
}

void transform::TileAttentionOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  modifiesPayload(effects);
}

DiagnosedSilenceableFailure transform::TileRowsOp::applyToOne(
    transform::TransformRewriter &rewriter, Operation *target,
    transform::ApplyToEachResultList &, transform::TransformState &) {
  return applyToKernel(*this, target, [&](func::FuncOp kernel) {
    return orchestra::tileRows(rewriter, kernel, getElements());
  });
}

void transform::TileRowsOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  modifiesPayload(effects);
}

DiagnosedSilenceableFailure transform::TileParallelOp::applyToOne(
    transform::TransformRewriter &rewriter, Operation *target,
    transform::ApplyToEachResultList &, transform::TransformState &) {
  return applyToKernel(*this, target, [&](func::FuncOp kernel) {
    return orchestra::tileParallel(rewriter, kernel, getOperations());
  });
}

void transform::TileParallelOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  modifiesPayload(effects);
}

namespace {
class StrategyOpsExtension
    : public transform::TransformDialectExtension<StrategyOpsExtension> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(StrategyOpsExtension)
  void init() {
    declareGeneratedDialect<affine::AffineDialect>();
    declareGeneratedDialect<linalg::LinalgDialect>();
    declareGeneratedDialect<math::MathDialect>();
    declareGeneratedDialect<scf::SCFDialect>();
    declareGeneratedDialect<tensor::TensorDialect>();
    registerTransformOps<
#define GET_OP_LIST
#include "orchestra/Strategy/StrategyOps.cpp.inc"
        >();
  }
};
} // namespace

void orchestra::registerStrategyOps(DialectRegistry &registry) {
  registry.addExtensions<StrategyOpsExtension>();
}
