//===- VerifyControl.cpp - Control flow, calls, communication -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Checks.h"

using namespace mlir;
using namespace orchestra::stablehlo;

/// The same up to what is not known of shapes.
static bool typesAgree(TypeRange a, TypeRange b) {
  return a.size() == b.size() &&
         llvm::all_of(llvm::zip_equal(a, b), [](auto pair) {
           auto [x, y] = pair;
           auto left = dyn_cast<RankedTensorType>(x),
                right = dyn_cast<RankedTensorType>(y);
           if (!left || !right)
             return x == y;
           return orchestra::stablehlo::agree(left.getShape(),
                                              right.getShape()) &&
                  sameElements(left.getElementType(), right.getElementType());
         });
}

static LogicalResult verifyReturns(Operation *op, Region &region,
                                   StringRef what, TypeRange types) {
  if (region.empty() || !isa<ReturnOp>(region.front().back()))
    return op->emitOpError() << what << " must return";
  TypeRange given = region.front().back().getOperandTypes();
  if (typesAgree(given, types))
    return success();
  auto diagnostic = op->emitOpError() << what << " must return (";
  llvm::interleaveComma(types, diagnostic);
  diagnostic << "), but returns (";
  llvm::interleaveComma(given, diagnostic);
  diagnostic << ")";
  return diagnostic;
}

static LogicalResult verifyBranch(Operation *op, Region &region) {
  if (region.getNumArguments())
    return op->emitOpError("has a branch with arguments");
  return verifyReturns(op, region, "a branch", op->getResultTypes());
}

LogicalResult IfOp::verify() {
  if (rankOf(getPred()))
    return emitOpError("needs a scalar as condition, not ")
           << getPred().getType();
  return success(succeeded(verifyBranch(*this, getTrueBranch())) &&
                 succeeded(verifyBranch(*this, getFalseBranch())));
}

LogicalResult CaseOp::verify() {
  if (rankOf(getIndex()))
    return emitOpError("needs a scalar as index, not ") << getIndex().getType();
  if (getBranches().empty())
    return emitOpError("needs a branch");
  for (Region &branch : getBranches())
    if (failed(verifyBranch(*this, branch)))
      return failure();
  return success();
}

LogicalResult WhileOp::verify() {
  TypeRange types = getOperandTypes();
  if (!typesAgree(getResultTypes(), types) ||
      !typesAgree(getCond().getArgumentTypes(), types) ||
      !typesAgree(getBody().getArgumentTypes(), types))
    return emitOpError("must have the same types of operands, results and "
                       "arguments of both regions");
  auto condition = RankedTensorType::get({}, IntegerType::get(getContext(), 1));
  return success(
      succeeded(verifyReturns(*this, getCond(), "the condition",
                              TypeRange(ArrayRef<Type>(condition)))) &&
      succeeded(verifyReturns(*this, getBody(), "the body", types)));
}

LogicalResult OptimizationBarrierOp::verify() {
  if (!typesAgree(getOperandTypes(), getResultTypes()))
    return emitOpError("must have the same types of operands and results");
  return success();
}

LogicalResult TupleOp::verify() {
  auto tuple = cast<TupleType>(getType());
  if (!typesAgree(getOperandTypes(), tuple.getTypes()))
    return emitOpError("has operands that are not those of ") << tuple;
  return success();
}

LogicalResult GetTupleElementOp::verify() {
  auto tuple = cast<TupleType>(getOperand().getType());
  uint32_t index = getIndex();
  if (index >= tuple.size())
    return emitOpError("element ")
           << index << " is not in [0, " << tuple.size() << ")";
  if (tuple.getType(index) != getType())
    return emitOpError("must have a result of type ")
           << tuple.getType(index) << ", but it is " << getType();
  return success();
}

