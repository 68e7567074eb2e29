//===- OrchestraToGPU.cpp - Transfers become kernels ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/OrchestraToGPU/CopyKernel.h"
#include "orchestra/Conversion/OrchestraToGPU/TransferLowering.h"
#include "orchestra/Conversion/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"

namespace orchestra {
#define GEN_PASS_DEF_LOWERORCHESTRATOGPUPASS
#include "orchestra/Conversion/Passes.h.inc"
} // namespace orchestra

using namespace mlir;
using namespace orchestra;

//===----------------------------------------------------------------------===//
// Lowerings of targets
//===----------------------------------------------------------------------===//

TransferLowering::~TransferLowering() = default;

TransferLowerings &TransferLowerings::get(OrchestraDialect &dialect) {
  if (!dialect.getRegisteredInterface<TransferLowerings>())
    dialect.addInterfaces<TransferLowerings>();
  // The registry hands out constant interfaces; this one is its owner's to add
  // to, while the dialect loads.
  return *const_cast<TransferLowerings *>(
      dialect.getRegisteredInterface<TransferLowerings>());
}

void TransferLowerings::add(std::unique_ptr<TransferLowering> lowering) {
  lowerings.push_back(std::move(lowering));
}

const TransferLowering *TransferLowerings::find(StringRef arch) const {
  for (const auto &lowering : lowerings)
    if (llvm::is_contained(lowering->getArchs(), arch))
      return lowering.get();
  return nullptr;
}

void TransferLowerings::loadDialects(MLIRContext &context) const {
  for (const auto &lowering : lowerings)
    lowering->loadDialects(context);
}

std::string TransferLowerings::listArchs() const {
  SmallVector<StringRef> archs;
  for (const auto &lowering : lowerings)
    llvm::append_range(archs, lowering->getArchs());
  llvm::sort(archs);
  return llvm::join(archs, ", ");
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Why no kernel can move a value of this type, if none can.
static std::optional<std::string> whyNotMovable(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return isa<TensorType>(type) ? "its value is not in memory yet"
                                 : "its value has no ranked buffer";
  if (!memref.getElementType().isIntOrIndexOrFloat())
    return "its elements are no numbers";
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(memref.getStridesAndOffset(strides, offset)))
    return "its layout has no strides";
  return std::nullopt;
}

/// A new buffer of the transfer's result type on the device, or null if the
/// layout cannot be had. Strides that the type leaves open are chosen so that
/// elements do not overlap.
static Value allocate(OpBuilder &builder, TransferOp transfer) {
  Location loc = transfer.getLoc();
  IndexBuilder index(builder, loc);
  Value source = transfer.getSource();
  auto type = cast<MemRefType>(transfer.getResult().getType());
  auto make = [&](MemRefType dense, ValueRange sizes) {
    return gpu::AllocOp::create(builder, loc, dense, /*asyncToken=*/Type(),
                                ValueRange(), sizes, ValueRange())
        .getMemref();
  };
  if (type.getLayout().isIdentity()) {
    SmallVector<Value> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        sizes.push_back(index.dim(source, dim));
    return make(type, sizes);
  }
  // Padded rows and the like: elements up to the last one, seen through the
  // layout.
  SmallVector<int64_t> known;
  int64_t offset;
  if (failed(type.getStridesAndOffset(known, offset)) ||
      (!ShapedType::isDynamic(offset) && offset < 0) ||
      llvm::any_of(known, [](int64_t stride) {
        return !ShapedType::isDynamic(stride) && stride < 0;
      }))
    return Value();
  OpFoldResult start = builder.getIndexAttr(offset);
  if (ShapedType::isDynamic(offset)) {
    offset = 0;
    start = index.constant(0);
  }
  // The last index of a dimension, also of an empty one.
  auto last = [&](int64_t dim) {
    Value one = index.constant(1);
    return index.sub(index.max(index.dim(source, dim), one), one);
  };
  Value extent = index.constant(1);
  SmallVector<Value> strides(type.getRank());
  for (auto [dim, stride] : llvm::enumerate(known))
    if (!ShapedType::isDynamic(stride)) {
      strides[dim] = index.constant(stride);
      extent = index.add(extent, index.mul(last(dim), strides[dim]));
    }
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim)
    if (!strides[dim]) {
      strides[dim] = extent;
      extent = index.add(extent, index.mul(last(dim), strides[dim]));
    }
  extent = index.add(extent, index.constant(offset));
  std::optional<int64_t> size = getConstantIntValue(extent);
  auto flat = MemRefType::get(
      {size.value_or(ShapedType::kDynamic)}, type.getElementType(),
      MemRefLayoutAttrInterface(), type.getMemorySpace());
  SmallVector<OpFoldResult> sizes, steps;
  for (auto [dim, stride] : llvm::enumerate(strides)) {
    sizes.push_back(getAsOpFoldResult(index.dim(source, dim)));
    // What the type leaves open stays an operand.
    steps.push_back(ShapedType::isDynamic(known[dim])
                        ? OpFoldResult(stride)
                        : getAsOpFoldResult(stride));
  }
  return memref::ReinterpretCastOp::create(
      builder, loc, type, make(flat, size ? ValueRange() : ValueRange(extent)),
      start, sizes, steps);
}

