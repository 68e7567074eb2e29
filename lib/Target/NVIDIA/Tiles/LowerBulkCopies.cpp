//===- LowerBulkCopies.cpp - Copies of tiles by the copy engine -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile is copied panel by panel: a tensor map's box may be no wider than what
// it swizzles over. One map in three dimensions could fetch all panels at once,
// but would read past the end of rows that are no multiple of a panel.
//
// A tile of windows is copied by a map of its own kind ("im2col" in the PTX
// ISA): it says where windows begin, a coordinate which window comes first, an
// offset which pixel of each window is meant.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIALOWERBULKCOPIESPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// The most elements of a box in a dimension.
static constexpr int64_t kMaxBox = 256;

namespace {
/// Lowers the copies of one kernel; maps are shared by equal boxes.
class Copies {
public:
  explicit Copies(func::FuncOp kernel) : builder(kernel.getContext()) {
    entry = &kernel.getBody().front();
  }

  void lower(CopyOp op);
  void lower(BulkStoreOp op);

private:
  void copyWindows(CopyOp op, int64_t row, int64_t column, int64_t rows,
                   Value place, Value barrier);
  Value getMap(Value buffer, ArrayRef<int64_t> box, WindowsAttr windows);
  /// `dims`: those of the buffer that rows and columns run along.
  Value getMap(Value buffer, std::pair<int64_t, int64_t> dims, int64_t rows,
               int64_t columns) {
    // One of each other dimension.
    SmallVector<int64_t> box(cast<MemRefType>(buffer.getType()).getRank(), 1);
    box[dims.first] = rows;
    box[dims.second] = columns;
    return getMap(buffer, box, nullptr);
  }
  /// Coordinates of a map, the fastest first.
  SmallVector<Value> getCoordinates(Location loc, ValueRange indices,
                                    std::pair<int64_t, int64_t> dims,
                                    int64_t row, int64_t column) {
    SmallVector<Value> coordinates;
    for (int64_t dim = indices.size(); dim-- > 0;) {
      Value value = indices[dim];
      int64_t offset = dim == dims.second  ? column
                       : dim == dims.first ? row
                                           : 0;
      if (offset != 0)
        value = arith::AddIOp::create(
            builder, loc, value,
            arith::ConstantIndexOp::create(builder, loc, offset));
      coordinates.push_back(arith::IndexCastOp::create(
          builder, loc, builder.getI32Type(), value));
    }
    return coordinates;
  }

  OpBuilder builder;
  Block *entry;
  DenseMap<std::tuple<Value, Attribute, Attribute>, Value> maps;
};
} // namespace

Value Copies::getMap(Value buffer, ArrayRef<int64_t> box, WindowsAttr windows) {
  auto boxAttr = builder.getDenseI64ArrayAttr(box);
  Value &map = maps[{buffer, boxAttr, windows}];
  if (!map) {
    OpBuilder::InsertionGuard guard(builder);
    if (Operation *made = buffer.getDefiningOp())
      builder.setInsertionPointAfter(made);
    else
      builder.setInsertionPointToStart(entry);
    map = TensorMapOp::create(builder, buffer.getLoc(),
                              LLVM::LLVMPointerType::get(builder.getContext()),
                              buffer, boxAttr, windows);
  }
  return map;
}

