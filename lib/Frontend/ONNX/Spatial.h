//===- Spatial.h - Windows over spatial dimensions --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What convolutions and poolings share: strides, dilations, padding, sizes.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_SPATIAL_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_SPATIAL_H

#include "Build.h"

namespace orchestra::onnx {

/// One spatial dimension of a sliding window.
struct Window {
  int64_t kernel, stride, dilation;
  Dim low, high; // padding
  /// More elements beyond the padding that the last window reaches (ceil_mode).
  Dim overhang;
  Dim out;
  /// The padding as the user gave it, without ceil_mode's.
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};
using Windows = llvm::SmallVector<Window, 3>;

/// Reads strides, dilations, pads, auto_pad and ceil_mode for an input of shape
/// N x C x spatial. Nothing after a problem.
std::optional<Windows> readWindows(Op &op, const Data &input,
                                   llvm::ArrayRef<int64_t> kernel);

/// The input with the padding of the windows, overhang included.
Data padWindows(Op &op, const Data &input, llvm::ArrayRef<Window> windows,
                mlir::Value value);

/// N x C x out...
Shape windowShape(const Dim &batch, const Dim &channels,
                  llvm::ArrayRef<Window> windows);

/// The convolution of an input that is padded already: X is N x C x in, W is
/// F x C / groups x kernel, both of static channels and kernel. Sums are of
/// `type`.
Data convolve(Op &op, const Data &x, const Data &w, int64_t groups,
              ElementType type, llvm::ArrayRef<Window> windows);

/// Adds input `index`, a vector over channels, where the node has it.
std::optional<Data> addBias(Op &op, const Data &x, unsigned index);

/// Where in x, seen as one vector, the largest element of each window stands;
/// the first of several. `columnsFirst`: the last dimension varies slowest.
Data maxPlaces(Op &op, const Data &x, llvm::ArrayRef<Window> windows,
               bool columnsFirst);

llvm::SmallVector<int64_t> stridesOf(llvm::ArrayRef<Window> windows);
llvm::SmallVector<int64_t> dilationsOf(llvm::ArrayRef<Window> windows);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_SPATIAL_H
