//===- SliceEpilogue.cpp - Results a slice of columns at a time -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile's accumulators fill half of the registers. What an epilogue reads and
// computes would fill the other half and spill, were it done on the whole tile;
// done on the columns that are stored together, it needs a part of that, and
// the stores of one slice run while the next one is computed.
//
//===----------------------------------------------------------------------===//
#include "Slicer.h"

#include "orchestra/Target/NVIDIA/Passes.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIASLICEEPILOGUEPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// Splits a store into those of slices of `width` columns.
static void split(StoreOp op, int64_t width) {
  OpBuilder builder(op);
  int64_t columns = op.getValue().getType().getDimSize(1);
  for (int64_t from = 0; from < columns; from += width) {
    Slicer slicer(builder, builder.getIndexAttr(from), width);
    storeSlice(builder, op, slicer);
  }
  // What only the whole store used.
  Value whole = op.getValue();
  op.erase();
  eraseUnused(whole);
}

namespace {
struct NVIDIASliceEpiloguePass
    : public nvidia::impl::NVIDIASliceEpiloguePassBase<
          NVIDIASliceEpiloguePass> {
  using Base::Base;

  void runOnOperation() override {
    auto policy = getOperation()->getAttrOfType<PolicyAttr>(kPolicyAttrName);
    if (!policy)
      return;
    SmallVector<StoreOp> stores;
    getOperation().walk([&](StoreOp op) { stores.push_back(op); });
    for (StoreOp op : stores) {
      VectorType type = op.getValue().getType();
      int64_t width =
          policy.getStoreBytes() * 8 / type.getElementTypeBitWidth();
      if (width < type.getDimSize(1) && type.getDimSize(1) % width == 0)
        split(op, width);
    }
  }
};
} // namespace
