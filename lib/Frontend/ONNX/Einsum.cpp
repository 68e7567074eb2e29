//===- Einsum.cpp - Sums of products by index labels ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// "bij,bjk->bik": each label is a loop; those that the result lacks are summed
// over. One linalg.generic says it all.
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <map>

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// The labels of one term. An ellipsis becomes the labels '0', '1', ... counted
/// from its end.
using Labels = std::string;

struct Equation {
  llvm::SmallVector<Labels, 4> inputs;
  Labels output;
};

std::optional<Labels> readTerm(Op &op, llvm::StringRef text, int64_t rank) {
  size_t dots = text.find("...");
  Labels labels;
  auto refuse = [&](const llvm::Twine &what) -> std::optional<Labels> {
    (void)op.fail("invalid-attribute", "Einsum: " + what,
                  {"the term is '" + text.str() + "'"});
    return std::nullopt;
  };
  int64_t named = text.size() - (dots == llvm::StringRef::npos ? 0 : 3);
  int64_t hidden = dots == llvm::StringRef::npos ? 0 : rank - named;
  if (hidden < 0 || hidden > 10 || (rank >= 0 && named + hidden != rank))
    return refuse("a term does not fit its operand");
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == dots) {
      for (int64_t k = hidden; k-- > 0;)
        labels.push_back(static_cast<char>('0' + k));
      i += 2;
    } else if (llvm::isAlpha(text[i])) {
      labels.push_back(text[i]);
    } else {
      return refuse("a label must be a letter");
    }
  }
  return labels;
}

std::optional<Equation> readEquation(Op &op) {
  std::string text = op.stringAttr("equation");
  llvm::erase(text, ' ');
  auto [left, right] = llvm::StringRef(text).split("->");
  bool isExplicit = llvm::StringRef(text).contains("->");
  llvm::SmallVector<llvm::StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != op.numInputs()) {
    (void)op.fail("invalid-attribute",
                  "Einsum: the equation has another number of terms",
                  {"it is '" + text + "'"});
    return std::nullopt;
  }
  Equation equation;
  std::map<char, int> uses;
  int64_t hidden = 0;
  for (const auto &[i, term] : llvm::enumerate(terms)) {
    const Data &data = op.in(i);
    if (op.failed())
      return std::nullopt;
    auto labels = readTerm(op, term, data.rank());
    if (!labels)
      return std::nullopt;
    for (char label : *labels) {
      ++uses[label];
      if (llvm::isDigit(label))
        hidden = std::max<int64_t>(hidden, label - '0' + 1);
    }
    equation.inputs.push_back(*labels);
  }
  if (isExplicit) {
    int64_t rank = right.size();
    if (right.contains("..."))
      rank += hidden - 3;
    auto labels = readTerm(op, right, rank);
    if (!labels)
      return std::nullopt;
    equation.output = *labels;
  } else { // all that occur once, in alphabetical order
    for (int64_t k = hidden; k-- > 0;)
      equation.output.push_back(static_cast<char>('0' + k));
    for (const auto &[label, count] : uses)
      if (count == 1 && !llvm::isDigit(label))
        equation.output.push_back(label);
  }
  for (char label : equation.output)
    if (!uses.count(label) || llvm::count(equation.output, label) != 1) {
      (void)op.fail("invalid-attribute",
                    "Einsum: a label of the result is not an input's, or "
                    "stands twice",
                    {"the equation is '" + text + "'"});
      return std::nullopt;
    }
  return equation;
}

/// Elements at equal places of dimensions that have the same label, of which
/// only the first stays.
std::optional<Data> diagonal(Op &op, const Data &x, Labels &labels) {
  Labels kept;
  Shape shape;
  llvm::SmallVector<size_t> from;
  for (const auto &[axis, label] : llvm::enumerate(labels)) {
    size_t known = kept.find(label);
    from.push_back(known == Labels::npos ? kept.size() : known);
    if (known == Labels::npos) {
      kept.push_back(label);
      shape.push_back(x.shape[axis]);
      continue;
    }
    auto a = shape[known].constant(), b = x.shape[axis].constant();
    if (a && b && *a != *b) {
      (void)op.fail("shape-mismatch", "operand shapes do not agree",
                    {"label '" + std::string(1, label) + "' is " +
                     std::to_string(*a) + " and " + std::to_string(*b)});
      return std::nullopt;
    }
    requireEqual(op, shape[known], x.shape[axis], "sizes of one label");
  }
  if (kept.size() == labels.size())
    return x;
  labels = kept;
  Value tensor = op.value(x);
  if (op.failed() || !tensor)
    return std::nullopt;
  return generate(op, shape, x.type,
                  [&](ImplicitLocOpBuilder &b, ValueRange at) -> Value {
                    llvm::SmallVector<Value> place;
                    for (size_t axis : from)
                      place.push_back(at[axis]);
                    return tensor::ExtractOp::create(b, tensor, place);
                  });
}

