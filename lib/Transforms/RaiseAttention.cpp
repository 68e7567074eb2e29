//===- RaiseAttention.cpp - Decomposed attention becomes one op -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the second product backwards: a division by a sum of exponentials, the
// greatest score subtracted, masks added or selected, scales, the first product.
// Each value is seen from the loops of the second product (LoopTrace.h), so that
// reshapes, transposes and repeated heads in between become part of maps.
//
//===----------------------------------------------------------------------===//
#include "LoopTrace.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_RAISEATTENTIONPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

/// What is added to scores from here on hides keys: beside it no score counts.
static constexpr double kHidden = -1e30;

namespace {
using List = LoopSet::List;
using Lists = LoopSet::Lists;

/// Finds and replaces the attention that ends in one product.
class AttentionMatcher {
public:
  AttentionMatcher(RewriterBase &rewriter, linalg::LinalgOp product)
      : rewriter(rewriter), second(product) {}

  /// Whether it is one; nothing is changed yet, but for new views.
  bool match();
  void replace();

private:
  bool matchSecond();
  bool matchSoftmax(TracedValue &weights);
  bool matchScores(TracedValue scores);
  bool matchFirst(const TracedValue &scores);
  bool matchSelect(linalg::GenericOp op, arith::SelectOp select,
                   TracedValue &scores);
  bool isPrivate();
  TracedValue skipViews(TracedValue traced);
  linalg::GenericOp pointwise(const TracedValue &traced);
  std::optional<TracedValue> getOperand(linalg::GenericOp op, Value inBody,
                                        const Lists &lists);
  std::optional<TracedValue> matchReduction(TracedValue reduced,
                                            bool isMaximum);
  TracedValue readSmaller(TracedValue mask);
  void useMasks(List &loopsOfMask, Value &sum);
  std::optional<int64_t> getCausalPast(const TracedValue &mask);
  TracedValue makePlain(TracedValue traced);
  Value giveShape(Value value, const Lists &lists, RankedTensorType type);
  AffineMap getMapOf(const Lists &lists, const List &order);
  void findResult();

  RewriterBase &rewriter;
  linalg::LinalgOp second, first;
  LoopSet loops;
  /// What the new op computes, at first the result of `second`.
  TracedValue target;
  unsigned rows, columns, inner, keys;
  List batch;
  TracedValue query, key, value;
  /// What is added to scores; if `ifTrue`, one of two numbers.
  struct Mask {
    TracedValue traced;
    std::optional<double> ifTrue, ifFalse;
  };
  SmallVector<Mask> masks;
  std::optional<int64_t> past;
  double scale = 1;
  bool zeroEmptyRows = false;
  SmallVector<Operation *> matched;
};
} // namespace

static bool isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

/// A product of floats that begins at zero, with its loops by meaning.
static FailureOr<linalg::ContractionDimensions> getProduct(linalg::LinalgOp op) {
  if (!op || op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !linalg::isaContractionOpInterface(op) || !op.hasPureTensorSemantics() ||
      !isZeroFill(op.getDpsInits()[0]))
    return failure();
  Type element = getElementTypeOrSelf(op.getDpsInits()[0]);
  if (!element.isF32() && !element.isF64())
    return failure();
  for (Value input : op.getDpsInputs())
    if (getElementTypeOrSelf(input) != element)
      return failure();
  for (AffineMap map : op.getIndexingMapsArray())
    if (!map.isProjectedPermutation())
      return failure();
  return linalg::inferContractionDims(op);
}

/// The lists of an operand of `op`, given those of its loops.
static Lists getLists(linalg::LinalgOp op, OpOperand *operand,
                      ArrayRef<unsigned> loopOf) {
  Lists lists;
  for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
    lists.push_back({loopOf[cast<AffineDimExpr>(expr).getPosition()]});
  return lists;
}

