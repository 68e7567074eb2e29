//===- DecomposeAttention.cpp - Attention as linalg ops -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   scores  = (scale * query) key, with hidden keys at -inf
//   base    = greatest score of the row, so that no weight is above 1; 0 if all
//             are hidden, so that all weights are 0
//   weights = exp(scores - base)
//   result  = (weights value) / sum of weights
// in the type of the scale; narrower operands are widened, a narrower result is
// rounded.
// An update scales the states before it adds to them: by exp(greatest score
// before - base). Scores are overwritten in place. Division comes last, since
// there are fewer results than weights.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/Decompose.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

/// The score of a key that is not seen.
static constexpr double kHidden = -std::numeric_limits<double>::infinity();

namespace {
using LoopList = SmallVector<unsigned>;

/// A tensor and the loops that index its dimensions.
struct Indexed {
  Value value;
  LoopList loops;
};

/// Builds linalg ops over subsets of the loops of one attention op.
class LoopBuilder {
public:
  template <typename OpTy>
  LoopBuilder(OpBuilder &b, OpTy op)
      : b(b), loc(op.getLoc()), sizes(op.getLoopSizes(b)),
        element(op.getScale().getType()), rows(op.getRowLoop()),
        columns(op.getColumnLoop()), inner(op.getInnerLoop()),
        keys(op.getKeyLoop()) {}

  Value constant(double value) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(element, value));
  }

  Indexed empty(const LoopList &loops, Type type = {}) {
    SmallVector<OpFoldResult> shape;
    for (unsigned loop : loops)
      shape.push_back(sizes[loop]);
    return {tensor::EmptyOp::create(b, loc, shape, type ? type : element),
            loops};
  }

  Indexed filled(Indexed tensor, double value) {
    tensor.value = linalg::FillOp::create(b, loc, constant(value), tensor.value)
                       .getResult(0);
    return tensor;
  }

  using Body = function_ref<Value(OpBuilder &, Location, ValueRange)>;

  /// One op over `order`, of which loops that `output` lacks are reductions.
  Indexed compute(const LoopList &order, ArrayRef<Indexed> inputs,
                  Indexed output, Body body) {
    SmallVector<utils::IteratorType> iterators;
    for (unsigned loop : order)
      iterators.push_back(llvm::is_contained(output.loops, loop)
                              ? utils::IteratorType::parallel
                              : utils::IteratorType::reduction);
    SmallVector<AffineMap> maps;
    SmallVector<Value> values;
    auto add = [&](const Indexed &operand) {
      SmallVector<AffineExpr> exprs;
      for (unsigned loop : operand.loops)
        exprs.push_back(
            b.getAffineDimExpr(llvm::find(order, loop) - order.begin()));
      maps.push_back(AffineMap::get(order.size(), 0, exprs, b.getContext()));
    };
    for (const Indexed &input : inputs) {
      add(input);
      values.push_back(input.value);
    }
    add(output);
    auto generic = linalg::GenericOp::create(
        b, loc, output.value.getType(), values, output.value, maps, iterators,
        [&](OpBuilder &inside, Location where, ValueRange args) {
          linalg::YieldOp::create(inside, where, body(inside, where, args));
        });
    return {generic.getResult(0), output.loops};
  }

  OpBuilder &b;
  Location loc;
  SmallVector<OpFoldResult> sizes;
  Type element;
  unsigned rows, columns, inner, keys;
};
} // namespace

static LoopList loopsOf(AffineMap map) {
  LoopList loops;
  for (AffineExpr expr : map.getResults())
    loops.push_back(cast<AffineDimExpr>(expr).getPosition());
  return loops;
}

template <typename OpTy>
static Indexed getIndexed(OpTy op, OpOperand &operand) {
  return {operand.get(), loopsOf(op.getMap(&operand))};
}

/// Leading loops and rows.
static LoopList getRowLoops(LoopBuilder &builder) {
  return llvm::to_vector(llvm::seq<unsigned>(0, builder.rows + 1));
}

/// A float in a wider type.
static Value widen(OpBuilder &b, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return arith::ExtFOp::create(b, loc, type, value);
}

static Value multiply(OpBuilder &b, Location loc, ValueRange args) {
  Type type = args[2].getType();
  Value product = arith::MulFOp::create(b, loc, widen(b, loc, args[0], type),
                                        widen(b, loc, args[1], type));
  return arith::AddFOp::create(b, loc, args[2], product);
}

