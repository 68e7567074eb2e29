//===- GeneralizeKernels.cpp - One kernel for many sizes ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: kernels that run once, on constants, and differ in sizes only, become
//   one kernel that reads the sizes from its operands.
// Why: compiling a kernel takes as long as packing some ten megabytes. A
//   network with a hundred shapes of weights would compile a hundred packs.
//
//===----------------------------------------------------------------------===//
#include "KernelShapes.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_GENERALIZEKERNELSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

static RankedTensorType withDynamicDims(RankedTensorType type,
                                        ArrayRef<bool> keep) {
  SmallVector<int64_t> shape(type.getShape());
  for (auto [dim, size] : llvm::enumerate(shape))
    if (keep.empty() || !keep[dim])
      size = ShapedType::kDynamic;
  return RankedTensorType::get(shape, type.getElementType(),
                               type.getEncoding());
}

/// Whether the ops of `kernel` mean the same for other sizes of its arguments,
/// all of which take part.
static bool isGeneral(func::FuncOp kernel) {
  if (kernel.isExternal() || !llvm::hasSingleElement(kernel.getBody()))
    return false;
  return llvm::all_of(
      kernel.getBody().front().without_terminator(), [&](Operation &op) {
        if (auto pack = dyn_cast<linalg::PackOp>(op))
          return !pack.getPaddingValue() && !pack.getStaticInnerTiles().empty() &&
                 !ShapedType::isDynamicShape(pack.getStaticInnerTiles()) &&
                 isa<BlockArgument>(pack.getSource()) &&
                 isa<BlockArgument>(pack.getDest());
        if (auto generic = dyn_cast<linalg::GenericOp>(op))
          return generic.getNumParallelLoops() == generic.getNumLoops() &&
                 llvm::all_of(op.getOperands(), [](Value operand) {
                   return isa<BlockArgument>(operand) ||
                          operand.getDefiningOp<linalg::GenericOp>();
                 });
        return isa<arith::ConstantOp>(op) &&
               !isa<ShapedType>(op.getResult(0).getType());
      });
}

/// Writes an even `pack` as a view and a transpose, whose sizes may be dynamic
/// without a pad that only the sizes could prove empty.
static void replacePack(linalg::PackOp pack) {
  OpBuilder b(pack);
  Location loc = pack.getLoc();
  RankedTensorType source = pack.getSourceType();
  int64_t rank = source.getRank();
  SmallVector<int64_t> outerPerm(pack.getOuterDimsPerm());
  if (outerPerm.empty())
    llvm::append_range(outerPerm, llvm::seq<int64_t>(0, rank));
  // Where dimension d of the source, and its tile, come to lie in the view.
  SmallVector<int64_t> outerAt(rank), innerAt(pack.getInnerDimsPos().size());
  SmallVector<ReassociationIndices> groups(rank);
  SmallVector<int64_t> shape;
  SmallVector<OpFoldResult> sizes;
  for (int64_t dim = 0; dim < rank; ++dim) {
    outerAt[dim] = shape.size();
    groups[dim].push_back(shape.size());
    shape.push_back(ShapedType::kDynamic);
    sizes.push_back(tensor::getMixedSize(
        b, loc, pack.getDest(),
        std::distance(outerPerm.begin(), llvm::find(outerPerm, dim))));
    for (auto [index, position] : llvm::enumerate(pack.getInnerDimsPos())) {
      if (position != dim)
        continue;
      innerAt[index] = shape.size();
      groups[dim].push_back(shape.size());
      shape.push_back(pack.getStaticInnerTiles()[index]);
      sizes.push_back(b.getIndexAttr(shape.back()));
    }
  }
  Value view = tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get(shape, source.getElementType()),
      pack.getSource(), groups, sizes);
  SmallVector<int64_t> permutation;
  for (int64_t dim : outerPerm)
    permutation.push_back(outerAt[dim]);
  llvm::append_range(permutation, innerAt);
  auto transpose =
      linalg::TransposeOp::create(b, loc, view, pack.getDest(), permutation);
  pack.getResult().replaceAllUsesWith(transpose->getResult(0));
  pack.erase();
}