TracedValue AttentionMatcher::skipViews(TracedValue traced) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
      traced.value.getDefiningOp())) {
    matched.push_back(traced.value.getDefiningOp());
    std::optional<TracedValue> before = stepBack(loops, traced);
    if (!before)
      break;
    traced = *before;
  }
  return traced;
}

/// The pointwise op, written straight, that computes a value.
linalg::GenericOp AttentionMatcher::pointwise(const TracedValue &traced) {
  auto op = traced.value.getDefiningOp<linalg::GenericOp>();
  if (!op || op.getNumDpsInits() != 1 || op.hasIndexSemantics() ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() ||
      !op.getRegionOutputArgs()[0].use_empty())
    return nullptr;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!op.getMatchingIndexingMap(input).isProjectedPermutation())
      return nullptr;
  return op;
}

/// What an argument of the body of `op` stands for.
std::optional<TracedValue>
AttentionMatcher::getOperand(linalg::GenericOp op, Value inBody,
                             const Lists &lists) {
  auto argument = dyn_cast<BlockArgument>(inBody);
  if (!argument || argument.getOwner() != op.getBody())
    return std::nullopt;
  OpOperand *input = op.getDpsInputOperand(argument.getArgNumber());
  return TracedValue{input->get(), getInputLists(op, input, lists)};
}

/// The input of a maximum or sum over keys whose result is `reduced`.
std::optional<TracedValue>
AttentionMatcher::matchReduction(TracedValue reduced, bool isMaximum) {
  reduced = skipViews(reduced);
  auto op = reduced.value.getDefiningOp<linalg::GenericOp>();
  if (!op || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() != 1 ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0))
           .isProjectedPermutation() ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity())
    return std::nullopt;
  Operation *body =
      op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (!body || !isa<BlockArgument>(body->getOperand(0)) ||
      !isa<BlockArgument>(body->getOperand(1)) ||
      body->getOperand(0) == body->getOperand(1) ||
      !(isMaximum ? isa<arith::MaximumFOp>(body) : isa<arith::AddFOp>(body)))
    return std::nullopt;
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  FloatAttr init;
  if (!fill || !matchPattern(fill.getInputs()[0], m_Constant(&init)) ||
      !(isMaximum ? init.getValue().isInfinity() && init.getValue().isNegative()
                  : init.getValue().isZero()))
    return std::nullopt;
  matched.push_back(op);
  Lists lists;
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    std::optional<unsigned> at =
        out.getResultPosition(rewriter.getAffineDimExpr(loop));
    lists.push_back(at ? reduced.lists[*at] : List{keys});
  }
  return TracedValue{op.getDpsInputs()[0], lists};
}

/// Whether both are the same value, seen from the same loops but for those of
/// one iteration.
static bool areSame(LoopSet &loops, const TracedValue &a,
                    const TracedValue &b) {
  if (a.value != b.value)
    return false;
  Lists left = loops.flatten(a.lists), right = loops.flatten(b.lists);
  auto dropUnits = [&](Lists &lists) {
    for (List &list : lists)
      llvm::erase_if(list, [&](unsigned loop) {
        return loops.getSize(loop) == 1;
      });
  };
  dropUnits(left);
  dropUnits(right);
  return left == right;
}

bool AttentionMatcher::matchSecond() {
  FailureOr<linalg::ContractionDimensions> dims = getProduct(second);
  if (failed(dims) || dims->m.size() != 1 || dims->n.size() != 1 ||
      dims->k.size() != 1)
    return false;
  SmallVector<unsigned> loopOf(second.getNumLoops());
  for (unsigned loop = 0; loop < second.getNumLoops(); ++loop) {
    AffineExpr expr = rewriter.getAffineDimExpr(loop);
    for (OpOperand &operand : second->getOpOperands())
      if (std::optional<unsigned> dim =
              second.getMatchingIndexingMap(&operand).getResultPosition(expr)) {
        loopOf[loop] = loops.add(operand.get(), *dim);
        break;
      }
  }
  for (unsigned loop : dims->batch)
    batch.push_back(loopOf[loop]);
  rows = loopOf[dims->m[0]];
  columns = loopOf[dims->n[0]];
  keys = loopOf[dims->k[0]];
  target = {second->getResult(0),
            getLists(second, second.getDpsInitOperand(0), loopOf)};
  value = {second.getDpsInputs()[1],
           getLists(second, second.getDpsInputOperand(1), loopOf)};
  TracedValue weights{second.getDpsInputs()[0],
                      getLists(second, second.getDpsInputOperand(0), loopOf)};
  return matchSoftmax(weights);
}

