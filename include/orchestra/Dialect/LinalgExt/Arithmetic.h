//===- Arithmetic.h - Scalars of the IR as formulas -------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bodies of ops that are long formulas are written with `Num`: x * 2.0 builds a
// multiplication. Integers are signed.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_ARITHMETIC_H
#define ORCHESTRA_DIALECT_LINALGEXT_ARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace orchestra::linalg_ext {

/// A constant of a float, integer or index type.
mlir::Value scalar(mlir::ImplicitLocOpBuilder &b, mlir::Type type,
                   double value);
mlir::Value scalarInt(mlir::ImplicitLocOpBuilder &b, mlir::Type type,
                      int64_t value);

/// A scalar: a float, an index, or a truth value.
class Num {
public:
  using Builder = mlir::ImplicitLocOpBuilder;

  Num() = default;
  Num(Builder &b, mlir::Value v) : builder(&b), v(v) {}

  operator mlir::Value() const { return v; }
  mlir::Type type() const { return v.getType(); }
  Builder &b() const { return *builder; }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(v.getType()); }
  explicit operator bool() const { return v != nullptr; }

  /// A constant of the same type.
  Num constant(double value) const {
    return {*builder, scalar(*builder, type(), value)};
  }

  template <typename Float, typename Int> Num binary(Num y) const {
    if (isFloat())
      return {*builder, Float::create(*builder, v, y.v).getResult()};
    return {*builder, Int::create(*builder, v, y.v).getResult()};
  }
  Num operator+(Num y) const {
    return binary<mlir::arith::AddFOp, mlir::arith::AddIOp>(y);
  }
  Num operator-(Num y) const {
    return binary<mlir::arith::SubFOp, mlir::arith::SubIOp>(y);
  }
  Num operator*(Num y) const {
    return binary<mlir::arith::MulFOp, mlir::arith::MulIOp>(y);
  }
  /// Integers: towards zero.
  Num operator/(Num y) const {
    return binary<mlir::arith::DivFOp, mlir::arith::DivSIOp>(y);
  }
  Num operator%(Num y) const {
    return binary<mlir::arith::RemFOp, mlir::arith::RemSIOp>(y);
  }
  Num operator+(double y) const { return *this + constant(y); }
  Num operator-(double y) const { return *this - constant(y); }
  Num operator*(double y) const { return *this * constant(y); }
  Num operator/(double y) const { return *this / constant(y); }
  Num operator%(double y) const { return *this % constant(y); }
  /// NaN loses.
  Num min(Num y) const {
    return binary<mlir::arith::MinNumFOp, mlir::arith::MinSIOp>(y);
  }
  Num max(Num y) const {
    return binary<mlir::arith::MaxNumFOp, mlir::arith::MaxSIOp>(y);
  }
  Num min(double y) const { return min(constant(y)); }
  Num max(double y) const { return max(constant(y)); }

  Num compare(mlir::arith::CmpFPredicate f, mlir::arith::CmpIPredicate i,
              Num y) const {
    if (isFloat())
      return {*builder, mlir::arith::CmpFOp::create(*builder, f, v, y.v)};
    return {*builder, mlir::arith::CmpIOp::create(*builder, i, v, y.v)};
  }
  Num operator<(Num y) const {
    return compare(mlir::arith::CmpFPredicate::OLT,
                   mlir::arith::CmpIPredicate::slt, y);
  }
  Num operator<=(Num y) const {
    return compare(mlir::arith::CmpFPredicate::OLE,
                   mlir::arith::CmpIPredicate::sle, y);
  }
  Num operator>(Num y) const { return y < *this; }
  Num operator>=(Num y) const { return y <= *this; }
  Num operator==(Num y) const {
    return compare(mlir::arith::CmpFPredicate::OEQ,
                   mlir::arith::CmpIPredicate::eq, y);
  }
  Num operator!=(Num y) const {
    return compare(mlir::arith::CmpFPredicate::UNE,
                   mlir::arith::CmpIPredicate::ne, y);
  }
  Num operator<(double y) const { return *this < constant(y); }
  Num operator<=(double y) const { return *this <= constant(y); }
  Num operator>(double y) const { return *this > constant(y); }
  Num operator>=(double y) const { return *this >= constant(y); }
  Num operator==(double y) const { return *this == constant(y); }
  Num operator&(Num y) const {
    return {*builder, mlir::arith::AndIOp::create(*builder, v, y.v)};
  }
  Num operator|(Num y) const {
    return {*builder, mlir::arith::OrIOp::create(*builder, v, y.v)};
  }
  Num operator!() const {
    return {*builder, mlir::arith::XOrIOp::create(
                          *builder, v, scalarInt(*builder, type(), 1))};
  }

  template <typename UnaryOp> Num unary() const {
    return {*builder, UnaryOp::create(*builder, v).getResult()};
  }
  Num floor() const { return unary<mlir::math::FloorOp>(); }
  Num ceil() const { return unary<mlir::math::CeilOp>(); }
  Num roundEven() const { return unary<mlir::math::RoundEvenOp>(); }
  Num abs() const { return unary<mlir::math::AbsFOp>(); }
  Num sqrt() const { return unary<mlir::math::SqrtOp>(); }
  Num exp() const { return unary<mlir::math::ExpOp>(); }
  Num log() const { return unary<mlir::math::LogOp>(); }
  Num sin() const { return unary<mlir::math::SinOp>(); }
  Num cos() const { return unary<mlir::math::CosOp>(); }
  Num tanh() const { return unary<mlir::math::TanhOp>(); }

  /// this ? yes : no
  Num choose(Num yes, Num no) const {
    return {*builder, mlir::arith::SelectOp::create(*builder, v, yes.v, no.v)};
  }
  /// A float as an index, cut towards zero; what no index says becomes a large
  /// one.
  Num toIndex() const {
    Num bounded = max(-1099511627776.0).min(1099511627776.0);
    mlir::Value whole = mlir::arith::FPToSIOp::create(
        *builder, builder->getI64Type(), bounded.v);
    return {*builder, mlir::arith::IndexCastOp::create(
                          *builder, builder->getIndexType(), whole)};
  }
  /// An integer of any kind as an index.
  Num asIndex() const {
    return {*builder, mlir::arith::IndexCastOp::create(
                          *builder, builder->getIndexType(), v)};
  }
  /// An index as a float.
  Num toFloat(mlir::Type type) const {
    mlir::Value whole =
        mlir::arith::IndexCastOp::create(*builder, builder->getI64Type(), v);
    return {*builder, mlir::arith::SIToFPOp::create(*builder, type, whole)};
  }
  /// An index as an integer type.
  mlir::Value toInt(mlir::Type type) const {
    return mlir::arith::IndexCastOp::create(*builder, type, v);
  }
  /// A float as one of another width.
  Num resize(mlir::Type type) const {
    unsigned have = v.getType().getIntOrFloatBitWidth(),
             want = type.getIntOrFloatBitWidth();
    if (v.getType() == type)
      return *this;
    if (have < want)
      return {*builder, mlir::arith::ExtFOp::create(*builder, type, v)};
    return {*builder, mlir::arith::TruncFOp::create(*builder, type, v)};
  }

