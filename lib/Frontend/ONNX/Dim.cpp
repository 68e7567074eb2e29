//===- Dim.cpp - Sizes known as expressions of named sizes ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Dim.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <algorithm>

using namespace mlir;
using namespace orchestra::onnx;
using orchestra::onnx::Dim;

namespace {
/// Sizes beyond this are refused when a type is made of them, so arithmetic may
/// stop there.
constexpr int64_t kHuge = int64_t(1) << 61;

int64_t clamp(__int128 value) {
  if (value > kHuge)
    return kHuge;
  return value < -kHuge ? -kHuge : static_cast<int64_t>(value);
}
} // namespace

Dim Dim::symbol(int id) {
  Dim dim;
  dim.terms[{id}] = 1;
  return dim;
}

std::optional<int64_t> Dim::constant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.begin()->first.empty())
    return terms.begin()->second;
  return std::nullopt;
}

std::optional<int> Dim::asSymbol() const {
  if (terms.size() == 1 && terms.begin()->second == 1 &&
      terms.begin()->first.size() == 1)
    return terms.begin()->first.front();
  return std::nullopt;
}

void Dim::add(const Monomial &monomial, int64_t coefficient) {
  int64_t &value = terms[monomial];
  value = clamp(static_cast<__int128>(value) + coefficient);
  if (value == 0)
    terms.erase(monomial);
}

Dim Dim::operator+(const Dim &other) const {
  Dim sum = *this;
  for (const auto &[monomial, coefficient] : other.terms)
    sum.add(monomial, coefficient);
  return sum;
}

Dim Dim::operator-(const Dim &other) const { return *this + other * Dim(-1); }

Dim Dim::operator*(const Dim &other) const {
  Dim product;
  for (const auto &[left, a] : terms)
    for (const auto &[right, b] : other.terms) {
      Monomial monomial = left;
      monomial.insert(monomial.end(), right.begin(), right.end());
      llvm::sort(monomial);
      product.add(monomial, clamp(static_cast<__int128>(a) * b));
    }
  return product;
}

std::optional<Dim> Dim::dividedBy(const Dim &other) const {
  if (other.terms.empty())
    return std::nullopt;
  Dim rest = *this, quotient;
  auto [divisor, scale] = *other.terms.rbegin();
  while (!rest.terms.empty()) {
    auto [monomial, coefficient] = *rest.terms.rbegin();
    if (coefficient % scale != 0 ||
        !std::includes(monomial.begin(), monomial.end(), divisor.begin(),
                       divisor.end()))
      return std::nullopt;
    Dim term;
    Monomial left;
    std::set_difference(monomial.begin(), monomial.end(), divisor.begin(),
                        divisor.end(), std::back_inserter(left));
    term.terms[left] = coefficient / scale;
    quotient = quotient + term;
    Dim next = rest - term * other;
    // The leading term must go; clamped sizes could make it stay.
    if (!next.terms.empty() &&
        !ByDegree()(next.terms.rbegin()->first, monomial))
      return std::nullopt;
    rest = std::move(next);
  }
  return quotient;
}

Dim DimSymbols::create(std::string name, Value value, bool nonNegative,
                       bool fromValue) {
  symbols.push_back({std::move(name), value, nonNegative, fromValue,
                     static_cast<unsigned>(regions.size())});
  return Dim::symbol(static_cast<int>(symbols.size()) - 1);
}

Dim DimSymbols::named(const std::string &name, Value value) {
  auto known = byName.find(name);
  if (known != byName.end())
    return Dim::symbol(known->second);
  byName[name] = static_cast<int>(symbols.size());
  return create(name, value, /*nonNegative=*/true);
}

static std::optional<int64_t> applyConstant(DimSymbols::Op op, int64_t a,
                                            int64_t b) {
  switch (op) {
  case DimSymbols::Op::Div:
    return b == 0 ? std::optional<int64_t>() : a / b;
  case DimSymbols::Op::Mod:
    return b == 0 ? std::optional<int64_t>() : a % b;
  case DimSymbols::Op::Min:
    return std::min(a, b);
  case DimSymbols::Op::Max:
    return std::max(a, b);
  case DimSymbols::Op::Broadcast:
    return a == 1 ? b : a;
  case DimSymbols::Op::Wrap:
    return a < 0 ? clamp(static_cast<__int128>(a) + b) : a;
  }
  return std::nullopt;
}