/// exp(value - base); with powers of two, 2 to it. With a factor, both are in
/// units of it, and `base` has been multiplied.
static Value power(OpBuilder &b, Location loc, Value value, Value base,
                   Value factor, const AttentionLayout &layout) {
  if (factor) {
    Value less = arith::NegFOp::create(b, loc, base);
    return math::Exp2Op::create(
        b, loc, math::FmaOp::create(b, loc, value, factor, less));
  }
  Value less = arith::SubFOp::create(b, loc, value, base);
  if (layout.powersOfTwo)
    return math::Exp2Op::create(b, loc, less);
  return math::ExpOp::create(b, loc, less);
}

/// LoopList that index scores, outermost first.
static LoopList getScoreLoops(LoopBuilder &builder, AttentionLayout layout) {
  LoopList loops = getRowLoops(builder);
  loops.insert(layout.rowsInnermost ? loops.end() - 1 : loops.end(),
               builder.keys);
  return loops;
}

/// The query times the scale, in the order of loops that the product reads.
template <typename OpTy>
static Indexed scaleQuery(LoopBuilder &builder, OpTy op,
                          AttentionLayout layout) {
  Indexed query = getIndexed(op, op.getQueryMutable());
  LoopList loops = query.loops;
  if (layout.rowsInnermost) {
    llvm::erase(loops, builder.rows);
    llvm::erase(loops, builder.inner);
    loops.push_back(builder.inner);
    loops.push_back(builder.rows);
  }
  FloatAttr known;
  if (loops == query.loops && matchPattern(op.getScale(), m_Constant(&known)) &&
      known.getValue().isExactlyValue(1.0))
    return query;
  return builder.compute(loops, query, builder.empty(loops),
                         [&](OpBuilder &b, Location loc, ValueRange args) {
                           Value wide = widen(b, loc, args[0], builder.element);
                           return arith::MulFOp::create(b, loc, wide,
                                                        op.getScale());
                         });
}

/// What scores are scaled by if the query is not; null for 1.
template <typename OpTy>
static Value getFactor(LoopBuilder &builder, OpTy op,
                       const AttentionLayout &layout) {
  if (!layout.powersOfTwo)
    return layout.ownTypes ? op.getScale() : Value();
  Value unit = builder.constant(llvm::numbers::log2e);
  if (!layout.ownTypes)
    return unit;
  return builder.b.createOrFold<arith::MulFOp>(builder.loc, op.getScale(),
                                               unit);
}

/// Scales scores, adds a mask, and -inf where keys are hidden.
template <typename OpTy>
static Indexed finishScores(LoopBuilder &builder, OpTy op, Value factor,
                            const AttentionLayout &layout, Indexed scores) {
  if (!factor && !op.getMask() && !op.getPast() && !layout.numKeys)
    return scores;
  SmallVector<Indexed> inputs;
  if (op.getMask())
    inputs.push_back(getIndexed(op, op.getMaskMutable()[0]));
  Value hidden = builder.constant(kHidden), unit;
  if (op.getMask() && layout.powersOfTwo)
    unit = builder.constant(llvm::numbers::log2e);
  return builder.compute(
      scores.loops, inputs, scores,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value score = args.back();
        if (factor)
          score = arith::MulFOp::create(b, loc, score, factor);
        if (op.getMask()) {
          if (args[0].getType().isInteger(1)) {
            score = arith::SelectOp::create(b, loc, args[0], score, hidden);
          } else {
            Value mask = widen(b, loc, args[0], builder.element);
            if (unit)
              mask = arith::MulFOp::create(b, loc, mask, unit);
            score = arith::AddFOp::create(b, loc, score, mask);
          }
        }
        auto index = [&](unsigned loop) -> Value {
          return linalg::IndexOp::create(
              b, loc, llvm::find(scores.loops, loop) - scores.loops.begin());
        };
        auto hideUnless = [&](arith::CmpIPredicate predicate, Value bound) {
          Value sees = arith::CmpIOp::create(b, loc, predicate,
                                             index(builder.keys), bound);
          score = arith::SelectOp::create(b, loc, sees, score, hidden);
        };
        if (layout.numKeys)
          hideUnless(arith::CmpIPredicate::slt, layout.numKeys);
        if (op.getPast())
          hideUnless(
              arith::CmpIPredicate::sle,
              arith::AddIOp::create(b, loc, index(builder.rows), op.getPast()));
        return score;
      });
}

/// The greatest score of a row, or 0 if that is -inf, times the factor if any.
static Indexed getBase(LoopBuilder &builder, Indexed greatest, Value factor) {
  Value hidden = builder.constant(kHidden);
  Value zero = builder.constant(0);
  return builder.compute(
      greatest.loops, greatest, builder.empty(greatest.loops),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value none = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                           args[0], hidden);
        Value base = arith::SelectOp::create(b, loc, none, zero, args[0]);
        return factor ? arith::MulFOp::create(b, loc, base, factor) : base;
      });
}

