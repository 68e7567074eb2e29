//===- LendArguments.cpp - Kernels as a host program calls them -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A host program keeps its values in an arena that the emulated device knows
// nothing of. So each call lends exactly the bytes of its arguments: a kernel
// that leaves one buffer for its neighbour in the arena is found as well.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Emulation.h"
#include "orchestra/Target/Emulated/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace orchestra::emulated {
#define GEN_PASS_DEF_EMULATEDLENDARGUMENTSPASS
#include "orchestra/Target/Emulated/Passes.h.inc"
} // namespace orchestra::emulated

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

/// Bytes of a dense memref, as an index.
static Value getNumBytes(OpBuilder &builder, Location loc, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  Value bytes = arith::ConstantIndexOp::create(
      builder, loc, getElementBytes(type.getElementType()));
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    bytes = arith::MulIOp::create(
        builder, loc, bytes,
        memref::DimOp::create(builder, loc, memref, dim).getResult());
  return bytes;
}

static LogicalResult lendArguments(func::FuncOp function) {
  Location loc = function.getLoc();
  for (Type type : function.getArgumentTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (memref && !memref.getLayout().isIdentity())
      return emitError(loc, "a buffer of type ")
             << type << " cannot be lent to a device [unsupported-by-target]";
  }
  auto pointer = LLVM::LLVMPointerType::get(function.getContext());
  if (failed(function.insertArgument(0, pointer, DictionaryAttr(), loc)))
    return failure();
  Value exec = function.getArgument(0);
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  callDevice(builder, function, loc, "orch_emulated_begin", {}, {});
  auto lend = [&](Value memref) {
    auto type = dyn_cast<MemRefType>(memref.getType());
    if (!type)
      return;
    SmallVector<Value> zeros(type.getRank(),
                             arith::ConstantIndexOp::create(builder, loc, 0));
    callDevice(builder, function, loc, "orch_emulated_lend", {},
               {getPointer(builder, loc, memref, zeros),
                getNumBytes(builder, loc, memref)});
  };
  for (Value argument : function.getArguments().drop_front())
    lend(argument);
  function.walk([&](memref::AllocOp temporary) {
    builder.setInsertionPointAfter(temporary);
    lend(temporary);
  });
  function.walk([&](func::ReturnOp end) {
    builder.setInsertionPoint(end);
    callDevice(builder, function, loc, "orch_emulated_end", {}, {exec});
  });
  return success();
}

namespace {
struct EmulatedLendArgumentsPass
    : public emulated::impl::EmulatedLendArgumentsPassBase<
          EmulatedLendArgumentsPass> {
  using Base::Base;

  void runOnOperation() override {
    bool failedAny = false;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && !function->hasAttr(kDeviceCodeAttrName))
        failedAny |= failed(lendArguments(function));
    if (failedAny)
      signalPassFailure();
  }
};
} // namespace
