//===- Pooling.cpp - Max, average and global pooling ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Spatial.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// A reduction over windows of an input that is padded already. Named ops where
/// linalg has them (two spatial dimensions, floats), else a generic.
Data reduceWindows(Op &op, const Data &input, llvm::ArrayRef<Window> windows,
                   Reduction kind) {
  Data result;
  result.type = input.type;
  result.shape = windowShape(input.shape[0], input.shape[1], windows);
  Value identity =
      arith::ConstantOp::create(op.b, identityOf(op, kind, input.type));
  Value init = filled(op, result.shape, input.type, identity);
  llvm::SmallVector<int64_t> kernel =
      llvm::map_to_vector(windows, [](const Window &w) { return w.kernel; });
  Shape kernelShape(kernel.begin(), kernel.end());
  Value window = op.empty(kernelShape, input.type);
  if (op.failed())
    return result;
  auto named = [&](auto tag) {
    return decltype(tag)::create(op.b, TypeRange{init.getType()},
                                 ValueRange{op.value(input), window},
                                 ValueRange{init},
                                 op.b.getI64VectorAttr(stridesOf(windows)),
                                 op.b.getI64VectorAttr(dilationsOf(windows)))
        .getResult(0);
  };
  if (windows.size() == 2 && isFloat(input.type)) {
    if (kind == Reduction::Max)
      result.value = named(linalg::PoolingNchwMaxOp());
    else
      result.value = named(linalg::PoolingNchwSumOp());
    return result;
  }
  unsigned spatial = windows.size(), count = 2 + 2 * spatial;
  MLIRContext *context = op.b.getContext();
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  llvm::SmallVector<AffineExpr> in{dim(0), dim(1)}, place, out{dim(0), dim(1)};
  for (unsigned i = 0; i < spatial; ++i) {
    in.push_back(dim(2 + i) * windows[i].stride +
                 dim(2 + spatial + i) * windows[i].dilation);
    place.push_back(dim(2 + spatial + i));
    out.push_back(dim(2 + i));
  }
  llvm::SmallVector<utils::IteratorType> loops(count,
                                               utils::IteratorType::reduction);
  std::fill_n(loops.begin(), 2 + spatial, utils::IteratorType::parallel);
  result.value =
      linalg::GenericOp::create(
          op.b, init.getType(), ValueRange{op.value(input), window}, init,
          llvm::ArrayRef<AffineMap>{AffineMap::get(count, 0, in, context),
                                    AffineMap::get(count, 0, place, context),
                                    AffineMap::get(count, 0, out, context)},
          loops,
          [&](OpBuilder &builder, Location loc, ValueRange v) {
            ImplicitLocOpBuilder b(loc, builder);
            linalg::YieldOp::create(b,
                                    combine(b, kind, input.type, v[2], v[0]));
          })
          .getResult(0);
  return result;
}

std::optional<Windows> poolWindows(Op &op, const Data &x) {
  if (op.failed())
    return std::nullopt;
  if (x.rank() < 3) {
    (void)op.fail("shape-mismatch",
                  op.node.op + ": X must have at least 3 dimensions",
                  {"X is " + op.text(x.shape)});
    return std::nullopt;
  }
  if (!op.hasAttr("kernel_shape")) {
    (void)op.fail("missing-attribute",
                  op.node.op + " lacks its attribute 'kernel_shape'");
    return std::nullopt;
  }
  auto kernel = op.intsAttr("kernel_shape");
  if (static_cast<int64_t>(kernel.size()) != x.rank() - 2) {
    (void)op.fail("invalid-attribute",
                  op.node.op + ": kernel_shape must have " +
                      std::to_string(x.rank() - 2) + " entries");
    return std::nullopt;
  }
  auto windows = readWindows(op, x, kernel);
  if (windows &&
      (!op.tensorType(windowShape(x.shape[0], x.shape[1], *windows), x.type) ||
       op.failed()))
    return std::nullopt;
  return windows;
}

/// Y[n, c, o] = max over the window; padding never wins.
LogicalResult lowerMaxPool(Op &op) {
  const Data &x = op.in(0);
  auto windows = poolWindows(op, x);
  if (!windows || !op.expectType(x, isFloat(x.type) || isInt(x.type), "X"))
    return failure();
  if (op.wants(1) &&
      failed(op.set(
          1, maxPlaces(op, x, *windows, op.intAttr("storage_order", 0) != 0))))
    return failure();
  Value lowest =
      arith::ConstantOp::create(op.b, identityOf(op, Reduction::Max, x.type));
  Data padded = padWindows(op, x, *windows, lowest);
  if (op.failed())
    return failure();
  return op.set(0, reduceWindows(op, padded, *windows, Reduction::Max));
}

