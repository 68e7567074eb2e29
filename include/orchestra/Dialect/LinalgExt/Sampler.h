//===- Sampler.h - Elements between elements --------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_SAMPLER_H
#define ORCHESTRA_DIALECT_LINALGEXT_SAMPLER_H

#include "orchestra/Dialect/LinalgExt/Arithmetic.h"

namespace orchestra::linalg_ext {

enum class Interpolation { Nearest, Linear, Cubic };
enum class Padding { Zeros, Border, Reflection };

/// How a tensor is read at places between its elements.
struct Sampler {
  Interpolation mode = Interpolation::Linear;
  Padding padding = Padding::Zeros;
  /// The borders are the centres of the outer elements, not their edges.
  bool alignCorners = false;

  /// image[lead..., places...] in the type of the places, which are floats
  /// counted in elements; `lengths` are the sizes of those dimensions.
  Num read(Num::Builder &b, mlir::Value image, llvm::ArrayRef<Num> lead,
           llvm::ArrayRef<Num> places, llvm::ArrayRef<Num> lengths) const;
};

} // namespace orchestra::linalg_ext

#endif // ORCHESTRA_DIALECT_LINALGEXT_SAMPLER_H