/// Scales a state by `factor`, which is indexed by rows.
static Indexed rescale(LoopBuilder &builder, Indexed factor, Indexed state) {
  return builder.compute(state.loops, factor, state,
                         [](OpBuilder &b, Location loc, ValueRange args) {
                           return arith::MulFOp::create(b, loc, args[1],
                                                        args[0]);
                         });
}

namespace {
struct States {
  Indexed values, greatest, weights;
};
} // namespace

/// Takes all keys of `op` into the states, which are not rescaled if `fresh`.
template <typename OpTy>
static AttentionProducts takeKeys(LoopBuilder &builder, OpTy op,
                                  AttentionLayout layout, bool fresh,
                                  States &states) {
  AttentionProducts products;
  LoopList scoreLoops = getScoreLoops(builder, layout);
  LoopList order = scoreLoops;
  order.push_back(builder.inner);
  Indexed query = layout.ownTypes ? getIndexed(op, op.getQueryMutable())
                                  : scaleQuery(builder, op, layout);
  Indexed key = getIndexed(op, op.getKeyMutable());
  Indexed scores =
      builder.compute(order, {query, key},
                      builder.filled(builder.empty(scoreLoops), 0), multiply);
  products.scores = scores.value.getDefiningOp();
  // A multiplication by a positive constant can wait for the exponent, where it
  // is one with the subtraction.
  Value factor = getFactor(builder, op, layout), late;
  FloatAttr known;
  bool adds = op.getMask() && !getElementTypeOrSelf(op.getMask()).isInteger(1);
  if (factor && layout.powersOfTwo && !adds &&
      matchPattern(factor, m_Constant(&known)) &&
      known.getValue().isFiniteNonZero() && !known.getValue().isNegative())
    std::swap(factor, late);
  scores = finishScores(builder, op, factor, layout, scores);

  auto maximum = [](OpBuilder &b, Location loc, ValueRange args) {
    return arith::MaximumFOp::create(b, loc, args[0], args[1]);
  };
  // The state is written after its last use as what it was before.
  Indexed before = states.greatest, greatest = before;
  if (!fresh)
    greatest = builder.filled(builder.empty(before.loops), kHidden);
  greatest = builder.compute(scoreLoops, scores, greatest, maximum);
  if (!fresh)
    greatest = builder.compute(before.loops, before, greatest, maximum);
  Indexed base = getBase(builder, greatest, late);
  states.greatest = greatest;
  if (!fresh) {
    Indexed factor = builder.compute(
        before.loops, {before, base}, builder.empty(before.loops),
        [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
          return power(b, loc, args[0], args[1], late, layout);
        });
    states.greatest = builder.compute(before.loops, greatest, before, maximum);
    states.weights = rescale(builder, factor, states.weights);
    states.values = rescale(builder, factor, states.values);
  }
  Indexed weights = builder.compute(
      scoreLoops, base, scores,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        return power(b, loc, args[1], args[0], late, layout);
      });
  states.weights =
      builder.compute(scoreLoops, weights, states.weights,
                      [](OpBuilder &b, Location loc, ValueRange args) {
                        return arith::AddFOp::create(b, loc, args[0], args[1]);
                      });
  order = states.values.loops;
  order.push_back(builder.keys);
  Indexed value = getIndexed(op, op.getValueMutable());
  Type own = getElementTypeOrSelf(op.getValue());
  if (layout.ownTypes && own != builder.element)
    weights = builder.compute(
        scoreLoops, weights, builder.empty(scoreLoops, own),
        [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
          return arith::TruncFOp::create(b, loc, own, args[0]);
        });
  states.values =
      builder.compute(order, {weights, value}, states.values, multiply);
  products.values = states.values.value.getDefiningOp();
  return products;
}

static States makeStates(LoopBuilder &builder, AttentionOp op) {
  LoopList rows = getRowLoops(builder);
  Indexed values = getIndexed(op, op.getOutputsMutable()[0]);
  if (getElementTypeOrSelf(values.value) != builder.element)
    values = builder.empty(values.loops);
  return {builder.filled(values, 0),
          builder.filled(builder.empty(rows), kHidden),
          builder.filled(builder.empty(rows), 0)};
}

