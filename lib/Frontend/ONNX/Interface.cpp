//===- Interface.cpp - A model's inputs and outputs -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program takes and gives tensors. An item of a sequence is one of its own,
// named "x.0", "x.1" and so on; an optional is one, or the items of one, or
// nothing. How many there are is part of what is compiled.
//
//===----------------------------------------------------------------------===//
#include "ImporterState.h"
#include "Narrow.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

/// The name of a type that its MLIR type does not tell.
static llvm::StringRef nameAtInterface(ElementType type) {
  switch (type) {
  case ElementType::String:
    return "string";
  case ElementType::UInt8:
    return "u8";
  case ElementType::UInt16:
    return "u16";
  case ElementType::UInt32:
    return "u32";
  case ElementType::UInt64:
    return "u64";
  case ElementType::Float8E4M3FN:
    return "f8e4m3fn";
  case ElementType::Float8E4M3FNUZ:
    return "f8e4m3fnuz";
  case ElementType::Float8E5M2:
    return "f8e5m2";
  case ElementType::Float8E5M2FNUZ:
    return "f8e5m2fnuz";
  case ElementType::Float8E8M0:
    return "f8e8m0";
  case ElementType::Float4E2M1:
    return "f4e2m1";
  case ElementType::Int4:
    return "i4";
  case ElementType::UInt4:
    return "u4";
  case ElementType::Int2:
    return "i2";
  case ElementType::UInt2:
    return "u2";
  default:
    return "";
  }
}

/// The attributes of an argument or result that the runtime shows to users.
static NamedAttrList interfaceAttrs(MLIRContext &context, llvm::StringRef name,
                                    llvm::ArrayRef<std::string> dimNames,
                                    ElementType type,
                                    llvm::ArrayRef<int64_t> sizes) {
  Builder b(&context);
  llvm::SmallVector<Attribute> names;
  for (const std::string &dim : dimNames)
    names.push_back(b.getStringAttr(dim));
  NamedAttrList attrs;
  attrs.set(kTensorNameAttrName, b.getStringAttr(name));
  attrs.set(kDimNamesAttrName, b.getArrayAttr(names));
  if (llvm::StringRef text = nameAtInterface(type); !text.empty())
    attrs.set(kElementTypeAttrName, b.getStringAttr(text));
  if (isPacked(type))
    attrs.set(kPackedDimsAttrName, b.getDenseI64ArrayAttr(sizes));
  return attrs;
}

