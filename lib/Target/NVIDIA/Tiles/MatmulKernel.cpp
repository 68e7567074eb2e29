//===- MatmulKernel.cpp - Contractions that tensor cores take -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "MatmulKernel.h"

#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// What a tensor map wants of all strides but the innermost.
static constexpr int64_t kMapStrideBytes = 16;

static bool isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

bool nvtile::hasTensorMap(Type type, int64_t rank) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && tensor.getRank() == rank &&
         tensor.getNumElements() > 0 &&
         tensor.getShape().back() * tensor.getElementTypeBitWidth() / 8 %
                 kMapStrideBytes ==
             0;
}

/// An argument, perhaps read in another shape.
static bool isSource(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<tensor::CollapseShapeOp, Im2colOp>(op))
    value = op->getOperand(0);
  return isa<BlockArgument>(value);
}

/// The operand that holds a result of the kernel in the last op's shape.
static OpOperand &getResultUse(OpOperand &returned) {
  auto expand = returned.get().getDefiningOp<tensor::ExpandShapeOp>();
  return expand ? expand.getSrcMutable() : returned;
}

/// Pointwise over the result of the contraction, in its order.
static bool isEpilogue(linalg::LinalgOp op, int64_t rank) {
  if (op.getNumLoops() != rank || op.getNumParallelLoops() != rank ||
      op.getNumDpsInits() != 1 || op.hasIndexSemantics())
    return false;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (!map.isProjectedPermutation())
      return false;
    bool whole = !isSource(operand.get()) || op.isDpsInit(&operand);
    // Fragments of a batch are not read from buffers yet.
    if (!whole && rank > 2 && isa<RankedTensorType>(operand.get().getType()))
      return false;
    if (whole && isa<RankedTensorType>(operand.get().getType()) &&
        !map.isIdentity())
      return false;
    if (!whole && isa<RankedTensorType>(operand.get().getType()) &&
        !cast<RankedTensorType>(operand.get().getType()).hasStaticShape())
      return false;
  }
  for (Operation &inner : op.getBlock()->without_terminator())
    if (!OpTrait::hasElementwiseMappableTraits(&inner) &&
        !inner.hasTrait<OpTrait::ConstantLike>())
      return false;
  return true;
}

/// Checks types, maps and operands of the contraction.
static std::string checkContraction(linalg::LinalgOp op, MatmulKernel &kernel) {
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  if (failed(dims) || dims->m.size() != 1 || dims->n.size() != 1 ||
      dims->k.size() != 1 || dims->batch.size() > 1 ||
      op.getNumLoops() != 3 + dims->batch.size() ||
      (!dims->batch.empty() && dims->batch[0] != 0))
    return "its dimensions are not one each of m, n and k, with a batch";
  if (!dims->batch.empty())
    kernel.batch = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (map.getNumResults() != kernel.getRank() ||
        (kernel.batch &&
         map.getResult(0) != getAffineDimExpr(0, map.getContext())))
      return "an operand is not of the batch";
  }
  kernel.m = dims->m[0];
  kernel.n = dims->n[0];
  kernel.k = dims->k[0];
  Value a = op.getDpsInputs()[0], b = op.getDpsInputs()[1];
  if (!isSource(a) || !isSource(b))
    return "an operand is computed in the kernel";
  if (!hasTensorMap(a.getType(), kernel.getRank()) ||
      !hasTensorMap(b.getType(), kernel.getRank()))
    return "rows of an operand are not a multiple of 16 bytes";
  Type element = getElementTypeOrSelf(a);
  Type result = getElementTypeOrSelf(op.getDpsInits()[0]);
  if (!element.isF16() && !element.isBF16())
    return "its operands are neither f16 nor bf16";
  if (element != getElementTypeOrSelf(b))
    return "its operands are of different types";
  if (!result.isF32() && result != element)
    return "its result is neither of its operands' type nor f32";
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<unsigned> order{kernel.m, kernel.n};
  if (kernel.batch)
    order.insert(order.begin(), *kernel.batch);
  if (out != AffineMap::getMultiDimMapWithTargets(op.getNumLoops(), order,
                                                  op->getContext()))
    return "its result is transposed";
  if (!isZeroFill(op.getDpsInits()[0]))
    return "it does not start at zero";
  return "";
}