static Value divide(LoopBuilder &builder, AttentionOp op,
                    const States &states) {
  Value zero = builder.constant(0), noKeys;
  OpFoldResult keys = builder.sizes[builder.keys];
  if (getConstantIntValue(keys).value_or(0) == 0)
    noKeys = arith::CmpIOp::create(
        builder.b, builder.loc, arith::CmpIPredicate::eq,
        getValueOrCreateConstantIndexOp(builder.b, builder.loc, keys),
        arith::ConstantIndexOp::create(builder.b, builder.loc, 0));
  Type result = getElementTypeOrSelf(op.getOutputs()[0]);
  auto mean = [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
    Value value = arith::DivFOp::create(b, loc, args[1], args[0]);
    Value none = noKeys;
    if (op.getZeroEmptyRows())
      none = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UEQ, args[0],
                                   zero);
    if (none)
      value = arith::SelectOp::create(b, loc, none, zero, value);
    if (result != builder.element)
      value = arith::TruncFOp::create(b, loc, result, value);
    return value;
  };
  const LoopList &loops = states.values.loops;
  if (result == builder.element)
    return builder.compute(loops, states.weights, states.values, mean).value;
  return builder
      .compute(loops, {states.weights, states.values},
               {op.getOutputs()[0], loops}, mean)
      .value;
}

void linalg_ext::prepareQuery(RewriterBase &rewriter, AttentionOp op,
                              AttentionLayout layout) {
  LoopBuilder builder(rewriter, op);
  Indexed query = scaleQuery(builder, op, layout);
  SmallVector<AffineExpr> exprs;
  for (unsigned loop : query.loops)
    exprs.push_back(rewriter.getAffineDimExpr(loop));
  SmallVector<Attribute> maps(op.getIndexingMaps().getValue());
  maps[0] = AffineMapAttr::get(
      AffineMap::get(op.getNumLoops(), 0, exprs, op.getContext()));
  Value one = builder.constant(1);
  rewriter.modifyOpInPlace(op, [&] {
    op.getQueryMutable().assign(query.value);
    op.getScaleMutable().assign(one);
    op.setIndexingMapsAttr(rewriter.getArrayAttr(maps));
  });
}

AttentionStates linalg_ext::createStates(OpBuilder &b, AttentionOp op) {
  LoopBuilder builder(b, op);
  States states = makeStates(builder, op);
  return {states.values.value, states.greatest.value, states.weights.value};
}

Value linalg_ext::finishStates(OpBuilder &b, AttentionOp op,
                               AttentionStates states) {
  LoopBuilder builder(b, op);
  LoopList rows = getRowLoops(builder);
  return divide(
      builder, op,
      {{states.values, loopsOf(op.getMap(&op.getOutputsMutable()[0]))},
       {states.greatest, rows},
       {states.weights, rows}});
}

AttentionProducts linalg_ext::buildAttention(OpBuilder &b, AttentionOp op,
                                             AttentionLayout layout,
                                             SmallVectorImpl<Value> &results) {
  LoopBuilder builder(b, op);
  States states = makeStates(builder, op);
  AttentionProducts products =
      takeKeys(builder, op, layout, /*fresh=*/true, states);
  results.push_back(divide(builder, op, states));
  return products;
}

AttentionProducts linalg_ext::buildAttention(OpBuilder &b, AttentionUpdateOp op,
                                             AttentionLayout layout,
                                             SmallVectorImpl<Value> &results) {
  LoopBuilder builder(b, op);
  MutableOperandRange outputs = op.getOutputsMutable();
  States states{getIndexed(op, outputs[0]), getIndexed(op, outputs[1]),
                getIndexed(op, outputs[2])};
  AttentionProducts products =
      takeKeys(builder, op, layout, /*fresh=*/false, states);
  results.append(
      {states.values.value, states.greatest.value, states.weights.value});
  return products;
}

template <typename OpTy>
static FailureOr<AttentionProducts>
replaceAttention(RewriterBase &rewriter, OpTy op, AttentionLayout layout) {
  if (op.getResults().empty())
    return failure();
  SmallVector<Value> results;
  AttentionProducts products = buildAttention(rewriter, op, layout, results);
  rewriter.replaceOp(op, results);
  return products;
}

FailureOr<AttentionProducts> linalg_ext::decompose(RewriterBase &rewriter,
                                                   AttentionOp op,
                                                   AttentionLayout layout) {
  return replaceAttention(rewriter, op, layout);
}

FailureOr<AttentionProducts> linalg_ext::decompose(RewriterBase &rewriter,
                                                   AttentionUpdateOp op,
                                                   AttentionLayout layout) {
  return replaceAttention(rewriter, op, layout);
}
