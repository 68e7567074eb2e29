//===- OutlineKernels.cpp - Kernels and the program that calls them -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each group of ops (KernelGroups.h) becomes a function in destination-passing
// style, named by the hash of its text, so that equal kernels of one or many
// models are compiled once.
//
//===----------------------------------------------------------------------===//
#include "KernelShapes.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/Orchestra/KernelGroups.h"
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

namespace {

/// Turns one group into a kernel function and a dispatch.
class KernelOutliner {
public:
  KernelOutliner(ModuleOp module, StringRef salt)
      : symbols(module), salt(salt) {}

  void outline(const KernelGroup &group);

private:
  void collect(const KernelGroup &group);
  void build(const KernelGroup &group);
  Value getInside(Value value);
  void cloneMember(Operation *op);
  Value writeTo(Value value, Value destination);
  Value writePadded(tensor::PadOp pad, Value padding, Value destination);
  StringRef finish();

  SymbolTable symbols;
  StringRef salt;
  SetVector<Value> inputs;
  SmallVector<Value> outputs;
  func::FuncOp kernel;
  IRMapping map;
  OpBuilder inner{static_cast<MLIRContext *>(nullptr)};
};

} // namespace

/// What `op` and the ops in it use of what is around it.
static SetVector<Value> getOperandsFromOutside(Operation *op) {
  SetVector<Value> used;
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (isFromOutside(operand, op))
        used.insert(operand);
  });
  return used;
}

/// Finds what enters and leaves the group.
void KernelOutliner::collect(const KernelGroup &group) {
  inputs.clear();
  outputs.clear();
  SmallPtrSet<Operation *, 8> members(group.ops.begin(), group.ops.end());
  std::function<void(Value)> enter = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (def && members.contains(def))
      return;
    if (def && isClonedIntoKernels(def)) {
      for (Value operand : getOperandsFromOutside(def))
        enter(operand);
      return;
    }
    inputs.insert(value);
  };
  for (Operation *op : group.ops) {
    for (Value operand : getOperandsFromOutside(op))
      enter(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
            return !ancestor || !members.contains(ancestor);
          }))
        outputs.push_back(result);
  }
}

/// The value inside of the kernel: an argument, a clone, or a member's result.
Value KernelOutliner::getInside(Value value) {
  Operation *def = value.getDefiningOp();
  if (def && isClonedIntoKernels(def) && !inputs.contains(value)) {
    // Each use has a copy of its own, so that destinations are never shared;
    // the mapping is too, as it would keep the block arguments of the last
    // copy.
    IRMapping operands;
    for (Value operand : getOperandsFromOutside(def))
      operands.map(operand, getInside(operand));
    Operation *clone = inner.clone(*def, operands);
    return clone->getResult(0);
  }
  return map.lookup(value);
}

void KernelOutliner::cloneMember(Operation *op) {
  for (Value operand : getOperandsFromOutside(op))
    map.map(operand, getInside(operand));
  inner.clone(*op, map);
}

/// Fills the frame of `destination` and puts the source of `pad` inside of it,
/// at once if the kernel computes that itself.
Value KernelOutliner::writePadded(tensor::PadOp pad, Value padding,
                                  Value destination) {
  Location loc = pad.getLoc();
  OpBuilder b = OpBuilder::atBlockBegin(pad->getBlock());
  if (Operation *def = padding.getDefiningOp()) // else a scalar argument
    padding = b.clone(*def)->getResult(0);
  ArrayRef<int64_t> inside = pad.getSourceType().getShape();
  ArrayRef<int64_t> outside = pad.getResultType().getShape();
  ArrayRef<int64_t> low = pad.getStaticLow();
  auto attrs = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(b.getContext(), values);
  };
  SmallVector<int64_t> ones(inside.size(), 1);
  // Slab after slab; those of later dimensions lie between those of earlier.
  SmallVector<int64_t> offsets(inside.size(), 0), sizes(outside);
  Value result = destination;
  for (size_t dim = 0; dim < inside.size(); ++dim) {
    int64_t after = low[dim] + inside[dim];
    for (auto [begin, end] :
         {std::pair<int64_t, int64_t>(0, low[dim]),
          std::pair<int64_t, int64_t>(after, outside[dim])}) {
      if (begin == end)
        continue;
      offsets[dim] = begin;
      sizes[dim] = end - begin;
      Value slab = tensor::ExtractSliceOp::create(
          b, loc, result, attrs(offsets), attrs(sizes), attrs(ones));
      slab = linalg::FillOp::create(b, loc, padding, slab).getResult(0);
      result = tensor::InsertSliceOp::create(
          b, loc, slab, result, attrs(offsets), attrs(sizes), attrs(ones));
    }
    offsets[dim] = low[dim];
    sizes[dim] = inside[dim];
  }
  Value middle = tensor::ExtractSliceOp::create(b, loc, result, attrs(low),
                                                attrs(inside), attrs(ones));
  Value written = pad.getSource();
  if (written.getDefiningOp<linalg::LinalgOp>())
    written = writeTo(written, middle);
  b.setInsertionPoint(pad);
  return tensor::InsertSliceOp::create(b, loc, written, result, attrs(low),
                                       attrs(inside), attrs(ones));
}

