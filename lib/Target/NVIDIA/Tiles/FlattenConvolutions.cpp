//===- FlattenConvolutions.cpp - Convolutions as products of matrices -----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pixels of the result are rows, and what a window covers is the reduction: the
// picture is read as nvtile.im2col says, and nothing is copied for it. A
// convolution of one pixel, or a product of more dimensions, needs no windows:
// its rows are the picture's own.
//
//===----------------------------------------------------------------------===//
#include "ConvolutionKernel.h"
#include "MatmulKernel.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAFLATTENCONVOLUTIONSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

namespace {
/// Rewrites a kernel in place.
class Flattener {
public:
  Flattener(func::FuncOp function, const Convolution &conv)
      : function(function), conv(conv), rewriter(function.getContext()) {}
  LogicalResult run();

private:
  Value collapse(Value value, int64_t rows);
  Value flatten(Value value);
  LogicalResult flattenPointwise(linalg::LinalgOp op);
  void flattenFill(linalg::FillOp op);
  void flattenProduct();

  func::FuncOp function;
  Convolution conv;
  IRRewriter rewriter;
  IRMapping flat;
};
} // namespace

/// The first `rows` of `rank` dimensions, and all others.
static SmallVector<ReassociationIndices> getGroups(int64_t rank, int64_t rows) {
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t dim = 0; dim < rank; ++dim)
    groups[dim >= rows].push_back(dim);
  return groups;
}

/// `value` with its first `rows` dimensions as one, and all others as one.
Value Flattener::collapse(Value value, int64_t rows) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 2)
    return value;
  return tensor::CollapseShapeOp::create(rewriter, conv.op.getLoc(), value,
                                         getGroups(type.getRank(), rows));
}

/// A tensor of the result's dimensions, as rows and columns.
Value Flattener::flatten(Value value) {
  if (Value known = flat.lookupOrNull(value))
    return known;
  OpBuilder::InsertionGuard guard(rewriter);
  Value result;
  if (auto empty = value.getDefiningOp<tensor::EmptyOp>()) {
    ArrayRef<int64_t> shape = empty.getType().getShape();
    SmallVector<int64_t> rows{llvm::product_of(shape.drop_back()),
                              shape.back()};
    rewriter.setInsertionPoint(empty);
    result = tensor::EmptyOp::create(rewriter, empty.getLoc(), rows,
                                     empty.getType().getElementType());
  } else if (isa<BlockArgument>(value)) {
    rewriter.setInsertionPointToStart(&function.getBody().front());
    result = collapse(value, conv.pixels);
  } else {
    return nullptr;
  }
  flat.map(value, result);
  return result;
}

void Flattener::flattenFill(linalg::FillOp op) {
  Value target = flatten(op.getOutputs()[0]);
  rewriter.setInsertionPoint(op);
  auto fill = linalg::FillOp::create(rewriter, op.getLoc(), op.getInputs(),
                                     ValueRange(target));
  flat.map(op.getResult(0), fill.getResult(0));
}

void Flattener::flattenProduct() {
  linalg::LinalgOp op = conv.op;
  Location loc = op.getLoc();
  rewriter.setInsertionPointToStart(&function.getBody().front());
  Value matrix, filter;
  auto makeWindows = [&](Value value, WindowsAttr windows) -> Value {
    auto type = cast<RankedTensorType>(value.getType());
    auto result = RankedTensorType::get(
        {windows.getRows(type.getDimSize(0)), windows.getColumns()},
        type.getElementType());
    return Im2colOp::create(rewriter, loc, result, value, windows);
  };
  auto picture = cast<RankedTensorType>(conv.picture.getType());
  int64_t joined = conv.windows ? conv.windows.getJoined() : 1;
  matrix = conv.windows ? makeWindows(conv.picture, conv.windows)
                        : collapse(conv.picture, conv.pixels);
  int64_t rank = cast<RankedTensorType>(conv.filter.getType()).getRank();
  if (conv.windows &&
      conv.windows.getChannels() != picture.getShape().back() * joined) {
    // Each filter is a picture with one window, which covers it. Windows of one
    // pixel are not among the filter's dimensions.
    SmallVector<int64_t> sizes(
        cast<RankedTensorType>(conv.filter.getType()).getShape());
    sizes = llvm::to_vector(ArrayRef<int64_t>(sizes).drop_front().drop_back());
    if (sizes.empty()) {
      filter = conv.filter;
    } else {
      SmallVector<int64_t> ones(sizes.size(), 1), zeros(sizes.size(), 0);
      SmallVector<int64_t> strides = ones;
      if (joined > 1) {
        sizes.back() = 1;
        strides.back() = joined;
      }
      filter = makeWindows(
          conv.filter,
          WindowsAttr::get(op->getContext(), sizes, strides, ones, zeros, ones,
                           conv.windows.getChannels(), joined));
    }
  } else {
    filter = collapse(conv.filter, conv.filtersFirst ? 1 : rank - 1);
  }
  Value init = flatten(op.getDpsInits()[0]);
  MLIRContext *ctx = op->getContext();
  AffineExpr m, n, k;
  bindDims(ctx, m, n, k);
  auto map = [&](AffineExpr a, AffineExpr b) {
    return AffineMap::get(3, 0, {a, b}, ctx);
  };
  AffineMap maps[] = {map(m, k), conv.filtersFirst ? map(n, k) : map(k, n),
                      map(m, n)};
  utils::IteratorType kinds[] = {utils::IteratorType::parallel,
                                 utils::IteratorType::parallel,
                                 utils::IteratorType::reduction};
  rewriter.setInsertionPoint(op);
  auto product =
      linalg::GenericOp::create(rewriter, loc, init.getType(),
                                ValueRange{matrix, filter}, init, maps, kinds);
  IRMapping mapping;
  op->getRegion(0).cloneInto(&product.getRegion(), mapping);
  flat.map(op->getResult(0), product.getResult(0));
}

