//===- CheckIndices.cpp - Indices stay inside their memref ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Emulation.h"
#include "orchestra/Target/Emulated/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace orchestra::emulated {
#define GEN_PASS_DEF_EMULATEDCHECKINDICESPASS
#include "orchestra/Target/Emulated/Passes.h.inc"
} // namespace orchestra::emulated

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

namespace {
/// What an op touches: from `indices` on, `shape` elements along the trailing
/// dimensions.
struct Access {
  Value memref;
  ValueRange indices;
  SmallVector<int64_t> shape;
  bool write;
};
} // namespace

static std::optional<Access> getAccess(Operation *op) {
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return Access{load.getMemRef(), load.getIndices(), {}, false};
  if (auto store = dyn_cast<memref::StoreOp>(op))
    return Access{store.getMemRef(), store.getIndices(), {}, true};
  if (auto atomic = dyn_cast<memref::AtomicRMWOp>(op))
    return Access{atomic.getMemref(), atomic.getIndices(), {}, true};
  if (auto load = dyn_cast<vector::LoadOp>(op))
    return Access{load.getBase(), load.getIndices(),
                  llvm::to_vector(load.getVectorType().getShape()), false};
  if (auto store = dyn_cast<vector::StoreOp>(op))
    return Access{store.getBase(), store.getIndices(),
                  llvm::to_vector(store.getVectorType().getShape()), true};
  return std::nullopt;
}

static void check(Operation *op, const Access &access) {
  auto type = dyn_cast<MemRefType>(access.memref.getType());
  if (!type || isa<VectorType>(type.getElementType()))
    return; // Its address is checked.
  OpBuilder builder(op);
  Location loc = op->getLoc();
  Type i32 = builder.getI32Type();
  auto number = [&](int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i32, value).getResult();
  };
  int64_t first = type.getRank() - static_cast<int64_t>(access.shape.size());
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    int64_t count = dim < first ? 1 : access.shape[dim - first];
    std::optional<int64_t> index = getConstantIntValue(access.indices[dim]);
    if (index && !type.isDynamicDim(dim) && *index >= 0 &&
        *index + count <= type.getDimSize(dim))
      continue;
    Value size =
        type.isDynamicDim(dim)
            ? memref::DimOp::create(builder, loc, access.memref, dim)
                  .getResult()
            : arith::ConstantIndexOp::create(builder, loc, type.getDimSize(dim))
                  .getResult();
    callDevice(builder, op, loc, "orch_emulated_check_index", {},
               {getItem(op), access.indices[dim],
                arith::ConstantIndexOp::create(builder, loc, count), size,
                number(dim), number(access.write), getPlace(builder, op, loc)});
  }
}

namespace {
struct EmulatedCheckIndicesPass
    : public emulated::impl::EmulatedCheckIndicesPassBase<
          EmulatedCheckIndicesPass> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kDeviceCodeAttrName))
        function.walk([](Operation *op) {
          if (std::optional<Access> access = getAccess(op))
            check(op, *access);
        });
  }
};
} // namespace
