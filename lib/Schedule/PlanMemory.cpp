//===- PlanMemory.cpp - One arena for all buffers of a program ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes the host program take its memory from outside: results and weights are
// arguments, and so is an arena for each device, in which PlaceBuffers.cpp
// finds a place for every buffer.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Passes.h"

#include "MemoryPlanner.h"

#include "orchestra/Schedule/PlannedSchedule.h"

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

/// Whether `op` reads an element of an input, which no program writes.
bool MemoryPlanner::readsInput(Operation *op) const {
  auto load = dyn_cast<memref::LoadOp>(op);
  auto argument =
      load ? dyn_cast<BlockArgument>(getRootBuffer(load.getMemRef())) : nullptr;
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
          b, loc, getBufferDim(b, loc, operand, dim)));
      if (!isShapeArithmetic(resultDims.back()))
        return emitError(getRootBuffer(operand).getLoc(), kDataDependentSize);
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
    Value root = getRootBuffer(operand);
    auto alloc = root.getDefiningOp<memref::AllocOp>();
    // Results are in the host's memory, which is that of device 0.
    auto device = alloc ? alloc->getAttrOfType<IntegerAttr>(kDeviceAttrName)
                        : IntegerAttr();
    bool whole =
        alloc && (!device || device.getInt() == 0) && taken.insert(root).second;
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
  auto collect = [&](memref::GetGlobalOp op) { uses.push_back(op); };
  function.walk(collect);
  if (sizesFunction)
    sizesFunction.walk(collect);
  auto &[offsets, entries, total] = weightPlan;
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
    bool isProgram = use->getParentOfType<func::FuncOp>() == function;
    Value view = memref::ViewOp::create(
        b, use.getLoc(),
        MemRefType::get(type.getShape(), type.getElementType()),
        isProgram ? weights : sizesFunction.getArguments().back(), offset,
        ValueRange());
    if (view.getType() != type)
      view = memref::CastOp::create(b, use.getLoc(), type, view);
    use.replaceAllUsesWith(view);
    use.erase();
  }
  return success();
}

