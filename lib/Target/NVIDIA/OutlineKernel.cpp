//===- OutlineKernel.cpp - Bufferized kernels become launches -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel stays a function of the host. What it does to memory leaves it, a
// launch for each parallel loop and one, of a single thread, for what stands
// between two of them; launches follow each other as the loops did. What only
// computes indices is done where it is needed: on the host for grids and
// temporaries, again on the device for the rest.
//
//===----------------------------------------------------------------------===//
#include "LaunchShape.h"
#include "Rows.h"

#include "orchestra/Target/NVIDIA/Passes.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAOUTLINEKERNELPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

/// Local memory of a thread is 512 KB, but only what stays in L1 is of use.
static constexpr int64_t kMaxLocalBytes = 16384;

namespace {
/// Takes one kernel apart.
class Outliner {
public:
  Outliner(func::FuncOp kernel, ModuleOp module, int64_t blockSize)
      : kernel(kernel), symbols(module), rewriter(kernel.getContext()),
        blockSize(blockSize) {}

  LogicalResult run();

private:
  /// Ops of one launch, in order.
  using Segment = SmallVector<Operation *>;

  void expandCopies();
  LogicalResult collectSegments(SmallVectorImpl<Segment> &segments);
  LogicalResult checkReads();
  LogicalResult outline(const Segment &segment, unsigned number);
  gpu::GPUFuncOp makeFunction(const Segment &segment, unsigned number,
                              ArrayRef<Value> arguments);
  LogicalResult placeTemporaries(gpu::GPUFuncOp function);
  void freeTemporaries();

  func::FuncOp kernel;
  SymbolTable symbols;
  IRRewriter rewriter;
  int64_t blockSize;
};
} // namespace

/// Whether an op at the top of a kernel can be done wherever its result is
/// needed.
static bool isRecomputed(Operation &op) {
  return isMemoryEffectFree(&op) || isa<memref::LoadOp>(op);
}

