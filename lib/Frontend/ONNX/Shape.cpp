//===- Shape.cpp - Arithmetic on sizes, done at import --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exporters compute shapes with tensors: Shape, Gather, Concat, a few sums.
// Where all operands are small integer tensors of known contents - constants,
// or sizes as expressions - the result's contents are computed here, so that a
// Reshape at the end of the chain knows what it does. What cannot be decided is
// left to the ordinary lowering.
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "ImporterState.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// Contents are tracked for tensors of up to this many elements.
constexpr int64_t kMaxContents = 64;

std::optional<int64_t> elementCount(llvm::ArrayRef<Dim> shape) {
  int64_t count = 1;
  for (const Dim &dim : shape) {
    auto size = dim.constant();
    if (!size || *size < 0 || *size > kMaxContents)
      return std::nullopt;
    count = std::min(count * *size, kMaxContents + 1);
  }
  return count;
}

/// Gives output 0 these contents, if they are representable in its type.
bool finish(Op &op, ElementType type, llvm::ArrayRef<Dim> shape,
            Contents contents) {
  if (static_cast<int64_t>(contents.size()) > kMaxContents)
    return false;
  for (const Dim &element : contents) {
    auto value = element.constant();
    if (!value)
      continue;
    // Overflow wraps at run time; sizes do not overflow.
    int64_t limit = type == ElementType::Int32 ? INT32_MAX : INT64_MAX / 4;
    bool copied = *value == INT64_MAX || *value == INT64_MIN;
    if ((*value > limit || *value < -limit) &&
        (!copied || type != ElementType::Int64))
      return false;
  }
  Data data;
  data.type = type;
  data.shape.assign(shape.begin(), shape.end());
  data.contents = std::move(contents);
  return succeeded(op.set(0, std::move(data)));
}

std::optional<Contents> known(Op &op, unsigned index) {
  if (!op.has(index))
    return std::nullopt;
  const Data &data = op.in(index);
  if (data.type != ElementType::Int64 && data.type != ElementType::Int32 &&
      data.type != ElementType::Bool)
    return std::nullopt;
  return op.contents(data);
}

using Combine =
    llvm::function_ref<std::optional<Dim>(const Dim &, const Dim &)>;

/// Elementwise on two operands of equal shape, or one of a single element.
bool zip(Op &op, Combine combine, std::optional<ElementType> type = {}) {
  auto a = known(op, 0), b = known(op, 1);
  if (!a || !b || op.in(0).type != op.in(1).type || a->empty() || b->empty())
    return false;
  const Shape &left = op.in(0).shape, &right = op.in(1).shape;
  if (left != right && a->size() != 1 && b->size() != 1)
    return false;
  Shape shape = a->size() >= b->size() ? left : right;
  if (a->size() == 1 && b->size() == 1)
    shape = left.size() >= right.size() ? left : right;
  else if (std::min(left.size(), right.size()) > shape.size() ||
           std::max(left.size(), right.size()) > shape.size())
    return false;
  Contents result;
  for (size_t i = 0; i < std::max(a->size(), b->size()); ++i) {
    auto element =
        combine((*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i]);
    if (!element)
      return false;
    result.push_back(*element);
  }
  return finish(op, type.value_or(op.in(0).type), shape, std::move(result));
}

bool evaluateAdd(Op &op) {
  return zip(op, [](const Dim &a, const Dim &b) { return a + b; });
}
bool evaluateSub(Op &op) {
  return zip(op, [](const Dim &a, const Dim &b) { return a - b; });
}
bool evaluateMul(Op &op) {
  return zip(op, [](const Dim &a, const Dim &b) { return a * b; });
}

Value asIndex(Op &op, const Dim &dim);

