//===- DataMovement.cpp - Operators that move elements --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Narrow.h"
#include "Sizes.h"
#include "Strings.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// The same value under another name.
LogicalResult lowerIdentity(Op &op) { return op.set(0, op.in(0)); }

/// Reshape where inputs say the shape: 0 and -1 are found out before the run.
LogicalResult reshapeByValues(Op &op, const Data &x, llvm::ArrayRef<Dim> target,
                              bool allowZero) {
  using P = arith::CmpIPredicate;
  Shape sizes;
  llvm::SmallVector<Value> isFree;
  Dim rest(1), total = product(x.shape), frees(0);
  for (const auto &[i, dim] : llvm::enumerate(target)) {
    Dim size = dim;
    if (!allowZero && static_cast<int64_t>(i) < x.rank())
      size = choose(op, compareSizes(op, P::eq, dim, Dim(0)), x.shape[i], dim);
    isFree.push_back(compareSizes(op, P::eq, dim, Dim(-1)));
    rest = sizeFrom(
        op, indexValue(op, rest * choose(op, isFree.back(), Dim(1), size)));
    frees = frees + choose(op, isFree.back(), Dim(1), Dim(0));
    sizes.push_back(size);
  }
  Value divisor =
      arith::MaxSIOp::create(op.b, indexValue(op, rest), indexConstant(op, 1));
  Dim left = sizeFrom(
      op, arith::DivSIOp::create(op.b, indexValue(op, total), divisor));
  Shape shape;
  Value count;
  for (const auto &[size, free] : llvm::zip(sizes, isFree)) {
    Dim chosen = choose(op, free, left, size);
    shape.push_back(sizeFrom(op, indexValue(op, chosen)));
    Value number = op.dims.materializeDouble(shape.back(), op.b, op.b.getLoc());
    count =
        count ? arith::MulFOp::create(op.b, count, number).getResult() : number;
  }
  op.require(compareSizes(op, P::sle, frees, Dim(1)), "two sizes are -1");
  Value all = op.dims.materializeDouble(total, op.b, op.b.getLoc());
  op.require(arith::CmpFOp::create(op.b, arith::CmpFPredicate::OEQ, all, count),
             "numbers of elements differ");
  return op.set(0, reshape(op, x, shape));
}

/// 0 keeps the input's size (unless allowzero), one -1 takes what is left.
LogicalResult lowerReshape(Op &op) {
  const Data &x = op.in(0), &wanted = op.in(1);
  bool allowZero = op.intAttr("allowzero", 0) != 0;
  if (op.failed())
    return failure();
  auto target = sizesFrom(op, wanted, "the shape");
  if (!target)
    return failure();
  if (llvm::any_of(*target, [&](const Dim &dim) {
        return op.dims.isFromValues(dim) && !op.dims.isNonNegative(dim);
      }))
    return reshapeByValues(op, x, *target, allowZero);
  Shape shape;
  std::optional<size_t> free;
  for (const auto &[i, dim] : llvm::enumerate(*target)) {
    auto size = dim.constant();
    if (size && *size == 0 && !allowZero) {
      if (static_cast<int64_t>(i) >= x.rank())
        return op.fail("invalid-shape",
                       "Reshape: 0 keeps a size that the input lacks",
                       {"the input is " + op.text(x.shape)});
      shape.push_back(x.shape[i]);
    } else if (size && *size == -1) {
      if (free)
        return op.fail("invalid-shape", "Reshape: two sizes are -1");
      free = i;
      shape.push_back(Dim(1));
    } else if (size && *size < 0) {
      return op.fail("invalid-shape", "Reshape: a size is negative",
                     {"the shape is " + op.text(*target)});
    } else {
      shape.push_back(dim);
    }
  }
  Dim total = product(x.shape), rest = product(shape);
  if (free) {
    if (rest.is(0))
      return op.fail("invalid-shape",
                     "Reshape: -1 is ambiguous beside a size of 0");
    Dim left =
        op.dims.apply(DimSymbols::Op::Div, total, rest, op.b, op.b.getLoc());
    shape[*free] = left;
    rest = rest * left;
  }
  if (total.constant() && rest.constant() && total != rest)
    return op.fail("shape-mismatch", "Reshape: numbers of elements differ",
                   {"the input is " + op.text(x.shape) + ", the shape is " +
                    op.text(*target)});
  requireSizes(op, arith::CmpIPredicate::eq, total, rest,
               "numbers of elements differ");
  return op.set(0, reshape(op, x, shape));
}

