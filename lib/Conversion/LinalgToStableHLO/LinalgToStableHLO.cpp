//===- LinalgToStableHLO.cpp - linalg on tensors to StableHLO -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The type conversion, the patterns for tensor ops, and the pass.
// Structured.cpp has the linalg ops, Elementwise.cpp the table of scalar ops.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/LinalgToStableHLO/LinalgToStableHLO.h"

#include "Elementwise.h"
#include "Structured.h"

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

template <typename OpT> static bool hasStaticSlice(OpT op) {
  return !ShapedType::isDynamicShape(op.getStaticOffsets()) &&
         !ShapedType::isDynamicShape(op.getStaticSizes()) &&
         !ShapedType::isDynamicShape(op.getStaticStrides());
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
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    if (!hasStaticSlice(slice))
      return "its offsets are not constant";
    return std::nullopt;
  }
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op)) {
    if (!hasStaticSlice(slice) ||
        llvm::any_of(slice.getStaticStrides(),
                     [](int64_t s) { return s != 1; }))
      return "its offsets are not constant, or its strides are not one";
    if (slice.getDest().getDefiningOp<tensor::EmptyOp>() &&
        slice.getSourceType().getNumElements() !=
            slice.getDestType().getNumElements())
      return "a destination that nothing has written is read";
    return std::nullopt;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    if (!pad.getConstantPaddingValue())
      return "it pads with more than one value";
    return std::nullopt;
  }
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ReshapeOp,
          tensor::CastOp, tensor::ConcatOp, tensor::EmptyOp,
          tensor::FromElementsOp, arith::ConstantOp>(op))
    return std::nullopt;
  if (isConvertibleElementwise(op))
    return std::nullopt;
  return "StableHLO has no counterpart that Orchestra knows";
}

//===----------------------------------------------------------------------===//
// Tensor ops
//===----------------------------------------------------------------------===//

namespace {
struct ConstantConversion : public OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Attribute value = op.getValue();
    auto type = getTypeConverter()->convertType<RankedTensorType>(op.getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "type has no counterpart");
    auto elements = dyn_cast<ElementsAttr>(value);
    if (!elements) {
      rewriter.replaceOp(
          op, emitSplat(rewriter, op.getLoc(), cast<TypedAttr>(value), {}));
      return success();
    }
    if (auto dense = dyn_cast<DenseIntElementsAttr>(elements))
      if (dense.getElementType().isIndex())
        elements = dense.mapValues(type.getElementType(),
                                   [](const APInt &v) { return v; });
    rewriter.replaceOpWithNewOp<stablehlo::ConstantOp>(op, type, elements);
    return success();
  }
};

/// Ops that only rename dimensions: collapse, expand, reshape, cast.
template <typename OpT>
struct ReshapeConversion : public OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;

  LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value source = adaptor.getOperands().front();
    Type type = this->getTypeConverter()->convertType(op.getType());
    if (!type || !isConvertibleTensor(source.getType()))
      return rewriter.notifyMatchFailure(op, "type has no counterpart");
    if (source.getType() == type)
      rewriter.replaceOp(op, source);
    else
      rewriter.replaceOpWithNewOp<stablehlo::ReshapeOp>(op, type, source);
    return success();
  }
};

/// Reading an unwritten tensor was refused, so only dead uses are left.
struct EmptyConversion : public OpConversionPattern<tensor::EmptyOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::EmptyOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = getTypeConverter()->convertType<RankedTensorType>(op.getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "type has no counterpart");
    auto zero = rewriter.getZeroAttr(type.getElementType());
    rewriter.replaceOp(op, emitSplat(rewriter, op.getLoc(),
                                     cast<TypedAttr>(zero), type.getShape()));
    return success();
  }
};

