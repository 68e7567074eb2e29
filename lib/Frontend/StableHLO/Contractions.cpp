//===- Contractions.cpp - Products and convolutions -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;

/// What sums are kept in: 16 bits are too few.
Type sumType(Type result) {
  if (isa<Float16Type, BFloat16Type>(result))
    return Float32Type::get(result.getContext());
  return result;
}

Value asElement(B &b, Value value, Type from, Type to) {
  return convertElement(b, {from, value, nullptr}, to).value;
}

/// A tensor of other elements.
Value converted(B &b, Value tensor, Type from, Type to) {
  if (storedType(from) == storedType(to))
    return tensor;
  Data data;
  data.element = from;
  data.value = tensor;
  return elementwise(b, data, to,
                     [&](B &inner, ArrayRef<Element> in) {
                       return std::optional<Elements>(
                           Elements{convertElement(inner, in[0], to)});
                     })
      ->front()
      .value;
}

/// sum += lhs * rhs over loops, of which `reduced` are the last.
Value contract(B &b, Value lhs, Value rhs, Value init, AffineMap lhsMap,
               AffineMap rhsMap, AffineMap outMap, unsigned reduced,
               Type lhsElement, Type rhsElement, Type sum) {
  SmallVector<utils::IteratorType> loops(outMap.getNumDims(),
                                         utils::IteratorType::parallel);
  for (unsigned i = 0; i < reduced; ++i)
    loops[loops.size() - 1 - i] = utils::IteratorType::reduction;
  return linalg::GenericOp::create(
             b, init.getType(), ValueRange{lhs, rhs}, init,
             ArrayRef<AffineMap>{lhsMap, rhsMap, outMap}, loops,
             [&](OpBuilder &builder, Location loc, ValueRange args) {
               B inner(loc, builder);
               Value x = asElement(inner, args[0], lhsElement, sum);
               Value y = asElement(inner, args[1], rhsElement, sum);
               Value next;
               if (isa<FloatType>(x.getType()))
                 next = arith::AddFOp::create(
                     inner, args[2], arith::MulFOp::create(inner, x, y));
               else if (sum.isInteger(1))
                 next = arith::OrIOp::create(
                     inner, args[2], arith::AndIOp::create(inner, x, y));
               else
                 next = arith::AddIOp::create(
                     inner, args[2], arith::MulIOp::create(inner, x, y));
               linalg::YieldOp::create(inner, next);
             })
      .getResult(0);
}

/// Products of complex tensors are four of real ones.
LogicalResult
setProduct(Op &op, const Data &lhs, const Data &rhs,
           llvm::function_ref<Value(Value, Value, Type, Type, Type)> product) {
  Type element = getElementTypeOrSelf(op.op->getResult(0).getType());
  Data data;
  data.element = element;
  if (!lhs.isComplex()) {
    Type sum = sumType(element);
    Value result = product(lhs.value, rhs.value, lhs.element, rhs.element, sum);
    data.value = converted(op.b, result, sum, element);
    return op.set(data);
  }
  Type part = storedType(element);
  auto times = [&](Value x, Value y) {
    return product(x, y, part, part, part);
  };
  auto combine = [&](Value x, Value y, bool isSum) -> Value {
    Data first, second;
    first.element = second.element = part;
    first.value = x;
    second.value = y;
    return elementwise(op.b, {first, second}, part,
                       [&](B &b, ArrayRef<Element> in) {
                         Num p(b, in[0].value), q(b, in[1].value);
                         return std::optional<Elements>(
                             Elements{{part, isSum ? p + q : p - q, nullptr}});
                       })
        ->front()
        .value;
  };
  data.value =
      combine(times(lhs.value, rhs.value), times(lhs.imag, rhs.imag), false);
  data.imag =
      combine(times(lhs.value, rhs.imag), times(lhs.imag, rhs.value), true);
  return op.set(data);
}

