//===- DimTest.cpp - Tests of sizes as expressions ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Dim.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include "gtest/gtest.h"

using namespace mlir;
using orchestra::onnx::Dim;
using orchestra::onnx::DimSymbols;
using orchestra::onnx::Shape;
using DimOp = DimSymbols::Op;

namespace {

class DimTest : public testing::Test {
protected:
  DimTest() : builder(&context) {
    context.loadDialect<arith::ArithDialect>();
    module = ModuleOp::create(builder.getUnknownLoc());
    builder.setInsertionPointToEnd(module->getBody());
    for (const char *name : {"batch", "seq", "past"})
      named.push_back(symbols.named(name, index(7)));
  }

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, builder.getUnknownLoc(),
                                          value);
  }
  Dim apply(DimOp op, const Dim &a, const Dim &b) {
    return symbols.apply(op, a, b, builder, builder.getUnknownLoc());
  }
  int64_t opCount() {
    return std::distance(module->getBody()->begin(), module->getBody()->end());
  }

  MLIRContext context;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
  DimSymbols symbols;
  std::vector<Dim> named;
};

TEST_F(DimTest, ConstantsFold) {
  EXPECT_EQ((Dim(6) * Dim(7)).constant(), 42);
  EXPECT_EQ((Dim(6) - Dim(6)).constant(), 0);
  EXPECT_FALSE(named[0].constant());
  EXPECT_EQ((named[0] - named[0]).constant(), 0);
}

TEST_F(DimTest, EqualExpressionsAreEqual) {
  EXPECT_EQ(named[0] * named[1] + Dim(1), Dim(1) + named[1] * named[0]);
  EXPECT_NE(named[0], named[1]);
}

TEST_F(DimTest, ExactDivision) {
  Dim product = named[0] * named[1] * Dim(768);
  EXPECT_EQ(product.dividedBy(named[1] * Dim(64)), named[0] * Dim(12));
  EXPECT_FALSE(product.dividedBy(Dim(7)));
  EXPECT_FALSE(product.dividedBy(Dim(0)));
  // (past + 1) * 16 / (past + 1)
  Dim sum = named[2] + Dim(1);
  EXPECT_EQ((sum * Dim(16)).dividedBy(sum), Dim(16));
  EXPECT_EQ((sum * named[0] * sum).dividedBy(sum), named[0] * sum);
  EXPECT_FALSE((sum * Dim(16) + Dim(1)).dividedBy(sum));
}

TEST_F(DimTest, SignsAreKnownWhereTheyMustBe) {
  EXPECT_TRUE(symbols.isNonNegative(named[0]));
  EXPECT_TRUE(symbols.isPositive(named[0] + Dim(1)));
  EXPECT_FALSE(symbols.isPositive(named[0]));
  EXPECT_FALSE(symbols.isNonNegative(named[0] - Dim(1)));
  Dim anything = symbols.create("", index(3), /*nonNegative=*/false);
  EXPECT_FALSE(symbols.isNonNegative(anything));
}

TEST_F(DimTest, DecidedOperationsMakeNoCode) {
  int64_t before = opCount();
  EXPECT_EQ(apply(DimOp::Min, named[2], named[2] + Dim(1)), named[2]);
  EXPECT_EQ(apply(DimOp::Max, named[2], Dim(0)), named[2]);
  EXPECT_EQ(apply(DimOp::Wrap, Dim(-1), named[2]), named[2] - Dim(1));
  EXPECT_EQ(apply(DimOp::Wrap, named[0], named[2]), named[0]);
  EXPECT_EQ(apply(DimOp::Div, named[0] * Dim(4), Dim(2)), named[0] * Dim(2));
  EXPECT_EQ(apply(DimOp::Mod, named[0] * Dim(4), Dim(2)), Dim(0));
  EXPECT_EQ(apply(DimOp::Broadcast, Dim(1), named[0]), named[0]);
  EXPECT_EQ(apply(DimOp::Broadcast, named[0], Dim(5)), Dim(5));
  EXPECT_EQ(opCount(), before);
}

TEST_F(DimTest, UndecidedOperationsAreOneSymbolEach) {
  Dim clipped = apply(DimOp::Min, named[1], Dim(512));
  EXPECT_FALSE(clipped.constant());
  EXPECT_EQ(clipped, apply(DimOp::Min, named[1], Dim(512)));
  EXPECT_NE(clipped, apply(DimOp::Min, named[1], Dim(256)));
  EXPECT_TRUE(symbols.isNonNegative(clipped));
  // Beside seq, min(seq, 512) is seq wherever the model is valid.
  EXPECT_EQ(apply(DimOp::Broadcast, named[1], clipped), named[1]);
  EXPECT_EQ(apply(DimOp::Broadcast, clipped, named[1]), named[1]);
}

TEST_F(DimTest, DivisionByZeroIsLeftToRunTime) {
  EXPECT_FALSE(apply(DimOp::Div, Dim(1), Dim(0)).constant());
}

TEST_F(DimTest, HugeSizesStopInsteadOfWrapping) {
  Dim huge(int64_t(1) << 40);
  EXPECT_GT(*(huge * huge).constant(), int64_t(1) << 60);
  EXPECT_GT(*(huge * huge * huge).constant(), int64_t(1) << 60);
}

TEST_F(DimTest, Text) {
  EXPECT_EQ(symbols.text(named[2] + Dim(1)), "past + 1");
  EXPECT_EQ(symbols.text(named[0] * named[1] * Dim(2)), "2*batch*seq");
  EXPECT_EQ(symbols.text(Shape{named[0], Dim(3)}), "batchx3");
  EXPECT_EQ(symbols.text(Shape()), "a scalar");
  EXPECT_EQ(symbols.name(named[1]), "seq");
  EXPECT_EQ(symbols.name(named[1] + Dim(1)), "");
}

} // namespace
