//===- Weights.cpp - Constants of StableHLO modules -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/StableHLO/Weights.h"

#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace orchestra;

/// The elements of a resource in the attribute itself; booleans are a byte each
/// in a resource, a bit here.
static DenseElementsAttr embedded(DenseResourceElementsAttr resource) {
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return nullptr;
  ArrayRef<char> bytes = blob->getData();
  ShapedType type = resource.getType();
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> bits;
    for (char byte : bytes)
      bits.push_back(byte != 0);
    return DenseElementsAttr::get(type, ArrayRef<bool>(bits));
  }
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

static void embed(stablehlo::ConstantOp op) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue());
  if (!resource)
    return;
  if (DenseElementsAttr dense = embedded(resource))
    op.setValueAttr(dense);
}

void stablehlo::embedWeights(ModuleOp module) { module.walk(embed); }

std::vector<stablehlo::WeightArgument>
stablehlo::hoistWeights(ModuleOp module, uint64_t minBytes) {
  std::vector<WeightArgument> weights;
  auto entry = module.lookupSymbol<func::FuncOp>("main");
  llvm::StringSet<> names;
  llvm::DenseMap<Attribute, Value> known;
  SmallVector<ConstantOp> constants;
  if (entry)
    llvm::append_range(constants, entry.getOps<ConstantOp>());
  for (ConstantOp op : constants) {
    auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue());
    auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
    ShapedType type = op.getValue().getShapedType();
    uint64_t bytes =
        type.getNumElements() *
        llvm::divideCeil(type.getElementType().getIntOrFloatBitWidth(), 8);
    if (bytes < minBytes || (dense && dense.isSplat()))
      continue;
    Value &argument = known[op.getValue()];
    if (!argument) {
      std::string name = resource ? resource.getRawHandle().getKey().str()
                                  : "constant" + std::to_string(weights.size());
      while (!names.insert(name).second)
        name += "_";
      unsigned index = entry.getNumArguments();
      if (failed(
              entry.insertArgument(index, op.getType(), nullptr, op.getLoc())))
        continue;
      argument = entry.getArgument(index);
      weights.push_back({name, op.getValue()});
    }
    op.getOutput().replaceAllUsesWith(argument);
    op.erase();
  }
  embedWeights(module);
  return weights;
}
