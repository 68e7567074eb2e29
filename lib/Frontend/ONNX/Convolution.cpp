//===- Convolution.cpp - Conv ---------------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Padding is a tensor.pad of its own, the product a named op where linalg has
// one, the bias an elementwise addition: strategies fuse them.
//
//===----------------------------------------------------------------------===//
#include "Spatial.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

DenseIntElementsAttr vectorAttr(Op &op, llvm::ArrayRef<int64_t> values) {
  return op.b.getI64VectorAttr(values);
}

template <typename Named>
Value named(Op &op, Value input, Value filter, Value init,
            llvm::ArrayRef<Window> windows) {
  return Named::create(op.b, TypeRange{init.getType()},
                       ValueRange{input, filter}, ValueRange{init},
                       vectorAttr(op, stridesOf(windows)),
                       vectorAttr(op, dilationsOf(windows)))
      .getResult(0);
}

/// Input N x G x C x in, filter G x F x C x kernel, result N x G x F x out, for
/// the ranks that have no named op.
Value genericConvolution(Op &op, Value input, Value filter, Value init,
                         ElementType type, llvm::ArrayRef<Window> windows) {
  MLIRContext *context = op.b.getContext();
  unsigned spatial = windows.size(), count = 4 + 2 * spatial;
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  // n, g, f, out..., c, kernel...
  unsigned c = 3 + spatial;
  llvm::SmallVector<AffineExpr> in{dim(0), dim(1), dim(c)};
  llvm::SmallVector<AffineExpr> weights{dim(1), dim(2), dim(c)};
  llvm::SmallVector<AffineExpr> out{dim(0), dim(1), dim(2)};
  for (unsigned i = 0; i < spatial; ++i) {
    in.push_back(dim(3 + i) * windows[i].stride +
                 dim(c + 1 + i) * windows[i].dilation);
    weights.push_back(dim(c + 1 + i));
    out.push_back(dim(3 + i));
  }
  llvm::SmallVector<utils::IteratorType> loops(count,
                                               utils::IteratorType::reduction);
  std::fill_n(loops.begin(), c, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             op.b, init.getType(), ValueRange{input, filter}, init,
             llvm::ArrayRef<AffineMap>{
                 AffineMap::get(count, 0, in, context),
                 AffineMap::get(count, 0, weights, context),
                 AffineMap::get(count, 0, out, context)},
             loops,
             [&](OpBuilder &builder, Location loc, ValueRange v) {
               ImplicitLocOpBuilder b(loc, builder);
               Value x = v[0], y = v[1];
               if (x.getType() != v[2].getType()) {
                 x = arith::ExtFOp::create(b, v[2].getType(), x);
                 y = arith::ExtFOp::create(b, v[2].getType(), y);
               }
               Value xy = combine(b, Reduction::Prod, type, x, y);
               linalg::YieldOp::create(
                   b, combine(b, Reduction::Sum, type, v[2], xy));
             })
      .getResult(0);
}

Data depthwise(Op &op, const Data &x, const Data &w, ElementType type,
               llvm::ArrayRef<Window> windows) {
  Shape filter{w.shape[0], w.shape[2], w.shape[3]};
  Data result;
  result.type = type;
  result.shape = windowShape(x.shape[0], w.shape[0], windows);
  result.value = named<linalg::DepthwiseConv2DNchwChwOp>(
      op, op.value(x), op.value(reshape(op, w, filter)),
      zeros(op, result.shape, type), windows);
  return result;
}

Data grouped(Op &op, const Data &x, const Data &w, int64_t groups,
             ElementType type, llvm::ArrayRef<Window> windows) {
  auto split = [&](const Shape &shape, unsigned axis) {
    Shape result(shape);
    result[axis] = Dim(*shape[axis].constant() / groups);
    result.insert(result.begin() + axis, Dim(groups));
    return result;
  };
  Data input = reshape(op, x, split(x.shape, 1));
  Data filter = reshape(op, w, split(w.shape, 0));
  Data result;
  result.type = type;
  Shape flat = windowShape(x.shape[0], w.shape[0], windows);
  result.shape = split(flat, 1);
  Value init = zeros(op, result.shape, type);
  result.value = windows.size() == 2
                     ? named<linalg::Conv2DNgchwGfchwOp>(
                           op, op.value(input), op.value(filter), init, windows)
                     : genericConvolution(op, op.value(input), op.value(filter),
                                          init, type, windows);
  return reshape(op, result, flat);
}

