//===- ReaderExpand.cpp - Expands the functions of the schemas ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Many operators are defined by a body of simpler ones. Those that the importer
// does not lower itself are replaced by their bodies, one level everywhere,
// then types are inferred again for the bodies that depend on them. The
// library's own inliner is not used: it throws on omitted inputs, ignores
// default attributes and loses types inside subgraphs.
//
//===----------------------------------------------------------------------===//
#include "ReaderProto.h"

#include "onnx/shape_inference/implementation.h"

#include <unordered_map>

using namespace orchestra::onnx;

static constexpr const char *kRefusalKey = "orchestra.refusal";

void orchestra::onnx::setRefusal(pb::NodeProto &node, const std::string &why) {
  node.clear_metadata_props();
  if (why.empty())
    return;
  pb::StringStringEntryProto *entry = node.add_metadata_props();
  entry->set_key(kRefusalKey);
  entry->set_value(why);
}

std::string orchestra::onnx::refusalOf(const pb::NodeProto &node) {
  for (const pb::StringStringEntryProto &entry : node.metadata_props())
    if (entry.key() == kRefusalKey)
      return entry.value();
  return "";
}

namespace {
using Types = std::unordered_map<std::string, pb::TypeProto>;
using Nodes = google::protobuf::RepeatedPtrField<pb::NodeProto>;
using Attributes = std::unordered_map<std::string, const pb::AttributeProto *>;
using Renames = std::unordered_map<std::string, std::string>;

constexpr int kMaxLevels = 16;

class Expander {
public:
  Expander(pb::ModelProto &model, const ReadOptions &options)
      : model(model), options(options), opsets(opsetsOf(model)) {}

  void run() {
    for (int level = 0; level < kMaxLevels; ++level) {
      if (!hasWork(model.graph()))
        return;
      inferTypes();
      if (!expandGraph(*model.mutable_graph(), {}))
        return;
    }
  }

private:
  static bool isFunction(const pb::OpSchema *schema) {
    return schema &&
           (schema->HasFunction() || schema->HasContextDependentFunction());
  }

  bool expands(const pb::NodeProto &node) {
    return isFunction(schemaOf(node, opsets)) &&
           !options.keeps(normalDomain(node.domain()), node.op_type());
  }

  bool hasWork(const pb::GraphProto &graph) {
    for (const pb::NodeProto &node : graph.node()) {
      if (expands(node))
        return true;
      for (const pb::AttributeProto &attribute : node.attribute())
        if (attribute.has_g() && hasWork(attribute.g()))
          return true;
    }
    return false;
  }

  void inferTypes() {
    // Values of an earlier round, and its invented dimension names, stand in
    // the way of data propagation.
    model.mutable_graph()->clear_value_info();
    pb::shape_inference::DataValueMap values;
    try {
      pb::shape_inference::InferShapes(
          model, pb::OpSchemaRegistry::Instance(),
          pb::ShapeInferenceOptions(false, 0, true), &values);
    } catch (const std::exception &) {
      // What was inferred so far serves; a body that needs more stays, and
      // the importer reports its node.
    }
  }

  std::string fresh(const std::string &name) {
    return "~" + std::to_string(++counter) + "." + name;
  }

  static void addTypes(const pb::GraphProto &graph, Types &types) {
    for (const auto *values :
         {&graph.input(), &graph.output(), &graph.value_info()})
      for (const pb::ValueInfoProto &value : *values)
        types[value.name()] = value.type();
    for (const pb::TensorProto &tensor : graph.initializer()) {
      pb::TypeProto type;
      auto *tensorType = type.mutable_tensor_type();
      tensorType->set_elem_type(tensor.data_type());
      tensorType->mutable_shape();
      for (int64_t dim : tensor.dims())
        tensorType->mutable_shape()->add_dim()->set_dim_value(dim);
      types.emplace(tensor.name(), type);
    }
  }

  bool expandGraph(pb::GraphProto &graph, Types types) {
    addTypes(graph, types);
    bool changed = false;
    Nodes expanded;
    for (pb::NodeProto &node : *graph.mutable_node()) {
      for (pb::AttributeProto &attribute : *node.mutable_attribute())
        if (attribute.has_g())
          changed |= expandGraph(*attribute.mutable_g(), types);
      const pb::OpSchema *schema = schemaOf(node, opsets);
      pb::FunctionProto body;
      if (schema && expands(node) && bodyOf(node, *schema, types, body)) {
        changed = true;
        inlineBody(node, *schema, body, expanded);
        if (expanded.size() > options.maxNodes)
          fail("model-too-large", node.name(),
               "the model has more than " + std::to_string(options.maxNodes) +
                   " nodes once functions are expanded");
      } else {
        expanded.Add()->Swap(&node);
      }
    }
    graph.mutable_node()->Swap(&expanded);
    return changed;
  }

  /// The largest version of the body that the model's opset allows.
  int bestVersion(const std::vector<int> &versions) {
    int best = versions.empty() ? 0 : versions.front();
    for (int version : versions)
      if (version <= opsets[""] && version > best)
        best = version;
    return best;
  }

