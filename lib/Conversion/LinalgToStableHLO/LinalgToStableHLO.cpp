//===- LinalgToStableHLO.cpp - linalg on tensors to StableHLO -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The type conversion, the check of what has no form, and the pass.
// Structured.cpp has the linalg ops, Tensors.cpp those of the tensor dialect,
// Loops.cpp control flow, Elementwise.cpp the table of scalar ops.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/LinalgToStableHLO/LinalgToStableHLO.h"

#include "Elementwise.h"
#include "Loops.h"
#include "Structured.h"
#include "Tensors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/DialectConversion.h"

namespace orchestra {
#define GEN_PASS_DEF_LINALGTOSTABLEHLOPASS
#include "orchestra/Conversion/LinalgToStableHLO/Passes.h.inc"
} // namespace orchestra

using namespace mlir;
using namespace orchestra;
using namespace orchestra::stablehlo;

void orchestra::populateLinalgToStableHLOTypeConversions(
    TypeConverter &converter) {
  converter.addConversion([](Type type) -> std::optional<Type> {
    if (!isConvertibleElement(type))
      return std::nullopt;
    return RankedTensorType::get({}, convertElement(type));
  });
  converter.addConversion([](RankedTensorType type) -> std::optional<Type> {
    if (!type.hasStaticShape() || !isConvertibleElement(type.getElementType()))
      return Type();
    return type.clone(convertElement(type.getElementType()));
  });
}

//===----------------------------------------------------------------------===//
// Why an op cannot be converted
//===----------------------------------------------------------------------===//

static bool isConvertibleTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() &&
         isConvertibleElement(tensor.getElementType());
}

/// Nothing if a pattern below converts `op`.
static std::optional<std::string> whyNotConvertible(Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return orchestra::stablehlo::whyNotConvertible(structured);
  for (Type type : llvm::concat<Type>(llvm::to_vector(op->getOperandTypes()),
                                      llvm::to_vector(op->getResultTypes()))) {
    auto shaped = dyn_cast<ShapedType>(type);
    if (shaped && !(shaped.hasRank() && shaped.hasStaticShape()))
      return "the shape of an operand or result is dynamic";
    if (!isConvertibleElement(getElementTypeOrSelf(type)))
      return "StableHLO has no such element type";
  }
  if (isTensorOp(op))
    return whyNotTensorOp(op);
  if (isControlFlow(op))
    return std::nullopt;
  if (isConvertibleElementwise(op))
    return std::nullopt;
  return "StableHLO has no counterpart that Orchestra knows";
}

//===----------------------------------------------------------------------===//
// Scalar ops
//===----------------------------------------------------------------------===//

namespace {
/// arith and math ops outside linalg, on scalars or tensors.
struct ElementwiseConversion : public ConversionPattern {
  ElementwiseConversion(const TypeConverter &converter, MLIRContext *ctx)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/1, ctx) {}

  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (isa<arith::ConstantOp>(op) || !isConvertibleElementwise(op))
      return rewriter.notifyMatchFailure(op, "no elementwise op of the table");
    auto type = getTypeConverter()->convertType<RankedTensorType>(
        op->getResult(0).getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "type has no counterpart");
    // arith.select may choose between whole tensors by one scalar.
    SmallVector<Value> inputs(operands);
    for (Value &input : inputs) {
      auto from = cast<RankedTensorType>(input.getType());
      if (from.getShape() != type.getShape())
        input = stablehlo::BroadcastInDimOp::create(
            rewriter, op->getLoc(), from.clone(type.getShape()), input,
            rewriter.getDenseI64ArrayAttr({}));
    }
    rewriter.replaceOp(op,
                       emitElementwise(rewriter, op, inputs, type.getShape()));
    return success();
  }
};
} // namespace

void orchestra::populateLinalgToStableHLOPatterns(
    const TypeConverter &converter, Precision precision,
    RewritePatternSet &patterns) {
  populateStructuredPatterns(converter, precision, patterns);
  populateTensorPatterns(converter, patterns);
  populateLoopPatterns(converter, patterns);
  patterns.add<ElementwiseConversion>(converter, patterns.getContext());
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Whether the conversion keeps `op`.
static bool isKept(Operation *op) {
  return isa<StableHLODialect, func::FuncDialect>(op->getDialect()) ||
         isa<ModuleOp>(op);
}

/// Reports every op that stands in the way, at its place.
static LogicalResult checkAll(ModuleOp module) {
  bool failedAny = false;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      for (Type type : llvm::concat<const Type>(function.getArgumentTypes(),
                                                function.getResultTypes())) {
        if (isConvertibleTensor(type) || isConvertibleElement(type))
          continue;
        emitError(function.getLoc(), "StableHLO cannot hold a value of type ")
            << type << " [unsupported-by-target]";
        failedAny = true;
        break;
      }
      return WalkResult::advance();
    }
    if (isKept(op))
      return WalkResult::advance();
    // Dead ops need no form; what they would compute is never used.
    if (isOpTriviallyDead(op))
      return WalkResult::skip();
    if (std::optional<std::string> why = whyNotConvertible(op)) {
      InFlightDiagnostic diagnostic = emitError(op->getLoc());
      diagnostic << "StableHLO cannot say this op yet [unsupported-by-target]";
      diagnostic.attachNote() << op->getName() << ": " << *why;
      failedAny = true;
    }
    // Bodies of loops are code like other; other bodies were checked with
    // their op.
    return isControlFlow(op) ? WalkResult::advance() : WalkResult::skip();
  });
  return failure(failedAny);
}

namespace {
struct LinalgToStableHLOPass
    : public orchestra::impl::LinalgToStableHLOPassBase<LinalgToStableHLOPass> {
  using Base::Base;

  void runOnOperation() override {
    std::optional<Precision> level =
        symbolizePrecision(StringRef(precision).upper());
    if (!level) {
      emitError(getOperation().getLoc(), "precision must be highest, high or "
                                         "default, but is '")
          << precision << "'";
      return signalPassFailure();
    }
    normalizeLoops(getOperation());
    eraseDeadOps(); // Theirs would keep values alive that are converted.
    if (failed(checkAll(getOperation())))
      return signalPassFailure();

    TypeConverter converter;
    populateLinalgToStableHLOTypeConversions(converter);
    RewritePatternSet patterns(&getContext());
    populateLinalgToStableHLOPatterns(converter, *level, patterns);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                   converter);
    populateCallOpTypeConversionPattern(patterns, converter);
    populateReturnOpTypeConversionPattern(patterns, converter);

    ConversionTarget target(getContext());
    target.addLegalDialect<StableHLODialect>();
    target.addLegalOp<ModuleOp>();
    target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
      return converter.isSignatureLegal(op.getFunctionType());
    });
    target.addDynamicallyLegalOp<func::CallOp, func::ReturnOp>(
        [&](Operation *op) { return converter.isLegal(op); });
    // Ops inside a linalg body go with their op.
    target.markUnknownOpDynamicallyLegal([](Operation *op) {
      return op->getParentOfType<linalg::LinalgOp>() ||
             op->getParentOfType<tensor::PadOp>() || isOpTriviallyDead(op);
    });
    ConversionConfig config;
    config.allowPatternRollback = false;
    if (failed(applyFullConversion(getOperation(), target, std::move(patterns),
                                   config)))
      return signalPassFailure();
    eraseDeadOps();
  }

private:
  /// Destinations and fills that nobody reads any more.
  void eraseDeadOps() {
    IRRewriter rewriter(&getContext());
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>(
        [&](Operation *op) {
          if (isOpTriviallyDead(op))
            rewriter.eraseOp(op);
        });
  }
};
} // namespace