LogicalResult Flattener::flattenPointwise(linalg::LinalgOp op) {
  unsigned loops = conv.pixels + 1;
  MLIRContext *ctx = op->getContext();
  if (op.getNumLoops() != loops || op.hasIndexSemantics())
    return failure();
  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    Value value = operand.get();
    if (map.isIdentity()) {
      value = flatten(value);
      maps.push_back(AffineMap::getMultiDimIdentityMap(2, ctx));
    } else if (map.getNumResults() == 1 &&
               map.getResult(0) == getAffineDimExpr(loops - 1, ctx)) {
      maps.push_back(AffineMap::get(2, 0, getAffineDimExpr(1, ctx)));
    } else if (map.getNumResults() == 0) {
      maps.push_back(AffineMap::get(2, 0, ctx));
    } else {
      return failure();
    }
    if (!value)
      return failure();
    operands.push_back(value);
  }
  size_t inputs = op.getNumDpsInputs();
  ArrayRef<Value> all(operands);
  SmallVector<Type> types;
  for (Value init : all.drop_front(inputs))
    types.push_back(init.getType());
  SmallVector<utils::IteratorType> kinds(2, utils::IteratorType::parallel);
  rewriter.setInsertionPoint(op);
  auto generic = linalg::GenericOp::create(
      rewriter, op.getLoc(), types, ValueRange(all.take_front(inputs)),
      ValueRange(all.drop_front(inputs)), maps, kinds);
  IRMapping mapping;
  op->getRegion(0).cloneInto(&generic.getRegion(), mapping);
  for (auto [before, after] :
       llvm::zip_equal(op->getResults(), generic.getResults()))
    flat.map(before, after);
  return success();
}

LogicalResult Flattener::run() {
  Block &block = function.getBody().front();
  SmallVector<linalg::LinalgOp> ops(block.getOps<linalg::LinalgOp>());
  for (linalg::LinalgOp op : ops) {
    if (auto fill = dyn_cast<linalg::FillOp>(*op)) {
      if (!flatten(fill.getOutputs()[0]))
        return failure();
      flattenFill(fill);
    } else if (op == conv.op) {
      if (!flatten(op.getDpsInits()[0]))
        return failure();
      flattenProduct();
    } else if (failed(flattenPointwise(op))) {
      return failure();
    }
  }
  Operation *terminator = block.getTerminator();
  for (OpOperand &returned : terminator->getOpOperands()) {
    Value rows = flat.lookupOrNull(returned.get());
    auto type = cast<RankedTensorType>(returned.get().getType());
    if (!rows)
      return failure();
    rewriter.setInsertionPoint(terminator);
    returned.set(
        tensor::ExpandShapeOp::create(rewriter, conv.op.getLoc(), type, rows,
                                      getGroups(type.getRank(), conv.pixels)));
  }
  for (linalg::LinalgOp op : llvm::reverse(ops))
    rewriter.eraseOp(op);
  if (conv.pad && conv.pad->use_empty())
    rewriter.eraseOp(conv.pad);
  return success();
}

namespace {
struct NVIDIAFlattenConvolutionsPass
    : public nvidia::impl::NVIDIAFlattenConvolutionsPassBase<
          NVIDIAFlattenConvolutionsPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!function->hasAttr(kKernelAttrName) || function.isExternal() ||
        !llvm::hasSingleElement(function.getBody()))
      return;
    linalg::LinalgOp product = getProduct(function);
    if (!product || !hasPixels(product))
      return;
    std::string reason;
    OwningOpRef<func::FuncOp> flat = function.clone();
    FailureOr<Convolution> conv = matchConvolution(*flat, reason);
    if (succeeded(conv) && failed(Flattener(*flat, *conv).run())) {
      reason = "an op is not pointwise in the result's order";
      conv = failure();
    }
    // Only what tensor cores take is better flat.
    if (succeeded(conv) && failed(matchMatmulKernel(*flat, reason)))
      conv = failure();
    if (failed(conv)) {
      remark::missed(
          function.getLoc(),
          remark::RemarkOpts::name("flatten-convolutions").category("nvidia"))
          << "the kernel is no product of matrices"
          << remark::reason("{0}", reason);
      return;
    }
    function.getBody().takeBody(flat->getBody());
  }
};
} // namespace
