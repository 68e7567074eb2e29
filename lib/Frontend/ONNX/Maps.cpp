//===- Maps.cpp - Scores with the names of their classes ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Converters of scikit-learn end a classifier with ZipMap: for each row a map
// from a class to its score. All rows have the same keys, so a program has two
// tensors for them, "NAME.keys" and "NAME.values"; who wants maps, such as the
// Python package's InferenceSession, makes them of these.
//
//===----------------------------------------------------------------------===//
#include "Classical.h"
#include "Sizes.h"
#include "Table.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// Rows as maps from labels to their elements
LogicalResult lowerZipMap(Op &op) {
  auto labels = labelsOf(op, "classlabels_int64s", "classlabels_strings");
  const Data &x = op.in(0);
  if (!labels || !op.expectType(x, x.type == ElementType::Float, "X"))
    return failure();
  if (x.rank() != 1 && x.rank() != 2)
    return op.fail("shape-mismatch", "ZipMap: X must have rows of scores",
                   {"X is " + op.text(x.shape)});
  const Dim &columns = x.shape.back(), &count = labels->shape[0];
  if (columns.constant() && !columns.is(*count.constant()))
    return op.fail("shape-mismatch",
                   "ZipMap: there is not one label for each score",
                   {"X is " + op.text(x.shape) + ", there are " +
                    op.text({count}) + " labels"});
  Data rows = x.rank() == 1 ? reshape(op, x, {Dim(1), x.shape[0]}) : x;
  rows = withShape(op, rows, {rows.shape[0], count}, "scores and labels");
  if (op.failed())
    return failure();
  Data maps;
  maps.type = x.type;
  maps.items = std::make_shared<const std::vector<Data>>(
      std::vector<Data>{*labels, rows});
  maps.isMaps = true;
  return op.set(0, std::move(maps));
}

} // namespace

void addMaps(Table &table) { table.op("ai.onnx.ml.ZipMap", {1}, lowerZipMap); }

} // namespace orchestra::onnx