/// A function of the inputs that returns the arena's size and, for each result,
/// its dimensions. The same arithmetic as the program's, without the work.
void MemoryPlanner::buildShapesFunction() {
  SmallVector<Type> inputTypes(
      function.getArgumentTypes().take_front(numInputs));
  IRMapping map;
  SmallVector<Value> results(arenaBytes);
  llvm::append_range(results, resultDims);
  b.setInsertionPoint(function);
  auto shapes = func::FuncOp::create(
      b, loc, getPartName(kShapesFunctionName, function),
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

/// On several devices all work is in tasks: a copy of a result that is none yet
/// becomes one of the host's.
void MemoryPlanner::wrapStrayWork() {
  auto machine = module->getAttrOfType<ArrayAttr>(kDevicesAttrName);
  auto host = cast<DictionaryAttr>(machine[0]);
  auto target = b.getDictionaryAttr(
      {b.getNamedAttr("arch", host.get("arch")),
       b.getNamedAttr("device_id", b.getI64IntegerAttr(0))});
  for (auto copy : llvm::to_vector(block.getOps<memref::CopyOp>())) {
    b.setInsertionPoint(copy);
    auto task = TaskOp::create(b, copy.getLoc(), TypeRange(), target);
    task->setAttr(kDeviceAttrName, b.getI64IntegerAttr(0));
    Block *body = b.createBlock(&task.getBody());
    copy->moveBefore(body, body->end());
    b.setInsertionPointToEnd(body);
    YieldOp::create(b, copy.getLoc());
  }
}

/// Adds what only the plan knows to the list of devices, and lists the tasks.
void MemoryPlanner::describeDevices() {
  auto machine = module->getAttrOfType<ArrayAttr>(kDevicesAttrName);
  SmallVector<int64_t> commands(numDevices, 0);
  SmallVector<Attribute> tasks, devices;
  for (auto task : block.getOps<TaskOp>()) {
    auto device = task->getAttrOfType<IntegerAttr>(kDeviceAttrName);
    auto waits = task->getAttrOfType<DenseI64ArrayAttr>(kWaitsAttrName);
    commands[device.getInt()] +=
        1 + (waits ? waits.size() : 0) + task->hasAttr(kEventAttrName);
    SmallVector<NamedAttribute> entries{
        b.getNamedAttr("copy", b.getBoolAttr(task->hasAttr(kCopyAttrName))),
        b.getNamedAttr("device", device),
        b.getNamedAttr("loc", LocationAttr(task.getLoc()))};
    if (Attribute estimate = task->getAttr(kEstimateAttrName))
      entries.push_back(b.getNamedAttr("estimate", estimate));
    tasks.push_back(b.getDictionaryAttr(entries));
  }
  for (auto [index, entry] : llvm::enumerate(machine)) {
    NamedAttrList entries(cast<DictionaryAttr>(entry));
    entries.set("commands", b.getI64IntegerAttr(commands[index]));
    entries.set("fullest_task", b.getI64IntegerAttr(findFullestTask(index)));
    devices.push_back(entries.getDictionary(b.getContext()));
  }
  module->setAttr(kDevicesAttrName, b.getArrayAttr(devices));
  module->setAttr(kTasksAttrName, b.getArrayAttr(tasks));
  module->setAttr(kNumEventsAttrName,
                  b.getI64IntegerAttr(order.getNumEvents()));
}

LogicalResult MemoryPlanner::run() {
  numInputs = function.getNumArguments();
  auto machine = module->getAttrOfType<ArrayAttr>(kDevicesAttrName);
  if (machine)
    numDevices = machine.size();
  if (failed(check()) || failed(separateSizes()) ||
      failed(collectConditions()) || failed(placeResults()))
    return failure();
  if (machine)
    wrapStrayWork();
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  ret->setOperands(ValueRange());
  llvm::BitVector all(function.getNumResults(), true);
  (void)function.eraseResults(all);
  auto bytesType = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
  auto addArgument = [&] {
    (void)function.insertArgument(function.getNumArguments(), bytesType, {},
                                  loc);
    return block.getArguments().back();
  };
  for (unsigned device = 0; device < numDevices; ++device)
    arenas.push_back(addArgument());
  weights = addArgument();
  if (failed(placeWeights()))
    return failure();
  order.compute(block, numDevices);
  collectBuffers();
  int64_t bytes = 0, separate = 0;
  for (const Buffer &buffer : buffers)
    separate += std::max<int64_t>(buffer.bytes, 0);
  for (unsigned device = 0; device < numDevices; ++device) {
    int64_t staticBytes = placeStatic(device);
    if (failed(placeDynamic(device, staticBytes)))
      return failure();
    bytes += staticBytes;
  }
  buildShapesFunction();
  if (machine)
    describeDevices();
  remark::analysis(
      loc, remark::RemarkOpts::name("Arena").category("orchestra-plan-memory"))
      << remark::metric("buffers", buffers.size())
      << remark::metric("bytes", bytes)
      << remark::metric("bytes without sharing", separate);
  return success();
}

namespace {
struct PlanMemory : orchestra::impl::PlanMemoryPassBase<PlanMemory> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    WeightPlan weights;
    for (func::FuncOp function : getEntries(module))
      if (failed(MemoryPlanner(module, function, weights).run()))
        return signalPassFailure();
    for (auto global :
         llvm::make_early_inc_range(module.getOps<memref::GlobalOp>()))
      global.erase();
    Builder b(&getContext());
    module->setAttr(kWeightsAttrName, b.getArrayAttr(weights.entries));
    module->setAttr(kWeightsSizeAttrName, b.getI64IntegerAttr(weights.bytes));
  }
};
} // namespace
