//===- AssertTest.cpp - Tests of ORCH_ASSERT ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/Assert.h"

#include "gtest/gtest.h"

namespace {

TEST(Assert, HoldsSilently) {
  int evaluated = 0;
  ORCH_ASSERT(++evaluated == 1, "counts once");
#ifdef ORCHESTRA_ASSERTIONS
  EXPECT_EQ(evaluated, 1);
#else
  EXPECT_EQ(evaluated, 0);
#endif
}

TEST(Assert, IsAnExpression) {
  bool right = true;
  int chosen = right ? (ORCH_ASSERT(right, "in an expression"), 1) : 2;
  EXPECT_EQ(chosen, 1);
}

TEST(AssertDeathTest, NamesPlaceReasonAndCondition) {
  EXPECT_DEATH(
      orchestra::assertionFailed("a == b", "sizes agree", "X.cpp", 7),
      "X.cpp:7: internal error: sizes agree \\(a == b does not hold\\)");
}

} // namespace
