//===- Strings.cpp - Operators on strings ---------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A string is its number in a table of the run, equal for equal strings, so
// operators that move or compare elements take strings as they are. What looks
// into them calls the runtime.
//
//===----------------------------------------------------------------------===//
#include "Strings.h"
#include "Build.h"
#include "Selection.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

std::optional<Data> castString(Op &op, const Data &x, ElementType type) {
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(op.b, op.b.getI64IntegerAttr(value));
  };
  auto known = [](ElementType t) {
    return isFloat(t) || isInt(t) || t == ElementType::Bool;
  };
  ElementType other = type == ElementType::String ? x.type : type;
  if (x.type == type)
    return x;
  if (!known(other)) {
    (void)op.unsupported("strings and " + elementTypeName(other));
    return std::nullopt;
  }
  bool floats = isFloat(other);
  ElementType wide = floats ? ElementType::Double : ElementType::Int64;
  if (type == ElementType::String) {
    auto numbers = convert(op, x, wide);
    Value given = numbers ? op.value(*numbers) : nullptr;
    if (!given || op.failed())
      return std::nullopt;
    Value how = floats ? number(other == ElementType::Double ? 0 : 8)
                       : number(isUnsignedInt(other));
    return op.callHost(floats ? "string_from_float" : "string_from_int",
                       {given, how}, x.shape, type);
  }
  Value given = op.value(x);
  if (!given || op.failed())
    return std::nullopt;
  Data read = op.callHost(floats ? "string_to_float" : "string_to_int", {given},
                          x.shape, wide);
  return op.failed() ? std::nullopt : convert(op, read, type);
}

