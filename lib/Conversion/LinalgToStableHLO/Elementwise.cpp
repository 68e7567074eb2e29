//===- Elementwise.cpp - Scalar ops as ops on whole tensors ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// StableHLO takes signs from types where arith takes them from ops: unsigned
// arithmetic converts to ui<N> and back. A signed i1 does not exist there, so
// its conversions are spelled out.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"

#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>

using namespace mlir;
using namespace orchestra::stablehlo;

bool orchestra::stablehlo::isConvertibleElement(Type type) {
  if (isa<IndexType, Float16Type, BFloat16Type, Float32Type, Float64Type>(type))
    return true;
  auto integer = dyn_cast<IntegerType>(type);
  return integer && integer.isSignless() &&
         llvm::is_contained({1, 8, 16, 32, 64}, integer.getWidth());
}

Type orchestra::stablehlo::convertElement(Type type) {
  return type.isIndex() ? IntegerType::get(type.getContext(), 64) : type;
}

Value orchestra::stablehlo::emitSplat(OpBuilder &builder, Location loc,
                                      TypedAttr value,
                                      ArrayRef<int64_t> shape) {
  Type element = convertElement(value.getType());
  Attribute scalar = value;
  if (auto integer = dyn_cast<IntegerAttr>(value))
    scalar = IntegerAttr::get(element, integer.getValue());
  auto type = RankedTensorType::get(shape, element);
  return ConstantOp::create(builder, loc, DenseElementsAttr::get(type, scalar));
}

namespace {
/// What an emitter sees: the op on scalars, its operands as tensors.
struct Site {
  OpBuilder &builder;
  Location loc;
  Operation *op;
  ValueRange operands;
  ArrayRef<int64_t> shape;

  RankedTensorType typeOf(Type element) const {
    return RankedTensorType::get(shape, convertElement(element));
  }
  RankedTensorType resultType() const {
    return typeOf(getElementTypeOrSelf(op->getResult(0).getType()));
  }
  template <typename OpT> Value make(Value x) const {
    return OpT::create(builder, loc, x.getType(), x);
  }
  template <typename OpT> Value make(Value x, Value y) const {
    return OpT::create(builder, loc, x.getType(), x, y);
  }
  Value convert(Value x, Type element) const {
    RankedTensorType type = typeOf(element);
    if (x.getType() == type)
      return x;
    return ConvertOp::create(builder, loc, type, x);
  }
  /// The same bits, read without sign.
  Value asUnsigned(Value x) const {
    auto integer = cast<IntegerType>(getElementTypeOrSelf(x.getType()));
    if (integer.getWidth() == 1)
      return x; // i1 has no sign in StableHLO.
    return convert(x, IntegerType::get(op->getContext(), integer.getWidth(),
                                       IntegerType::Unsigned));
  }
  Value compare(ComparisonDirection direction, Value x, Value y) const {
    Type element = getElementTypeOrSelf(x.getType());
    ComparisonType kind = isa<FloatType>(element) ? ComparisonType::FLOAT
                          : element.isUnsignedInteger() || element.isInteger(1)
                              ? ComparisonType::UNSIGNED
                              : ComparisonType::SIGNED;
    MLIRContext *ctx = op->getContext();
    return CompareOp::create(builder, loc, typeOf(builder.getI1Type()), x, y,
                             ComparisonDirectionAttr::get(ctx, direction),
                             ComparisonTypeAttr::get(ctx, kind));
  }
  Value select(Value condition, Value x, Value y) const {
    return SelectOp::create(builder, loc, x.getType(), condition, x, y);
  }
  /// A number, as an element of the type of `like`.
  Value number(double value, Value like) const {
    Type element = getElementTypeOrSelf(like.getType());
    auto attr = isa<FloatType>(element)
                    ? TypedAttr(builder.getFloatAttr(element, value))
                    : TypedAttr(builder.getIntegerAttr(
                          element, static_cast<int64_t>(value)));
    return emitSplat(builder, loc, attr, shape);
  }
};

using Emitter = Value (*)(const Site &);
} // namespace

template <typename OpT> static Value unary(const Site &site) {
  return site.make<OpT>(site.operands[0]);
}