template <DimSymbols::Op kind> bool evaluateSymbolic(Op &op) {
  if (op.numInputs() != 2)
    return false;
  return zip(op, [&](const Dim &a, const Dim &b) -> std::optional<Dim> {
    bool divides = kind == DimSymbols::Op::Div || kind == DimSymbols::Op::Mod;
    if (divides && !op.dims.isPositive(b)) {
      if (!op.dims.isFromValues(b) || b.constant())
        return std::nullopt;
      op.require(arith::CmpIOp::create(op.b, arith::CmpIPredicate::sgt,
                                       asIndex(op, b), asIndex(op, Dim(0))),
                 "a divisor is not positive");
      // What is computed with it until the run fails must not trap.
      Value safe =
          arith::MaxSIOp::create(op.b, asIndex(op, b), asIndex(op, Dim(1)));
      return op.dims.apply(kind, a, op.dims.create("", safe, true, true), op.b,
                           op.b.getLoc());
    }
    // C's and Python's remainders agree on what is not negative only.
    if (kind == DimSymbols::Op::Mod && !op.dims.isNonNegative(a))
      return std::nullopt;
    return op.dims.apply(kind, a, b, op.b, op.b.getLoc());
  });
}

enum class Order { Equal, Less, LessOrEqual, Greater, GreaterOrEqual };

/// A truth value that inputs decide.
Dim truth(Op &op, Value condition) {
  Value index =
      arith::IndexCastUIOp::create(op.b, op.b.getIndexType(), condition);
  return op.dims.create("", index, /*nonNegative=*/true, /*fromValue=*/true);
}

Value asIndex(Op &op, const Dim &dim) {
  return op.dims.materialize(dim, op.b, op.b.getLoc());
}

Value isTrue(Op &op, const Dim &flag) {
  return arith::CmpIOp::create(op.b, arith::CmpIPredicate::ne,
                               asIndex(op, flag), asIndex(op, Dim(0)));
}

std::optional<Dim> decide(Op &op, Order order, const Dim &a, const Dim &b);

/// A comparison, computed before the run where values of inputs decide it.
std::optional<Dim> compare(Op &op, Order order, const Dim &a, const Dim &b) {
  if (auto known = decide(op, order, a, b))
    return known;
  if (!op.dims.isFromValues(a) && !op.dims.isFromValues(b))
    return std::nullopt;
  using P = arith::CmpIPredicate;
  P predicate = order == Order::Equal         ? P::eq
                : order == Order::Less        ? P::slt
                : order == Order::LessOrEqual ? P::sle
                : order == Order::Greater     ? P::sgt
                                              : P::sge;
  return truth(op, arith::CmpIOp::create(op.b, predicate, asIndex(op, a),
                                         asIndex(op, b)));
}

/// A comparison whose answer is the same for all values of the symbols.
std::optional<Dim> decide(Op &op, Order order, const Dim &a, const Dim &b) {
  switch (order) {
  case Order::Equal:
    if (a == b)
      return Dim(1);
    if (op.dims.isPositive(a - b) || op.dims.isPositive(b - a))
      return Dim(0);
    return std::nullopt;
  case Order::Less:
    if (op.dims.isPositive(b - a))
      return Dim(1);
    if (op.dims.isNonNegative(a - b))
      return Dim(0);
    return std::nullopt;
  case Order::LessOrEqual:
    if (op.dims.isNonNegative(b - a))
      return Dim(1);
    if (op.dims.isPositive(a - b))
      return Dim(0);
    return std::nullopt;
  case Order::Greater:
    return decide(op, Order::Less, b, a);
  case Order::GreaterOrEqual:
    return decide(op, Order::LessOrEqual, b, a);
  }
  return std::nullopt;
}

template <Order order> bool evaluateOrder(Op &op) {
  return zip(
      op, [&](const Dim &a, const Dim &b) { return compare(op, order, a, b); },
      ElementType::Bool);
}

enum class Logic { And, Or, Xor };

