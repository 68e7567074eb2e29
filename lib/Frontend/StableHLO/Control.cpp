//===- Control.cpp - Loops and branches -----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loop carries its tensors and the condition for the next round, which is
// computed before the loop and at the end of each round. Each next state is
// written over the last one, after all were read.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;
using List = SmallVector<Data>;

/// Numbers that a region makes known hold inside of it only.
class NumbersScope {
public:
  explicit NumbersScope(Importer &importer)
      : importer(importer), before(importer.knownNumbers) {}
  ~NumbersScope() { importer.knownNumbers = std::move(before); }

private:
  Importer &importer;
  llvm::DenseMap<Value, SmallVector<OpFoldResult>> before;
};

/// The tensors of values, tuples' items too; tokens are none.
void flatten(ArrayRef<Data> values, SmallVectorImpl<Value> &tensors) {
  for (const Data &data : values) {
    if (data.value)
      tensors.push_back(data.value);
    if (data.imag)
      tensors.push_back(data.imag);
    flatten(data.items, tensors);
  }
}

/// The same values over other tensors.
List rebuild(ArrayRef<Data> like, ValueRange tensors, size_t &next) {
  List result;
  for (const Data &data : like) {
    Data copy = data;
    if (data.value)
      copy.value = tensors[next++];
    if (data.imag)
      copy.imag = tensors[next++];
    List items = rebuild(data.items, tensors, next);
    copy.items.assign(items.begin(), items.end());
    result.push_back(copy);
  }
  return result;
}

List rebuild(ArrayRef<Data> like, ValueRange tensors) {
  size_t next = 0;
  return rebuild(like, tensors, next);
}

/// Whether a value may lie in the memory of a loop's state.
bool mayShareState(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return true;
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(def))
    return mayShareState(dps.getTiedOpOperand(cast<OpResult>(value))->get());
  return !isa<tensor::EmptyOp, tensor::PadOp, tensor::ConcatOp,
              tensor::FromElementsOp>(def);
}

Value copyInto(B &b, Value value, Value place) {
  value = castTo(b, value, place.getType());
  return linalg::CopyOp::create(b, value, place).getResult(0);
}

void setArguments(Op &op, Block &block, ArrayRef<Data> values) {
  for (auto [argument, data] : llvm::zip_equal(block.getArguments(), values)) {
    op.importer.values[argument] = data;
    op.importer.knownNumbers.erase(argument);
  }
}

/// What the condition's region says of these states.
Value condition(Op &op, Region &region, ArrayRef<Data> states, B &b) {
  NumbersScope scope(op.importer);
  setArguments(op, region.front(), states);
  auto result = op.importer.importBlock(region.front(), b);
  if (!result)
    return nullptr;
  return extractScalar(b, result->front().value);
}

LogicalResult lowerWhile(Op &op) {
  auto loop = cast<WhileOp>(op.op);
  List states;
  for (Value operand : op.op->getOperands())
    states.push_back(op.in(operand));
  Location loc = op.b.getLoc();
  SmallVector<Value> inits;
  flatten(states, inits);
  Value start = condition(op, loop.getCond(), states, op.b);
  op.b.setLoc(loc);
  if (!start)
    return failure();
  inits.push_back(start);
  Region body;
  Block &block = body.emplaceBlock();
  for (Value init : inits)
    block.addArgument(init.getType(), loc);
  {
    NumbersScope scope(op.importer);
    B inner(loc, op.b.getContext());
    inner.setInsertionPointToEnd(&block);
    ArrayRef<BlockArgument> places = block.getArguments().drop_back();
    List carried =
        rebuild(states, ValueRange(block.getArguments()).drop_back());
    setArguments(op, loop.getBody().front(), carried);
    auto next = op.importer.importBlock(loop.getBody().front(), inner);
    if (!next)
      return failure();
    inner.setLoc(loc);
    SmallVector<Value> values, yields;
    flatten(*next, values);
    if (values.size() != places.size())
      return op.unsupported("a state that is no tensor");
    for (auto [value, place] : llvm::zip_equal(values, places))
      if (value != place && mayShareState(value))
        value = copyInto(inner, value,
                         empty(inner, sizesOf(inner, value),
                               getElementTypeOrSelf(value.getType())));
    for (auto [value, place] : llvm::zip_equal(values, places))
      yields.push_back(value == place ? Value(place)
                                      : copyInto(inner, value, place));
    Value more = condition(op, loop.getCond(), rebuild(states, yields), inner);
    inner.setLoc(loc);
    if (!more)
      return failure();
    yields.push_back(more);
    scf::YieldOp::create(inner, yields);
  }
  auto made = scf::WhileOp::create(
      op.b, TypeRange(ValueRange(inits)), inits,
      [&](OpBuilder &builder, Location at, ValueRange values) {
        scf::ConditionOp::create(builder, at, values.back(), values);
      },
      nullptr);
  made.getAfter().takeBody(body);
  List results = rebuild(states, made.getResults().drop_back());
  for (auto [i, data] : llvm::enumerate(results))
    if (failed(op.set(i, data)))
      return failure();
  return success();
}