/// Two dimensions: those before axis, those from it.
LogicalResult lowerFlatten(Op &op) {
  const Data &x = op.in(0);
  int64_t at = op.intAttr("axis", 1);
  if (op.failed())
    return failure();
  if (at < -x.rank() || at > x.rank())
    return op.fail("invalid-attribute", "Flatten: axis is out of range",
                   {"it is " + std::to_string(at) + "; the tensor has " +
                    std::to_string(x.rank()) + " dimensions"});
  at = at < 0 ? at + x.rank() : at;
  llvm::ArrayRef<Dim> dims(x.shape);
  return op.set(
      0, reshape(op, x,
                 {product(dims.take_front(at)), product(dims.drop_front(at))}));
}

/// perm[i] is the input dimension that becomes dimension i; none reverses.
LogicalResult lowerTranspose(Op &op) {
  const Data &x = op.in(0);
  llvm::SmallVector<int64_t> reversed;
  for (int64_t i = x.rank(); i-- > 0;)
    reversed.push_back(i);
  auto order = op.intsAttr("perm", reversed);
  if (op.failed())
    return failure();
  auto sorted = order;
  llvm::sort(sorted);
  for (const auto &[i, axis] : llvm::enumerate(sorted))
    if (axis != static_cast<int64_t>(i) ||
        sorted.size() != static_cast<size_t>(x.rank()))
      return op.fail("invalid-attribute",
                     "Transpose: perm must name each dimension once");
  if (order.size() != static_cast<size_t>(x.rank()))
    return op.fail("invalid-attribute",
                   "Transpose: perm must name each dimension once");
  return op.set(0, transpose(op, x, order));
}

/// One after the other along axis.
LogicalResult lowerConcat(Op &op) {
  llvm::SmallVector<Data, 4> inputs;
  for (unsigned i = 0; i < std::max(1u, op.numInputs()); ++i)
    inputs.push_back(op.in(i));
  auto axis = op.axis(op.intAttr("axis"), inputs.front().rank());
  if (!axis)
    return failure();
  const Data &first = inputs.front();
  for (const auto &[i, input] : llvm::enumerate(inputs)) {
    if (!op.sameType(first, input))
      return failure();
    bool fits = input.rank() == first.rank();
    for (int64_t d = 0; fits && d < first.rank(); ++d) {
      auto a = first.shape[d].constant(), b = input.shape[d].constant();
      fits = d == *axis || !a || !b || *a == *b;
    }
    if (!fits)
      return op.fail("shape-mismatch", "Concat: shapes do not agree",
                     {"input 0 is " + op.text(first.shape) + ", input " +
                      std::to_string(i) + " is " + op.text(input.shape) +
                      "; only dimension " + std::to_string(*axis) +
                      " may differ"});
    for (int64_t d = 0; d < first.rank(); ++d)
      if (d != *axis)
        requireEqual(op, first.shape[d], input.shape[d], "sizes");
  }
  return op.set(0, concat(op, inputs, *axis));
}

/// Whether the axes name dimension i.
Value isOneOf(Op &op, llvm::ArrayRef<Dim> axes, int64_t i) {
  Value any;
  for (const Dim &axis : axes) {
    Value is = compareSizes(op, arith::CmpIPredicate::eq, axis, Dim(i));
    any = any ? arith::OrIOp::create(op.b, any, is).getResult() : is;
  }
  return any;
}