/// Whether `root` is computed from the results of `op`, or is `op`.
static bool leadsTo(Operation *op, Operation *root) {
  return op == root || llvm::any_of(op->getUsers(), [&](Operation *user) {
           return user->hasTrait<OpTrait::IsTerminator>() ? false
                                                          : leadsTo(user, root);
         });
}

FailureOr<MatmulKernel> nvtile::matchMatmulKernel(func::FuncOp function,
                                                  std::string &reason) {
  MatmulKernel kernel;
  Block &body = function.getBody().front();
  auto refuse = [&](const Twine &why) {
    reason = why.str();
    return failure();
  };
  for (auto op : body.getOps<linalg::LinalgOp>()) {
    if (!linalg::isaContractionOpInterface(op) ||
        op.getNumReductionLoops() == 0)
      continue;
    if (kernel.contraction)
      return refuse("there is more than one contraction");
    kernel.contraction = op;
  }
  if (!kernel.contraction)
    return refuse("there is no contraction");
  std::string why = checkContraction(kernel.contraction, kernel);
  if (!why.empty())
    return refuse(why);

  for (Operation &op : body.without_terminator()) {
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    if (!structured) {
      if (isa<tensor::EmptyOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
              Im2colOp>(op) ||
          op.hasTrait<OpTrait::ConstantLike>())
        continue;
      return refuse("it holds " + op.getName().getStringRef());
    }
    if (isa<linalg::FillOp>(op) || structured == kernel.contraction) {
      kernel.root = structured;
      continue;
    }
    if (!isEpilogue(structured, kernel.getRank()))
      return refuse("an op is not pointwise in the result's order");
    kernel.root = structured;
  }
  for (OpOperand &returned : body.getTerminator()->getOpOperands()) {
    Value result = getResultUse(returned).get();
    auto op = result.getDefiningOp<linalg::LinalgOp>();
    if (!op || !leadsTo(op, kernel.root))
      return refuse("it returns what its last op does not need");
    if (op == kernel.contraction && op != kernel.root)
      return refuse("it returns its sums besides what is made of them");
    if (!hasTensorMap(result.getType(), kernel.getRank()))
      return refuse("rows of the result are not a multiple of 16 bytes");
  }
  return kernel;
}

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

void nvtile::widenAccumulator(RewriterBase &rewriter, MatmulKernel &kernel) {
  linalg::LinalgOp op = kernel.contraction;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.getElementType().isF32())
    return;
  Location loc = op.getLoc();
  Type f32 = rewriter.getF32Type();
  rewriter.setInsertionPoint(op);
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, type.getShape(), f32).getResult();
  Value zero =
      arith::ConstantOp::create(rewriter, loc, rewriter.getF32FloatAttr(0.0f));
  Value init = linalg::FillOp::create(rewriter, loc, zero, empty).getResult(0);
  auto wide = linalg::GenericOp::create(
      rewriter, loc, init.getType(), op.getDpsInputs(), init,
      op.getIndexingMapsArray(), op.getIteratorTypesArray(),
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        Value a = arith::ExtFOp::create(builder, loc, f32, args[0]);
        Value b = arith::ExtFOp::create(builder, loc, f32, args[1]);
        Value product = arith::MulFOp::create(builder, loc, a, b);
        Value sum = arith::AddFOp::create(builder, loc, args[2], product);
        linalg::YieldOp::create(builder, loc, sum);
      });
  Value target = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                         type.getElementType())
                     .getResult();
  AffineMap identity = rewriter.getMultiDimIdentityMap(kernel.getRank());
  SmallVector<utils::IteratorType> parallel(kernel.getRank(),
                                            utils::IteratorType::parallel);
  auto narrow = linalg::GenericOp::create(
      rewriter, loc, type, wide->getResults(), target,
      ArrayRef<AffineMap>{identity, identity}, parallel,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        Value rounded = arith::TruncFOp::create(builder, loc,
                                                type.getElementType(), args[0]);
        linalg::YieldOp::create(builder, loc, rounded);
      });
  if (kernel.root == op)
    kernel.root = narrow;
  kernel.contraction = wide;
  rewriter.replaceOp(op, narrow->getResults());
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

