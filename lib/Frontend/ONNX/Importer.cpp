//===- Importer.cpp - From a graph to a function of the waist -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nodes are lowered in order, each by its entry in the table. A node that fails
// makes its results unknown; nodes that need those are passed over, all others
// are still tried, so that one run reports every independent problem.
//
//===----------------------------------------------------------------------===//
#include "ImporterState.h"
#include "Reader.h"
#include "Table.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Frontend/ONNX.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace orchestra::onnx {

void report(Location loc, const Problem &problem) {
  InFlightDiagnostic diagnostic =
      problem.isWarning ? emitWarning(loc) : emitError(loc);
  diagnostic << problem.message << " [" << problem.slug << "]";
  for (const std::string &note : problem.notes)
    diagnostic.attachNote() << note;
  if (!problem.isWarning)
    diagnostic.attachNote()
        << "help: " << problem.help << (problem.help.empty() ? "" : "; ")
        << "see docs/errors/" << problem.slug;
}

Importer::Importer(MLIRContext &context, std::string file, const Model &model,
                   const ImportOptions &options)
    : context(context), file(std::move(file)), model(model), options(options),
      builder(&context) {}

Location Importer::fileLocation() {
  return FileLineColLoc::get(&context, file, 0, 0);
}

Location Importer::locationOf(llvm::StringRef name) {
  if (name.empty())
    return fileLocation();
  // A name of a megabyte is no name: errors must stay readable.
  constexpr size_t most = 200;
  if (name.size() > most)
    return NameLoc::get(
        StringAttr::get(&context, name.take_front(most) + "..."),
        fileLocation());
  return NameLoc::get(StringAttr::get(&context, name), fileLocation());
}

const Data *Importer::lookup(const std::string &name) {
  auto known = values.find(name);
  if (known != values.end())
    return &known->second;
  auto constant = model.graph.initializers.find(name);
  if (constant == model.graph.initializers.end())
    return nullptr;
  Data data;
  data.type = constant->second.type;
  data.constant = &constant->second;
  for (int64_t dim : constant->second.dims)
    data.shape.push_back(Dim(dim));
  define(name, std::move(data));
  return &values[name];
}

void Importer::define(const std::string &name, Data data) {
  if (!hidden.empty()) {
    auto before = values.find(name);
    hidden.back().emplace_back(
        name, before == values.end() ? std::optional<Data>() : before->second);
  }
  Data &stored = values[name] = std::move(data);
  stored.name = values.find(name)->first;
}

Value Importer::constantValue(const Tensor &tensor, llvm::StringRef name) {
  Value &value = constants[&tensor];
  if (!value) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    if (tensor.type == ElementType::String) {
      Node place;
      place.name = name.str();
      Op op(*this, place, locationOf(name));
      op.b.setInsertionPointToStart(&function.getBody().front());
      Shape shape(tensor.dims.begin(), tensor.dims.end());
      return value = op.stringConstant(tensor.strings, shape).value;
    }
    TypedAttr attr = constantAttr(tensor, name, &context);
    value = arith::ConstantOp::create(builder, locationOf(name), attr);
  }
  return value;
}

bool Importer::inputsAreThere(const Node &node) {
  for (const std::string &input : node.inputs)
    if (!input.empty() && (poisoned.contains(input) || !lookup(input)))
      return false;
  return true;
}

void Importer::reportUnsupported() {
  // One problem for an operator, however many nodes have it.
  std::map<std::string, std::vector<const Node *>> gaps;
  std::function<void(const Graph &)> search = [&](const Graph &graph) {
    for (const Node &node : graph.nodes) {
      for (const auto &[name, attribute] : node.attributes)
        if (attribute.graph)
          search(*attribute.graph);
      const OpEntry *entry = opTable().find(node.domain, node.op);
      if (entry && entry->facts.since <= node.since)
        continue;
      if (!node.refusal.empty())
        addProblem({"unsupported-form",
                    node.name,
                    node.op + ": " + node.refusal,
                    {"it is an operator of the domain '" + node.domain + "'"},
                    ""});
      else
        gaps[(node.domain.empty() ? "" : node.domain + ".") + node.op]
            .push_back(&node);
    }
  };
  search(model.graph);
  for (const auto &[name, nodes] : gaps) {
    const Node &first = *nodes.front();
    const OpEntry *entry = opTable().find(first.domain, first.op);
    Problem problem{"unsupported-op",
                    first.name,
                    "operator " + name + " is not supported",
                    {},
                    ""};
    if (entry)
      problem.notes.push_back("version " + std::to_string(first.since) +
                              " of it is not supported, version " +
                              std::to_string(entry->facts.since) +
                              " and later are");
    else if (first.domain.empty())
      problem.notes.push_back("the model uses opset " +
                              std::to_string(model.opset));
    else
      problem.notes.push_back("the domain '" + first.domain +
                              "' is not part of the ONNX standard");
    if (nodes.size() > 1) {
      std::string others;
      for (size_t i = 1; i < nodes.size() && i <= 8; ++i)
        others += (i > 1 ? ", " : "") + nodes[i]->name;
      problem.notes.push_back(
          "also at " + others +
          (nodes.size() > 9
               ? " and " + std::to_string(nodes.size() - 9) + " more"
               : ""));
    }
    problem.help = entry ? "export the model for a newer opset" : "";
    addProblem(std::move(problem));
  }
}

