//===- PlanMemory.cpp - One arena for all buffers of a program ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffers of known size are placed largest first, each at the lowest offset
// where no buffer that lives at the same time stands (greedy by size, within a
// few percent of optimal on networks, O(n^2)). Buffers of dynamic size follow
// behind them in slots: a slot is as large as the largest of its buffers, whose
// lifetimes are disjoint; its size is computed once, at the program's entry.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Passes.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "orchestra/Schedule/Passes.h.inc"
} // namespace orchestra

namespace {

struct Buffer {
  memref::AllocOp alloc;
  int64_t first, last; // positions of the first and last op that use it
  int64_t bytes = -1;  // -1: dynamic
  int64_t offset = -1;
};

class MemoryPlanner {
public:
  MemoryPlanner(ModuleOp module, func::FuncOp function)
      : module(module), function(function), block(function.getBody().front()),
        b(function.getContext()), loc(function.getLoc()) {}

  LogicalResult run();

private:
  bool readsInput(Operation *op) const;
  bool isArithmetic(Operation *op) const;
  bool isShapeArithmetic(Value value) const;
  LogicalResult check();
  LogicalResult collectConditions();
  LogicalResult placeResults();
  LogicalResult placeWeights();
  void collectBuffers();
  int64_t placeStatic();
  LogicalResult placeDynamic(int64_t staticBytes);
  FailureOr<Value> getBytesAtEntry(memref::AllocOp alloc);
  FailureOr<Value> cloneToEntry(Value value);
  void buildShapesFunction();
  Value byteConstant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  ModuleOp module;
  func::FuncOp function;
  Block &block;
  OpBuilder b;
  Location loc;
  SmallVector<Buffer> buffers;
  BlockArgument arena, weights;
  unsigned numInputs = 0;
  SmallVector<Value> resultDims;
  SmallVector<cf::AssertOp> conditions;
  Value arenaBytes;
  IRMapping entryMap;
  Operation *entryEnd = nullptr; // entry computations stand before it
};

} // namespace

static int64_t alignBytes(int64_t bytes) {
  return llvm::alignTo(std::max<int64_t>(bytes, 1), kBufferAlignment);
}

