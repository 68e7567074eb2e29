//===- Dim.h - Sizes known as expressions of named sizes --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A size is a polynomial with integer coefficients over symbols. Symbols are
// sizes of inputs ("batch") or values that no polynomial can say (a quotient, a
// number read from a tensor). Equal polynomials are equal sizes, which is how
// the importer knows that "past + 1" of two tensors agree, and that
// [batch, seq, 12, 64] is [batch, seq, 768] seen otherwise.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_DIM_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_DIM_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace orchestra::onnx {

class DimSymbols;

class Dim {
public:
  Dim(int64_t constant = 0) {
    if (constant)
      terms[{}] = constant;
  }
  static Dim symbol(int id);

  std::optional<int64_t> constant() const;
  bool is(int64_t value) const { return constant() == value; }
  /// The symbol, if the size is that symbol and nothing else.
  std::optional<int> asSymbol() const;

  Dim operator+(const Dim &other) const;
  Dim operator-(const Dim &other) const;
  Dim operator*(const Dim &other) const;
  bool operator==(const Dim &other) const { return terms == other.terms; }
  bool operator!=(const Dim &other) const { return terms != other.terms; }
  bool operator<(const Dim &other) const { return terms < other.terms; }

  /// The quotient if the division has no remainder for any values of symbols.
  std::optional<Dim> dividedBy(const Dim &other) const;

private:
  friend class DimSymbols;
  /// Product of symbols, sorted.
  using Monomial = std::vector<int>;
  /// By degree, then lexicographically: an order that products respect, which
  /// division needs.
  struct ByDegree {
    bool operator()(const Monomial &a, const Monomial &b) const {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
  };
  void add(const Monomial &monomial, int64_t coefficient);
  std::map<Monomial, int64_t, ByDegree> terms; // no zero coefficients
};

using Shape = llvm::SmallVector<Dim, 0>;

/// The symbols of one import: their names, their values in the IR.
class DimSymbols {
public:
  /// A new symbol. `value` is of index type.
  /// `fromValue`: it follows from values of inputs, not from their dimensions
  /// alone; nothing bounds it.
  Dim create(std::string name, mlir::Value value, bool nonNegative,
             bool fromValue = false);
  /// The symbol of an input's named size, made at first.
  Dim named(const std::string &name, mlir::Value value);

  enum class Op { Div, Mod, Min, Max, Broadcast, Wrap };
  /// a op b; a symbol when the sizes do not tell. Division truncates, as
  /// ONNX's does; Broadcast is b where a is 1, else a; Wrap is a + b where a is
  /// negative, else a.
  Dim apply(Op op, const Dim &a, const Dim &b, mlir::OpBuilder &builder,
            mlir::Location loc);

  /// The size as an index value.
  mlir::Value materialize(const Dim &dim, mlir::OpBuilder &builder,
                          mlir::Location loc);
  /// The same as an f64, which does not overflow.
  mlir::Value materializeDouble(const Dim &dim, mlir::OpBuilder &builder,
                                mlir::Location loc);
  mlir::OpFoldResult fold(const Dim &dim, mlir::OpBuilder &builder,
                          mlir::Location loc);

  bool isNonNegative(const Dim &dim) const;
  bool isPositive(const Dim &dim) const;
  /// Whether it follows from values of inputs.
  bool isFromValues(const Dim &dim) const;

  /// "batch*seq + 1"; the user's name of a size that has one. "?" for symbols
  /// without a name.
  std::string text(const Dim &dim) const;
  std::string text(llvm::ArrayRef<Dim> shape) const;
  /// The name of a size that is one named symbol, else empty.
  std::string name(const Dim &dim) const;
  bool isName(const std::string &name) const { return byName.count(name); }

  /// --- Regions: bodies of loops and branches ------------------------------
  /// Until leaveRegion(), code is built in a region that will stand at the end
  /// of `outer`. Arithmetic on sizes of outside goes to `outer`.
  void enterRegion(mlir::Block *outer) { regions.push_back(outer); }
  void leaveRegion();
  mlir::Block *outerBlock() const { return regions.back(); }
  unsigned regionDepth() const { return regions.size(); }
  bool inRegion() const { return !regions.empty(); }
  /// How many regions the size is inside of; 0: it is known to the function.
  unsigned depth(const Dim &dim) const;
  unsigned depth(llvm::ArrayRef<Dim> shape) const;
  /// Moves a builder to the end of the block in which sizes of this depth are
  /// known, if that is outside of the current region.
  void hoist(mlir::OpBuilder &builder, unsigned depth) const;

private:
  /// Whether `clipped` is min(whole, c) for a constant c > 1.
  bool isClipped(const Dim &clipped, const Dim &whole) const;

  struct Symbol {
    std::string name;
    mlir::Value value;
    bool nonNegative, fromValue;
    unsigned depth;
  };
  std::vector<Symbol> symbols;
  std::map<std::string, int> byName;
  std::map<std::tuple<Op, Dim, Dim>, Dim> applied;
  std::vector<mlir::Block *> regions;
};

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_DIM_H