/// The buffer that `value` is a view of.
static Value getRoot(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// A copy at the top becomes a loop over its elements, one inside of a loop
/// what a thread does alone.
void Outliner::expandCopies() {
  kernel.walk([&](memref::CopyOp copy) {
    if (copy->getBlock() == &kernel.front())
      return;
    rewriter.setInsertionPoint(copy);
    linalg::CopyOp::create(rewriter, copy.getLoc(), copy.getSource(),
                           copy.getTarget());
    rewriter.eraseOp(copy);
  });
  SmallVector<memref::CopyOp> copies(
      kernel.getBody().front().getOps<memref::CopyOp>());
  for (memref::CopyOp copy : copies) {
    Location loc = copy.getLoc();
    rewriter.setInsertionPoint(copy);
    auto type = cast<MemRefType>(copy.getTarget().getType());
    if (type.getRank() == 0) {
      Value value = memref::LoadOp::create(rewriter, loc, copy.getSource());
      memref::StoreOp::create(rewriter, loc, value, copy.getTarget());
      rewriter.eraseOp(copy);
      continue;
    }
    SmallVector<OpFoldResult> sizes =
        memref::getMixedSizes(rewriter, loc, copy.getTarget());
    auto forall = scf::ForallOp::create(rewriter, loc, sizes, ValueRange(),
                                        /*mapping=*/std::nullopt);
    rewriter.setInsertionPoint(forall.getTerminator());
    Value value = memref::LoadOp::create(rewriter, loc, copy.getSource(),
                                         forall.getInductionVars());
    memref::StoreOp::create(rewriter, loc, value, copy.getTarget(),
                            forall.getInductionVars());
    rewriter.eraseOp(copy);
  }
}

LogicalResult Outliner::collectSegments(SmallVectorImpl<Segment> &segments) {
  bool open = false;
  llvm::DenseMap<Operation *, unsigned> placeOf;
  for (Operation &op : kernel.front().without_terminator()) {
    if (isa<memref::AllocOp, memref::DeallocOp>(op))
      continue;
    if (isRecomputed(op)) {
      // What is made of something that a launch computes belongs to it.
      std::optional<unsigned> place;
      for (Value operand : op.getOperands())
        if (auto it = placeOf.find(operand.getDefiningOp());
            it != placeOf.end())
          place = it->second;
      if (place) {
        placeOf[&op] = *place;
        segments[*place].push_back(&op);
      }
      continue;
    }
    bool isLoop = isa<scf::ForallOp>(op);
    if (isLoop || !open)
      segments.emplace_back();
    placeOf[&op] = segments.size() - 1;
    segments.back().push_back(&op);
    open = !isLoop;
  }
  // A launch leaves nothing but what it writes.
  for (const Segment &segment : segments)
    for (Operation *op : segment)
      for (Operation *user : op->getUsers()) {
        Operation *ancestor = kernel.front().findAncestorOpInBlock(*user);
        if (!llvm::is_contained(segment, ancestor))
          return emitError(op->getLoc(), "a value leaves a loop of a kernel "
                                         "for NVIDIA [unsupported-by-target]");
      }
  return success();
}

/// What is read at the top is read again in each launch that needs it, so
/// nothing may write it in between.
LogicalResult Outliner::checkReads() {
  for (auto load : kernel.getBody().front().getOps<memref::LoadOp>()) {
    Value root = getRoot(load.getMemRef());
    bool written =
        !isa<BlockArgument>(root) && !root.getDefiningOp<memref::GetGlobalOp>();
    if (auto argument = dyn_cast<BlockArgument>(root))
      for (Operation &op : kernel.getBody().front())
        op.walk([&](Operation *inner) {
          if (auto effects = dyn_cast<MemoryEffectOpInterface>(inner)) {
            SmallVector<MemoryEffects::EffectInstance> all;
            effects.getEffects(all);
            for (auto &effect : all)
              written |= isa<MemoryEffects::Write>(effect.getEffect()) &&
                         (!effect.getValue() ||
                          getRoot(effect.getValue()) == argument);
          }
        });
    if (written)
      return emitError(load.getLoc(), "a kernel for NVIDIA reads a number that "
                                      "it has computed, between its loops "
                                      "[unsupported-by-target]");
  }
  return success();
}

/// Constants of the kernel become constants of the device module.
static void cloneGlobals(OpBuilder &builder, Operation *from,
                         SymbolTable &symbols) {
  llvm::SmallPtrSet<Operation *, 4> cloned;
  from->walk([&](memref::GetGlobalOp get) {
    Operation *global = symbols.lookup(get.getName());
    if (global && cloned.insert(global).second)
      builder.clone(*global);
  });
}

/// A function of the device with the segment's ops and all that these need of
/// what is computed outside.
gpu::GPUFuncOp Outliner::makeFunction(const Segment &segment, unsigned number,
                                      ArrayRef<Value> arguments) {
  Location loc = segment.front()->getLoc();
  std::string suffix = number == 0 ? "" : "_" + std::to_string(number);
  rewriter.setInsertionPoint(kernel);
  auto module = gpu::GPUModuleOp::create(
      rewriter, loc,
      (kernel.getSymName() + kDeviceModuleSuffix + suffix).str());
  rewriter.setInsertionPointToStart(module.getBody());
  auto type = rewriter.getFunctionType(ValueRange(arguments).getTypes(), {});
  auto function = gpu::GPUFuncOp::create(
      rewriter, loc, (kernel.getSymName() + suffix).str(), type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                    rewriter.getUnitAttr());
  Block &entry = function.getBody().front();
  IRMapping map;
  map.map(arguments, entry.getArguments());
  rewriter.setInsertionPointToStart(&entry);
  std::function<void(Value)> provide = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (map.contains(value) || !def || def->getBlock() != &kernel.front())
      return;
    for (Value operand : def->getOperands())
      provide(operand);
    rewriter.clone(*def, map);
  };
  for (Operation *op : segment) {
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        provide(operand);
    });
    rewriter.clone(*op, map);
  }
  gpu::ReturnOp::create(rewriter, loc);
  rewriter.setInsertionPointToStart(module.getBody());
  cloneGlobals(rewriter, function, symbols);
  return function;
}

