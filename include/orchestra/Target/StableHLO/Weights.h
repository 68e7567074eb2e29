//===- Weights.h - Constants of StableHLO modules ---------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resources are MLIR's alone: StableHLO's readers want the elements in the
// module, or as arguments of its entry. With arguments the module stays small,
// its compiler does not fold the weights, and one upload serves every run.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_STABLEHLO_WEIGHTS_H
#define ORCHESTRA_TARGET_STABLEHLO_WEIGHTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace orchestra::stablehlo {

/// A constant that became an argument of the entry, after the model's inputs.
struct WeightArgument {
  std::string name; ///< of the resource, or "constant<i>"; unique
  mlir::ElementsAttr value;
};

/// Puts the elements of resources into the module.
void embedWeights(mlir::ModuleOp module);

/// Makes constants of at least `minBytes` arguments of `@main`, in the order of
/// the module; splats stay, and smaller resources are embedded.
std::vector<WeightArgument> hoistWeights(mlir::ModuleOp module,
                                         uint64_t minBytes);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_TARGET_STABLEHLO_WEIGHTS_H
