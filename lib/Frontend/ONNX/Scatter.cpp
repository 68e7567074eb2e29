//===- Scatter.cpp - Updates at computed places ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turned around: each element of the result goes through the updates in order
// and takes those meant for it. The work is results times updates, and it needs
// nothing but a reduction; places out of range meet nobody.
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder1 = ImplicitLocOpBuilder;

/// What an update does to the element: replaces it, or a reduction.
struct Update {
  std::optional<Reduction> kind;
  ElementType type;

  Value apply(Builder1 &b, Value old, Value given) const {
    return kind ? combine(b, *kind, type, old, given) : given;
  }
};

std::optional<Update> readUpdate(Op &op, const Data &data) {
  std::string how = op.stringAttr("reduction", "none");
  Update update{std::nullopt, data.type};
  if (how == "add")
    update.kind = Reduction::Sum;
  else if (how == "mul")
    update.kind = Reduction::Prod;
  else if (how == "max")
    update.kind = Reduction::Max;
  else if (how == "min")
    update.kind = Reduction::Min;
  else if (how != "none")
    (void)op.fail("invalid-attribute",
                  op.node.op + ": reduction is '" + how + "'");
  if (update.kind && !isFloat(data.type) && !isInt(data.type))
    (void)op.fail("type-mismatch", op.node.op + ": data are no numbers");
  if (op.failed())
    return std::nullopt;
  return update;
}

bool isPlace(Op &op, const Data &indices) {
  return op.expectType(indices,
                       indices.type == ElementType::Int32 ||
                           indices.type == ElementType::Int64,
                       "the indices");
}

/// Whether an index element, counted from the end if negative, is `here`.
Value meets(Builder1 &b, Value element, Value size, Value here) {
  Value place = arith::IndexCastOp::create(b, b.getIndexType(), element);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value negative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, place, zero);
  Value wrapped = arith::AddIOp::create(b, place, size);
  place = arith::SelectOp::create(b, negative, wrapped, place);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, place, here);
}

/// out[.., indices[.., j, ..], ..] = updates[.., j, ..] along axis
LogicalResult lowerScatterElements(Op &op) {
  const Data &data = op.in(0), &indices = op.in(1), &updates = op.in(2);
  auto axis = op.axis(op.intAttr("axis", 0), data.rank());
  if (!axis || !isPlace(op, indices) || !op.sameType(data, updates))
    return failure();
  auto update = readUpdate(op, data);
  if (!update)
    return failure();
  int64_t rank = data.rank();
  bool fits = indices.rank() == rank && updates.rank() == rank;
  bool whole = true;
  for (int64_t i = 0; fits && i < rank; ++i) {
    auto want = indices.shape[i].constant(), have = updates.shape[i].constant(),
         room = data.shape[i].constant();
    fits = (!want || !have || *want == *have) &&
           (i == *axis || !want || !room || *want <= *room);
    whole &= i == *axis || indices.shape[i] == data.shape[i];
  }
  if (!fits)
    return op.fail("shape-mismatch",
                   "ScatterElements: indices and updates do not fit data",
                   {"data is " + op.text(data.shape) + ", indices are " +
                    op.text(indices.shape) + ", updates are " +
                    op.text(updates.shape)});
  // Only the part of data that indices cover changes.
  Shape part = indices.shape;
  part[*axis] = data.shape[*axis];
  Shape zeroOffsets(rank, Dim(0));
  llvm::SmallVector<int64_t> steps(rank, 1);
  Data inner = whole ? data : slice(op, data, zeroOffsets, part, steps);
  Value init = op.value(inner), places = op.value(indices),
        given = op.value(updates);
  Value size = op.dims.materialize(data.shape[*axis], op.b, op.b.getLoc());
  if (!init || !places || !given || op.failed())
    return failure();
  llvm::SmallVector<AffineExpr> out, in;
  for (int64_t i = 0; i < rank; ++i) {
    out.push_back(op.b.getAffineDimExpr(i));
    in.push_back(op.b.getAffineDimExpr(i == *axis ? rank : i));
  }
  MLIRContext *context = op.b.getContext();
  AffineMap inMap = AffineMap::get(rank + 1, 0, in, context);
  llvm::SmallVector<utils::IteratorType> loops(rank,
                                               utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), ValueRange{places, given}, init,
      llvm::ArrayRef<AffineMap>{inMap, inMap,
                                AffineMap::get(rank + 1, 0, out, context)},
      loops, [&](OpBuilder &builder, Location loc, ValueRange v) {
        Builder1 b(loc, builder);
        Value here = linalg::IndexOp::create(b, *axis);
        Value hit = meets(b, v[0], size, here);
        Value next = update->apply(b, v[2], v[1]);
        Value chosen = arith::SelectOp::create(b, hit, next, v[2]);
        linalg::YieldOp::create(b, chosen);
      });
  Data result = inner;
  result.constant = nullptr;
  result.contents.reset();
  result.value = generic.getResult(0);
  if (!whole) {
    llvm::SmallVector<OpFoldResult> ones(rank, op.b.getIndexAttr(1));
    result.value = tensor::InsertSliceOp::create(
        op.b, result.value, op.value(data), op.sizes(zeroOffsets),
        op.sizes(part), ones);
    result.shape = data.shape;
  }
  return op.set(0, result);
}

