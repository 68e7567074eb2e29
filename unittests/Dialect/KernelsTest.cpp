//===- KernelsTest.cpp - Tests of what passes agree on about kernels ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace orchestra;

namespace {

class KernelsTest : public ::testing::Test {
protected:
  KernelsTest() {
    context.loadDialect<arith::ArithDialect, func::FuncDialect,
                        linalg::LinalgDialect, tensor::TensorDialect>();
  }

  /// The only structured op of a function with the body `text`.
  linalg::LinalgOp parse(const std::string &arguments,
                         const std::string &text) {
    module = parseSourceString<ModuleOp>(
        "func.func @f(" + arguments + ") { " + text + " return }", &context);
    linalg::LinalgOp found;
    if (module)
      module->walk([&](linalg::LinalgOp op) { found = op; });
    EXPECT_TRUE(found);
    return found;
  }

  /// A generic that multiplies and adds, or takes one input's elements.
  linalg::LinalgOp generic(const std::string &maps, const std::string &kinds,
                           const std::string &ins, const std::string &out) {
    std::string operands, types, block;
    std::string arguments = "%o: " + out;
    int count = 0;
    std::string rest = ins;
    while (!rest.empty()) {
      size_t end = rest.find(';');
      std::string type = rest.substr(0, end);
      rest = end == std::string::npos ? "" : rest.substr(end + 1);
      std::string name = "%i" + std::to_string(count++);
      arguments += ", " + name + ": " + type;
      operands += (operands.empty() ? "" : ", ") + name;
      types += (types.empty() ? "" : ", ") + type;
      block += "%a" + std::to_string(count) + ": f32, ";
    }
    return parse(arguments,
                 "%r = linalg.generic {indexing_maps = [" + maps +
                     "], iterator_types = [" + kinds + "]} ins(" + operands +
                     " : " + types + ") outs(%o : " + out + ") { ^bb0(" +
                     block + "%out: f32): linalg.yield %a1 : f32 } -> " + out);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

const char *const kParallel2 = "\"parallel\", \"parallel\"";
const char *const kMatmul = "\"parallel\", \"parallel\", \"reduction\"";

TEST_F(KernelsTest, MatmulHasRowsAndColumns) {
  linalg::LinalgOp op =
      parse("%a: tensor<4x8xf32>, %b: tensor<8x16xf32>, %c: tensor<4x16xf32>",
            "%m = linalg.matmul ins(%a, %b : tensor<4x8xf32>, "
            "tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> "
            "tensor<4x16xf32>");
  std::optional<TileDims> dims = getRegisterTileDims(op);
  ASSERT_TRUE(dims);
  EXPECT_EQ(dims->column, 1u);
  EXPECT_EQ(dims->row, 0u);
}

// The second operand runs along the reduction: it has to be packed first.
TEST_F(KernelsTest, TransposedOperandNeedsPacking) {
  linalg::LinalgOp op =
      generic("affine_map<(m, n, k) -> (m, k)>, "
              "affine_map<(m, n, k) -> (n, k)>, "
              "affine_map<(m, n, k) -> (m, n)>",
              kMatmul, "tensor<4x8xf32>;tensor<16x8xf32>", "tensor<4x16xf32>");
  EXPECT_FALSE(getRegisterTileDims(op));
  EXPECT_TRUE(getRegisterTileDims(op, /*ignoreStride=*/true));
}

TEST_F(KernelsTest, VectorResultHasNoRows) {
  linalg::LinalgOp op =
      generic("affine_map<(n, k) -> (k)>, "
              "affine_map<(n, k) -> (k, n)>, "
              "affine_map<(n, k) -> (n)>",
              "\"parallel\", \"reduction\"", "tensor<8xf32>;tensor<8x16xf32>",
              "tensor<16xf32>");
  std::optional<TileDims> dims = getRegisterTileDims(op);
  ASSERT_TRUE(dims);
  EXPECT_EQ(dims->column, 0u);
  EXPECT_FALSE(dims->row);
}

TEST_F(KernelsTest, WindowsHaveTiles) {
  linalg::LinalgOp op =
      generic("affine_map<(w, c, j) -> (w * 2 + j, c)>, "
              "affine_map<(w, c, j) -> (j)>, "
              "affine_map<(w, c, j) -> (w, c)>",
              kMatmul, "tensor<9x16xf32>;tensor<3xf32>", "tensor<4x16xf32>");
  EXPECT_TRUE(getRegisterTileDims(op));
}

// A sum along the innermost dimension has no columns: it is tiled by rows.
TEST_F(KernelsTest, SumOfRowsHasNoTile) {
  linalg::LinalgOp op = generic(
      "affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>",
      "\"parallel\", \"reduction\"", "tensor<4x8xf32>", "tensor<4xf32>");
  EXPECT_FALSE(getRegisterTileDims(op, /*ignoreStride=*/true));
}

// A sum along another dimension keeps the columns in registers.
TEST_F(KernelsTest, SumOfColumnsHasATile) {
  linalg::LinalgOp op = generic(
      "affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>",
      "\"reduction\", \"parallel\"", "tensor<4x8xf32>", "tensor<8xf32>");
  std::optional<TileDims> dims = getRegisterTileDims(op);
  ASSERT_TRUE(dims);
  EXPECT_EQ(dims->column, 1u);
  EXPECT_FALSE(dims->row);
}

TEST_F(KernelsTest, ElementwiseHasNoTile) {
  linalg::LinalgOp op =
      generic("affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>",
              kParallel2, "tensor<4x8xf32>", "tensor<4x8xf32>");
  EXPECT_FALSE(getRegisterTileDims(op));
}

// A convolution with channels first slides along its columns.
TEST_F(KernelsTest, SlidingColumnsHaveNoUnitStride) {
  linalg::LinalgOp op =
      generic("affine_map<(f, w, j) -> (w + j)>, "
              "affine_map<(f, w, j) -> (f, j)>, "
              "affine_map<(f, w, j) -> (f, w)>",
              kMatmul, "tensor<10xf32>;tensor<4x3xf32>", "tensor<4x8xf32>");
  EXPECT_FALSE(getRegisterTileDims(op));
}

TEST_F(KernelsTest, PointwiseTakesAnyReadingButWritesEachElementOnce) {
  EXPECT_TRUE(isPointwise(
      generic("affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>",
              kParallel2, "tensor<8xf32>", "tensor<4x8xf32>")));
  EXPECT_TRUE(isPointwise(
      generic("affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n, m)>",
              kParallel2, "tensor<4x8xf32>", "tensor<8x4xf32>")));
  EXPECT_FALSE(isPointwise(generic(
      "affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>",
      "\"parallel\", \"reduction\"", "tensor<4x8xf32>", "tensor<4xf32>")));
}

TEST_F(KernelsTest, AlignedDimsLeadInOperandAndResult) {
  auto aligned = [](linalg::LinalgOp op) {
    return getAlignedDims(op, op.getDpsInputOperand(0));
  };
  // All, the rows only, none.
  EXPECT_EQ(aligned(generic(
                "affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>",
                kParallel2, "tensor<4x8xf32>", "tensor<4x8xf32>")),
            2u);
  EXPECT_EQ(
      aligned(generic("affine_map<(m, n) -> (m)>, affine_map<(m, n) -> (m, n)>",
                      kParallel2, "tensor<4xf32>", "tensor<4x8xf32>")),
      1u);
  EXPECT_EQ(
      aligned(generic("affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>",
                      kParallel2, "tensor<8xf32>", "tensor<4x8xf32>")),
      0u);
  EXPECT_EQ(aligned(generic(
                "affine_map<(m, n) -> (n, m)>, affine_map<(m, n) -> (m, n)>",
                kParallel2, "tensor<8x4xf32>", "tensor<4x8xf32>")),
            0u);
  // A sum along the last dimension keeps the rows.
  EXPECT_EQ(
      aligned(generic("affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>",
                      "\"parallel\", \"reduction\"", "tensor<4x8xf32>",
                      "tensor<4xf32>")),
      1u);
  // A window reads its neighbours' rows.
  EXPECT_EQ(aligned(generic("affine_map<(m, j) -> (m + j)>, "
                            "affine_map<(m, j) -> (m, j)>",
                            kParallel2, "tensor<6xf32>", "tensor<4x3xf32>")),
            0u);
}

} // namespace
