//===- Attention.cpp - Attention ops: verifier, tiling --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What its operands are indexed by, and what a tile of rows or keys moves.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/Decompose.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

/// Loops after the leading ones and the query's rows.
static constexpr unsigned kInnerLoops = 3;

template <typename OpTy>
static SmallVector<OpOperand *> indexedOperands(OpTy op) {
  SmallVector<OpOperand *> operands{&op.getQueryMutable(), &op.getKeyMutable(),
                                    &op.getValueMutable()};
  for (OpOperand &mask : op.getMaskMutable())
    operands.push_back(&mask);
  for (OpOperand &output : op.getOutputsMutable())
    operands.push_back(&output);
  return operands;
}

template <typename OpTy> static AffineMap mapOf(OpTy op, OpOperand *operand) {
  SmallVector<OpOperand *> operands = indexedOperands(op);
  const auto *it = llvm::find(operands, operand);
  return cast<AffineMapAttr>(op.getIndexingMaps()[it - operands.begin()])
      .getValue();
}

template <typename OpTy> static unsigned countLoops(OpTy op) {
  return cast<AffineMapAttr>(op.getIndexingMaps()[0]).getValue().getNumDims();
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// The loops behind the leading ones, as bits.
static constexpr unsigned kRows = 1, kColumns = 2, kInner = 4, kKeys = 8;

namespace {
/// What an operand is indexed by, beside the leading loops: what it must be and
/// what it may be.
struct Role {
  StringRef name;
  unsigned required, allowed;
};
} // namespace

static constexpr Role kQuery{"query", kRows | kInner, kRows | kInner};
static constexpr Role kKey{"key", kInner | kKeys, kInner | kKeys};
static constexpr Role kValue{"value", kColumns | kKeys, kColumns | kKeys};
static constexpr Role kMask{"mask", 0, kRows | kKeys};
static constexpr Role kResult{"result", kRows | kColumns, kRows | kColumns};
static constexpr Role kState{"state of rows", kRows, kRows};

static constexpr StringLiteral kLoopNames[] = {"rows", "value columns",
                                               "query columns", "keys"};

/// Checks one operand's map, type and sizes. `sizes` are those known so far.
static LogicalResult verifyOperand(Operation *op, const Role &role,
                                   ShapedType type, AffineMap map,
                                   unsigned numLoops,
                                   MutableArrayRef<int64_t> sizes) {
  if (!map.isProjectedPermutation() || map.getNumDims() != numLoops)
    return op->emitOpError() << "needs a projected permutation of " << numLoops
                             << " loops as map of the " << role.name
                             << ", but has " << AffineMapAttr::get(map);
  if (int64_t(map.getNumResults()) != type.getRank())
    return op->emitOpError()
           << "has a map with " << map.getNumResults() << " results for the "
           << role.name << " of rank " << type.getRank();
  for (unsigned i = 0; i < 4; ++i) {
    bool has = map.isFunctionOfDim(numLoops - 4 + i);
    if (has ? !(role.allowed >> i & 1) : role.required >> i & 1)
      return op->emitOpError() << "has a map of the " << role.name << " that "
                               << (has ? "depends" : "does not depend")
                               << " on the loop over " << kLoopNames[i];
  }
  for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    int64_t size = type.getDimSize(dim);
    if (ShapedType::isDynamic(size))
      continue;
    if (!ShapedType::isDynamic(sizes[loop]) && sizes[loop] != size)
      return op->emitOpError()
             << "has a " << role.name << " whose dimension " << dim << " is "
             << size << ", but other operands say " << sizes[loop];
    sizes[loop] = size;
  }
  return success();
}