template <typename OpT> static Value binary(const Site &site) {
  return site.make<OpT>(site.operands[0], site.operands[1]);
}

/// An integer op that reads its operands without sign.
template <typename OpT> static Value unsignedBinary(const Site &site) {
  Value result = site.make<OpT>(site.asUnsigned(site.operands[0]),
                                site.asUnsigned(site.operands[1]));
  return site.convert(result, getElementTypeOrSelf(site.resultType()));
}

/// A conversion whose meaning both sides share, i1 aside.
static Value convertAsIs(const Site &site) {
  return site.convert(site.operands[0],
                      getElementTypeOrSelf(site.resultType()));
}

static Value convertUnsigned(const Site &site) {
  return site.convert(site.asUnsigned(site.operands[0]),
                      getElementTypeOrSelf(site.resultType()));
}

/// Signed readings of i1 are 0 and -1, StableHLO's are 0 and 1.
static Value convertSigned(const Site &site) {
  Value result = convertAsIs(site);
  if (getElementTypeOrSelf(site.operands[0].getType()).isInteger(1))
    return site.make<NegateOp>(result);
  return result;
}

/// Truncation keeps the lowest bit; conversion to i1 would ask for any bit.
static Value truncate(const Site &site) {
  Value x = site.operands[0];
  if (getElementTypeOrSelf(site.resultType()).isInteger(1))
    x = site.make<AndOp>(x, site.number(1, x));
  return site.convert(x, getElementTypeOrSelf(site.resultType()));
}

static Value floatToUnsigned(const Site &site) {
  auto integer = cast<IntegerType>(getElementTypeOrSelf(site.resultType()));
  auto without = IntegerType::get(integer.getContext(), integer.getWidth(),
                                  IntegerType::Unsigned);
  return site.convert(site.convert(site.operands[0], without), integer);
}

/// One of x and y where the other is NaN, else the larger or smaller.
template <typename OpT> static Value ignoringNaN(const Site &site) {
  Value x = site.operands[0], y = site.operands[1];
  Value best = site.make<OpT>(x, y);
  Value xNaN = site.compare(ComparisonDirection::NE, x, x);
  Value yNaN = site.compare(ComparisonDirection::NE, y, y);
  return site.select(xNaN, y, site.select(yNaN, x, best));
}

static Value compareInts(const Site &site) {
  using P = arith::CmpIPredicate;
  using D = ComparisonDirection;
  P predicate = cast<arith::CmpIOp>(site.op).getPredicate();
  Value x = site.operands[0], y = site.operands[1];
  if (llvm::is_contained({P::ult, P::ule, P::ugt, P::uge}, predicate)) {
    x = site.asUnsigned(x);
    y = site.asUnsigned(y);
  } else if (getElementTypeOrSelf(x.getType()).isInteger(1) &&
             predicate != P::eq && predicate != P::ne) {
    std::swap(x, y); // Signed, true is -1: the order turns around.
  }
  switch (predicate) {
  case P::eq:
    return site.compare(D::EQ, x, y);
  case P::ne:
    return site.compare(D::NE, x, y);
  case P::slt:
  case P::ult:
    return site.compare(D::LT, x, y);
  case P::sle:
  case P::ule:
    return site.compare(D::LE, x, y);
  case P::sgt:
  case P::ugt:
    return site.compare(D::GT, x, y);
  case P::sge:
  case P::uge:
    return site.compare(D::GE, x, y);
  }
  llvm_unreachable("all predicates are handled");
}