template <Logic logic> bool evaluateLogic(Op &op) {
  if (!op.has(0) || op.in(0).type != ElementType::Bool)
    return false;
  return zip(op, [&](const Dim &a, const Dim &b) -> std::optional<Dim> {
    auto x = a.constant(), y = b.constant();
    if (op.dims.isFromValues(a) || op.dims.isFromValues(b)) {
      Value left = isTrue(op, a), right = isTrue(op, b);
      if (logic == Logic::And)
        return truth(op, arith::AndIOp::create(op.b, left, right));
      if (logic == Logic::Or)
        return truth(op, arith::OrIOp::create(op.b, left, right));
      return truth(op, arith::XOrIOp::create(op.b, left, right));
    }
    if (!x || !y)
      return std::nullopt;
    switch (logic) {
    case Logic::And:
      return Dim(*x & *y);
    case Logic::Or:
      return Dim(*x | *y);
    case Logic::Xor:
      return Dim(*x ^ *y);
    }
    return std::nullopt;
  });
}

bool evaluateNot(Op &op) {
  auto data = known(op, 0);
  if (!data || op.in(0).type != ElementType::Bool)
    return false;
  Contents result;
  for (const Dim &element : *data) {
    if (op.dims.isFromValues(element)) {
      result.push_back(Dim(1) - element);
      continue;
    }
    if (!element.constant())
      return false;
    result.push_back(Dim(element.is(0)));
  }
  return finish(op, ElementType::Bool, op.in(0).shape, std::move(result));
}

bool evaluateWhere(Op &op) {
  auto condition = known(op, 0), x = known(op, 1), y = known(op, 2);
  if (!condition || !x || !y || op.in(1).type != op.in(2).type)
    return false;
  size_t count = std::max({condition->size(), x->size(), y->size()});
  Shape shape;
  for (unsigned i = 0; i < 3; ++i) {
    auto contents = known(op, i);
    if (contents->empty() ||
        (contents->size() != 1 && contents->size() != count))
      return false;
    if (contents->size() == count && op.in(i).shape.size() > shape.size())
      shape = op.in(i).shape;
  }
  for (unsigned i = 0; i < 3; ++i)
    if (op.in(i).shape.size() > shape.size() ||
        (known(op, i)->size() == count && count > 1 && op.in(i).shape != shape))
      return false;
  Contents result;
  for (size_t i = 0; i < count; ++i) {
    const Dim &choice = (*condition)[condition->size() == 1 ? 0 : i];
    const Dim &yes = (*x)[x->size() == 1 ? 0 : i];
    const Dim &no = (*y)[y->size() == 1 ? 0 : i];
    if (op.dims.isFromValues(choice)) {
      Value chosen = arith::SelectOp::create(op.b, isTrue(op, choice),
                                             asIndex(op, yes), asIndex(op, no));
      result.push_back(op.dims.create(
          "", chosen, op.dims.isNonNegative(yes) && op.dims.isNonNegative(no),
          /*fromValue=*/true));
      continue;
    }
    auto flag = choice.constant();
    if (!flag)
      return false;
    result.push_back(*flag ? yes : no);
  }
  return finish(op, op.in(1).type, shape, std::move(result));
}

bool evaluateShape(Op &op) {
  if (!op.has(0))
    return false;
  const Shape &shape = op.in(0).shape;
  int64_t rank = shape.size();
  int64_t start = op.intAttr("start", 0);
  int64_t end = op.hasAttr("end") ? op.intAttr("end", rank) : rank;
  if (op.failed())
    return false;
  auto clamp = [&](int64_t at) {
    at = at < 0 ? at + rank : at;
    return std::min(std::max<int64_t>(at, 0), rank);
  };
  start = clamp(start);
  end = std::max(clamp(end), start);
  Contents sizes(shape.begin() + start, shape.begin() + end);
  int64_t count = sizes.size();
  return finish(op, ElementType::Int64, Dim(count), std::move(sizes));
}

bool evaluateSize(Op &op) {
  if (!op.has(0))
    return false;
  Dim size(1);
  for (const Dim &dim : op.in(0).shape)
    size = size * dim;
  return finish(op, ElementType::Int64, {}, {size});
}

bool evaluateGather(Op &op) {
  auto data = known(op, 0), indices = known(op, 1);
  if (!data || !indices || op.in(0).rank() != 1)
    return false;
  Contents result;
  int64_t size = data->size();
  for (const Dim &index : *indices) {
    auto at = index.constant();
    if (!at || *at < -size || *at >= size)
      return false;
    result.push_back((*data)[*at < 0 ? *at + size : *at]);
  }
  return finish(op, op.in(0).type, op.in(1).shape, std::move(result));
}