bool AttentionMatcher::matchSoftmax(TracedValue &weights) {
  weights = skipViews(weights);
  linalg::GenericOp op = pointwise(weights);
  if (!op)
    return false;
  auto yielded = [](linalg::GenericOp generic) {
    return generic.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  };
  // Weights that are no numbers become zero.
  if (auto select = dyn_cast_or_null<arith::SelectOp>(yielded(op))) {
    std::optional<TracedValue> isNaN =
        getOperand(op, select.getCondition(), weights.lists);
    std::optional<TracedValue> number =
        getOperand(op, select.getFalseValue(), weights.lists);
    std::optional<double> zero = getScalarConstant(op, select.getTrueValue());
    if (!isNaN || !number || !zero || *zero != 0)
      return false;
    linalg::GenericOp test = pointwise(*isNaN);
    auto compare =
        test ? dyn_cast_or_null<arith::CmpFOp>(yielded(test)) : nullptr;
    if (!compare || compare.getPredicate() != arith::CmpFPredicate::UNO ||
        compare.getLhs() != compare.getRhs())
      return false;
    std::optional<TracedValue> tested =
        getOperand(test, compare.getLhs(), isNaN->lists);
    if (!tested || !areSame(loops, *tested, *number))
      return false;
    matched.append({op, test});
    zeroEmptyRows = true;
    weights = skipViews(*number);
    op = pointwise(weights);
    if (!op)
      return false;
  }
  auto divide = dyn_cast_or_null<arith::DivFOp>(yielded(op));
  if (!divide)
    return false;
  matched.push_back(op);
  std::optional<TracedValue> dividend =
      getOperand(op, divide.getLhs(), weights.lists);
  std::optional<TracedValue> sum =
      getOperand(op, divide.getRhs(), weights.lists);
  if (!dividend || !sum)
    return false;
  std::optional<TracedValue> summed = matchReduction(*sum, /*isMaximum=*/false);
  if (!summed || !areSame(loops, *summed, *dividend))
    return false;
  op = pointwise(*dividend);
  auto exp = op ? dyn_cast_or_null<math::ExpOp>(yielded(op)) : nullptr;
  if (!exp)
    return false;
  matched.push_back(op);
  auto less = exp.getOperand().getDefiningOp<arith::SubFOp>();
  TracedValue shifted = *dividend;
  if (!less) {
    std::optional<TracedValue> before =
        getOperand(op, exp.getOperand(), dividend->lists);
    if (!before)
      return false;
    shifted = *before;
    op = pointwise(shifted);
    less = op ? dyn_cast_or_null<arith::SubFOp>(yielded(op)) : nullptr;
    if (!less)
      return false;
    matched.push_back(op);
  }
  std::optional<TracedValue> scores =
      getOperand(op, less.getLhs(), shifted.lists);
  std::optional<TracedValue> greatest =
      getOperand(op, less.getRhs(), shifted.lists);
  if (!scores || !greatest)
    return false;
  std::optional<TracedValue> compared =
      matchReduction(*greatest, /*isMaximum=*/true);
  return compared && areSame(loops, *compared, *scores) && matchScores(*scores);
}

