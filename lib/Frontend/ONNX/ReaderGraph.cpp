//===- ReaderGraph.cpp - From protobuf to plain structures ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ReaderProto.h"

using namespace orchestra::onnx;

Opsets orchestra::onnx::opsetsOf(const pb::ModelProto &model) {
  Opsets opsets;
  for (const pb::OperatorSetIdProto &opset : model.opset_import()) {
    int64_t version = opset.version();
    if (version < 1 || version > INT32_MAX)
      fail("invalid-model", "",
           "the version " + std::to_string(version) + " of opset '" +
               opset.domain() + "' is none");
    opsets[normalDomain(opset.domain())] = static_cast<int>(version);
  }
  return opsets;
}

const pb::OpSchema *orchestra::onnx::schemaOf(const pb::NodeProto &node,
                                              const Opsets &opsets) {
  const std::string &domain = normalDomain(node.domain());
  auto opset = opsets.find(domain);
  if (opset == opsets.end())
    return nullptr;
  return pb::OpSchemaRegistry::Schema(node.op_type(), opset->second, domain);
}

ValueType orchestra::onnx::readType(const pb::TypeProto &proto) {
  ValueType type;
  switch (proto.value_case()) {
  case pb::TypeProto::kTensorType:
    break;
  case pb::TypeProto::kSequenceType:
    type.notTensor = "sequence";
    type.items = std::make_shared<ValueType>(
        readType(proto.sequence_type().elem_type()));
    return type;
  case pb::TypeProto::kOptionalType:
    type.notTensor = "optional";
    type.items = std::make_shared<ValueType>(
        readType(proto.optional_type().elem_type()));
    return type;
  case pb::TypeProto::kMapType:
    type.notTensor = "map";
    return type;
  case pb::TypeProto::kSparseTensorType:
    type.notTensor = "sparse tensor";
    return type;
  case pb::TypeProto::VALUE_NOT_SET:
    return type;
  default:
    type.notTensor = "opaque value";
    return type;
  }
  const pb::TypeProto::Tensor &tensor = proto.tensor_type();
  type.type = static_cast<ElementType>(tensor.elem_type());
  type.hasRank = tensor.has_shape();
  for (const auto &dim : tensor.shape().dim()) {
    DeclaredDim out;
    if (dim.has_dim_value())
      out.size = dim.dim_value();
    else if (dim.has_dim_param())
      out.name = dim.dim_param();
    type.dims.push_back(std::move(out));
  }
  return type;
}

namespace {
class GraphReader {
public:
  GraphReader(const Opsets &opsets, const TensorSource &source,
              std::vector<Problem> &problems)
      : opsets(opsets), source(source), problems(problems) {}

  void read(pb::GraphProto &proto, Graph &graph, const std::string &place) {
    graph.name = proto.name();
    for (pb::TensorProto &tensor : *proto.mutable_initializer())
      collect([&] {
        std::string name = tensor.name();
        graph.initializers[name] = readTensor(tensor, source, place);
      });
    for (const pb::SparseTensorProto &tensor : proto.sparse_initializer())
      collect([&] {
        fail("unsupported-type", place,
             "initializer '" + tensor.values().name() + "' is a sparse tensor",
             {}, "make it dense before the export");
      });
    for (const pb::ValueInfoProto &input : proto.input())
      // Before IR 4 every initializer was an input too.
      if (!graph.initializers.count(input.name()))
        graph.inputs.push_back({input.name(), readType(input.type())});
    for (const pb::ValueInfoProto &output : proto.output())
      graph.outputs.push_back({output.name(), readType(output.type())});
    for (pb::NodeProto &node : *proto.mutable_node()) {
      graph.nodes.emplace_back();
      collect([&] { readNode(node, graph.nodes.back()); });
    }
  }

private:
  /// One bad constant or node does not hide the next.
  template <typename Step> void collect(Step step) {
    try {
      step();
    } catch (const ReadError &error) {
      problems.push_back(error.problem);
    }
  }

  void readNode(pb::NodeProto &proto, Node &node) {
    node.domain = normalDomain(proto.domain());
    node.op = proto.op_type();
    node.name = proto.name();
    node.inputs.assign(proto.input().begin(), proto.input().end());
    node.outputs.assign(proto.output().begin(), proto.output().end());
    node.refusal = refusalOf(proto);
    const pb::OpSchema *schema = schemaOf(proto, opsets);
    if (schema) {
      node.since = schema->SinceVersion();
      for (const auto &[name, attribute] : schema->attributes())
        if (!attribute.default_value.name().empty()) {
          pb::AttributeProto value = attribute.default_value;
          readAttribute(value, node.attributes[name], node);
        }
    }
    for (pb::AttributeProto &attribute : *proto.mutable_attribute()) {
      NodeAttribute value;
      readAttribute(attribute, value, node);
      node.attributes[attribute.name()] = std::move(value);
    }
  }

  void readAttribute(pb::AttributeProto &proto, NodeAttribute &attribute,
                     const Node &node) {
    using Kind = NodeAttribute::Kind;
    switch (proto.type()) {
    case pb::AttributeProto::FLOAT:
      attribute.kind = Kind::Float;
      attribute.f = proto.f();
      break;
    case pb::AttributeProto::INT:
      attribute.kind = Kind::Int;
      attribute.i = proto.i();
      break;
    case pb::AttributeProto::STRING:
      attribute.kind = Kind::String;
      attribute.s = proto.s();
      break;
    case pb::AttributeProto::TENSOR:
      attribute.kind = Kind::Tensor;
      attribute.tensor = std::make_shared<Tensor>(
          readTensor(*proto.mutable_t(), source, node.name));
      break;
    case pb::AttributeProto::GRAPH:
      attribute.kind = Kind::Graph;
      attribute.graph = std::make_shared<Graph>();
      read(*proto.mutable_g(), *attribute.graph, node.name);
      break;
    case pb::AttributeProto::FLOATS:
      attribute.kind = Kind::Floats;
      attribute.floats.assign(proto.floats().begin(), proto.floats().end());
      break;
    case pb::AttributeProto::INTS:
      attribute.kind = Kind::Ints;
      attribute.ints.assign(proto.ints().begin(), proto.ints().end());
      break;
    case pb::AttributeProto::STRINGS:
      attribute.kind = Kind::Strings;
      attribute.strings.assign(proto.strings().begin(), proto.strings().end());
      break;
    default:
      attribute.kind = Kind::Other;
    }
  }

  const Opsets &opsets;
  const TensorSource &source;
  std::vector<Problem> &problems;
};
} // namespace

void orchestra::onnx::readGraph(pb::GraphProto &proto, const Opsets &opsets,
                                const TensorSource &source, Graph &graph,
                                std::vector<Problem> &problems) {
  GraphReader(opsets, source, problems).read(proto, graph, "");
}
