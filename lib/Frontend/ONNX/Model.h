//===- Model.h - An ONNX model without protobuf -----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the reader hands to the importer: plain structures, so that exceptions
// and protobuf stay in the reader's files. Names are unique per graph, nodes
// are sorted, functions are expanded, and attributes hold their defaults.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_MODEL_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_MODEL_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace orchestra::onnx {

/// ONNX's numbers of element types.
enum class ElementType : int {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
};

/// The name users know it by ("float", "int64"); "type 99" when unknown.
std::string elementTypeName(ElementType type);

/// Bits of one element in a file; 0 for strings and unknown types.
unsigned elementBits(ElementType type);
/// Whether a file has several elements in a byte.
inline bool isPacked(ElementType type) {
  unsigned bits = elementBits(type);
  return bits > 0 && bits < 8;
}

/// One finding, in the parts of the house form.
struct Problem {
  std::string slug;
  /// The user's node; empty: the model as a whole.
  std::string node;
  std::string message;
  std::vector<std::string> notes;
  std::string help;
  bool isWarning = false;
};

/// A constant. `bytes` may lie in a mapped file; `owner` keeps it there.
struct Tensor {
  ElementType type = ElementType::Undefined;
  std::vector<int64_t> dims;
  std::string_view bytes;
  std::shared_ptr<const void> owner;
  /// The elements instead of bytes, of strings.
  std::vector<std::string> strings;
};

struct DeclaredDim {
  int64_t size = -1; // -1: unknown
  std::string name;  // empty: unnamed
};

struct ValueType {
  /// Empty for tensors, else what it is ("sequence", "optional", "map", ...).
  std::string notTensor;
  /// Of what, for sequences and optionals.
  std::shared_ptr<const ValueType> items;
  ElementType type = ElementType::Undefined;
  bool hasRank = false;
  std::vector<DeclaredDim> dims;
};

struct Graph;

struct NodeAttribute {
  enum class Kind {
    Float,
    Int,
    String,
    Tensor,
    Graph,
    Floats,
    Ints,
    Strings,
    Other
  };
  Kind kind = Kind::Other;
  float f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::shared_ptr<Tensor> tensor;
  std::shared_ptr<Graph> graph;
};

struct Node {
  std::string domain; // "" for the standard one
  std::string op;
  /// The user's name; for a node without one, and for those that come from a
  /// function's body, a name made of it.
  std::string name;
  /// The schema's version of this op in the model's opset.
  int since = 0;
  std::vector<std::string> inputs; // "" where omitted
  std::vector<std::string> outputs;
  std::map<std::string, NodeAttribute> attributes;
  /// Why its schema has no body for a node like this, or "".
  std::string refusal;
};

struct NamedValue {
  std::string name;
  ValueType type;
};

struct Graph {
  std::string name;
  std::vector<NamedValue> inputs;
  std::vector<NamedValue> outputs;
  std::map<std::string, Tensor> initializers;
  std::vector<Node> nodes;
};

struct Model {
  Graph graph;
  /// Opset of the standard domain, after conversion, and as the file has it:
  /// conversion does not change what it has no sizes for.
  int opset = 0, givenOpset = 0;
};

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_MODEL_H