bool evaluateConcat(Op &op) {
  Contents result;
  for (unsigned i = 0; i < op.numInputs(); ++i) {
    auto part = known(op, i);
    if (!part || op.in(i).rank() != 1 || op.in(i).type != op.in(0).type)
      return false;
    result.append(part->begin(), part->end());
  }
  int64_t count = result.size();
  return op.numInputs() > 0 &&
         finish(op, op.in(0).type, Dim(count), std::move(result));
}

bool evaluateSlice(Op &op) {
  auto data = known(op, 0), starts = known(op, 1), ends = known(op, 2);
  if (!data || !starts || !ends || op.in(0).rank() != 1 ||
      starts->size() != 1 || ends->size() != 1)
    return false;
  int64_t step = 1, size = data->size();
  if (op.has(4)) {
    auto steps = known(op, 4);
    if (!steps || steps->size() != 1 || !(*steps)[0].constant())
      return false;
    step = *(*steps)[0].constant();
  }
  auto start = (*starts)[0].constant(), end = (*ends)[0].constant();
  if (!start || !end || step == 0 || step == INT64_MIN)
    return false;
  int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  auto clamp = [&](int64_t at, int64_t low) {
    at = at < 0 ? std::max(at, -size - 1) + size : at;
    return std::min(std::max(at, low), high);
  };
  int64_t from = clamp(*start, 0), to = clamp(*end, low);
  Contents result;
  for (int64_t i = from; step > 0 ? i < to : i > to; i += step) {
    if (i < 0 || i >= size)
      break;
    result.push_back((*data)[i]);
    if (step > size || step < -size)
      break;
  }
  int64_t count = result.size();
  return finish(op, op.in(0).type, Dim(count), std::move(result));
}

bool evaluateCast(Op &op) {
  auto data = known(op, 0);
  auto type = static_cast<ElementType>(op.intAttr("to"));
  bool widens = type == ElementType::Float || type == ElementType::Double;
  if (!data || (type != ElementType::Int64 && type != ElementType::Int32 &&
                type != ElementType::Bool && !widens))
    return false;
  // Numbers as floats are kept for Range only, and where inputs say them.
  if (widens && llvm::none_of(*data, [&](const Dim &element) {
        return op.dims.isFromValues(element);
      }))
    return false;
  Contents result;
  for (const Dim &element : *data) {
    if (type != ElementType::Bool) {
      result.push_back(element);
    } else if (element.constant() || op.dims.isPositive(element)) {
      result.push_back(Dim(!element.is(0)));
    } else if (op.dims.isFromValues(element)) {
      result.push_back(truth(op, isTrue(op, element)));
    } else {
      return false;
    }
  }
  return finish(op, type, op.in(0).shape, std::move(result));
}

bool evaluateNeg(Op &op) {
  auto data = known(op, 0);
  if (!data)
    return false;
  Contents result;
  for (const Dim &element : *data)
    result.push_back(Dim(0) - element);
  return finish(op, op.in(0).type, op.in(0).shape, std::move(result));
}

/// All elements to one.
bool fold(Op &op, Combine combine, const Dim &first) {
  auto data = known(op, 0);
  if (!data || op.in(0).rank() != 1 || op.in(0).type == ElementType::Bool)
    return false;
  if (op.has(1)) {
    auto axes = known(op, 1);
    if (!axes || axes->size() > 1)
      return false;
    if (axes->empty() && op.intAttr("noop_with_empty_axes", 0))
      return false;
  } else if (op.intAttr("noop_with_empty_axes", 0) || op.hasAttr("axes")) {
    return false;
  }
  Dim total = first;
  for (const Dim &element : *data)
    total = *combine(total, element);
  Shape shape;
  if (op.intAttr("keepdims", 1))
    shape.push_back(Dim(1));
  return finish(op, op.in(0).type, shape, {total});
}
bool evaluateReduceProd(Op &op) {
  return fold(op, [](const Dim &a, const Dim &b) { return a * b; }, Dim(1));
}
bool evaluateReduceSum(Op &op) {
  return fold(op, [](const Dim &a, const Dim &b) { return a + b; }, Dim(0));
}

