//===- Reader.cpp - Reads an ONNX file: the order of steps ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each step relies on the ones before it: budgets before anything that expands,
// sorting before the inliner and the converter, names before both, because what
// they make is named after what was there.
//
//===----------------------------------------------------------------------===//
#include "ContribBody.h"
#include "ReaderProto.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/logging.h"
#include "onnx/inliner/inliner.h"
#include "onnx/version_converter/convert.h"

#include <climits>
#include <filesystem>
#include <set>

using namespace orchestra::onnx;

namespace {
/// The opset that the lowerings are written against.
constexpr int kOpset = 28;

void parse(std::string_view bytes, pb::ModelProto &model) {
  google::protobuf::LogSilencer silence; // the message below says it better
  std::string stripped;
  if (stripWeights(bytes, stripped))
    bytes = stripped;
  if (bytes.size() > INT_MAX)
    fail("model-too-large", "",
         "the file has more than 2 GB besides large initializers", {},
         "store the weights as external data");
  google::protobuf::io::ArrayInputStream stream(bytes.data(),
                                                static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(INT_MAX);
  if (!model.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
    fail("invalid-model", "", "the file is no ONNX model",
         {"it is truncated, damaged, nested too deeply, or of another kind"},
         "check the export, for instance with onnx.checker");
  if (!model.has_graph() || model.opset_import_size() == 0)
    fail("invalid-model", "", "the file is no ONNX model",
         {model.has_graph() ? "it imports no opset" : "it has no graph"});
}

void checkVersions(const Opsets &opsets) {
  auto standard = opsets.find("");
  if (standard == opsets.end())
    return;
  if (standard->second > kOpset)
    fail(
        "unsupported-opset", "",
        "the model needs opset " + std::to_string(standard->second),
        {"the newest opset that this build knows is " + std::to_string(kOpset)},
        "export the model for an older opset");
}

void setDims(pb::GraphProto &graph,
             const std::map<std::string, int64_t> &dims) {
  std::set<std::string> found;
  for (pb::ValueInfoProto &input : *graph.mutable_input()) {
    if (!input.type().has_tensor_type() ||
        !input.type().tensor_type().has_shape())
      continue;
    for (auto &dim : *input.mutable_type()
                          ->mutable_tensor_type()
                          ->mutable_shape()
                          ->mutable_dim()) {
      auto size = dims.find(dim.dim_param());
      if (!dim.has_dim_param() || size == dims.end())
        continue;
      found.insert(size->first);
      dim.set_dim_value(size->second);
    }
  }
  for (const auto &[name, size] : dims) {
    if (!found.count(name))
      fail("unknown-dimension", "",
           "no input has a dimension named '" + name + "'");
    if (size < 0)
      fail("unknown-dimension", "",
           "the size " + std::to_string(size) + " of dimension '" + name +
               "' is negative");
  }
}

/// The declared shapes of values and outputs belong to the exporter's sizes.
void inlineAndConvert(pb::ModelProto &model, std::vector<Problem> &problems) {
  if (model.ir_version() < 10)
    model.set_ir_version(10);
  try {
    if (model.functions_size() > 0)
      pb::inliner::InlineLocalFunctions(model, /*convert_version=*/true);
  } catch (const std::exception &error) {
    fail("invalid-model", "", "cannot expand the model's own functions",
         {error.what()});
  }
  nameNodes(*model.mutable_graph());
  sortGraph(*model.mutable_graph());
  Opsets opsets = opsetsOf(model);
  auto standard = opsets.find("");
  if (standard == opsets.end() || standard->second == kOpset)
    return;
  try {
    pb::ModelProto converted =
        pb::version_conversion::ConvertVersion(model, kOpset);
    converted.set_ir_version(model.ir_version());
    model = std::move(converted);
    nameNodes(*model.mutable_graph());
    sortGraph(*model.mutable_graph());
  } catch (const ReadError &) {
    throw;
  } catch (const std::exception &) {
    // The lowerings check which version of an operator they are given, so an
    // old model is still right or refused node by node.
    problems.push_back(
        {"old-opset",
         "",
         "the model stays at opset " + std::to_string(standard->second) +
             ": converting it to " + std::to_string(kOpset) + " failed",
         {},
         "",
         /*isWarning=*/true});
  }
}

/// Whether the importer takes all nodes as they stand.
bool isReady(const pb::GraphProto &graph, const Opsets &opsets,
             const ReadOptions &options) {
  for (const pb::NodeProto &node : graph.node()) {
    const pb::OpSchema *schema = schemaOf(node, opsets);
    if (!schema || !options.reads(normalDomain(node.domain()), node.op_type(),
                                  schema->SinceVersion()))
      return false;
    for (const pb::AttributeProto &attribute : node.attribute())
      if (attribute.has_g() && !isReady(attribute.g(), opsets, options))
        return false;
  }
  return true;
}

void read(const std::string &path, const std::string_view *given,
          const ReadOptions &options, ReadResult &result) {
  TensorSource source;
  ExternalFiles external(std::filesystem::path(path).parent_path().string());
  if (given) {
    source.bytes = *given;
  } else {
    std::string error;
    source.file = MappedFile::open(path, error);
    if (!source.file)
      fail("cannot-read", "", "cannot read the model", {error});
    source.bytes = source.file->bytes();
    source.external = &external;
  }
  registerContribOperators();
  pb::ModelProto model;
  parse(source.bytes, model);
  checkVersions(opsetsOf(model));
  checkFunctions(model, options.maxNodes);
  nameNodes(*model.mutable_graph());
  sortGraph(*model.mutable_graph());
  auto out = std::make_unique<Model>();
  out->givenOpset = opsetsOf(model)[""];
  checkNodes(model.graph(), opsetsOf(model), result.problems);
  setDims(*model.mutable_graph(), options.dims);
  if (model.functions_size() > 0 ||
      !isReady(model.graph(), opsetsOf(model), options))
    isolate(
        model,
        [&](pb::ModelProto &model, std::vector<Problem> &problems) {
          inlineAndConvert(model, problems);
          expandFunctions(model, options);
        },
        result.problems);
  Opsets opsets = opsetsOf(model);
  out->opset = opsets[""];
  readGraph(*model.mutable_graph(), opsets, source, out->graph,
            result.problems);
  result.model = std::move(out);
}
} // namespace

ReadResult orchestra::onnx::readModel(const std::string &path,
                                      const std::string_view *bytes,
                                      const ReadOptions &options) {
  ReadResult result;
  try {
    read(path, bytes, options, result);
  } catch (const ReadError &error) {
    result.problems.push_back(error.problem);
  } catch (const std::bad_alloc &) {
    result.problems.push_back({"model-too-large",
                               "",
                               "there is too little memory to read the model",
                               {},
                               ""});
  } catch (const std::exception &error) {
    result.problems.push_back({"invalid-model",
                               "",
                               "the onnx library refuses the model",
                               {error.what()},
                               ""});
  }
  for (const Problem &problem : result.problems)
    if (!problem.isWarning)
      result.model.reset();
  return result;
}
