//===- Attention.cpp - Attention ops: verifier, tiling --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both ops index their operands by maps from the same loops, so that slicing is
// the same for all of them. A tile of rows or keys moves the causal bound.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
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

template <typename OpTy>
static SmallVector<OpFoldResult> loopSizes(OpTy op, OpBuilder &b) {
  SmallVector<OpFoldResult> sizes(countLoops(op));
  SmallVector<OpOperand *> operands = indexedOperands(op);
  for (bool dynamic : {false, true})
    for (auto [operand, attr] : llvm::zip(operands, op.getIndexingMaps())) {
      AffineMap map = cast<AffineMapAttr>(attr).getValue();
      auto type = cast<ShapedType>(operand->get().getType());
      for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
        OpFoldResult &size = sizes[cast<AffineDimExpr>(expr).getPosition()];
        if (!size && type.isDynamicDim(dim) == dynamic)
          size = linalg::createFoldedDimOp(b, op.getLoc(), operand->get(), dim);
      }
    }
  return sizes;
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
  if (op.getOutputs().size() != numOutputs)
    return op.emitOpError()
           << "needs " << numOutputs << " destinations, but has "
           << op.getOutputs().size();
  SmallVector<OpOperand *> operands = indexedOperands(op);
  if (op.getIndexingMaps().size() != operands.size())
    return op.emitOpError() << "needs " << operands.size()
                            << " indexing maps, one for each operand that is "
                               "indexed, but has "
                            << op.getIndexingMaps().size();
  bool tensors = isa<RankedTensorType>(op.getOutputs()[0].getType());
  for (OpOperand *operand : operands)
    if (isa<RankedTensorType>(operand->get().getType()) != tensors)
      return op.emitOpError("mixes tensors and memrefs");
  if (op.getResults().size() != (tensors ? numOutputs : 0))
    return op.emitOpError() << "needs as many results as destinations on "
                               "tensors, and none on memrefs";
  for (auto [output, result] : llvm::zip(op.getOutputs(), op.getResults()))
    if (output.getType() != result.getType())
      return op.emitOpError()
             << "has a result of type " << result.getType()
             << " for a destination of type " << output.getType();
  unsigned numLoops = countLoops(op);
  if (numLoops <= kInnerLoops)
    return op.emitOpError() << "needs loops over rows, value columns, query "
                               "columns and keys, but has "
                            << numLoops << " loops";
  SmallVector<int64_t> sizes(numLoops, ShapedType::kDynamic);
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
    if (own != element && !(isMask && own.isInteger(1)))
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
// Tiling
//===----------------------------------------------------------------------===//

template <typename OpTy>
static SmallVector<utils::IteratorType> iteratorTypes(OpTy op) {
  SmallVector<utils::IteratorType> types(countLoops(op),
                                         utils::IteratorType::parallel);
  for (unsigned loop : {op.getInnerLoop(), op.getKeyLoop()})
    types[loop] = utils::IteratorType::reduction;
  return types;
}

template <typename OpTy>
static SmallVector<Range> iterationDomain(OpTy op, OpBuilder &b) {
  SmallVector<Range> ranges;
  for (OpFoldResult size : loopSizes(op, b))
    ranges.push_back({b.getIndexAttr(0), size, b.getIndexAttr(1)});
  return ranges;
}

/// Offsets or sizes of the operand that `map` indexes.
static SmallVector<OpFoldResult> pick(AffineMap map,
                                      ArrayRef<OpFoldResult> loops) {
  SmallVector<OpFoldResult> picked;
  for (AffineExpr expr : map.getResults())
    picked.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
  return picked;
}

static Operation *slice(OpBuilder &b, Location loc, Value value, AffineMap map,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> ones(map.getNumResults(), b.getIndexAttr(1));
  if (isa<MemRefType>(value.getType()))
    return memref::SubViewOp::create(b, loc, value, pick(map, offsets),
                                     pick(map, sizes), ones);
  return tensor::ExtractSliceOp::create(b, loc, value, pick(map, offsets),
                                        pick(map, sizes), ones);
}

/// Whether the tile certainly does not hold all iterations of `loop`.
template <typename OpTy>
static bool isPartial(OpTy op, OpBuilder &b, unsigned loop,
                      ArrayRef<OpFoldResult> offsets,
                      ArrayRef<OpFoldResult> sizes) {
  std::optional<int64_t> offset = getConstantIntValue(offsets[loop]);
  if (!offset || *offset != 0)
    return true;
  std::optional<int64_t> size = getConstantIntValue(sizes[loop]);
  std::optional<int64_t> whole = getConstantIntValue(loopSizes(op, b)[loop]);
  return size && whole && *size != *whole;
}

