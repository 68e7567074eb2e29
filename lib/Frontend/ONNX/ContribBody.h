//===- ContribBody.h - Schemas with bodies of standard operators *- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_CONTRIBBODY_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_CONTRIBBODY_H

#include "ReaderProto.h"

#include "onnx/defs/function.h"

#include <cmath>

namespace orchestra::onnx {

/// Adds the operators of com.microsoft to the onnx library's registry, once.
void registerContribOperators();

namespace contrib {

/// The body of one node in the making, from its attributes and what is known of
/// its inputs.
class Body {
public:
  Body(const pb::FunctionBodyBuildContext &context, pb::FunctionProto &function)
      : context(context), function(function), builder(function) {}

  /// Adds nodes, as the onnx library's text format has them. True.
  bool add(const std::string &nodes) {
    builder.Add(nodes.c_str());
    return true;
  }
  /// Sets an attribute of the node added last.
  template <typename T>
  void attribute(const std::string &name, const T &value) {
    builder.AddAttributeToNode(name, value);
  }
  /// Passes the caller's attribute to the node added last, if it is given.
  void pass(const std::string &name);
  /// A scalar of the element type of the value `like`.
  void scalarLike(const std::string &name, float value,
                  const std::string &like);

  /// Tells the user what of this node is not supported, and with what it would
  /// be. False.
  bool refuse(const std::string &what);
  /// Whether an attribute is absent or has the one value that is supported;
  /// refuses the node if not.
  bool only(const std::string &name, int64_t value);
  /// Whether an attribute is given and at least 1; refuses the node if not.
  bool positive(const std::string &name);
  /// Whether an input's rank is one of these; refuses the node if not.
  bool rankIs(int input, const std::string &name,
              std::initializer_list<int> ranks);

  bool has(int input) const { return context.hasInput(input); }
  bool wants(int output) const { return context.hasOutput(output); }
  bool given(const std::string &attribute) const {
    return context.getAttribute(attribute) != nullptr;
  }
  /// `to` = `from`, the query of an attention, and its opposite if attribute
  /// scale is negative: the standard's operator takes a root of it.
  bool query(const std::string &from, const std::string &to);
  /// Sets the size of the scale of the attention added last, if it is given.
  void setScale();
  int64_t integer(const std::string &name, int64_t otherwise) const;
  float number(const std::string &name, float otherwise) const;
  std::string text(const std::string &name, const std::string &otherwise) const;
  std::vector<float> numbers(const std::string &name) const;
  std::vector<int64_t> integers(const std::string &name) const;
  /// The rank of an input, or -1 while it is not known.
  int rank(int input) const;
  /// The size of a dimension of an input, or -1 while it is not known.
  int64_t size(int input, int dim) const;
  /// The element type of an input, or 0 while it is not known.
  int elementType(int input) const;

private:
  const pb::FunctionBodyBuildContext &context;
  pb::FunctionProto &function;
  pb::FunctionBuilder builder;
};

/// Makes the body of a node; false leaves the node, which is then reported with
/// what it was refused for.
using MakeBody = std::function<bool(Body &)>;

void addDomain();
/// Adds an operator. Names of optional inputs and outputs end in '?', that of a
/// repeated last input in '*'; attributes are "name:type".
void add(const char *name, std::vector<const char *> inputs,
         std::vector<const char *> outputs,
         std::vector<const char *> attributes, MakeBody makeBody,
         const char *domain = "com.microsoft");

/// All that add() was called for, sorted.
std::vector<std::string> operatorNames();

void addAttention();
void addDecoder();
void addQuantized();

} // namespace contrib
} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_CONTRIBBODY_H
