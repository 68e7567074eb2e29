//===- TargetDescriptionTest.cpp - Tests of facts about machines ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/TargetDescription.h"

#include "gtest/gtest.h"

using namespace orchestra;

namespace {

TEST(TargetDescription, VectorsFollowTheProcessor) {
  EXPECT_EQ(getTarget("x86_64", "x86-64", "").vectorBits, 128);
  EXPECT_EQ(getTarget("x86_64", "x86-64-v3", "").vectorBits, 256);
  EXPECT_EQ(getTarget("x86_64", "x86-64-v3", "").vectorRegisters, 16);
  // Its AVX512F is only implied by the features that LLVM lists.
  EXPECT_EQ(getTarget("x86_64", "x86-64-v4", "").vectorBits, 512);
  EXPECT_EQ(getTarget("x86_64", "x86-64-v4", "").vectorRegisters, 32);
  EXPECT_EQ(getTarget("x86_64", "znver4", "").vectorBits, 512);
  EXPECT_EQ(getTarget("x86_64", "haswell", "").vectorBits, 256);
  EXPECT_EQ(getTarget("aarch64", "generic", "").vectorBits, 128);
}

TEST(TargetDescription, GivenFeaturesWin) {
  EXPECT_EQ(getTarget("x86_64", "x86-64-v4", "-avx512f").vectorBits, 256);
  EXPECT_EQ(getTarget("x86_64", "x86-64-v3", "-avx").vectorBits, 128);
  EXPECT_EQ(getTarget("x86_64", "x86-64", "+avx2,+fma").vectorBits, 256);
  // The last word on a feature counts.
  EXPECT_EQ(getTarget("x86_64", "x86-64-v3", "-avx2,+avx2").vectorBits, 256);
}

TEST(TargetDescription, FeaturesAreHandedOn) {
  EXPECT_EQ(getTarget("x86_64", "x86-64-v3", "+avx512f,-fma").features,
            "+avx512f,-fma");
  EXPECT_EQ(getTarget("x86_64", "x86-64-v3", "").features, "");
}

TEST(TargetDescription, UnknownProcessorIsTheLeastOne) {
  TargetDescription target = getTarget("x86_64", "no-such-processor", "");
  EXPECT_EQ(target.cpu, "no-such-processor");
  EXPECT_EQ(target.vectorBits, 128);
}

TEST(TargetDescription, EmptyMeansHost) {
  TargetDescription host = getHostTarget(),
                    named = getTarget("host", "host", "");
  EXPECT_EQ(host.arch, named.arch);
  EXPECT_EQ(host.cpu, named.cpu);
  EXPECT_EQ(host.features, named.features);
  EXPECT_EQ(host.vectorBits, named.vectorBits);
  EXPECT_FALSE(host.cpu.empty());
  EXPECT_FALSE(host.features.empty());
}

// Another architecture's processor has a default of its own.
TEST(TargetDescription, OtherArchitectures) {
  TargetDescription host = getHostTarget();
  std::string other = host.arch == "x86_64" ? "aarch64" : "x86_64";
  TargetDescription target = getTarget(other, "", "");
  EXPECT_EQ(target.arch, other);
  EXPECT_NE(target.cpu, host.cpu);
}

} // namespace