/// A tensor.
std::optional<Data> Importer::addArgument(const std::string &name,
                                          const ValueType &type) {
  auto refuse = [&](const char *slug, const std::string &what) {
    addProblem({slug, "", "input '" + name + "' " + what, {}, ""});
    return std::nullopt;
  };
  Type element = elementType(type.type, &context);
  if (!type.notTensor.empty())
    return refuse("unsupported-type", "is a " + type.notTensor);
  if (!element)
    return refuse("unsupported-type",
                  "has the element type " + elementTypeName(type.type));
  // What is given knows more than what is declared.
  const GivenInput *given = nullptr;
  if (options.given)
    if (auto found = options.given->find(name); found != options.given->end())
      given = &found->second;
  std::vector<DeclaredDim> declared = type.dims;
  if (!type.hasRank) {
    if (!given)
      return refuse("unknown-rank", "has no shape");
    declared.clear();
    for (int64_t size : given->dims)
      declared.push_back({size, ""});
  }
  // How many numbers there are is as fixed as they are.
  bool fixed = options.fixShapes ||
               (given && given->values && sizeValues.contains(name));
  if (given && fixed && given->dims.size() == declared.size())
    for (const auto &[dim, size] : llvm::zip(declared, given->dims))
      if (dim.size < 0)
        dim = {size, ""};
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<std::string> names;
  bool huge = false;
  int64_t elements = 1;
  for (const DeclaredDim &dim : declared) {
    // Negative sizes say "unknown" in some exporters' files; they do not in
    // the specification.
    huge |= dim.size < -1 ||
            (dim.size > 0 && llvm::MulOverflow(elements, dim.size, elements)) ||
            elements > (int64_t(1) << 38);
    sizes.push_back(dim.size < 0 ? ShapedType::kDynamic : dim.size);
    names.push_back(dim.size < 0 ? dim.name : "");
  }
  if (huge)
    return refuse("invalid-shape", "has a shape that no tensor can have");
  if (isPacked(type.type) && ShapedType::isDynamicShape(sizes))
    return refuse("unsupported-type", "has the element type " +
                                          elementTypeName(type.type) +
                                          " and a shape that is not known");
  Location loc = locationOf(name);
  Block &entry = function.getBody().front();
  auto stored = RankedTensorType::get(
      isPacked(type.type) ? packedShape(sizes, type.type) : sizes, element);
  Value argument = entry.addArgument(stored, loc);
  argumentAttrs.push_back(interfaceAttrs(context, name, names, type.type, sizes)
                              .getDictionary(&context));
  Data data;
  data.type = type.type;
  data.value = argument;
  if (isPacked(type.type)) {
    Node place;
    place.name = name;
    Op op(*this, place, loc);
    op.b.setInsertionPointToEnd(&entry);
    data.value = unpack(op, argument, sizes, type.type).value;
  }
  for (const auto &[axis, size] : llvm::enumerate(sizes)) {
    if (!ShapedType::isDynamic(size)) {
      data.shape.push_back(Dim(size));
      continue;
    }
    bool isNew = names[axis].empty() || !dims.isName(names[axis]);
    Value dim;
    if (isNew)
      dim = tensor::DimOp::create(builder, loc, argument, axis);
    data.shape.push_back(names[axis].empty() ? dims.create("", dim, true)
                                             : dims.named(names[axis], dim));
  }
  if (!sizeValues.contains(name))
    return data;
  if (given && given->values)
    data.contents = fixContents(data, *given, loc);
  else
    data.contents = readContents(data, loc);
  return data;
}

/// A sequence: its items, as many as are given.
std::optional<Data> Importer::importItems(const std::string &name,
                                          const ValueType &type) {
  if (!options.given) {
    addProblem({"needs-inputs",
                "",
                "input '" + name +
                    "' is a sequence, and how many items it "
                    "has must be known at compile time",
                {},
                "compile it for the inputs of a run: --inputs=FILE.npz, in "
                "which the items are '" +
                    name + ".0' and so on"});
    return std::nullopt;
  }
  // Sizes of one name may differ from item to item.
  ValueType unnamed = *type.items;
  for (DeclaredDim &dim : unnamed.dims)
    dim.name.clear();
  std::vector<Data> items;
  for (size_t i = 0;; ++i) {
    std::string item = name + "." + std::to_string(i);
    if (!options.given->count(item))
      break;
    auto data = addArgument(item, unnamed);
    if (!data)
      return std::nullopt;
    items.push_back(std::move(*data));
  }
  Data data;
  data.type = type.items->type;
  data.items = std::make_shared<const std::vector<Data>>(std::move(items));
  return data;
}

std::optional<Data> Importer::importOptional(const std::string &name,
                                             const ValueType &type) {
  const ValueType &inner = *type.items;
  if (options.given &&
      options.given->count(inner.notTensor.empty() ? name : name + ".0"))
    return importInput(name, inner);
  if (!options.given) {
    addProblem({"needs-inputs",
                "",
                "input '" + name +
                    "' is an optional, and whether it is there "
                    "must be known at compile time",
                {},
                "compile it for the inputs of a run: --inputs=FILE.npz"});
    return std::nullopt;
  }
  Data none;
  none.type = inner.type;
  none.isAbsent = true;
  return none;
}