bool AttentionMatcher::matchScores(TracedValue scores) {
  bool scaled = false;
  while (true) {
    scores = skipViews(scores);
    if (auto product = scores.value.getDefiningOp<linalg::LinalgOp>();
        product && product.getNumReductionLoops() > 0)
      return matchFirst(scores);
    linalg::GenericOp op = pointwise(scores);
    if (!op)
      return false;
    matched.push_back(op);
    Operation *body =
        op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
    if (!body)
      return false;
    if (isa<arith::MulFOp, arith::DivFOp>(body)) {
      double factor = 1;
      std::optional<TracedValue> before = stepBack(loops, scores, &factor);
      if (!before)
        return false;
      scaled = true;
      scale *= factor;
      scores = *before;
      continue;
    }
    // A mask under a scale would be scaled as well.
    if (scaled)
      return false;
    if (auto select = dyn_cast<arith::SelectOp>(body)) {
      if (!matchSelect(op, select, scores))
        return false;
      continue;
    }
    if (!isa<arith::AddFOp>(body))
      return false;
    // The side that leads to a product of its own is the scores'.
    std::optional<TracedValue> sides[2];
    for (unsigned i : {0U, 1U})
      sides[i] = getOperand(op, body->getOperand(i), scores.lists);
    if (!sides[0] || !sides[1])
      return false;
    auto isScores = [&](const TracedValue &side) {
      Value source = side.value;
      while (Operation *def = source.getDefiningOp()) {
        if (auto product = dyn_cast<linalg::LinalgOp>(def);
            product && product.getNumReductionLoops() > 0)
          return succeeded(getProduct(product));
        if (def->getNumOperands() == 0 ||
            !(isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(def) ||
              (isa<linalg::GenericOp>(def) &&
               cast<linalg::GenericOp>(def).getNumDpsInputs() > 0)))
          return false;
        source = def->getOperand(0);
      }
      return false;
    };
    unsigned which = isScores(*sides[0]) ? 0 : 1;
    masks.push_back({*sides[1 - which], std::nullopt, std::nullopt});
    scores = *sides[which];
  }
}

/// A select between scores and a constant that hides.
bool AttentionMatcher::matchSelect(linalg::GenericOp op, arith::SelectOp select,
                                   TracedValue &scores) {
  std::optional<TracedValue> condition =
      getOperand(op, select.getCondition(), scores.lists);
  for (bool shows : {true, false}) {
    Value other = shows ? select.getFalseValue() : select.getTrueValue();
    std::optional<double> constant = getScalarConstant(op, other);
    std::optional<TracedValue> kept = getOperand(
        op, shows ? select.getTrueValue() : select.getFalseValue(),
        scores.lists);
    if (!condition || !constant || !kept || !(*constant <= kHidden))
      continue;
    double ifTrue = shows ? 0 : *constant, ifFalse = shows ? *constant : 0;
    masks.push_back({*condition, ifTrue, ifFalse});
    scores = *kept;
    return true;
  }
  return false;
}

bool AttentionMatcher::matchFirst(const TracedValue &scores) {
  first = scores.value.getDefiningOp<linalg::LinalgOp>();
  FailureOr<linalg::ContractionDimensions> dims = getProduct(first);
  if (failed(dims) || dims->k.size() != 1)
    return false;
  matched.push_back(first);
  SmallVector<List> listOf(first.getNumLoops());
  OpOperand *init = first.getDpsInitOperand(0);
  for (auto [dim, expr] :
       llvm::enumerate(first.getMatchingIndexingMap(init).getResults()))
    listOf[cast<AffineDimExpr>(expr).getPosition()] =
        loops.flatten(scores.lists[dim]);
  AffineExpr contracted = rewriter.getAffineDimExpr(dims->k[0]);
  OpOperand *left = first.getDpsInputOperand(0);
  inner = loops.add(
      left->get(),
      *first.getMatchingIndexingMap(left).getResultPosition(contracted));
  listOf[dims->k[0]] = {inner};
  bool seen[2] = {false, false};
  for (OpOperand *input : first.getDpsInputOperands()) {
    TracedValue operand{input->get(), {}};
    bool hasRows = false, hasKeys = false;
    for (AffineExpr expr : first.getMatchingIndexingMap(input).getResults()) {
      const List &list = listOf[cast<AffineDimExpr>(expr).getPosition()];
      hasRows |= llvm::is_contained(list, rows);
      hasKeys |= llvm::is_contained(list, keys);
      operand.lists.push_back(list);
    }
    if (hasRows == hasKeys)
      return false;
    seen[hasKeys] = true;
    (hasKeys ? key : query) = operand;
  }
  return seen[0] && seen[1];
}

