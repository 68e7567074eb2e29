//===- AttentionMatcher.cpp - Finds decomposed attention ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the second product backwards: a division by a sum of exponentials, the
// greatest score subtracted, masks added or selected, scales, the first
// product. Each value is seen from the loops of the second product
// (LoopTrace.h), so that reshapes, transposes and repeated heads in between
// become part of maps. Masks are in AttentionMasks.cpp, the new op in
// RaiseAttention.cpp.
//
//===----------------------------------------------------------------------===//
#include "AttentionMatcher.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

using List = LoopSet::List;
using Lists = LoopSet::Lists;

static bool isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

FailureOr<linalg::ContractionDimensions>
orchestra::getProduct(linalg::LinalgOp op, bool isNarrow) {
  if (!op || op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !linalg::isaContractionOpInterface(op) || !op.hasPureTensorSemantics() ||
      !isZeroFill(op.getDpsInits()[0]))
    return failure();
  Type element = getElementTypeOrSelf(op.getDpsInits()[0]);
  if (!element.isF32() && !element.isF64())
    return failure();
  Type own = getElementTypeOrSelf(op.getDpsInputs()[0]);
  if (isNarrow ? !element.isF32() || !(own.isF16() || own.isBF16())
               : own != element)
    return failure();
  if (getElementTypeOrSelf(op.getDpsInputs()[1]) != own)
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

/// Whether `op` gives each element of its one input in another float type.
static bool isCast(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInputs() != 1 ||
      generic.getNumDpsInits() != 1 ||
      generic.getNumParallelLoops() != generic.getNumLoops() ||
      !llvm::all_of(generic.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isPermutation(); }))
    return false;
  Operation *body =
      generic.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  return isa_and_nonnull<arith::ExtFOp, arith::TruncFOp>(body) &&
         body->getOperand(0) == generic.getBody()->getArgument(0);
}

TracedValue AttentionMatcher::skipViews(TracedValue traced) {
  traced = skipCasts(traced);
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
      traced.value.getDefiningOp())) {
    matched.push_back(traced.value.getDefiningOp());
    std::optional<TracedValue> before = stepBack(loops, traced);
    if (!before)
      break;
    traced = skipCasts(*before);
  }
  return traced;
}

/// What is rounded on its way is the same value, if types are narrow.
TracedValue AttentionMatcher::skipCasts(TracedValue traced) {
  while (isNarrow && isCast(traced.value.getDefiningOp())) {
    auto op = traced.value.getDefiningOp<linalg::GenericOp>();
    matched.push_back(op);
    traced = {op->getOperand(0),
              getInputLists(op, &op->getOpOperand(0), traced.lists)};
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
std::optional<TracedValue> AttentionMatcher::getOperand(linalg::GenericOp op,
                                                        Value inBody,
                                                        const Lists &lists) {
  auto argument = dyn_cast<BlockArgument>(inBody);
  if (!argument || argument.getOwner() != op.getBody())
    return std::nullopt;
  OpOperand *input = op.getDpsInputOperand(argument.getArgNumber());
  return TracedValue{input->get(), getInputLists(op, input, lists)};
}

/// The input of a maximum or sum over keys whose result is `reduced`.
std::optional<TracedValue> AttentionMatcher::matchReduction(TracedValue reduced,
                                                            bool isMaximum) {
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
      llvm::erase_if(list,
                     [&](unsigned loop) { return loops.getSize(loop) == 1; });
  };
  dropUnits(left);
  dropUnits(right);
  return left == right;
}

bool AttentionMatcher::matchSecond() {
  FailureOr<linalg::ContractionDimensions> dims = getProduct(second, isNarrow);
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
  if (!summed)
    return false;
  summed = skipCasts(*summed);
  dividend = skipCasts(*dividend);
  if (!areSame(loops, *summed, *dividend))
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
    shifted = skipCasts(*before);
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
  if (!compared)
    return false;
  compared = skipCasts(*compared);
  scores = skipCasts(*scores);
  return areSame(loops, *compared, *scores) && matchScores(*scores);
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
          return succeeded(getProduct(product, isNarrow));
        auto generic = dyn_cast<linalg::GenericOp>(def);
        if (generic ? generic.getNumDpsInputs() == 0
                    : !isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(def))
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

bool AttentionMatcher::matchFirst(const TracedValue &scores) {
  first = scores.value.getDefiningOp<linalg::LinalgOp>();
  FailureOr<linalg::ContractionDimensions> dims = getProduct(first, isNarrow);
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

/// Roundings and a transpose of the result are part of it.
void AttentionMatcher::findResult() {
  TracedValue found = target;
  while (found.value.hasOneUse()) {
    Operation *user = *found.value.user_begin();
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(user)) {
      Lists lists;
      for (auto [list, group] :
           llvm::zip(found.lists, expand.getReassociationIndices())) {
        std::optional<Lists> parts =
            loops.divide(list, expand.getResult(), group);
        if (!parts)
          return;
        llvm::append_range(lists, *parts);
      }
      found = {expand.getResult(), lists};
      continue;
    }
    if (auto transpose = dyn_cast<linalg::TransposeOp>(user);
        transpose && transpose.getInput() == found.value) {
      Lists lists;
      for (int64_t dim : transpose.getPermutation())
        lists.push_back(found.lists[dim]);
      target = {transpose->getResult(0), lists};
      return;
    }
    auto cast = dyn_cast<linalg::GenericOp>(user);
    if (!isNarrow || !cast || !isCast(cast) ||
        !llvm::all_of(cast.getIndexingMapsArray(),
                      [](AffineMap map) { return map.isIdentity(); }))
      return;
    found = {cast->getResult(0), found.lists};
    target = found;
  }
}