/// Makes `value` end up in `destination`: by computing it there if the op that
/// defines it allows, else by a copy.
Value KernelOutliner::writeTo(Value value, Value destination) {
  Operation *def = value.getDefiningOp();
  Location loc = value.getLoc();
  OpBuilder b(def);
  if (!isa<TensorType>(value.getType())) {
    b.setInsertionPointAfter(def);
    if (value.getType().isIndex())
      value = arith::IndexCastOp::create(b, loc, b.getI64Type(), value);
    return tensor::InsertOp::create(b, loc, value, destination, ValueRange());
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(def)) {
    OpOperand *init =
        linalgOp.getDpsInitOperand(cast<OpResult>(value).getResultNumber());
    Operation *initDef = init->get().getDefiningOp();
    if (auto fill = dyn_cast_or_null<linalg::FillOp>(initDef)) {
      if (fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>())
        fill.getOutputsMutable()[0].set(destination);
    } else if (isa_and_nonnull<tensor::EmptyOp>(initDef)) {
      init->set(destination);
    } else if (initDef != destination.getDefiningOp() ||
               init->get() != destination) {
      // The op updates a value: start from a copy of it.
      Value copied =
          linalg::CopyOp::create(b, loc, init->get(), destination).getResult(0);
      init->set(copied);
    }
    return value;
  }
  if (auto extOp = dyn_cast<linalg_ext::LinalgExtOp>(def)) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    OpOperand *init =
        cast<DestinationStyleOpInterface>(def).getDpsInitOperand(number);
    if (extOp.readsDestination(number)) {
      auto fill = init->get().getDefiningOp<linalg::FillOp>();
      if (fill && fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>()) {
        fill.getOutputsMutable()[0].set(destination);
        return value;
      }
      destination =
          linalg::CopyOp::create(b, loc, init->get(), destination).getResult(0);
    }
    init->set(destination);
    return value;
  }
  if (auto loop = dyn_cast<scf::ForOp>(def)) {
    // The states live where the result goes.
    OpOperand *init = loop.getTiedLoopInit(cast<OpResult>(value));
    if (init->get().getDefiningOp<tensor::EmptyOp>())
      init->set(destination);
    else
      init->set(linalg::CopyOp::create(b, loc, init->get(), destination)
                    .getResult(0));
    return value;
  }
  if (auto pack = dyn_cast<linalg::PackOp>(def)) {
    pack.getDestMutable().set(destination);
    return value;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(def)) {
    if (Value padding = pad.getConstantPaddingValue()) {
      Operation *made = padding.getDefiningOp();
      if (hasStaticFrame(pad) && (!made || matchPattern(made, m_Constant())))
        return writePadded(pad, padding, destination);
      Value filled =
          linalg::FillOp::create(b, loc, padding, destination).getResult(0);
      if (isEmpty(pad.getSourceType()))
        return filled;
      SmallVector<OpFoldResult> strides(pad.getSourceType().getRank(),
                                        b.getIndexAttr(1));
      return tensor::InsertSliceOp::create(
          b, loc, pad.getSource(), filled, pad.getMixedLowPad(),
          tensor::getMixedSizes(b, loc, pad.getSource()), strides);
    }
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(def)) {
    int64_t dim = concat.getDim();
    OpFoldResult offset = b.getIndexAttr(0);
    Value result = destination;
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    for (Value input : concat.getInputs()) {
      if (isEmpty(input.getType()))
        continue;
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, input);
      SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
      SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
      offsets[dim] = offset;
      offset = affine::makeComposedFoldedAffineApply(b, loc, s0 + s1,
                                                     {offset, sizes[dim]});
      result = tensor::InsertSliceOp::create(b, loc, input, result, offsets,
                                             sizes, strides);
    }
    return result;
  }
  if (auto insert = dyn_cast<tensor::InsertOp>(def)) {
    Value copied = linalg::CopyOp::create(b, loc, insert.getDest(), destination)
                       .getResult(0);
    insert.getDestMutable().set(copied);
    return value;
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(def)) {
    Value copied = linalg::CopyOp::create(b, loc, insert.getDest(), destination)
                       .getResult(0);
    insert.getDestMutable().set(copied);
    return value;
  }
  b.setInsertionPointAfter(def);
  return linalg::CopyOp::create(b, loc, value, destination).getResult(0);
}

