//===- AttentionMasks.cpp - Masks of decomposed attention -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A mask is what is added to scores, or a condition that replaces them. One
// that says the same for many rows is read once for all of them; one that hides
// what lies ahead is a number.
//
//===----------------------------------------------------------------------===//
#include "AttentionMatcher.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

using List = LoopSet::List;
using Lists = LoopSet::Lists;

/// What is added to scores from here on hides keys: beside it no score counts.
static constexpr double kHidden = -1e30;
/// Where numbers of 16 bits are added: exporters write the least f16, -65504.
static constexpr double kHiddenNarrow = -6e4;

/// A select between scores and a constant that hides.
bool AttentionMatcher::matchSelect(linalg::GenericOp op, arith::SelectOp select,
                                   TracedValue &scores) {
  std::optional<TracedValue> condition =
      getOperand(op, select.getCondition(), scores.lists);
  for (bool shows : {true, false}) {
    Value other = shows ? select.getFalseValue() : select.getTrueValue();
    std::optional<double> constant = getScalarConstant(op, other);
    std::optional<TracedValue> kept =
        getOperand(op, shows ? select.getTrueValue() : select.getFalseValue(),
                   scores.lists);
    if (!condition || !constant || !kept ||
        !(*constant <= (isNarrow ? kHiddenNarrow : kHidden)))
      continue;
    double ifTrue = shows ? 0 : *constant, ifFalse = shows ? *constant : 0;
    masks.push_back({*condition, ifTrue, ifFalse});
    scores = *kept;
    return true;
  }
  return false;
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
    source =
        traceBack(loops, {input->get(), getInputLists(op, input, mask.lists)});
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
    maps.push_back(isScalar
                       ? AffineMap::get(flat.size(), 0, rewriter.getContext())
                       : identity);
  }
  maps.push_back(identity);
  Value empty = tensor::EmptyOp::create(
      rewriter, op.getLoc(),
      tensor::getMixedSizes(rewriter, op.getLoc(), source->value),
      getElementTypeOrSelf(mask.value));
  SmallVector<utils::IteratorType> iterators(flat.size(),
                                             utils::IteratorType::parallel);
  auto smaller = linalg::GenericOp::create(
      rewriter, op.getLoc(), empty.getType(), inputs, empty, maps, iterators);
  rewriter.cloneRegionBefore(op.getRegion(), smaller.getRegion(),
                             smaller.getRegion().end());
  return {smaller.getResult(0), flat};
}

/// A choice between two numbers by a condition, that is by what it depends on.
void AttentionMatcher::readCondition(Mask &mask) {
  linalg::GenericOp op = mask.ifTrue ? nullptr : pointwise(mask.traced);
  if (!op)
    return;
  auto select = dyn_cast_or_null<arith::SelectOp>(
      op.getBody()->getTerminator()->getOperand(0).getDefiningOp());
  if (!select)
    return;
  std::optional<TracedValue> condition =
      getOperand(op, select.getCondition(), mask.traced.lists);
  std::optional<double> ifTrue = getScalarConstant(op, select.getTrueValue()),
                        ifFalse = getScalarConstant(op, select.getFalseValue());
  if (condition && ifTrue && ifFalse)
    mask = {traceBack(loops, *condition), ifTrue, ifFalse};
}

/// What a constant mask adds, element by element; null if it is computed.
static std::function<double(int64_t)>
getConstantMask(Value value, std::optional<double> ifTrue,
                std::optional<double> ifFalse) {
  auto type = cast<RankedTensorType>(value.getType());
  Type element = type.getElementType();
  ElementsAttr elements;
  if (!type.hasStaticShape() || !matchPattern(value, m_Constant(&elements)))
    return nullptr;
  if (auto dense = dyn_cast<DenseElementsAttr>(elements);
      dense && element.isInteger(1) && ifTrue)
    return [dense, ifTrue, ifFalse](int64_t at) {
      bool shown = dense.isSplat() ? dense.getSplatValue<bool>()
                                   : dense.getValues<bool>()[at];
      return shown ? *ifTrue : *ifFalse;
    };
  ArrayRef<char> bytes;
  bool isSplat = false;
  if (auto dense = dyn_cast<DenseElementsAttr>(elements)) {
    isSplat = dense.isSplat();
    bytes = dense.getRawData();
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      bytes = blob->getData();
  }
  int64_t count = isSplat ? 1 : type.getNumElements();
  auto has = [&](int64_t size) {
    return int64_t(bytes.size()) == count * size;
  };
  auto place = [isSplat](int64_t at) { return isSplat ? 0 : at; };
  if (element.isInteger(1) && ifTrue && has(1))
    return [bytes, ifTrue, ifFalse, place](int64_t at) {
      return bytes[place(at)] ? *ifTrue : *ifFalse;
    };
  if (ifTrue)
    return nullptr;
  if (element.isF32() && has(sizeof(float)))
    return [bytes, place](int64_t at) {
      return double(reinterpret_cast<const float *>(bytes.data())[place(at)]);
    };
  if (element.isF16() && has(sizeof(uint16_t)))
    return [bytes, place](int64_t at) {
      uint16_t bits =
          reinterpret_cast<const uint16_t *>(bytes.data())[place(at)];
      return double(
          APFloat(APFloat::IEEEhalf(), APInt(16, bits)).convertToFloat());
    };
  return nullptr;
}

