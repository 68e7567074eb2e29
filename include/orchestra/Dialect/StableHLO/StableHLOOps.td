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

include "mlir/IR/DialectBase.td"

def StableHLO_Dialect : Dialect {
  let name = "stablehlo";
  let cppNamespace = "::orchestra::stablehlo";
  let summary = "What frameworks write and vendors' compilers read.";
  let description = [{
    OpenXLA's dialect of the same name: its ops, types and attributes, with the
    official names and assembly, so that text goes both ways. The specification
    is https://openxla.org/stablehlo/spec; descriptions here only point into it.
    Versioned portable artefacts are made and read by the official library.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

include "orchestra/Dialect/StableHLO/StableHLOCompute.td"
include "orchestra/Dialect/StableHLO/StableHLOControl.td"
include "orchestra/Dialect/StableHLO/StableHLOData.td"
include "orchestra/Dialect/StableHLO/StableHLOElementwise.td"

#endif // ORCHESTRA_DIALECT_STABLEHLO_OPS