/// Operators that take sequences and optionals too.
static bool takesSequences(llvm::StringRef op) {
  return op.starts_with("Sequence") || op.starts_with("Optional") ||
         op == "ConcatFromSequence" || op == "Identity" || op == "If" ||
         op == "Loop";
}

void Importer::importNode(const Node &node, Block *block) {
  const OpEntry *entry = opTable().find(node.domain, node.op);
  bool good = entry && entry->facts.since <= node.since && inputsAreThere(node);
  if (good)
    for (const std::string &input : node.inputs)
      if (good && !input.empty() && lookup(input)->isMaps) {
        addProblem({"unsupported-form",
                    node.name,
                    node.op + ": '" + input + "' is a sequence of maps",
                    {"maps are supported as outputs of the model only"},
                    ""});
        good = false;
      }
  if (good && !takesSequences(node.op))
    for (const std::string &input : node.inputs)
      if (good && !input.empty() &&
          (lookup(input)->items || lookup(input)->isAbsent)) {
        addProblem({"type-mismatch",
                    node.name,
                    node.op + ": '" + input + "' is no tensor",
                    {"it is a sequence or an optional"},
                    ""});
        good = false;
      }
  if (good) {
    Op op(*this, node, locationOf(node.name));
    op.b.setInsertionPointToEnd(block);
    good = evaluateContents(op) ||
           (!op.failed() && succeeded(entry->lower(op)) && !op.failed());
  }
  for (const std::string &output : node.outputs)
    if (!good && !output.empty())
      poisoned.insert(output);
}

OwningOpRef<ModuleOp> Importer::run(llvm::StringRef moduleName) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(fileLocation(), moduleName);
  builder.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(builder, fileLocation(), "main",
                                  builder.getFunctionType({}, {}));
  function->setAttr(kEntryAttrName, builder.getUnitAttr());
  builder.setInsertionPointToEnd(function.addEntryBlock());
  findSizeValues(model.graph);
  importInputs();
  reportUnsupported();
  for (const Node &node : model.graph.nodes)
    importNode(node, &function.getBody().front());
  bool good = problems.empty() && importOutputs();
  for (const Problem &problem : problems)
    report(locationOf(problem.node), problem);
  if (!good || !problems.empty())
    return nullptr;
  if (failed(verify(*module))) {
    report(fileLocation(), {"internal-error",
                            "",
                            "the importer made invalid code of this model",
                            {},
                            "this is a fault of the compiler: report it"});
    return nullptr;
  }
  return module;
}

void registerImportDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, cf::ControlFlowDialect,
                  func::FuncDialect, linalg::LinalgDialect,
                  linalg_ext::LinalgExtDialect, math::MathDialect,
                  scf::SCFDialect, tensor::TensorDialect, OrchestraDialect>();
}

static OwningOpRef<ModuleOp> import(llvm::StringRef path,
                                    const std::string_view *bytes,
                                    MLIRContext &context,
                                    const ImportOptions &options) {
  DialectRegistry registry;
  registerImportDialects(registry);
  context.appendDialectRegistry(registry);
  // Not all that is registered: each loaded dialect costs every later pass.
  for (llvm::StringRef name : registry.getDialectNames())
    context.getOrLoadDialect(name);

  ReadOptions readOptions;
  readOptions.maxNodes = options.maxNodes;
  readOptions.keeps = [](const std::string &domain, const std::string &op) {
    return opTable().find(domain, op) || (domain.empty() && op == "Range");
  };
  readOptions.reads = [](const std::string &domain, const std::string &op,
                         int since) {
    const OpEntry *entry = opTable().find(domain, op);
    return entry && entry->facts.since <= since;
  };
  for (const auto &dim : options.dims)
    readOptions.dims[dim.getKey().str()] = dim.getValue();
  ReadResult read = readModel(path.str(), bytes, readOptions);

  Model none;
  Importer importer(context, path.str(), read.model ? *read.model : none,
                    options);
  for (const Problem &problem : read.problems)
    report(importer.locationOf(problem.node), problem);
  if (!read.model)
    return nullptr;
  std::string name =
      options.name.empty() ? llvm::sys::path::stem(path).str() : options.name;
  return importer.run(name);
}

OwningOpRef<ModuleOp> importOnnx(llvm::StringRef path, MLIRContext &context,
                                 const ImportOptions &options) {
  return import(path, nullptr, context, options);
}

OwningOpRef<ModuleOp> importOnnxFromMemory(llvm::StringRef bytes,
                                           llvm::StringRef name,
                                           MLIRContext &context,
                                           const ImportOptions &options) {
  std::string_view view(bytes.data(), bytes.size());
  return import(name, &view, context, options);
}

} // namespace orchestra::onnx
