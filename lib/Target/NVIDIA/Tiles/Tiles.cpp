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

LogicalResult WindowsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  ArrayRef<int64_t> sizes,
                                  ArrayRef<int64_t> strides,
                                  ArrayRef<int64_t> dilations,
                                  ArrayRef<int64_t> low,
                                  ArrayRef<int64_t> counts, int64_t channels,
                                  int64_t joined) {
  size_t rank = sizes.size();
  if (rank < 1 || rank > 3 || strides.size() != rank ||
      dilations.size() != rank || low.size() != rank || counts.size() != rank)
    return emitError() << "windows need as many sizes, strides, dilations, low "
                          "and counts, from 1 to 3";
  auto isPositive = [](int64_t value) { return value > 0; };
  for (ArrayRef<int64_t> list : {sizes, strides, dilations, counts})
    if (!llvm::all_of(list, isPositive))
      return emitError() << "windows need positive sizes, strides, dilations "
                            "and counts";
  if (channels <= 0)
    return emitError() << "windows need a positive number of channels, but "
                          "have "
                       << channels;
  if (joined <= 0 || (joined > 1 && (sizes.back() != 1 || low.back() != 0)))
    return emitError()
           << "windows of joined pixels have one of them, and begin "
              "in the picture";
  return success();
}

int64_t WindowsAttr::getRows(int64_t batch) const {
  return llvm::product_of(getCounts(), batch);
}

int64_t WindowsAttr::getColumns() const {
  return llvm::product_of(getSizes(), getChannels());
}

SmallVector<int64_t> WindowsAttr::getMapShape(ArrayRef<int64_t> picture) const {
  SmallVector<int64_t> shape(picture);
  if (getJoined() > 1) {
    shape[shape.size() - 2] = getCounts().back();
    shape.back() *= getJoined();
  }
  return shape;
}

SmallVector<int64_t>
WindowsAttr::getMapStrides(ArrayRef<int64_t> picture) const {
  SmallVector<int64_t> strides(picture.size(), 1);
  for (size_t dim = picture.size() - 1; dim > 0; --dim)
    strides[dim - 1] = strides[dim] * picture[dim];
  if (getJoined() > 1)
    strides[picture.size() - 2] *= getStrides().back();
  return strides;
}

SmallVector<int64_t> WindowsAttr::getSteps() const {
  SmallVector<int64_t> steps(getStrides());
  if (getJoined() > 1)
    steps.back() = 1;
  return steps;
}

SmallVector<int64_t> WindowsAttr::getLowerCorner() const {
  return llvm::map_to_vector(getLow(), [](int64_t low) { return -low; });
}

SmallVector<int64_t>
WindowsAttr::getUpperCorner(ArrayRef<int64_t> picture) const {
  SmallVector<int64_t> corner, shape = getMapShape(picture);
  for (auto [size, low, step, count] :
       llvm::zip_equal(ArrayRef<int64_t>(shape).drop_front().drop_back(),
                       getLow(), getSteps(), getCounts()))
    corner.push_back((count - 1) * step + 1 - low - size);
  return corner;
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

LogicalResult Im2colOp::verify() {
  auto picture = cast<RankedTensorType>(getPicture().getType());
  auto matrix = cast<RankedTensorType>(getMatrix().getType());
  WindowsAttr windows = getWindows();
  int64_t rank = windows.getSizes().size();
  if (picture.getRank() != rank + 2)
    return emitOpError("windows of ")
           << rank << " dimensions do not fit a picture of rank "
           << picture.getRank();
  if (windows.getChannels() < picture.getShape().back() * windows.getJoined())
    return emitOpError("windows leave out channels of the picture");
  if (windows.getJoined() > 1 &&
      (windows.getCounts().back() - 1) * windows.getStrides().back() +
              windows.getJoined() >
          picture.getDimSize(rank))
    return emitOpError("windows of joined pixels end outside of the picture");
  SmallVector<int64_t> shape{windows.getRows(picture.getDimSize(0)),
                             windows.getColumns()};
  if (matrix != RankedTensorType::get(shape, picture.getElementType()))
    return emitOpError("makes ")
           << shape[0] << "x" << shape[1] << " elements of "
           << picture.getElementType() << ", not " << matrix;
  return success();
}

/// A row and a column of a matrix of windows.
static LogicalResult verifyWindows(Operation *op, MemRefType buffer,
                                   ValueRange indices, WindowsAttr windows) {
  if (buffer.getRank() != int64_t(windows.getSizes().size()) + 2 ||
      indices.size() != 2)
    return op->emitOpError("windows need a buffer of two dimensions more, and "
                           "two indices");
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
  if (auto windows = getWindowsAttr())
    return verifyWindows(*this, cast<MemRefType>(getSource().getType()),
                         getIndices(), windows);
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
