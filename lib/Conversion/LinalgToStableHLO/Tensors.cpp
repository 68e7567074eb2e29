//===- Tensors.cpp - Ops of the tensor dialect in StableHLO ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Boxes at constant places are `slice` and, as StableHLO has no other,
// `dynamic_update_slice`; what is inserted with strides is spread by `pad` and
// chosen by a mask of the same form. A scalar in a tensor is a box of one.
//
//===----------------------------------------------------------------------===//
#include "Tensors.h"

#include "Bodies.h"
#include "Elementwise.h"

#include "orchestra/Conversion/LinalgToStableHLO/LinalgToStableHLO.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// Why an op cannot be converted
//===----------------------------------------------------------------------===//

bool orchestra::stablehlo::isTensorOp(Operation *op) {
  return isa<arith::ConstantOp, bufferization::AllocTensorOp, tensor::CastOp,
             tensor::CollapseShapeOp, tensor::ConcatOp, tensor::EmptyOp,
             tensor::ExpandShapeOp, tensor::ExtractOp, tensor::ExtractSliceOp,
             tensor::FromElementsOp, tensor::InsertOp, tensor::InsertSliceOp,
             tensor::PadOp, tensor::ReshapeOp, tensor::SplatOp>(op);
}

template <typename OpT> static bool hasUnitStrides(OpT op) {
  return llvm::all_of(op.getStaticStrides(), [](int64_t s) { return s == 1; });
}

template <typename OpT> static bool hasStaticOffsets(OpT op) {
  return !ShapedType::isDynamicShape(op.getStaticOffsets());
}

template <typename OpT> static std::optional<std::string> whyNotSlice(OpT op) {
  if (ShapedType::isDynamicShape(op.getStaticSizes()) ||
      ShapedType::isDynamicShape(op.getStaticStrides()))
    return "its sizes or strides are not constant";
  if (!hasStaticOffsets(op) && !hasUnitStrides(op))
    return "its offsets are not constant, and its strides are not one";
  return std::nullopt;
}

std::optional<std::string> orchestra::stablehlo::whyNotTensorOp(Operation *op) {
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return whyNotSlice(slice);
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op)) {
    if (std::optional<std::string> why = whyNotSlice(slice))
      return why;
    if (Operation *made = slice.getDest().getDefiningOp())
      if (made->hasAttr(kDestinationAttrName) &&
          slice.getSourceType().getNumElements() !=
              slice.getDestType().getNumElements())
        return "a destination that nothing has written is read";
    return std::nullopt;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    if (!pad.getConstantPaddingValue())
      return "it pads with more than one value";
  if (auto alloc = dyn_cast<bufferization::AllocTensorOp>(op))
    if (alloc.getCopy())
      return "it copies";
  return std::nullopt;
}

static bool isConvertibleTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() &&
         isConvertibleElement(tensor.getElementType());
}

//===----------------------------------------------------------------------===//
// Patterns
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

/// What nothing has written may be anything.
template <typename OpT>
struct EmptyConversion : public OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;

  LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type =
        this->getTypeConverter()->template convertType<RankedTensorType>(
            op.getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "type has no counterpart");
    auto zero = rewriter.getZeroAttr(type.getElementType());
    rewriter.replaceOp(op, emitSplat(rewriter, op.getLoc(),
                                     cast<TypedAttr>(zero), type.getShape()));
    return success();
  }
};

struct SplatConversion : public OpConversionPattern<tensor::SplatOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::SplatOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type type = getTypeConverter()->convertType(op.getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "type has no counterpart");
    rewriter.replaceOpWithNewOp<BroadcastInDimOp>(
        op, type, adaptor.getInput(), rewriter.getDenseI64ArrayAttr({}));
    return success();
  }
};
} // namespace

/// Offsets of a box as scalars; `dynamic` are those that are not constant.
static SmallVector<Value> emitOffsets(OpBuilder &builder, Location loc,
                                      ArrayRef<int64_t> offsets,
                                      ValueRange dynamic) {
  SmallVector<Value> starts;
  for (int64_t offset : offsets) {
    if (ShapedType::isDynamic(offset)) {
      starts.push_back(dynamic.front());
      dynamic = dynamic.drop_front();
      continue;
    }
    starts.push_back(
        emitSplat(builder, loc, builder.getI64IntegerAttr(offset), {}));
  }
  return starts;
}

/// The box of constant place and strides.
static Value emitSlice(OpBuilder &builder, Location loc, Value source,
                       ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                       ArrayRef<int64_t> strides) {
  SmallVector<int64_t> limits;
  for (auto [offset, size, stride] : llvm::zip_equal(offsets, sizes, strides))
    limits.push_back(size == 0 ? offset : offset + (size - 1) * stride + 1);
  auto type = cast<RankedTensorType>(source.getType());
  return SliceOp::create(builder, loc, type.clone(sizes), source,
                         builder.getDenseI64ArrayAttr(offsets),
                         builder.getDenseI64ArrayAttr(limits),
                         builder.getDenseI64ArrayAttr(strides));
}

/// The integer constants that `values` are, if all are.
static std::optional<SmallVector<int64_t>> constants(ValueRange values) {
  SmallVector<int64_t> result;
  for (Value value : values) {
    APInt number;
    if (!matchPattern(value, m_ConstantInt(&number)))
      return std::nullopt;
    result.push_back(number.getSExtValue());
  }
  return result;
}

