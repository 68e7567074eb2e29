//===- Gather.cpp - Elements by computed index ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gather is a generic whose body reads the source by tensor.extract: most of
// its indices are constants, or sizes, which other cases than the common one
// profit from. The others are linalg_ext.gather, which becomes the same.
// Negative indices count from the end; what is out of range even so is clamped,
// so that wrong data reads wrong elements, but never memory that is not the
// tensor's.
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"
#include "Table.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

bool isIndex(Op &op, const Data &indices) {
  return op.expectType(indices,
                       indices.type == ElementType::Int32 ||
                           indices.type == ElementType::Int64,
                       "the indices");
}

/// An index element as a position in [0, size).
Value position(ImplicitLocOpBuilder &b, Value element, Value size) {
  Value index = arith::IndexCastOp::create(b, b.getIndexType(), element);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value negative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, index, zero);
  Value wrapped = arith::AddIOp::create(b, index, size);
  index = arith::SelectOp::create(b, negative, wrapped, index);
  Value last = arith::SubIOp::create(b, size, one);
  index = arith::MinSIOp::create(b, index, last);
  return arith::MaxSIOp::create(b, index, zero);
}

/// One position for all: a slice. Nothing if it is not that.
std::optional<Data> sliceAt(Op &op, const Data &data, const Data &indices,
                            int64_t axis, llvm::ArrayRef<Dim> shape) {
  auto known = op.contents(indices);
  if (!known || known->size() != 1)
    return std::nullopt;
  Dim at = op.dims.apply(DimSymbols::Op::Wrap, (*known)[0], data.shape[axis],
                         op.b, op.b.getLoc());
  // Only where it is certain to be inside.
  if (!op.dims.isNonNegative(at) || !op.dims.isPositive(data.shape[axis] - at))
    return std::nullopt;
  Shape offsets(data.rank(), Dim(0)), sizes = data.shape;
  llvm::SmallVector<int64_t> steps(data.rank(), 1);
  offsets[axis] = at;
  sizes[axis] = Dim(1);
  return reshape(op, slice(op, data, offsets, sizes, steps), shape);
}

/// out[i..., j..., k...] = data[i..., indices[j...], k...]
LogicalResult lowerGather(Op &op) {
  const Data &data = op.in(0), &indices = op.in(1);
  auto axis = op.axis(op.intAttr("axis", 0), data.rank());
  if (!axis || !isIndex(op, indices))
    return failure();
  llvm::ArrayRef<Dim> source(data.shape);
  Shape shape(source.take_front(*axis));
  shape.append(indices.shape.begin(), indices.shape.end());
  shape.append(source.begin() + *axis + 1, source.end());
  // Constant indices out of range are the model's fault.
  if (auto known = op.contents(indices))
    for (const Dim &index : *known) {
      auto at = index.constant(), size = source[*axis].constant();
      if (at && size && (*at < -*size || *at >= *size))
        return op.fail("invalid-index", "Gather: an index is out of range",
                       {"it is " + std::to_string(*at) + "; the axis has " +
                        std::to_string(*size) + " elements"});
    }
  if (auto sliced = sliceAt(op, data, indices, *axis, shape))
    return op.set(0, *sliced);
  if (!op.tensorType(shape, data.type) || op.failed())
    return failure();
  Value tensor = op.value(data);
  Value size = op.dims.materialize(source[*axis], op.b, op.b.getLoc());
  int64_t rank = shape.size(), count = indices.rank();
  llvm::SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < count; ++i)
    exprs.push_back(op.b.getAffineDimExpr(*axis + i));
  Value init = op.empty(shape, data.type);
  Value indexTensor = op.value(indices);
  if (op.failed() || !tensor || !indexTensor)
    return failure();
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), indexTensor, init,
      llvm::ArrayRef<AffineMap>{
          AffineMap::get(rank, 0, exprs, op.b.getContext()),
          op.b.getMultiDimIdentityMap(rank)},
      llvm::SmallVector<utils::IteratorType>(rank,
                                             utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder b(loc, builder);
        llvm::SmallVector<Value> at;
        for (int64_t i = 0; i < *axis; ++i)
          at.push_back(linalg::IndexOp::create(b, i));
        at.push_back(position(b, v[0], size));
        for (int64_t i = *axis + count; i < rank; ++i)
          at.push_back(linalg::IndexOp::create(b, i));
        Value element = tensor::ExtractOp::create(b, tensor, at);
        linalg::YieldOp::create(b, element);
      });
  Data result;
  result.type = data.type;
  result.shape = shape;
  result.value = generic.getResult(0);
  return op.set(0, result);
}

/// The elements of data at the places that indices say.
LogicalResult gather(Op &op, const Data &data, AffineMap map,
                     const Data &indices, AffineMap indicesMap,
                     llvm::ArrayRef<Dim> shape) {
  Value source = op.value(data), places = op.value(indices),
        init = op.empty(shape, data.type);
  if (!source || !places || op.failed())
    return failure();
  Data result;
  result.type = data.type;
  result.shape.assign(shape.begin(), shape.end());
  result.value = linalg_ext::GatherOp::create(op.b, init.getType(), map,
                                              indicesMap, source, places, init)
                     .getResult(0);
  return op.set(0, result);
}