/// Inserts dimensions of size 1 at the positions that axes have in the result.
LogicalResult lowerUnsqueeze(Op &op) {
  const Data &x = op.in(0);
  int64_t count = op.intsAttr("axes").size();
  if (op.has(1)) {
    auto size = product(op.in(1).shape).constant();
    if (!size)
      return op.unsupported("axes of unknown number");
    count = *size;
  } else if (!op.hasAttr("axes")) {
    return op.fail("missing-input", "Unsqueeze lacks its axes");
  }
  int64_t rank = x.rank() + count;
  auto given = axesFrom(op, 1, "axes", rank);
  if (!given)
    return failure();
  Shape shape;
  auto axes = knownAxes(op, *given, rank);
  if (op.failed())
    return failure();
  if (axes) {
    for (int64_t i = 0, next = 0; i < rank; ++i)
      shape.push_back(llvm::is_contained(*axes, i) ? Dim(1) : x.shape[next++]);
    return op.set(0, reshape(op, x, shape));
  }
  // Dimension i of the result is 1, or that of x which has as many before it.
  Dim taken(0);
  for (int64_t i = 0; i < rank; ++i) {
    Value isNew = isOneOf(op, *given, i);
    Dim size(1);
    for (int64_t j = 0; j <= std::min(i, x.rank() - 1); ++j)
      size =
          choose(op, compareSizes(op, arith::CmpIPredicate::eq, taken, Dim(j)),
                 x.shape[j], size);
    shape.push_back(choose(op, isNew, Dim(1), size));
    taken = taken + choose(op, isNew, Dim(0), Dim(1));
  }
  op.require(compareSizes(op, arith::CmpIPredicate::eq, taken, Dim(x.rank())),
             "axes name a dimension twice");
  return op.set(0, reshape(op, x, shape));
}

/// Drops the dimensions that axes name, or all that are 1.
LogicalResult lowerSqueeze(Op &op) {
  const Data &x = op.in(0);
  auto given = axesFrom(op, 1, "axes", x.rank());
  if (op.failed())
    return failure();
  llvm::SmallVector<int64_t> drop;
  Shape shape;
  if (given) {
    auto axes = knownAxes(op, *given, x.rank());
    if (op.failed())
      return failure();
    if (!axes) {
      // The dimension that has j kept ones before it becomes dimension j.
      Dim kept(0), dropped(1);
      shape.assign(std::max<int64_t>(x.rank() - given->size(), 0), Dim(1));
      for (int64_t i = 0; i < x.rank(); ++i) {
        Value drops = isOneOf(op, *given, i);
        for (auto &&[j, size] : llvm::enumerate(shape)) {
          Value here = compareSizes(op, arith::CmpIPredicate::eq, kept,
                                    Dim(static_cast<int64_t>(j)));
          size = choose(op, here, x.shape[i], size);
        }
        kept = kept + choose(op, drops, Dim(0), Dim(1));
        dropped = dropped * choose(op, drops, x.shape[i], Dim(1));
      }
      op.require(compareSizes(op, arith::CmpIPredicate::eq, kept,
                              Dim(static_cast<int64_t>(shape.size()))),
                 "axes name a dimension twice");
      op.require(compareSizes(op, arith::CmpIPredicate::eq, dropped, Dim(1)),
                 "a dimension is not 1");
      return op.set(0, reshape(op, x, shape));
    }
    drop = *axes;
  }
  for (int64_t i = 0; i < x.rank(); ++i) {
    const Dim &dim = x.shape[i];
    bool named = llvm::is_contained(drop, i);
    if (named && dim.constant() && !dim.is(1))
      return op.fail("shape-mismatch", "Squeeze: a dimension is not 1",
                     {"the tensor is " + op.text(x.shape) +
                      ", the dimension is " + std::to_string(i)});
    if (!given && !dim.constant())
      return op.unsupported("a dimension of unknown size without axes");
    if (!named && (given || !dim.is(1)))
      shape.push_back(dim);
  }
  return op.set(0, reshape(op, x, shape));
}

/// Broadcasts to the shape and the input's own, both ways.
LogicalResult lowerExpand(Op &op) {
  const Data &x = op.in(0), &wanted = op.in(1);
  if (op.failed())
    return failure();
  auto sizes = sizesFrom(op, wanted, "the shape");
  if (!sizes)
    return failure();
  Data target;
  target.shape.assign(sizes->begin(), sizes->end());
  auto shape = broadcastShape(op, {x, target});
  if (!shape)
    return failure();
  auto result = broadcastTo(op, x, *shape);
  return result ? op.set(0, *result) : failure();
}