/// One of two things, each into new memory.
std::optional<List> branch(Op &op, Value which,
                           llvm::function_ref<std::optional<List>(B &)> yes,
                           llvm::function_ref<std::optional<List>(B &)> no) {
  Location loc = op.b.getLoc();
  Region regions[2];
  std::optional<List> results[2];
  for (int i : {0, 1}) {
    NumbersScope scope(op.importer);
    Block &block = regions[i].emplaceBlock();
    B inner(loc, op.b.getContext());
    inner.setInsertionPointToEnd(&block);
    results[i] = i == 0 ? yes(inner) : no(inner);
    if (!results[i])
      return std::nullopt;
  }
  op.b.setLoc(loc);
  SmallVector<Value> values[2], inits;
  flatten(*results[0], values[0]);
  flatten(*results[1], values[1]);
  for (auto [a, b] : llvm::zip_equal(values[0], values[1])) {
    auto left = cast<RankedTensorType>(a.getType()),
         right = cast<RankedTensorType>(b.getType());
    auto type = left.hasStaticShape() ? left : right;
    if (!type.hasStaticShape()) {
      (void)op.unsupported("a result whose shape a branch computes");
      return std::nullopt;
    }
    SmallVector<OpFoldResult> sizes;
    for (int64_t size : type.getShape())
      sizes.push_back(op.b.getIndexAttr(size));
    inits.push_back(empty(op.b, sizes, type.getElementType()));
  }
  auto made = scf::IfOp::create(op.b, TypeRange(ValueRange(inits)), which,
                                /*addThenBlock=*/false,
                                /*addElseBlock=*/false);
  for (int i : {0, 1}) {
    B inner(loc, op.b.getContext());
    inner.setInsertionPointToEnd(&regions[i].front());
    SmallVector<Value> yields;
    for (auto [value, init] : llvm::zip_equal(values[i], inits))
      yields.push_back(copyInto(inner, value, init));
    scf::YieldOp::create(inner, yields);
    (i == 0 ? made.getThenRegion() : made.getElseRegion()).takeBody(regions[i]);
  }
  return rebuild(*results[0], made.getResults());
}

LogicalResult setAll(Op &op, const std::optional<List> &results) {
  if (!results)
    return failure();
  for (auto [i, data] : llvm::enumerate(*results))
    if (failed(op.set(i, data)))
      return failure();
  return success();
}

LogicalResult lowerIf(Op &op) {
  auto choice = cast<IfOp>(op.op);
  Value which = extractScalar(op.b, op.in(0).value);
  return setAll(
      op,
      branch(
          op, which,
          [&](B &b) {
            return op.importer.importBlock(choice.getTrueBranch().front(), b);
          },
          [&](B &b) {
            return op.importer.importBlock(choice.getFalseBranch().front(), b);
          }));
}

/// Branch `first` if the index says so, else one of those after it.
std::optional<List> chooseFrom(Op &op, Value index, unsigned first, B &b) {
  auto choice = cast<CaseOp>(op.op);
  Region &region = choice.getBranches()[first];
  unsigned count = choice.getBranches().size();
  if (first + 1 == count)
    return op.importer.importBlock(region.front(), b);
  Op inner(op.importer, op.op, b);
  Value here = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, index,
                                     scalarInt(b, index.getType(), first));
  return branch(
      inner, here,
      [&](B &then) { return op.importer.importBlock(region.front(), then); },
      [&](B &other) { return chooseFrom(op, index, first + 1, other); });
}

LogicalResult lowerCase(Op &op) {
  if (auto known = op.knownOnly(op.op->getOperand(0)))
    if (auto which = constantOf(known->front())) {
      auto branches = cast<CaseOp>(op.op).getBranches();
      int64_t last = static_cast<int64_t>(branches.size()) - 1;
      int64_t number = *which < 0 || *which > last ? last : *which;
      return setAll(op,
                    op.importer.importBlock(branches[number].front(), op.b));
    }
  Value index = extractScalar(op.b, op.in(0).value);
  return setAll(op, chooseFrom(op, index, 0, op.b));
}

} // namespace

std::optional<List>
repeat(B &b, OpFoldResult count, ArrayRef<Data> states,
       llvm::function_ref<List(B &, Num, ArrayRef<Data>)> step) {
  Location loc = b.getLoc();
  SmallVector<Value> inits;
  flatten(states, inits);
  auto loop = scf::ForOp::create(
      b, arith::ConstantIndexOp::create(b, 0), indexOf(b, count),
      arith::ConstantIndexOp::create(b, 1), inits,
      [&](OpBuilder &builder, Location at, Value index, ValueRange places) {
        B inner(at, builder);
        List next = step(inner, Num(inner, index), rebuild(states, places));
        SmallVector<Value> values, yields;
        flatten(next, values);
        for (auto [value, place] : llvm::zip_equal(values, places))
          yields.push_back(copyInto(inner, value, place));
        scf::YieldOp::create(inner, yields);
      });
  b.setLoc(loc);
  return rebuild(states, loop.getResults());
}

void addControl(Table &table) {
  table["case"] = lowerCase;
  table["if"] = lowerIf;
  table["while"] = lowerWhile;
}

} // namespace orchestra::stablehlo::frontend
