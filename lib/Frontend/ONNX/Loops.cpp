//===- Loops.cpp - Rounds of a computation --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loop of few ops is unrolled, which lets each round's sizes be known and its
// ops run on all threads. Any other becomes scf.for, or scf.while where values
// that it computes end it; the states are tensors that it carries, the stacked
// results too, with a row written a round.
//
//===----------------------------------------------------------------------===//
#include "Loops.h"
#include "ImporterState.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

/// Ops of an unrolled loop, where it could stay one.
constexpr int64_t kUnrolledOps = 96;
/// The same where it could not: a state changes its shape.
constexpr int64_t kMaxUnrolledOps = 8192;

InnerBlock::InnerBlock(Op &op) : op(op), guard(op.b) {
  Block *outer = op.b.getBlock();
  block = &region.emplaceBlock();
  op.dims.enterRegion(outer);
  op.b.setInsertionPointToEnd(block);
}

InnerBlock::~InnerBlock() { op.dims.leaveRegion(); }

Value onlyElement(Op &op, const Data &x) {
  if (auto contents = op.contents(x); contents && contents->size() == 1) {
    Value size = op.dims.materialize(contents->front(), op.b, op.b.getLoc());
    Type type = op.elementType(x.type);
    if (type.isInteger(1))
      return arith::CmpIOp::create(op.b, arith::CmpIPredicate::ne, size,
                                   arith::ConstantIndexOp::create(op.b, 0));
    return arith::IndexCastOp::create(op.b, type, size);
  }
  Data scalar = reshape(op, x, {});
  return tensor::ExtractOp::create(op.b, op.value(scalar), ValueRange());
}

Data rowOf(Op &op, const Data &x, int64_t axis, const Dim &index) {
  Shape offsets(x.rank(), Dim(0)), sizes = x.shape, row = x.shape;
  offsets[axis] = index;
  sizes[axis] = Dim(1);
  row.erase(row.begin() + axis);
  llvm::SmallVector<int64_t> steps(x.rank(), 1);
  return reshape(op, slice(op, x, offsets, sizes, steps), row);
}

Data insertAll(
    Op &op, const Data &x, const Dim &count,
    llvm::function_ref<void(Num::Builder &, Num, Insertion &)> step) {
  Value rounds = op.dims.materialize(count, op.b, op.b.getLoc());
  llvm::SmallVector<Value> limits;
  for (const Dim &dim : x.shape)
    limits.push_back(op.dims.materialize(dim, op.b, op.b.getLoc()));
  auto last = loop(
      op.b, Num(op.b, rounds), Num(op.b, op.value(x)),
      [&](Num::Builder &b, Num k,
          llvm::ArrayRef<Num> tensor) -> llvm::SmallVector<Num> {
        Insertion insertion;
        step(b, k, insertion);
        Num inside;
        llvm::SmallVector<Value> places;
        for (const auto &[place, limit] : llvm::zip(insertion.at, limits)) {
          Num size(b, limit), ok = (place >= 0) & (place < size);
          inside = inside ? inside & ok : ok;
          places.push_back(place.max(0).min(size - 1));
        }
        Num old(b, tensor::ExtractOp::create(b, tensor[0], places));
        Value value = insertion.value(old);
        if (inside)
          value = inside.choose(Num(b, value), old);
        Value next = tensor::InsertOp::create(b, value, tensor[0], places);
        return {Num(b, next)};
      });
  Data result;
  result.type = x.type;
  result.shape = x.shape;
  result.value = last[0];
  return result;
}

namespace {

/// Whether a round's condition lets the next one run: it does or it does not,
/// or nothing where only a run can tell.
std::optional<bool> goesOn(Op &op, const Round &round, const LoopPlan &plan) {
  if (!round.goOn)
    return true;
  auto now = op.contents(*round.goOn);
  if (!now || now->size() != 1)
    return std::nullopt;
  if (auto known = now->front().constant())
    return *known != 0;
  // The same as at the beginning, where it was true.
  auto first = plan.begin ? op.contents(*plan.begin) : std::nullopt;
  if (first && *first == *now)
    return true;
  return std::nullopt;
}

class Loop {
public:
  Loop(Op &op, const LoopPlan &plan, llvm::ArrayRef<Data> states,
       RoundBody body)
      : op(op), plan(plan), states(states), body(body) {}

