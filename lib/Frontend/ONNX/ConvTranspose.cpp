//===- ConvTranspose.cpp - Convolutions turned around ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The input with stride - 1 zeros between its elements, padded, convolved with
// the mirrored filter: an ordinary convolution, which strategies know.
//
//===----------------------------------------------------------------------===//
#include "Spatial.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

struct Axis {
  int64_t in, kernel, stride, dilation, low, high, extra, out;
};

/// Sizes and paddings of the spatial dimensions; pads follow from output_shape
/// or auto_pad where those are given.
std::optional<llvm::SmallVector<Axis>>
readAxes(Op &op, const Data &x, llvm::ArrayRef<int64_t> kernel) {
  size_t rank = kernel.size();
  llvm::SmallVector<int64_t> ones(rank, 1), none(2 * rank, 0);
  auto strides = op.intsAttr("strides", ones);
  auto dilations = op.intsAttr("dilations", ones);
  auto pads = op.intsAttr("pads", none);
  auto extra =
      op.intsAttr("output_padding", llvm::ArrayRef(none).take_front(rank));
  auto shape = op.intsAttr("output_shape");
  std::string autoPad = op.stringAttr("auto_pad", "NOTSET");
  if (op.failed())
    return std::nullopt;
  bool bad = strides.size() != rank || dilations.size() != rank ||
             pads.size() != 2 * rank || extra.size() != rank ||
             (!shape.empty() && shape.size() != rank) ||
             (autoPad != "NOTSET" && autoPad != "VALID" &&
              autoPad != "SAME_UPPER" && autoPad != "SAME_LOWER");
  llvm::SmallVector<Axis> axes;
  constexpr int64_t kLimit = int64_t(1) << 31;
  for (size_t i = 0; i < rank && !bad; ++i) {
    auto in = x.shape[i + 2].constant();
    if (!in) {
      (void)op.unsupported("a spatial dimension of unknown size");
      return std::nullopt;
    }
    Axis axis{*in,     kernel[i],      strides[i], dilations[i],
              pads[i], pads[rank + i], extra[i],   0};
    for (int64_t value : {axis.in, axis.kernel, axis.stride, axis.dilation})
      bad |= value < 1 || value > kLimit;
    for (int64_t value : {axis.low, axis.high, axis.extra})
      bad |= value < 0 || value > kLimit;
    if (bad)
      break;
    int64_t full =
        (axis.in - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1;
    bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
    if (!shape.empty() || same) {
      axis.out = shape.empty() ? axis.in * axis.stride : shape[i];
      int64_t total = full + axis.extra - axis.out;
      bad |= axis.out < 1 || axis.out > kLimit;
      int64_t half = total / 2;
      axis.low = autoPad == "SAME_UPPER" ? half : total - half;
      axis.high = total - axis.low;
      if (total < 0) { // more is asked for than there is: zeros at the end
        axis.low = 0;
        axis.high = total;
      }
    } else {
      axis.out = full + axis.extra - axis.low - axis.high;
    }
    bad |= axis.out < 1;
    axes.push_back(axis);
  }
  if (bad) {
    (void)op.fail("invalid-attribute",
                  "ConvTranspose: strides, dilations, pads, output_padding or "
                  "output_shape do not fit the input",
                  {"X is " + op.text(x.shape)});
    return std::nullopt;
  }
  return axes;
}

/// The input with zeros between its elements.
Data spread(Op &op, const Data &x, llvm::ArrayRef<Axis> axes) {
  Data result;
  result.type = x.type;
  result.shape = {x.shape[0], x.shape[1]};
  llvm::SmallVector<OpFoldResult> offsets(x.rank(), op.b.getIndexAttr(0));
  llvm::SmallVector<OpFoldResult> strides(2, op.b.getIndexAttr(1));
  bool spreads = false;
  for (const Axis &axis : axes) {
    result.shape.push_back(Dim((axis.in - 1) * axis.stride + 1));
    strides.push_back(op.b.getIndexAttr(axis.stride));
    spreads |= axis.stride > 1 && axis.in > 1;
  }
  if (!spreads)
    return x;
  Value init = zeros(op, result.shape, x.type);
  if (!op.failed())
    result.value = tensor::InsertSliceOp::create(
        op.b, op.value(x), init, offsets, op.sizes(x.shape), strides);
  return result;
}

/// C x F/g x kernel, mirrored, as F x C/g x kernel.
Data mirrored(Op &op, const Data &w, int64_t groups) {
  Dim inPart(*w.shape[0].constant() / groups), outPart = w.shape[1];
  Shape shape{Dim(groups) * outPart, inPart};
  shape.append(w.shape.begin() + 2, w.shape.end());
  Value source = op.value(w);
  int64_t outCount = *outPart.constant(), inCount = *inPart.constant();
  return generate(
      op, shape, w.type, [&](ImplicitLocOpBuilder &b, ValueRange index) {
        auto number = [&](int64_t n) {
          return arith::ConstantIndexOp::create(b, n).getResult();
        };
        Value filters = number(outCount);
        Value group = arith::DivUIOp::create(b, index[0], filters);
        Value filter = arith::RemUIOp::create(b, index[0], filters);
        Value start = arith::MulIOp::create(b, group, number(inCount));
        llvm::SmallVector<Value> at{arith::AddIOp::create(b, start, index[1]),
                                    filter};
        for (size_t i = 2; i < shape.size(); ++i)
          at.push_back(arith::SubIOp::create(
              b, number(*shape[i].constant() - 1), index[i]));
        return tensor::ExtractOp::create(b, source, at).getResult();
      });
}

LogicalResult lowerConvTranspose(Op &op) {
  const Data &x = op.in(0), &w = op.in(1);
  if (!op.sameType(x, w) || !op.expectType(x, isFloat(x.type), "X"))
    return failure();
  if (x.rank() < 3 || w.rank() != x.rank())
    return op.fail("shape-mismatch",
                   "ConvTranspose: X and W must have the same rank of at "
                   "least 3",
                   {"X is " + op.text(x.shape) + ", W is " + op.text(w.shape)});
  int64_t groups = op.intAttr("group", 1);
  llvm::SmallVector<int64_t> kernel;
  auto channels = w.shape[0].constant();
  for (int64_t i = 1; i < w.rank(); ++i)
    if (auto size = w.shape[i].constant())
      kernel.push_back(*size);
  if (!channels || static_cast<int64_t>(kernel.size()) != w.rank() - 1 ||
      !x.shape[1].constant())
    return op.unsupported("channels or a filter of unknown size");
  kernel.erase(kernel.begin());
  if (groups < 1 || *channels % groups != 0 || x.shape[1] != w.shape[0])
    return op.fail("shape-mismatch", "ConvTranspose: channels do not agree",
                   {"X is " + op.text(x.shape) + ", W is " + op.text(w.shape) +
                    ", group is " + std::to_string(groups)});
  auto axes = readAxes(op, x, kernel);
  if (!axes)
    return failure();
  ElementType type = elementBits(x.type) < 32 ? ElementType::Float : x.type;
  Shape low(2, Dim(0)), high(2, Dim(0)), offsets(2, Dim(0));
  Windows windows;
  Shape resultShape{x.shape[0], Dim(groups) * w.shape[1]};
  for (const Axis &axis : *axes) {
    resultShape.push_back(Dim(axis.out));
    // Padding may cut: what is negative is sliced away first.
    int64_t reach = (axis.kernel - 1) * axis.dilation;
    low.push_back(Dim(reach - axis.low));
    high.push_back(Dim(reach - axis.high + axis.extra));
    windows.push_back(
        {axis.kernel, 1, axis.dilation, Dim(0), Dim(0), Dim(0), Dim(axis.out)});
  }
  if (!op.tensorType(resultShape, x.type) || op.failed())
    return failure();
  Data input = spread(op, x, *axes);
  Shape kept = input.shape;
  bool cuts = false;
  for (size_t i = 2; i < low.size(); ++i) {
    int64_t cutLow = std::max<int64_t>(-*low[i].constant(), 0);
    int64_t cutHigh = std::max<int64_t>(-*high[i].constant(), 0);
    offsets.push_back(Dim(cutLow));
    kept[i] = kept[i] - Dim(cutLow + cutHigh);
    if (*kept[i].constant() < 0)
      return op.unsupported("padding that is larger than the result");
    low[i] = low[i] + Dim(cutLow);
    high[i] = high[i] + Dim(cutHigh);
    cuts |= cutLow || cutHigh;
  }
  if (cuts)
    input = slice(op, input, offsets, kept,
                  llvm::SmallVector<int64_t>(x.rank(), 1));
  Value zero = scalar(op.b, op.elementType(x.type), 0);
  Data padded = pad(op, input, low, high, zero);
  Data filter = mirrored(op, w, groups);
  if (op.failed())
    return failure();
  auto narrow =
      convert(op, convolve(op, padded, filter, groups, type, windows), x.type);
  auto result = narrow ? addBias(op, *narrow, 2) : std::nullopt;
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addConvTranspose(Table &table) {
  table.op("ConvTranspose", {1, "sizes that are not known"},
           lowerConvTranspose);
}

} // namespace orchestra::onnx
