//===- SpecializeShapes.cpp - Code of its own for shapes that come often --===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_SPECIALIZESHAPESPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

namespace {
/// Sizes of named dimensions.
using HotShape = llvm::MapVector<StringRef, int64_t>;

/// Dimensions of arguments by name.
using NamedDims =
    llvm::MapVector<StringRef, SmallVector<std::pair<BlockArgument, int64_t>>>;
} // namespace

static NamedDims getNamedDims(func::FuncOp entry) {
  NamedDims result;
  for (BlockArgument argument : entry.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto names = entry.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                   kDimNamesAttrName);
    if (!type || !names)
      continue;
    for (auto [dim, each] : llvm::enumerate(names)) {
      auto name = dyn_cast<StringAttr>(each);
      if (name && !name.empty() && int64_t(dim) < type.getRank() &&
          type.isDynamicDim(dim))
        result[name.getValue()].push_back({argument, dim});
    }
  }
  return result;
}

/// "batch=1,seq=128"
static FailureOr<HotShape> parseShape(func::FuncOp entry, StringRef text,
                                      const NamedDims &dims) {
  HotShape result;
  auto wrong = [&](const Twine &why) {
    InFlightDiagnostic error = entry.emitError() << "no code for '" << text
                                                 << "' can be made: " << why
                                                 << " [invalid-hot-shape]";
    error.attachNote() << "the model's named sizes are "
                       << (dims.empty()
                               ? "none"
                               : llvm::join(llvm::make_first_range(dims),
                                            ", "));
    return failure();
  };
  for (StringRef item : llvm::split(text, ',')) {
    auto [name, size] = item.split('=');
    name = name.trim();
    int64_t number = 0;
    if (size.trim().getAsInteger(10, number) || number < 0)
      return wrong("'" + item + "' is not of the form NAME=SIZE");
    if (!dims.contains(name))
      return wrong("no input has a dynamic size '" + name + "'");
    if (!result.insert({name, number}).second)
      return wrong("'" + name + "' is given twice");
  }
  return result;
}

static bool isSameShape(const HotShape &a, const HotShape &b) {
  return a.size() == b.size() && llvm::all_of(a, [&](const auto &entry) {
           auto found = b.find(entry.first);
           return found != b.end() && found->second == entry.second;
         });
}

/// A copy of the model whose inputs have these sizes.
static void addVariant(func::FuncOp entry, const HotShape &shape,
                       const NamedDims &dims, int64_t number) {
  OpBuilder b(entry->getContext());
  b.setInsertionPointAfter(entry);
  auto variant = cast<func::FuncOp>(b.clone(*entry));
  variant.setName((entry.getName() + "_variant" + Twine(number)).str());
  variant.setPrivate();
  Block &block = variant.getBody().front();
  for (auto [name, size] : shape)
    for (auto [argument, dim] : dims.find(name)->second) {
      BlockArgument mine = block.getArgument(argument.getArgNumber());
      auto type = cast<RankedTensorType>(mine.getType());
      SmallVector<int64_t> sizes(type.getShape());
      sizes[dim] = size;
      mine.setType(type.clone(sizes));
    }
  // Only sizes that the model leaves open: the runtime checks the others.
  SmallVector<int64_t> guard;
  b.setInsertionPointToStart(&block);
  for (auto [mine, old] :
       llvm::zip(block.getArguments(), entry.getArgumentTypes())) {
    if (auto general = dyn_cast<RankedTensorType>(old))
      for (auto [dim, size] :
           llvm::enumerate(cast<RankedTensorType>(mine.getType()).getShape()))
        guard.push_back(
            general.isDynamicDim(dim) && !ShapedType::isDynamic(size) ? size
                                                                      : -1);
    if (mine.getType() == old)
      continue;
    // What reads it keeps its type until it is canonicalised.
    auto cast = tensor::CastOp::create(b, mine.getLoc(), old, mine);
    mine.replaceAllUsesExcept(cast, cast);
  }
  variant.setFunctionType(
      b.getFunctionType(block.getArgumentTypes(), entry.getResultTypes()));
  variant->setAttr(kVariantAttrName, b.getI64IntegerAttr(number));
  variant->setAttr(kGuardAttrName, b.getDenseI64ArrayAttr(guard));
}

namespace {
struct SpecializeShapes
    : orchestra::impl::SpecializeShapesPassBase<SpecializeShapes> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (!function->hasAttr(kEntryAttrName) || function.isExternal())
        continue;
      NamedDims dims = getNamedDims(function);
      SmallVector<HotShape> hot;
      for (StringRef text : llvm::split(shapes, ';')) {
        if (text.trim().empty())
          continue;
        FailureOr<HotShape> shape = parseShape(function, text.trim(), dims);
        if (failed(shape))
          return signalPassFailure();
        // The first that fits is taken: a shape given again would never be.
        if (llvm::none_of(hot, [&](const HotShape &other) {
              return isSameShape(*shape, other);
            }))
          hot.push_back(*shape);
      }
      for (auto [number, shape] : llvm::enumerate(hot))
        addVariant(function, shape, dims, number);
    }
  }
};
} // namespace