namespace {
struct ExtractConversion : public OpConversionPattern<tensor::ExtractOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::ExtractOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value source = adaptor.getTensor();
    auto type = cast<RankedTensorType>(source.getType());
    SmallVector<int64_t> ones(type.getRank(), 1);
    Value box = source;
    std::optional<SmallVector<int64_t>> places =
        constants(adaptor.getIndices());
    if (places && type.getRank() > 0)
      box = emitSlice(rewriter, loc, source, *places, ones, ones);
    else if (type.getRank() > 0)
      box = DynamicSliceOp::create(rewriter, loc, type.clone(ones), source,
                                   adaptor.getIndices(),
                                   rewriter.getDenseI64ArrayAttr(ones));
    rewriter.replaceOp(op, reshape(rewriter, loc, box, {}));
    return success();
  }
};

struct InsertConversion : public OpConversionPattern<tensor::InsertOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::InsertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<int64_t> ones(op.getType().getRank(), 1);
    Value box = reshape(rewriter, op.getLoc(), adaptor.getScalar(), ones);
    rewriter.replaceOpWithNewOp<DynamicUpdateSliceOp>(
        op, adaptor.getDest().getType(), adaptor.getDest(), box,
        adaptor.getIndices());
    return success();
  }
};

struct ExtractSliceConversion
    : public OpConversionPattern<tensor::ExtractSliceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::ExtractSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (whyNotSlice(op))
      return rewriter.notifyMatchFailure(op, "slice of no constant size");
    Location loc = op.getLoc();
    Value source = adaptor.getSource();
    Value slice;
    if (hasStaticOffsets(op)) {
      slice = emitSlice(rewriter, loc, source, op.getStaticOffsets(),
                        op.getStaticSizes(), op.getStaticStrides());
    } else {
      SmallVector<Value> starts = emitOffsets(
          rewriter, loc, op.getStaticOffsets(), adaptor.getOffsets());
      auto type = cast<RankedTensorType>(source.getType());
      slice =
          DynamicSliceOp::create(rewriter, loc, type.clone(op.getStaticSizes()),
                                 source, starts, op.getStaticSizesAttr());
    }
    rewriter.replaceOp(op,
                       reshape(rewriter, loc, slice, op.getType().getShape()));
    return success();
  }
};

struct InsertSliceConversion
    : public OpConversionPattern<tensor::InsertSliceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::InsertSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (whyNotTensorOp(op))
      return rewriter.notifyMatchFailure(op, "slice is not a constant box");
    Location loc = op.getLoc();
    Value source =
        reshape(rewriter, loc, adaptor.getSource(), op.getStaticSizes());
    Value dest = adaptor.getDest();
    if (source.getType() == dest.getType()) {
      rewriter.replaceOp(op, source);
    } else if (!hasUnitStrides(op)) {
      rewriter.replaceOp(op, spread(op, rewriter, source, dest));
    } else {
      SmallVector<Value> starts = emitOffsets(
          rewriter, loc, op.getStaticOffsets(), adaptor.getOffsets());
      rewriter.replaceOpWithNewOp<DynamicUpdateSliceOp>(op, dest.getType(),
                                                        dest, source, starts);
    }
    return success();
  }

private:
  /// `source` at every stride-th place of `dest`: padding brings it there, into
  /// a number that fills `dest`, or else a mask tells what to take.
  static Value spread(tensor::InsertSliceOp op, OpBuilder &builder,
                      Value source, Value dest) {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(dest.getType());
    SmallVector<int64_t> high, interior;
    for (auto [size, offset, count, stride] :
         llvm::zip_equal(type.getShape(), op.getStaticOffsets(),
                         op.getStaticSizes(), op.getStaticStrides())) {
      int64_t inside = count == 0 ? 0 : stride - 1;
      int64_t used = count == 0 ? 0 : (count - 1) * stride + 1;
      interior.push_back(inside);
      high.push_back(size - offset - used);
    }
    auto pad = [&](Value what, TypedAttr around) -> Value {
      return PadOp::create(
          builder, loc,
          RankedTensorType::get(type.getShape(), getElementTypeOrSelf(what)),
          what, emitSplat(builder, loc, around, {}), op.getStaticOffsetsAttr(),
          builder.getDenseI64ArrayAttr(high),
          builder.getDenseI64ArrayAttr(interior));
    };
    if (TypedAttr filled = fillValue(dest))
      return pad(source, filled);
    auto zero = cast<TypedAttr>(builder.getZeroAttr(type.getElementType()));
    Value mask =
        pad(emitSplat(builder, loc, builder.getBoolAttr(true), shapeOf(source)),
            builder.getBoolAttr(false));
    return SelectOp::create(builder, loc, type, mask, pad(source, zero), dest);
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
} // namespace

void orchestra::stablehlo::populateTensorPatterns(
    const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConcatConversion, ConstantConversion,
               EmptyConversion<bufferization::AllocTensorOp>,
               EmptyConversion<tensor::EmptyOp>, ExtractConversion,
               ExtractSliceConversion, FromElementsConversion, InsertConversion,
               InsertSliceConversion, PadConversion,
               ReshapeConversion<tensor::CastOp>,
               ReshapeConversion<tensor::CollapseShapeOp>,
               ReshapeConversion<tensor::ExpandShapeOp>,
               ReshapeConversion<tensor::ReshapeOp>, SplatConversion>(
      converter, patterns.getContext());
}