/// out[indices[m]...] = updates[m]: the last dimension of indices holds places
LogicalResult lowerScatterND(Op &op) {
  const Data &data = op.in(0), &indices = op.in(1), &updates = op.in(2);
  if (!isPlace(op, indices) || !op.sameType(data, updates))
    return failure();
  auto update = readUpdate(op, data);
  if (!update)
    return failure();
  auto depth = indices.rank() ? indices.shape.back().constant()
                              : std::optional<int64_t>();
  if (!depth)
    return op.unsupported("indices of unknown depth");
  int64_t rank = data.rank(), lead = indices.rank() - 1;
  bool fits =
      *depth >= 1 && *depth <= rank && updates.rank() == lead + rank - *depth;
  Dim rows(1);
  Shape flat;
  for (int64_t i = 0; fits && i < updates.rank(); ++i) {
    const Dim &want =
        i < lead ? indices.shape[i] : data.shape[*depth + i - lead];
    auto a = want.constant(), c = updates.shape[i].constant();
    fits = !a || !c || *a == *c;
    if (!fits)
      break;
    Dim size = agree(op, want, updates.shape[i], "sizes of updates");
    if (i < lead)
      rows = rows * size;
    else
      flat.push_back(size);
  }
  if (!fits)
    return op.fail(
        "shape-mismatch", "ScatterND: indices and updates do not fit data",
        {"data is " + op.text(data.shape) + ", indices are " +
         op.text(indices.shape) + ", updates are " + op.text(updates.shape)});
  flat.insert(flat.begin(), rows);
  Value places = op.value(reshape(op, indices, {rows, Dim(*depth)}));
  Value given = op.value(reshape(op, updates, flat));
  Value init = op.value(data);
  if (!places || !given || !init || op.failed())
    return failure();
  llvm::SmallVector<Value> limits;
  for (int64_t i = 0; i < *depth; ++i)
    limits.push_back(op.dims.materialize(data.shape[i], op.b, op.b.getLoc()));
  MLIRContext *context = op.b.getContext();
  llvm::SmallVector<AffineExpr> in{op.b.getAffineDimExpr(rank)};
  for (int64_t i = *depth; i < rank; ++i)
    in.push_back(op.b.getAffineDimExpr(i));
  llvm::SmallVector<utils::IteratorType> loops(rank,
                                               utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  llvm::SmallVector<AffineExpr> out;
  for (int64_t i = 0; i < rank; ++i)
    out.push_back(op.b.getAffineDimExpr(i));
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), given, init,
      llvm::ArrayRef<AffineMap>{AffineMap::get(rank + 1, 0, in, context),
                                AffineMap::get(rank + 1, 0, out, context)},
      loops, [&](OpBuilder &builder, Location loc, ValueRange v) {
        Builder1 b(loc, builder);
        Value row = linalg::IndexOp::create(b, rank);
        Value hit;
        for (int64_t i = 0; i < *depth; ++i) {
          Value column = arith::ConstantIndexOp::create(b, i);
          Value element =
              tensor::ExtractOp::create(b, places, ValueRange{row, column});
          Value here = linalg::IndexOp::create(b, i);
          Value one = meets(b, element, limits[i], here);
          hit = hit ? arith::AndIOp::create(b, hit, one).getResult() : one;
        }
        Value next = update->apply(b, v[1], v[0]);
        Value chosen = arith::SelectOp::create(b, hit, next, v[1]);
        linalg::YieldOp::create(b, chosen);
      });
  Data result;
  result.type = data.type;
  result.shape = data.shape;
  result.value = generic.getResult(0);
  return op.set(0, result);
}

} // namespace

void addScatter(Table &table) {
  table.op("Scatter", {9}, lowerScatterElements);
  table.op("ScatterElements", {11}, lowerScatterElements);
  table.op("ScatterND", {11}, lowerScatterND);
}

} // namespace orchestra::onnx
