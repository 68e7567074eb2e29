//===- StableHLOOps.td - The ops of StableHLO -----------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All of them, by family.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_OPS
#define ORCHESTRA_DIALECT_STABLEHLO_OPS

include "orchestra/Dialect/StableHLO/StableHLOCompute.td"
include "orchestra/Dialect/StableHLO/StableHLOControl.td"
include "orchestra/Dialect/StableHLO/StableHLOData.td"
include "orchestra/Dialect/StableHLO/StableHLOElementwise.td"

#endif // ORCHESTRA_DIALECT_STABLEHLO_OPS
