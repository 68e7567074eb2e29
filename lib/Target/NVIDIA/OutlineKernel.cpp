//===- OutlineKernel.cpp - Bufferized kernels become gpu.funcs ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upstream's outlining starts from a gpu.launch and leaves a host half that
// calls mgpu* functions. A kernel here is a function already, so its body
// moves as it is, and only the forall must learn which thread it runs on.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAOUTLINEKERNELPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

namespace {
/// How the iterations of a forall are spread: `inside` of them along each
/// dimension form a block, `blocks` blocks along each cover the dimension.
struct Launch {
  SmallVector<int64_t> trips, inside, blocks;
  int64_t numBlocks = 1;
  int64_t numThreads = 1;
};
} // namespace

/// The last dimension gets up to 32 threads (a warp reads contiguously), the
/// one before gets the rest of the block; a short last dimension gives way.
static Launch planLaunch(ArrayRef<int64_t> trips, int64_t blockSize) {
  Launch launch;
  launch.trips.assign(trips.begin(), trips.end());
  launch.inside.assign(trips.size(), 1);
  int64_t rank = trips.size();
  int64_t widest = rank == 1 ? blockSize : std::min<int64_t>(32, blockSize);
  for (int64_t dim = rank - 1; dim >= std::max<int64_t>(0, rank - 2); --dim) {
    int64_t room = dim == rank - 1 ? widest : blockSize / launch.numThreads;
    launch.inside[dim] =
        std::min<int64_t>(llvm::PowerOf2Ceil(trips[dim]), room);
    launch.numThreads *= launch.inside[dim];
  }
  for (auto [trip, inside] : llvm::zip_equal(trips, launch.inside)) {
    launch.blocks.push_back(llvm::divideCeil(trip, inside));
    launch.numBlocks *= launch.blocks.back();
  }
  return launch;
}

static std::optional<SmallVector<int64_t>> staticTrips(scf::ForallOp forall) {
  SmallVector<int64_t> trips;
  for (auto [lower, upper, step] :
       llvm::zip_equal(forall.getMixedLowerBound(), forall.getMixedUpperBound(),
                       forall.getMixedStep())) {
    std::optional<int64_t> first = getConstantIntValue(lower);
    std::optional<int64_t> end = getConstantIntValue(upper);
    std::optional<int64_t> stride = getConstantIntValue(step);
    if (!first || !end || !stride)
      return std::nullopt;
    trips.push_back(llvm::divideCeil(*end - *first, *stride));
  }
  return trips;
}

/// Replaces `forall` by its body, run by the threads that have an iteration.
static void distribute(IRRewriter &rewriter, scf::ForallOp forall,
                       const Launch &launch) {
  Location loc = forall.getLoc();
  rewriter.setInsertionPoint(forall);
  Value block = gpu::BlockIdOp::create(rewriter, loc, gpu::Dimension::x);
  Value thread = gpu::ThreadIdOp::create(rewriter, loc, gpu::Dimension::x);
  auto split = [&](Value id, ArrayRef<int64_t> basis) {
    return affine::AffineDelinearizeIndexOp::create(
               rewriter, loc, id,
               getAsIndexOpFoldResult(rewriter.getContext(), basis))
        .getResults();
  };
  auto blocks = split(block, launch.blocks);
  auto threads = split(thread, launch.inside);

  AffineExpr d0, d1;
  bindDims(rewriter.getContext(), d0, d1);
  SmallVector<Value> ivs;
  Value guard;
  for (size_t dim = 0; dim < launch.trips.size(); ++dim) {
    int64_t first = *getConstantIntValue(forall.getMixedLowerBound()[dim]);
    int64_t step = *getConstantIntValue(forall.getMixedStep()[dim]);
    int64_t inside = launch.inside[dim];
    ivs.push_back(affine::AffineApplyOp::create(
        rewriter, loc, AffineMap::get(2, 0, (d0 * inside + d1) * step + first),
        ValueRange{blocks[dim], threads[dim]}));
    if (launch.trips[dim] % inside == 0)
      continue;
    Value end = arith::ConstantIndexOp::create(
        rewriter, loc, first + launch.trips[dim] * step);
    Value has = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::slt,
                                      ivs.back(), end);
    guard = guard ? arith::AndIOp::create(rewriter, loc, guard, has).getResult()
                  : has;
  }
  rewriter.eraseOp(forall.getTerminator());
  if (guard) {
    auto branch = scf::IfOp::create(rewriter, loc, guard);
    rewriter.inlineBlockBefore(forall.getBody(),
                               branch.thenBlock()->getTerminator(), ivs);
  } else {
    rewriter.inlineBlockBefore(forall.getBody(), forall, ivs);
  }
  rewriter.eraseOp(forall);
}

/// A copy in device code is a loop, not a call of the host's runtime.
static void expandCopies(IRRewriter &rewriter, func::FuncOp kernel) {
  SmallVector<memref::CopyOp> copies;
  kernel.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    rewriter.setInsertionPoint(copy);
    linalg::CopyOp::create(rewriter, copy.getLoc(), copy.getSource(),
                           copy.getTarget());
    rewriter.eraseOp(copy);
  }
}

