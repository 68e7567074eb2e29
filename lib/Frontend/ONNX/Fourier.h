//===- Fourier.h - What the two ways to transform share ---------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_FOURIER_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_FOURIER_H

#include "Build.h"

namespace orchestra::onnx {

constexpr double kTau = 6.283185307179586476925;

/// What a transform does along the last axis of its parts.
struct FourierPlan {
  Dim length;  // of the period
  Dim outputs; // results along the axis
  bool inverse = false;
  /// Only half of the coefficients: those of real signals.
  bool oneSided = false;
};

/// Whether a transform is one of those that are better done by n log n.
bool isFast(const FourierPlan &plan);

/// Real and imaginary parts of the transforms of rows, of f64; `imaginary` has
/// no value if the rows are real. Nothing after a problem.
std::optional<std::pair<Data, Data>> fastFourier(Op &op, const Data &real,
                                                 const Data &imaginary,
                                                 const FourierPlan &plan);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_FOURIER_H