LogicalResult CustomCallOp::verify() {
  auto layouts = getOperandLayouts(), results = getResultLayouts();
  if (layouts.has_value() != results.has_value())
    return emitOpError("says layouts of operands or of results only");
  if (!layouts)
    return success();
  if (layouts->size() != getInputs().size())
    return emitOpError("says ") << layouts->size() << " layouts of "
                                << getInputs().size() << " operands";
  size_t count = getResults().size();
  if (count == 1)
    if (auto tuple = dyn_cast<TupleType>(getResult(0).getType()))
      count = tuple.size();
  if (results->size() != count)
    return emitOpError("says ")
           << results->size() << " layouts of " << count << " results";
  return success();
}

LogicalResult CompositeOp::verify() {
  if (getName().empty())
    return emitOpError("needs a name");
  return success();
}

LogicalResult AsyncStartOp::verify() {
  auto future = cast<FutureType>(getType());
  if (!typesAgree(getBody().getArgumentTypes(), getOperandTypes()))
    return emitOpError("must have a body that takes its operands");
  return verifyReturns(*this, getBody(), "the body", future.getTypes());
}

LogicalResult AsyncDoneOp::verify() {
  auto future = cast<FutureType>(getOperand().getType());
  if (!typesAgree(future.getTypes(), getOperation()->getResultTypes()))
    return emitOpError("must have the results of ") << future;
  return success();
}

static LogicalResult verifyLastToken(Operation *op) {
  if (op->getNumResults() == 0 ||
      !isa<TokenType>(op->getResult(op->getNumResults() - 1).getType()))
    return op->emitOpError("must have a token as its last result");
  return success();
}

LogicalResult InfeedOp::verify() { return verifyLastToken(*this); }

LogicalResult RecvOp::verify() { return verifyLastToken(*this); }

//===----------------------------------------------------------------------===//
// Communication between devices
//===----------------------------------------------------------------------===//

/// Rows of different numbers; -1 fills rows up.
static LogicalResult verifyGroups(Operation *op, Attribute groups) {
  auto table = dyn_cast<DenseIntElementsAttr>(groups);
  if (!table)
    return success(); // axes of a mesh
  if (table.getType().getRank() != 2)
    return op->emitOpError("needs groups of rank 2, not ") << table.getType();
  llvm::SmallDenseSet<int64_t> seen;
  for (const llvm::APInt &id : table.getValues<llvm::APInt>()) {
    int64_t number = id.getSExtValue();
    if (number < -1)
      return op->emitOpError("has the device ") << number << " in a group";
    if (number >= 0 && !seen.insert(number).second)
      return op->emitOpError("has the device ") << number << " in two groups";
  }
  return success();
}

/// Devices in a group, or dynamic.
static int64_t groupSize(Attribute groups) {
  auto table = dyn_cast<DenseIntElementsAttr>(groups);
  return table ? table.getType().getDimSize(1) : ShapedType::kDynamic;
}

static LogicalResult verifySameTypes(Operation *op) {
  if (!typesAgree(op->getOperandTypes(), op->getResultTypes()))
    return op->emitOpError("must have the same types of operands and results");
  return success();
}

static LogicalResult verifyComputation(Operation *op, Region &computation) {
  Type first = elementOf(op->getOperand(0));
  return verifyBody(op, computation, {first, first}, first);
}

static int64_t times(int64_t size, int64_t count) {
  return isDynamic(size) || isDynamic(count) ? ShapedType::kDynamic
                                             : size * count;
}

/// Shapes of results by what happens to dimensions of operands.
static LogicalResult
verifyResults(Operation *op, function_ref<LogicalResult(Sizes &)> change) {
  if (op->getNumOperands() != op->getNumResults() || !op->getNumOperands())
    return op->emitOpError("needs as many results as operands, at least one");
  for (auto [number, operand] : llvm::enumerate(op->getOperands())) {
    Sizes shape(shapeOf(operand));
    if (failed(change(shape)) ||
        failed(verifyResult(op, number, elementOf(operand), shape)))
      return failure();
  }
  return success();
}

LogicalResult AllGatherOp::verify() {
  if (failed(verifyGroups(*this, getReplicaGroups())))
    return failure();
  return verifyResults(*this, [&](Sizes &shape) -> LogicalResult {
    if (failed(verifyDims(*this, getAllGatherDim(), shape.size(), "dimension")))
      return failure();
    // Which processes a group means depends on the channel.
    int64_t &size = shape[getAllGatherDim()];
    size = getChannelHandle() ? ShapedType::kDynamic
                              : times(size, groupSize(getReplicaGroups()));
    return success();
  });
}

