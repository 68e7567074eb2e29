//===- Op.cpp - The binder: inputs, attributes, outputs of a node ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ImporterState.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace mlir;

namespace orchestra::onnx {

/// Sizes are computed at import for integer tensors up to this many elements.
constexpr int64_t kMaxContents = 64;
/// More elements than any machine holds: a damaged or hostile file.
constexpr int64_t kMaxElements = int64_t(1) << 38;

Op::Op(Importer &importer, const Node &node, Location loc)
    : importer(importer), node(node), b(loc, loc.getContext()),
      dims(importer.dims) {}

LogicalResult Op::fail(llvm::StringRef slug, const llvm::Twine &message,
                       std::vector<std::string> notes, llvm::StringRef help) {
  if (!hasFailed)
    importer.addProblem(
        {slug.str(), node.name, message.str(), std::move(notes), help.str()});
  hasFailed = true;
  return failure();
}

LogicalResult Op::needsInputs(const llvm::Twine &what) {
  return fail("needs-inputs",
              node.op + ": " + what + " must be known at compile time",
              {"it follows from values of inputs"},
              "compile it for the inputs of a run: --inputs=FILE.npz");
}

LogicalResult Op::unsupported(const llvm::Twine &what) {
  return fail("unsupported-form", node.op + ": " + what,
              {"version " + std::to_string(node.since) + " of the operator"});
}

bool Op::has(unsigned index) const {
  return index < node.inputs.size() && !node.inputs[index].empty();
}

const Data &Op::in(unsigned index) {
  static const Data none;
  if (!has(index)) {
    (void)fail("missing-input",
               node.op + " lacks its input " + llvm::Twine(index));
    return none;
  }
  return *importer.lookup(node.inputs[index]);
}

Value Op::value(const Data &data) {
  if (data.value)
    return data.value;
  Type element = elementType(data.type);
  if (data.constant) {
    if (element)
      return importer.constantValue(*data.constant, data.name);
    return nullptr;
  }
  auto type = tensorType(data.shape, data.type);
  if (!data.contents || !type)
    return nullptr;
  llvm::SmallVector<llvm::APInt> constants;
  for (const Dim &dim : *data.contents)
    if (auto constant = dim.constant(); constant && !isFloat(data.type))
      constants.emplace_back(type.getElementTypeBitWidth(), *constant,
                             /*isSigned=*/true, /*implicitTrunc=*/true);
  if (constants.size() == data.contents->size() && !isFloat(data.type))
    return arith::ConstantOp::create(b,
                                     DenseElementsAttr::get(type, constants));
  llvm::SmallVector<Value> elements;
  for (const Dim &dim : *data.contents) {
    Value size = dims.materialize(dim, b, b.getLoc());
    if (isFloat(data.type)) {
      size = arith::IndexCastOp::create(b, b.getI64Type(), size);
      size = arith::SIToFPOp::create(b, element, size);
    } else {
      size = arith::IndexCastOp::create(b, element, size);
    }
    elements.push_back(size);
  }
  return tensor::FromElementsOp::create(b, type, elements);
}

static int64_t readInt(const Tensor &tensor, int64_t index) {
  switch (tensor.type) {
  case ElementType::Int32: {
    int32_t value;
    std::memcpy(&value, tensor.bytes.data() + index * 4, 4);
    return value;
  }
  case ElementType::Int64: {
    int64_t value;
    std::memcpy(&value, tensor.bytes.data() + index * 8, 8);
    return value;
  }
  default:
    return tensor.bytes[index] != 0;
  }
}

static bool hasContents(ElementType type) {
  return type == ElementType::Int32 || type == ElementType::Int64 ||
         type == ElementType::Bool;
}

std::optional<Contents> Op::contents(const Data &data) {
  if (data.contents)
    return data.contents;
  if (!data.constant || !hasContents(data.type))
    return std::nullopt;
  int64_t count = data.constant->bytes.size() * 8 / elementBits(data.type);
  if (count > kMaxContents)
    return std::nullopt;
  Contents contents;
  for (int64_t i = 0; i < count; ++i)
    contents.push_back(Dim(readInt(*data.constant, i)));
  return contents;
}

std::optional<llvm::SmallVector<int64_t>>
Op::constantInts(unsigned index, llvm::StringRef what) {
  const Data &data = in(index);
  if (hasFailed)
    return std::nullopt;
  std::optional<Contents> known = contents(data);
  llvm::SmallVector<int64_t> values;
  for (const Dim &dim : known ? *known : Contents())
    if (auto constant = dim.constant())
      values.push_back(*constant);
  if (known && values.size() != known->size()) {
    (void)needsInputs(what);
    return std::nullopt;
  }
  if (!known) {
    (void)unsupported(what + " must be known at compile time");
    return std::nullopt;
  }
  return values;
}

std::optional<double> Op::constantFloat(const Data &data) {
  if (!data.constant || !isFloat(data.type) ||
      data.constant->bytes.size() * 8 != elementBits(data.type))
    return std::nullopt;
  auto type = cast<FloatType>(elementType(data.type));
  uint64_t bits = 0;
  std::memcpy(&bits, data.constant->bytes.data(), data.constant->bytes.size());
  llvm::APFloat value(type.getFloatSemantics(),
                      llvm::APInt(type.getWidth(), bits));
  bool lost;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &lost);
  return value.convertToDouble();
}