  std::optional<Round> run();

private:
  std::optional<Round> unroll(int64_t trips);
  std::optional<Round> build();
  bool keepsShapes(const Round &round);
  Data stack(llvm::ArrayRef<Data> rows, bool backwards);
  Value startCondition();
  void addStates(InnerBlock &inner, const Round &round,
                 llvm::SmallVectorImpl<Value> &yields);
  std::optional<Round> buildFor(InnerBlock &inner, const Round &round);
  std::optional<Round> buildWhile(InnerBlock &inner, const Round &round);
  bool isBackwards(size_t row) {
    return row < plan.backwards.size() && plan.backwards[row];
  }

  Op &op;
  const LoopPlan &plan;
  llvm::ArrayRef<Data> states;
  RoundBody body;
  bool changesShape = false;
};

} // namespace

/// Rows side by side, along a new first axis.
Data Loop::stack(llvm::ArrayRef<Data> rows, bool backwards) {
  llvm::SmallVector<Data> parts;
  for (const Data &row : rows) {
    Shape shape = row.shape;
    shape.insert(shape.begin(), Dim(1));
    Data part = reshape(op, row, shape);
    part.value = op.value(part);
    part.contents.reset();
    part.constant = nullptr;
    parts.push_back(part);
  }
  if (backwards)
    std::reverse(parts.begin(), parts.end());
  return concat(op, parts, 0);
}

std::optional<Round> Loop::unroll(int64_t trips) {
  llvm::SmallVector<Data> now(states);
  llvm::SmallVector<llvm::SmallVector<Data>> rows;
  for (int64_t i = 0; i < trips; ++i) {
    auto round = body(Dim(i), now);
    if (!round)
      return std::nullopt;
    now = round->states;
    for (const auto &[k, row] : llvm::enumerate(round->rows)) {
      if (rows.size() <= k)
        rows.emplace_back();
      rows[k].push_back(row);
    }
    auto more = goesOn(op, *round, plan);
    if (!more)
      return build();
    if (!*more)
      break;
  }
  Round result;
  result.states = now;
  for (const auto &[k, parts] : llvm::enumerate(rows)) {
    for (const Data &part : parts)
      if (part.rank() != parts[0].rank() || part.type != parts[0].type) {
        (void)op.fail("shape-mismatch",
                      op.node.op + ": a result changes its shape");
        return std::nullopt;
      }
    result.rows.push_back(stack(parts, isBackwards(k)));
  }
  return result;
}

bool Loop::keepsShapes(const Round &round) {
  for (const auto &[before, after] : llvm::zip(states, round.states)) {
    if (before.type != after.type) {
      (void)op.fail("type-mismatch",
                    op.node.op + ": a state changes its element type",
                    {"from " + elementTypeName(before.type) + " to " +
                     elementTypeName(after.type)});
      return false;
    }
    if (before.shape == after.shape)
      continue;
    changesShape = true;
    return false;
  }
  return true;
}

/// Whether writing to a state of the loop may change the value.
static bool mayShareState(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return true;
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(def))
    return mayShareState(dps.getTiedOpOperand(cast<OpResult>(value))->get());
  return !isa<tensor::EmptyOp, tensor::PadOp, tensor::ConcatOp,
              tensor::FromElementsOp>(def);
}

void Loop::addStates(InnerBlock &inner, const Round &round,
                     llvm::SmallVectorImpl<Value> &yields) {
  // Each next state is written over the last one, after all were read.
  llvm::SmallVector<Value> next;
  for (const auto &[i, state] : llvm::enumerate(round.states)) {
    Value value = op.value(state), place = inner.block->getArgument(i + 1);
    if (value && value != place && mayShareState(value))
      value =
          linalg::CopyOp::create(op.b, value, op.empty(state.shape, state.type))
              .getResult(0);
    next.push_back(value);
  }
  for (const auto &[i, value] : llvm::enumerate(next)) {
    Value place = inner.block->getArgument(i + 1);
    yields.push_back(
        !value || value == place
            ? place
            : linalg::CopyOp::create(op.b, value, place).getResult(0));
  }
}

