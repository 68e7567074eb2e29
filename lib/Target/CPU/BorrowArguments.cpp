//===- BorrowArguments.cpp - Kernels of the host on a device's buffers ----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/HostApi.h"

#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Target/CPU/Passes.h"

#include "orchestra_runtime/format.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace orchestra {
#define GEN_PASS_DEF_CPUBORROWARGUMENTSPASS
#include "orchestra/Target/CPU/Passes.h.inc"
} // namespace orchestra

using namespace mlir;
using namespace orchestra;

/// `memref` with its data at `data`.
static Value moveTo(OpBuilder &b, Location loc, Value memref, Value data) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    sizes.push_back(arith::IndexCastOp::create(
        b, loc, b.getI64Type(),
        memref::DimOp::create(b, loc, memref, dim).getResult()));
  return makeDenseMemRef(b, loc, type, data, sizes);
}

/// Makes `kernel` the inside of a function of its name.
static LogicalResult wrap(func::FuncOp kernel) {
  Location loc = kernel.getLoc();
  auto numOutputs = kernel->getAttrOfType<IntegerAttr>(kNumOutputsAttrName);
  if (!numOutputs)
    return emitError(loc, "which buffers the kernel writes is not known");
  OpBuilder b(kernel);
  std::string name = kernel.getSymName().str();
  auto outside = func::FuncOp::create(b, loc, name, kernel.getFunctionType());
  kernel.setSymName(name + "_host");
  kernel.setPrivate();
  kernel->setAttr("llvm.linkage", LLVM::LinkageAttr::get(
                                      b.getContext(), LLVM::Linkage::Internal));
  b.setInsertionPointToStart(outside.addEntryBlock());
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value exec = outside.getArgument(0);
  struct Borrowed {
    Value memory, copy, bytes;
    bool changed;
  };
  SmallVector<Borrowed> all;
  SmallVector<Value> arguments{exec};
  Value possible = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  unsigned firstOutput = outside.getNumArguments() - numOutputs.getInt();
  for (BlockArgument argument : outside.getArguments().drop_front()) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type) {
      arguments.push_back(argument);
      continue;
    }
    if (!type.getLayout().isIdentity())
      return emitError(loc, "a buffer of type ")
             << type << " cannot come from a device [unsupported-by-target]";
    Borrowed one;
    one.memory = getAddress(b, loc, argument, {});
    one.bytes = getNumBytes(b, loc, argument);
    one.changed = argument.getArgNumber() >= firstOutput;
    one.copy = callHostApi(b, loc, exec, offsetof(orch_host_api, borrow),
                           {one.memory, one.bytes}, pointer);
    Value null = LLVM::ZeroOp::create(b, loc, pointer);
    Value there =
        LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, one.copy, null);
    possible = arith::AndIOp::create(b, loc, possible, there);
    arguments.push_back(moveTo(b, loc, argument, one.copy));
    all.push_back(one);
  }
  auto branch = scf::IfOp::create(b, loc, possible, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    func::CallOp::create(b, loc, kernel, arguments);
  }
  for (const Borrowed &one : all) {
    Value changed =
        arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(one.changed));
    callHostApi(b, loc, exec, offsetof(orch_host_api, give_back),
                {one.memory, one.copy, one.bytes, changed});
  }
  func::ReturnOp::create(b, loc);
  return success();
}

namespace {
struct CPUBorrowArguments
    : orchestra::impl::CPUBorrowArgumentsPassBase<CPUBorrowArguments> {
  using Base::Base;

  void runOnOperation() override {
    for (auto kernel : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!kernel.isExternal() && kernel->hasAttr(kKernelAttrName) &&
          failed(wrap(kernel)))
        return signalPassFailure();
  }
};
} // namespace
