//===- MoveData.cpp - Transfers by asynchronous copies --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Three ways, the first that fits:
// - TMA (Hopper on): boxes of 16 x 64 elements, one thread asks, all store. The
//   hardware zeroes what is outside the tensor. Rows must be a multiple of 16
//   bytes apart, of a size known now.
// - cp.async: each thread moves 16 bytes through shared memory; the last one
//   says how many of them are there. For buffers without gaps.
// - Element by element.
// Arguments are taken to start at a multiple of 16 bytes, as the runtime's
// buffers do (ORCH_BUFFER_ALIGNMENT).
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/OrchestraToGPU/CopyKernel.h"
#include "orchestra/Conversion/OrchestraToGPU/TransferLowering.h"

#include "Registration.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace orchestra;

constexpr int64_t kThreads = 128;
constexpr int64_t kCopyBytes = 16;
constexpr int64_t kBoxRows = 16;
constexpr int64_t kBoxColumns = 64;
constexpr int64_t kMaxTensorRank = 5;
/// Nanoseconds a thread may sleep between looks at a barrier.
constexpr int64_t kWaitTicks = 10000000;

static Attribute sharedSpace(MLIRContext *ctx) {
  return gpu::AddressSpaceAttr::get(ctx, gpu::AddressSpace::Workgroup);
}

/// Elements of whole bytes that vectors may hold.
static bool isPlain(Type element) {
  return element.isIntOrFloat() && element.getIntOrFloatBitWidth() % 8 == 0 &&
         kCopyBytes % getElementBytes(element) == 0;
}

/// Whether a tensor map can describe the buffer.
static bool hasTensorMap(MemRefType type) {
  int64_t rank = type.getRank();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (rank < 2 || rank > kMaxTensorRank || !type.hasStaticShape() ||
      type.getNumElements() == 0 || !isPlain(type.getElementType()) ||
      failed(type.getStridesAndOffset(strides, offset)))
    return false;
  int64_t bytes = getElementBytes(type.getElementType());
  if (strides.back() != 1 || ShapedType::isDynamic(offset) ||
      offset * bytes % kCopyBytes != 0)
    return false;
  return llvm::all_of(ArrayRef(strides).drop_back(), [&](int64_t stride) {
    return !ShapedType::isDynamic(stride) && stride * bytes % kCopyBytes == 0;
  });
}

//===----------------------------------------------------------------------===//
// cp.async
//===----------------------------------------------------------------------===//

