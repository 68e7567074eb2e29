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
#include "Narrow.h"
#include "Reader.h"
#include "Table.h"

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

Importer::Importer(MLIRContext &context, std::string file, const Model &model)
    : context(context), file(std::move(file)), model(model), builder(&context) {
}

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
    TypedAttr attr = constantAttr(tensor, name, &context);
    value = arith::ConstantOp::create(builder, locationOf(name), attr);
  }
  return value;
}

/// The name of a type that its MLIR type does not tell.
static llvm::StringRef nameAtInterface(ElementType type) {
  switch (type) {
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
  if (elementBits(type) < 8)
    attrs.set(kPackedDimsAttrName, b.getDenseI64ArrayAttr(sizes));
  return attrs;
}

bool Importer::importInputs() {
  bool good = true;
  Block &entry = function.getBody().front();
  llvm::SmallVector<DictionaryAttr> attrs;
  for (const auto &[index, each] : llvm::enumerate(model.graph.inputs)) {
    const auto &input = each; // lambdas of C++17 capture no structured binding
    auto refuse = [&](const char *slug, const std::string &what) {
      addProblem({slug, "", "input '" + input.name + "' " + what, {}, ""});
      poisoned.insert(input.name);
      good = false;
    };
    const ValueType &type = input.type;
    Type element = elementType(type.type, &context);
    if (!type.notTensor.empty()) {
      refuse("unsupported-type", "is a " + type.notTensor);
      continue;
    }
    if (!element) {
      refuse("unsupported-type",
             "has the element type " + elementTypeName(type.type));
      continue;
    }
    if (!type.hasRank) {
      refuse("unknown-rank", "has no shape");
      continue;
    }
    llvm::SmallVector<int64_t> sizes;
    llvm::SmallVector<std::string> names;
    bool huge = false;
    int64_t elements = 1;
    for (const DeclaredDim &dim : type.dims) {
      // Negative sizes say "unknown" in some exporters' files; they do not in
      // the specification.
      huge |=
          dim.size < -1 ||
          (dim.size > 0 && llvm::MulOverflow(elements, dim.size, elements)) ||
          elements > (int64_t(1) << 38);
      sizes.push_back(dim.size < 0 ? ShapedType::kDynamic : dim.size);
      names.push_back(dim.size < 0 ? dim.name : "");
    }
    if (huge) {
      refuse("invalid-shape", "has a shape that no tensor can have");
      continue;
    }
    bool isPacked = elementBits(type.type) < 8;
    if (isPacked && ShapedType::isDynamicShape(sizes)) {
      refuse("unsupported-type", "has the element type " +
                                     elementTypeName(type.type) +
                                     " and a shape that is not known");
      continue;
    }
    Location loc = locationOf(input.name);
    auto stored = RankedTensorType::get(
        isPacked ? packedShape(sizes, type.type) : sizes, element);
    Value argument = entry.addArgument(stored, loc);
    Data data;
    data.type = type.type;
    data.value = argument;
    if (isPacked) {
      Node place;
      place.name = input.name;
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
    if (sizeValues.contains(input.name))
      data.contents = readContents(data, loc);
    define(input.name, std::move(data));
    attrs.push_back(interfaceAttrs(context, input.name, names, type.type, sizes)
                        .getDictionary(&context));
  }
  function.setFunctionType(
      FunctionType::get(&context, entry.getArgumentTypes(), {}));
  function.setAllArgAttrs(attrs);
  return good;
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
      gaps[(node.domain.empty() ? "" : node.domain + ".") + node.op].push_back(
          &node);
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

void Importer::importNode(const Node &node, Block *block) {
  const OpEntry *entry = opTable().find(node.domain, node.op);
  bool good = entry && entry->facts.since <= node.since && inputsAreThere(node);
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

std::optional<llvm::SmallVector<Data>>
Importer::inlineGraph(Op &op, const Graph &graph, llvm::ArrayRef<Data> inputs) {
  size_t before = problems.size();
  hidden.emplace_back();
  for (const auto &[name, tensor] : graph.initializers) {
    Data data;
    data.type = tensor.type;
    data.constant = &tensor;
    data.shape.assign(tensor.dims.begin(), tensor.dims.end());
    define(name, std::move(data));
  }
  for (const auto &[input, data] : llvm::zip(graph.inputs, inputs))
    define(input.name, data);
  for (const Node &node : graph.nodes)
    importNode(node, op.b.getBlock());
  llvm::SmallVector<Data> outputs;
  for (const NamedValue &output : graph.outputs) {
    const Data *data =
        poisoned.contains(output.name) ? nullptr : lookup(output.name);
    outputs.push_back(data ? *data : Data());
    outputs.back().name = "";
    if (!data && problems.size() == before)
      (void)op.fail("undefined-value",
                    "the output '" + output.name + "' is not computed");
  }
  for (auto &[name, data] : llvm::reverse(hidden.back())) {
    if (data)
      values[name] = std::move(*data);
    else
      values.erase(name);
  }
  hidden.pop_back();
  op.b.setInsertionPointToEnd(op.b.getBlock());
  if (problems.size() != before)
    return std::nullopt;
  return outputs;
}

bool Importer::importOutputs() {
  llvm::SmallVector<Value> results;
  llvm::SmallVector<Type> types;
  llvm::SmallVector<DictionaryAttr> attrs;
  for (const auto &output : model.graph.outputs) {
    const Data *data =
        poisoned.contains(output.name) ? nullptr : lookup(output.name);
    if (!data) {
      if (problems.empty())
        addProblem({"undefined-value",
                    "",
                    "the output '" + output.name + "' is not computed",
                    {},
                    ""});
      continue;
    }
    if (!output.type.notTensor.empty()) {
      addProblem({"unsupported-type",
                  "",
                  "output '" + output.name + "' is a " + output.type.notTensor,
                  {},
                  ""});
      continue;
    }
    if (output.type.type != ElementType::Undefined &&
        output.type.type != data->type) {
      addProblem({"type-mismatch",
                  "",
                  "output '" + output.name + "' is declared as " +
                      elementTypeName(output.type.type) + " but computed as " +
                      elementTypeName(data->type),
                  {},
                  ""});
      continue;
    }
    Node place;
    place.name = output.name;
    Op op(*this, place, locationOf(output.name));
    op.b.setInsertionPointToEnd(&function.getBody().front());
    Value value = op.value(*data);
    if (!value)
      continue;
    auto shape = cast<RankedTensorType>(value.getType());
    if (elementBits(data->type) < 8) {
      if (!shape.hasStaticShape()) {
        addProblem({"unsupported-type",
                    "",
                    "output '" + output.name + "' has the element type " +
                        elementTypeName(data->type) +
                        " and a shape that is not known",
                    {},
                    ""});
        continue;
      }
      value = pack(op, *data).value;
    }
    llvm::SmallVector<std::string> names;
    for (const auto &[axis, dim] : llvm::enumerate(data->shape)) {
      // "past + 1", or what the model calls it where it has no name here.
      std::string name = dim.constant() ? "" : dims.text(dim);
      if (llvm::StringRef(name).contains('?'))
        name = axis < output.type.dims.size() &&
                       !dims.isName(output.type.dims[axis].name)
                   ? output.type.dims[axis].name
                   : "";
      names.push_back(name);
    }
    results.push_back(value);
    types.push_back(value.getType());
    attrs.push_back(interfaceAttrs(context, output.name, names, data->type,
                                   shape.getShape())
                        .getDictionary(&context));
  }
  if (!problems.empty())
    return false;
  builder.setInsertionPointToEnd(&function.getBody().front());
  func::ReturnOp::create(builder, fileLocation(), results);
  function.setFunctionType(
      FunctionType::get(&context, function.getArgumentTypes(), types));
  for (const auto &[index, dict] : llvm::enumerate(attrs))
    function.setResultAttrs(index, dict);
  return true;
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
                  func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                  scf::SCFDialect, tensor::TensorDialect, OrchestraDialect>();
}

static OwningOpRef<ModuleOp> import(llvm::StringRef path,
                                    const std::string_view *bytes,
                                    MLIRContext &context,
                                    const ImportOptions &options) {
  DialectRegistry registry;
  registerImportDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();

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
  Importer importer(context, path.str(), read.model ? *read.model : none);
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
