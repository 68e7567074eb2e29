//===- ImporterState.h - One import under way -------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_IMPORTERSTATE_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_IMPORTERSTATE_H

#include "Importer.h"

#include "orchestra/Frontend/ONNX.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <deque>
#include <set>

namespace orchestra::onnx {

/// Reports a problem in the house form at `loc`.
void report(mlir::Location loc, const Problem &problem);

/// The attribute of a constant: `dense` when small or a splat, else a resource
/// over its bytes. Null if its type has no MLIR type.
mlir::TypedAttr constantAttr(const Tensor &tensor, llvm::StringRef name,
                             mlir::MLIRContext *context);

class Importer {
public:
  Importer(mlir::MLIRContext &context, std::string file, const Model &model,
           const ImportOptions &options);

  /// Opset of the standard domain that the file has.
  int getGivenOpset() const { return model.givenOpset; }

  /// The module, or null after reporting.
  mlir::OwningOpRef<mlir::ModuleOp> run(llvm::StringRef moduleName);

  /// The location of a node, or of another thing with a name.
  mlir::Location locationOf(llvm::StringRef name);
  mlir::Location fileLocation();

  /// What stands for a name; null if its definition failed.
  const Data *lookup(const std::string &name);
  void define(const std::string &name, Data data);
  mlir::Value constantValue(const Tensor &tensor, llvm::StringRef name);
  /// A constant made during the import.
  const Tensor *keep(Tensor tensor) {
    kept.push_back(std::move(tensor));
    return &kept.back();
  }
  void addProblem(Problem problem) { problems.push_back(std::move(problem)); }

  /// Lowers the nodes of an inner graph where `op` builds, with these values
  /// for its inputs. Its outputs, or nothing after a problem.
  std::optional<llvm::SmallVector<Data>>
  inlineGraph(Op &op, const Graph &graph, llvm::ArrayRef<Data> inputs);

  /// Whether the shape is to be tested before the program runs; only once for
  /// each.
  bool mustGuard(llvm::ArrayRef<Dim> shape) {
    return guarded.insert(Shape(shape.begin(), shape.end())).second;
  }

  DimSymbols dims;
  /// What a reshaped tensor was before, to undo one reshape by another.
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, Shape>> reshapes;

private:
  void findSizeValues(const Graph &graph);
  std::optional<Contents> readContents(const Data &data, mlir::Location loc);
  bool importInputs();
  std::optional<Data> importInput(const std::string &name,
                                  const ValueType &type);
  std::optional<Data> importItems(const std::string &name,
                                  const ValueType &type);
  std::optional<Data> importOptional(const std::string &name,
                                     const ValueType &type);
  std::optional<Data> addArgument(const std::string &name,
                                  const ValueType &type);
  std::optional<Contents> fixContents(const Data &data, const GivenInput &given,
                                      mlir::Location loc);
  void importNode(const Node &node, mlir::Block *block);
  bool importOutputs();
  void importOutput(const std::string &name, const ValueType &type,
                    const Data &data);
  void reportUnsupported();
  bool inputsAreThere(const Node &node);

  mlir::MLIRContext &context;
  std::string file;
  const Model &model;
  const ImportOptions &options;
  mlir::OpBuilder builder;
  mlir::func::FuncOp function;
  std::map<std::string, Data> values;
  /// For each inner graph under way, what its names stood for outside.
  std::vector<std::vector<std::pair<std::string, std::optional<Data>>>> hidden;
  /// Names whose node failed: nodes that use them are skipped silently.
  llvm::StringSet<> poisoned;
  /// Names of values that sizes follow from.
  llvm::StringSet<> sizeValues;
  std::set<Shape> guarded;
  llvm::DenseMap<const Tensor *, mlir::Value> constants;
  std::vector<Problem> problems;
  std::deque<Tensor> kept;
  /// Of arguments and results.
  llvm::SmallVector<mlir::DictionaryAttr> argumentAttrs, resultAttrs;
  llvm::SmallVector<mlir::Value> results;
};

/// Lowers a node on sizes and shapes by computing its result now, as sizes.
/// True if it did.
bool evaluateContents(Op &op);
/// Whether it can do so for some nodes of the operator.
bool isEvaluated(llvm::StringRef op);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_IMPORTERSTATE_H