/// out[..., i, ...] = data[..., indices[..., i, ...], ...] along axis
LogicalResult lowerGatherElements(Op &op) {
  const Data &data = op.in(0), &indices = op.in(1);
  auto axis = op.axis(op.intAttr("axis", 0), data.rank());
  if (!axis || !isIndex(op, indices))
    return failure();
  if (indices.rank() != data.rank())
    return op.fail("shape-mismatch",
                   "GatherElements: data and indices must have equal ranks",
                   {"data is " + op.text(data.shape) + ", indices are " +
                    op.text(indices.shape)});
  for (int64_t i = 0; i < data.rank(); ++i) {
    auto have = data.shape[i].constant(), want = indices.shape[i].constant();
    if (i != *axis && have && want && *want > *have)
      return op.fail("shape-mismatch",
                     "GatherElements: indices reach beyond data",
                     {"data is " + op.text(data.shape) + ", indices are " +
                      op.text(indices.shape)});
  }
  // Where indices are fewer, only the part of data that they cover is read.
  Shape part = indices.shape, offsets(data.rank(), Dim(0));
  part[*axis] = data.shape[*axis];
  llvm::SmallVector<int64_t> steps(data.rank(), 1);
  Data covered =
      part == data.shape ? data : slice(op, data, offsets, part, steps);
  AffineMap same = op.b.getMultiDimIdentityMap(data.rank());
  llvm::SmallVector<AffineExpr> exprs(same.getResults());
  exprs[*axis] = op.b.getAffineSymbolExpr(0);
  return gather(op, covered,
                AffineMap::get(data.rank(), 1, exprs, op.b.getContext()),
                indices, same, indices.shape);
}

/// The last dimension of indices holds positions in data, after batch_dims
/// dimensions that both share.
LogicalResult lowerGatherND(Op &op) {
  const Data &data = op.in(0), &indices = op.in(1);
  int64_t batch = op.intAttr("batch_dims", 0);
  if (!isIndex(op, indices))
    return failure();
  auto depth = indices.rank() ? indices.shape.back().constant()
                              : std::optional<int64_t>();
  if (indices.rank() == 0 || data.rank() == 0)
    return op.fail("shape-mismatch", "GatherND: an operand is a scalar");
  if (!depth)
    return op.unsupported("a last dimension of indices of unknown size");
  if (batch < 0 || batch >= std::min(data.rank(), indices.rank()) ||
      *depth < 1 || *depth > data.rank() - batch)
    return op.fail("shape-mismatch", "GatherND: indices do not fit data",
                   {"data is " + op.text(data.shape) + ", indices are " +
                    op.text(indices.shape) + ", batch_dims is " +
                    std::to_string(batch)});
  Shape shape(indices.shape.begin(), indices.shape.end() - 1);
  shape.append(data.shape.begin() + batch + *depth, data.shape.end());
  int64_t lead = indices.rank() - 1;
  if (!op.tensorType(shape, data.type) || op.failed())
    return failure();
  int64_t loops = static_cast<int64_t>(shape.size());
  llvm::SmallVector<AffineExpr> exprs, places;
  for (int64_t i = 0; i < lead; ++i)
    places.push_back(op.b.getAffineDimExpr(i));
  for (int64_t i = 0; i < data.rank(); ++i)
    exprs.push_back(i < batch ? op.b.getAffineDimExpr(i)
                    : i < batch + *depth
                        ? op.b.getAffineSymbolExpr(i - batch)
                        : op.b.getAffineDimExpr(lead + i - batch - *depth));
  MLIRContext *context = op.b.getContext();
  return gather(op, data, AffineMap::get(loops, *depth, exprs, context),
                indices, AffineMap::get(loops, 0, places, context), shape);
}

/// Reverses the first sequence_lens[b] elements along time_axis of each batch
/// b.
LogicalResult lowerReverseSequence(Op &op) {
  const Data &x = op.in(0), &lengths = op.in(1);
  auto time = op.axis(op.intAttr("time_axis", 0), x.rank(), "time_axis");
  auto batch = op.axis(op.intAttr("batch_axis", 1), x.rank(), "batch_axis");
  if (!time || !batch || !isIndex(op, lengths))
    return failure();
  if (*time == *batch || lengths.rank() != 1)
    return op.fail("invalid-attribute",
                   "ReverseSequence: time_axis and batch_axis must differ, and "
                   "the lengths be a vector");
  auto have = lengths.shape[0].constant(), want = x.shape[*batch].constant();
  if (have && want && *have != *want)
    return op.fail("shape-mismatch",
                   "ReverseSequence: each batch needs a length",
                   {"x is " + op.text(x.shape) + ", the lengths are " +
                    op.text(lengths.shape)});
  requireSizes(op, arith::CmpIPredicate::eq, lengths.shape[0], x.shape[*batch],
               "each batch needs a length");
  Value source = op.value(x), counts = op.value(lengths);
  Value size = op.dims.materialize(x.shape[*time], op.b, op.b.getLoc());
  if (!source || !counts || op.failed())
    return failure();
  return op.set(
      0,
      generate(
          op, x.shape, x.type, [&](ImplicitLocOpBuilder &b, ValueRange index) {
            Value element = tensor::ExtractOp::create(b, counts, index[*batch]);
            Value count =
                arith::IndexCastOp::create(b, b.getIndexType(), element);
            count = arith::MinSIOp::create(b, count, size);
            Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                                 index[*time], count);
            Value one = arith::ConstantIndexOp::create(b, 1);
            Value last = arith::SubIOp::create(b, count, one);
            Value mirrored = arith::SubIOp::create(b, last, index[*time]);
            llvm::SmallVector<Value> at(index);
            at[*time] =
                arith::SelectOp::create(b, inside, mirrored, index[*time]);
            return tensor::ExtractOp::create(b, source, at).getResult();
          }));
}

} // namespace

void addGather(Table &table) {
  table.op("Gather", {1}, lowerGather);
  table.op("GatherElements", {11}, lowerGatherElements);
  table.op("ReverseSequence", {10}, lowerReverseSequence);
  table.op("GatherND", {11}, lowerGatherND);
}

} // namespace orchestra::onnx