Data plain(Op &op, const Data &x, const Data &w, ElementType type,
           llvm::ArrayRef<Window> windows) {
  Data result;
  result.type = type;
  result.shape = windowShape(x.shape[0], w.shape[0], windows);
  Value init = zeros(op, result.shape, type);
  Value input = op.value(x), filter = op.value(w);
  if (windows.size() == 1)
    result.value =
        named<linalg::Conv1DNcwFcwOp>(op, input, filter, init, windows);
  else if (windows.size() == 2)
    result.value =
        named<linalg::Conv2DNchwFchwOp>(op, input, filter, init, windows);
  else
    result.value =
        named<linalg::Conv3DNcdhwFcdhwOp>(op, input, filter, init, windows);
  return result;
}

} // namespace

Data convolve(Op &op, const Data &x, const Data &w, int64_t groups,
              ElementType type, llvm::ArrayRef<Window> windows) {
  if (x.shape[1].is(groups) && w.shape[0].is(groups) && windows.size() == 2 &&
      groups > 1)
    return depthwise(op, x, w, type, windows);
  if (groups > 1 || windows.size() > 3)
    return grouped(op, x, w, groups, type, windows);
  return plain(op, x, w, type, windows);
}

std::optional<Data> addBias(Op &op, const Data &x, unsigned index) {
  if (!op.has(index))
    return x;
  const Data &bias = op.in(index);
  if (!op.sameType(x, bias))
    return std::nullopt;
  if (bias.rank() != 1 ||
      (bias.shape[0].constant() && bias.shape[0] != x.shape[1])) {
    (void)op.fail("shape-mismatch",
                  op.node.op + ": the bias does not fit the filters",
                  {"the result is " + op.text(x.shape) + ", B is " +
                   op.text(bias.shape)});
    return std::nullopt;
  }
  Shape column(x.rank() - 1, Dim(1));
  column[0] = x.shape[1];
  return elementwise(op, {x, reshape(op, bias, column)}, x.type,
                     [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                       return arith::AddFOp::create(b, v[0], v[1]);
                     });
}

namespace {

/// Y[n, f, o] = sum over c, k of X[n, c, o * stride + k * dilation - pad] *
/// W[f, c, k] + B[f]
LogicalResult lowerConv(Op &op) {
  const Data &x = op.in(0), &w = op.in(1);
  if (!op.sameType(x, w) || !op.expectType(x, isFloat(x.type), "X"))
    return failure();
  int64_t spatial = x.rank() - 2;
  if (spatial < 1 || w.rank() != x.rank())
    return op.fail("shape-mismatch",
                   "Conv: X and W must have the same rank of at least 3",
                   {"X is " + op.text(x.shape) + ", W is " + op.text(w.shape)});
  int64_t groups = op.intAttr("group", 1);
  auto channels = x.shape[1].constant(), filters = w.shape[0].constant(),
       depth = w.shape[1].constant();
  llvm::SmallVector<int64_t> kernel;
  for (int64_t i = 0; i < spatial; ++i)
    if (auto size = w.shape[i + 2].constant())
      kernel.push_back(*size);
  if (!channels || !filters || !depth ||
      static_cast<int64_t>(kernel.size()) != spatial)
    return op.unsupported("channels or a filter of unknown size");
  if (groups < 1 || *filters % groups != 0)
    return op.fail(
        "invalid-attribute", "Conv: group must divide the number of filters",
        {"group is " + std::to_string(groups) + ", W is " + op.text(w.shape)});
  if (*depth * groups != *channels)
    return op.fail("shape-mismatch", "Conv: channels do not agree",
                   {"X is " + op.text(x.shape) + ", W is " + op.text(w.shape) +
                    ", group is " + std::to_string(groups) +
                    "; dimension 1 of X must equal dimension 1 of W times "
                    "group"});
  auto declared = op.intsAttr("kernel_shape", kernel);
  if (llvm::ArrayRef<int64_t>(declared) != llvm::ArrayRef<int64_t>(kernel))
    return op.fail("invalid-attribute", "Conv: kernel_shape is not W's",
                   {"W is " + op.text(w.shape)});
  auto windows = readWindows(op, x, kernel);
  if (!windows ||
      !op.tensorType(windowShape(x.shape[0], w.shape[0], *windows), x.type) ||
      op.failed())
    return failure();
  ElementType type = elementBits(x.type) < 32 ? ElementType::Float : x.type;
  Value zero = scalar(op.b, op.elementType(x.type), 0);
  Data padded = padWindows(op, x, *windows, zero);
  if (op.failed())
    return failure();
  Data product = convolve(op, padded, w, groups, type, *windows);
  if (op.failed())
    return failure();
  auto narrow = convert(op, product, x.type);
  auto result = narrow ? addBias(op, *narrow, 2) : std::nullopt;
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addConvolution(Table &table) {
  table.op("Conv", {1, "channels and kernels of unknown size"}, lowerConv);
}

} // namespace orchestra::onnx
