//===- Interface.cpp - A model's inputs and outputs -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A complex input or output is a real one with a last dimension of two: the
// real and the imaginary part, which is how complex numbers lie in memory.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {

static llvm::StringRef nameOfType(Type element) {
  if (!element.isUnsignedInteger())
    return "";
  switch (element.getIntOrFloatBitWidth()) {
  case 8:
    return "u8";
  case 16:
    return "u16";
  case 32:
    return "u32";
  default:
    return "u64";
  }
}

/// `dimNames` of the leading dimensions; others have none.
static DictionaryAttr interfaceAttrs(MLIRContext *context, llvm::StringRef name,
                                     Type element, int64_t rank,
                                     ArrayRef<Attribute> dimNames = {}) {
  Builder b(context);
  NamedAttrList attrs;
  attrs.set(kTensorNameAttrName, b.getStringAttr(name));
  SmallVector<Attribute> names(dimNames.take_front(rank));
  names.resize(rank, b.getStringAttr(""));
  attrs.set(kDimNamesAttrName, b.getArrayAttr(names));
  if (llvm::StringRef text = nameOfType(element); !text.empty())
    attrs.set(kElementTypeAttrName, b.getStringAttr(text));
  return attrs.getDictionary(context);
}

/// What the file calls it, made different from all before.
static std::string uniqueName(std::string name, const std::string &fallback,
                              llvm::StringSet<> &used) {
  if (name.empty() || used.contains(name))
    name = fallback;
  while (!used.insert(name).second)
    name += "_";
  return name;
}

static std::string argumentName(func::FuncOp function, BlockArgument argument) {
  if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                        kTensorNameAttrName))
    return name.str();
  if (auto name = dyn_cast<NameLoc>(argument.getLoc()))
    return name.getName().str();
  return "";
}

static std::string resultName(func::FuncOp function, unsigned index) {
  for (llvm::StringRef key : {"orchestra.name", "jax.result_info"})
    if (auto name = function.getResultAttrOfType<StringAttr>(index, key)) {
      llvm::StringRef text = name.getValue();
      text.consume_front("result");
      text.consume_front(".");
      if (!text.empty() && llvm::all_of(text, [](char c) {
            return llvm::isAlnum(c) || c == '_' || c == '.';
          }))
        return text.str();
    }
  return "";
}

/// Names of an argument's dimensions, one for each, or none at all.
static ArrayRef<Attribute> dimNamesOf(func::FuncOp function, unsigned index,
                                      RankedTensorType type) {
  auto names = function.getArgAttrOfType<ArrayAttr>(index, kDimNamesAttrName);
  bool valid = names && int64_t(names.size()) == type.getRank() &&
               llvm::all_of(names, llvm::IsaPred<StringAttr>);
  return valid ? names.getValue() : ArrayRef<Attribute>();
}

/// One part of the complex numbers of an argument.
static Value extractPart(ImplicitLocOpBuilder &b, Value argument,
                         int64_t part) {
  SmallVector<OpFoldResult> sizes = sizesOf(b, argument), offsets, strides;
  for (size_t i = 0; i < sizes.size(); ++i) {
    offsets.push_back(b.getIndexAttr(0));
    strides.push_back(b.getIndexAttr(1));
  }
  offsets.back() = b.getIndexAttr(part);
  sizes.back() = b.getIndexAttr(1);
  Value slice =
      tensor::ExtractSliceOp::create(b, argument, offsets, sizes, strides);
  sizes.pop_back();
  return reshape(b, slice, sizes);
}

/// Both parts, one beside the other.
static Value joinParts(ImplicitLocOpBuilder &b, const Data &data) {
  SmallVector<OpFoldResult> sizes = sizesOf(b, data.value);
  sizes.push_back(b.getIndexAttr(2));
  Type part = storedType(data.element);
  auto made = generate(
      b, sizes, part,
      [&](ImplicitLocOpBuilder &inner, ArrayRef<Num> index) -> Elements {
        Element both = at(inner, data, index.drop_back());
        Value first = index.back() == indexNum(inner, 0);
        return {{part,
                 arith::SelectOp::create(inner, first, both.value, both.imag),
                 nullptr}};
      });
  return made.front().value;
}