/// Temporaries of a thread are its own, and small.
LogicalResult Outliner::placeTemporaries(gpu::GPUFuncOp function) {
  SmallVector<memref::AllocOp> allocs;
  function.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  function.walk([&](memref::DeallocOp dealloc) { rewriter.eraseOp(dealloc); });
  for (memref::AllocOp alloc : allocs) {
    MemRefType type = alloc.getType();
    int64_t bits = type.getElementType().isIndex()
                       ? 64
                       : type.getElementType().getIntOrFloatBitWidth();
    if (!type.hasStaticShape() ||
        type.getNumElements() * llvm::divideCeil(bits, 8) > kMaxLocalBytes)
      return emitError(alloc.getLoc(),
                       "a thread of a kernel for NVIDIA would need a "
                       "temporary of ")
             << type << ", which is too large for its local memory "
             << "[unsupported-by-target]";
    // In front of all loops: the stack of a thread does not shrink.
    rewriter.setInsertionPointToStart(&function.getBody().front());
    Value place = memref::AllocaOp::create(rewriter, alloc.getLoc(), type,
                                           alloc.getAlignmentAttr());
    rewriter.replaceOp(alloc, place);
  }
  return success();
}

/// Whether it is known that a loop does nothing.
static bool isEmpty(scf::ForallOp forall) {
  return llvm::any_of(
      llvm::zip_equal(forall.getMixedLowerBound(), forall.getMixedUpperBound()),
      [](auto bounds) {
        std::optional<int64_t> lower = getConstantIntValue(std::get<0>(bounds));
        std::optional<int64_t> upper = getConstantIntValue(std::get<1>(bounds));
        return lower && upper && *lower >= *upper;
      });
}

LogicalResult Outliner::outline(const Segment &segment, unsigned number) {
  Location loc = segment.front()->getLoc();
  if (auto forall = dyn_cast<scf::ForallOp>(segment.front());
      forall && isEmpty(forall)) {
    rewriter.eraseOp(forall);
    return success();
  }
  // What comes from outside of the kernel, or is a temporary of all of it.
  llvm::SetVector<Value> arguments;
  llvm::SmallPtrSet<Value, 16> seen;
  std::function<void(Value)> need = [&](Value value) {
    if (!seen.insert(value).second)
      return;
    Operation *def = value.getDefiningOp();
    bool isOutside =
        def ? isa<memref::AllocOp>(def) && def->getBlock() == &kernel.front()
            : value.getParentBlock() == &kernel.front();
    if (isOutside) {
      arguments.insert(value);
      return;
    }
    if (def && def->getBlock() == &kernel.front() &&
        !llvm::is_contained(segment, def))
      for (Value operand : def->getOperands())
        need(operand);
  };
  for (Operation *op : segment)
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        need(operand);
    });
  gpu::GPUFuncOp function =
      makeFunction(segment, number, arguments.getArrayRef());
  if (failed(placeTemporaries(function)))
    return failure();

  // Where all that the launch needs is there: no other launch is in between.
  Operation *last = segment.front();
  for (Operation *op : segment)
    if (!isRecomputed(*op))
      last = op;
  rewriter.setInsertionPoint(last);
  LaunchShape shape = LaunchShape::ofOneThread(rewriter, loc);
  if (auto forall = dyn_cast<scf::ForallOp>(segment.front())) {
    auto inside = *function.getOps<scf::ForallOp>().begin();
    shape = LaunchShape::of(rewriter, forall, blockSize);
    if (!shape.isOnHost(kernel))
      return emitError(loc, "how often a loop of a kernel for NVIDIA runs is "
                            "not known before [unsupported-by-target]");
    if (Attribute rows = inside->getAttr(kRowsAttrName))
      function->setAttr(kRowsAttrName, rows);
    distribute(rewriter, inside, shape);
  } else {
    remark::missed(loc, remark::RemarkOpts::name("outline").category("nvidia"))
        << "one thread does this" << remark::reason("it is no parallel loop");
  }
  function.setKnownBlockSizeAttr(rewriter.getDenseI32ArrayAttr(
      {static_cast<int32_t>(shape.numThreads), 1, 1}));
  if (std::optional<int64_t> blocks = getConstantIntValue(shape.numBlocks))
    function.setKnownGridSizeAttr(
        rewriter.getDenseI32ArrayAttr({static_cast<int32_t>(*blocks), 1, 1}));

  rewriter.setInsertionPoint(last);
  Value one = arith::ConstantIndexOp::create(rewriter, loc, 1);
  Value threads =
      arith::ConstantIndexOp::create(rewriter, loc, shape.numThreads);
  Value blocks =
      getValueOrCreateConstantIndexOp(rewriter, loc, shape.numBlocks);
  if (!getConstantIntValue(shape.numBlocks)) {
    // An empty loop is no launch.
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value some = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::sgt,
                                       blocks, zero);
    auto branch = scf::IfOp::create(rewriter, loc, some, false);
    rewriter.setInsertionPointToStart(branch.thenBlock());
  }
  gpu::LaunchFuncOp::create(
      rewriter, loc, function, gpu::KernelDim3{blocks, one, one},
      gpu::KernelDim3{threads, one, one},
      /*dynamicSharedMemorySize=*/Value(), arguments.getArrayRef());
  for (Operation *op : llvm::reverse(segment))
    rewriter.eraseOp(op);
  return success();
}