/// Copies a panel of the tile: `rows` windows, channels of one of their pixels.
void Copies::copyWindows(CopyOp op, int64_t row, int64_t column, int64_t rows,
                         Value place, Value barrier) {
  Location loc = op.getLoc();
  WindowsAttr windows = op.getWindowsAttr();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto add = [&](Value value, int64_t more) -> Value {
    return more == 0
               ? value
               : arith::AddIOp::create(builder, loc, value, constant(more))
                     .getResult();
  };
  /// Takes the fastest of the numbers that `value` counts from it.
  auto split = [&](Value &value, int64_t size) -> Value {
    if (size == 1)
      return constant(0);
    Value rest = arith::RemUIOp::create(builder, loc, value, constant(size));
    value = arith::DivUIOp::create(builder, loc, value, constant(size));
    return rest;
  };
  auto narrow = [&](Value value, unsigned bits) -> Value {
    return arith::IndexCastOp::create(builder, loc,
                                      builder.getIntegerType(bits), value);
  };
  Value window = add(op.getIndices()[0], row);
  Value pixel = add(op.getIndices()[1], column);
  SmallVector<Value> coordinates, offsets;
  SmallVector<int64_t> steps = windows.getSteps();
  coordinates.push_back(narrow(split(pixel, windows.getChannels()), 32));
  for (size_t dim = windows.getSizes().size(); dim-- > 0;) {
    Value at = split(window, windows.getCounts()[dim]);
    at = arith::MulIOp::create(builder, loc, at, constant(steps[dim]));
    coordinates.push_back(narrow(add(at, -windows.getLow()[dim]), 32));
    Value offset = split(pixel, windows.getSizes()[dim]);
    offset = arith::MulIOp::create(builder, loc, offset,
                                   constant(windows.getDilations()[dim]));
    offsets.push_back(narrow(offset, 16));
  }
  coordinates.push_back(narrow(window, 32));
  auto tile = cast<MemRefType>(op.getTile().getType());
  Value map = getMap(op.getSource(),
                     {rows, getPanelColumns(tile.getElementType())}, windows);
  NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
      builder, loc, place, map, coordinates, barrier, offsets,
      /*multicastMask=*/Value(), /*l2CacheHint=*/Value(),
      NVVM::TMALoadMode::IM2COL, /*isCTAOnly=*/false, /*group=*/nullptr,
      /*predicate=*/Value());
}

void Copies::lower(CopyOp op) {
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  MLIRContext *ctx = op.getContext();
  auto tile = cast<MemRefType>(op.getTile().getType());
  int64_t rows = tile.getDimSize(0), columns = tile.getDimSize(1);
  int64_t panel = getPanelColumns(tile.getElementType());
  int64_t boxRows = std::min(rows, kMaxBox);
  std::pair<int64_t, int64_t> dims =
      getTileDims(op.getDims(), op.getIndices().size());
  WindowsAttr windows = op.getWindowsAttr();
  Value map = windows ? Value() : getMap(op.getSource(), dims, boxRows, panel);
  Value barrier =
      BarrierOp::create(builder, loc, LLVM::LLVMPointerType::get(ctx, 3),
                        op.getChannel(), op.getNumber());
  Value address = AddressOp::create(
      builder, loc, LLVM::LLVMPointerType::get(ctx, 3), op.getTile());
  for (int64_t column = 0; column < columns; column += panel)
    for (int64_t row = 0; row < rows; row += boxRows) {
      int64_t offset = (column / panel * rows + row) * kPanelBytes;
      Value place = LLVM::GEPOp::create(
          builder, loc, address.getType(), builder.getI8Type(), address,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
      place = LLVM::AddrSpaceCastOp::create(
          builder, loc, LLVM::LLVMPointerType::get(ctx, 7), place);
      if (windows) {
        copyWindows(op, row, column, boxRows, place, barrier);
        continue;
      }
      NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
          builder, loc, place, map,
          getCoordinates(loc, op.getIndices(), dims, row, column), barrier,
          /*im2colOffsets=*/ValueRange(), /*multicastMask=*/Value(),
          /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE,
          /*isCTAOnly=*/false, /*group=*/nullptr, /*predicate=*/Value());
    }
  op.erase();
}

void Copies::lower(BulkStoreOp op) {
  builder.setInsertionPoint(op);
  std::pair<int64_t, int64_t> dims =
      getTileDims(op.getDims(), op.getIndices().size());
  NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp::create(
      builder, op.getLoc(),
      getMap(op.getTarget(), dims, op.getRows(), op.getColumns()), op.getTile(),
      getCoordinates(op.getLoc(), op.getIndices(), dims, 0, 0),
      /*l2CacheHint=*/Value(), NVVM::TMAStoreMode::TILE, /*predicate=*/Value());
  op.erase();
}

namespace {
struct NVIDIALowerBulkCopiesPass
    : public nvidia::impl::NVIDIALowerBulkCopiesPassBase<
          NVIDIALowerBulkCopiesPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kPolicyAttrName) || kernel.isExternal())
      return;
    Copies copies(kernel);
    SmallVector<Operation *> ops;
    kernel.walk([&](Operation *op) {
      if (isa<CopyOp, BulkStoreOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (auto copy = dyn_cast<CopyOp>(op))
        copies.lower(copy);
      else
        copies.lower(cast<BulkStoreOp>(op));
    }
  }
};
} // namespace
