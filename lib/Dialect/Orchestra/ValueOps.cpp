//===- ValueOps.cpp - Transfers and commits -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace orchestra;

//===----------------------------------------------------------------------===//
// Transfer
//===----------------------------------------------------------------------===//

LogicalResult TransferOp::verify() {
  auto source = cast<ShapedType>(getSource().getType()),
       result = cast<ShapedType>(getResult().getType());
  if (source == result)
    return success();
  if (!isa<BaseMemRefType>(source) || !isa<BaseMemRefType>(result))
    return emitOpError("gives ")
           << result << " for " << source << "; the types must match";
  if (source.getElementType() != result.getElementType() ||
      source.hasRank() != result.hasRank() ||
      (source.hasRank() && source.getShape() != result.getShape()))
    return emitOpError("gives ") << result << " for " << source
                                 << "; shapes and element types must match";
  return success();
}

LogicalResult TransferOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  TopologyOp topology;
  bool isUnique = succeeded(findTopology(*this, symbolTable, topology));
  SymbolRefAttr names[] = {getFrom(), getTo()};
  DeviceOp devices[2];
  for (auto [name, device] : llvm::zip(names, devices)) {
    bool isNested = !name.getNestedReferences().empty();
    if (!isNested && !isUnique)
      return emitOpError("names the device ")
             << name
             << ", but the module has several topologies; write "
                "@machine::"
             << name;
    if (!isNested && !topology)
      return success(); // names mean nothing yet
    device = lookupDevice(*this, name, symbolTable);
    if (device)
      continue;
    InFlightDiagnostic diag = emitOpError("names ")
                              << name << ", which is no device";
    if (topology) {
      diag << "; '" << topology.getSymName() << "' has ";
      llvm::interleaveComma(
          topology.getOps<DeviceOp>(), diag,
          [&](DeviceOp device) { diag << "'" << device.getSymName() << "'"; });
    }
    return diag;
  }
  Operation *machines[] = {devices[0]->getParentOp(),
                           devices[1]->getParentOp()};
  if (machines[0] != machines[1])
    return emitOpError("moves between two machines");
  auto schedule = (*this)->getParentOfType<ScheduleOp>();
  if (schedule && schedule.getTopologyAttr() && topology != machines[0])
    return emitOpError("moves on another machine than the schedule's");
  if (!areConnected(devices[0], devices[1]))
    return emitOpError("has no way from '")
           << devices[0].getSymName() << "' to '" << devices[1].getSymName()
           << "': no links join them";
  return success();
}

void TransferOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (!isa<BaseMemRefType>(getSource().getType()))
    return;
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
  auto result = cast<OpResult>(getResult());
  effects.emplace_back(MemoryEffects::Allocate::get(), result);
  effects.emplace_back(MemoryEffects::Write::get(), result);
}

Speculation::Speculatability TransferOp::getSpeculatability() {
  return isa<BaseMemRefType>(getSource().getType())
             ? Speculation::NotSpeculatable
             : Speculation::Speculatable;
}

OpFoldResult TransferOp::fold(FoldAdaptor adaptor) {
  // The result of a transfer of a memref is a buffer of its own.
  if (isa<BaseMemRefType>(getSource().getType()))
    return {};
  if (getFrom() == getTo())
    return getSource();
  // There and back again.
  auto first = getSource().getDefiningOp<TransferOp>();
  if (first && first.getTo() == getFrom() && first.getFrom() == getTo())
    return first.getSource();
  // A splat costs nothing to make anywhere.
  if (isa_and_nonnull<SplatElementsAttr>(adaptor.getSource()))
    return getSource();
  return {};
}

namespace {
/// Moves a value at once to where it ends up, if nobody needs it on the way.
struct ComposeTransfers : OpRewritePattern<TransferOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransferOp transfer,
                                PatternRewriter &rewriter) const override {
    auto first = transfer.getSource().getDefiningOp<TransferOp>();
    if (!first || isa<BaseMemRefType>(transfer.getSource().getType()))
      return rewriter.notifyMatchFailure(transfer, "no chain of values");
    if (first.getTo() != transfer.getFrom())
      return rewriter.notifyMatchFailure(transfer, "names another device");
    if (!first->hasOneUse())
      return rewriter.notifyMatchFailure(transfer, "used on the way");
    rewriter.modifyOpInPlace(transfer, [&] {
      transfer.getSourceMutable().assign(first.getSource());
      transfer.setFromAttr(first.getFromAttr());
      transfer->setLoc(
          rewriter.getFusedLoc({first.getLoc(), transfer.getLoc()}));
    });
    rewriter.eraseOp(first);
    return success();
  }
};
} // namespace

void TransferOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<ComposeTransfers>(context);
}

//===----------------------------------------------------------------------===//
// Commit
//===----------------------------------------------------------------------===//

void CommitOp::build(OpBuilder &, OperationState &state, Value condition,
                     ValueRange trueValues, ValueRange falseValues) {
  state.addOperands(condition);
  state.addOperands(trueValues);
  state.addOperands(falseValues);
  state.addTypes(trueValues.getTypes());
  state.getOrAddProperties<Properties>().num_true = int32_t(trueValues.size());
}

ParseResult CommitOp::parse(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::UnresolvedOperand condition;
  SmallVector<OpAsmParser::UnresolvedOperand> trueValues, falseValues;
  SmallVector<Type> types;
  llvm::SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOperand(condition) || parser.parseKeyword("then") ||
      parser.parseOperandList(trueValues, OpAsmParser::Delimiter::Paren) ||
      parser.parseKeyword("else") ||
      parser.parseOperandList(falseValues, OpAsmParser::Delimiter::Paren) ||
      parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseOptionalColonTypeList(types))
    return failure();
  if (parser.resolveOperand(condition, parser.getBuilder().getI1Type(),
                            state.operands) ||
      parser.resolveOperands(trueValues, types, loc, state.operands) ||
      parser.resolveOperands(falseValues, types, loc, state.operands))
    return failure();
  state.addTypes(types);
  state.getOrAddProperties<Properties>().num_true = int32_t(trueValues.size());
  return success();
}

void CommitOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getCondition() << " then(" << getTrueValues() << ") else("
          << getFalseValues() << ')';
  printer.printOptionalAttrDict(
      (*this)->getDiscardableAttrDictionary().getValue());
  if (getNumResults() != 0)
    printer << " : " << getResultTypes();
}

LogicalResult CommitOp::verify() {
  int64_t numTrue = getNumTrue(), numValues = int64_t(getValues().size());
  if (numTrue < 0 || numTrue > numValues)
    return emitOpError("has ")
           << numValues << " values, of which 'num_true' cannot choose "
           << numTrue;
  if (2 * numTrue != numValues)
    return emitOpError("has ")
           << numTrue << " values if the condition holds but "
           << numValues - numTrue << " otherwise";
  if (getTrueValues().getTypes() != getFalseValues().getTypes())
    return emitOpError("chooses between values of types (")
           << getTrueValues().getTypes() << ") and ("
           << getFalseValues().getTypes() << ")";
  if (getTrueValues().getTypes() != getResultTypes())
    return emitOpError("has results of types (")
           << getResultTypes() << ") but chooses between values of types ("
           << getTrueValues().getTypes() << ")";
  return success();
}

/// What result `i` is without choosing, or null. `condition` is its constant
/// value, if it has one.
static Value foldChoice(CommitOp commit, unsigned i, Attribute condition) {
  Value ifTrue = commit.getTrueValues()[i],
        ifFalse = commit.getFalseValues()[i];
  if (auto constant = dyn_cast_or_null<BoolAttr>(condition))
    return constant.getValue() ? ifTrue : ifFalse;
  if (ifTrue == ifFalse)
    return ifTrue;
  if (matchPattern(ifTrue, m_One()) && matchPattern(ifFalse, m_Zero()) &&
      ifTrue.getType().isInteger(1))
    return commit.getCondition();
  return nullptr;
}

LogicalResult CommitOp::fold(FoldAdaptor adaptor,
                             SmallVectorImpl<OpFoldResult> &results) {
  if (getNumResults() == 0)
    return failure();
  SmallVector<OpFoldResult> folded;
  for (unsigned i = 0; i < getNumResults(); ++i) {
    Value value = foldChoice(*this, i, adaptor.getCondition());
    if (!value)
      return failure();
    folded.push_back(value);
  }
  results.append(folded);
  return success();
}

namespace {
/// Leaves out results that nobody uses or that need no choice.
struct DropChoices : OpRewritePattern<CommitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CommitOp commit,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> ifTrue, ifFalse, replacements(commit.getNumResults());
    SmallVector<unsigned> kept;
    for (unsigned i = 0; i < commit.getNumResults(); ++i) {
      replacements[i] = foldChoice(commit, i, nullptr);
      if (replacements[i])
        continue;
      // An unused result may be replaced by anything of its type.
      replacements[i] = commit.getTrueValues()[i];
      if (commit.getResult(i).use_empty())
        continue;
      kept.push_back(i);
      ifTrue.push_back(commit.getTrueValues()[i]);
      ifFalse.push_back(commit.getFalseValues()[i]);
    }
    if (kept.size() == commit.getNumResults())
      return rewriter.notifyMatchFailure(commit, "all results are choices");
    auto smaller = CommitOp::create(rewriter, commit.getLoc(),
                                    commit.getCondition(), ifTrue, ifFalse);
    smaller->setDiscardableAttrs(commit->getDiscardableAttrDictionary());
    for (auto [result, i] : llvm::zip(smaller.getResults(), kept))
      replacements[i] = result;
    rewriter.replaceOp(commit, replacements);
    return success();
  }
};

/// A value that another commit chose by the same condition is known.
struct ComposeCommits : OpRewritePattern<CommitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CommitOp commit,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> values(commit.getValues());
    bool changed = false;
    for (auto [i, value] : llvm::enumerate(values)) {
      auto inner = value.getDefiningOp<CommitOp>();
      if (!inner || inner.getCondition() != commit.getCondition())
        continue;
      unsigned chosen = cast<OpResult>(value).getResultNumber();
      value = int32_t(i) < commit.getNumTrue() ? inner.getTrueValues()[chosen]
                                               : inner.getFalseValues()[chosen];
      changed = true;
    }
    if (!changed)
      return rewriter.notifyMatchFailure(commit, "no value known");
    rewriter.modifyOpInPlace(commit,
                             [&] { commit.getValuesMutable().assign(values); });
    return success();
  }
};

/// commit (not %c) then(A) else(B) is commit %c then(B) else(A).
struct SwapNegated : OpRewritePattern<CommitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CommitOp commit,
                                PatternRewriter &rewriter) const override {
    auto negation = commit.getCondition().getDefiningOp<arith::XOrIOp>();
    if (!negation || !matchPattern(negation.getRhs(), m_One()))
      return rewriter.notifyMatchFailure(commit, "no negation");
    SmallVector<Value> values(commit.getFalseValues());
    llvm::append_range(values, commit.getTrueValues());
    rewriter.modifyOpInPlace(commit, [&] {
      commit.getConditionMutable().assign(negation.getLhs());
      commit.getValuesMutable().assign(values);
    });
    return success();
  }
};
} // namespace

void CommitOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<DropChoices, ComposeCommits, SwapNegated>(context);
}