Value Loop::startCondition() {
  if (!plan.begin)
    return arith::ConstantOp::create(op.b, op.b.getBoolAttr(true));
  return onlyElement(op, *plan.begin);
}

std::optional<Round> Loop::build() {
  InnerBlock inner(op);
  Location loc = op.b.getLoc();
  Value index = inner.block->addArgument(op.b.getIndexType(), loc);
  // Bounded by the number of rounds, so shapes of it need no test.
  Dim round = op.dims.create("", index, /*nonNegative=*/true);
  llvm::SmallVector<Data> carried;
  for (const Data &state : states) {
    auto type = op.tensorType(state.shape, state.type);
    if (!type || op.failed())
      return std::nullopt;
    Data data;
    data.type = state.type;
    data.shape = state.shape;
    data.value = inner.block->addArgument(type, loc);
    carried.push_back(data);
  }
  auto result = body(round, carried);
  if (!result || !keepsShapes(*result))
    return std::nullopt;
  unsigned outside = op.dims.depth(round) - 1;
  for (const Data &row : result->rows)
    if (op.dims.depth(row.shape) > outside) {
      (void)op.unsupported("a result whose shape each round computes");
      return std::nullopt;
    }
  auto more = goesOn(op, *result, plan);
  return more && *more && plan.trips ? buildFor(inner, *result)
                                     : buildWhile(inner, *result);
}

std::optional<Round> Loop::buildFor(InnerBlock &inner, const Round &round) {
  Location loc = op.b.getLoc();
  Block *block = inner.block;
  Block *outer = nullptr;
  llvm::SmallVector<Value> yields, inits, stacks;
  Dim trips = *plan.trips;
  Round result;
  for (const auto &[k, row] : llvm::enumerate(round.rows)) {
    Data stacked;
    stacked.type = row.type;
    stacked.shape = row.shape;
    stacked.shape.insert(stacked.shape.begin(), trips);
    auto type = op.tensorType(stacked.shape, row.type);
    if (!type || op.failed())
      return std::nullopt;
    Value whole = block->addArgument(type, loc);
    Dim at = Dim(0);
    Value place = block->getArgument(0);
    if (isBackwards(k)) {
      Value last = op.dims.materialize(trips - Dim(1), op.b, loc);
      place = arith::SubIOp::create(op.b, last, place);
    }
    Shape sizes = row.shape;
    sizes.insert(sizes.begin(), Dim(1));
    llvm::SmallVector<OpFoldResult> offsets(type.getRank(),
                                            op.b.getIndexAttr(0)),
        strides(type.getRank(), op.b.getIndexAttr(1));
    offsets[0] = place;
    Data part = row;
    stacks.push_back(tensor::InsertSliceOp::create(
        op.b, op.value(part), whole, offsets, op.sizes(sizes), strides));
    result.rows.push_back(stacked);
  }
  // After the rows, which may be states as they were before.
  addStates(inner, round, yields);
  yields.append(stacks);
  scf::YieldOp::create(op.b, yields);
  op.dims.hoist(op.b, op.dims.depth(trips));
  outer = op.dims.outerBlock();
  op.b.setInsertionPointToEnd(outer);
  for (const Data &state : states)
    inits.push_back(op.value(state));
  for (const Data &row : result.rows)
    inits.push_back(op.empty(row.shape, row.type));
  if (op.failed())
    return std::nullopt;
  // The first condition is tested by the number of rounds.
  Value count = op.dims.materialize(trips, op.b, loc);
  if (plan.begin)
    count = arith::SelectOp::create(op.b, startCondition(), count,
                                    arith::ConstantIndexOp::create(op.b, 0));
  auto loop =
      scf::ForOp::create(op.b, arith::ConstantIndexOp::create(op.b, 0), count,
                         arith::ConstantIndexOp::create(op.b, 1), inits);
  loop.getRegion().takeBody(inner.region);
  for (const auto &[i, state] : llvm::enumerate(states)) {
    Data data;
    data.type = state.type;
    data.shape = state.shape;
    data.value = loop.getResult(i);
    result.states.push_back(data);
  }
  for (const auto &[k, row] : llvm::enumerate(result.rows))
    row.value = loop.getResult(states.size() + k);
  return result;
}

