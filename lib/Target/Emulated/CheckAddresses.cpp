//===- CheckAddresses.cpp - Accesses stay inside the item's memory --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Emulation.h"
#include "orchestra/Target/Emulated/Passes.h"

#include "mlir/Interfaces/DataLayoutInterfaces.h"

namespace orchestra::emulated {
#define GEN_PASS_DEF_EMULATEDCHECKADDRESSESPASS
#include "orchestra/Target/Emulated/Passes.h.inc"
} // namespace orchestra::emulated

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

namespace {
class Checker {
public:
  Checker(LLVM::LLVMFuncOp kernel, DataLayout &layout)
      : kernel(kernel), layout(layout) {}

  /// False: an op that touches memory in a way that is not known here.
  bool check(Operation *op) {
    builder.setInsertionPoint(op);
    if (auto load = dyn_cast<LLVM::LoadOp>(op))
      return checkBytes(op, load.getAddr(), load.getType(), false);
    if (auto store = dyn_cast<LLVM::StoreOp>(op))
      return checkBytes(op, store.getAddr(), store.getValue().getType(), true);
    if (auto atomic = dyn_cast<LLVM::AtomicRMWOp>(op))
      return checkBytes(op, atomic.getPtr(), atomic.getType(), true);
    if (auto swap = dyn_cast<LLVM::AtomicCmpXchgOp>(op))
      return checkBytes(op, swap.getPtr(), swap.getVal().getType(), true);
    if (auto load = dyn_cast<LLVM::MaskedLoadOp>(op))
      return checkLanes(op, load.getData(), load.getMask(),
                        load.getRes().getType(), false);
    if (auto store = dyn_cast<LLVM::MaskedStoreOp>(op))
      return checkLanes(op, store.getData(), store.getMask(),
                        store.getValue().getType(), true);
    if (auto gather = dyn_cast<LLVM::masked_gather>(op))
      return checkPointers(op, gather.getPtrs(), gather.getMask(),
                           gather.getRes().getType(), false);
    if (auto scatter = dyn_cast<LLVM::masked_scatter>(op))
      return checkPointers(op, scatter.getPtrs(), scatter.getMask(),
                           scatter.getValue().getType(), true);
    if (auto copy = dyn_cast<LLVM::MemcpyOp>(op)) {
      call(op, copy.getDst(), toI64(op, copy.getLen()), true);
      call(op, copy.getSrc(), toI64(op, copy.getLen()), false);
      return true;
    }
    if (auto set = dyn_cast<LLVM::MemsetOp>(op)) {
      call(op, set.getDst(), toI64(op, set.getLen()), true);
      return true;
    }
    return isa<LLVM::CallOp, LLVM::AllocaOp, LLVM::StackSaveOp,
               LLVM::StackRestoreOp, LLVM::LifetimeStartOp, LLVM::LifetimeEndOp,
               LLVM::FenceOp>(op) ||
           isMemoryEffectFree(op) || op->hasTrait<OpTrait::IsTerminator>();
  }

private:
  Value constant(Operation *op, Type type, int64_t value) {
    return LLVM::ConstantOp::create(builder, op->getLoc(), type, value);
  }

  /// What an access touches: a vector is as long as its elements, although the
  /// layout gives it a power of two.
  int64_t getStoredBytes(Type type) {
    auto vector = dyn_cast<VectorType>(type);
    if (vector && vector.getElementType().isIntOrFloat())
      return llvm::divideCeil(
          vector.getNumElements() * vector.getElementTypeBitWidth(), 8);
    return static_cast<int64_t>(layout.getTypeSize(type).getFixedValue());
  }

  Value toI64(Operation *op, Value length) {
    if (length.getType() == builder.getI64Type())
      return length;
    return LLVM::ZExtOp::create(builder, op->getLoc(), builder.getI64Type(),
                                length);
  }

  void call(Operation *op, Value pointer, Value bytes, bool write) {
    callDevice(builder, op, op->getLoc(), "orch_emulated_check", {},
               {kernel.getArgument(0), pointer, bytes,
                constant(op, builder.getI32Type(), write),
                getPlace(builder, op, op->getLoc())});
  }

  bool checkBytes(Operation *op, Value pointer, Type type, bool write) {
    // What the function itself allocated has no index that is not checked.
    if (pointer.getDefiningOp<LLVM::AllocaOp>() ||
        pointer.getDefiningOp<LLVM::AddressOfOp>())
      return true;
    call(op, pointer, constant(op, builder.getI64Type(), getStoredBytes(type)),
         write);
    return true;
  }

  /// Each lane whose mask is set; the others have no bytes.
  void checkLane(Operation *op, Value pointer, Value mask, int64_t lane,
                 Type element, bool write) {
    Location loc = op->getLoc();
    Type i64 = builder.getI64Type();
    Value bit = LLVM::ExtractElementOp::create(builder, loc, mask,
                                               constant(op, i64, lane));
    Value bytes = LLVM::SelectOp::create(
        builder, loc, bit, constant(op, i64, layout.getTypeSize(element)),
        constant(op, i64, 0));
    call(op, pointer, bytes, write);
  }

  bool checkLanes(Operation *op, Value pointer, Value mask, Type type,
                  bool write) {
    auto vector = dyn_cast<VectorType>(type);
    if (!vector || vector.isScalable())
      return false;
    Type element = vector.getElementType();
    for (int64_t lane = 0; lane < vector.getNumElements(); ++lane) {
      Value address = LLVM::GEPOp::create(
          builder, op->getLoc(), pointer.getType(), element, pointer,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(lane)});
      checkLane(op, address, mask, lane, element, write);
    }
    return true;
  }

  bool checkPointers(Operation *op, Value pointers, Value mask, Type type,
                     bool write) {
    auto vector = dyn_cast<VectorType>(type);
    if (!vector || vector.isScalable())
      return false;
    for (int64_t lane = 0; lane < vector.getNumElements(); ++lane) {
      Value address = LLVM::ExtractElementOp::create(
          builder, op->getLoc(), pointers,
          constant(op, builder.getI64Type(), lane));
      checkLane(op, address, mask, lane, vector.getElementType(), write);
    }
    return true;
  }

  LLVM::LLVMFuncOp kernel;
  DataLayout &layout;
  OpBuilder builder{kernel.getContext()};
};

struct EmulatedCheckAddressesPass
    : public emulated::impl::EmulatedCheckAddressesPassBase<
          EmulatedCheckAddressesPass> {
  using Base::Base;

  void runOnOperation() override {
    DataLayout layout(getOperation());
    bool failedAny = false;
    for (auto kernel : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (!kernel->hasAttr(kDeviceCodeAttrName) || kernel.isExternal())
        continue;
      Checker checker(kernel, layout);
      SmallVector<Operation *> ops;
      kernel.getBody().walk([&](Operation *op) { ops.push_back(op); });
      for (Operation *op : ops) {
        if (checker.check(op))
          continue;
        emitError(op->getLoc(), "the emulation cannot check what the op '")
            << op->getName() << "' touches [unsupported-by-target]";
        failedAny = true;
      }
    }
    if (failedAny)
      signalPassFailure();
  }
};
} // namespace
