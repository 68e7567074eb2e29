//===- HostProgram.cpp - Host programs on several devices -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/HostProgram.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace orchestra;

static int64_t getVariant(func::FuncOp entry) {
  auto number = entry->getAttrOfType<IntegerAttr>(kVariantAttrName);
  return number ? number.getInt() : -1;
}

SmallVector<func::FuncOp> orchestra::getEntries(ModuleOp host) {
  SmallVector<func::FuncOp> entries;
  for (auto function : host.getOps<func::FuncOp>())
    if (function->hasAttr(kEntryAttrName))
      entries.push_back(function);
  llvm::sort(entries, [](func::FuncOp a, func::FuncOp b) {
    return getVariant(a) < getVariant(b);
  });
  return entries;
}

std::string orchestra::getPartName(StringRef base, func::FuncOp entry) {
  int64_t number = getVariant(entry);
  return number < 0 ? base.str() : (base + "_variant" + Twine(number)).str();
}

TopologyOp orchestra::getDevicesOf(ScheduleOp schedule) {
  SymbolRefAttr name = schedule.getTopologyAttr();
  auto topology =
      name ? SymbolTable::lookupNearestSymbolFrom<TopologyOp>(schedule, name)
           : TopologyOp();
  if (!topology || llvm::range_size(topology.getOps<DeviceOp>()) < 2)
    return TopologyOp();
  return topology;
}

int64_t orchestra::getDeviceIndex(TopologyOp topology, DictionaryAttr target) {
  DeviceOp device = lookupDevice(topology, target);
  for (auto [index, candidate] : llvm::enumerate(topology.getOps<DeviceOp>()))
    if (candidate == device)
      return index;
  return -1;
}

Value orchestra::getRootBuffer(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

OpFoldResult orchestra::getBufferDim(OpBuilder &b, Location loc, Value value,
                                     int64_t dim) {
  auto type = cast<MemRefType>(value.getType());
  if (!type.isDynamicDim(dim))
    return b.getIndexAttr(type.getDimSize(dim));
  Operation *def = value.getDefiningOp();
  if (auto alloc = dyn_cast_or_null<memref::AllocOp>(def))
    return alloc.getMixedSizes()[dim];
  if (auto expand = dyn_cast_or_null<memref::ExpandShapeOp>(def))
    return expand.getMixedOutputShape()[dim];
  if (auto cast = dyn_cast_or_null<memref::CastOp>(def))
    return getBufferDim(b, loc, cast.getSource(), dim);
  if (auto collapse = dyn_cast_or_null<memref::CollapseShapeOp>(def)) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    OpFoldResult product = b.getIndexAttr(1);
    ReassociationIndices sources = collapse.getReassociationIndices()[dim];
    for (int64_t source : sources)
      product = affine::makeComposedFoldedAffineApply(
          b, loc, s0 * s1,
          {product, getBufferDim(b, loc, collapse.getSrc(), source)});
    return product;
  }
  return b.createOrFold<memref::DimOp>(loc, value, dim);
}