void KernelOutliner::build(const KernelGroup &group) {
  MLIRContext *ctx = group.ops.front()->getContext();
  Location loc = group.ops.front()->getLoc();
  SmallVector<Type> argumentTypes, resultTypes;
  for (Value input : inputs)
    argumentTypes.push_back(input.getType());
  for (Value output : outputs) {
    argumentTypes.push_back(getOutputType(output));
    resultTypes.push_back(getOutputType(output));
  }
  kernel = func::FuncOp::create(
      loc, "kernel", FunctionType::get(ctx, argumentTypes, resultTypes));
  kernel.setPrivate();
  Block *entry = kernel.addEntryBlock();
  inner = OpBuilder::atBlockEnd(entry);
  map.clear();
  for (auto [input, argument] : llvm::zip(inputs, entry->getArguments()))
    map.map(input, argument);
  for (Operation *op : group.ops)
    cloneMember(op);
  SmallVector<Value> results;
  for (auto [i, output] : llvm::enumerate(outputs))
    results.push_back(map.lookup(output));
  auto ret = func::ReturnOp::create(inner, loc, results);
  for (auto [i, result] : llvm::enumerate(results))
    ret.setOperand(i, writeTo(result, entry->getArgument(inputs.size() + i)));
  bool structured = llvm::any_of(kernel.getOps(), [](Operation &op) {
    return isa<linalg::LinalgOp>(op) && !isa<linalg::FillOp>(op);
  });
  bool attention = llvm::any_of(kernel.getOps(), [](Operation &op) {
    return isa<linalg_ext::AttentionOp>(op);
  });
  bool extended = llvm::any_of(kernel.getOps(), [](Operation &op) {
    return isa<linalg_ext::LinalgExtOp>(op);
  });
  // Nobody sees that a kernel changes what it reads.
  for (unsigned i = 0; i < inputs.size(); ++i)
    if (isa<TensorType>(inputs[i].getType()))
      kernel.setArgAttr(i,
                        bufferization::BufferizationDialect::kWritableAttrName,
                        BoolAttr::get(ctx, false));
  kernel->setAttr(kKernelAttrName, UnitAttr::get(ctx));
  kernel->setAttr(kKindAttrName,
                  StringAttr::get(ctx, attention           ? "attention"
                                       : extended          ? "extended"
                                       : group.contraction ? "contraction"
                                       : structured        ? "rows"
                                                           : "copy"));
  // Inside, locations would only make equal kernels differ in debug output.
  Location nowhere = UnknownLoc::get(ctx);
  kernel->walk([&](Operation *op) { op->setLoc(nowhere); });
  // The kernel itself has the first of its nodes, for errors.
  kernel->setLoc(loc);
  kernel->walk([&](Block *block) {
    for (BlockArgument argument : block->getArguments())
      argument.setLoc(nowhere);
  });
}

std::string orchestra::getKernelName(func::FuncOp kernel, StringRef salt) {
  std::string text;
  llvm::raw_string_ostream os(text);
  StringAttr name = kernel.getSymNameAttr();
  kernel.setSymName("kernel");
  kernel.print(os, OpPrintingFlags().useLocalScope());
  kernel.setSymNameAttr(name);
  os << salt;
  llvm::XXH128_hash_t hash =
      llvm::xxh3_128bits(llvm::arrayRefFromStringRef(text));
  return "orch_k_" + llvm::utohexstr(hash.high64, true, 16) +
         llvm::utohexstr(hash.low64, true, 16);
}

/// Names the kernel by its content and adds it to the module unless it is
/// there already. Returns its name.
StringRef KernelOutliner::finish() {
  std::string name = getKernelName(kernel, salt);
  if (auto existing = symbols.lookup<func::FuncOp>(name)) {
    kernel->erase();
    kernel = existing;
  } else {
    kernel.setSymName(name);
    symbols.insert(kernel);
  }
  return kernel.getSymName();
}

