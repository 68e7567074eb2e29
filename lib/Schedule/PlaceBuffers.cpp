//===- PlaceBuffers.cpp - Where in its arena each buffer is ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffers of known size are placed largest first, each at the lowest offset
// where no buffer that lives at the same time stands (greedy by size, within a
// few percent of optimal on networks, O(n^2)). Buffers of dynamic size follow
// behind them in slots: a slot is as large as the largest of its buffers, whose
// lifetimes are disjoint; its size is computed once, at the program's entry.
//
//===----------------------------------------------------------------------===//
#include "MemoryPlanner.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace orchestra;

void MemoryPlanner::collectBuffers() {
  for (auto alloc : block.getOps<memref::AllocOp>()) {
    Buffer buffer;
    buffer.alloc = alloc;
    if (auto device = alloc->getAttrOfType<IntegerAttr>(kDeviceAttrName))
      buffer.device = device.getInt();
    buffer.life = order.getLifetime(alloc);
    buffer.firstTask = order.getFirstTask(alloc);
    MemRefType type = alloc.getType();
    if (type.hasStaticShape())
      buffer.bytes = alignBytes(type.getNumElements() * getElementBytes(type));
    buffers.push_back(buffer);
  }
}

static bool overlap(const Buffer &a, const Buffer &b) {
  return !a.life.isDisjointFrom(b.life);
}

/// The first task that uses the buffer which ends highest, in program order.
int64_t MemoryPlanner::findFullestTask(int64_t device) const {
  const Buffer *highest = nullptr;
  for (const Buffer &buffer : buffers)
    if (buffer.device == device && buffer.bytes >= 0 &&
        (!highest ||
         buffer.offset + buffer.bytes > highest->offset + highest->bytes))
      highest = &buffer;
  return highest ? highest->firstTask : -1;
}

/// Gives a device's buffers of known size their offsets; returns the bytes that
/// they take.
int64_t MemoryPlanner::placeStatic(int64_t device) {
  SmallVector<Buffer *> largestFirst;
  for (Buffer &buffer : buffers)
    if (buffer.device == device && buffer.bytes >= 0)
      largestFirst.push_back(&buffer);
  llvm::sort(largestFirst, [](Buffer *x, Buffer *y) {
    return x->bytes != y->bytes ? x->bytes > y->bytes : x < y;
  });
  int64_t total = 0;
  SmallVector<Buffer *> placed; // by offset
  for (Buffer *buffer : largestFirst) {
    int64_t offset = 0;
    for (Buffer *other : placed) {
      if (!overlap(*buffer, *other))
        continue;
      if (offset + buffer->bytes <= other->offset)
        break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    buffer->offset = offset;
    total = std::max(total, offset + buffer->bytes);
    placed.insert(llvm::upper_bound(placed, buffer,
                                    [](Buffer *x, Buffer *y) {
                                      return x->offset < y->offset;
                                    }),
                  buffer);
  }
  for (Buffer *buffer : placed) {
    memref::AllocOp alloc = buffer->alloc;
    b.setInsertionPoint(alloc);
    Value offset = byteConstant(buffer->offset);
    Value view = memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(),
                                        arenas[device], offset, ValueRange());
    alloc.replaceAllUsesWith(view);
    alloc.erase();
  }
  return total;
}

/// A copy of the shape arithmetic that makes `value`, at the function's entry.
FailureOr<Value> MemoryPlanner::cloneToEntry(Value value) {
  if (isa<BlockArgument>(value))
    return value;
  if (Value known = entryMap.lookupOrNull(value))
    return known;
  Operation *def = value.getDefiningOp();
  if (!isArithmetic(def))
    return failure();
  for (Value operand : def->getOperands())
    if (failed(cloneToEntry(operand)))
      return failure();
  b.setInsertionPoint(entryEnd);
  Operation *clone = b.clone(*def, entryMap);
  (void)clone;
  return entryMap.lookup(value);
}

FailureOr<Value> MemoryPlanner::getBytesAtEntry(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  int64_t known = getElementBytes(type);
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      known *= size;
  b.setInsertionPoint(entryEnd);
  Value bytes = byteConstant(known);
  for (Value size : alloc.getDynamicSizes()) {
    FailureOr<Value> atEntry = cloneToEntry(size);
    if (failed(atEntry)) {
      alloc.emitError(kDataDependentSize);
      return failure();
    }
    b.setInsertionPoint(entryEnd);
    bytes = arith::MulIOp::create(b, loc, bytes, *atEntry);
  }
  Value rounded =
      arith::AddIOp::create(b, loc, bytes, byteConstant(kBufferAlignment - 1));
  return arith::AndIOp::create(b, loc, rounded, byteConstant(-kBufferAlignment))
      .getResult();
}

LogicalResult MemoryPlanner::placeDynamic(int64_t device, int64_t staticBytes) {
  struct Slot {
    SmallVector<Buffer *> buffers;
    Value bytes;
  };
  SmallVector<Slot> slots;
  if (!entryEnd) {
    b.setInsertionPointToStart(&block);
    entryEnd = byteConstant(0).getDefiningOp();
  }
  for (Buffer &buffer : buffers) {
    if (buffer.device != device || buffer.bytes >= 0)
      continue;
    FailureOr<Value> bytes = getBytesAtEntry(buffer.alloc);
    if (failed(bytes))
      return failure();
    Slot *free = nullptr;
    for (Slot &slot : slots)
      if (llvm::none_of(slot.buffers, [&](Buffer *other) {
            return overlap(buffer, *other);
          })) {
        free = &slot;
        break;
      }
    if (!free) {
      slots.push_back({{}, *bytes});
      free = &slots.back();
    } else {
      b.setInsertionPoint(entryEnd);
      free->bytes = arith::MaxUIOp::create(b, loc, free->bytes, *bytes);
    }
    free->buffers.push_back(&buffer);
  }
  b.setInsertionPoint(entryEnd);
  Value offset = byteConstant(staticBytes);
  for (Slot &slot : slots) {
    for (Buffer *buffer : slot.buffers) {
      memref::AllocOp alloc = buffer->alloc;
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(alloc);
      Value view = memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(),
                                          arenas[device], offset,
                                          alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }
    offset = arith::AddIOp::create(b, loc, offset, slot.bytes);
  }
  arenaBytes.push_back(offset);
  return success();
}