/// How many keys before the first row a constant mask shows it, if it shows
/// every row one more than the row before, and hides the others.
std::optional<int64_t> AttentionMatcher::getCausalPast(const Mask &mask) {
  std::function<double(int64_t)> valueAt =
      getConstantMask(mask.traced.value, mask.ifTrue, mask.ifFalse);
  if (!valueAt)
    return std::nullopt;
  List order;
  for (const List &list : loops.flatten(mask.traced.lists))
    for (unsigned loop : list)
      if (loops.getSize(loop) != 1)
        order.push_back(loop);
  if (order != List{rows, keys})
    return std::nullopt;
  int64_t numRows = loops.getSize(rows), numKeys = loops.getSize(keys);
  int64_t shown = 0;
  while (shown < numKeys && valueAt(shown) == 0)
    ++shown;
  if (shown == 0)
    return std::nullopt;
  double hidden = isNarrow ? kHiddenNarrow : kHidden;
  for (int64_t row = 0; row < numRows; ++row)
    for (int64_t at = 0; at < numKeys; ++at) {
      double v = valueAt(row * numKeys + at);
      if (at < shown + row ? v != 0 : !(v <= hidden))
        return std::nullopt;
    }
  return shown - 1;
}

/// Whether a mask adds zeros alone.
static bool addsNothing(Value value, std::optional<double> ifTrue,
                        std::optional<double> ifFalse) {
  std::function<double(int64_t)> valueAt =
      getConstantMask(value, ifTrue, ifFalse);
  if (!valueAt)
    return false;
  int64_t count = cast<RankedTensorType>(value.getType()).getNumElements();
  for (int64_t at = 0; at < count; ++at)
    if (valueAt(at) != 0)
      return false;
  return true;
}

/// Makes one tensor of all masks, or none.
void AttentionMatcher::useMasks(List &loopsOfMask, Value &sum) {
  SmallVector<Mask> left;
  for (Mask &mask : masks) {
    readCondition(mask);
    if (!mask.ifTrue)
      mask.traced = readSmaller(mask.traced);
    if (addsNothing(mask.traced.value, mask.ifTrue, mask.ifFalse))
      continue;
    if (!past && (past = getCausalPast(mask)))
      continue;
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
  Type element = getElementTypeOrSelf(second->getResult(0));
  SmallVector<OpFoldResult> sizes;
  for (unsigned loop : loopsOfMask)
    sizes.push_back(loops.getSize(rewriter, loc, loop));
  Value empty = tensor::EmptyOp::create(rewriter, loc, sizes, element);
  SmallVector<utils::IteratorType> iterators(loopsOfMask.size(),
                                             utils::IteratorType::parallel);
  sum =
      linalg::GenericOp::create(
          rewriter, loc, empty.getType(), inputs, empty, maps, iterators,
          [&](OpBuilder &b, Location where, ValueRange args) {
            Value total;
            for (auto [mask, arg] : llvm::zip(left, args)) {
              Value own = arg;
              if (!mask.ifTrue && own.getType() != element)
                own = arith::ExtFOp::create(b, where, element, own);
              auto constant = [&](double number) {
                return arith::ConstantOp::create(
                    b, where, b.getFloatAttr(element, number));
              };
              if (mask.ifTrue)
                own = arith::SelectOp::create(b, where, arg,
                                              constant(*mask.ifTrue),
                                              constant(*mask.ifFalse));
              total =
                  total
                      ? arith::AddFOp::create(b, where, total, own).getResult()
                      : own;
            }
            linalg::YieldOp::create(b, where, total);
          })
          .getResult(0);
}
