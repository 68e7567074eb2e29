//===- ConvolutionKernel.h - Convolutions as tensor maps read them -*- C++ -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_NVIDIA_TILES_CONVOLUTIONKERNEL_H
#define ORCHESTRA_LIB_TARGET_NVIDIA_TILES_CONVOLUTIONKERNEL_H

#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace orchestra::nvtile {

/// A product over windows, channels innermost, or over none.
struct Convolution {
  mlir::linalg::LinalgOp op;
  mlir::tensor::PadOp pad; ///< of the picture, or null
  mlir::Value picture, filter;
  int64_t pixels;      ///< dimensions of the result but for the last
  bool filtersFirst;   ///< else they are the filter's last dimension
  WindowsAttr windows; ///< null: the picture's own pixels
};

/// The one op of the kernel that reduces; null if there are several.
mlir::linalg::LinalgOp getProduct(mlir::func::FuncOp function);

/// Whether `op` multiplies pictures, or matrices with more than one dimension
/// of rows.
bool hasPixels(mlir::linalg::LinalgOp op);

/// The convolution of a kernel with pixels; `reason`: why there is none that
/// tensor maps can read.
llvm::FailureOr<Convolution> matchConvolution(mlir::func::FuncOp function,
                                              std::string &reason);

} // namespace orchestra::nvtile

#endif // ORCHESTRA_LIB_TARGET_NVIDIA_TILES_CONVOLUTIONKERNEL_H
