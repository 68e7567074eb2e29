//===- ContribBody.cpp - Schemas with bodies of standard operators --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ContribBody.h"

#include <set>

using namespace orchestra::onnx;
using contrib::Body;
using Schema = pb::OpSchema;

static constexpr const char *kDomain = "com.microsoft";

void Body::pass(const std::string &name) {
  if (const pb::AttributeProto *value = context.getAttribute(name))
    *function.mutable_node(function.node_size() - 1)->add_attribute() = *value;
}

void Body::scalarLike(const std::string &name, float value,
                      const std::string &like) {
  builder.Const(name + "_f32", value);
  add(name + " = CastLike (" + name + "_f32, " + like + ")");
}

bool Body::refuse(const std::string &what) {
  // Where the reader looks for it: there is no other way out of a builder.
  function.set_doc_string(what);
  return false;
}

bool Body::only(const std::string &name, int64_t value) {
  int64_t given = integer(name, value);
  return given == value ||
         refuse("attribute '" + name + "' is " + std::to_string(given) +
                ", but only " + std::to_string(value) + " is supported");
}

bool Body::positive(const std::string &name) {
  if (integer(name, 0) > 0)
    return true;
  return refuse(given(name) ? "attribute '" + name + "' is " +
                                  std::to_string(integer(name, 0)) +
                                  ", but must be at least 1"
                            : "attribute '" + name + "' is missing");
}

bool Body::rankIs(int input, const std::string &name,
                  std::initializer_list<int> ranks) {
  int given = rank(input);
  std::string list;
  for (int each : ranks) {
    if (each == given)
      return true;
    list += (list.empty() ? "" : " or ") + std::to_string(each);
  }
  return refuse("the rank of '" + name + "' is " +
                (given < 0 ? "not known" : std::to_string(given)) +
                ", but must be " + list);
}

bool Body::query(const std::string &from, const std::string &to) {
  return add(to + (number("scale", 0) < 0 ? " = Neg (" : " = Identity (") +
             from + ")");
}

void Body::setScale() {
  if (float scale = number("scale", 0))
    attribute("scale", std::fabs(scale));
}

int64_t Body::integer(const std::string &name, int64_t otherwise) const {
  const pb::AttributeProto *value = context.getAttribute(name);
  return value && value->has_i() ? value->i() : otherwise;
}

float Body::number(const std::string &name, float otherwise) const {
  const pb::AttributeProto *value = context.getAttribute(name);
  return value && value->has_f() ? value->f() : otherwise;
}

std::string Body::text(const std::string &name,
                       const std::string &otherwise) const {
  const pb::AttributeProto *value = context.getAttribute(name);
  return value && value->has_s() ? value->s() : otherwise;
}

std::vector<float> Body::numbers(const std::string &name) const {
  const pb::AttributeProto *value = context.getAttribute(name);
  return value ? std::vector<float>(value->floats().begin(),
                                    value->floats().end())
               : std::vector<float>();
}

std::vector<int64_t> Body::integers(const std::string &name) const {
  const pb::AttributeProto *value = context.getAttribute(name);
  return value
             ? std::vector<int64_t>(value->ints().begin(), value->ints().end())
             : std::vector<int64_t>();
}

int Body::rank(int input) const {
  const pb::TypeProto *type = context.getInputType(input);
  return type && type->has_tensor_type() && type->tensor_type().has_shape()
             ? type->tensor_type().shape().dim_size()
             : -1;
}

int64_t Body::size(int input, int dim) const {
  int dims = rank(input);
  if (dim < 0)
    dim += dims;
  if (dim < 0 || dim >= dims)
    return -1;
  const auto &known =
      context.getInputType(input)->tensor_type().shape().dim(dim);
  return known.has_dim_value() ? known.dim_value() : -1;
}

int Body::elementType(int input) const {
  const pb::TypeProto *type = context.getInputType(input);
  return type && type->has_tensor_type() ? type->tensor_type().elem_type() : 0;
}

void contrib::addDomain() {
  auto &versions = pb::OpSchemaRegistry::DomainToVersionRange::Instance();
  if (!versions.Map().count(kDomain))
    versions.AddDomainToVersion(kDomain, 1, 1);
}

static std::set<std::string> &allNames() {
  static std::set<std::string> names;
  return names;
}

std::vector<std::string> contrib::operatorNames() {
  return {allNames().begin(), allNames().end()};
}

static pb::AttributeProto::AttributeType typeOf(const std::string &name) {
  return name == "int"       ? pb::AttributeProto::INT
         : name == "ints"    ? pb::AttributeProto::INTS
         : name == "float"   ? pb::AttributeProto::FLOAT
         : name == "floats"  ? pb::AttributeProto::FLOATS
         : name == "strings" ? pb::AttributeProto::STRINGS
                             : pb::AttributeProto::STRING;
}

void contrib::add(const char *name, std::vector<const char *> inputs,
                  std::vector<const char *> outputs,
                  std::vector<const char *> attributes, MakeBody makeBody,
                  const char *domain) {
  allNames().insert((*domain ? domain + std::string(".") : "") + name);
  Schema schema(name, __FILE__, __LINE__);
  schema.SetDomain(domain).SinceVersion(1);
  // Inputs may be of any types, each of its own: the body's operators check.
  auto formal = [&](const char *spelled, int index, bool input) {
    std::string word = spelled;
    Schema::FormalParameterOption option = Schema::Single;
    if (word.back() == '?' || word.back() == '*') {
      option = word.back() == '?' ? Schema::Optional : Schema::Variadic;
      word.pop_back();
    }
    std::string type = (input ? "TI" : "TO") + std::to_string(index);
    if (input)
      schema.Input(index, word, "", type, option, /*is_homogeneous=*/false);
    else
      schema.Output(index, word, "", type, option);
    schema.TypeConstraint(type, Schema::all_tensor_types_ir10(), "");
  };
  for (size_t i = 0; i < inputs.size(); ++i)
    formal(inputs[i], int(i), true);
  for (size_t i = 0; i < outputs.size(); ++i)
    formal(outputs[i], int(i), false);
  for (const char *attribute : attributes) {
    std::string word = attribute;
    size_t colon = word.find(':');
    schema.Attr(word.substr(0, colon), "", typeOf(word.substr(colon + 1)),
                /*required=*/false);
  }
  schema.SetContextDependentFunctionBodyBuilder(
      [makeBody = std::move(makeBody)](
          const pb::FunctionBodyBuildContext &context, const Schema &schema,
          pb::FunctionProto &function) {
        Body body(context, function);
        if (!makeBody(body))
          return false;
        schema.BuildFunction(function);
        return true;
      });
  pb::RegisterSchema(std::move(schema), 1, /*fail_duplicate_schema=*/false,
                     /*fail_with_exception=*/true);
}
