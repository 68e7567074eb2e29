//===- ImageFiles.cpp - Pictures in files ---------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// The pixels of a picture in a file: height x width x channels
LogicalResult lowerImageDecoder(Op &op) {
  const Data file = op.in(0);
  if (!op.expectType(file, file.type == ElementType::UInt8, "the file"))
    return failure();
  if (file.rank() != 1)
    return op.fail("shape-mismatch",
                   "ImageDecoder: the file must be a vector of bytes",
                   {"it is " + op.text(file.shape)});
  std::string format = op.stringAttr("pixel_format", "RGB");
  int64_t kind = format == "RGB" ? 0 : format == "BGR" ? 1 : 2;
  if (kind == 2 && format != "Grayscale")
    return op.fail("invalid-attribute",
                   "ImageDecoder: pixel_format is '" + format + "'");
  Value bytes = op.value(file);
  Data sizes = op.callHost("image_size", {bytes}, {Dim(2)}, ElementType::Int64);
  if (op.failed())
    return failure();
  Shape shape;
  for (int64_t i : {0, 1})
    shape.push_back(countedSize(
        op, tensor::ExtractOp::create(op.b, sizes.value,
                                      ValueRange(indexConstant(op, i)))));
  shape.push_back(Dim(kind == 2 ? 1 : 3));
  Value how = arith::ConstantOp::create(op.b, op.b.getI64IntegerAttr(kind));
  return op.set(
      0, op.callHost("image_decode", {bytes, how}, shape, ElementType::UInt8));
}

} // namespace

void addImageFiles(Table &table) {
  table.op("ImageDecoder", {20, "JPEG 2000; in loops and branches"},
           lowerImageDecoder);
}

} // namespace orchestra::onnx