/// StableHLO's comparisons are false for NaN, but for NE.
static Value compareFloats(const Site &site) {
  using P = arith::CmpFPredicate;
  using D = ComparisonDirection;
  Value x = site.operands[0], y = site.operands[1];
  auto is = [&](D direction) { return site.compare(direction, x, y); };
  auto isNot = [&](D direction) { return site.make<NotOp>(is(direction)); };
  auto ordered = [&] {
    return site.make<AndOp>(site.compare(D::EQ, x, x),
                            site.compare(D::EQ, y, y));
  };
  switch (cast<arith::CmpFOp>(site.op).getPredicate()) {
  case P::AlwaysFalse:
    return emitSplat(site.builder, site.loc, site.builder.getBoolAttr(false),
                     site.shape);
  case P::AlwaysTrue:
    return emitSplat(site.builder, site.loc, site.builder.getBoolAttr(true),
                     site.shape);
  case P::OEQ:
    return is(D::EQ);
  case P::OGT:
    return is(D::GT);
  case P::OGE:
    return is(D::GE);
  case P::OLT:
    return is(D::LT);
  case P::OLE:
    return is(D::LE);
  case P::ONE:
    return site.make<OrOp>(is(D::LT), is(D::GT));
  case P::ORD:
    return ordered();
  case P::UEQ:
    return site.make<NotOp>(site.make<OrOp>(is(D::LT), is(D::GT)));
  case P::UGT:
    return isNot(D::LE);
  case P::UGE:
    return isNot(D::LT);
  case P::ULT:
    return isNot(D::GE);
  case P::ULE:
    return isNot(D::GT);
  case P::UNE:
    return is(D::NE);
  case P::UNO:
    return site.make<NotOp>(ordered());
  }
  llvm_unreachable("all predicates are handled");
}

static Value selectValue(const Site &site) {
  return site.select(site.operands[0], site.operands[1], site.operands[2]);
}

static Value sameBits(const Site &site) {
  return BitcastConvertOp::create(site.builder, site.loc, site.resultType(),
                                  site.operands[0]);
}

/// The sign is a bit of its own: that of zeros and of no numbers counts, too.
static Value copySign(const Site &site) {
  Value x = site.make<AbsOp>(site.operands[0]), sign = site.operands[1];
  auto element = cast<FloatType>(getElementTypeOrSelf(sign.getType()));
  auto integer = IntegerType::get(element.getContext(), element.getWidth());
  Value bits = BitcastConvertOp::create(site.builder, site.loc,
                                        site.typeOf(integer), sign);
  Value negative =
      site.compare(ComparisonDirection::LT, bits, site.number(0, bits));
  return site.select(negative, site.make<NegateOp>(x), x);
}

static Value multiplyAdd(const Site &site) {
  return site.make<AddOp>(
      site.make<MultiplyOp>(site.operands[0], site.operands[1]),
      site.operands[2]);
}

/// log to the base e^(1/scale).
static Value scaledLog(const Site &site, double scale) {
  Value log = unary<LogOp>(site);
  return site.make<MultiplyOp>(log, site.number(scale, log));
}

static Value roundToZero(const Site &site) {
  Value x = site.operands[0];
  Value negative = site.compare(ComparisonDirection::LT, x, site.number(0, x));
  return site.select(negative, site.make<CeilOp>(x), site.make<FloorOp>(x));
}

/// Scalars of rank 0 and splats both come from here.
static Value constant(const Site &site) {
  auto value = cast<arith::ConstantOp>(site.op).getValue();
  return emitSplat(site.builder, site.loc, cast<TypedAttr>(value), site.shape);
}