/// repeats copies along each dimension: [d] is read as [1, d] -> [r, d] ->
/// [r * d]
LogicalResult lowerTile(Op &op) {
  const Data &x = op.in(0), &repeats = op.in(1);
  if (op.failed())
    return failure();
  auto counts = sizesFrom(op, repeats, "repeats");
  if (!counts)
    return failure();
  if (static_cast<int64_t>(counts->size()) != x.rank())
    return op.fail("shape-mismatch",
                   "Tile: repeats must have one element a dimension",
                   {"the tensor is " + op.text(x.shape)});
  Shape apart, spread, together;
  for (const auto &[dim, count] : llvm::zip(x.shape, *counts)) {
    if (count.constant() && *count.constant() < 0)
      return op.fail("invalid-shape", "Tile: a count is negative");
    together.push_back(dim * count);
    if (!count.is(1)) {
      apart.push_back(Dim(1));
      spread.push_back(count);
    }
    apart.push_back(dim);
    spread.push_back(dim);
  }
  if (!op.tensorType(together, x.type) || op.failed())
    return failure();
  auto copies = broadcastTo(op, reshape(op, x, apart), spread);
  return copies ? op.set(0, reshape(op, *copies, together)) : failure();
}

std::optional<Data> castTo(Op &op, const Data &x, ElementType type) {
  if (x.type == ElementType::String || type == ElementType::String)
    return castString(op, x, type);
  if (!isNarrow(type))
    return convert(op, x, type);
  Narrowing how;
  how.saturate = op.intAttr("saturate", 1) != 0;
  how.round = op.stringAttr("round_mode", "up");
  if (how.round != "up" && how.round != "down" && how.round != "nearest") {
    (void)op.fail("invalid-attribute",
                  op.node.op + ": round_mode must be up, down or nearest",
                  {"it is '" + how.round + "'"});
    return std::nullopt;
  }
  return convertNarrow(op, x, type, how);
}

LogicalResult lowerCast(Op &op) {
  const Data &x = op.in(0);
  auto type = static_cast<ElementType>(op.intAttr("to"));
  if (op.failed())
    return failure();
  auto result = castTo(op, x, type);
  return result ? op.set(0, *result) : failure();
}

/// The same bits as another type of the same width.
LogicalResult lowerBitCast(Op &op) {
  const Data &x = op.in(0);
  auto type = static_cast<ElementType>(op.intAttr("to"));
  Type element = op.failed() ? Type() : op.elementType(type);
  if (!element)
    return failure();
  if (elementBits(type) != elementBits(x.type))
    return op.unsupported("types of different width");
  if (elementBits(type) < 8) // a sign that one of the two lacks
    return op.unsupported("types under a byte");
  if (type == ElementType::Bool || x.type == ElementType::Bool) {
    auto result = convert(op, x, type);
    return result ? op.set(0, *result) : failure();
  }
  auto result = elementwise(
      op, x, type, [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
        if (v[0].getType() == element)
          return v[0];
        return arith::BitcastOp::create(b, element, v[0]);
      });
  return result ? op.set(0, *result) : failure();
}

LogicalResult lowerCastLike(Op &op) {
  const Data &x = op.in(0), &like = op.in(1);
  if (op.failed())
    return failure();
  auto result = castTo(op, x, like.type);
  return result ? op.set(0, *result) : failure();
}

/// Zeros above (or below) diagonal k of the last two dimensions.
LogicalResult lowerTrilu(Op &op) {
  const Data &x = op.in(0);
  bool upper = op.intAttr("upper", 1) != 0;
  if (op.failed())
    return failure();
  if (x.rank() < 2)
    return op.fail("shape-mismatch", "Trilu: the input has no matrices",
                   {"it is " + op.text(x.shape)});
  Value source = op.value(x);
  Value offset = arith::ConstantIndexOp::create(op.b, 0);
  if (op.has(1)) {
    const Data &k = op.in(1);
    if (!op.expectType(k, k.type == ElementType::Int64, "k"))
      return failure();
    for (const Dim &dim : k.shape)
      if (!dim.is(1))
        return op.fail("shape-mismatch", "Trilu: k must be a scalar");
    Value tensor = op.value(reshape(op, k, {}));
    Value diagonal = tensor::ExtractOp::create(op.b, tensor, ValueRange());
    offset = arith::IndexCastOp::create(op.b, op.b.getIndexType(), diagonal);
  }
  int64_t rank = x.rank();
  return op.set(
      0,
      generate(
          op, x.shape, x.type, [&](ImplicitLocOpBuilder &b, ValueRange index) {
            Value row = arith::AddIOp::create(b, index[rank - 2], offset);
            Value keep = arith::CmpIOp::create(
                b,
                upper ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle,
                index[rank - 1], row);
            Value element = tensor::ExtractOp::create(b, source, index);
            Value zero = scalar(b, element.getType(), 0);
            return arith::SelectOp::create(b, keep, element, zero).getResult();
          }));
}

