//===- DeviceMemory.cpp - Host programs whose buffers are a device's ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/HostApi.h"

#include "orchestra/Target/CPU/Passes.h"

#include "orchestra_runtime/format.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace orchestra {
#define GEN_PASS_DEF_CPUDEVICEMEMORYPASS
#include "orchestra/Target/CPU/Passes.h.inc"
} // namespace orchestra

using namespace mlir;
using namespace orchestra;

namespace {
/// Turns what touches buffers in one function into calls of the runtime.
class AccessLowering {
public:
  explicit AccessLowering(func::FuncOp function)
      : function(function), b(function.getContext()),
        exec(function.getArgument(0)) {}

  LogicalResult run();

private:
  LogicalResult lower(memref::CopyOp copy);
  /// A place on the host's stack for one element.
  Value makePlace(Location loc, Type element);
  Value getPlaceAddress(Location loc, Value place) {
    return getAddress(b, loc, place, {});
  }
  Value constant(Location loc, int64_t value) {
    return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
  }

  func::FuncOp function;
  OpBuilder b;
  Value exec;
};
} // namespace

Value AccessLowering::makePlace(Location loc, Type element) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function.getBody().front());
  return memref::AllocaOp::create(b, loc, MemRefType::get({}, element));
}

/// Whether the elements lie one behind the other.
static bool isContiguous(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return false;
  // A dynamic stride is that of the dimensions behind it in what our buffers
  // are cut from, unless a slice along one of those says otherwise.
  int64_t expected = 1;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    int64_t size = type.getDimSize(dim);
    if (size == 1)
      continue;
    if (strides[dim] != expected)
      return false;
    expected = ShapedType::isDynamic(size) || ShapedType::isDynamic(expected)
                   ? ShapedType::kDynamic
                   : expected * size;
  }
  return true;
}

LogicalResult AccessLowering::lower(memref::CopyOp copy) {
  Location loc = copy.getLoc();
  if (!isContiguous(cast<MemRefType>(copy.getSource().getType())) ||
      !isContiguous(cast<MemRefType>(copy.getTarget().getType())))
    return emitError(loc, "the host program copies ")
           << copy.getSource().getType() << " to " << copy.getTarget().getType()
           << ", which a device's queue cannot [unsupported-by-target]";
  b.setInsertionPoint(copy);
  callHostApi(b, loc, exec, offsetof(orch_host_api, move),
              {getAddress(b, loc, copy.getTarget(), {}),
               getAddress(b, loc, copy.getSource(), {}),
               getNumBytes(b, loc, copy.getTarget())});
  copy.erase();
  return success();
}

LogicalResult AccessLowering::run() {
  SmallVector<Operation *> accesses;
  function.walk([&](Operation *op) {
    if (isa<memref::LoadOp, memref::StoreOp, memref::CopyOp>(op))
      accesses.push_back(op);
  });
  for (Operation *op : accesses) {
    Location loc = op->getLoc();
    b.setInsertionPoint(op);
    if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      if (failed(lower(copy)))
        return failure();
    } else if (auto load = dyn_cast<memref::LoadOp>(op)) {
      MemRefType type = load.getMemRefType();
      Value place = makePlace(loc, type.getElementType());
      callHostApi(b, loc, exec, offsetof(orch_host_api, read),
                  {getPlaceAddress(loc, place),
                   getAddress(b, loc, load.getMemRef(), load.getIndices()),
                   constant(loc, getElementBytes(type))});
      Value value = memref::LoadOp::create(b, loc, place, ValueRange());
      load.replaceAllUsesWith(value);
      load.erase();
    } else if (auto store = dyn_cast<memref::StoreOp>(op)) {
      MemRefType type = store.getMemRefType();
      Value place = makePlace(loc, type.getElementType());
      memref::StoreOp::create(b, loc, store.getValue(), place, ValueRange());
      callHostApi(b, loc, exec, offsetof(orch_host_api, write),
                  {getAddress(b, loc, store.getMemRef(), store.getIndices()),
                   getPlaceAddress(loc, place),
                   constant(loc, getElementBytes(type))});
      store.erase();
    }
  }
  return success();
}

namespace {
struct CPUDeviceMemory
    : orchestra::impl::CPUDeviceMemoryPassBase<CPUDeviceMemory> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      bool hasState =
          !function.isExternal() && function.getNumArguments() > 0 &&
          isa<LLVM::LLVMPointerType>(function.getArgument(0).getType());
      if (hasState && failed(AccessLowering(function).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