namespace {

bool isString(Op &op, const Data &x, llvm::StringRef what) {
  return op.expectType(x, x.type == ElementType::String, what);
}

/// z = x followed by y
LogicalResult lowerStringConcat(Op &op) {
  const Data x = op.in(0), y = op.in(1);
  if (!isString(op, x, "X") || !isString(op, y, "Y"))
    return failure();
  auto shape = broadcastShape(op, {x, y});
  if (!shape)
    return failure();
  auto left = broadcastTo(op, x, *shape), right = broadcastTo(op, y, *shape);
  if (!left || !right)
    return failure();
  return op.set(0, op.callHost("string_concat",
                               {op.value(*left), op.value(*right)}, *shape,
                               ElementType::String));
}

/// Whether all of x matches the pattern
LogicalResult lowerRegexFullMatch(Op &op) {
  const Data x = op.in(0);
  if (!isString(op, x, "X"))
    return failure();
  return op.set(0,
                op.callHost("string_full_match",
                            {op.value(x), op.bytesOf(op.stringAttr("pattern"))},
                            x.shape, ElementType::Bool));
}

/// The parts of x between delimiters, as many as the longest list has, and how
/// many each has
LogicalResult lowerStringSplit(Op &op) {
  const Data x = op.in(0);
  if (!isString(op, x, "X"))
    return failure();
  int64_t most = op.intAttr("maxsplit", -1);
  if (op.hasAttr("maxsplit") && most < 0)
    most = -1;
  llvm::SmallVector<Value> inputs{
      op.value(x), op.bytesOf(op.stringAttr("delimiter")),
      arith::ConstantOp::create(op.b, op.b.getI64IntegerAttr(most))};
  Data counts =
      op.callHost("string_split_counts", inputs, x.shape, ElementType::Int64);
  if (op.failed())
    return failure();
  llvm::SmallVector<int64_t> all;
  for (int64_t i = 0; i < x.rank(); ++i)
    all.push_back(i);
  // Of no strings the largest count is the least integer.
  Data longest = reduce(op, counts, all, false, Reduction::Max);
  Value zero = arith::ConstantOp::create(op.b, op.b.getI64IntegerAttr(0));
  Value count = tensor::ExtractOp::create(op.b, longest.value, ValueRange());
  Shape shape = x.shape;
  shape.push_back(countedSize(op, arith::MaxSIOp::create(op.b, count, zero)));
  if (failed(op.set(
          0, op.callHost("string_split", inputs, shape, ElementType::String))))
    return failure();
  return op.set(1, counts);
}

/// Letters changed, stop words dropped; one empty string if nothing is left
LogicalResult lowerStringNormalizer(Op &op) {
  const Data x = op.in(0);
  if (!isString(op, x, "X"))
    return failure();
  if (x.rank() != 1 && (x.rank() != 2 || !x.shape[0].is(1)))
    return op.fail("shape-mismatch",
                   "StringNormalizer: X must be [C] or [1, C]",
                   {"it is " + op.text(x.shape)});
  std::string action = op.stringAttr("case_change_action", "NONE");
  if (action != "NONE" && action != "LOWER" && action != "UPPER")
    return op.fail("invalid-attribute",
                   "StringNormalizer: case_change_action is '" + action + "'");
  Shape flat{x.shape.back()};
  Data plain = reshape(op, x, flat);
  auto changed = [&](const Data &from) {
    if (action == "NONE")
      return from;
    Value upper = arith::ConstantOp::create(
        op.b, op.b.getI64IntegerAttr(action == "UPPER"));
    return op.callHost("string_case", {op.value(from), upper}, from.shape,
                       ElementType::String);
  };
  Data normal = changed(plain);
  std::vector<std::string> words = op.stringsAttr("stopwords");
  words.emplace_back(); // empty strings go as well
  Data stops =
      op.stringConstant(words, {Dim(static_cast<int64_t>(words.size()))});
  bool sensitive = op.intAttr("is_case_sensitive", 0) != 0;
  // Unless capitals count, stop words are changed as the strings are.
  Data tested = sensitive ? plain : normal;
  if (!sensitive)
    stops = changed(stops);
  if (op.failed())
    return failure();
  // keep[i] = no stop word equals tested[i]
  auto count = static_cast<int64_t>(words.size());
  auto keep = elementwise(
      op, tested, ElementType::Bool, [&](Num::Builder &b, ValueRange v) {
        Num yes(b, arith::ConstantOp::create(b, b.getBoolAttr(true)));
        auto last =
            loop(b, indexNum(b, count), yes,
                 [&](Num::Builder &b, Num k,
                     llvm::ArrayRef<Num> now) -> llvm::SmallVector<Num> {
                   return {now[0] & (at(b, stops.value, k) != Num(b, v[0]))};
                 });
        return Value(last[0]);
      });
  if (!keep)
    return failure();
  Chosen chosen = choosePositions(op, *keep);
  if (op.failed())
    return failure();
  Dim size = op.dims.apply(DimSymbols::Op::Max, chosen.count, Dim(1), op.b,
                           op.b.getLoc());
  Value found = indexValue(op, chosen.count), strings = op.value(normal);
  Value limit = indexValue(op, flat[0]);
  Data result = generate(
      op, {size}, ElementType::String,
      [&](Num::Builder &b, ValueRange at) -> Value {
        // Number 0 is the empty string.
        Num i(b, at[0]), there = i < Num(b, found);
        Num zero(b, arith::ConstantOp::create(b, b.getI64IntegerAttr(0)));
        auto some = scf::IfOp::create(
            b, there,
            [&](OpBuilder &builder, Location loc) {
              Num::Builder b(loc, builder);
              Num place =
                  orchestra::onnx::at(b, chosen.positions.value, Num(b, at[0]))
                      .asIndex();
              Num inside = place.max(0).min(Num(b, limit) - 1);
              scf::YieldOp::create(
                  b, Value(orchestra::onnx::at(b, strings, inside)));
            },
            [&](OpBuilder &builder, Location loc) {
              scf::YieldOp::create(builder, loc, Value(zero));
            });
        return some.getResult(0);
      });
  if (x.rank() == 2)
    result = reshape(op, result, {Dim(1), size});
  return op.set(0, result);
}

} // namespace

void addStrings(Table &table) {
  table.op("RegexFullMatch", {20, "flags, named classes of characters"},
           lowerRegexFullMatch);
  table.op("StringConcat", {20}, lowerStringConcat);
  table.op("StringNormalizer", {10}, lowerStringNormalizer);
  table.op("StringSplit", {20}, lowerStringSplit);
}

} // namespace orchestra::onnx
