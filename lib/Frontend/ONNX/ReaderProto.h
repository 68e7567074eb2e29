//===- ReaderProto.h - The reader's steps on protobuf -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Included by Reader*.cpp only (exceptions are on there).
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_READERPROTO_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_READERPROTO_H

#include "Reader.h"
#include "ReaderFile.h"

#include "onnx/defs/schema.h"
#include "onnx/onnx_pb.h"

namespace orchestra::onnx {

namespace pb = ::ONNX_NAMESPACE;

/// Thrown inside the reader; readModel turns it into the result.
struct ReadError {
  Problem problem;
};

[[noreturn]] inline void fail(std::string slug, std::string node,
                              std::string message,
                              std::vector<std::string> notes = {},
                              std::string help = {}) {
  throw ReadError{{std::move(slug), std::move(node), std::move(message),
                   std::move(notes), std::move(help), false}};
}

/// Opset version by domain ("" is the standard one).
using Opsets = std::map<std::string, int>;
Opsets opsetsOf(const pb::ModelProto &model);

/// The schema of a node in these opsets, or null.
const pb::OpSchema *schemaOf(const pb::NodeProto &node, const Opsets &opsets);

/// "ai.onnx" is another name of "".
inline const std::string &normalDomain(const std::string &domain) {
  static const std::string standard;
  return domain == "ai.onnx" ? standard : domain;
}

/// Gives each node a name that is not empty.
void nameNodes(pb::GraphProto &graph);

/// Adds a problem for each node whose inputs, outputs or attributes its
/// operator does not have. Operators without a schema are passed over.
void checkNodes(const pb::GraphProto &graph, const Opsets &opsets,
                std::vector<Problem> &problems);

/// Fails if local functions call each other in a circle or expand to more than
/// `maxNodes` nodes.
void checkFunctions(const pb::ModelProto &model, int64_t maxNodes);

/// Sorts the nodes of the graph and of its subgraphs by their dependences,
/// keeping the order where it was right. Fails on a cycle, on a value that two
/// nodes define, and on one that nobody defines.
void sortGraph(pb::GraphProto &graph);

/// Expands the functions of the schemas, level by level, but those that
/// `options.keeps`.
void expandFunctions(pb::ModelProto &model, const ReadOptions &options);

/// Why a node's schema has no body for it, "" if there is nothing to say: noted
/// at the node, since the reader's steps run in processes of their own.
void setRefusal(pb::NodeProto &node, const std::string &why);
std::string refusalOf(const pb::NodeProto &node);

/// A change of a model by the onnx library.
using Step =
    std::function<void(pb::ModelProto &, std::vector<Problem> &problems)>;

/// Does the step in a child process and takes its result over. A crash of the
/// library, or more time or memory than a real model takes, is a ReadError
/// here.
void isolate(pb::ModelProto &model, const Step &step,
             std::vector<Problem> &problems);

/// Where the bytes of tensors come from.
struct TensorSource {
  std::shared_ptr<const MappedFile> file; // null when in memory
  std::string_view bytes;                 // the whole serialised model
  ExternalFiles *external = nullptr;      // null when in memory
};

/// Checks the sizes and refers to the bytes; copies only what protobuf holds.
/// The message may be gutted. `node` names the place in errors.
Tensor readTensor(pb::TensorProto &proto, const TensorSource &source,
                  const std::string &node);

ValueType readType(const pb::TypeProto &proto);

/// Takes the graph over into plain structures.
void readGraph(pb::GraphProto &proto, const Opsets &opsets,
               const TensorSource &source, Graph &graph,
               std::vector<Problem> &problems);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_READERPROTO_H