static int64_t getElementBytes(MemRefType type) {
  return llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// The buffer `value` is a view of.
static Value getRoot(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// The size of dimension `dim` of a buffer, read through views.
static OpFoldResult getDim(OpBuilder &b, Location loc, Value value,
                           int64_t dim) {
  auto type = cast<MemRefType>(value.getType());
  if (!type.isDynamicDim(dim))
    return b.getIndexAttr(type.getDimSize(dim));
  Operation *def = value.getDefiningOp();
  if (auto alloc = dyn_cast_or_null<memref::AllocOp>(def))
    return alloc.getMixedSizes()[dim];
  if (auto expand = dyn_cast_or_null<memref::ExpandShapeOp>(def))
    return expand.getMixedOutputShape()[dim];
  if (auto cast = dyn_cast_or_null<memref::CastOp>(def))
    return getDim(b, loc, cast.getSource(), dim);
  if (auto collapse = dyn_cast_or_null<memref::CollapseShapeOp>(def)) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    OpFoldResult product = b.getIndexAttr(1);
    // Not in the loop's head: it would die before the loop.
    ReassociationIndices sources = collapse.getReassociationIndices()[dim];
    for (int64_t source : sources)
      product = affine::makeComposedFoldedAffineApply(
          b, loc, s0 * s1,
          {product, getDim(b, loc, collapse.getSrc(), source)});
    return product;
  }
  return b.createOrFold<memref::DimOp>(loc, value, dim);
}

static constexpr llvm::StringLiteral kDataDependentSize =
    "the size of a value depends on more than the inputs, which is not "
    "supported yet";

/// Whether `op` reads an element of an input, which no program writes.
bool MemoryPlanner::readsInput(Operation *op) const {
  auto load = dyn_cast<memref::LoadOp>(op);
  auto argument =
      load ? dyn_cast<BlockArgument>(getRoot(load.getMemRef())) : nullptr;
  return argument && argument.getArgNumber() < numInputs;
}

/// Whether the value of `op` follows from its operands and the inputs alone.
bool MemoryPlanner::isArithmetic(Operation *op) const {
  return op->getNumRegions() == 0 &&
         (isa<memref::DimOp>(op) || readsInput(op) || isMemoryEffectFree(op));
}

/// Whether `value` is arithmetic on the inputs and their dimensions.
bool MemoryPlanner::isShapeArithmetic(Value value) const {
  Operation *def = value.getDefiningOp();
  return !def || isa<memref::DimOp>(def) ||
         (isArithmetic(def) &&
          llvm::all_of(def->getOperands(), [&](Value operand) {
            return isShapeArithmetic(operand);
          }));
}

/// Refuses buffers whose lifetimes this planner does not see.
LogicalResult MemoryPlanner::check() {
  bool ok = true;
  function.walk([&](Operation *op) {
    if (llvm::none_of(op->getResultTypes(), llvm::IsaPred<MemRefType>) ||
        isa<ViewLikeOpInterface, memref::GetGlobalOp>(op))
      return;
    if (!isa<memref::AllocOp>(op)) {
      op->emitError("a choice between buffers cannot be placed yet");
      ok = false;
    } else if (op->getBlock() != &block) {
      op->emitError("a buffer made within control flow cannot be placed yet");
      ok = false;
    }
  });
  return success(ok);
}

/// Conditions on the inputs are tested with their sizes, before anything runs.
LogicalResult MemoryPlanner::collectConditions() {
  function.walk([&](cf::AssertOp op) { conditions.push_back(op); });
  for (cf::AssertOp op : conditions)
    if (op->getBlock() != &block || !isShapeArithmetic(op.getArg()))
      return op.emitError(
          "a condition depends on more than the inputs, which is not "
          "supported yet");
  return success();
}

/// Makes every result a buffer that the caller passes.
LogicalResult MemoryPlanner::placeResults() {
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  DenseSet<Value> taken;
  b.setInsertionPoint(ret);
  for (auto [i, operand] : llvm::enumerate(ret.getOperands())) {
    auto type = cast<MemRefType>(operand.getType());
    auto packed =
        function.getResultAttrOfType<DenseI64ArrayAttr>(i, kPackedDimsAttrName);
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (packed) { // what callers call its dimensions
        resultDims.push_back(byteConstant(packed[dim]));
        continue;
      }
      resultDims.push_back(getValueOrCreateConstantIndexOp(
          b, loc, getDim(b, loc, operand, dim)));
      if (!isShapeArithmetic(resultDims.back()))
        return emitError(getRoot(operand).getLoc(), kDataDependentSize);
    }
    if (!type.getLayout().isIdentity()) {
      function.emitError("result ") << i << " is no dense buffer";
      return failure();
    }
    DictionaryAttr attrs = function.getResultAttrDict(i);
    (void)function.insertArgument(numInputs + i, type, attrs, loc);
  }
  b.setInsertionPoint(ret);
  for (auto [i, operand] : llvm::enumerate(ret.getOperands())) {
    BlockArgument destination = function.getArgument(numInputs + i);
    Value root = getRoot(operand);
    auto alloc = root.getDefiningOp<memref::AllocOp>();
    bool whole = alloc && taken.insert(root).second;
    for (Value v = operand; whole && v != root;) {
      whole =
          isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(
              v.getDefiningOp());
      v = cast<ViewLikeOpInterface>(v.getDefiningOp()).getViewSource();
    }
    if (!whole) {
      b.setInsertionPoint(ret);
      memref::CopyOp::create(b, ret.getLoc(), operand, destination);
      continue;
    }
    b.setInsertionPoint(alloc);
    Value replacement = destination;
    // One dynamic type may stand for two shapes.
    if (alloc.getType() != destination.getType() || operand != root) {
      SmallVector<OpFoldResult> sizes = alloc.getMixedSizes(), strides;
      OpFoldResult stride = b.getIndexAttr(1);
      AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
      for (OpFoldResult size : llvm::reverse(sizes)) {
        strides.insert(strides.begin(), stride);
        stride = affine::makeComposedFoldedAffineApply(b, loc, s0 * s1,
                                                       {stride, size});
      }
      replacement = memref::ReinterpretCastOp::create(
          b, loc, alloc.getType(), destination, b.getIndexAttr(0), sizes,
          strides);
    }
    alloc.replaceAllUsesWith(replacement);
    alloc.erase();
  }
  return success();
}