std::optional<Data> Importer::importInput(const std::string &name,
                                          const ValueType &type) {
  if (type.notTensor == "sequence" && type.items->notTensor.empty())
    return importItems(name, type);
  if (type.notTensor == "optional" && type.items->notTensor != "optional")
    return importOptional(name, type);
  return addArgument(name, type);
}

bool Importer::importInputs() {
  size_t before = problems.size();
  for (const NamedValue &input : model.graph.inputs) {
    if (auto data = importInput(input.name, input.type))
      define(input.name, std::move(*data));
    else
      poisoned.insert(input.name);
  }
  function.setFunctionType(FunctionType::get(
      &context, function.getBody().front().getArgumentTypes(), {}));
  function.setAllArgAttrs(argumentAttrs);
  return problems.size() == before;
}

/// A tensor, the items of a sequence, or nothing.
void Importer::importOutput(const std::string &name, const ValueType &type,
                            const Data &data) {
  auto refuse = [&](const char *slug, const std::string &what) {
    addProblem({slug, "", "output '" + name + "' " + what, {}, ""});
  };
  if (type.notTensor == "optional" && type.items) {
    if (!data.isAbsent)
      importOutput(name, *type.items, data);
    return;
  }
  if (data.items && (type.notTensor == "sequence" || type.notTensor.empty())) {
    static const ValueType unknown;
    for (const auto &[i, item] : llvm::enumerate(*data.items))
      importOutput(name + "." + std::to_string(i),
                   type.items ? *type.items : unknown, item);
    return;
  }
  if (data.items || data.isAbsent || !type.notTensor.empty())
    return refuse("unsupported-type",
                  "is a " +
                      (type.notTensor.empty() ? "sequence" : type.notTensor));
  if (type.type != ElementType::Undefined && type.type != data.type)
    return refuse("type-mismatch",
                  "is declared as " + elementTypeName(type.type) +
                      " but computed as " + elementTypeName(data.type));
  Node place;
  place.name = name;
  Op op(*this, place, locationOf(name));
  op.b.setInsertionPointToEnd(&function.getBody().front());
  Value value = op.value(data);
  if (!value)
    return;
  auto shape = cast<RankedTensorType>(value.getType());
  if (isPacked(data.type)) {
    if (!shape.hasStaticShape())
      return refuse("unsupported-type", "has the element type " +
                                            elementTypeName(data.type) +
                                            " and a shape that is not known");
    value = pack(op, data).value;
  }
  llvm::SmallVector<std::string> names;
  for (const auto &[axis, dim] : llvm::enumerate(data.shape)) {
    // "past + 1", or what the model calls it where it has no name here.
    std::string text = dim.constant() ? "" : dims.text(dim);
    if (llvm::StringRef(text).contains('?'))
      text = axis < type.dims.size() && !dims.isName(type.dims[axis].name)
                 ? type.dims[axis].name
                 : "";
    names.push_back(text);
  }
  results.push_back(value);
  resultAttrs.push_back(
      interfaceAttrs(context, name, names, data.type, shape.getShape())
          .getDictionary(&context));
}

bool Importer::importOutputs() {
  for (const NamedValue &output : model.graph.outputs) {
    const Data *data =
        poisoned.contains(output.name) ? nullptr : lookup(output.name);
    if (data)
      importOutput(output.name, output.type, *data);
    else if (problems.empty())
      addProblem({"undefined-value",
                  "",
                  "the output '" + output.name + "' is not computed",
                  {},
                  ""});
  }
  if (!problems.empty())
    return false;
  builder.setInsertionPointToEnd(&function.getBody().front());
  func::ReturnOp::create(builder, fileLocation(), results);
  function.setFunctionType(FunctionType::get(
      &context, function.getArgumentTypes(), ValueRange(results).getTypes()));
  for (const auto &[index, dict] : llvm::enumerate(resultAttrs))
    function.setResultAttrs(index, dict);
  return true;
}

} // namespace orchestra::onnx