/// Whether nobody else reads what the new op does not compute any more.
bool AttentionMatcher::isPrivate() {
  llvm::SmallPtrSet<Operation *, 16> all(matched.begin(), matched.end());
  all.insert(second);
  return llvm::all_of(matched, [&](Operation *op) {
    return llvm::all_of(op->getUsers(), [&](Operation *user) {
      return all.contains(user) || isa<tensor::DimOp>(user);
    });
  });
}

bool AttentionMatcher::match() {
  if (!matchSecond() || !isPrivate())
    return false;
  query = traceBack(loops, query, &scale);
  key = traceBack(loops, key, &scale);
  value = traceBack(loops, value);
  for (Mask &mask : masks)
    mask.traced = traceBack(loops, mask.traced);
  findResult();
  // Only leading loops may have been divided.
  for (unsigned loop : {rows, columns, inner, keys})
    if (loops.flatten(List{loop}) != List{loop})
      return false;
  batch = loops.flatten(batch);
  return true;
}

/// A transpose of the result is part of it.
void AttentionMatcher::findResult() {
  if (!target.value.hasOneUse())
    return;
  TracedValue found = target;
  if (auto expand =
          dyn_cast<tensor::ExpandShapeOp>(*target.value.user_begin())) {
    found = {expand.getResult(), {}};
    for (auto [list, group] :
         llvm::zip(target.lists, expand.getReassociationIndices())) {
      std::optional<Lists> parts = loops.divide(list, found.value, group);
      if (!parts)
        return;
      llvm::append_range(found.lists, *parts);
    }
    if (!found.value.hasOneUse())
      return;
  }
  auto transpose = dyn_cast<linalg::TransposeOp>(*found.value.user_begin());
  if (!transpose || transpose.getInput() != found.value)
    return;
  target = {transpose->getResult(0), {}};
  for (int64_t dim : transpose.getPermutation())
    target.lists.push_back(found.lists[dim]);
}

/// A mask made of something that is the same for many rows or heads is computed
/// for one.
TracedValue AttentionMatcher::readSmaller(TracedValue mask) {
  linalg::GenericOp op = pointwise(mask);
  if (!op)
    return mask;
  std::optional<TracedValue> source;
  for (OpOperand *input : op.getDpsInputOperands()) {
    if (op.getMatchingIndexingMap(input).getNumResults() == 0)
      continue;
    if (source)
      return mask;
    source = traceBack(
        loops, {input->get(), getInputLists(op, input, mask.lists)});
  }
  if (!source || source->lists.size() >= mask.lists.size())
    return mask;
  Lists flat = loops.flatten(source->lists);
  if (!llvm::all_of(flat, [](const List &list) { return list.size() == 1; }))
    return mask;
  rewriter.setInsertionPoint(op);
  auto identity = rewriter.getMultiDimIdentityMap(flat.size());
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *input : op.getDpsInputOperands()) {
    bool isScalar = op.getMatchingIndexingMap(input).getNumResults() == 0;
    inputs.push_back(isScalar ? input->get() : source->value);
    maps.push_back(isScalar ? AffineMap::get(flat.size(), 0,
                                             rewriter.getContext())
                            : identity);
  }
  maps.push_back(identity);
  Value empty = tensor::EmptyOp::create(
      rewriter, op.getLoc(),
      tensor::getMixedSizes(rewriter, op.getLoc(), source->value),
      getElementTypeOrSelf(mask.value));
  SmallVector<utils::IteratorType> iterators(flat.size(),
                                             utils::IteratorType::parallel);
  auto smaller = linalg::GenericOp::create(rewriter, op.getLoc(),
                                           empty.getType(), inputs, empty, maps,
                                           iterators);
  rewriter.cloneRegionBefore(op.getRegion(), smaller.getRegion(),
                             smaller.getRegion().end());
  return {smaller.getResult(0), flat};
}