template <typename OpTy> static LogicalResult verifyAttention(OpTy op) {
  unsigned numOutputs = std::is_same_v<OpTy, AttentionOp> ? 1 : 3;
  if (failed(verifyDestinations(op, numOutputs)))
    return failure();
  SmallVector<OpOperand *> operands = indexedOperands(op);
  if (op.getIndexingMaps().size() != operands.size())
    return op.emitOpError() << "needs " << operands.size()
                            << " indexing maps, one for each operand that is "
                               "indexed, but has "
                            << op.getIndexingMaps().size();
  unsigned numLoops = countLoops(op);
  if (numLoops <= kInnerLoops)
    return op.emitOpError() << "needs loops over rows, value columns, query "
                               "columns and keys, but has "
                            << numLoops << " loops";
  SmallVector<int64_t> sizes(numLoops, ShapedType::kDynamic);
  constexpr bool isUpdate = std::is_same_v<OpTy, AttentionUpdateOp>;
  Type element = op.getScale().getType();
  for (auto [i, operand] : llvm::enumerate(operands)) {
    bool isMask = op.getMask() && i == 3;
    unsigned output = i - (op.getMask() ? 4 : 3);
    const Role &role = i == 0        ? kQuery
                       : i == 1      ? kKey
                       : i == 2      ? kValue
                       : isMask      ? kMask
                       : output == 0 ? kResult
                                     : kState;
    auto type = cast<ShapedType>(operand->get().getType());
    Type own = type.getElementType();
    // States are in the type that is computed in; all else may be narrower.
    bool fits = isMask && own.isInteger(1);
    if (auto floats = dyn_cast<FloatType>(own))
      fits = own == element ||
             ((!isUpdate || i < operands.size() - 3) &&
              floats.getWidth() < element.getIntOrFloatBitWidth());
    if (!fits)
      return op.emitOpError() << "has a " << role.name << " of " << own
                              << ", but a scale of " << element;
    if (failed(
            verifyOperand(op, role, type, mapOf(op, operand), numLoops, sizes)))
      return failure();
  }
  for (OpOperand &output : op.getOutputsMutable())
    for (unsigned loop = 0; loop + kInnerLoops < numLoops; ++loop)
      if (!mapOf(op, &output).isFunctionOfDim(loop))
        return op.emitOpError() << "has a destination that does not depend on "
                                   "leading loop "
                                << loop;
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

template <typename OpTy> static SmallVector<AffineMap> operandMaps(OpTy op) {
  SmallVector<AffineMap> maps(op->getNumOperands(),
                              AffineMap::get(op.getContext()));
  for (OpOperand *operand : indexedOperands(op))
    maps[operand->getOperandNumber()] = mapOf(op, operand);
  return maps;
}

template <typename OpTy>
static SmallVector<utils::IteratorType> iteratorTypes(OpTy op) {
  SmallVector<utils::IteratorType> types(countLoops(op),
                                         utils::IteratorType::parallel);
  for (unsigned loop : {op.getInnerLoop(), op.getKeyLoop()})
    types[loop] = utils::IteratorType::reduction;
  return types;
}

/// The causal bound of a tile counts from its rows and keys.
template <typename OpTy>
static void moveBound(OpTy op, OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                      SmallVectorImpl<Value> &operands) {
  if (!op.getPast())
    return;
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
             s2 = b.getAffineSymbolExpr(2);
  OpFoldResult past = affine::makeComposedFoldedAffineApply(
      b, op.getLoc(), s0 + s1 - s2,
      {OpFoldResult(op.getPast()), offsets[op.getRowLoop()],
       offsets[op.getKeyLoop()]});
  operands[op.getPastMutable()[0].getOperandNumber()] =
      getValueOrCreateConstantIndexOp(b, op.getLoc(), past);
}

template <typename OpTy>
static FailureOr<SmallVector<Value>> lowerAttention(OpTy op,
                                                    RewriterBase &rewriter) {
  SmallVector<Value> values;
  buildAttention(rewriter, op, AttentionLayout(), values);
  return values;
}

/// Two products for each score.
static double countProducts(ArrayRef<double> sizes) {
  size_t columns = sizes.size() - 3, inner = sizes.size() - 2;
  double scores = 1;
  for (auto [loop, size] : llvm::enumerate(sizes))
    if (loop != columns && loop != inner)
      scores *= size;
  return scores * 2 * (sizes[columns] + sizes[inner]);
}

bool AttentionOp::canTile(unsigned loop) {
  // All of the scores decide what each column of the result is.
  return loop != getInnerLoop() && loop != getKeyLoop();
}
bool AttentionOp::readsDestination(unsigned) { return false; }
bool AttentionUpdateOp::canTile(unsigned loop) {
  // An update changes the states of rows once.
  return loop != getInnerLoop() && loop != getColumnLoop();
}
bool AttentionUpdateOp::readsDestination(unsigned) { return true; }

/// The methods of one op, which both ops share.
#define ORCHESTRA_ATTENTION_METHODS(OpTy)                                      \
  SmallVector<OpOperand *> OpTy::getIndexedOperands() {                        \
    return indexedOperands(*this);                                             \
  }                                                                            \
  AffineMap OpTy::getMap(OpOperand *operand) { return mapOf(*this, operand); } \
  unsigned OpTy::getNumLoops() { return countLoops(*this); }                   \
  SmallVector<OpFoldResult> OpTy::getLoopSizes(OpBuilder &b) {                 \
    return linalg_ext::getLoopSizes(*this, b);                                 \
  }                                                                            \
  LogicalResult OpTy::verify() { return verifyAttention(*this); }              \
  SmallVector<AffineMap> OpTy::getOperandMaps() { return operandMaps(*this); } \
  SmallVector<utils::IteratorType> OpTy::getIterators() {                      \
    return iteratorTypes(*this);                                               \
  }                                                                            \
  void OpTy::moveTile(OpBuilder &b, ArrayRef<OpFoldResult> offsets,            \
                      SmallVectorImpl<Value> &operands) {                      \
    moveBound(*this, b, offsets, operands);                                    \
  }                                                                            \
  double OpTy::countWork(ArrayRef<double> sizes) {                             \
    return countProducts(sizes);                                               \
  }                                                                            \
  FailureOr<SmallVector<Value>> OpTy::lower(RewriterBase &rewriter) {          \
    return lowerAttention(*this, rewriter);                                    \
  }

ORCHESTRA_ATTENTION_METHODS(AttentionOp)
ORCHESTRA_ATTENTION_METHODS(AttentionUpdateOp)