/// How many elements of one dimension each window covers, padding counted or
/// not: one factor of the divisor of an average.
std::optional<Data> coverage(Op &op, const Dim &in, const Window &window,
                             bool countPadding, ElementType type) {
  auto size = in.constant(), low = window.low.constant(),
       high = window.high.constant(), out = window.out.constant();
  if (size && low && high && out) {
    int64_t first = countPadding ? -*low : 0;
    int64_t end = countPadding ? *size + *high : *size;
    llvm::SmallVector<float> counts;
    for (int64_t o = 0; o < *out; ++o) {
      int64_t count = 0, start = o * window.stride - *low;
      for (int64_t k = 0; k < window.kernel; ++k) {
        int64_t at = start + k * window.dilation;
        count += at >= first && at < end;
      }
      counts.push_back(static_cast<float>(count));
    }
    Data data;
    data.type = ElementType::Float;
    data.shape = {window.out};
    data.value = arith::ConstantOp::create(
        op.b,
        DenseElementsAttr::get(RankedTensorType::get({*out}, op.b.getF32Type()),
                               llvm::ArrayRef<float>(counts)));
    return convert(op, data, type);
  }
  if (window.dilation != 1) {
    (void)op.unsupported(
        "dilations and padding on a dimension of unknown size");
    return std::nullopt;
  }
  // min(start + kernel, end) - max(start, first)
  Location loc = op.b.getLoc();
  Value lowest = op.dims.materialize(
      countPadding ? Dim(0) - window.low : Dim(0), op.b, loc);
  Value end =
      op.dims.materialize(countPadding ? in + window.high : in, op.b, loc);
  Value before = op.dims.materialize(window.low, op.b, loc);
  Type element = op.elementType(type);
  return generate(
      op, window.out, type,
      [&](ImplicitLocOpBuilder &b, ValueRange index) -> Value {
        auto number = [&](int64_t n) {
          return arith::ConstantIndexOp::create(b, n).getResult();
        };
        Value start = arith::SubIOp::create(
            b, arith::MulIOp::create(b, index[0], number(window.stride)),
            before);
        Value stop = arith::AddIOp::create(b, start, number(window.kernel));
        Value count =
            arith::SubIOp::create(b, arith::MinSIOp::create(b, stop, end),
                                  arith::MaxSIOp::create(b, start, lowest));
        Value integer = arith::IndexCastOp::create(b, b.getI64Type(), count);
        return arith::SIToFPOp::create(b, element, integer);
      });
}

/// Y[n, c, o] = mean over the window, of what it covers of X or of X and its
/// padding (count_include_pad)
LogicalResult lowerAveragePool(Op &op) {
  const Data &x = op.in(0);
  auto windows = poolWindows(op, x);
  bool countPadding = op.intAttr("count_include_pad", 0) != 0;
  if (!windows || !op.expectType(x, isFloat(x.type), "X"))
    return failure();
  Value zero = scalar(op.b, op.elementType(x.type), 0);
  Data padded = padWindows(op, x, *windows, zero);
  if (op.failed())
    return failure();
  Data sum = reduceWindows(op, padded, *windows, Reduction::Sum);
  if (op.failed())
    return failure();
  // Dimensions whose windows are all full share one factor.
  double full = 1;
  llvm::SmallVector<Data> inputs{sum};
  for (const auto &[i, window] : llvm::enumerate(*windows)) {
    bool padless = window.low.is(0) && window.high.is(0);
    if (window.overhang.is(0) && (padless || countPadding)) {
      full *= static_cast<double>(window.kernel);
      continue;
    }
    auto count = coverage(op, x.shape[i + 2], window, countPadding, x.type);
    if (!count)
      return failure();
    Shape shape(windows->size() - i, Dim(1));
    shape[0] = window.out;
    inputs.push_back(reshape(op, *count, shape));
  }
  auto result = elementwise(
      op, inputs, x.type, [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
        Value divisor;
        for (Value factor : v.drop_front())
          divisor = divisor
                        ? arith::MulFOp::create(b, divisor, factor).getResult()
                        : factor;
        if (full != 1 || !divisor) {
          Value rest = scalar(b, v[0].getType(), full);
          divisor = divisor
                        ? arith::MulFOp::create(b, divisor, rest).getResult()
                        : rest;
        }
        return arith::DivFOp::create(b, v[0], divisor);
      });
  return result ? op.set(0, *result) : failure();
}