/// How many keys before the first row a constant mask shows it, if it shows
/// every row one more than the row before, and hides the others.
std::optional<int64_t>
AttentionMatcher::getCausalPast(const TracedValue &mask) {
  auto type = cast<RankedTensorType>(mask.value.getType());
  ElementsAttr elements;
  if (!type.hasStaticShape() || !type.getElementType().isF32() ||
      !matchPattern(mask.value, m_Constant(&elements)))
    return std::nullopt;
  List order;
  for (const List &list : loops.flatten(mask.lists))
    for (unsigned loop : list)
      if (loops.getSize(loop) != 1)
        order.push_back(loop);
  if (order != List{rows, keys})
    return std::nullopt;
  ArrayRef<float> values;
  if (auto dense = dyn_cast<DenseElementsAttr>(elements)) {
    if (dense.isSplat())
      return std::nullopt;
    values = ArrayRef<float>(
        reinterpret_cast<const float *>(dense.getRawData().data()),
        type.getNumElements());
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != type.getNumElements() * sizeof(float))
      return std::nullopt;
    values = blob->getDataAs<float>();
  } else {
    return std::nullopt;
  }
  int64_t numRows = loops.getSize(rows), numKeys = loops.getSize(keys);
  ArrayRef<float> begin = values.take_front(numKeys);
  int64_t shown = llvm::find_if(begin, [](float v) { return v != 0; }) -
                  begin.begin();
  if (shown == 0)
    return std::nullopt;
  for (int64_t row = 0; row < numRows; ++row)
    for (int64_t at = 0; at < numKeys; ++at) {
      float v = values[row * numKeys + at];
      if (at < shown + row ? v != 0 : !(double(v) <= kHidden))
        return std::nullopt;
    }
  return shown - 1;
}

/// Groups of dimensions such that each holds one that is indexed; the others,
/// of size one, are with the one before or the first one.
static SmallVector<ReassociationIndices> groupUnits(const Lists &lists) {
  SmallVector<ReassociationIndices> groups;
  bool begun = false; // the last group has its indexed dimension
  for (auto [dim, list] : llvm::enumerate(lists)) {
    if (groups.empty() || (begun && !list.empty())) {
      groups.emplace_back();
      begun = false;
    }
    groups.back().push_back(dim);
    begun |= !list.empty();
  }
  return groups;
}

/// `traced` with one loop for each dimension.
TracedValue AttentionMatcher::makePlain(TracedValue traced) {
  traced.lists = loops.flatten(traced.lists);
  Location loc = second.getLoc();
  if (llvm::any_of(traced.lists, [](const List &list) { return list.empty(); })) {
    traced.value = tensor::CollapseShapeOp::create(
        rewriter, loc, traced.value, groupUnits(traced.lists));
    llvm::erase_if(traced.lists, [](const List &list) { return list.empty(); });
  }
  if (llvm::all_of(traced.lists,
                   [](const List &list) { return list.size() == 1; }))
    return traced;
  SmallVector<ReassociationIndices> groups;
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> shape;
  Lists plain;
  for (const List &list : traced.lists) {
    ReassociationIndices &group = groups.emplace_back();
    for (unsigned loop : list) {
      group.push_back(plain.size());
      plain.push_back({loop});
      sizes.push_back(loops.getSize(rewriter, loc, loop));
      shape.push_back(loops.getSize(loop));
    }
  }
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(traced.value));
  return {tensor::ExpandShapeOp::create(rewriter, loc, type, traced.value,
                                        groups, sizes),
          plain};
}

