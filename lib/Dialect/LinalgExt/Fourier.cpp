//===- Fourier.cpp - Fourier transforms of rows ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stockham's form: each stage reads one vector and writes another, so that no
// elements need to be put in order. With h halves of s elements,
//   out[p, 0, q] = in[0, p, q] + in[1, p, q]
//   out[p, 1, q] = (in[0, p, q] - in[1, p, q]) * exp(-2 pi i p / 2h)
// for p < h and q < s; h halves and s doubles from stage to stage.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

/// Below this many contiguous elements the other loop is the inner one.
static constexpr int64_t kMinInner = 8;

LogicalResult FourierOp::verify() {
  LinalgExtOp op(*this);
  if (failed(verifyDestinations(op, 2)))
    return failure();
  auto type = cast<ShapedType>(getReal().getType());
  for (Value operand : getOperands())
    if (getElementTypeOrSelf(operand.getType()) != type.getElementType())
      return emitOpError() << "has operands of " << type.getElementType()
                           << " and of "
                           << getElementTypeOrSelf(operand.getType());
  if (type.getRank() < 1)
    return emitOpError("needs a dimension to transform");
  int64_t length = type.getShape().back();
  if (ShapedType::isDynamic(length) || !llvm::isPowerOf2_64(length))
    return emitOpError() << "needs a last dimension that is a power of two, "
                            "but its operand is "
                         << type;
  auto table = cast<ShapedType>(getTable().getType());
  int64_t want[] = {2, std::max<int64_t>(length / 2, 1)};
  if (table.getShape() != ArrayRef<int64_t>(want))
    return emitOpError() << "needs a table of 2x" << want[1]
                         << " elements, but it is " << table;
  return verifySizes(op, {"real part", "imaginary part", "table", "result"});
}

SmallVector<AffineMap> FourierOp::getOperandMaps() {
  int64_t rank = cast<ShapedType>(getReal().getType()).getRank();
  SmallVector<AffineMap> maps(
      5, AffineMap::getMultiDimIdentityMap(rank, getContext()));
  maps[2] = mapTo(rank, {-1, -1}, getContext());
  return maps;
}

SmallVector<utils::IteratorType> FourierOp::getIterators() {
  SmallVector<utils::IteratorType> types(
      cast<ShapedType>(getReal().getType()).getRank(),
      utils::IteratorType::parallel);
  types.back() = utils::IteratorType::reduction;
  return types;
}

double FourierOp::countWork(ArrayRef<double> sizes) {
  return 5 * countIterations(sizes) * std::max(1.0, std::log2(sizes.back()));
}

namespace {
/// Real and imaginary part.
struct Complex {
  Value re, im;
};

/// Lowers one transform.
class FourierLowering {
public:
  FourierLowering(RewriterBase &rewriter, FourierOp op)
      : b(op.getLoc(), rewriter), op(op),
        type(cast<RankedTensorType>(op.getReal().getType())),
        length(type.getShape().back()) {}

  SmallVector<Value> run();

private:
  Complex stage(Complex from, Complex to, int64_t halves, int64_t size);
  Value view(Value vector, ArrayRef<int64_t> shape);
  Value flatten(Value tensor);
  Value pick(Value tensor, unsigned dim, int64_t which,
             SmallVectorImpl<OpFoldResult> &offsets,
             SmallVectorImpl<OpFoldResult> &sizes);
  Value factor(unsigned row, int64_t halves, int64_t step);
  Complex combine(Complex a, Complex c, Complex to, Complex factors);

  ImplicitLocOpBuilder b;
  FourierOp op;
  RankedTensorType type;
  int64_t length;
};
} // namespace

static SmallVector<ReassociationIndices> wholeGroup(int64_t rank) {
  return {llvm::to_vector<2>(llvm::seq<int64_t>(0, rank))};
}

Value FourierLowering::view(Value vector, ArrayRef<int64_t> shape) {
  return tensor::ExpandShapeOp::create(
      b, RankedTensorType::get(shape, type.getElementType()), vector,
      wholeGroup(shape.size()));
}

Value FourierLowering::flatten(Value tensor) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  return tensor::CollapseShapeOp::create(
      b, RankedTensorType::get({length}, type.getElementType()), tensor,
      wholeGroup(rank));
}

/// The slice at `which` of a dimension of three, without it.
Value FourierLowering::pick(Value tensor, unsigned dim, int64_t which,
                            SmallVectorImpl<OpFoldResult> &offsets,
                            SmallVectorImpl<OpFoldResult> &sizes) {
  SmallVector<int64_t> shape(
      cast<RankedTensorType>(tensor.getType()).getShape());
  SmallVector<OpFoldResult> ones(3, b.getIndexAttr(1));
  offsets.assign(3, b.getIndexAttr(0));
  offsets[dim] = b.getIndexAttr(which);
  sizes = getAsIndexOpFoldResult(b.getContext(), shape);
  sizes[dim] = b.getIndexAttr(1);
  shape.erase(shape.begin() + dim);
  return tensor::ExtractSliceOp::create(
      b, RankedTensorType::get(shape, type.getElementType()), tensor, offsets,
      sizes, ones);
}