LogicalResult lowerEinsum(Op &op) {
  auto equation = readEquation(op);
  if (!equation)
    return failure();
  const Data &first = op.in(0);
  if (!op.expectType(first, isFloat(first.type) || isInt(first.type),
                     "an operand"))
    return failure();
  // Loops: the result's labels, then those summed over.
  Labels loops = equation->output;
  std::map<char, Dim> sizes;
  llvm::SmallVector<Data> inputs;
  for (const auto &[i, labels] : llvm::enumerate(equation->inputs)) {
    if (!op.sameType(first, op.in(i)))
      return failure();
    auto own = diagonal(op, op.in(i), labels);
    if (!own)
      return failure();
    inputs.push_back(*own);
    const Data &data = inputs.back();
    for (const auto &[axis, label] : llvm::enumerate(labels)) {
      const Dim &dim = data.shape[axis];
      if (loops.find(label) == Labels::npos)
        loops.push_back(label);
      auto [known, isNew] = sizes.emplace(label, dim);
      auto a = known->second.constant(), b = dim.constant();
      if (a && b && *a != *b && *a != 1 && *b != 1)
        return op.fail("shape-mismatch", "operand shapes do not agree",
                       {"label '" + std::string(1, label) + "' is " +
                        std::to_string(*a) + " and " + std::to_string(*b)});
      requireBroadcast(op, known->second, dim);
      if (known->second.is(1) || (!a && b && *b != 1))
        known->second = dim;
    }
  }
  bool widens = isFloat(first.type) && elementBits(first.type) < 32;
  ElementType type = widens ? ElementType::Float : first.type;
  MLIRContext *context = op.b.getContext();
  auto loopOf = [&](char label) {
    return getAffineDimExpr(loops.find(label), context);
  };
  llvm::SmallVector<Value> operands;
  llvm::SmallVector<AffineMap> maps;
  for (const auto &[i, labels] : llvm::enumerate(equation->inputs)) {
    auto data = convert(op, inputs[i], type);
    if (!data)
      return failure();
    Shape kept;
    llvm::SmallVector<AffineExpr> exprs;
    for (const auto &[axis, label] : llvm::enumerate(labels)) {
      if (data->shape[axis].is(1) && !sizes[label].is(1))
        continue;
      kept.push_back(data->shape[axis]);
      exprs.push_back(loopOf(label));
    }
    operands.push_back(op.value(reshape(op, *data, kept)));
    maps.push_back(AffineMap::get(loops.size(), 0, exprs, context));
  }
  Data result;
  result.type = type;
  llvm::SmallVector<AffineExpr> exprs;
  for (char label : equation->output) {
    result.shape.push_back(sizes[label]);
    exprs.push_back(loopOf(label));
  }
  maps.push_back(AffineMap::get(loops.size(), 0, exprs, context));
  llvm::SmallVector<utils::IteratorType> kinds(loops.size(),
                                               utils::IteratorType::reduction);
  std::fill_n(kinds.begin(), equation->output.size(),
              utils::IteratorType::parallel);
  Value init = zeros(op, result.shape, type);
  if (op.failed())
    return failure();
  result.value = linalg::GenericOp::create(
                     op.b, init.getType(), operands, init, maps, kinds,
                     [&](OpBuilder &builder, Location loc, ValueRange v) {
                       ImplicitLocOpBuilder b(loc, builder);
                       Value term = v[0];
                       for (Value factor : v.drop_front().drop_back())
                         term = combine(b, Reduction::Prod, type, term, factor);
                       linalg::YieldOp::create(
                           b, combine(b, Reduction::Sum, type, v.back(), term));
                     })
                     .getResult(0);
  auto narrow = convert(op, result, first.type);
  return narrow ? op.set(0, *narrow) : failure();
}

} // namespace

void addEinsum(Table &table) { table.op("Einsum", {12}, lowerEinsum); }

} // namespace orchestra::onnx