/// `value`, a dimension a loop of `lists`, in the shape that `lists` have.
Value AttentionMatcher::giveShape(Value value, const Lists &lists,
                                  RankedTensorType type) {
  Location loc = second.getLoc();
  SmallVector<ReassociationIndices> groups;
  int64_t next = 0;
  for (const List &list : lists) {
    if (list.empty())
      continue;
    ReassociationIndices &group = groups.emplace_back();
    for (unsigned i = 0; i < list.size(); ++i)
      group.push_back(next++);
  }
  if (int64_t(groups.size()) != next)
    value = tensor::CollapseShapeOp::create(rewriter, loc, value, groups);
  if (groups.size() != lists.size()) {
    SmallVector<OpFoldResult> own = tensor::getMixedSizes(rewriter, loc, value),
                              sizes;
    unsigned real = 0;
    for (const List &list : lists)
      sizes.push_back(list.empty() ? rewriter.getIndexAttr(1) : own[real++]);
    SmallVector<int64_t> shape;
    for (OpFoldResult size : sizes)
      shape.push_back(
          getConstantIntValue(size).value_or(ShapedType::kDynamic));
    value = tensor::ExpandShapeOp::create(
        rewriter, loc, RankedTensorType::get(shape, type.getElementType()),
        value, groupUnits(lists), sizes);
  }
  if (value.getType() != type)
    value = tensor::CastOp::create(rewriter, loc, type, value);
  return value;
}

/// Makes one tensor of all masks, or none.
void AttentionMatcher::useMasks(List &loopsOfMask, Value &sum) {
  SmallVector<Mask> left;
  for (Mask &mask : masks) {
    if (!mask.ifTrue) {
      mask.traced = readSmaller(mask.traced);
      if (matchPattern(mask.traced.value, m_AnyZeroFloat()))
        continue;
      if (!past && (past = getCausalPast(mask.traced)))
        continue;
    }
    rewriter.setInsertionPoint(second);
    mask.traced = makePlain(mask.traced);
    left.push_back(mask);
  }
  if (left.empty())
    return;
  auto isRead = [&](unsigned loop) {
    return llvm::any_of(left, [&](const Mask &mask) {
      return llvm::is_contained(mask.traced.lists, List{loop});
    });
  };
  for (unsigned loop : batch)
    if (isRead(loop))
      loopsOfMask.push_back(loop);
  for (unsigned loop : {rows, keys})
    if (isRead(loop))
      loopsOfMask.push_back(loop);
  if (left.size() == 1 && !left[0].ifTrue) {
    loopsOfMask.clear();
    for (const List &list : left[0].traced.lists)
      loopsOfMask.push_back(list[0]);
    sum = left[0].traced.value;
    return;
  }
  Location loc = second.getLoc();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Mask &mask : left) {
    inputs.push_back(mask.traced.value);
    maps.push_back(getMapOf(mask.traced.lists, loopsOfMask));
  }
  maps.push_back(rewriter.getMultiDimIdentityMap(loopsOfMask.size()));
  Type element = getElementTypeOrSelf(query.value);
  SmallVector<OpFoldResult> sizes;
  for (unsigned loop : loopsOfMask)
    sizes.push_back(loops.getSize(rewriter, loc, loop));
  Value empty = tensor::EmptyOp::create(rewriter, loc, sizes, element);
  SmallVector<utils::IteratorType> iterators(loopsOfMask.size(),
                                             utils::IteratorType::parallel);
  sum = linalg::GenericOp::create(
            rewriter, loc, empty.getType(), inputs, empty, maps, iterators,
            [&](OpBuilder &b, Location where, ValueRange args) {
              Value total;
              for (auto [mask, arg] : llvm::zip(left, args)) {
                Value own = arg;
                auto constant = [&](double number) {
                  return arith::ConstantOp::create(
                      b, where, b.getFloatAttr(element, number));
                };
                if (mask.ifTrue)
                  own = arith::SelectOp::create(b, where, arg,
                                                constant(*mask.ifTrue),
                                                constant(*mask.ifFalse));
                total = total ? arith::AddFOp::create(b, where, total, own)
                                    .getResult()
                              : own;
              }
              linalg::YieldOp::create(b, where, total);
            })
            .getResult(0);
}