Value nvtile::padTo(RewriterBase &rewriter, Location loc, Value value,
                    ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  Type element = type.getElementType();
  Value zero =
      arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(element));
  SmallVector<OpFoldResult> low(type.getRank(), rewriter.getIndexAttr(0)), high;
  for (auto [size, wanted] : llvm::zip_equal(type.getShape(), shape))
    high.push_back(rewriter.getIndexAttr(wanted - size));
  return tensor::PadOp::create(rewriter, loc,
                               RankedTensorType::get(shape, element), value,
                               low, high, zero);
}

void nvtile::padToTiles(RewriterBase &rewriter, func::FuncOp function,
                        MatmulKernel &kernel, int64_t rows, int64_t columns,
                        int64_t depth) {
  SmallVector<int64_t> ranges = kernel.contraction.getStaticLoopRanges();
  SmallVector<int64_t> padded = ranges;
  padded[kernel.m] = llvm::alignTo(ranges[kernel.m], rows);
  padded[kernel.n] = llvm::alignTo(ranges[kernel.n], columns);
  padded[kernel.k] = llvm::alignTo(ranges[kernel.k], depth);
  if (padded == ranges)
    return;
  SmallVector<int64_t> result = {padded[kernel.m], padded[kernel.n]};
  if (kernel.batch)
    result.insert(result.begin(), padded[*kernel.batch]);

  SmallVector<linalg::LinalgOp> ops =
      llvm::to_vector(function.getBody().front().getOps<linalg::LinalgOp>());
  IRMapping mapping;
  linalg::LinalgOp root, contraction;
  for (linalg::LinalgOp op : ops) {
    rewriter.setInsertionPoint(op);
    Location loc = op.getLoc();
    ArrayRef<int64_t> loops = op == kernel.contraction ? padded : result;
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type || mapping.contains(value)) {
        operands.push_back(mapping.lookupOrDefault(value));
        continue;
      }
      SmallVector<int64_t> shape =
          op.getMatchingIndexingMap(&operand).compose(loops);
      bool read =
          op.isDpsInput(&operand) || op.payloadUsesValueFromOperand(&operand);
      operands.push_back(read ? padTo(rewriter, loc, value, shape)
                              : tensor::EmptyOp::create(rewriter, loc, shape,
                                                        type.getElementType())
                                    .getResult());
    }
    Type type = operands.back().getType();
    Operation *copy = clone(rewriter, op, type, operands);
    mapping.map(op->getResult(0), copy->getResult(0));
    if (op == kernel.contraction)
      contraction = cast<linalg::LinalgOp>(copy);
    root = cast<linalg::LinalgOp>(copy);
  }
  Operation *terminator = function.getBody().front().getTerminator();
  for (OpOperand &last : terminator->getOpOperands()) {
    OpOperand &returned = getResultUse(last);
    rewriter.setInsertionPoint(returned.getOwner());
    auto type = cast<RankedTensorType>(returned.get().getType());
    SmallVector<OpFoldResult> zeros(type.getRank(), rewriter.getIndexAttr(0)),
        ones(type.getRank(), rewriter.getIndexAttr(1)),
        sizes = getAsIndexOpFoldResult(rewriter.getContext(), type.getShape());
    Value slice = tensor::ExtractSliceOp::create(rewriter, root.getLoc(), type,
                                                 mapping.lookup(returned.get()),
                                                 zeros, sizes, ones);
    rewriter.modifyOpInPlace(returned.getOwner(), [&] { returned.set(slice); });
  }
  for (linalg::LinalgOp op : llvm::reverse(ops))
    rewriter.eraseOp(op);
  kernel.contraction = contraction;
  kernel.root = root;
}
