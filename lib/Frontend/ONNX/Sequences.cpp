//===- Sequences.cpp - Sequences and optionals ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sequence is a list of values of the import: which items it has, and in what
// order, is known, so nothing of it is left in the program.
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"
#include "Table.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Items = std::vector<Data>;

Data sequence(ElementType type, Items items) {
  Data data;
  data.type = type;
  data.items = std::make_shared<const Items>(std::move(items));
  return data;
}

const Items *itemsOf(Op &op, unsigned index) {
  const Data &data = op.in(index);
  if (!op.failed() && !data.items)
    (void)op.fail("type-mismatch", op.node.op + ": input " +
                                       std::to_string(index) +
                                       " is no sequence");
  return op.failed() ? nullptr : data.items.get();
}

Data scalarOf(ElementType type, int64_t value) {
  Data data;
  data.type = type;
  data.contents = Contents{Dim(value)};
  return data;
}

/// A position in a sequence of this length, from the end if negative.
std::optional<int64_t> position(Op &op, unsigned index, int64_t length) {
  auto values = op.constantInts(index, "the position");
  if (!values)
    return std::nullopt;
  if (values->size() != 1 || (*values)[0] < -length || (*values)[0] >= length) {
    (void)op.fail("invalid-index", op.node.op + ": a position is out of range",
                  {"the sequence has " + std::to_string(length) + " items"});
    return std::nullopt;
  }
  return (*values)[0] < 0 ? (*values)[0] + length : (*values)[0];
}

LogicalResult lowerSequenceConstruct(Op &op) {
  Items items;
  for (unsigned i = 0; i < op.numInputs(); ++i) {
    if (i && !op.sameType(op.in(0), op.in(i)))
      return failure();
    items.push_back(op.in(i));
  }
  if (op.failed() || items.empty())
    return op.failed()
               ? failure()
               : op.fail("missing-input", "SequenceConstruct has no inputs");
  ElementType type = items[0].type;
  return op.set(0, sequence(type, std::move(items)));
}

LogicalResult lowerSequenceEmpty(Op &op) {
  return op.set(0,
                sequence(static_cast<ElementType>(op.intAttr("dtype", 1)), {}));
}

LogicalResult lowerSequenceInsert(Op &op) {
  const Items *given = itemsOf(op, 0);
  if (!given)
    return failure();
  const Data &item = op.in(1);
  if (!given->empty() && !op.sameType(given->front(), item))
    return failure();
  Items items(*given);
  auto length = static_cast<int64_t>(items.size());
  // One place more than there are items.
  std::optional<int64_t> at = length;
  if (op.has(2))
    at = position(op, 2, length + 1);
  if (!at || op.failed())
    return failure();
  if (op.has(2) && op.constantInts(2, "the position")->front() < 0)
    at = std::max<int64_t>(*at - 1, 0); // -1 is before the last item
  items.insert(items.begin() + *at, item);
  return op.set(0, sequence(item.type, std::move(items)));
}

LogicalResult lowerSequenceErase(Op &op) {
  const Items *given = itemsOf(op, 0);
  if (!given)
    return failure();
  Items items(*given);
  auto length = static_cast<int64_t>(items.size());
  std::optional<int64_t> at = length - 1;
  if (op.has(1))
    at = position(op, 1, length);
  else if (length == 0)
    return op.fail("invalid-index", "SequenceErase: the sequence is empty");
  if (!at)
    return failure();
  items.erase(items.begin() + *at);
  return op.set(0, sequence(op.in(0).type, std::move(items)));
}

LogicalResult lowerSequenceAt(Op &op) {
  const Items *items = itemsOf(op, 0);
  auto at = items ? position(op, 1, static_cast<int64_t>(items->size()))
                  : std::nullopt;
  return at ? op.set(0, (*items)[*at]) : failure();
}

LogicalResult lowerSequenceLength(Op &op) {
  const Items *items = itemsOf(op, 0);
  if (!items)
    return failure();
  return op.set(
      0, scalarOf(ElementType::Int64, static_cast<int64_t>(items->size())));
}

/// The items side by side, along an axis or a new one
LogicalResult lowerConcatFromSequence(Op &op) {
  const Items *items = itemsOf(op, 0);
  if (!items)
    return failure();
  if (items->empty())
    return op.unsupported("an empty sequence");
  bool isNew = op.intAttr("new_axis", 0) != 0;
  int64_t rank = items->front().rank();
  auto axis = op.axis(op.intAttr("axis"), rank + (isNew ? 1 : 0));
  if (!axis)
    return failure();
  llvm::SmallVector<Data> parts;
  for (const Data &item : *items) {
    if (item.rank() != rank)
      return op.fail("shape-mismatch",
                     "ConcatFromSequence: items differ in rank");
    for (int64_t i = 0; i < rank; ++i) {
      auto a = item.shape[i].constant(), b = items->front().shape[i].constant();
      if (a && b && *a != *b && (isNew || i != *axis))
        return op.fail("shape-mismatch",
                       "ConcatFromSequence: items differ in shape",
                       {"one is " + op.text(items->front().shape) +
                        ", another is " + op.text(item.shape)});
    }
    Shape shape = item.shape;
    if (isNew)
      shape.insert(shape.begin() + *axis, Dim(1));
    Data part = reshape(op, item, shape);
    part.value = op.value(part);
    part.contents.reset();
    part.constant = nullptr;
    if (!part.value)
      return failure();
    parts.push_back(part);
  }
  return op.set(0, concat(op, parts, *axis));
}

