//===- Work.cpp - How much there is to do in an op ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Work.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace orchestra;

/// Additions that one exp, tanh, erf and the like are worth.
static constexpr double kTranscendental = 10;

double WorkEstimate::getBytes(Type type) const {
  if (auto complex = dyn_cast<ComplexType>(type))
    return 2 * getBytes(complex.getElementType());
  if (auto shaped = dyn_cast<ShapedType>(type)) {
    double elements = 1;
    if (!shaped.hasRank())
      return assumedSize * getBytes(shaped.getElementType());
    for (int64_t size : shaped.getShape())
      elements *= ShapedType::isDynamic(size) ? assumedSize : size;
    return elements * getBytes(shaped.getElementType());
  }
  if (type.isIntOrFloat())
    return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
  return 8;
}

static plan::Element getElement(Type type) {
  type = getElementTypeOrSelf(type);
  if (auto complex = dyn_cast<ComplexType>(type))
    return getElement(complex.getElementType());
  if (type.isF64())
    return plan::Element::F64;
  if (type.isBF16())
    return plan::Element::BF16;
  if (type.isF16())
    return plan::Element::F16;
  if (auto real = dyn_cast<FloatType>(type))
    return real.getWidth() <= 8 ? plan::Element::F8 : plan::Element::F32;
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.getWidth() <= 8 ? plan::Element::I8 : plan::Element::I32;
  return plan::Element::I32;
}

bool orchestra::isMultiplyAccumulate(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumReductionLoops() == 0 ||
      linalgOp.getNumDpsInputs() < 2)
    return false;
  Block *body = linalgOp.getBlock();
  unsigned used = llvm::count_if(
      body->getArguments().take_front(linalgOp.getNumDpsInputs()),
      [](BlockArgument argument) { return !argument.use_empty(); });
  return used >= 2 && llvm::any_of(*body, [](Operation &scalar) {
           return isa<arith::MulFOp, arith::MulIOp, arith::AndIOp>(scalar);
         });
}

static bool isTranscendental(Operation *op) {
  return op->getName().getDialectNamespace() ==
             math::MathDialect::getDialectNamespace() &&
         !isa<math::AbsFOp, math::AbsIOp, math::FloorOp, math::CeilOp,
              math::FmaOp>(op);
}

/// What one execution of a scalar op costs, in additions.
static double getScalarCost(Operation *op) {
  if (op->hasTrait<OpTrait::IsTerminator>() || op->getNumResults() == 0)
    return 0;
  Type type = op->getResult(0).getType();
  if (isa<IndexType>(type) || isa<arith::ConstantOp>(op))
    return 0;
  StringRef dialect = op->getName().getDialectNamespace();
  if (dialect == math::MathDialect::getDialectNamespace())
    return isTranscendental(op) ? kTranscendental : 1;
  if (dialect != arith::ArithDialect::getDialectNamespace() ||
      isa<CastOpInterface>(op))
    return 0;
  return 1;
}

double WorkEstimate::countIterations(Operation *op) const {
  double iterations = 1;
  for (int64_t range : cast<linalg::LinalgOp>(op).getStaticLoopRanges())
    iterations *= double(ShapedType::isDynamic(range) ? assumedSize : range);
  return iterations;
}

double WorkEstimate::countMath(Operation *op) const {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured)
    return 0;
  return countIterations(op) *
         double(llvm::count_if(*structured.getBlock(), [](Operation &scalar) {
           return isTranscendental(&scalar) || isa<arith::DivFOp>(scalar);
         }));
}

void WorkEstimate::addFlops(Operation *op, double times,
                            plan::PerElement &flops) const {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    if (isa<linalg::FillOp, linalg::CopyOp, linalg::TransposeOp,
            linalg::BroadcastOp>(op))
      return;
    times *= countIterations(op);
    // Units that multiply narrow types add up in wider ones at the same rate.
    std::optional<plan::Element> narrow;
    if (isMultiplyAccumulate(op))
      for (Value input : linalgOp.getDpsInputs()) {
        plan::Element element = getElement(input.getType());
        if (!narrow || getBytes(getElementTypeOrSelf(input.getType())) <
                           getBytes(getElementTypeOrSelf(
                               linalgOp.getDpsInputs()[0].getType())))
          narrow = element;
      }
    for (Operation &scalar : *linalgOp.getBlock()) {
      double cost = getScalarCost(&scalar);
      if (cost == 0)
        continue;
      plan::Element element =
          narrow ? *narrow : getElement(scalar.getOperand(0).getType());
      flops[unsigned(element)] += cost * times;
    }
    return;
  }
  if (auto extOp = dyn_cast<linalg_ext::LinalgExtOp>(op)) {
    plan::Element element = getElement(op->getOperand(0).getType());
    flops[unsigned(element)] +=
        *linalg_ext::countOperations(extOp, double(assumedSize)) * times;
    return;
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    if (std::optional<APInt> trips = loop.getStaticTripCount())
      times *= trips->getZExtValue();
  if (isa<scf::ForOp, scf::WhileOp, scf::IfOp, scf::ForallOp,
          scf::IndexSwitchOp, scf::ExecuteRegionOp>(op))
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Operation &inner : block)
          addFlops(&inner, times, flops);
}

void WorkEstimate::addFlops(Operation *op, plan::PerElement &flops) const {
  addFlops(op, 1, flops);
}

void orchestra::collectNames(Location loc, SmallVectorImpl<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    names.push_back(name.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    collectNames(call.getCallee(), names);
  }
}