/// Cosines or sines of a stage.
Value FourierLowering::factor(unsigned row, int64_t halves, int64_t step) {
  return tensor::ExtractSliceOp::create(
      b, RankedTensorType::get({halves}, type.getElementType()), op.getTable(),
      ArrayRef<OpFoldResult>{b.getIndexAttr(row), b.getIndexAttr(0)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(halves)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(step)});
}

/// The sum, or with factors the difference times those.
Complex FourierLowering::combine(Complex a, Complex c, Complex to,
                                 Complex factors) {
  bool isInverse = op.getInverse();
  bool swaps =
      cast<RankedTensorType>(to.re.getType()).getDimSize(1) < kMinInner;
  MLIRContext *context = b.getContext();
  AffineMap all = swaps ? mapTo(2, {1, 0}, context) : mapTo(2, {0, 1}, context);
  AffineMap row = mapTo(2, {swaps ? 1 : 0}, context);
  SmallVector<Value> inputs{a.re, a.im, c.re, c.im};
  SmallVector<AffineMap> maps(4, all);
  if (factors.re) {
    inputs.append({factors.re, factors.im});
    maps.append(2, row);
  }
  maps.append(2, all);
  auto generic = linalg::GenericOp::create(
      b, TypeRange{to.re.getType(), to.im.getType()}, inputs,
      ValueRange{to.re, to.im}, maps,
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange values) {
        ImplicitLocOpBuilder inner(loc, builder);
        auto v = numbers(inner, values);
        if (!factors.re) {
          linalg::YieldOp::create(inner, ValueRange{v[0] + v[2], v[1] + v[3]});
          return;
        }
        Num re = v[0] - v[2], im = v[1] - v[3], cosine = v[4], sine = v[5];
        Num turned = re * sine, other = im * sine;
        if (isInverse)
          linalg::YieldOp::create(
              inner, ValueRange{re * cosine - other, im * cosine + turned});
        else
          linalg::YieldOp::create(
              inner, ValueRange{re * cosine + other, im * cosine - turned});
      });
  return {generic.getResult(0), generic.getResult(1)};
}

Complex FourierLowering::stage(Complex from, Complex to, int64_t halves,
                               int64_t size) {
  SmallVector<OpFoldResult> offsets, sizes, ones(3, b.getIndexAttr(1));
  SmallVector<int64_t> in{2, halves, size}, out{halves, 2, size};
  Complex source{view(from.re, in), view(from.im, in)};
  Complex target{view(to.re, out), view(to.im, out)};
  auto part = [&](Complex whole, unsigned dim, int64_t which) -> Complex {
    return {pick(whole.re, dim, which, offsets, sizes),
            pick(whole.im, dim, which, offsets, sizes)};
  };
  Complex a = part(source, 0, 0), c = part(source, 0, 1);
  for (int64_t which : {0, 1}) {
    Complex factors;
    if (which == 1)
      factors = {factor(0, halves, size), factor(1, halves, size)};
    Complex made = combine(a, c, part(target, 1, which), factors);
    target.re = tensor::InsertSliceOp::create(b, made.re, target.re, offsets,
                                              sizes, ones);
    target.im = tensor::InsertSliceOp::create(b, made.im, target.im, offsets,
                                              sizes, ones);
  }
  return {flatten(target.re), flatten(target.im)};
}

SmallVector<Value> FourierLowering::run() {
  SmallVector<OpFoldResult> rows = linalg_ext::getLoopSizes(op, b);
  rows.pop_back();
  unsigned axis = rows.size(), stages = llvm::Log2_64(length);
  SmallVector<Value> tensors(op.getOutputs());
  for (int i = 0; i < 2; ++i)
    tensors.push_back(
        scratchVector(b, b.getIndexAttr(length), type.getElementType()));
  return SmallVector<Value>(
      ArrayRef<Value>(
          loopNest(b, rows, tensors,
                   [&](ArrayRef<Value> index, ValueRange now) {
                     Complex from{
                         extractRow(b, op.getReal(), axis, index),
                         extractRow(b, op.getImaginary(), axis, index)};
                     Complex result{extractRow(b, now[0], axis, index),
                                    extractRow(b, now[1], axis, index)};
                     Complex spare{now[2], now[3]};
                     if (stages == 0)
                       result = from;
                     // The last stage writes the result.
                     for (unsigned i = 0; i < stages; ++i) {
                       Complex &to = (stages - i) % 2 ? result : spare;
                       to = stage(from, to, length >> (i + 1), int64_t(1) << i);
                       from = to;
                     }
                     return SmallVector<Value>{
                         insertRow(b, result.re, now[0], axis, index),
                         insertRow(b, result.im, now[1], axis, index), spare.re,
                         spare.im};
                   }))
          .take_front(2));
}

FailureOr<SmallVector<Value>> FourierOp::lower(RewriterBase &rewriter) {
  return FourierLowering(rewriter, *this).run();
}