/// The sizes of the parts of SplitToSequence; the last input says them, or the
/// size of each.
std::optional<llvm::SmallVector<int64_t>> partSizes(Op &op, const Dim &whole) {
  auto size = whole.constant();
  llvm::SmallVector<int64_t> parts;
  if (!op.has(1) || op.in(1).rank() == 0) {
    int64_t each = 1;
    if (op.has(1)) {
      auto given = op.constantInts(1, "split");
      if (!given)
        return std::nullopt;
      each = given->front();
    }
    if (each < 1) {
      (void)op.fail("invalid-attribute",
                    "SplitToSequence: parts must have elements");
      return std::nullopt;
    }
    if (!size) {
      (void)op.unsupported("a dimension of unknown size");
      return std::nullopt;
    }
    for (int64_t at = 0; at < *size; at += each)
      parts.push_back(std::min(each, *size - at));
    return parts;
  }
  auto given = op.constantInts(1, "split");
  if (!given)
    return std::nullopt;
  int64_t total = 0;
  bool negative = false;
  for (int64_t part : *given) {
    total += part;
    negative |= part < 0;
  }
  if (negative || (size && total != *size)) {
    (void)op.fail("shape-mismatch", "SplitToSequence: the parts do not fit",
                  {"together they have " + std::to_string(total) +
                   " elements, the axis " + op.text({whole})});
    return std::nullopt;
  }
  requireEqual(op, whole, Dim(total), "the size of the axis and of the parts");
  return given;
}

/// Parts along an axis: of given sizes, of one size, or single elements
LogicalResult lowerSplitToSequence(Op &op) {
  const Data x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", 0), x.rank());
  auto parts = axis ? partSizes(op, x.shape[*axis]) : std::nullopt;
  if (!parts)
    return failure();
  bool keeps = op.has(1) || op.intAttr("keepdims", 1) != 0;
  Items items;
  Shape offsets(x.rank(), Dim(0)), sizes = x.shape;
  llvm::SmallVector<int64_t> steps(x.rank(), 1);
  for (int64_t part : *parts) {
    sizes[*axis] = Dim(part);
    Data item = slice(op, x, offsets, sizes, steps);
    offsets[*axis] = offsets[*axis] + Dim(part);
    if (!keeps) {
      Shape shape = sizes;
      shape.erase(shape.begin() + *axis);
      item = reshape(op, item, shape);
    }
    items.push_back(item);
  }
  return op.failed() ? failure()
                     : op.set(0, sequence(x.type, std::move(items)));
}

LogicalResult lowerOptional(Op &op) {
  if (op.has(0))
    return op.set(0, op.in(0));
  Data none;
  none.type = ElementType::Float;
  none.isAbsent = true;
  return op.set(0, none);
}

LogicalResult lowerOptionalHasElement(Op &op) {
  bool there = op.has(0) && !op.in(0).isAbsent;
  return op.set(0, scalarOf(ElementType::Bool, there));
}

LogicalResult lowerOptionalGetElement(Op &op) {
  const Data &given = op.in(0);
  if (given.isAbsent)
    return op.fail("missing-input",
                   "OptionalGetElement: the optional holds nothing");
  return op.set(0, given);
}

} // namespace

void addSequence(Table &table) {
  const char *places = "positions that are no constants";
  table.op("ConcatFromSequence", {11, "empty sequences"},
           lowerConcatFromSequence);
  table.op("Optional", {15}, lowerOptional);
  table.op("OptionalGetElement", {15}, lowerOptionalGetElement);
  table.op("OptionalHasElement", {15}, lowerOptionalHasElement);
  table.op("SequenceAt", {11, places, inputs(1)}, lowerSequenceAt);
  table.op("SequenceConstruct", {11}, lowerSequenceConstruct);
  table.op("SequenceEmpty", {11}, lowerSequenceEmpty);
  table.op("SequenceErase", {11, places, inputs(1)}, lowerSequenceErase);
  table.op("SequenceInsert", {11, places, inputs(2)}, lowerSequenceInsert);
  table.op("SequenceLength", {11}, lowerSequenceLength);
  table.op("SplitToSequence",
           {11, "sizes that are no constants; dimensions of unknown size",
            inputs(1)},
           lowerSplitToSequence);
}

} // namespace orchestra::onnx
