//===- Importer.h - What the lowering of an operator sees -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A lowering is a function of one `Op`: it reads inputs and attributes, builds
// waist ops, and sets outputs. On anything wrong it returns op.fail(...), which
// becomes a diagnostic at the user's node.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_IMPORTER_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_IMPORTER_H

#include "Dim.h"
#include "Model.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

namespace orchestra::onnx {

class Importer;

/// The contents of a small integer or boolean tensor, element by element, in
/// row-major order.
using Contents = llvm::SmallVector<Dim, 0>;

/// What an ONNX value is during the import. At least one of `value`,
/// `constant` and `contents` is there; `Op::value` makes the first from the
/// others when an operator needs a tensor.
struct Data {
  ElementType type = ElementType::Undefined;
  Shape shape;
  mlir::Value value;
  const Tensor *constant = nullptr;
  std::optional<Contents> contents;
  /// The items of a sequence; sequences exist during the import only. `type` is
  /// that of the items.
  std::shared_ptr<const std::vector<Data>> items;
  /// A sequence of maps that all have the same keys: `items` are the keys and
  /// the rows of values.
  bool isMaps = false;
  /// An optional that holds nothing.
  bool isAbsent = false;
  /// The user's name of it.
  llvm::StringRef name;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
};

/// Element types by kind.
bool isFloat(ElementType type);
bool isSignedInt(ElementType type);
bool isUnsignedInt(ElementType type);
inline bool isInt(ElementType type) {
  return isSignedInt(type) || isUnsignedInt(type);
}

/// Types that the waist holds as an i8 an element: integers under a byte, by
/// value, and floats of a byte and less, by their bits.
bool isNarrowInt(ElementType type);
bool isNarrowFloat(ElementType type);
inline bool isNarrow(ElementType type) {
  return isNarrowInt(type) || isNarrowFloat(type);
}

/// The MLIR type of an element; null where the waist has none.
mlir::Type elementType(ElementType type, mlir::MLIRContext *context);

/// One node being lowered.
class Op {
public:
  Op(Importer &importer, const Node &node, mlir::Location loc);

  Importer &importer;
  const Node &node;
  mlir::ImplicitLocOpBuilder b;
  DimSymbols &dims;

  /// Records a problem at this node; the first one counts. Always failure.
  mlir::LogicalResult fail(llvm::StringRef slug, const llvm::Twine &message,
                           std::vector<std::string> notes = {},
                           llvm::StringRef help = {});
  bool failed() const { return hasFailed; }
  /// Something that values of inputs decide must be known at compile time.
  mlir::LogicalResult needsInputs(const llvm::Twine &what);
  /// "this node does X in a way that is not supported".
  mlir::LogicalResult unsupported(const llvm::Twine &what);

  /// --- Inputs -----------------------------------------------------------
  unsigned numInputs() const { return node.inputs.size(); }
  bool has(unsigned index) const;
  /// A required input; when it is missing this records a problem and gives an
  /// empty scalar.
  const Data &in(unsigned index);
  /// The tensor of a value.
  mlir::Value value(const Data &data);
  /// The contents of an input that has to be known at compile time as
  /// integers; `what` names it in the problem.
  std::optional<llvm::SmallVector<int64_t>> constantInts(unsigned index,
                                                         llvm::StringRef what);
  /// The contents as sizes, which may be symbolic.
  std::optional<Contents> contents(const Data &data);
  /// A floating-point scalar that is a constant.
  std::optional<double> constantFloat(const Data &data);
  /// Fails unless the type is one of these.
  bool expectType(const Data &data, bool allowed, llvm::StringRef what);
  bool sameType(const Data &a, const Data &b);

  /// --- Attributes -------------------------------------------------------
  bool hasAttr(llvm::StringRef name) const;
  int64_t intAttr(llvm::StringRef name, std::optional<int64_t> fallback = {});
  float floatAttr(llvm::StringRef name, std::optional<float> fallback = {});
  std::string stringAttr(llvm::StringRef name, llvm::StringRef fallback = {});
  llvm::SmallVector<int64_t> intsAttr(llvm::StringRef name,
                                      llvm::ArrayRef<int64_t> fallback = {});
  llvm::SmallVector<float> floatsAttr(llvm::StringRef name);
  std::vector<std::string> stringsAttr(llvm::StringRef name);
  /// A tensor as a constant; null where the node lacks it.
  const Tensor *tensorAttr(llvm::StringRef name);
  /// An inner graph; null after a problem.
  const Graph *graphAttr(llvm::StringRef name);
  /// An axis in [-rank, rank), made non-negative.
  std::optional<int64_t> axis(int64_t value, int64_t rank,
                              llvm::StringRef what = "axis");
  /// Several of them, without repetition, sorted.
  std::optional<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> values,
                                                 int64_t rank,
                                                 llvm::StringRef what = "axes");

  /// --- Outputs ----------------------------------------------------------
  unsigned numOutputs() const { return node.outputs.size(); }
  bool wants(unsigned index) const {
    return index < node.outputs.size() && !node.outputs[index].empty();
  }
  mlir::LogicalResult set(unsigned index, Data data);

  /// --- Types ------------------------------------------------------------
  mlir::Type elementType(ElementType type);
  mlir::RankedTensorType tensorType(llvm::ArrayRef<Dim> shape,
                                    ElementType type);
  /// The index values of the dynamic sizes.
  llvm::SmallVector<mlir::Value> dynamicSizes(llvm::ArrayRef<Dim> shape);
  llvm::SmallVector<mlir::OpFoldResult> sizes(llvm::ArrayRef<Dim> shape);
  mlir::Value empty(llvm::ArrayRef<Dim> shape, ElementType type);
  std::string text(llvm::ArrayRef<Dim> shape) { return dims.text(shape); }

  /// --- Functions of the runtime -------------------------------------------
  /// The results of the function of this name, on whole tensors and numbers.
  Data callHost(llvm::StringRef function, llvm::ArrayRef<mlir::Value> inputs,
                llvm::ArrayRef<Dim> shape, ElementType type);
  /// The bytes of a text, as an operand of one.
  mlir::Value bytesOf(llvm::StringRef text);
  /// A constant tensor of strings.
  Data stringConstant(llvm::ArrayRef<std::string> strings,
                      llvm::ArrayRef<Dim> shape);

  /// --- Conditions that only the inputs' values decide --------------------
  /// Makes a run fail with this message unless `condition` holds. It must
  /// follow from inputs of the model.
  void require(mlir::Value condition, const llvm::Twine &message);
  /// Whether a value of the IR follows from inputs without any computation on
  /// tensors, so that the host can read its elements before the run.
  static bool isHostValue(mlir::Value value);

private:
  /// Tests a shape that values of inputs decide before the program runs.
  void guard(llvm::ArrayRef<Dim> shape);
  const NodeAttribute *attribute(llvm::StringRef name, NodeAttribute::Kind kind,
                                 bool required);
  bool hasFailed = false;
};

using Lowering = mlir::LogicalResult (*)(Op &);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_IMPORTER_H