Dim DimSymbols::apply(Op op, const Dim &a, const Dim &b, OpBuilder &builder,
                      Location loc) {
  if (a.constant() && b.constant())
    if (auto value = applyConstant(op, *a.constant(), *b.constant()))
      return *value;
  switch (op) {
  case Op::Div:
    if (auto quotient = a.dividedBy(b))
      return *quotient;
    break;
  case Op::Mod:
    if (a.dividedBy(b))
      return 0;
    break;
  case Op::Min:
    if (a == b || isNonNegative(b - a))
      return a;
    if (isNonNegative(a - b))
      return b;
    break;
  case Op::Max:
    if (a == b || isNonNegative(a - b))
      return a;
    if (isNonNegative(b - a))
      return b;
    break;
  case Op::Broadcast:
    if (a == b || a.is(1))
      return b;
    if (b.is(1) || (a.constant() && !a.is(1)))
      return a;
    if (b.constant())
      return b;
    // Beside n, min(n, c) is n in every valid run: a run in which it is not has
    // operands that do not agree.
    if (isClipped(b, a))
      return a;
    if (isClipped(a, b))
      return b;
    break;
  case Op::Wrap:
    if (isNonNegative(a))
      return a;
    if (isPositive(Dim(0) - a))
      return a + b;
    break;
  }
  auto key = std::make_tuple(op, a, b);
  auto known = applied.find(key);
  if (known != applied.end())
    return known->second;
  OpBuilder::InsertionGuard guard(builder);
  unsigned level = std::max(depth(a), depth(b));
  hoist(builder, level);
  Value left = materialize(a, builder, loc);
  Value right = materialize(b, builder, loc);
  Value value;
  switch (op) {
  case Op::Div:
    value = arith::DivSIOp::create(builder, loc, left, right);
    break;
  case Op::Mod:
    value = arith::RemSIOp::create(builder, loc, left, right);
    break;
  case Op::Min:
    value = arith::MinSIOp::create(builder, loc, left, right);
    break;
  case Op::Max:
    value = arith::MaxSIOp::create(builder, loc, left, right);
    break;
  case Op::Broadcast: {
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value isOne = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        left, one);
    value = arith::SelectOp::create(builder, loc, isOne, right, left);
    break;
  }
  case Op::Wrap: {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value negative = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::slt, left, zero);
    Value moved = arith::AddIOp::create(builder, loc, left, right);
    value = arith::SelectOp::create(builder, loc, negative, moved, left);
    break;
  }
  }
  bool either = op == Op::Max && (isNonNegative(a) || isNonNegative(b));
  Dim result =
      create("", value, either || (isNonNegative(a) && isNonNegative(b)),
             isFromValues(a) || isFromValues(b));
  symbols.back().depth = level;
  applied[key] = result;
  return result;
}

Value DimSymbols::materialize(const Dim &dim, OpBuilder &builder,
                              Location loc) {
  if (auto constant = dim.constant())
    return arith::ConstantIndexOp::create(builder, loc, *constant);
  Value sum;
  for (auto it = dim.terms.rbegin(); it != dim.terms.rend(); ++it) {
    Value term;
    for (int id : it->first)
      term = term ? arith::MulIOp::create(builder, loc, term, symbols[id].value)
                        .getResult()
                  : symbols[id].value;
    if (!term || it->second != 1) {
      Value scale = arith::ConstantIndexOp::create(builder, loc, it->second);
      term = term ? arith::MulIOp::create(builder, loc, term, scale).getResult()
                  : scale;
    }
    sum =
        sum ? arith::AddIOp::create(builder, loc, sum, term).getResult() : term;
  }
  return sum;
}