/// `kernel` for any sizes, or nothing if it depends on them.
static OwningOpRef<func::FuncOp> generalize(func::FuncOp kernel) {
  if (!isGeneral(kernel))
    return nullptr;
  OwningOpRef<func::FuncOp> general(kernel.clone());
  Block &block = general->getBody().front();
  auto packs = llvm::to_vector(block.getOps<linalg::PackOp>());
  llvm::DenseMap<Value, SmallVector<bool>> keep;
  for (linalg::PackOp pack : packs) {
    // The tiles are part of what is computed.
    SmallVector<bool> isTile(pack.getDestType().getRank(), false);
    std::fill(isTile.begin() + pack.getSourceRank(), isTile.end(), true);
    keep[pack.getDest()] = isTile;
  }
  for (BlockArgument argument : block.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    SmallVector<bool> kept = keep.lookup(argument);
    // A size of one may be what lets an operand be broadcast, or a window be a
    // point: it stays, unless tiles of it are taken.
    if (kept.empty() && packs.empty())
      for (int64_t size : type.getShape())
        kept.push_back(size == 1);
    argument.setType(withDynamicDims(type, kept));
  }
  for (linalg::PackOp pack : packs)
    replacePack(pack);
  for (auto generic : block.getOps<linalg::GenericOp>())
    for (auto [result, init] :
         llvm::zip(generic.getResults(), generic.getOutputs()))
      result.setType(init.getType());
  general->setFunctionType(
      FunctionType::get(kernel.getContext(), block.getArgumentTypes(),
                        block.getTerminator()->getOperandTypes()));
  return general;
}

namespace {
struct GeneralizeKernels
    : orchestra::impl::GeneralizeKernelsPassBase<GeneralizeKernels> {
  using Base::Base;

  /// What one general kernel replaces.
  struct Family {
    OwningOpRef<func::FuncOp> general;
    SmallVector<func::FuncOp> kernels;
  };

  void runOnOperation() override {
    auto fold = getOperation().lookupSymbol<func::FuncOp>(kFoldFunctionName);
    if (!fold)
      return;
    SymbolTable symbols(getOperation());
    llvm::MapVector<StringAttr, SmallVector<DispatchOp>> calls, elsewhere;
    getOperation().walk([&](DispatchOp dispatch) {
      bool inside = dispatch->getParentOfType<func::FuncOp>() == fold;
      (inside ? calls : elsewhere)[dispatch.getKernelAttr().getAttr()]
          .push_back(dispatch);
    });
    llvm::MapVector<StringAttr, Family> families;
    for (auto &[name, dispatches] : calls) {
      // One that runs often stays as fast as its sizes make it.
      auto kernel = symbols.lookup<func::FuncOp>(name);
      if (!kernel || elsewhere.contains(name) || isHeavy(dispatches))
        continue;
      OwningOpRef<func::FuncOp> general = generalize(kernel);
      if (!general)
        continue;
      Family &family = families[StringAttr::get(&getContext(),
                                                getKernelName(*general, salt))];
      family.kernels.push_back(kernel);
      family.general = std::move(general);
    }
    for (auto &[name, family] : families) {
      if (family.kernels.size() < 2)
        continue;
      func::FuncOp general = family.general.release();
      general.setSymNameAttr(name);
      symbols.insert(general);
      for (func::FuncOp kernel : family.kernels) {
        for (DispatchOp dispatch : calls[kernel.getSymNameAttr()])
          dispatch.setKernelAttr(FlatSymbolRefAttr::get(name));
        symbols.erase(kernel);
      }
    }
  }

  /// Whether so much goes through a kernel that known sizes save more time than
  /// compiling it takes.
  bool isHeavy(ArrayRef<DispatchOp> dispatches) {
    double bytes = 0;
    for (DispatchOp dispatch : dispatches)
      bytes += countBytes(dispatch.getOutputs()).value_or(0);
    return bytes > double(maxBytes);
  }
};
} // namespace
