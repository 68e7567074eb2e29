//===- Scatter.cpp - Updates at computed places ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What places out of range mean is linalg_ext.scatter's: they meet nothing.
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

/// `into` after the updates.
Value scatter(Op &op, const Update &update, Value updates, Value indices,
              Value into, AffineMap map, AffineMap indicesMap) {
  auto scatter =
      linalg_ext::ScatterOp::create(op.b, into.getType(), map, indicesMap,
                                    /*unique=*/false, updates, indices, into);
  OpBuilder::InsertionGuard guard(op.b);
  Type element = op.elementType(update.type);
  Block *body = op.b.createBlock(&scatter.getCombiner(), {}, {element, element},
                                 {op.b.getLoc(), op.b.getLoc()});
  linalg_ext::YieldOp::create(
      op.b, update.apply(op.b, body->getArgument(0), body->getArgument(1)));
  return scatter.getResult(0);
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
  if (!init || !places || !given || op.failed())
    return failure();
  AffineMap same = op.b.getMultiDimIdentityMap(rank);
  llvm::SmallVector<AffineExpr> exprs(same.getResults());
  exprs[*axis] = op.b.getAffineSymbolExpr(0);
  AffineMap map = AffineMap::get(rank, 1, exprs, op.b.getContext());
  Data result = inner;
  result.constant = nullptr;
  result.contents.reset();
  result.value = scatter(op, *update, given, places, init, map, same);
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
  MLIRContext *context = op.b.getContext();
  llvm::SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(i < *depth ? op.b.getAffineSymbolExpr(i)
                               : op.b.getAffineDimExpr(1 + i - *depth));
  int64_t loops = 1 + rank - *depth;
  AffineMap map = AffineMap::get(loops, *depth, exprs, context);
  AffineMap rowMap = AffineMap::get(loops, 0, op.b.getAffineDimExpr(0));
  Data result;
  result.type = data.type;
  result.shape = data.shape;
  result.value = scatter(op, *update, given, places, init, map, rowMap);
  return op.set(0, result);
}

} // namespace

void addScatter(Table &table) {
  table.op("Scatter", {9}, lowerScatterElements);
  table.op("ScatterElements", {11}, lowerScatterElements);
  table.op("ScatterND", {11}, lowerScatterND);
}

} // namespace orchestra::onnx