bool evaluateRange(Op &op) {
  auto start = known(op, 0), limit = known(op, 1), delta = known(op, 2);
  if (!start || !limit || !delta || start->size() != 1 || limit->size() != 1 ||
      delta->size() != 1)
    return false;
  auto from = (*start)[0].constant(), to = (*limit)[0].constant(),
       step = (*delta)[0].constant();
  if (!from || !to || !step || *step == 0)
    return false;
  Contents result;
  __int128 at = *from;
  for (; *step > 0 ? at < *to : at > *to; at += *step) {
    if (static_cast<int64_t>(result.size()) == kMaxContents)
      return false;
    result.push_back(Dim(static_cast<int64_t>(at)));
  }
  int64_t count = result.size();
  return finish(op, op.in(0).type, Dim(count), std::move(result));
}

/// One element repeated.
bool evaluateExpand(Op &op) {
  auto data = known(op, 0), sizes = known(op, 1);
  if (!data || !sizes || data->size() != 1)
    return false;
  Shape shape(sizes->begin(), sizes->end());
  auto count = elementCount(shape);
  if (!count || *count > kMaxContents || shape.size() < op.in(0).shape.size())
    return false;
  return finish(op, op.in(0).type, shape, Contents(*count, (*data)[0]));
}

const llvm::StringMap<bool (*)(Op &)> &evaluators() {
  static const llvm::StringMap<bool (*)(Op &)> map = {
      {"Add", evaluateAdd},
      {"And", evaluateLogic<Logic::And>},
      {"Cast", evaluateCast},
      {"Concat", evaluateConcat},
      {"Div", evaluateSymbolic<DimSymbols::Op::Div>},
      {"Equal", evaluateOrder<Order::Equal>},
      {"Expand", evaluateExpand},
      {"Gather", evaluateGather},
      {"Greater", evaluateOrder<Order::Greater>},
      {"GreaterOrEqual", evaluateOrder<Order::GreaterOrEqual>},
      {"Less", evaluateOrder<Order::Less>},
      {"LessOrEqual", evaluateOrder<Order::LessOrEqual>},
      {"Max", evaluateSymbolic<DimSymbols::Op::Max>},
      {"Min", evaluateSymbolic<DimSymbols::Op::Min>},
      {"Mod", evaluateSymbolic<DimSymbols::Op::Mod>},
      {"Mul", evaluateMul},
      {"Neg", evaluateNeg},
      {"Not", evaluateNot},
      {"Or", evaluateLogic<Logic::Or>},
      {"Range", evaluateRange},
      {"ReduceProd", evaluateReduceProd},
      {"ReduceSum", evaluateReduceSum},
      {"Shape", evaluateShape},
      {"Size", evaluateSize},
      {"Slice", evaluateSlice},
      {"Sub", evaluateSub},
      {"Where", evaluateWhere},
      {"Xor", evaluateLogic<Logic::Xor>},
  };
  return map;
}

/// Shape and Size are evaluated for every operand; this is not reached.
LogicalResult lowerEvaluated(Op &op) { return op.unsupported("this operand"); }

} // namespace

bool evaluateContents(Op &op) {
  auto evaluator = evaluators().find(op.node.op);
  return evaluator != evaluators().end() && evaluator->second(op);
}

bool isEvaluated(llvm::StringRef op) {
  // Those that only move elements keep what is known of them.
  static const llvm::StringSet<> moving = {"Identity", "Reshape", "Split",
                                           "Squeeze", "Unsqueeze"};
  return (evaluators().contains(op) || moving.contains(op)) && op != "Shape" &&
         op != "Size";
}

void addShape(Table &table) {
  table.op("Shape", {1}, lowerEvaluated);
  table.op("Size", {1}, lowerEvaluated);
}

} // namespace orchestra::onnx