template <typename OpTy>
static FailureOr<TilingResult> tile(OpTy op, OpBuilder &b,
                                    ArrayRef<OpFoldResult> offsets,
                                    ArrayRef<OpFoldResult> sizes) {
  // All of the scores decide what each column of the result is; an update
  // changes the states of rows once.
  bool isUpdate = std::is_same_v<OpTy, AttentionUpdateOp>;
  for (unsigned loop :
       {op.getInnerLoop(), isUpdate ? op.getColumnLoop() : op.getKeyLoop()})
    if (isPartial(op, b, loop, offsets, sizes))
      return failure();
  Location loc = op.getLoc();
  IRMapping map;
  TilingResult result;
  for (OpOperand *operand : indexedOperands(op)) {
    Operation *made =
        slice(b, loc, operand->get(), mapOf(op, operand), offsets, sizes);
    map.map(operand->get(), made->getResult(0));
    result.generatedSlices.push_back(made);
  }
  SmallVector<Value> operands;
  SmallVector<OpOperand *> indexed = indexedOperands(op);
  unsigned next = 0;
  for (OpOperand &operand : op->getOpOperands())
    operands.push_back(llvm::is_contained(indexed, &operand)
                           ? result.generatedSlices[next++]->getResult(0)
                           : operand.get());
  if (op.getPast()) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
               s2 = b.getAffineSymbolExpr(2);
    OpFoldResult past = affine::makeComposedFoldedAffineApply(
        b, loc, s0 + s1 - s2,
        {OpFoldResult(op.getPast()), offsets[op.getRowLoop()],
         offsets[op.getKeyLoop()]});
    operands[op.getPastMutable()[0].getOperandNumber()] =
        getValueOrCreateConstantIndexOp(b, loc, past);
  }
  SmallVector<Type> types;
  if (!op.getResults().empty())
    for (OpOperand &output : op.getOutputsMutable())
      types.push_back(operands[output.getOperandNumber()].getType());
  Operation *tiled = clone(b, op, types, operands);
  result.tiledOps.push_back(tiled);
  result.tiledValues.assign(tiled->result_begin(), tiled->result_end());
  return result;
}

template <typename OpTy>
static void resultTile(OpTy op, unsigned number, ArrayRef<OpFoldResult> offsets,
                       ArrayRef<OpFoldResult> sizes,
                       SmallVector<OpFoldResult> &resultOffsets,
                       SmallVector<OpFoldResult> &resultSizes) {
  AffineMap map = mapOf(op, &op.getOutputsMutable()[number]);
  resultOffsets = pick(map, offsets);
  resultSizes = pick(map, sizes);
}

//===----------------------------------------------------------------------===//
// Effects
//===----------------------------------------------------------------------===//

template <typename OpTy>
static void
collectEffects(OpTy op,
               SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand *operand : indexedOperands(op)) {
    if (!isa<MemRefType>(operand->get().getType()))
      continue;
    bool isOutput = op.isDpsInit(operand);
    if (!isOutput || std::is_same_v<OpTy, AttentionUpdateOp>)
      effects.emplace_back(MemoryEffects::Read::get(), operand);
    if (isOutput)
      effects.emplace_back(MemoryEffects::Write::get(), operand);
  }
}

/// The methods of one op, which both ops share.
#define ORCHESTRA_ATTENTION_METHODS(OpTy)                                      \
  SmallVector<OpOperand *> OpTy::getIndexedOperands() {                        \
    return indexedOperands(*this);                                             \
  }                                                                            \
  AffineMap OpTy::getMap(OpOperand *operand) { return mapOf(*this, operand); } \
  unsigned OpTy::getNumLoops() { return countLoops(*this); }                   \
  SmallVector<OpFoldResult> OpTy::getLoopSizes(OpBuilder &b) {                 \
    return loopSizes(*this, b);                                                \
  }                                                                            \
  LogicalResult OpTy::verify() { return verifyAttention(*this); }              \
  SmallVector<utils::IteratorType> OpTy::getLoopIteratorTypes() {              \
    return iteratorTypes(*this);                                               \
  }                                                                            \
  SmallVector<Range> OpTy::getIterationDomain(OpBuilder &b) {                  \
    return iterationDomain(*this, b);                                          \
  }                                                                            \
  FailureOr<TilingResult> OpTy::getTiledImplementation(                        \
      OpBuilder &b, ArrayRef<OpFoldResult> offsets,                            \
      ArrayRef<OpFoldResult> sizes) {                                          \
    return tile(*this, b, offsets, sizes);                                     \
  }                                                                            \
  LogicalResult OpTy::getResultTilePosition(                                   \
      OpBuilder &, unsigned number, ArrayRef<OpFoldResult> offsets,            \
      ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,  \
      SmallVector<OpFoldResult> &resultSizes) {                                \
    resultTile(*this, number, offsets, sizes, resultOffsets, resultSizes);     \
    return success();                                                          \
  }                                                                            \
  void OpTy::getEffects(                                                       \
      SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {               \
    collectEffects(*this, effects);                                            \
  }

ORCHESTRA_ATTENTION_METHODS(AttentionOp)
ORCHESTRA_ATTENTION_METHODS(AttentionUpdateOp)

std::optional<double> orchestra::linalg_ext::countOperations(Operation *op) {
  auto attention = dyn_cast<AttentionOp>(op);
  if (!attention)
    return std::nullopt;
  SmallVector<int64_t> sizes(attention.getNumLoops(), ShapedType::kDynamic);
  for (OpOperand *operand : attention.getIndexedOperands()) {
    auto type = cast<ShapedType>(operand->get().getType());
    AffineMap map = attention.getMap(operand);
    for (auto [dim, expr] : llvm::enumerate(map.getResults()))
      if (!type.isDynamicDim(dim))
        sizes[cast<AffineDimExpr>(expr).getPosition()] = type.getDimSize(dim);
  }
  double scores = 1;
  for (auto [loop, size] : llvm::enumerate(sizes)) {
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    if (loop != attention.getColumnLoop() && loop != attention.getInnerLoop())
      scores *= double(size);
  }
  return scores * 2 *
         double(sizes[attention.getColumnLoop()] +
                sizes[attention.getInnerLoop()]);
}