void KernelOutliner::outline(const KernelGroup &group) {
  collect(group);
  build(group);
  StringRef name = finish();

  Operation *last = group.ops.back();
  OpBuilder b(last);
  SmallVector<Location> locations;
  double flops = 0;
  bool known = true;
  for (Operation *op : group.ops) {
    locations.push_back(op->getLoc());
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      std::optional<double> count = countOperations(linalgOp);
      known &= count.has_value();
      flops += count.value_or(0);
    } else if (auto extOp = dyn_cast<linalg_ext::LinalgExtOp>(op)) {
      std::optional<double> count = linalg_ext::countOperations(extOp);
      known &= count.has_value();
      flops += count.value_or(0);
    }
  }
  Location loc = b.getFusedLoc(locations);
  SmallVector<Value> destinations;
  for (Value output : outputs) {
    RankedTensorType type = getOutputType(output);
    SmallVector<OpFoldResult> sizes;
    b.setInsertionPoint(output.getDefiningOp());
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      sizes.push_back(getDim(b, loc, output, dim));
    destinations.push_back(tensor::EmptyOp::create(
        b, loc, sizes, type.getElementType(), type.getEncoding()));
  }
  b.setInsertionPoint(last);
  auto dispatch =
      DispatchOp::create(b, loc, TypeRange(ValueRange(destinations)),
                         FlatSymbolRefAttr::get(b.getContext(), name),
                         inputs.getArrayRef(), destinations);
  if (known)
    dispatch->setAttr("orchestra.flops", b.getF64FloatAttr(flops));
  std::optional<double> in = countBytes(inputs.getArrayRef()),
                        out = countBytes(destinations);
  if (in && out)
    dispatch->setAttr("orchestra.bytes", b.getF64FloatAttr(*in + *out));
  for (auto [output, result] : llvm::zip(outputs, dispatch.getResults())) {
    Value value = result;
    if (!isa<TensorType>(output.getType()))
      value = tensor::ExtractOp::create(b, loc, result, ValueRange());
    if (output.getType().isIndex())
      value = arith::IndexCastOp::create(b, loc, output.getType(), value);
    // Destinations may know sizes that the op's type does not say.
    if (value.getType() != output.getType())
      value = tensor::CastOp::create(b, loc, output.getType(), value);
    output.replaceAllUsesWith(value);
  }
  for (Operation *op : llvm::reverse(group.ops))
    op->erase();
}

/// There is nothing to compute for tensors without elements, and a slice of
/// such a tensor has no valid offset: they become `tensor.empty`.
static void dropEmptyWork(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isKernelWork(&op) || !llvm::all_of(op.getResultTypes(), isEmpty))
      continue;
    OpBuilder b(&op);
    for (Value result : op.getResults()) {
      SmallVector<OpFoldResult> sizes;
      auto type = cast<RankedTensorType>(result.getType());
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        sizes.push_back(getDim(b, op.getLoc(), result, dim));
      result.replaceAllUsesWith(tensor::EmptyOp::create(
          b, op.getLoc(), sizes, type.getElementType(), type.getEncoding()));
    }
    op.erase();
  }
}

/// Sizes of what kernels compute, said by the sizes of their destinations.
static void nameSizes(Block &block) {
  for (auto dim : llvm::make_early_inc_range(block.getOps<tensor::DimOp>())) {
    std::optional<int64_t> index = dim.getConstantIndex();
    if (!index || isa<BlockArgument>(dim.getSource()))
      continue;
    OpBuilder b(dim);
    OpFoldResult size = getDim(b, dim.getLoc(), dim.getSource(), *index);
    Value value = getValueOrCreateConstantIndexOp(b, dim.getLoc(), size);
    if (value != dim)
      dim.replaceAllUsesWith(value);
    if (dim.use_empty())
      dim.erase();
  }
}

namespace {
struct OutlineKernels
    : orchestra::impl::OutlineKernelsPassBase<OutlineKernels> {
  using Base::Base;

  void runOnOperation() override {
    KernelOutliner outliner(getOperation(), salt);
    for (auto function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (function.isExternal() || function->hasAttr(kKernelAttrName))
        continue;
      if (!llvm::hasSingleElement(function.getBody())) {
        function.emitError("control flow between blocks must be lifted to scf "
                           "before kernels are outlined");
        return signalPassFailure();
      }
      // A kernel never holds parts of two tasks.
      SmallVector<Block *> blocks{&function.getBody().front()};
      function.walk(
          [&](TaskOp task) { blocks.push_back(&task.getBody().front()); });
      for (Block *block : blocks)
        if (failed(outline(outliner, *block))) {
          function.emitError("kernels depend on each other in a cycle");
          return signalPassFailure();
        }
    }
  }

  LogicalResult outline(KernelOutliner &outliner, Block &block) {
    dropEmptyWork(block);
    for (const KernelGroup &group : formKernelGroups(block, fuse))
      outliner.outline(group);
    nameSizes(block);
    // A dispatch stands where its last op was; its users may stand before.
    return success(sortTopologically(&block));
  }
};
} // namespace