struct ExtractSliceConversion
    : public OpConversionPattern<tensor::ExtractSliceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::ExtractSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!hasStaticSlice(op))
      return rewriter.notifyMatchFailure(op, "offsets are not constant");
    auto source = cast<RankedTensorType>(adaptor.getSource().getType());
    SmallVector<int64_t> limits;
    for (auto [offset, size, stride] : llvm::zip_equal(
             op.getStaticOffsets(), op.getStaticSizes(), op.getStaticStrides()))
      limits.push_back(size == 0 ? offset : offset + (size - 1) * stride + 1);
    Value slice = stablehlo::SliceOp::create(
        rewriter, op.getLoc(), source.clone(op.getStaticSizes()),
        adaptor.getSource(), op.getStaticOffsetsAttr(),
        rewriter.getDenseI64ArrayAttr(limits), op.getStaticStridesAttr());
    Type type = getTypeConverter()->convertType(op.getType());
    if (slice.getType() != type)
      slice = stablehlo::ReshapeOp::create(rewriter, op.getLoc(), type, slice);
    rewriter.replaceOp(op, slice);
    return success();
  }
};

struct InsertSliceConversion
    : public OpConversionPattern<tensor::InsertSliceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::InsertSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (whyNotConvertible(op))
      return rewriter.notifyMatchFailure(op, "slice is not a constant box");
    Value source = adaptor.getSource();
    auto type = cast<RankedTensorType>(source.getType());
    if (type.getShape() != op.getStaticSizes())
      source = stablehlo::ReshapeOp::create(
          rewriter, op.getLoc(), type.clone(op.getStaticSizes()), source);
    SmallVector<Value> starts;
    for (int64_t offset : op.getStaticOffsets())
      starts.push_back(emitSplat(rewriter, op.getLoc(),
                                 rewriter.getI64IntegerAttr(offset), {}));
    rewriter.replaceOpWithNewOp<stablehlo::DynamicUpdateSliceOp>(
        op, adaptor.getDest().getType(), adaptor.getDest(), source, starts);
    return success();
  }
};

struct PadConversion : public OpConversionPattern<tensor::PadOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::PadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value value = op.getConstantPaddingValue();
    if (!value)
      return rewriter.notifyMatchFailure(op, "pads with more than one value");
    // The value may sit inside the body, which goes away with the op.
    Value scalar;
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant)))
      scalar = emitSplat(rewriter, op.getLoc(), cast<TypedAttr>(constant), {});
    else
      scalar = rewriter.getRemappedValue(value);
    auto type = getTypeConverter()->convertType<RankedTensorType>(op.getType());
    SmallVector<int64_t> interior(type.getRank(), 0);
    rewriter.replaceOpWithNewOp<stablehlo::PadOp>(
        op, type, adaptor.getSource(), scalar, op.getStaticLowAttr(),
        op.getStaticHighAttr(), rewriter.getDenseI64ArrayAttr(interior));
    return success();
  }
};

struct ConcatConversion : public OpConversionPattern<tensor::ConcatOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::ConcatOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<stablehlo::ConcatenateOp>(
        op, getTypeConverter()->convertType(op.getType()), adaptor.getInputs(),
        rewriter.getI64IntegerAttr(op.getDim()));
    return success();
  }
};

struct FromElementsConversion
    : public OpConversionPattern<tensor::FromElementsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::FromElementsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = getTypeConverter()->convertType<RankedTensorType>(op.getType());
    SmallVector<Value> parts;
    for (Value element : adaptor.getElements())
      parts.push_back(stablehlo::ReshapeOp::create(
          rewriter, op.getLoc(), type.clone(ArrayRef<int64_t>{1}), element));
    Value flat = stablehlo::ConcatenateOp::create(
        rewriter, op.getLoc(), type.clone({static_cast<int64_t>(parts.size())}),
        parts, rewriter.getI64IntegerAttr(0));
    rewriter.replaceOpWithNewOp<stablehlo::ReshapeOp>(op, type, flat);
    return success();
  }
};

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
  patterns.add<ConstantConversion, ConcatConversion, ElementwiseConversion,
               EmptyConversion, ExtractSliceConversion, FromElementsConversion,
               InsertSliceConversion, PadConversion,
               ReshapeConversion<tensor::CollapseShapeOp>,
               ReshapeConversion<tensor::ExpandShapeOp>,
               ReshapeConversion<tensor::ReshapeOp>,
               ReshapeConversion<tensor::CastOp>>(converter,
                                                  patterns.getContext());
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
    return WalkResult::skip(); // Bodies were checked with their op.
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