/// Makes every constant a view of the weights.
LogicalResult MemoryPlanner::placeWeights() {
  SmallVector<memref::GetGlobalOp> uses;
  function.walk([&](memref::GetGlobalOp op) { uses.push_back(op); });
  DenseMap<StringAttr, int64_t> offsets;
  SmallVector<Attribute> entries;
  int64_t total = 0;
  for (memref::GetGlobalOp use : uses) {
    auto type = use.getType();
    StringAttr name = use.getNameAttr().getAttr();
    auto [it, isNew] = offsets.try_emplace(name, total);
    if (isNew) {
      auto global = module.lookupSymbol<memref::GlobalOp>(name);
      Attribute value = global ? global.getInitialValueAttr() : Attribute();
      if (!value)
        return use.emitError("constant has no value");
      int64_t bytes = type.getNumElements() * getElementBytes(type);
      entries.push_back(b.getDictionaryAttr(
          {b.getNamedAttr("offset", b.getI64IntegerAttr(total)),
           b.getNamedAttr("size", b.getI64IntegerAttr(bytes)),
           b.getNamedAttr("value", value)}));
      total += alignBytes(bytes);
    }
    b.setInsertionPoint(use);
    Value offset = byteConstant(it->second);
    Value view = memref::ViewOp::create(
        b, use.getLoc(),
        MemRefType::get(type.getShape(), type.getElementType()), weights,
        offset, ValueRange());
    if (view.getType() != type)
      view = memref::CastOp::create(b, use.getLoc(), type, view);
    use.replaceAllUsesWith(view);
    use.erase();
  }
  for (auto global :
       llvm::make_early_inc_range(module.getOps<memref::GlobalOp>()))
    global.erase();
  module->setAttr(kWeightsAttrName, b.getArrayAttr(entries));
  module->setAttr(kWeightsSizeAttrName, b.getI64IntegerAttr(total));
  return success();
}

void MemoryPlanner::collectBuffers() {
  DenseMap<Operation *, int64_t> position;
  int64_t count = 0;
  for (Operation &op : block)
    position[&op] = count++;
  for (Operation &op : block) {
    auto alloc = dyn_cast<memref::AllocOp>(op);
    if (!alloc)
      continue;
    Buffer buffer{alloc, count, -1};
    // Everything that reaches the buffer through views.
    SmallVector<Value> work{alloc.getResult()};
    while (!work.empty())
      for (Operation *user : work.pop_back_val().getUsers()) {
        Operation *ancestor = block.findAncestorOpInBlock(*user);
        if (isa<ViewLikeOpInterface>(user)) {
          llvm::append_range(work, user->getResults());
          continue;
        }
        buffer.first = std::min(buffer.first, position[ancestor]);
        buffer.last = std::max(buffer.last, position[ancestor]);
      }
    MemRefType type = alloc.getType();
    if (type.hasStaticShape())
      buffer.bytes = alignBytes(type.getNumElements() * getElementBytes(type));
    buffers.push_back(buffer);
  }
}

static bool overlap(const Buffer &a, const Buffer &b) {
  return a.first <= b.last && b.first <= a.last;
}

/// Gives buffers of known size their offsets; returns the bytes they take.
int64_t MemoryPlanner::placeStatic() {
  SmallVector<Buffer *> order;
  for (Buffer &buffer : buffers)
    if (buffer.bytes >= 0)
      order.push_back(&buffer);
  llvm::stable_sort(order,
                    [](Buffer *x, Buffer *y) { return x->bytes > y->bytes; });
  int64_t total = 0;
  SmallVector<Buffer *> placed; // by offset
  for (Buffer *buffer : order) {
    int64_t offset = 0;
    for (Buffer *other : placed) {
      if (!overlap(*buffer, *other))
        continue;
      if (offset + buffer->bytes <= other->offset)
        break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    buffer->offset = offset;
    total = std::max(total, offset + buffer->bytes);
    placed.insert(llvm::upper_bound(placed, buffer,
                                    [](Buffer *x, Buffer *y) {
                                      return x->offset < y->offset;
                                    }),
                  buffer);
  }
  for (Buffer *buffer : placed) {
    memref::AllocOp alloc = buffer->alloc;
    b.setInsertionPoint(alloc);
    Value offset = byteConstant(buffer->offset);
    Value view = memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(),
                                        arena, offset, ValueRange());
    alloc.replaceAllUsesWith(view);
    alloc.erase();
  }
  return total;
}

/// A copy of the shape arithmetic that makes `value`, at the function's entry.
FailureOr<Value> MemoryPlanner::cloneToEntry(Value value) {
  if (isa<BlockArgument>(value))
    return value;
  if (Value known = entryMap.lookupOrNull(value))
    return known;
  Operation *def = value.getDefiningOp();
  if (!isArithmetic(def))
    return failure();
  for (Value operand : def->getOperands())
    if (failed(cloneToEntry(operand)))
      return failure();
  b.setInsertionPoint(entryEnd);
  Operation *clone = b.clone(*def, entryMap);
  (void)clone;
  return entryMap.lookup(value);
}

FailureOr<Value> MemoryPlanner::getBytesAtEntry(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  int64_t known = getElementBytes(type);
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      known *= size;
  b.setInsertionPoint(entryEnd);
  Value bytes = byteConstant(known);
  for (Value size : alloc.getDynamicSizes()) {
    FailureOr<Value> atEntry = cloneToEntry(size);
    if (failed(atEntry)) {
      alloc.emitError(kDataDependentSize);
      return failure();
    }
    b.setInsertionPoint(entryEnd);
    bytes = arith::MulIOp::create(b, loc, bytes, *atEntry);
  }
  Value rounded =
      arith::AddIOp::create(b, loc, bytes, byteConstant(kBufferAlignment - 1));
  return arith::AndIOp::create(b, loc, rounded, byteConstant(-kBufferAlignment))
      .getResult();
}

