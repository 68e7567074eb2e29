//===- Tiles.cpp - Device programs on tiles -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

#include "orchestra/Target/NVIDIA/TilesDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "orchestra/Target/NVIDIA/TilesAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "orchestra/Target/NVIDIA/TilesTypes.cpp.inc"

#define GET_OP_CLASSES
#include "orchestra/Target/NVIDIA/TilesOps.cpp.inc"

void NVTileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "orchestra/Target/NVIDIA/TilesAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "orchestra/Target/NVIDIA/TilesTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "orchestra/Target/NVIDIA/TilesOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

bool nvtile::isSharedTile(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref || memref.getRank() != 2)
    return false;
  auto space = dyn_cast_or_null<gpu::AddressSpaceAttr>(memref.getMemorySpace());
  return space && space.getValue() == gpu::AddressSpace::Workgroup;
}

int64_t nvtile::getTileBytes(MemRefType type) {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

int64_t nvtile::getPanelColumns(Type element) {
  return kPanelBytes * 8 / element.getIntOrFloatBitWidth();
}

MemRefType nvtile::getSharedTile(ArrayRef<int64_t> shape, Type element) {
  auto space = gpu::AddressSpaceAttr::get(element.getContext(),
                                          gpu::AddressSpace::Workgroup);
  return MemRefType::get(shape, element, MemRefLayoutAttrInterface(), space);
}

std::pair<int64_t, int64_t>
nvtile::getTileDims(std::optional<ArrayRef<int64_t>> dims, int64_t rank) {
  if (dims)
    return {(*dims)[0], (*dims)[1]};
  return {rank - 2, rank - 1};
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

LogicalResult PolicyAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t stages, int64_t consumers,
                                 int64_t group, int64_t blocks,
                                 int64_t storeBytes, bool reversed,
                                 int64_t split, bool overlap) {
  auto isPositive = [&](StringRef name, int64_t value) -> LogicalResult {
    if (value > 0)
      return success();
    return emitError() << name << " must be positive, but is " << value;
  };
  if (failed(isPositive("stages", stages)) ||
      failed(isPositive("consumers", consumers)) ||
      failed(isPositive("group", group)) ||
      failed(isPositive("blocks", blocks)) ||
      failed(isPositive("split", split)))
    return failure();
  if (split > kMaxCluster)
    return emitError() << "split must be at most " << kMaxCluster << ", but is "
                       << split;
  if (storeBytes <= 0 || storeBytes % kPanelBytes != 0)
    return emitError() << "store_bytes must be a multiple of " << kPanelBytes
                       << ", but is " << storeBytes;
  return success();
}

LogicalResult ChannelType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t stages, ArrayRef<Type> tiles) {
  if (stages <= 0)
    return emitError() << "a channel needs a stage, but has " << stages;
  for (Type tile : tiles)
    if (!isSharedTile(tile))
      return emitError() << tile << " is no tile in shared memory";
  return success();
}

/// A tile runs along two dimensions, in the buffer's order.
static LogicalResult verifyDims(Operation *op, MemRefType buffer,
                                std::optional<ArrayRef<int64_t>> dims) {
  if (!dims)
    return buffer.getRank() >= 2 ? success()
                                 : op->emitOpError("needs a buffer of two "
                                                   "dimensions at least");
  if (dims->size() != 2 || (*dims)[0] < 0 || (*dims)[0] >= (*dims)[1] ||
      (*dims)[1] >= buffer.getRank())
    return op->emitOpError("dims must be two of the ")
           << buffer.getRank() << " dimensions of the buffer, in order";
  return success();
}

/// One index per dimension of the buffer, whose elements are the tile's.
static LogicalResult verifyAccess(Operation *op, MemRefType buffer,
                                  ValueRange indices, Type element) {
  if (int64_t(indices.size()) != buffer.getRank())
    return op->emitOpError("needs an index for each of the ")
           << buffer.getRank() << " dimensions, but has " << indices.size();
  if (buffer.getElementType() != element)
    return op->emitOpError("accesses elements of ")
           << buffer.getElementType() << " as " << element;
  return success();
}