llvm::SmallVector<int64_t> spatialAxes(const Data &x) {
  llvm::SmallVector<int64_t> axes;
  for (int64_t i = 2; i < x.rank(); ++i)
    axes.push_back(i);
  return axes;
}

bool isImage(Op &op, const Data &x) {
  if (!op.expectType(x, isFloat(x.type), "X"))
    return false;
  if (x.rank() < 3)
    (void)op.fail("shape-mismatch",
                  op.node.op + ": X must have at least 3 dimensions",
                  {"X is " + op.text(x.shape)});
  return !op.failed();
}

LogicalResult lowerGlobalAveragePool(Op &op) {
  const Data &x = op.in(0);
  if (!isImage(op, x))
    return failure();
  auto axes = spatialAxes(x);
  Data sum = reduce(op, x, axes, /*keepDims=*/true, Reduction::Sum);
  auto result = elementwise(op, {sum, countOf(op, x, axes)}, x.type,
                            [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                              return arith::DivFOp::create(b, v[0], v[1]);
                            });
  return result ? op.set(0, *result) : failure();
}

/// |x|^p
Value power(ImplicitLocOpBuilder &b, Value x, int64_t p) {
  Value size = math::AbsFOp::create(b, x);
  if (p == 1)
    return size;
  if (p == 2)
    return arith::MulFOp::create(b, x, x);
  return math::PowFOp::create(b, size, scalarInt(b, x.getType(), p));
}

Value root(ImplicitLocOpBuilder &b, Value x, int64_t p) {
  if (p == 1)
    return x;
  if (p == 2)
    return math::SqrtOp::create(b, x);
  return math::PowFOp::create(
      b, x, scalar(b, x.getType(), 1.0 / static_cast<double>(p)));
}

/// (sum over the window of |x|^p)^(1/p)
LogicalResult lpPool(Op &op, bool isGlobal) {
  const Data &x = op.in(0);
  int64_t p = op.intAttr("p", 2);
  if (!isImage(op, x))
    return failure();
  if (p < 1)
    return op.fail("invalid-attribute", op.node.op + ": p must be positive");
  auto powers =
      elementwise(op, x, x.type, [&](ImplicitLocOpBuilder &b, ValueRange v) {
        return power(b, v[0], p);
      });
  if (!powers)
    return failure();
  Data sum;
  if (isGlobal) {
    sum = reduce(op, *powers, spatialAxes(x), true, Reduction::Sum);
  } else {
    auto windows = poolWindows(op, x);
    if (!windows)
      return failure();
    Value zero = scalar(op.b, op.elementType(x.type), 0);
    Data padded = padWindows(op, *powers, *windows, zero);
    if (op.failed())
      return failure();
    sum = reduceWindows(op, padded, *windows, Reduction::Sum);
  }
  auto result =
      elementwise(op, sum, x.type, [&](ImplicitLocOpBuilder &b, ValueRange v) {
        return root(b, v[0], p);
      });
  return result ? op.set(0, *result) : failure();
}
LogicalResult lowerLpPool(Op &op) { return lpPool(op, false); }
LogicalResult lowerGlobalLpPool(Op &op) { return lpPool(op, true); }

LogicalResult lowerGlobalMaxPool(Op &op) {
  const Data &x = op.in(0);
  if (!isImage(op, x))
    return failure();
  return op.set(0, reduce(op, x, spatialAxes(x), true, Reduction::Max));
}

} // namespace

void addPooling(Table &table) {
  table.op("MaxPool", {8}, lowerMaxPool);
  table.op("AveragePool", {7}, lowerAveragePool);
  table.op("GlobalAveragePool", {1}, lowerGlobalAveragePool);
  table.op("GlobalLpPool", {2}, lowerGlobalLpPool);
  table.op("LpPool", {2}, lowerLpPool);
  table.op("GlobalMaxPool", {1}, lowerGlobalMaxPool);
}

} // namespace orchestra::onnx
