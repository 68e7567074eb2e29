//===- LinalgExt.cpp - The linalg_ext dialect -----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect as a whole. A file has an op or a few of a kind; what all have in
// common is in Structured.cpp.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace orchestra::linalg_ext;

#include "orchestra/Dialect/LinalgExt/LinalgExtDialect.cpp.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/LinalgExt/LinalgExtOps.cpp.inc"

namespace {
struct LinalgExtInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;

  bool isLegalToInline(Operation *, Region *, bool,
                       IRMapping &) const override {
    return true;
  }
};
} // namespace

void LinalgExtDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "orchestra/Dialect/LinalgExt/LinalgExtOps.cpp.inc"
      >();
  addInterfaces<LinalgExtInliner>();
}