bool Op::expectType(const Data &data, bool allowed, llvm::StringRef what) {
  if (hasFailed)
    return false;
  if (!allowed)
    (void)fail("type-mismatch", node.op + ": " + what +
                                    " has the element type " +
                                    elementTypeName(data.type));
  return allowed;
}

bool Op::sameType(const Data &a, const Data &b) {
  if (hasFailed)
    return false;
  if (a.type != b.type)
    (void)fail("type-mismatch", node.op + ": element types do not agree",
               {"they are " + elementTypeName(a.type) + " and " +
                elementTypeName(b.type)});
  return a.type == b.type;
}

bool Op::hasAttr(llvm::StringRef name) const {
  return node.attributes.count(name.str());
}

const NodeAttribute *Op::attribute(llvm::StringRef name,
                                   NodeAttribute::Kind kind, bool required) {
  auto found = node.attributes.find(name.str());
  if (found == node.attributes.end()) {
    if (required)
      (void)fail("missing-attribute",
                 node.op + " lacks its attribute '" + name + "'");
    return nullptr;
  }
  if (found->second.kind != kind) {
    (void)fail("invalid-attribute",
               node.op + ": the attribute '" + name + "' is of the wrong type");
    return nullptr;
  }
  return &found->second;
}

int64_t Op::intAttr(llvm::StringRef name, std::optional<int64_t> fallback) {
  auto *value = attribute(name, NodeAttribute::Kind::Int, !fallback);
  return value ? value->i : fallback.value_or(0);
}

float Op::floatAttr(llvm::StringRef name, std::optional<float> fallback) {
  auto *value = attribute(name, NodeAttribute::Kind::Float, !fallback);
  return value ? value->f : fallback.value_or(0);
}

std::string Op::stringAttr(llvm::StringRef name, llvm::StringRef fallback) {
  auto *value = attribute(name, NodeAttribute::Kind::String, false);
  return value ? value->s : fallback.str();
}

llvm::SmallVector<int64_t> Op::intsAttr(llvm::StringRef name,
                                        llvm::ArrayRef<int64_t> fallback) {
  auto *value = attribute(name, NodeAttribute::Kind::Ints, false);
  return llvm::SmallVector<int64_t>(value ? llvm::ArrayRef<int64_t>(value->ints)
                                          : fallback);
}

llvm::SmallVector<float> Op::floatsAttr(llvm::StringRef name) {
  auto *value = attribute(name, NodeAttribute::Kind::Floats, false);
  return value ? llvm::SmallVector<float>(value->floats.begin(),
                                          value->floats.end())
               : llvm::SmallVector<float>();
}

std::vector<std::string> Op::stringsAttr(llvm::StringRef name) {
  auto *value = attribute(name, NodeAttribute::Kind::Strings, false);
  return value ? value->strings : std::vector<std::string>();
}

const Tensor *Op::tensorAttr(llvm::StringRef name) {
  auto *value = attribute(name, NodeAttribute::Kind::Tensor, false);
  return value ? value->tensor.get() : nullptr;
}

const Graph *Op::graphAttr(llvm::StringRef name) {
  auto *value = attribute(name, NodeAttribute::Kind::Graph, true);
  return value ? value->graph.get() : nullptr;
}

std::optional<int64_t> Op::axis(int64_t value, int64_t rank,
                                llvm::StringRef what) {
  if (hasFailed)
    return std::nullopt;
  if (value < -rank || value >= rank) {
    (void)fail("invalid-attribute", node.op + ": " + what + " is out of range",
               {"it is " + std::to_string(value) + "; the tensor has " +
                std::to_string(rank) + " dimensions"});
    return std::nullopt;
  }
  return value < 0 ? value + rank : value;
}

std::optional<llvm::SmallVector<int64_t>>
Op::axes(llvm::ArrayRef<int64_t> values, int64_t rank, llvm::StringRef what) {
  llvm::SmallVector<int64_t> result;
  for (int64_t value : values) {
    auto one = axis(value, rank, what);
    if (!one)
      return std::nullopt;
    result.push_back(*one);
  }
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) {
    (void)fail("invalid-attribute",
               node.op + ": " + what + " name a dimension twice");
    return std::nullopt;
  }
  return result;
}