/// Blocks of channels to blocks of pixels, and back.
LogicalResult rearrange(Op &op, bool toSpace) {
  const Data &x = op.in(0);
  int64_t block = op.intAttr("blocksize");
  std::string mode = op.stringAttr("mode", "DCR");
  bool columnMajor = mode == "CRD";
  if (mode != "CRD" && mode != "DCR")
    return op.fail("invalid-attribute",
                   op.node.op + ": mode is '" + mode + "'");
  if (op.failed())
    return failure();
  if (x.rank() != 4)
    return op.fail("shape-mismatch",
                   op.node.op + ": the input must have 4 dimensions",
                   {"it is " + op.text(x.shape)});
  if (block < 1 || block > 65536)
    return op.fail("invalid-attribute",
                   op.node.op + ": blocksize is out of range");
  Dim b(block), n = x.shape[0], c = x.shape[1], h = x.shape[2], w = x.shape[3];
  auto part = [&](const Dim &dim, const Dim &by) {
    return op.dims.apply(DimSymbols::Op::Div, dim, by, op.b, op.b.getLoc());
  };
  auto rest = [](const Dim &dim, int64_t by) {
    return dim.constant() && *dim.constant() % by != 0;
  };
  if (toSpace ? rest(c, block * block) : rest(h, block) || rest(w, block))
    return op.fail("shape-mismatch",
                   op.node.op + ": blocksize does not divide the input",
                   {"the input is " + op.text(x.shape)});
  auto divides = [&](const Dim &dim, const Dim &by) {
    requireSizes(op, arith::CmpIPredicate::eq, part(dim, by) * by, dim,
                 "blocksize does not divide the input");
  };
  if (!toSpace) {
    divides(h, b);
    divides(w, b);
    Dim rows = part(h, b), columns = part(w, b);
    Data split = reshape(op, x, {n, c, rows, b, columns, b});
    Data moved = columnMajor ? transpose(op, split, {0, 1, 3, 5, 2, 4})
                             : transpose(op, split, {0, 3, 5, 1, 2, 4});
    return op.set(0, reshape(op, moved, {n, c * b * b, rows, columns}));
  }
  divides(c, b * b);
  Dim depth = part(c, b * b);
  Data split = columnMajor ? reshape(op, x, {n, depth, b, b, h, w})
                           : reshape(op, x, {n, b, b, depth, h, w});
  Data moved = columnMajor ? transpose(op, split, {0, 1, 4, 2, 5, 3})
                           : transpose(op, split, {0, 3, 4, 1, 5, 2});
  return op.set(0, reshape(op, moved, {n, depth, h * b, w * b}));
}
LogicalResult lowerDepthToSpace(Op &op) { return rearrange(op, true); }
LogicalResult lowerSpaceToDepth(Op &op) { return rearrange(op, false); }

} // namespace

void addDataMovement(Table &table) {
  table.op("DepthToSpace", {1}, lowerDepthToSpace);
  table.op("SpaceToDepth", {1}, lowerSpaceToDepth);
  table.op("Trilu", {14}, lowerTrilu);
  table.op("BitCast", {26, "types of different width, or under a byte"},
           lowerBitCast);
  table.op("Cast", {6}, lowerCast);
  table.op("CastLike", {15}, lowerCastLike);
  table.op("Concat", {4}, lowerConcat);
  table.op("Expand", {8, "", inputs(1)}, lowerExpand);
  table.op("Squeeze", {1, "", inputs(1)}, lowerSqueeze);
  table.op("Tile", {6, "", inputs(1)}, lowerTile);
  table.op("Transpose", {1}, lowerTranspose);
  table.op("Unsqueeze", {1, "", inputs(1)}, lowerUnsqueeze);
  table.op("Identity", {1}, lowerIdentity);
  table.op("Reshape", {5, "", inputs(1)}, lowerReshape);
  table.op("Flatten", {1}, lowerFlatten);
}

} // namespace orchestra::onnx