bool Importer::importEntry(func::FuncOp entry, func::FuncOp function) {
  Block &body = function.getBody().front();
  ImplicitLocOpBuilder b(entry.getLoc(), &context);
  b.setInsertionPointToEnd(&body);
  SmallVector<DictionaryAttr> argumentAttrs, resultAttrs;
  llvm::StringSet<> used, usedResults, usedDims;
  for (BlockArgument argument : entry.getArguments()) {
    unsigned index = argument.getArgNumber();
    std::string fallback = "arg";
    fallback += std::to_string(index);
    std::string name =
        uniqueName(argumentName(entry, argument), fallback, used);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    Type stored = type ? storedType(type.getElementType()) : Type();
    if (!stored) {
      std::string text;
      llvm::raw_string_ostream(text) << argument.getType();
      (void)fail(entry, "unsupported-type",
                 "input '" + name + "' has the type " + text);
      continue;
    }
    SmallVector<int64_t> shape(type.getShape());
    auto given = options.shapes.find(name);
    if (given != options.shapes.end() && given->second.size() == shape.size())
      for (auto [size, fixed] : llvm::zip_equal(shape, given->second))
        if (ShapedType::isDynamic(size))
          size = fixed;
    ArrayRef<Attribute> dimNames = dimNamesOf(entry, index, type);
    for (auto [size, dim] : llvm::zip(shape, dimNames)) {
      auto fixed = options.dims.find(cast<StringAttr>(dim).str());
      if (fixed == options.dims.end())
        continue;
      usedDims.insert(fixed->first);
      if (ShapedType::isDynamic(size))
        size = fixed->second;
    }
    bool isComplex = isa<ComplexType>(type.getElementType());
    if (isComplex)
      shape.push_back(2);
    Value value =
        body.addArgument(RankedTensorType::get(shape, stored),
                         NameLoc::get(b.getStringAttr(name), entry.getLoc()));
    argumentAttrs.push_back(interfaceAttrs(
        &context, name, type.getElementType(), shape.size(), dimNames));
    Data data;
    data.element = type.getElementType();
    data.value = value;
    if (isComplex) {
      data.value = extractPart(b, value, 0);
      data.imag = extractPart(b, value, 1);
    }
    values[argument] = data;
  }
  for (const auto &[name, size] : options.dims) {
    if (!usedDims.contains(name))
      (void)fail(source, "unknown-dimension",
                 "no input has a dimension named '" + name + "'");
    if (size < 0)
      (void)fail(source, "unknown-dimension",
                 "dimension '" + name + "' cannot be " + llvm::Twine(size));
  }
  stack.push_back(entry.getName());
  auto results = importBlock(entry.getBody().front(), b);
  if (!results || hasFailed())
    return false;
  b.setLoc(entry.getLoc());
  SmallVector<Value> outputs;
  auto addOutput = [&](const Data &data, const std::string &name) {
    Value value = data.isComplex() ? joinParts(b, data) : data.value;
    outputs.push_back(value);
    resultAttrs.push_back(
        interfaceAttrs(&context, name, data.element,
                       cast<RankedTensorType>(value.getType()).getRank()));
  };
  for (auto [i, data] : llvm::enumerate(*results)) {
    std::string fallback = "result";
    fallback += std::to_string(i);
    std::string name = uniqueName(resultName(entry, i), fallback, usedResults);
    if (data.value)
      addOutput(data, name);
    for (auto [j, item] : llvm::enumerate(data.items))
      if (item.value)
        addOutput(item,
                  uniqueName("", name + "." + std::to_string(j), usedResults));
  }
  func::ReturnOp::create(b, outputs);
  function.setFunctionType(FunctionType::get(&context, body.getArgumentTypes(),
                                             TypeRange(ValueRange(outputs))));
  function.setAllArgAttrs(argumentAttrs);
  function.setAllResultAttrs(resultAttrs);
  return true;
}

} // namespace orchestra::stablehlo::frontend
