//===- MoveData.cpp - Transfers by block loads and stores -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a subgroup moves tiles of 8 rows by xegpu.load_nd and store_nd. The
//   hardware reads 0 outside the plane and drops writes there, so ragged edges
//   need no code.
// Limits of a plane (SPV_INTEL_2d_block_io): it starts at a multiple of 64
//   bytes, rows have at least 64 bytes and a multiple of 4, and are a multiple
//   of 16 bytes apart. What breaks them is seen as a plane of rows of 1 KB if
//   it has no gaps (the rest, under 1 KB, goes element by element), and is
//   copied element by element otherwise.
// Arguments are taken to start at a multiple of 64 bytes, as the runtime's
//   buffers do (ORCH_BUFFER_ALIGNMENT); the emulator checks that.
//
//===----------------------------------------------------------------------===//
#include "MoveData.h"

#include "orchestra/Conversion/OrchestraToGPU/CopyKernel.h"
#include "orchestra/Conversion/OrchestraToGPU/TransferLowering.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/XeGPU/IR/XeGPU.h"

using namespace mlir;
using namespace orchestra;

namespace {
constexpr int64_t kLanes = 16;
constexpr int64_t kTileRows = 8; // The most that a block store writes.
constexpr int64_t kMinRowBytes = 64;
constexpr int64_t kMaxRowBytes = int64_t(1) << 24;
constexpr int64_t kDenseRowBytes = 1024;

/// A plane of elements as block loads see it.
struct Plane {
  Value base; ///< a memref of rank 2, or an i64
  Value rows, columns, pitch;
  bool isMemRef;
};

/// How an element is moved: as `tile` elements `scale` of which are one.
struct ElementForm {
  Type tile;
  int64_t scale;
  int64_t tileColumns;
  bool isNatural; ///< the tile's element is the memref's
};

ElementForm getForm(Type element) {
  MLIRContext *ctx = element.getContext();
  int64_t bytes = getElementBytes(element);
  bool natural = element.isF32() || element.isF16() || element.isBF16() ||
                 element.isInteger(8) || element.isInteger(16) ||
                 element.isInteger(32);
  if (natural)
    return {element, 1, bytes == 1 ? 2 * kLanes : kLanes, true};
  if (bytes == 8) // There are no blocks of 64 bits without a transpose.
    return {IntegerType::get(ctx, 32), 2, kLanes, false};
  return {IntegerType::get(ctx, bytes * 8), 1, bytes == 1 ? 2 * kLanes : kLanes,
          false};
}

bool isMultiple(int64_t value, int64_t of) {
  return !ShapedType::isDynamic(value) && value % of == 0;
}

/// Whether the rows of the memref are rows that block loads take.
bool hasBlockRows(MemRefType type) {
  int64_t rank = type.getRank();
  int64_t bytes = getElementBytes(type.getElementType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (rank < 2 || failed(type.getStridesAndOffset(strides, offset)))
    return false;
  int64_t columns = type.getDimSize(rank - 1);
  int64_t pitch = strides[rank - 2];
  if (strides.back() != 1 || ShapedType::isDynamic(columns) ||
      ShapedType::isDynamic(pitch))
    return false;
  for (int64_t stride : ArrayRef(strides).drop_back(2))
    if (ShapedType::isDynamic(stride) || !isMultiple(stride * bytes, 64))
      return false;
  return !ShapedType::isDynamic(offset) && isMultiple(offset * bytes, 64) &&
         columns * bytes >= kMinRowBytes && isMultiple(columns * bytes, 4) &&
         isMultiple(pitch * bytes, 16) && pitch >= columns &&
         pitch * bytes <= kMaxRowBytes;
}

/// Emits the code of one kernel.
class Mover {
public:
  Mover(OpBuilder &builder, Location loc, Value source, Value target)
      : builder(builder), loc(loc), index(builder, loc), source(source),
        target(target), type(cast<MemRefType>(source.getType())),
        form(getForm(type.getElementType())),
        bytes(getElementBytes(type.getElementType())) {}

  void moveRows();
  void moveDense();
  void moveElements();

private:
  Value getBase(Value memref, ValueRange leading);
  Plane getPlane(Value memref, ValueRange leading);
  Value createDescriptor(const Plane &plane);
  void moveTiles(gpu::LaunchOp kernel, const Plane &from, const Plane &to);

  OpBuilder &builder;
  Location loc;
  IndexBuilder index;
  Value source, target;
  MemRefType type;
  ElementForm form;
  int64_t bytes;
};
} // namespace

/// The address of the first element with the given leading indices.
Value Mover::getBase(Value memref, ValueRange leading) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  auto view = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  [[maybe_unused]] LogicalResult strided =
      view.getStridesAndOffset(strides, offset);
  auto known = [&](int64_t value, Value dynamic) {
    return ShapedType::isDynamic(value) ? dynamic : index.constant(value);
  };
  Value element = known(offset, metadata.getOffset());
  for (auto [i, position] : llvm::enumerate(leading))
    element = index.add(
        element,
        index.mul(position, known(strides[i], metadata.getStrides()[i])));
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(
      builder, loc, metadata.getBaseBuffer());
  address = index.add(address, index.mul(element, index.constant(bytes)));
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                    address);
}

