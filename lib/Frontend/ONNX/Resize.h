//===- Resize.h - What the two ways to resize share -------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_RESIZE_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_RESIZE_H

#include "Build.h"

namespace orchestra::onnx {

struct ResizeSettings {
  std::string mode, coordinates, nearest;
  double cubic;
  bool excludeOutside, antialias;
  bool crops() const { return coordinates == "tf_crop_and_resize"; }
};

/// For each result element along an axis, some input positions and weights:
/// out x taps, of i64 and f32. Without weights there is one position each.
struct TapTables {
  Dim out;
  mlir::Value positions, weights;
};

/// One axis to resize: sizes, and scalars of f64. The crop is from start to
/// end, in parts of the axis.
struct AxisPlan {
  Dim in, out;
  mlir::Value scale, start, end;
};

/// Reads sizes (or, without them, the node's scales) and the crop. Nothing
/// after a problem.
std::optional<llvm::SmallVector<AxisPlan>>
planResize(Op &op, const ResizeSettings &settings, llvm::ArrayRef<int64_t> axes,
           const std::optional<Contents> &sizes);

/// Tables that the program computes.
TapTables computeTables(Op &op, const ResizeSettings &settings,
                        const AxisPlan &plan);

/// Elements from outside of the image are extrapolation_value.
std::optional<Data> extrapolate(Op &op, const ResizeSettings &settings,
                                const Data &resized,
                                llvm::ArrayRef<int64_t> axes,
                                llvm::ArrayRef<AxisPlan> plans);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_RESIZE_H