/// Which dimensions are paired, and the loops' order: batch, left, right, sum.
LogicalResult dot(Op &op, const Data &lhs, const Data &rhs,
                  ArrayRef<int64_t> lhsBatch, ArrayRef<int64_t> rhsBatch,
                  ArrayRef<int64_t> lhsSum, ArrayRef<int64_t> rhsSum) {
  B &b = op.b;
  SmallVector<AffineExpr> left(lhs.rank()), right(rhs.rank()), out;
  SmallVector<OpFoldResult> sizes;
  unsigned loop = 0;
  auto next = [&](OpFoldResult size) {
    sizes.push_back(size);
    out.push_back(b.getAffineDimExpr(loop));
    return b.getAffineDimExpr(loop++);
  };
  for (auto [x, y] : llvm::zip_equal(lhsBatch, rhsBatch))
    left[x] = right[y] = next(sizeOf(b, lhs.value, x));
  for (int64_t dim = 0; dim < lhs.rank(); ++dim)
    if (!llvm::is_contained(lhsBatch, dim) && !llvm::is_contained(lhsSum, dim))
      left[dim] = next(sizeOf(b, lhs.value, dim));
  for (int64_t dim = 0; dim < rhs.rank(); ++dim)
    if (!llvm::is_contained(rhsBatch, dim) && !llvm::is_contained(rhsSum, dim))
      right[dim] = next(sizeOf(b, rhs.value, dim));
  for (auto [x, y] : llvm::zip_equal(lhsSum, rhsSum))
    left[x] = right[y] = b.getAffineDimExpr(loop++);
  MLIRContext *context = b.getContext();
  AffineMap lhsMap = AffineMap::get(loop, 0, left, context),
            rhsMap = AffineMap::get(loop, 0, right, context),
            outMap = AffineMap::get(loop, 0, out, context);
  bool isMatmul = lhs.rank() == 2 && rhs.rank() == 2 && lhsBatch.empty() &&
                  lhsSum == ArrayRef<int64_t>{1} &&
                  rhsSum == ArrayRef<int64_t>{0};
  bool isBatched =
      lhs.rank() == 3 && rhs.rank() == 3 && lhsBatch == ArrayRef<int64_t>{0} &&
      rhsBatch == ArrayRef<int64_t>{0} && lhsSum == ArrayRef<int64_t>{2} &&
      rhsSum == ArrayRef<int64_t>{1};
  return setProduct(
      op, lhs, rhs,
      [&](Value x, Value y, Type xElement, Type yElement, Type sum) -> Value {
        Value zero = scalar(b, storedType(sum), 0);
        Value init = filled(b, sizes, zero);
        bool same = x.getType() && isa<FloatType>(sum) && xElement == sum &&
                    yElement == sum;
        if (same && isMatmul)
          return linalg::MatmulOp::create(b, init.getType(), ValueRange{x, y},
                                          init)
              .getResult(0);
        if (same && isBatched)
          return linalg::BatchMatmulOp::create(b, init.getType(),
                                               ValueRange{x, y}, init)
              .getResult(0);
        return contract(b, x, y, init, lhsMap, rhsMap, outMap, lhsSum.size(),
                        xElement, yElement, sum);
      });
}

LogicalResult lowerDotGeneral(Op &op) {
  DotDimensionNumbersAttr numbers =
      cast<DotGeneralOp>(op.op).getDotDimensionNumbers();
  return dot(op, op.in(0), op.in(1), numbers.getLhsBatchingDimensions(),
             numbers.getRhsBatchingDimensions(),
             numbers.getLhsContractingDimensions(),
             numbers.getRhsContractingDimensions());
}