std::optional<Round> Loop::buildWhile(InnerBlock &inner, const Round &round) {
  if (!round.rows.empty()) {
    (void)op.fail("unsupported-form",
                  op.node.op + ": the size of a result depends on a condition "
                               "that each round computes",
                  {"sizes may depend on constants, on the inputs' dimensions, "
                   "and on small integer inputs"});
    return std::nullopt;
  }
  Location loc = op.b.getLoc();
  Block *block = inner.block;
  llvm::SmallVector<Value> yields;
  yields.push_back(arith::AddIOp::create(
      op.b, block->getArgument(0), arith::ConstantIndexOp::create(op.b, 1)));
  Value more = round.goOn ? onlyElement(op, *round.goOn) : Value();
  addStates(inner, round, yields);
  yields.push_back(more
                       ? more
                       : arith::ConstantOp::create(op.b, op.b.getBoolAttr(true))
                             .getResult());
  scf::YieldOp::create(op.b, yields);
  block->addArgument(op.b.getI1Type(), loc);
  op.b.setInsertionPointToEnd(op.dims.outerBlock());
  llvm::SmallVector<Value> inits{arith::ConstantIndexOp::create(op.b, 0)};
  for (const Data &state : states)
    inits.push_back(op.value(state));
  inits.push_back(startCondition());
  Value most =
      plan.trips ? op.dims.materialize(*plan.trips, op.b, loc) : Value();
  if (op.failed())
    return std::nullopt;
  auto loop = scf::WhileOp::create(
      op.b, TypeRange(ValueRange(inits)), inits,
      [&](OpBuilder &builder, Location, ValueRange values) {
        ImplicitLocOpBuilder b(loc, builder);
        Value more = values.back();
        if (most) {
          Value less = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                             values.front(), most);
          more = arith::AndIOp::create(b, more, less);
        }
        scf::ConditionOp::create(b, more, values);
      },
      nullptr);
  loop.getAfter().takeBody(inner.region);
  Round result;
  for (const auto &[i, state] : llvm::enumerate(states)) {
    Data data;
    data.type = state.type;
    data.shape = state.shape;
    data.value = loop.getResult(i + 1);
    result.states.push_back(data);
  }
  return result;
}

std::optional<Round> Loop::run() {
  auto trips = plan.trips ? plan.trips->constant() : std::nullopt;
  auto begins = plan.begin ? op.contents(*plan.begin) : std::nullopt;
  // Unrolled, a first condition that only a run tells would stand around all.
  bool starts = !plan.begin || (begins && begins->size() == 1 &&
                                begins->front().constant() == 1);
  auto fits = [&](int64_t most) {
    return starts && trips && *trips > 0 &&
           *trips <=
               most / static_cast<int64_t>(std::max<size_t>(plan.weight, 1));
  };
  if (fits(kUnrolledOps))
    return unroll(*trips);
  // A sequence is nothing that a loop could carry.
  if (llvm::any_of(states, [](const Data &state) {
        return state.items || state.isAbsent;
      })) {
    if (fits(kMaxUnrolledOps))
      return unroll(*trips);
    if (starts && trips && *trips == 0)
      return unroll(0);
    (void)op.needsInputs("the number of rounds of a loop over a sequence");
    return std::nullopt;
  }
  auto result = build();
  if (result || !changesShape || op.failed())
    return result;
  if (fits(kMaxUnrolledOps))
    return unroll(*trips);
  (void)op.unsupported("a state that changes its shape in each of many rounds");
  return std::nullopt;
}

std::optional<Round> repeat(Op &op, const LoopPlan &plan,
                            llvm::ArrayRef<Data> states, RoundBody body) {
  return Loop(op, plan, states, body).run();
}

} // namespace orchestra::onnx