LogicalResult Op::set(unsigned index, Data data) {
  if (hasFailed)
    return failure();
  if (!tensorType(data.shape, data.type))
    return failure();
  if (wants(index))
    importer.define(node.outputs[index], std::move(data));
  return success();
}

Type Op::elementType(ElementType type) {
  Type result = orchestra::onnx::elementType(type, b.getContext());
  if (!result)
    (void)fail("unsupported-type", node.op + ": the element type " +
                                       elementTypeName(type) +
                                       " is not supported");
  return result;
}

RankedTensorType Op::tensorType(llvm::ArrayRef<Dim> shape, ElementType type) {
  Type element = elementType(type);
  if (!element)
    return nullptr;
  llvm::SmallVector<int64_t> sizes;
  int64_t count = 1;
  bool bad = false;
  for (const Dim &dim : shape) {
    auto size = dim.constant();
    sizes.push_back(size.value_or(ShapedType::kDynamic));
    bad |= size && (*size < 0 || *size > kMaxElements);
    if (size && *size > 0 && !bad)
      bad = llvm::MulOverflow(count, *size, count) || count > kMaxElements;
  }
  if (bad) {
    (void)fail("invalid-shape",
               node.op + ": a result has a shape that no tensor can have",
               {"the shape is " + text(shape)});
    return RankedTensorType::get(llvm::SmallVector<int64_t>(shape.size(), 1),
                                 element);
  }
  guard(shape);
  return RankedTensorType::get(sizes, element);
}

void Op::guard(llvm::ArrayRef<Dim> shape) {
  if (llvm::none_of(shape,
                    [&](const Dim &dim) { return dims.isFromValues(dim); }) ||
      !importer.mustGuard(shape))
    return;
  OpBuilder::InsertionGuard guard(b);
  dims.hoist(b, dims.depth(shape));
  // In f64, which does not overflow.
  auto compare = [&](arith::CmpFPredicate order, Value x, double y) -> Value {
    Value bound = arith::ConstantOp::create(b, b.getF64FloatAttr(y));
    return arith::CmpFOp::create(b, order, x, bound);
  };
  Value good, count;
  for (const Dim &dim : shape) {
    Value size = dims.materializeDouble(dim, b, b.getLoc());
    Value least = compare(arith::CmpFPredicate::OGE, size, 0);
    Value most = compare(arith::CmpFPredicate::OLE, size, kMaxElements);
    Value both = arith::AndIOp::create(b, least, most);
    good = good ? arith::AndIOp::create(b, good, both).getResult() : both;
    count = count ? arith::MulFOp::create(b, count, size).getResult() : size;
  }
  Value fits = compare(arith::CmpFPredicate::OLE, count, kMaxElements);
  require(arith::AndIOp::create(b, good, fits),
          "the values of inputs give a shape that no tensor can have");
}

void Op::require(Value condition, const llvm::Twine &message) {
  if (dims.inRegion() && b.getBlock()->getParentOp() == nullptr) {
    (void)unsupported("a condition that each round of a loop has to test");
    return;
  }
  cf::AssertOp::create(b, condition,
                       (node.name + ": " + node.op + ": " + message).str());
}

bool Op::isHostValue(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def) // an input of the model, not a state of a loop
    return isa_and_nonnull<func::FuncOp>(
        cast<BlockArgument>(value).getOwner()->getParentOp());
  if (isa<tensor::CastOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp>(def))
    return isHostValue(def->getOperand(0));
  return isa<arith::ConstantOp, tensor::FromElementsOp>(def);
}

llvm::SmallVector<Value> Op::dynamicSizes(llvm::ArrayRef<Dim> shape) {
  llvm::SmallVector<Value> values;
  for (const Dim &dim : shape)
    if (!dim.constant())
      values.push_back(dims.materialize(dim, b, b.getLoc()));
  return values;
}

llvm::SmallVector<OpFoldResult> Op::sizes(llvm::ArrayRef<Dim> shape) {
  llvm::SmallVector<OpFoldResult> result;
  for (const Dim &dim : shape)
    result.push_back(dims.fold(dim, b, b.getLoc()));
  return result;
}

Value Op::empty(llvm::ArrayRef<Dim> shape, ElementType type) {
  auto tensor = tensorType(shape, type);
  if (!tensor || hasFailed)
    tensor = RankedTensorType::get(llvm::SmallVector<int64_t>(shape.size(), 1),
                                   b.getF32Type());
  if (hasFailed)
    return tensor::EmptyOp::create(b, tensor, ValueRange());
  return tensor::EmptyOp::create(b, tensor, dynamicSizes(shape));
}

} // namespace orchestra::onnx
