//===- HostDevices.cpp - Tasks go into the queues of devices --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each task becomes a function orch_task_<i>(exec, frame), and orch_run calls
// the runtime's table (orchestra_runtime/format.h) in program order: waits, the
// task or a copy, the event. The frame is one structure on the stack of
// orch_run, the descriptors of inputs, results, arenas and weights; tasks find
// everything from there by constant offsets, so that to enqueue a task is one
// call without stores. Numbers that shapes or inputs decide are computed again
// in each task that uses them: cheaper than to pass them.
//
//===----------------------------------------------------------------------===//
#include "HostEntry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace orchestra;

Type HostEntryBuilder::getFrameType(func::FuncOp program) {
  SmallVector<Type> fields;
  for (Type type : program.getArgumentTypes().drop_front(1))
    fields.push_back(converter.convertType(type));
  return LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
}

/// Clones what makes `value`, down to the program's arguments.
static Value cloneFromArguments(OpBuilder &b, Value value, IRMapping &map) {
  if (Value known = map.lookupOrNull(value))
    return known;
  Operation *def = value.getDefiningOp();
  for (Value operand : def->getOperands())
    cloneFromArguments(b, operand, map);
  b.clone(*def, map);
  return map.lookup(value);
}

/// The function of a task. `program` has the execution state as its first
/// argument.
func::FuncOp HostEntryBuilder::buildTask(func::FuncOp program, TaskOp task,
                                         int64_t index) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(
      b, task.getLoc(), "orch_task_" + std::to_string(index),
      b.getFunctionType({pointer, pointer}, {}));
  makeInternal(function);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  IRMapping map;
  map.map(program.getArgument(0), entry->getArgument(0));
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(task.getBody(), captured);
  // Arguments first, in order, whichever op needs them.
  Type frameType = getFrameType(program);
  SetVector<Value> arguments;
  std::function<void(Value)> findArguments = [&](Value value) {
    if (Operation *def = value.getDefiningOp())
      llvm::for_each(def->getOperands(), findArguments);
    else
      arguments.insert(value);
  };
  llvm::for_each(captured, findArguments);
  for (Value value : arguments) {
    auto argument = cast<BlockArgument>(value);
    if (argument.getArgNumber() == 0)
      continue;
    Value address = LLVM::GEPOp::create(
        b, loc, pointer, frameType, entry->getArgument(1),
        ArrayRef<LLVM::GEPArg>{0, int32_t(argument.getArgNumber() - 1)});
    Value descriptor = LLVM::LoadOp::create(
        b, loc, converter.convertType(argument.getType()), address);
    map.map(value, UnrealizedConversionCastOp::create(
                       b, loc, argument.getType(), descriptor)
                       .getResult(0));
  }
  for (Value value : captured)
    cloneFromArguments(b, value, map);
  for (Operation &op : task.getBody().front().without_terminator())
    b.clone(op, map);
  func::ReturnOp::create(b, task.getLoc());
  return function;
}

void HostEntryBuilder::callApi(Value exec, int32_t offset,
                               ArrayRef<Value> operands) {
  Value function =
      loadField(loadField(exec, /*offset=*/0, pointer), offset, pointer);
  SmallVector<Type> types{pointer};
  SmallVector<Value> arguments{function, exec};
  for (Value operand : operands) {
    types.push_back(operand.getType());
    arguments.push_back(operand);
  }
  LLVM::CallOp::create(b, loc,
                       LLVM::LLVMFunctionType::get(
                           LLVM::LLVMVoidType::get(b.getContext()), types),
                       arguments);
}

Value HostEntryBuilder::enqueueTasks(func::FuncOp program,
                                     ArrayRef<Value> arguments) {
  Value exec = arguments.front();
  auto i32 = b.getI32Type();
  auto number = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, loc, i32, value);
  };
  IRMapping map;
  map.map(program.getArguments(), arguments);
  Type frameType = getFrameType(program);
  Value one = LLVM::ConstantOp::create(b, loc, b.getI64Type(), 1);
  Value frame = LLVM::AllocaOp::create(b, loc, pointer, frameType, one);
  for (auto [i, argument] : llvm::enumerate(arguments.drop_front(1))) {
    Value address = LLVM::GEPOp::create(b, loc, pointer, frameType, frame,
                                        ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
    Value descriptor =
        UnrealizedConversionCastOp::create(
            b, loc, converter.convertType(argument.getType()), argument)
            .getResult(0);
    LLVM::StoreOp::create(b, loc, descriptor, address);
  }
  auto addressOf = [&](Value buffer) -> Value {
    Value here = cloneFromArguments(b, buffer, map);
    Value index = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, here);
    Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
    return LLVM::IntToPtrOp::create(b, loc, pointer, wide);
  };
  auto bytesOf = [&](Value buffer) -> Value {
    auto type = cast<MemRefType>(buffer.getType());
    Value here = cloneFromArguments(b, buffer, map);
    Value bytes = arith::ConstantIndexOp::create(
        b, loc, llvm::divideCeil(type.getElementTypeBitWidth(), 8));
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      bytes = arith::MulIOp::create(
          b, loc, bytes, memref::DimOp::create(b, loc, here, dim).getResult());
    return arith::IndexCastOp::create(b, loc, b.getI64Type(), bytes);
  };
  for (auto [index, task] :
       llvm::enumerate(llvm::to_vector(program.getOps<TaskOp>()))) {
    Value device =
        number(task->getAttrOfType<IntegerAttr>(kDeviceAttrName).getInt());
    if (auto waits = task->getAttrOfType<DenseI64ArrayAttr>(kWaitsAttrName))
      for (int64_t event : waits.asArrayRef())
        callApi(exec, kApiWait, {device, number(event)});
    if (task->hasAttr(kCopyAttrName)) {
      auto copy = cast<memref::CopyOp>(task.getBody().front().front());
      callApi(exec, kApiCopy,
              {device, number(index), addressOf(copy.getTarget()),
               addressOf(copy.getSource()), bytesOf(copy.getTarget())});
    } else {
      func::FuncOp function = buildTask(program, task, index);
      Value constant = func::ConstantOp::create(
          b, loc, function.getFunctionType(), function.getSymName());
      Value body = UnrealizedConversionCastOp::create(b, loc, pointer, constant)
                       .getResult(0);
      callApi(exec, kApiLaunch, {device, number(index), body, frame});
    }
    if (auto event = task->getAttrOfType<IntegerAttr>(kEventAttrName))
      callApi(exec, kApiRecord, {device, number(event.getInt())});
  }
  Value finish =
      loadField(loadField(exec, /*offset=*/0, pointer), kApiFinish, pointer);
  SmallVector<Value> operands{finish, exec};
  return LLVM::CallOp::create(
             b, loc, LLVM::LLVMFunctionType::get(i32, {pointer}), operands)
      .getResult();
}