private:
  Builder *builder = nullptr;
  mlir::Value v;
};

inline Num indexNum(Num::Builder &b, int64_t value) {
  return {b, mlir::arith::ConstantIndexOp::create(b, value)};
}
inline llvm::SmallVector<Num> numbers(Num::Builder &b,
                                      mlir::ValueRange values) {
  llvm::SmallVector<Num> result;
  for (mlir::Value value : values)
    result.emplace_back(b, value);
  return result;
}
inline Num at(Num::Builder &b, mlir::Value tensor,
              llvm::ArrayRef<Num> indices) {
  llvm::SmallVector<mlir::Value> values(indices.begin(), indices.end());
  return {b, mlir::tensor::ExtractOp::create(b, tensor, values)};
}

/// for (k = 0; k < count; ++k) carried = step(k, carried)
inline llvm::SmallVector<Num>
loop(Num::Builder &b, Num count, llvm::ArrayRef<Num> carried,
     llvm::function_ref<llvm::SmallVector<Num>(Num::Builder &, Num,
                                               llvm::ArrayRef<Num>)>
         step) {
  llvm::SmallVector<mlir::Value> inits(carried.begin(), carried.end());
  auto made = mlir::scf::ForOp::create(
      b, mlir::arith::ConstantIndexOp::create(b, 0), count,
      mlir::arith::ConstantIndexOp::create(b, 1), inits,
      [&](mlir::OpBuilder &, mlir::Location, mlir::Value k,
          mlir::ValueRange values) {
        // The same builder, so that numbers from outside build here too.
        auto next = step(b, Num(b, k), numbers(b, values));
        llvm::SmallVector<mlir::Value> yields(next.begin(), next.end());
        mlir::scf::YieldOp::create(b, yields);
      });
  return numbers(b, made.getResults());
}

} // namespace orchestra::linalg_ext

#endif // ORCHESTRA_DIALECT_LINALGEXT_ARITHMETIC_H