/// Finds the forall and refuses what a GPU thread cannot or must not do.
static FailureOr<scf::ForallOp> checkBody(func::FuncOp kernel) {
  if (kernel.getNumResults() != 0)
    return emitError(kernel.getLoc(),
                     "result of a kernel for NVIDIA is not computed into its "
                     "destination [unsupported-by-target]");
  scf::ForallOp forall;
  for (Operation &op : kernel.getBody().front()) {
    if (auto candidate = dyn_cast<scf::ForallOp>(op)) {
      if (forall)
        return emitError(op.getLoc(), "a kernel for NVIDIA has more than one "
                                      "parallel loop [unsupported-by-target]");
      forall = candidate;
    }
  }
  WalkResult result = kernel.getBody().walk([&](memref::AllocOp alloc) {
    emitError(alloc.getLoc(), "a thread of a kernel for NVIDIA would need a "
                              "temporary of ")
        << alloc.getType() << ", which is too large for its local memory "
        << "[unsupported-by-target]";
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return failure();
  if (!forall)
    return forall;
  for (Operation &op : kernel.getBody().front()) {
    if (&op == forall || isMemoryEffectFree(&op) ||
        isa<func::ReturnOp, memref::AllocaOp>(op))
      continue;
    return emitError(op.getLoc(),
                     "op could not be fused into the parallel loop of its "
                     "kernel for NVIDIA [unsupported-by-target]");
  }
  return forall;
}

/// Constants of the kernel become constants of the device module.
static void cloneGlobals(OpBuilder &builder, func::FuncOp kernel,
                         SymbolTable &symbols) {
  llvm::SmallPtrSet<Operation *, 4> cloned;
  kernel.walk([&](memref::GetGlobalOp get) {
    Operation *global = symbols.lookup(get.getName());
    if (global && cloned.insert(global).second)
      builder.clone(*global);
  });
}

namespace {
struct NVIDIAOutlineKernelPass
    : public nvidia::impl::NVIDIAOutlineKernelPassBase<
          NVIDIAOutlineKernelPass> {
  using Base::Base;

  void runOnOperation() override {
    if (!llvm::isPowerOf2_64(blockSize) || blockSize > 1024) {
      emitError(getOperation().getLoc(), "block-size must be a power of two of "
                                         "at most 1024, but is ")
          << static_cast<int64_t>(blockSize);
      return signalPassFailure();
    }
    // Kernels of tiles have theirs already.
    SmallVector<NamedAttribute> launches;
    if (auto known =
            getOperation()->getAttrOfType<DictionaryAttr>(kLaunchAttrName))
      llvm::append_range(launches, known);
    bool failedAny = false;
    for (auto kernel :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (kernel->hasAttr(kKernelAttrName) && !kernel.isExternal())
        failedAny |= failed(outline(kernel, launches));
    if (failedAny)
      return signalPassFailure();
    // The constants are copied into the device modules.
    for (auto global :
         llvm::make_early_inc_range(getOperation().getOps<memref::GlobalOp>()))
      if (SymbolTable::symbolKnownUseEmpty(global, getOperation()))
        global.erase();
    getOperation()->setAttr(kLaunchAttrName,
                            DictionaryAttr::get(&getContext(), launches));
  }

private:
  LogicalResult outline(func::FuncOp kernel,
                        SmallVectorImpl<NamedAttribute> &launches);
};
} // namespace

LogicalResult
NVIDIAOutlineKernelPass::outline(func::FuncOp kernel,
                                 SmallVectorImpl<NamedAttribute> &launches) {
  FailureOr<scf::ForallOp> forall = checkBody(kernel);
  if (failed(forall))
    return failure();
  IRRewriter rewriter(&getContext());
  Launch launch;
  if (*forall) {
    std::optional<SmallVector<int64_t>> trips = staticTrips(*forall);
    if (!trips)
      return emitError(forall->getLoc(),
                       "the parallel loop of a kernel for NVIDIA has bounds "
                       "that are not constant [unsupported-by-target]");
    launch = planLaunch(*trips, blockSize);
    distribute(rewriter, *forall, launch);
  }
  expandCopies(rewriter, kernel);

  Location loc = kernel.getLoc();
  rewriter.setInsertionPoint(kernel);
  SymbolTable symbols(getOperation());
  // The kernel's own name stays with the declaration that dispatches refer to.
  auto module = gpu::GPUModuleOp::create(
      rewriter, loc, (kernel.getSymName() + kDeviceModuleSuffix).str());
  rewriter.setInsertionPointToStart(module.getBody());
  cloneGlobals(rewriter, kernel, symbols);
  auto function = gpu::GPUFuncOp::create(rewriter, loc, kernel.getSymName(),
                                         kernel.getFunctionType());
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                    rewriter.getUnitAttr());
  SmallVector<int32_t, 3> block = {static_cast<int32_t>(launch.numThreads), 1,
                                   1};
  SmallVector<int32_t, 3> grid = {static_cast<int32_t>(launch.numBlocks), 1, 1};
  function.setKnownBlockSizeAttr(rewriter.getDenseI32ArrayAttr(block));
  function.setKnownGridSizeAttr(rewriter.getDenseI32ArrayAttr(grid));

  Block &entry = function.getBody().front();
  Block &body = kernel.getBody().front();
  rewriter.setInsertionPoint(body.getTerminator());
  gpu::ReturnOp::create(rewriter, body.getTerminator()->getLoc());
  rewriter.eraseOp(body.getTerminator());
  rewriter.inlineBlockBefore(&body, &entry, entry.end(), entry.getArguments());

  launches.push_back(rewriter.getNamedAttr(
      kernel.getSymName(),
      rewriter.getDictionaryAttr(
          {rewriter.getNamedAttr("block", rewriter.getDenseI32ArrayAttr(block)),
           rewriter.getNamedAttr("grid",
                                 rewriter.getDenseI32ArrayAttr(grid))})));
  if (SymbolTable::symbolKnownUseEmpty(kernel, getOperation()))
    rewriter.eraseOp(kernel);
  else
    kernel.eraseBody();
  return success();
}