Plane Mover::getPlane(Value memref, ValueRange leading) {
  auto view = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  [[maybe_unused]] LogicalResult strided =
      view.getStridesAndOffset(strides, offset);
  int64_t rank = view.getRank();
  Plane plane;
  plane.isMemRef = rank == 2 && form.isNatural && view.hasStaticShape();
  plane.base = plane.isMemRef ? memref : getBase(memref, leading);
  plane.rows = index.dim(memref, rank - 2);
  plane.columns =
      index.mul(index.dim(memref, rank - 1), index.constant(form.scale));
  plane.pitch = index.constant(strides[rank - 2] * form.scale);
  return plane;
}

Value Mover::createDescriptor(const Plane &plane) {
  auto tile = xegpu::TensorDescType::get({kTileRows, form.tileColumns},
                                         form.tile, /*array_length=*/1,
                                         /*boundary_check=*/true);
  if (plane.isMemRef)
    return xegpu::CreateNdDescOp::create(
        builder, loc, tile, cast<TypedValue<MemRefType>>(plane.base));
  SmallVector<OpFoldResult> shape{getAsOpFoldResult(plane.rows),
                                  getAsOpFoldResult(plane.columns)};
  SmallVector<OpFoldResult> strides{getAsOpFoldResult(plane.pitch),
                                    builder.getIndexAttr(1)};
  return xegpu::CreateNdDescOp::create(builder, loc, tile, plane.base, shape,
                                       strides);
}

/// Loops over the tiles of a plane, a block every grid-th row of tiles.
void Mover::moveTiles(gpu::LaunchOp kernel, const Plane &from,
                      const Plane &to) {
  OpBuilder::InsertionGuard guard(builder);
  Value tileRows = index.constant(kTileRows);
  auto rows = scf::ForOp::create(
      builder, loc, index.mul(kernel.getBlockIds().x, tileRows), from.rows,
      index.mul(kernel.getGridSize().x, tileRows));
  builder.setInsertionPointToStart(rows.getBody());
  auto columns =
      scf::ForOp::create(builder, loc, index.constant(0), from.columns,
                         index.constant(form.tileColumns));
  builder.setInsertionPointToStart(columns.getBody());
  // Descriptors are pure: licm hoists them where that pays.
  Value load = createDescriptor(from);
  Value store = createDescriptor(to);
  SmallVector<OpFoldResult> offsets{rows.getInductionVar(),
                                    columns.getInductionVar()};
  auto part =
      VectorType::get({kTileRows * form.tileColumns / kLanes}, form.tile);
  Value value = xegpu::LoadNdOp::create(
      builder, loc, part, load, offsets, /*packed=*/nullptr,
      /*transpose=*/nullptr, nullptr, nullptr, nullptr, /*layout=*/nullptr);
  xegpu::StoreNdOp::create(builder, loc, value, store, offsets, nullptr,
                           nullptr, nullptr, /*layout=*/nullptr);
  xegpu::FenceOp::create(builder, loc, xegpu::MemorySpace::Global,
                         xegpu::FenceScope::Workgroup);
}