LogicalResult MemoryPlanner::placeDynamic(int64_t staticBytes) {
  struct Slot {
    SmallVector<Buffer *> buffers;
    Value bytes;
  };
  SmallVector<Slot> slots;
  b.setInsertionPointToStart(&block);
  entryEnd = byteConstant(0).getDefiningOp();
  for (Buffer &buffer : buffers) {
    if (buffer.bytes >= 0)
      continue;
    FailureOr<Value> bytes = getBytesAtEntry(buffer.alloc);
    if (failed(bytes))
      return failure();
    Slot *free = nullptr;
    for (Slot &slot : slots)
      if (llvm::none_of(slot.buffers, [&](Buffer *other) {
            return overlap(buffer, *other);
          })) {
        free = &slot;
        break;
      }
    if (!free) {
      slots.push_back({{}, *bytes});
      free = &slots.back();
    } else {
      b.setInsertionPoint(entryEnd);
      free->bytes = arith::MaxUIOp::create(b, loc, free->bytes, *bytes);
    }
    free->buffers.push_back(&buffer);
  }
  b.setInsertionPoint(entryEnd);
  Value offset = byteConstant(staticBytes);
  for (Slot &slot : slots) {
    for (Buffer *buffer : slot.buffers) {
      memref::AllocOp alloc = buffer->alloc;
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(alloc);
      Value view =
          memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(), arena,
                                 offset, alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }
    offset = arith::AddIOp::create(b, loc, offset, slot.bytes);
  }
  arenaBytes = offset;
  return success();
}

/// A function of the inputs that returns the arena's size and, for each result,
/// its dimensions. The same arithmetic as the program's, without the work.
void MemoryPlanner::buildShapesFunction() {
  SmallVector<Type> inputTypes(
      function.getArgumentTypes().take_front(numInputs));
  IRMapping map;
  SmallVector<Value> results{arenaBytes};
  llvm::append_range(results, resultDims);
  b.setInsertionPoint(function);
  auto shapes = func::FuncOp::create(
      b, loc, kShapesFunctionName,
      b.getFunctionType(inputTypes, ValueRange(results).getTypes()));
  OpBuilder inner = OpBuilder::atBlockEnd(shapes.addEntryBlock());
  for (unsigned i = 0; i < numInputs; ++i)
    map.map(function.getArgument(i), shapes.getArgument(i));
  SetVector<Operation *> needed;
  std::function<void(Value)> need = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (!def || needed.contains(def))
      return;
    for (Value operand : def->getOperands())
      need(operand);
    needed.insert(def);
  };
  for (Value result : results)
    need(result);
  for (cf::AssertOp op : conditions)
    need(op.getArg());
  for (Operation *op : needed)
    inner.clone(*op, map);
  for (cf::AssertOp op : conditions) {
    inner.clone(*op, map);
    op.erase();
  }
  SmallVector<Value> returned;
  for (Value result : results)
    returned.push_back(map.lookup(result));
  func::ReturnOp::create(inner, loc, returned);
}

LogicalResult MemoryPlanner::run() {
  numInputs = function.getNumArguments();
  if (failed(check()) || failed(collectConditions()) || failed(placeResults()))
    return failure();
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  ret->setOperands(ValueRange());
  llvm::BitVector all(function.getNumResults(), true);
  (void)function.eraseResults(all);
  auto bytesType = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
  for (BlockArgument *argument : {&arena, &weights}) {
    (void)function.insertArgument(function.getNumArguments(), bytesType, {},
                                  loc);
    *argument = block.getArguments().back();
  }
  if (failed(placeWeights()))
    return failure();
  collectBuffers();
  int64_t staticBytes = placeStatic();
  if (failed(placeDynamic(staticBytes)))
    return failure();
  buildShapesFunction();
  int64_t separate = 0;
  for (const Buffer &buffer : buffers)
    separate += std::max<int64_t>(buffer.bytes, 0);
  remark::analysis(
      loc, remark::RemarkOpts::name("Arena").category("orchestra-plan-memory"))
      << remark::metric("buffers", buffers.size())
      << remark::metric("bytes", staticBytes)
      << remark::metric("bytes without sharing", separate);
  return success();
}

namespace {
struct PlanMemory : orchestra::impl::PlanMemoryPassBase<PlanMemory> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto function : llvm::to_vector(module.getOps<func::FuncOp>())) {
      if (!function->hasAttr(kEntryAttrName))
        continue;
      if (failed(MemoryPlanner(module, function).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
