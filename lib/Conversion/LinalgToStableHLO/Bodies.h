//===- Bodies.h - Bodies of linalg ops on whole tensors ---------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a linalg body does to scalars, done to tensors over all loops: operands
// are brought there by transpose and broadcast_in_dim, and from there results
// to the order of their maps.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_BODIES_H
#define ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_BODIES_H

#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/DialectConversion.h"

#include <optional>

namespace orchestra::stablehlo {

/// result = combine(result, update), over the reduction loops.
struct Reduction {
  mlir::Operation *combiner;
  mlir::Value update;
};

/// The reduction that yields result `index`, if there is one.
std::optional<Reduction> matchReduction(mlir::linalg::LinalgOp op,
                                        unsigned index);

/// A sum of products of two inputs: dot_general and convolution.
struct SumOfProducts {
  /// What the body multiplies: arguments 0 and 1, or casts of them.
  mlir::Value lhs, rhs;
};
std::optional<SumOfProducts> matchSumOfProducts(mlir::linalg::LinalgOp op);

/// The inputs of a sum of products, cast as the body casts them, except for
/// widening floats, which dot_general and convolution do by themselves.
std::pair<mlir::Value, mlir::Value> emitFactors(mlir::OpBuilder &builder,
                                                mlir::Location loc,
                                                const SumOfProducts &product,
                                                mlir::ValueRange operands);

/// What asks for this precision of both operands; nothing for types whose
/// products are exact in any case.
mlir::ArrayAttr precisionConfig(mlir::Builder &builder, mlir::Value operand,
                                Precision precision);

/// Adds what a destination held before to the `result` of a reduction.
mlir::Value addDestination(mlir::OpBuilder &builder, const Reduction &reduction,
                           mlir::Value destination, mlir::Value result);

/// The number that all of a converted destination holds, if it is constant.
mlir::TypedAttr fillValue(mlir::Value destination);

/// Whether a reduction may start from `value` however often. For sums of floats
/// both zeros will do: they only decide the sign of a sum of nothing but zeros.
bool isNeutral(mlir::Operation *combiner, mlir::TypedAttr value);

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);

/// A transpose, or `value` if it changes nothing.
mlir::Value transpose(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value value, llvm::ArrayRef<int64_t> permutation);

/// A reshape, or `value` if it changes nothing.
mlir::Value reshape(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value value, llvm::ArrayRef<int64_t> shape);

/// `value`, whose dimensions are `loops`, as `map` orders them.
mlir::Value fromLoops(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value value, llvm::ArrayRef<int64_t> loops,
                      mlir::AffineMap map);

/// Why a `tensor.extract` in a body of `op` has no form; nothing if it has.
std::optional<std::string> whyNotGather(mlir::tensor::ExtractOp extract,
                                        mlir::linalg::LinalgOp op);

/// Why control flow or a scalar op in a body has no form; nothing if all have.
std::optional<std::string> whyNotBody(mlir::Block &body,
                                      mlir::linalg::LinalgOp op);

/// Evaluates values of a linalg body over all loops, each once. Loops in the
/// body repeat until the last element is done, and leave alone those that are.
class BodyEvaluator {
public:
  BodyEvaluator(mlir::ConversionPatternRewriter &rewriter,
                mlir::linalg::LinalgOp op, mlir::ValueRange operands)
      : BodyEvaluator(rewriter, op, operands, op.getStaticLoopRanges()) {}
  /// With ranges of its own: 1 for loops that no value asked for depends on.
  BodyEvaluator(mlir::ConversionPatternRewriter &rewriter,
                mlir::linalg::LinalgOp op, mlir::ValueRange operands,
                llvm::SmallVector<int64_t> ranges)
      : rewriter(rewriter), op(op), operands(operands),
        ranges(std::move(ranges)) {}

  mlir::Value operator()(mlir::Value value);

  llvm::ArrayRef<int64_t> getRanges() const { return ranges; }

private:
  mlir::Value evaluate(mlir::Value value);
  mlir::Value gather(mlir::tensor::ExtractOp extract);
  /// Whether `value` belongs to the linalg op.
  bool isInside(mlir::Value value);
  /// Whether `value` is the same for all elements, by its kind alone.
  bool isUniform(mlir::Value value);

  /// BodyControl.cpp: the results of control flow.
  void evaluateControl(mlir::Operation *control);
  llvm::SmallVector<mlir::Value> evaluateIf(mlir::scf::IfOp branch);
  llvm::SmallVector<mlir::Value> evaluateFor(mlir::scf::ForOp loop);
  llvm::SmallVector<mlir::Value> evaluateWhile(mlir::scf::WhileOp loop);
  /// Evaluates what a region reads, ahead of it.
  void evaluateCaptures(mlir::Operation *control);
  llvm::SmallVector<mlir::Value> evaluateAll(mlir::ValueRange list);
  mlir::Value both(mlir::Value x, mlir::Value y);
  mlir::Value any(mlir::Value condition);
  llvm::SmallVector<mlir::Value> choose(mlir::Value condition,
                                        mlir::ValueRange then,
                                        mlir::ValueRange otherwise);
  mlir::Value repeat(mlir::Value scalar);

  mlir::ConversionPatternRewriter &rewriter;
  mlir::linalg::LinalgOp op;
  mlir::ValueRange operands;
  llvm::SmallVector<int64_t> ranges;
  llvm::DenseMap<mlir::Value, mlir::Value> values;
  /// Where control flow is under way: for which elements. Null: for all.
  mlir::Value active;
};

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_BODIES_H