LogicalResult AllReduceOp::verify() {
  if (getOperands().empty())
    return emitOpError("needs an operand");
  if (failed(verifyGroups(*this, getReplicaGroups())) ||
      failed(verifyComputation(*this, getComputation())))
    return failure();
  for (auto [number, operand] : llvm::enumerate(getOperands()))
    if (number >= getResults().size() ||
        !orchestra::stablehlo::agree(shapeOf(operand),
                                     shapeOf(getResults()[number])))
      return emitOpError("must have results of the operands' shapes");
  return success();
}

LogicalResult CollectiveReduceOp::verify() {
  size_t data = getOperands().size();
  if (getHasDynamicRoot() && data)
    --data;
  if (!data || data != getResults().size())
    return emitOpError("needs as many results as operands, at least one");
  if (failed(verifyGroups(*this, getReplicaGroups())) ||
      failed(verifyComputation(*this, getComputation())))
    return failure();
  for (size_t i = 0; i < data; ++i)
    if (!orchestra::stablehlo::agree(shapeOf(getOperands()[i]),
                                     shapeOf(getResults()[i])))
      return emitOpError("must have results of the operands' shapes");
  return success();
}

LogicalResult ReduceScatterOp::verify() {
  if (failed(verifyGroups(*this, getReplicaGroups())) ||
      failed(verifyComputation(*this, getComputation())))
    return failure();
  return verifyResults(*this, [&](Sizes &shape) -> LogicalResult {
    if (failed(verifyDims(*this, getScatterDimension(), shape.size(),
                          "dimension")))
      return failure();
    int64_t &size = shape[getScatterDimension()];
    int64_t parts = groupSize(getReplicaGroups());
    if (getChannelHandle() || isDynamic(parts) || isDynamic(size)) {
      size = ShapedType::kDynamic;
      return success();
    }
    if (!parts || size % parts)
      return emitOpError("cannot give ")
             << parts << " devices parts of " << size;
    size /= parts;
    return success();
  });
}

LogicalResult AllToAllOp::verify() {
  if (failed(verifyGroups(*this, getReplicaGroups())))
    return failure();
  return verifyResults(*this, [&](Sizes &shape) -> LogicalResult {
    int64_t split = getSplitDimension(), concat = getConcatDimension(),
            count = getSplitCount();
    if (failed(verifyDims(*this, split, shape.size(), "split dimension")) ||
        failed(verifyDims(*this, concat, shape.size(), "concat dimension")))
      return failure();
    if (!isDynamic(shape[split])) {
      if (shape[split] % count)
        return emitOpError("cannot split ")
               << shape[split] << " into " << count << " parts";
      shape[split] /= count;
    }
    shape[concat] = times(shape[concat], count);
    return success();
  });
}

LogicalResult CollectiveBroadcastOp::verify() {
  if (failed(verifyGroups(*this, getReplicaGroups())))
    return failure();
  if (getHasDynamicRoot())
    return success();
  return verifySameTypes(*this);
}

LogicalResult CollectivePermuteOp::verify() {
  auto pairs = getSourceTargetPairs();
  if (pairs.getType().getRank() != 2 || pairs.getType().getDimSize(1) != 2)
    return emitOpError("needs pairs of devices, not ") << pairs.getType();
  llvm::SmallDenseSet<int64_t> seen[2];
  for (auto [i, id] : llvm::enumerate(pairs.getValues<llvm::APInt>()))
    if (id.isNegative() || !seen[i % 2].insert(id.getSExtValue()).second)
      return emitOpError("has the device ")
             << id.getSExtValue() << " twice, or it is negative";
  return verifySameTypes(*this);
}

LogicalResult CrossReplicaSumOp::verify() {
  if (failed(verifyGroups(*this, getReplicaGroups())))
    return failure();
  return verifySameTypes(*this);
}