static const llvm::StringMap<Emitter> &emitters() {
  static const llvm::StringMap<Emitter> table = {
      {"arith.addf", binary<AddOp>},
      {"arith.addi", binary<AddOp>},
      {"arith.subf", binary<SubtractOp>},
      {"arith.subi", binary<SubtractOp>},
      {"arith.mulf", binary<MultiplyOp>},
      {"arith.muli", binary<MultiplyOp>},
      {"arith.divf", binary<DivideOp>},
      {"arith.divsi", binary<DivideOp>},
      {"arith.divui", unsignedBinary<DivideOp>},
      {"arith.remf", binary<RemainderOp>},
      {"arith.remsi", binary<RemainderOp>},
      {"arith.remui", unsignedBinary<RemainderOp>},
      {"arith.maximumf", binary<MaximumOp>},
      {"arith.minimumf", binary<MinimumOp>},
      {"arith.maxnumf", ignoringNaN<MaximumOp>},
      {"arith.minnumf", ignoringNaN<MinimumOp>},
      {"arith.maxsi", binary<MaximumOp>},
      {"arith.minsi", binary<MinimumOp>},
      {"arith.maxui", unsignedBinary<MaximumOp>},
      {"arith.minui", unsignedBinary<MinimumOp>},
      {"arith.andi", binary<AndOp>},
      {"arith.ori", binary<OrOp>},
      {"arith.xori", binary<XorOp>},
      {"arith.shli", binary<ShiftLeftOp>},
      {"arith.shrsi", binary<ShiftRightArithmeticOp>},
      {"arith.shrui", binary<ShiftRightLogicalOp>},
      {"arith.negf", unary<NegateOp>},
      {"arith.extf", convertAsIs},
      {"arith.truncf", convertAsIs},
      {"arith.fptosi", convertAsIs},
      {"arith.fptoui", floatToUnsigned},
      {"arith.sitofp", convertSigned},
      {"arith.uitofp", convertUnsigned},
      {"arith.extsi", convertSigned},
      {"arith.extui", convertUnsigned},
      {"arith.trunci", truncate},
      {"arith.index_cast", convertAsIs},
      {"arith.index_castui", convertUnsigned},
      {"arith.cmpi", compareInts},
      {"arith.cmpf", compareFloats},
      {"arith.bitcast", sameBits},
      {"arith.select", selectValue},
      {"arith.constant", constant},
      {"math.absf", unary<AbsOp>},
      {"math.absi", unary<AbsOp>},
      {"math.atan2", binary<Atan2Op>},
      {"math.cbrt", unary<CbrtOp>},
      {"math.ceil", unary<CeilOp>},
      {"math.copysign", copySign},
      {"math.cos", unary<CosineOp>},
      {"math.exp", unary<ExponentialOp>},
      {"math.exp2",
       [](const Site &site) {
         Value x = site.operands[0];
         return site.make<PowerOp>(site.number(2, x), x);
       }},
      {"math.expm1", unary<ExponentialMinusOneOp>},
      {"math.floor", unary<FloorOp>},
      {"math.fma", multiplyAdd},
      {"math.isfinite",
       [](const Site &site) -> Value {
         return IsFiniteOp::create(site.builder, site.loc, site.resultType(),
                                   site.operands[0]);
       }},
      {"math.isnan",
       [](const Site &site) {
         return site.compare(ComparisonDirection::NE, site.operands[0],
                             site.operands[0]);
       }},
      {"math.isinf",
       [](const Site &site) {
         Value x = site.make<AbsOp>(site.operands[0]);
         return site.compare(ComparisonDirection::EQ, x,
                             site.number(HUGE_VAL, x));
       }},
      {"math.log", unary<LogOp>},
      {"math.log10",
       [](const Site &site) { return scaledLog(site, 1 / std::log(10.0)); }},
      {"math.log1p", unary<LogPlusOneOp>},
      {"math.log2",
       [](const Site &site) { return scaledLog(site, 1 / std::log(2.0)); }},
      {"math.powf", binary<PowerOp>},
      {"math.ipowi", binary<PowerOp>},
      {"math.round", unary<RoundNearestAfzOp>},
      {"math.roundeven", unary<RoundNearestEvenOp>},
      {"math.rsqrt", unary<RsqrtOp>},
      {"math.sin", unary<SineOp>},
      {"math.sqrt", unary<SqrtOp>},
      {"math.tan", unary<TanOp>},
      {"math.tanh", unary<TanhOp>},
      {"math.trunc", roundToZero}};
  return table;
}

bool orchestra::stablehlo::isConvertibleElementwise(Operation *op) {
  auto isConvertible = [](Type type) {
    return isConvertibleElement(getElementTypeOrSelf(type));
  };
  if (!emitters().contains(op->getName().getStringRef()) ||
      op->getNumResults() != 1 ||
      !llvm::all_of(op->getOperandTypes(), isConvertible) ||
      !llvm::all_of(op->getResultTypes(), isConvertible))
    return false;
  // Signed division and remainder of i1 would need a sign.
  if (isa<arith::DivSIOp, arith::RemSIOp, arith::MaxSIOp, arith::MinSIOp,
          arith::ShRSIOp>(op))
    return !getElementTypeOrSelf(op->getResult(0).getType()).isInteger(1);
  return true;
}

Value orchestra::stablehlo::emitElementwise(OpBuilder &builder, Operation *op,
                                            ValueRange operands,
                                            ArrayRef<int64_t> shape) {
  Site site{builder, op->getLoc(), op, operands, shape};
  return emitters().lookup(op->getName().getStringRef())(site);
}