static void moveByCopies(OpBuilder &builder, Location loc, Value source,
                         Value target) {
  MLIRContext *ctx = builder.getContext();
  source = flatten(builder, loc, source);
  target = flatten(builder, loc, target);
  Type element = cast<MemRefType>(source.getType()).getElementType();
  int64_t chunk = kCopyBytes / getElementBytes(element);
  IndexBuilder index(builder, loc);
  Value work = index.ceilDiv(index.dim(source, 0), kThreads * chunk);
  gpu::LaunchOp kernel = openKernel(builder, loc, work, kThreads);
  Value tile = kernel.addWorkgroupAttribution(
      MemRefType::get({kThreads * chunk}, element, MemRefLayoutAttrInterface(),
                      sharedSpace(ctx)),
      loc);

  Value size = index.dim(source, 0);
  Value each = index.constant(chunk);
  Value slot = index.mul(kernel.getThreadIds().x, each);
  Value step = index.constant(kThreads * chunk);
  Value first = index.add(index.mul(kernel.getBlockIds().x, step), slot);
  auto loop = scf::ForOp::create(builder, loc, first, size,
                                 index.mul(kernel.getGridSize().x, step));
  builder.setInsertionPointToStart(loop.getBody());
  Value at = loop.getInductionVar();
  Value count = index.min(each, index.sub(size, at));
  auto token = nvgpu::DeviceAsyncTokenType::get(ctx);
  Value copy = nvgpu::DeviceAsyncCopyOp::create(
      builder, loc, token, tile, slot, source, at, builder.getIndexAttr(chunk),
      count, /*bypassL1=*/builder.getUnitAttr());
  Value group = nvgpu::DeviceAsyncCreateGroupOp::create(builder, loc, token,
                                                        ValueRange(copy));
  nvgpu::DeviceAsyncWaitOp::create(builder, loc, group,
                                   builder.getI32IntegerAttr(0));
  // A thread reads only what it copied, so no barrier is needed.
  Value whole = builder.createOrFold<arith::CmpIOp>(
      loc, arith::CmpIPredicate::eq, count, each);
  auto branch = scf::IfOp::create(builder, loc, whole, /*withElseRegion=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  auto type = VectorType::get({chunk}, element);
  Value values = vector::LoadOp::create(builder, loc, type, tile, slot);
  vector::StoreOp::create(builder, loc, values, target, at);
  builder.setInsertionPointToStart(branch.elseBlock());
  auto rest = scf::ForOp::create(builder, loc, index.constant(0), count,
                                 index.constant(1));
  builder.setInsertionPointToStart(rest.getBody());
  Value i = rest.getInductionVar();
  Value value = memref::LoadOp::create(builder, loc, tile, index.add(slot, i));
  memref::StoreOp::create(builder, loc, value, target, index.add(at, i));
}

//===----------------------------------------------------------------------===//
// TMA
//===----------------------------------------------------------------------===//

namespace {
/// Emits one kernel that moves boxes.
class BoxMover {
public:
  BoxMover(OpBuilder &builder, Location loc, Value source, Value target)
      : builder(builder), loc(loc), index(builder, loc), source(source),
        target(target), type(cast<MemRefType>(source.getType())),
        rank(type.getRank()) {}

  void move();

private:
  Value createMap();
  void storeBox(Value thread, ArrayRef<Value> corner, Value box);

  OpBuilder &builder;
  Location loc;
  IndexBuilder index;
  Value source, target;
  MemRefType type;
  int64_t rank;
  SmallVector<int64_t> boxShape;
};
} // namespace

Value BoxMover::createMap() {
  boxShape.assign(rank, 1);
  boxShape[rank - 2] = kBoxRows;
  boxShape[rank - 1] = kBoxColumns;
  auto box = MemRefType::get(boxShape, type.getElementType(),
                             MemRefLayoutAttrInterface(),
                             sharedSpace(builder.getContext()));
  auto map = nvgpu::TensorMapDescriptorType::get(
      builder.getContext(), box, nvgpu::TensorMapSwizzleKind::SWIZZLE_NONE,
      nvgpu::TensorMapL2PromoKind::L2PROMO_NONE,
      nvgpu::TensorMapOOBKind::OOB_ZERO,
      nvgpu::TensorMapInterleaveKind::INTERLEAVE_NONE);
  Value unranked = memref::CastOp::create(
      builder, loc,
      UnrankedMemRefType::get(type.getElementType(), type.getMemorySpace()),
      source);
  SmallVector<Value> sizes;
  for (int64_t size : boxShape)
    sizes.push_back(index.constant(size));
  return nvgpu::TmaCreateDescriptorOp::create(builder, loc, map, unranked,
                                              sizes);
}

/// All threads store the elements of a box that are inside the target.
void BoxMover::storeBox(Value thread, ArrayRef<Value> corner, Value box) {
  OpBuilder::InsertionGuard guard(builder);
  auto loop = scf::ForOp::create(builder, loc, thread,
                                 index.constant(kBoxRows * kBoxColumns),
                                 index.constant(kThreads));
  builder.setInsertionPointToStart(loop.getBody());
  auto split = affine::AffineDelinearizeIndexOp::create(
      builder, loc, loop.getInductionVar(),
      ArrayRef<int64_t>{kBoxRows, kBoxColumns});
  Value row = split.getResult(0), column = split.getResult(1);
  SmallVector<Value> from(rank - 2, index.constant(0));
  from.append({row, column});
  SmallVector<Value> to(corner);
  to[rank - 2] = index.add(to[rank - 2], row);
  to[rank - 1] = index.add(to[rank - 1], column);
  Value inside = arith::AndIOp::create(
      builder, loc, index.less(to[rank - 2], index.dim(target, rank - 2)),
      index.less(to[rank - 1], index.dim(target, rank - 1)));
  auto branch = scf::IfOp::create(builder, loc, inside);
  builder.setInsertionPointToStart(branch.thenBlock());
  Value value = memref::LoadOp::create(builder, loc, box, from);
  memref::StoreOp::create(builder, loc, value, target, to);
}

void BoxMover::move() {
  MLIRContext *ctx = builder.getContext();
  Value map = createMap();
  SmallVector<int64_t> tiles;
  int64_t numTiles = 1;
  for (auto [size, box] : llvm::zip_equal(type.getShape(), boxShape)) {
    tiles.push_back(llvm::divideCeil(size, box));
    numTiles *= tiles.back();
  }
  gpu::LaunchOp kernel =
      openKernel(builder, loc, index.constant(numTiles), kThreads);
  Value box = kernel.addWorkgroupAttribution(
      MemRefType::get(boxShape, type.getElementType(),
                      MemRefLayoutAttrInterface(), sharedSpace(ctx)),
      loc);
  auto groupType = nvgpu::MBarrierGroupType::get(ctx, sharedSpace(ctx), 1);
  Value barrier = nvgpu::MBarrierCreateOp::create(builder, loc, groupType);
  Value zero = index.constant(0), one = index.constant(1);
  Value thread = kernel.getThreadIds().x;
  Value leads = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                      thread, zero);
  nvgpu::MBarrierInitOp::create(builder, loc, barrier, one, zero, leads);
  // The copy engine must see the barrier initialised.
  NVVM::FenceProxyOp::create(
      builder, loc,
      NVVM::ProxyKindAttr::get(ctx, NVVM::ProxyKind::async_shared),
      NVVM::SharedSpaceAttr::get(ctx, NVVM::SharedSpace::shared_cta));
  gpu::BarrierOp::create(builder, loc);

  Value even =
      arith::ConstantOp::create(builder, loc, builder.getBoolAttr(false));
  auto loop = scf::ForOp::create(builder, loc, kernel.getBlockIds().x,
                                 index.constant(numTiles),
                                 kernel.getGridSize().x, ValueRange(even));
  builder.setInsertionPointToStart(loop.getBody());
  Value parity = loop.getRegionIterArg(0);
  SmallVector<Value> corner(affine::AffineDelinearizeIndexOp::create(
                                builder, loc, loop.getInductionVar(), tiles)
                                .getResults());
  for (auto [position, size] : llvm::zip_equal(corner, boxShape))
    position = index.mul(position, index.constant(size));
  int64_t bytes =
      kBoxRows * kBoxColumns * getElementBytes(type.getElementType());
  nvgpu::MBarrierArriveExpectTxOp::create(builder, loc, barrier,
                                          index.constant(bytes), zero, leads);
  SmallVector<Value> coordinates(llvm::reverse(corner)); // Fastest first.
  nvgpu::TmaAsyncLoadOp::create(builder, loc, box, barrier, map, coordinates,
                                zero, /*multicastMask=*/Value(), leads);
  nvgpu::MBarrierTryWaitParityOp::create(builder, loc, barrier, parity,
                                         index.constant(kWaitTicks), zero);
  storeBox(thread, corner, box);
  gpu::BarrierOp::create(builder, loc); // Before the next box comes.
  Value on = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
  Value next = arith::XOrIOp::create(builder, loc, parity, on);
  scf::YieldOp::create(builder, loc, next);
}