/// How loops in the order `order` index what has these lists of one loop each.
AffineMap AttentionMatcher::getMapOf(const Lists &lists, const List &order) {
  SmallVector<AffineExpr> exprs;
  for (const List &list : lists)
    exprs.push_back(rewriter.getAffineDimExpr(llvm::find(order, list[0]) -
                                              order.begin()));
  return AffineMap::get(order.size(), 0, exprs, rewriter.getContext());
}

void AttentionMatcher::replace() {
  List order = batch;
  order.append({rows, columns, inner, keys});
  List loopsOfMask;
  Value mask;
  useMasks(loopsOfMask, mask);
  rewriter.setInsertionPoint(second);
  SmallVector<Location> locations;
  for (Operation *op : llvm::reverse(matched))
    if (isa<linalg::LinalgOp>(op))
      locations.push_back(op->getLoc());
  locations.push_back(second.getLoc());
  Location loc = rewriter.getFusedLoc(locations);

  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (const TracedValue &traced : {query, key, value}) {
    TracedValue plain = makePlain(traced);
    operands.push_back(plain.value);
    maps.push_back(getMapOf(plain.lists, order));
  }
  if (mask) {
    Lists lists;
    for (unsigned loop : loopsOfMask)
      lists.push_back({loop});
    maps.push_back(getMapOf(lists, order));
  }
  Type element = getElementTypeOrSelf(query.value);
  Value factor = arith::ConstantOp::create(
      rewriter, loc, rewriter.getFloatAttr(element, scale));
  Value before;
  if (past)
    before = arith::ConstantIndexOp::create(rewriter, loc, *past);
  SmallVector<OpFoldResult> sizes;
  Lists plain;
  target.lists = loops.flatten(target.lists);
  for (const List &list : target.lists)
    for (unsigned loop : list) {
      plain.push_back({loop});
      sizes.push_back(loops.getSize(rewriter, loc, loop));
    }
  maps.push_back(getMapOf(plain, order));
  Value empty = tensor::EmptyOp::create(rewriter, loc, sizes, element);
  auto attention = linalg_ext::AttentionOp::create(
      rewriter, loc, empty.getType(), operands[0], operands[1], operands[2],
      factor, mask, before, empty, rewriter.getAffineMapArrayAttr(maps),
      zeroEmptyRows ? rewriter.getUnitAttr() : nullptr);
  Value result = giveShape(attention.getResult(0), target.lists,
                           cast<RankedTensorType>(target.value.getType()));
  rewriter.replaceAllUsesWith(target.value, result);
}

namespace {
struct RaiseAttention
    : orchestra::impl::RaiseAttentionPassBase<RaiseAttention> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> products;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (succeeded(getProduct(op)))
        products.push_back(op);
    });
    unsigned count = 0;
    for (linalg::LinalgOp product : products) {
      AttentionMatcher matcher(rewriter, product);
      if (!matcher.match())
        continue;
      matcher.replace();
      ++count;
    }
    if (count == 0)
      return;
    remark::analysis(getOperation().getLoc(),
                     remark::RemarkOpts::name("RaiseAttention")
                         .category("orchestra-raise-attention"))
        << remark::metric("raised", count);
  }
};
} // namespace