/// Planes of the two innermost dimensions, one for each index of the others.
void Mover::moveRows() {
  Value tiles = index.ceilDiv(index.dim(source, type.getRank() - 2), kTileRows);
  gpu::LaunchOp kernel = openKernel(builder, loc, tiles, kLanes);
  SmallVector<Value> leading;
  for (int64_t dim = 0; dim < type.getRank() - 2; ++dim) {
    auto loop = scf::ForOp::create(builder, loc, index.constant(0),
                                   index.dim(source, dim), index.constant(1));
    builder.setInsertionPointToStart(loop.getBody());
    leading.push_back(loop.getInductionVar());
  }
  Plane from = getPlane(source, leading), to = getPlane(target, leading);
  moveTiles(kernel, from, to);
}

/// One plane over all elements, then the few that fill no row.
void Mover::moveDense() {
  int64_t rowElements = kDenseRowBytes / bytes;
  Value rows = index.div(index.size(source), rowElements);
  gpu::LaunchOp kernel =
      openKernel(builder, loc, index.ceilDiv(rows, kTileRows), kLanes);
  Value count = index.div(index.size(source), rowElements);
  Value columns = index.constant(rowElements * form.scale);
  Plane from{getBase(source, {}), count, columns, columns, false};
  Plane to{getBase(target, {}), count, columns, columns, false};
  moveTiles(kernel, from, to);
  copyElements(builder, kernel, loc, source, target,
               index.mul(count, index.constant(rowElements)));
}

void Mover::moveElements() {
  gpu::LaunchOp kernel = openKernel(
      builder, loc, index.ceilDiv(index.size(source), kLanes), kLanes);
  copyElements(builder, kernel, loc, source, target, index.constant(0));
}

/// Rows of dense buffers are rows of one plane.
static Value joinRows(OpBuilder &builder, Location loc, Value memref) {
  int64_t rank = cast<MemRefType>(memref.getType()).getRank();
  SmallVector<ReassociationIndices> groups(2);
  groups[0] = llvm::to_vector(llvm::seq<int64_t>(0, rank - 1));
  groups[1] = {rank - 1};
  return memref::CollapseShapeOp::create(builder, loc, memref, groups);
}

namespace {
class IntelTransfers : public TransferLowering {
public:
  ArrayRef<StringRef> getArchs() const override {
    static constexpr StringRef archs[] = {"intel_xe2"};
    return archs;
  }

  void loadDialects(MLIRContext &context) const override {
    context.getOrLoadDialect<xegpu::XeGPUDialect>();
  }

  void lower(OpBuilder &builder, Location loc, StringRef, Value source,
             Value target) const override {
    OpBuilder::InsertionGuard guard(builder);
    auto from = cast<MemRefType>(source.getType());
    auto to = cast<MemRefType>(target.getType());
    bool dense = isDense(from) && isDense(to);
    bool rows = hasBlockRows(from) && hasBlockRows(to);
    // A sub-byte element is a byte in memory, whose other bits nobody knows.
    bool wholeBytes = from.getElementType().isIndex() ||
                      from.getElementTypeBitWidth() % 8 == 0;
    if (wholeBytes && rows && dense && from.getRank() > 2) {
      source = joinRows(builder, loc, source);
      target = joinRows(builder, loc, target);
    }
    Mover mover(builder, loc, source, target);
    if (wholeBytes && rows)
      mover.moveRows();
    else if (wholeBytes && dense)
      mover.moveDense();
    else
      mover.moveElements();
  }
};
} // namespace

void intel::registerTransfers(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, OrchestraDialect *dialect) {
    TransferLowerings::get(*dialect).add(std::make_unique<IntelTransfers>());
  });
}