  bool bodyOf(pb::NodeProto &node, const pb::OpSchema &schema,
              const Types &types, pb::FunctionProto &body) {
    for (const auto &[name, attribute] : schema.attributes()) {
      bool have = attribute.default_value.name().empty();
      for (const pb::AttributeProto &given : node.attribute())
        have |= given.name() == name;
      if (!have)
        *node.add_attribute() = attribute.default_value;
    }
    if (schema.HasFunction()) {
      const pb::FunctionProto *function =
          schema.GetFunction(bestVersion(schema.function_opset_versions()));
      if (!function)
        return false;
      body = *function;
      return body.node_size() > 0;
    }
    std::vector<pb::TypeProto> inputs;
    for (const std::string &input : node.input()) {
      auto type = types.find(input);
      if (!input.empty() &&
          (type == types.end() ||
           type->second.value_case() == pb::TypeProto::VALUE_NOT_SET))
        return false;
      inputs.push_back(input.empty() ? pb::TypeProto() : type->second);
    }
    pb::FunctionBodyBuildContextImpl context(node, inputs);
    int version =
        bestVersion(schema.context_dependent_function_opset_versions());
    try {
      if (schema.BuildContextDependentFunction(context, body, version))
        return body.node_size() > 0;
      setRefusal(node, body.doc_string());
      return false;
    } catch (const std::exception &) {
      return false; // the importer reports the node as it stands
    }
  }

  void inlineBody(const pb::NodeProto &node, const pb::OpSchema &schema,
                  pb::FunctionProto &body, Nodes &into) {
    Attributes attributes;
    for (const pb::AttributeProto &attribute : body.attribute_proto())
      attributes[attribute.name()] = &attribute;
    for (const pb::AttributeProto &attribute : node.attribute())
      attributes[attribute.name()] = &attribute;
    Renames names;
    for (int i = 0; i < body.input_size(); ++i)
      names[body.input(i)] = i < node.input_size() ? node.input(i) : "";
    for (int i = 0; i < body.output_size(); ++i)
      names[body.output(i)] = i < node.output_size() && !node.output(i).empty()
                                  ? node.output(i)
                                  : fresh(body.output(i));
    bindAttributes(*body.mutable_node(), attributes);
    rename(*body.mutable_node(), names);
    for (pb::NodeProto &inner : *body.mutable_node()) {
      inner.set_name(node.name() + "/" + inner.op_type());
      into.Add()->Swap(&inner);
    }
  }

  /// Puts the caller's attributes where the body refers to them.
  void bindAttributes(Nodes &nodes, const Attributes &attributes) {
    for (pb::NodeProto &node : nodes) {
      google::protobuf::RepeatedPtrField<pb::AttributeProto> bound;
      for (pb::AttributeProto &attribute : *node.mutable_attribute()) {
        if (!attribute.ref_attr_name().empty()) {
          auto value = attributes.find(attribute.ref_attr_name());
          if (value == attributes.end())
            continue;
          std::string name = attribute.name();
          pb::AttributeProto *copy = bound.Add();
          *copy = *value->second;
          copy->set_name(name);
          continue;
        }
        if (attribute.has_g())
          bindAttributes(*attribute.mutable_g()->mutable_node(), attributes);
        bound.Add()->Swap(&attribute);
      }
      node.mutable_attribute()->Swap(&bound);
    }
  }

  /// Renames values so that each body is distinct. Inner graphs see the outer
  /// names and hide them with their own.
  void rename(Nodes &nodes, Renames &names) {
    for (pb::NodeProto &node : nodes) {
      for (std::string &input : *node.mutable_input()) {
        auto name = names.find(input);
        if (!input.empty() && name != names.end())
          input = name->second;
      }
      for (pb::AttributeProto &attribute : *node.mutable_attribute())
        if (attribute.has_g())
          renameGraph(*attribute.mutable_g(), names);
      for (std::string &output : *node.mutable_output()) {
        if (output.empty())
          continue;
        auto [name, added] = names.emplace(output, "");
        if (added)
          name->second = fresh(output);
        output = name->second;
      }
    }
  }

  void renameGraph(pb::GraphProto &graph, const Renames &outer) {
    Renames names = outer;
    for (pb::ValueInfoProto &input : *graph.mutable_input()) {
      names[input.name()] = fresh(input.name());
      input.set_name(names[input.name()]);
    }
    for (pb::TensorProto &tensor : *graph.mutable_initializer()) {
      names[tensor.name()] = fresh(tensor.name());
      tensor.set_name(names[tensor.name()]);
    }
    rename(*graph.mutable_node(), names);
    for (pb::ValueInfoProto &output : *graph.mutable_output())
      output.set_name(names.count(output.name()) ? names[output.name()]
                                                 : output.name());
    graph.clear_value_info();
  }

  pb::ModelProto &model;
  const ReadOptions &options;
  Opsets opsets;
  int64_t counter = 0;
};
} // namespace

void orchestra::onnx::expandFunctions(pb::ModelProto &model,
                                      const ReadOptions &options) {
  Expander(model, options).run();
}