namespace {
struct LowerOrchestraToGPUPass
    : public orchestra::impl::LowerOrchestraToGPUPassBase<
          LowerOrchestraToGPUPass> {
  using Base::Base;

  /// What targets need is known only once the context is.
  LogicalResult initialize(MLIRContext *context) override {
    auto *dialect = context->getOrLoadDialect<OrchestraDialect>();
    lowerings = &TransferLowerings::get(*dialect);
    lowerings->loadDialects(*context);
    return success();
  }

  void runOnOperation() override {
    SmallVector<TransferOp> transfers;
    getOperation().walk(
        [&](TransferOp transfer) { transfers.push_back(transfer); });
    SymbolTableCollection symbols;
    bool failedAny = false;
    for (TransferOp transfer : transfers)
      failedAny |= failed(lower(transfer, symbols));
    if (failedAny)
      signalPassFailure();
  }

private:
  TransferLowerings *lowerings = nullptr;
  LogicalResult lower(TransferOp transfer, SymbolTableCollection &symbols);
  /// The architecture whose device does the work, with its lowering.
  FailureOr<std::pair<StringRef, const TransferLowering *>>
  findLowering(TransferOp transfer, SymbolTableCollection &symbols);
};
} // namespace

FailureOr<std::pair<StringRef, const TransferLowering *>>
LowerOrchestraToGPUPass::findLowering(TransferOp transfer,
                                      SymbolTableCollection &symbols) {
  SmallVector<StringRef> archs;
  // The receiver knows best where its memory is; a sender can write there too.
  for (SymbolRefAttr name : {transfer.getTo(), transfer.getFrom()}) {
    DeviceOp device = lookupDevice(transfer, name, symbols);
    if (!device) {
      InFlightDiagnostic error = emitError(transfer.getLoc(), "transfer to ")
                                 << transfer.getTo() << " from "
                                 << transfer.getFrom()
                                 << " has no topology that says what they are "
                                    "[unknown-device]";
      return failure();
    }
    archs.push_back(device.getArch());
    if (const TransferLowering *lowering = lowerings->find(archs.back()))
      return std::pair(archs.back(), lowering);
  }
  InFlightDiagnostic error =
      emitError(transfer.getLoc(), "no GPU does a transfer from '");
  error << archs[1] << "' to '" << archs[0] << "' [unsupported-by-target]";
  error.attachNote() << "there are transfers by " << lowerings->listArchs();
  return failure();
}

LogicalResult LowerOrchestraToGPUPass::lower(TransferOp transfer,
                                             SymbolTableCollection &symbols) {
  Location loc = transfer.getLoc();
  auto found = findLowering(transfer, symbols);
  if (failed(found))
    return failure();
  for (Type type :
       {transfer.getSource().getType(), transfer.getResult().getType()}) {
    std::optional<std::string> why = whyNotMovable(type);
    if (!why)
      continue;
    InFlightDiagnostic error = emitError(loc, "transfer of ")
                               << type << " to '" << found->first
                               << "' has no lowering "
                                  "[unsupported-by-target]";
    error.attachNote() << *why;
    return failure();
  }
  if (transfer->getParentOfType<gpu::LaunchOp>() ||
      transfer->getParentOfType<gpu::GPUModuleOp>())
    return emitError(loc, "transfer stands in a kernel, which cannot allocate "
                          "its result [unsupported-by-target]");
  OpBuilder builder(transfer);
  Value target = allocate(builder, transfer);
  if (!target)
    return emitError(loc, "result of a transfer cannot be allocated with the "
                          "layout of ")
           << transfer.getResult().getType() << " [unsupported-by-target]";
  auto type = cast<MemRefType>(target.getType());
  bool isEmpty = type.hasStaticShape() && type.getNumElements() == 0;
  if (!isEmpty) // Of other sizes the kernels find out.
    found->second->lower(builder, loc, found->first, transfer.getSource(),
                         target);
  transfer.getResult().replaceAllUsesWith(target);
  transfer.erase();
  return success();
}