/// Temporaries between launches are the host's to ask for and to give back.
void Outliner::freeTemporaries() {
  Block &body = kernel.front();
  for (auto dealloc :
       llvm::make_early_inc_range(body.getOps<memref::DeallocOp>()))
    rewriter.eraseOp(dealloc);
  rewriter.setInsertionPoint(body.getTerminator());
  for (auto alloc : body.getOps<memref::AllocOp>())
    memref::DeallocOp::create(rewriter, alloc.getLoc(), alloc);
}

LogicalResult Outliner::run() {
  if (kernel.getNumResults() != 0)
    return emitError(kernel.getLoc(),
                     "result of a kernel for NVIDIA is not computed into its "
                     "destination [unsupported-by-target]");
  if (!llvm::hasSingleElement(kernel.getBody()))
    return emitError(kernel.getLoc(), "a kernel for NVIDIA has control flow "
                                      "between blocks [unsupported-by-target]");
  expandCopies();
  SmallVector<Segment> segments;
  if (failed(checkReads()) || failed(collectSegments(segments)))
    return failure();
  for (auto [number, segment] : llvm::enumerate(segments))
    if (failed(outline(segment, number)))
      return failure();
  // Done on the device now.
  SmallVector<Operation *> ops;
  for (Operation &op : kernel.front().without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty() && isRecomputed(*op))
      rewriter.eraseOp(op);
  freeTemporaries();
  return success();
}

namespace {
struct NVIDIAOutlineKernelPass
    : public nvidia::impl::NVIDIAOutlineKernelPassBase<
          NVIDIAOutlineKernelPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (!llvm::isPowerOf2_64(blockSize) || blockSize > 1024) {
      emitError(module.getLoc(), "block-size must be a power of two of "
                                 "at most 1024, but is ")
          << static_cast<int64_t>(blockSize);
      return signalPassFailure();
    }
    bool failedAny = false, any = false;
    for (auto kernel : llvm::to_vector(module.getOps<func::FuncOp>()))
      if (kernel->hasAttr(kKernelAttrName) && !kernel.isExternal()) {
        any = true;
        failedAny |= failed(Outliner(kernel, module, blockSize).run());
      }
    if (failedAny)
      return signalPassFailure();
    // The constants are copied into the device modules.
    for (auto global :
         llvm::make_early_inc_range(module.getOps<memref::GlobalOp>()))
      global.erase();
    if (any)
      module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                      UnitAttr::get(&getContext()));
  }
};
} // namespace