Value DimSymbols::materializeDouble(const Dim &dim, OpBuilder &builder,
                                    Location loc) {
  FloatType f64 = builder.getF64Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc, builder.getFloatAttr(f64, static_cast<double>(value)));
  };
  Value sum = constant(0);
  for (const auto &[monomial, coefficient] : dim.terms) {
    Value term = constant(coefficient);
    for (int id : monomial) {
      Value whole = arith::IndexCastOp::create(
          builder, loc, builder.getI64Type(), symbols[id].value);
      Value number = arith::SIToFPOp::create(builder, loc, f64, whole);
      term = arith::MulFOp::create(builder, loc, term, number);
    }
    sum = arith::AddFOp::create(builder, loc, sum, term);
  }
  return sum;
}

void DimSymbols::leaveRegion() {
  // What was computed inside must not be used outside.
  for (auto it = applied.begin(); it != applied.end();)
    it =
        depth(it->second) == regions.size() ? applied.erase(it) : std::next(it);
  regions.pop_back();
}

unsigned DimSymbols::depth(const Dim &dim) const {
  unsigned depth = 0;
  for (const auto &[monomial, coefficient] : dim.terms)
    for (int id : monomial)
      depth = std::max(depth, symbols[id].depth);
  return depth;
}

unsigned DimSymbols::depth(llvm::ArrayRef<Dim> shape) const {
  unsigned most = 0;
  for (const Dim &dim : shape)
    most = std::max(most, depth(dim));
  return most;
}

void DimSymbols::hoist(OpBuilder &builder, unsigned depth) const {
  if (depth < regions.size())
    builder.setInsertionPointToEnd(regions[depth]);
}

bool DimSymbols::isFromValues(const Dim &dim) const {
  for (const auto &[monomial, coefficient] : dim.terms)
    for (int id : monomial)
      if (symbols[id].fromValue)
        return true;
  return false;
}

OpFoldResult DimSymbols::fold(const Dim &dim, OpBuilder &builder,
                              Location loc) {
  if (auto constant = dim.constant())
    return builder.getIndexAttr(*constant);
  return materialize(dim, builder, loc);
}

bool DimSymbols::isClipped(const Dim &clipped, const Dim &whole) const {
  for (const auto &[key, result] : applied) {
    const auto &[op, a, b] = key;
    if (op != Op::Min || result != clipped)
      continue;
    if ((a == whole && b.constant() && *b.constant() > 1) ||
        (b == whole && a.constant() && *a.constant() > 1))
      return true;
  }
  return false;
}

bool DimSymbols::isNonNegative(const Dim &dim) const {
  for (const auto &[monomial, coefficient] : dim.terms) {
    if (coefficient < 0)
      return false;
    for (int id : monomial)
      if (!symbols[id].nonNegative)
        return false;
  }
  return true;
}

bool DimSymbols::isPositive(const Dim &dim) const {
  return isNonNegative(dim - Dim(1));
}

std::string DimSymbols::text(const Dim &dim) const {
  if (auto constant = dim.constant())
    return std::to_string(*constant);
  std::string text;
  for (auto it = dim.terms.rbegin(); it != dim.terms.rend(); ++it) {
    int64_t scale = it->second;
    if (!text.empty()) {
      text += scale < 0 ? " - " : " + ";
      scale = scale < 0 ? -scale : scale;
    }
    bool first = it->first.empty() || scale != 1;
    if (first)
      text += std::to_string(scale);
    for (int id : it->first) {
      text += first ? "*" : "";
      text += symbols[id].name.empty() ? "?" : symbols[id].name;
      first = true;
    }
  }
  return text;
}

std::string DimSymbols::text(llvm::ArrayRef<Dim> shape) const {
  if (shape.empty())
    return "a scalar";
  std::string out;
  for (const Dim &dim : shape)
    out += (out.empty() ? "" : "x") + text(dim);
  return out;
}

std::string DimSymbols::name(const Dim &dim) const {
  auto id = dim.asSymbol();
  return id ? symbols[*id].name : std::string();
}