//===----------------------------------------------------------------------===//
// The lowering
//===----------------------------------------------------------------------===//

namespace {
class NVIDIATransfers : public TransferLowering {
public:
  ArrayRef<StringRef> getArchs() const override {
    static constexpr StringRef archs[] = {"nvidia_ampere", "nvidia_hopper",
                                          "nvidia_blackwell"};
    return archs;
  }

  void loadDialects(MLIRContext &context) const override {
    context.loadDialect<NVVM::NVVMDialect, nvgpu::NVGPUDialect,
                        vector::VectorDialect>();
  }

  void lower(OpBuilder &builder, Location loc, StringRef arch, Value source,
             Value target) const override {
    OpBuilder::InsertionGuard guard(builder);
    auto from = cast<MemRefType>(source.getType());
    auto to = cast<MemRefType>(target.getType());
    if (arch != "nvidia_ampere" && hasTensorMap(from)) {
      BoxMover(builder, loc, source, target).move();
    } else if (isDense(from) && isDense(to) && isPlain(from.getElementType())) {
      moveByCopies(builder, loc, source, target);
    } else {
      IndexBuilder index(builder, loc);
      Value work = index.ceilDiv(index.size(source), kThreads);
      gpu::LaunchOp kernel = openKernel(builder, loc, work, kThreads);
      copyElements(builder, kernel, loc, source, target, index.constant(0));
    }
  }
};
} // namespace

void nvidia::registerTransfers(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, OrchestraDialect *dialect) {
    TransferLowerings::get(*dialect).add(std::make_unique<NVIDIATransfers>());
  });
}
