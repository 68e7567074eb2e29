//===- TensorTest.cpp - Elements, random data, comparison -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Tensor.h"
#include "orchestra/Driver/DriverError.h"
#include "orchestra_runtime/format.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace orchestra;

static Tensor make(uint32_t dtype, std::vector<int64_t> dims,
                   std::vector<double> values = {}) {
  Expected<Tensor> tensor = Tensor::allocate(dtype, std::move(dims));
  EXPECT_TRUE(bool(tensor));
  for (size_t i = 0; i < values.size(); ++i)
    tensor->setElement(int64_t(i), values[i]);
  return *tensor;
}

TEST(Tensor, KeepsWhatTypesCanHold) {
  struct Case {
    uint32_t dtype;
    double value, expected;
  } cases[] = {
      {ORCH_DTYPE_F32, 0.1, double(0.1f)},
      {ORCH_DTYPE_F64, 0.1, 0.1},
      {ORCH_DTYPE_F16, 1.0 / 3, 0.333251953125},
      {ORCH_DTYPE_BF16, 1.0 / 3, 0.333984375},
      {ORCH_DTYPE_F8E4M3FN, 0.3, 0.3125},
      {ORCH_DTYPE_F8E5M2, 0.3, 0.3125},
      {ORCH_DTYPE_I8, -200, -128},
      {ORCH_DTYPE_U8, 300, 255},
      {ORCH_DTYPE_I16, -1.5, -2},
      {ORCH_DTYPE_U16, 65536, 65535},
      {ORCH_DTYPE_I32, 7, 7},
      {ORCH_DTYPE_U32, 4294967295.0, 4294967295.0},
      {ORCH_DTYPE_I64, -5, -5},
      {ORCH_DTYPE_U64, -5, 0},
      {ORCH_DTYPE_BOOL, 3, 1},
      {ORCH_DTYPE_I4, -3, -3},
      {ORCH_DTYPE_U4, 13, 13},
  };
  for (const Case &test : cases) {
    Tensor tensor = make(test.dtype, {3}, {0, test.value, 0});
    EXPECT_EQ(tensor.getElement(1), test.expected) << "dtype " << test.dtype;
    EXPECT_EQ(tensor.getElement(0), 0) << "dtype " << test.dtype;
  }
}

TEST(Tensor, CountsAndRefuses) {
  EXPECT_EQ(make(ORCH_DTYPE_F32, {}).getNumElements(), 1);
  EXPECT_EQ(make(ORCH_DTYPE_F32, {2, 0, 3}).getNumBytes(), 0u);
  EXPECT_EQ(make(ORCH_DTYPE_I4, {5}).getNumBytes(), 3u);
  for (std::vector<int64_t> dims : {std::vector<int64_t>{-1},
                                    {int64_t(1) << 40, int64_t(1) << 40},
                                    std::vector<int64_t>(17, 1)}) {
    Expected<Tensor> tensor = Tensor::allocate(ORCH_DTYPE_F32, dims);
    EXPECT_FALSE(bool(tensor));
    consumeError(tensor.takeError());
  }
  EXPECT_EQ(describeType(ORCH_DTYPE_BF16, {1, 2}), "bf16[1,2]");
}

TEST(Tensor, DescribesDynamicDims) {
  TensorDecl decl{"x", ORCH_DTYPE_F32, {-1, 3, -1}, {"batch", "", ""}};
  EXPECT_EQ(decl.describe(), "f32[batch,3,?]");
}

TEST(RandomTensor, LooksNormalAndRepeats) {
  Expected<Tensor> a = randomTensor(ORCH_DTYPE_F32, {100, 100}, 7);
  Expected<Tensor> b = randomTensor(ORCH_DTYPE_F32, {100, 100}, 7);
  Expected<Tensor> c = randomTensor(ORCH_DTYPE_F32, {100, 100}, 8);
  ASSERT_TRUE(a && b && c);
  double sum = 0, squares = 0;
  bool same = true, other = false;
  for (int64_t i = 0; i < a->getNumElements(); ++i) {
    double value = a->getElement(i);
    sum += value;
    squares += value * value;
    same &= value == b->getElement(i);
    other |= value != c->getElement(i);
  }
  EXPECT_TRUE(same);
  EXPECT_TRUE(other);
  // Five deviations of the estimates from 10,000 samples.
  EXPECT_NEAR(sum / 1e4, 0, 0.05);
  EXPECT_NEAR(squares / 1e4, 1, 0.07);
}

TEST(RandomTensor, IntegersAreSmall) {
  Expected<Tensor> tensor = randomTensor(ORCH_DTYPE_I64, {1000}, 1);
  ASSERT_TRUE(bool(tensor));
  for (int64_t i = 0; i < 1000; ++i) {
    EXPECT_GE(tensor->getElement(i), 0);
    EXPECT_LE(tensor->getElement(i), 7);
  }
}

TEST(Compare, FindsTheWorstElement) {
  Tensor wanted = make(ORCH_DTYPE_F32, {4}, {1, 2, 3, 4});
  Tensor got = make(ORCH_DTYPE_F32, {4}, {1, 2.5, 3.25, 4});
  Expected<Difference> difference = compare(got, wanted, 0.1, 0);
  ASSERT_TRUE(bool(difference));
  EXPECT_FALSE(difference->withinBounds);
  EXPECT_EQ(difference->violations, 1);
  EXPECT_EQ(difference->index, 1);
  EXPECT_EQ(difference->got, 2.5);
  EXPECT_EQ(difference->wanted, 2);
  EXPECT_EQ(difference->maxAbsolute, 0.5);
  EXPECT_EQ(difference->relativeToScale, 0.125);
  difference = compare(got, wanted, 0.25, 0);
  ASSERT_TRUE(bool(difference));
  EXPECT_TRUE(difference->withinBounds);
}

TEST(Compare, StrangeValuesMatchThemselvesOnly) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  double inf = std::numeric_limits<double>::infinity();
  struct Case {
    double got, wanted;
    bool good;
  } cases[] = {{nan, nan, true}, {inf, inf, true}, {inf, -inf, false},
               {nan, 1, false},  {1, nan, false},  {1, inf, false},
               {inf, 1, false},  {-0.0, 0.0, true}};
  for (const Case &test : cases) {
    Expected<Difference> difference =
        compare(make(ORCH_DTYPE_F32, {1}, {test.got}),
                make(ORCH_DTYPE_F32, {1}, {test.wanted}), 1e30, 1e30);
    ASSERT_TRUE(bool(difference));
    EXPECT_EQ(difference->withinBounds, test.good)
        << test.got << " and " << test.wanted;
  }
}

TEST(Compare, ShapesMustAgree) {
  Expected<Difference> difference =
      compare(make(ORCH_DTYPE_F32, {4}), make(ORCH_DTYPE_F32, {2, 2}), 1, 1);
  ASSERT_FALSE(bool(difference));
  DriverError error = toDriverError(difference.takeError());
  EXPECT_EQ(error.getFault(), Fault::Input);
  EXPECT_NE(error.getText().find("[compare-shape]"), std::string::npos);
}

TEST(Compare, EmptyTensorsAgree) {
  Expected<Difference> difference =
      compare(make(ORCH_DTYPE_F32, {0}), make(ORCH_DTYPE_F32, {0}), 0, 0);
  ASSERT_TRUE(bool(difference));
  EXPECT_TRUE(difference->withinBounds);
}