LogicalResult lowerDot(Op &op) {
  Data lhs = op.in(0);
  return dot(op, lhs, op.in(1), {}, {}, lhs.rank() - 1, int64_t(0));
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// One that is padded, dilated, transposed and reversed already: the input is
/// batch, groups, features, spatial; the kernel is groups, output, input,
/// spatial; the result is batch, groups, output, spatial.
Value convolve(B &b, Value x, Value w, ArrayRef<int64_t> strides,
               ArrayRef<int64_t> dilations, ArrayRef<OpFoldResult> spatial,
               Type xElement, Type wElement, Type sum) {
  unsigned rank = strides.size();
  // Loops: batch, group, output, spatial..., input, window...
  unsigned loops = 4 + 2 * rank;
  auto d = [&](unsigned i) { return b.getAffineDimExpr(i); };
  SmallVector<AffineExpr> in{d(0), d(1), d(3 + rank)},
      kernel{d(1), d(2), d(3 + rank)}, out{d(0), d(1), d(2)};
  for (unsigned i = 0; i < rank; ++i) {
    in.push_back(d(3 + i) * strides[i] + d(4 + rank + i) * dilations[i]);
    kernel.push_back(d(4 + rank + i));
    out.push_back(d(3 + i));
  }
  SmallVector<OpFoldResult> sizes{sizeOf(b, x, 0), sizeOf(b, x, 1),
                                  sizeOf(b, w, 1)};
  llvm::append_range(sizes, spatial);
  Value init = filled(b, sizes, scalar(b, storedType(sum), 0));
  MLIRContext *context = b.getContext();
  return contract(b, x, w, init, AffineMap::get(loops, 0, in, context),
                  AffineMap::get(loops, 0, kernel, context),
                  AffineMap::get(loops, 0, out, context), 1 + rank, xElement,
                  wElement, sum);
}

/// The same as an op of its name, where there is one.
Value convolveNamed(B &b, Value x, Value w, ArrayRef<int64_t> strides,
                    ArrayRef<int64_t> dilations, ArrayRef<OpFoldResult> spatial,
                    Type sum) {
  OpFoldResult groups = sizeOf(b, x, 1);
  bool isPlain = constantOf(groups) == 1;
  bool isDepthwise = strides.size() == 2 && constantOf(sizeOf(b, x, 2)) == 1 &&
                     constantOf(sizeOf(b, w, 1)) == 1;
  if (strides.size() > 3 || (!isPlain && strides.size() != 2))
    return nullptr;
  auto list = [&](ArrayRef<int64_t> values) {
    return b.getI64TensorAttr(values);
  };
  // Batch, groups, features become one dimension less; so do the kernel's.
  auto joined = [&](Value tensor, int64_t dim) {
    SmallVector<OpFoldResult> sizes = sizesOf(b, tensor);
    sizes[dim] = mul(b, sizes[dim], sizes[dim + 1]);
    sizes.erase(sizes.begin() + dim + 1);
    return reshape(b, tensor, sizes);
  };
  SmallVector<OpFoldResult> sizes{sizeOf(b, x, 0), groups, sizeOf(b, w, 1)};
  llvm::append_range(sizes, spatial);
  SmallVector<OpFoldResult> full = sizes;
  bool grouped = !isPlain && !isDepthwise;
  if (!grouped) {
    sizes[1] = mul(b, sizes[1], sizes[2]);
    sizes.erase(sizes.begin() + 2);
    x = joined(x, 1);
    w = joined(w, 0);
    if (isDepthwise && !isPlain)
      w = joined(w, 0);
  }
  Value init = filled(b, sizes, scalar(b, storedType(sum), 0));
  auto make = [&](auto tag) -> Value {
    using ConvOp = decltype(tag);
    return ConvOp::create(b, init.getType(), ValueRange{x, w}, ValueRange{init},
                          list(strides), list(dilations))
        .getResult(0);
  };
  if (grouped)
    return make(linalg::Conv2DNgchwGfchwOp());
  Value result;
  if (isDepthwise && !isPlain)
    result = make(linalg::DepthwiseConv2DNchwChwOp());
  else if (strides.size() == 1)
    result = make(linalg::Conv1DNcwFcwOp());
  else if (strides.size() == 2)
    result = make(linalg::Conv2DNchwFchwOp());
  else
    result = make(linalg::Conv3DNcdhwFcdhwOp());
  return reshape(b, result, full);
}

struct ConvPlan {
  ConvDimensionNumbersAttr numbers;
  int64_t featureGroups, batchGroups;
  SmallVector<int64_t> strides, inputDilation, kernelDilation;
  SmallVector<int64_t> reversed; // spatial dimensions of the kernel
  SmallVector<OpFoldResult> low, high;
};

/// Splits dimension `dim` into `count` parts that lie in front of it.
Value splitDim(B &b, Value tensor, int64_t dim, int64_t count) {
  SmallVector<OpFoldResult> sizes = sizesOf(b, tensor);
  OpFoldResult groups = b.getIndexAttr(count);
  sizes[dim] = div(b, sizes[dim], groups);
  sizes.insert(sizes.begin() + dim, groups);
  return reshape(b, tensor, sizes);
}

LogicalResult convolution(Op &op, const ConvPlan &plan) {
  B &b = op.b;
  Data lhs = op.in(0), rhs = op.in(1);
  int64_t rank = plan.strides.size();
  SmallVector<int64_t> inOrder{plan.numbers.getInputBatchDimension(),
                               plan.numbers.getInputFeatureDimension()},
      kernelOrder{plan.numbers.getKernelOutputFeatureDimension(),
                  plan.numbers.getKernelInputFeatureDimension()};
  llvm::append_range(inOrder, plan.numbers.getInputSpatialDimensions());
  llvm::append_range(kernelOrder, plan.numbers.getKernelSpatialDimensions());
  SmallVector<int64_t> outOrder{plan.numbers.getOutputBatchDimension(),
                                plan.numbers.getOutputFeatureDimension()};
  llvm::append_range(outOrder, plan.numbers.getOutputSpatialDimensions());
  SmallVector<int64_t> back(rank + 2);
  for (auto [i, dim] : llvm::enumerate(outOrder))
    back[dim] = i;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  SmallVector<OpFoldResult> low(2, zero), high(2, zero), gaps(2, zero);
  for (int64_t i = 0; i < rank; ++i) {
    low.push_back(plan.low[i]);
    high.push_back(plan.high[i]);
    gaps.push_back(b.getIndexAttr(plan.inputDilation[i] - 1));
  }
  return setProduct(
      op, lhs, rhs,
      [&](Value x, Value w, Type xElement, Type wElement, Type sum) -> Value {
        x = transpose(b, x, inOrder);
        x = pad(b, x, scalar(b, getElementTypeOrSelf(x.getType()), 0), low,
                high, gaps);
        w = transpose(b, w, kernelOrder);
        if (!plan.reversed.empty())
          w = reverse(b, w, plan.reversed);
        SmallVector<OpFoldResult> spatial;
        for (int64_t i = 0; i < rank; ++i) {
          OpFoldResult window = add(b,
                                    mul(b, sub(b, sizeOf(b, w, 2 + i), one),
                                        b.getIndexAttr(plan.kernelDilation[i])),
                                    one);
          OpFoldResult room = sub(b, sizeOf(b, x, 2 + i), window);
          auto constant = constantOf(room);
          spatial.push_back(
              constant && *constant < 0
                  ? zero
                  : add(b, div(b, room, b.getIndexAttr(plan.strides[i])), one));
        }
        // Groups of batches are groups whose inputs lie elsewhere.
        if (plan.batchGroups > 1) {
          x = splitDim(b, x, 0, plan.batchGroups);
          SmallVector<int64_t> order{1, 0};
          for (int64_t i = 0; i <= rank; ++i)
            order.push_back(i + 2);
          x = transpose(b, x, order);
        } else {
          x = splitDim(b, x, 1, plan.featureGroups);
        }
        w = splitDim(b, w, 0, plan.batchGroups * plan.featureGroups);
        Value y;
        if (isa<FloatType>(sum) && xElement == sum && wElement == sum &&
            rank > 0)
          y = convolveNamed(b, x, w, plan.strides, plan.kernelDilation, spatial,
                            sum);
        if (!y)
          y = convolve(b, x, w, plan.strides, plan.kernelDilation, spatial,
                       xElement, wElement, sum);
        SmallVector<OpFoldResult> sizes = sizesOf(b, y);
        sizes[2] = mul(b, sizes[1], sizes[2]);
        sizes.erase(sizes.begin() + 1);
        return transpose(b, reshape(b, y, sizes), back);
      });
}

template <typename ConvOp> ConvPlan planOf(ConvOp conv) {
  ConvPlan plan;
  plan.numbers = conv.getDimensionNumbers();
  size_t rank = plan.numbers.getInputSpatialDimensions().size();
  plan.featureGroups = conv.getFeatureGroupCount();
  plan.batchGroups = conv.getBatchGroupCount();
  auto list = [&](std::optional<ArrayRef<int64_t>> values) {
    return values ? SmallVector<int64_t>(*values)
                  : SmallVector<int64_t>(rank, 1);
  };
  plan.strides = list(conv.getWindowStrides());
  plan.inputDilation = list(conv.getLhsDilation());
  plan.kernelDilation = list(conv.getRhsDilation());
  if (auto reversal = conv.getWindowReversal())
    for (auto [i, isReversed] : llvm::enumerate(*reversal))
      if (isReversed)
        plan.reversed.push_back(i + 2);
  return plan;
}

LogicalResult lowerConvolution(Op &op) {
  auto conv = cast<ConvolutionOp>(op.op);
  ConvPlan plan = planOf(conv);
  auto padding = paddingOf(op.op, conv.getPadding(), plan.strides.size());
  if (!padding)
    return failure();
  for (auto [low, high] : *padding) {
    plan.low.push_back(op.b.getIndexAttr(low));
    plan.high.push_back(op.b.getIndexAttr(high));
  }
  return convolution(op, plan);
}

LogicalResult lowerDynamicConv(Op &op) {
  auto conv = cast<DynamicConvOp>(op.op);
  ConvPlan plan = planOf(conv);
  auto padding = op.numbers(conv.getPadding());
  if (!padding)
    return failure();
  for (size_t i = 0; i < plan.strides.size(); ++i) {
    plan.low.push_back((*padding)[2 * i]);
    plan.high.push_back((*padding)[2 * i + 1]);
  }
  return convolution(op, plan);
}

} // namespace

std::optional<LogicalResult> lowerTransposedDot(Op &op) {
  auto product = op.op->getOperand(0).getDefiningOp<DotGeneralOp>();
  auto type = dyn_cast<RankedTensorType>(op.op->getResult(0).getType());
  if (!product || !product->hasOneUse() || !type || type.getRank() != 2)
    return std::nullopt;
  DotDimensionNumbersAttr numbers = product.getDotDimensionNumbers();
  Data lhs = op.in(product.getLhs()), rhs = op.in(product.getRhs());
  // One dimension of each side, or both are one side's.
  if (!numbers.getLhsBatchingDimensions().empty() ||
      size_t(lhs.rank()) != numbers.getLhsContractingDimensions().size() + 1)
    return std::nullopt;
  return dot(op, rhs, lhs, {}, {}, numbers.getRhsContractingDimensions(),
             numbers.getLhsContractingDimensions());
}

void addContractions(Table &table) {
  table["convolution"] = lowerConvolution;
  table["dynamic_conv"] = lowerDynamicConv;
  table["dot"] = lowerDot;
  table["dot_general"] = lowerDotGeneral;
}

} // namespace orchestra::stablehlo::frontend
