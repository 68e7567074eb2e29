//===- Spatial.cpp - Windows over spatial dimensions ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Spatial.h"
#include "Sizes.h"

using namespace mlir;

namespace orchestra::onnx {

/// Windows of more elements than this are no networks'.
constexpr int64_t kMaxWindow = int64_t(1) << 31;

static Dim apply(Op &op, DimSymbols::Op kind, const Dim &a, const Dim &b) {
  return op.dims.apply(kind, a, b, op.b, op.b.getLoc());
}

/// Total padding so that out = ceil(in / stride).
static Dim samePadding(Op &op, const Dim &in, const Window &window) {
  Dim steps = apply(op, DimSymbols::Op::Div, in + Dim(window.stride - 1),
                    Dim(window.stride));
  Dim needed = (steps - Dim(1)) * Dim(window.stride) + Dim(window.reach()) - in;
  return apply(op, DimSymbols::Op::Max, needed, Dim(0));
}

std::optional<Windows> readWindows(Op &op, const Data &input,
                                   llvm::ArrayRef<int64_t> kernel) {
  size_t rank = kernel.size();
  auto strides = op.intsAttr("strides", llvm::SmallVector<int64_t>(rank, 1));
  auto dilations =
      op.intsAttr("dilations", llvm::SmallVector<int64_t>(rank, 1));
  std::string autoPad = op.stringAttr("auto_pad", "NOTSET");
  auto pads = op.intsAttr("pads", llvm::SmallVector<int64_t>(2 * rank, 0));
  bool ceilMode = op.intAttr("ceil_mode", 0) != 0;
  if (op.failed())
    return std::nullopt;
  auto refuse = [&](const std::string &what) -> std::optional<Windows> {
    (void)op.fail("invalid-attribute", op.node.op + ": " + what);
    return std::nullopt;
  };
  if (strides.size() != rank || dilations.size() != rank ||
      pads.size() != 2 * rank)
    return refuse("strides, dilations, pads must have an entry (pads: two) for "
                  "each of the " +
                  std::to_string(rank) + " spatial dimensions");
  if (autoPad != "NOTSET" && autoPad != "VALID" && autoPad != "SAME_UPPER" &&
      autoPad != "SAME_LOWER")
    return refuse("auto_pad is '" + autoPad + "'");
  Windows windows;
  for (size_t i = 0; i < rank; ++i) {
    Window window{kernel[i], strides[i], dilations[i], Dim(),
                  Dim(),     Dim(),      Dim()};
    if (window.kernel < 1 || window.stride < 1 || window.dilation < 1 ||
        window.kernel > kMaxWindow || window.stride > kMaxWindow ||
        window.dilation > kMaxWindow || pads[i] < -kMaxWindow ||
        pads[i] > kMaxWindow || pads[rank + i] < -kMaxWindow ||
        pads[rank + i] > kMaxWindow)
      return refuse("kernel sizes, strides and dilations must be positive, and "
                    "all below 2^31");
    if (pads[i] < 0 || pads[rank + i] < 0)
      return refuse("pads must not be negative");
    const Dim &in = input.shape[i + 2];
    if (autoPad == "NOTSET") {
      window.low = Dim(pads[i]);
      window.high = Dim(pads[rank + i]);
    } else if (autoPad != "VALID") {
      Dim total = samePadding(op, in, window);
      Dim half = apply(op, DimSymbols::Op::Div, total, Dim(2));
      window.low = autoPad == "SAME_UPPER" ? half : total - half;
      window.high = total - window.low;
    }
    Dim room = in + window.low + window.high - Dim(window.reach());
    if (room.constant() && *room.constant() < 0) {
      (void)op.fail("shape-mismatch",
                    op.node.op + ": the window is larger than the input",
                    {"dimension " + std::to_string(i + 2) + " is " +
                     op.dims.text(in + window.low + window.high) +
                     " with its padding, the window reaches over " +
                     std::to_string(window.reach())});
      return std::nullopt;
    }
    if (!room.constant())
      op.require(compareSizes(op, arith::CmpIPredicate::sge, room, Dim(0)),
                 "the window, which reaches over " +
                     std::to_string(window.reach()) +
                     ", is larger than the input's " + op.dims.text(in));
    Dim stride(window.stride);
    Dim steps = apply(op, DimSymbols::Op::Div,
                      ceilMode ? room + stride - Dim(1) : room, stride);
    window.out = steps + Dim(1);
    if (ceilMode) {
      // The last window must begin inside the input or its low padding.
      Dim last = steps * stride, first = in + window.low;
      if (last.constant() && first.constant()) {
        if (*last.constant() >= *first.constant())
          window.out = steps;
      } else {
        window.out =
            choose(op, compareSizes(op, arith::CmpIPredicate::sge, last, first),
                   steps, steps + Dim(1));
      }
      Dim end = (window.out - Dim(1)) * stride + Dim(window.reach());
      Dim have = in + window.low + window.high;
      window.overhang = apply(op, DimSymbols::Op::Max, end - have, Dim(0));
    }
    windows.push_back(window);
  }
  return windows;
}

Data padWindows(Op &op, const Data &input, llvm::ArrayRef<Window> windows,
                Value value) {
  Shape low(2, Dim(0)), high(2, Dim(0));
  for (const Window &window : windows) {
    low.push_back(window.low);
    high.push_back(window.high + window.overhang);
  }
  return pad(op, input, low, high, value);
}

Shape windowShape(const Dim &batch, const Dim &channels,
                  llvm::ArrayRef<Window> windows) {
  Shape shape{batch, channels};
  for (const Window &window : windows)
    shape.push_back(window.out);
  return shape;
}

llvm::SmallVector<int64_t> stridesOf(llvm::ArrayRef<Window> windows) {
  return llvm::map_to_vector(windows, [](const Window &w) { return w.stride; });
}

llvm::SmallVector<int64_t> dilationsOf(llvm::ArrayRef<Window> windows) {
  return llvm::map_to_vector(windows,
                             [](const Window &w) { return w.dilation; });
}

} // namespace orchestra::onnx