LogicalResult LoadOp::verify() {
  auto tile = cast<MemRefType>(getTile().getType());
  if (!isSharedTile(tile))
    return emitOpError() << tile << " is no tile in shared memory";
  if (getPanelColumns(tile.getElementType()) > tile.getDimSize(1) ||
      tile.getDimSize(1) % getPanelColumns(tile.getElementType()) != 0)
    return emitOpError("rows of ")
           << tile << " are not made of panels of " << kPanelBytes << " bytes";
  if (failed(verifyDims(*this, cast<MemRefType>(getSource().getType()),
                        getDims())))
    return failure();
  return verifyAccess(*this, cast<MemRefType>(getSource().getType()),
                      getIndices(), tile.getElementType());
}

LogicalResult ReadOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  if (getMap().getNumDims() != 2 ||
      int64_t(getMap().getNumResults()) != source.getRank() ||
      !getMap().isProjectedPermutation(/*allowZeroInResults=*/true))
    return emitOpError("map must choose of two dimensions one for each of the ")
           << source.getRank() << " of the buffer";
  return verifyAccess(*this, source, getIndices(),
                      getFragment().getType().getElementType());
}

LogicalResult RepeatOp::verify() {
  auto rows = cast<VectorType>(getRows().getType());
  auto tile = cast<VectorType>(getFragment().getType());
  if (rows.getElementType() != tile.getElementType() ||
      rows.getDimSize(0) != tile.getDimSize(0))
    return emitOpError() << rows << " has no number for each row of " << tile;
  return success();
}

LogicalResult SumClusterOp::verify() {
  VectorType tile = getTile().getType(), part = getPart().getType();
  if (tile.getElementType() != part.getElementType() ||
      tile.getDimSize(0) != part.getDimSize(0) ||
      tile.getDimSize(1) % part.getDimSize(1) != 0)
    return emitOpError() << part << " is no part of the columns of " << tile;
  return success();
}

LogicalResult StoreOp::verify() {
  if (failed(verifyDims(*this, cast<MemRefType>(getTarget().getType()),
                        getDims())))
    return failure();
  return verifyAccess(*this, cast<MemRefType>(getTarget().getType()),
                      getIndices(), getValue().getType().getElementType());
}

LogicalResult MmaOp::verify() {
  auto a = cast<ShapedType>(getA().getType());
  auto b = cast<MemRefType>(getB().getType());
  VectorType c = getAccumulator().getType();
  bool inRegisters = isa<VectorType>(a);
  if (!(inRegisters || isSharedTile(a)) || !isSharedTile(b))
    return emitOpError("multiplies tiles in shared memory, the first one also "
                       "in registers");
  if (inRegisters && getTransposeA())
    return emitOpError("cannot transpose a tile in registers");
  if (a.getElementType() != b.getElementType())
    return emitOpError("multiplies ")
           << a.getElementType() << " by " << b.getElementType();
  int64_t m = a.getDimSize(getTransposeA()), k = a.getDimSize(!getTransposeA());
  int64_t n = b.getDimSize(!getTransposeB()),
          k2 = b.getDimSize(getTransposeB());
  if (k != k2 || c.getDimSize(0) != m || c.getDimSize(1) != n)
    return emitOpError("shapes do not agree: ")
           << m << "x" << k << " times " << k2 << "x" << n << " gives no "
           << c.getDimSize(0) << "x" << c.getDimSize(1);
  return success();
}

static LogicalResult verifySlots(Operation *op, ChannelType channel,
                                 TypeRange tiles) {
  if (!llvm::equal(channel.getTiles(), tiles))
    return op->emitOpError("must give the tiles of ") << channel;
  return success();
}

LogicalResult AcquireOp::verify() {
  return verifySlots(*this, getChannel().getType(), getTiles().getTypes());
}

LogicalResult AwaitOp::verify() {
  return verifySlots(*this, getChannel().getType(), getTiles().getTypes());
}
