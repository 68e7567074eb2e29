//===- StableHLO.h - A whole model as StableHLO -----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_STABLEHLO_H
#define ORCHESTRA_LIB_DRIVER_STABLEHLO_H

#include "Jit.h"

#include "orchestra/Driver/Tensor.h"
#include "orchestra/Support/StableHLOTool.h"

#include <string>
#include <vector>

namespace orchestra {

/// The version artefacts are written for unless the consumer says another: it
/// has every op that Orchestra writes, and consumers of years ago read it.
constexpr llvm::StringLiteral kStableHLOVersion = "1.9.0";

/// A model for compilers that read StableHLO.
struct StableHLOModel {
  std::string name; ///< of the model
  std::string text;
  /// Of the entry: the model's inputs, then the weights.
  std::vector<TensorDecl> inputs, outputs;
  struct Weight {
    TensorDecl decl;
    Bytes bytes;
  };
  std::vector<Weight> weights;
  /// What attributes of the module point to.
  std::shared_ptr<const void> owner;
};

/// An error of the tool as a user sees it.
llvm::Error toDriverToolError(llvm::Error error, llvm::StringRef model);

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_STABLEHLO_H
