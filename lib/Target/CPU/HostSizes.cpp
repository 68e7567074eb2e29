//===- HostSizes.cpp - Work before the sizes, calls of the runtime --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// orch_sizes runs within orch_resolve: its buffers come from the runtime, which
// frees them afterwards. When memory or a condition fails, nothing more runs.
//
//===----------------------------------------------------------------------===//
#include "HostEntry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace orchestra;

/// Ends the block before `op` and goes on only if `condition` holds; otherwise
/// the function returns zeros.
static void returnUnless(OpBuilder &b, Location loc, Value condition,
                         Operation *op) {
  Block *block = op->getBlock();
  Block *rest = block->splitBlock(op);
  Block *leave = b.createBlock(block->getParent(), block->getParent()->end());
  SmallVector<Value> zeros;
  auto function = cast<func::FuncOp>(block->getParentOp());
  for (Type type : function.getResultTypes())
    zeros.push_back(arith::ConstantOp::create(b, loc, b.getZeroAttr(type)));
  func::ReturnOp::create(b, loc, zeros);
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, loc, condition, rest, leave);
}

/// Gives the function of computed sizes the execution state and its memory.
void HostEntryBuilder::lowerSizes(func::FuncOp sizes) {
  (void)sizes.insertArgument(0, pointer, {}, loc);
  Value exec = sizes.getArgument(0);
  SmallVector<Operation *> ops;
  sizes.walk([&](Operation *op) {
    if (isa<DispatchOp, cf::AssertOp, memref::AllocOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    b.setInsertionPoint(op);
    if (auto dispatch = dyn_cast<DispatchOp>(op)) {
      callKernel(exec, dispatch);
    } else if (auto condition = dyn_cast<cf::AssertOp>(op)) {
      reportUnless(exec, condition);
      returnUnless(b, loc, condition.getArg(), op);
    } else {
      auto alloc = cast<memref::AllocOp>(op);
      MemRefType type = alloc.getType();
      int64_t known = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
      for (int64_t size : type.getShape())
        if (!ShapedType::isDynamic(size))
          known *= size;
      auto i64 = b.getI64Type();
      Value bytes = LLVM::ConstantOp::create(b, loc, i64, known);
      SmallVector<Value> dims;
      for (Value size : alloc.getDynamicSizes()) {
        dims.push_back(arith::IndexCastOp::create(b, loc, i64, size));
        bytes = LLVM::MulOp::create(b, loc, bytes, dims.back());
      }
      Value hook =
          loadField(loadField(exec, 0, pointer), kApiAllocate, pointer);
      auto signature = LLVM::LLVMFunctionType::get(pointer, {pointer, i64});
      SmallVector<Value> arguments{hook, exec, bytes};
      Value data =
          LLVM::CallOp::create(b, loc, signature, arguments).getResult();
      alloc.replaceAllUsesWith(makeBuffer(type, data, dims));
      Value null = LLVM::ZeroOp::create(b, loc, pointer);
      returnUnless(
          b, loc,
          LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, data, null),
          op);
    }
    op->erase();
  }
}

/// Calls the function of computed sizes and keeps its results for `run`.
void HostEntryBuilder::storeSizes(func::FuncOp sizes, Value exec,
                                  Value inputDims, Value inputs) {
  ArrayRef<Type> types = sizes.getArgumentTypes().drop_front(1);
  SmallVector<Value> arguments{exec};
  llvm::append_range(arguments,
                     makeInputs(types.drop_back(), exec, inputs, inputDims));
  Value most = LLVM::ConstantOp::create(b, loc, b.getI64Type(),
                                        std::numeric_limits<int64_t>::max());
  arguments.push_back(makeBuffer(cast<MemRefType>(types.back()),
                                 loadField(exec, kExecWeights, pointer),
                                 {most}));
  auto call = func::CallOp::create(b, loc, sizes, arguments);
  Value room = loadField(exec, kExecSizes, pointer);
  for (auto [i, value] : llvm::enumerate(call.getResults())) {
    Value address = LLVM::GEPOp::create(b, loc, pointer, b.getI64Type(), room,
                                        ArrayRef<LLVM::GEPArg>{int32_t(i)});
    LLVM::StoreOp::create(b, loc, value, address);
  }
}

/// exec->api->call(exec, "name", operands, count), with the operands' places
/// and sizes in an array on the stack.
void HostEntryBuilder::callHost(Value exec, DispatchOp dispatch) {
  module->setAttr(kCallsHostAttrName, b.getUnitAttr());
  auto i64 = b.getI64Type();
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, loc, i64, value);
  };
  auto store = [&](Value value, Type type, Value base, int64_t index) {
    Value address = LLVM::GEPOp::create(b, loc, pointer, type, base,
                                        ArrayRef<LLVM::GEPArg>{int32_t(index)});
    LLVM::StoreOp::create(b, loc, value, address);
  };
  auto room = [&](int64_t count) -> Value {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(
        &dispatch->getParentOfType<func::FuncOp>().getBody().front());
    return LLVM::AllocaOp::create(b, loc, pointer, i64, constant(count));
  };
  int64_t count = dispatch.getNumOperands();
  Value list = room(3 * std::max<int64_t>(count, 1));
  for (auto [i, operand] : llvm::enumerate(dispatch.getOperands())) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    Value data, dims;
    int64_t rank = 0;
    if (type) {
      MemRefDescriptor descriptor(
          UnrealizedConversionCastOp::create(
              b, loc, TypeRange(converter.convertType(type)), operand)
              .getResult(0));
      data = descriptor.bufferPtr(b, loc, converter, type);
      rank = type.getRank();
      dims = room(std::max<int64_t>(rank, 1));
      for (int64_t dim = 0; dim < rank; ++dim)
        store(descriptor.size(b, loc, dim), i64, dims, dim);
    } else {
      Value wide = operand;
      if (operand.getType().isIndex())
        wide = arith::IndexCastOp::create(b, loc, i64, operand);
      data = dims = room(1);
      LLVM::StoreOp::create(b, loc, wide, data);
    }
    store(data, pointer, list, 3 * i);
    store(dims, pointer, list, 3 * i + 1);
    store(constant(rank), i64, list, 3 * i + 2);
  }
  Value hook = loadField(loadField(exec, 0, pointer), kApiCall, pointer);
  auto signature =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                  {pointer, pointer, pointer, i64});
  StringRef name = dispatch.getKernel().drop_front(kHostFunctionPrefix.size());
  SmallVector<Value> arguments{hook, exec, makeText(name), list,
                               constant(count)};
  LLVM::CallOp::create(b, loc, signature, arguments);
}
