//===- Importer.h - What lowerings of StableHLO ops work with ---*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_STABLEHLO_IMPORTER_H
#define ORCHESTRA_LIB_FRONTEND_STABLEHLO_IMPORTER_H

#include "orchestra/Dialect/LinalgExt/Arithmetic.h"
#include "orchestra/Dialect/StableHLO/StableHLO.h"
#include "orchestra/Frontend/StableHLO.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <map>

namespace orchestra::stablehlo::frontend {

using linalg_ext::indexNum;
using linalg_ext::Num;
using linalg_ext::scalar;
using linalg_ext::scalarInt;
using mlir::ImplicitLocOpBuilder;
using mlir::LogicalResult;
using mlir::OpFoldResult;
using mlir::Type;
using mlir::Value;

/// A value of StableHLO in the waist: a tensor, two for complex elements, a
/// tuple, or (a token) nothing.
struct Data {
  /// StableHLO's element type, with its sign.
  Type element;
  Value value;
  Value imag;
  std::vector<Data> items;

  bool isComplex() const { return imag != nullptr; }
  mlir::RankedTensorType type() const {
    return llvm::cast<mlir::RankedTensorType>(value.getType());
  }
  int64_t rank() const { return type().getRank(); }
};

/// One element of a tensor, inside a loop's body.
struct Element {
  Type element;
  Value value;
  Value imag;
  bool isComplex() const { return imag != nullptr; }
};
using Elements = llvm::SmallVector<Element>;

class Importer;

/// One op being lowered.
class Op {
public:
  Op(Importer &importer, mlir::Operation *op, ImplicitLocOpBuilder &b)
      : importer(importer), op(op), b(b) {}

  Importer &importer;
  mlir::Operation *op;
  ImplicitLocOpBuilder &b;

  Data in(unsigned index);
  Data in(Value value);
  LogicalResult set(unsigned index, const Data &data);
  LogicalResult set(const Data &data) { return set(0, data); }
  /// Records a problem at this op. Always failure.
  LogicalResult fail(llvm::StringRef slug, const llvm::Twine &message,
                     std::vector<std::string> notes = {});
  /// "this op does X in a way that is not supported".
  LogicalResult unsupported(const llvm::Twine &what);

  /// The numbers that a tensor of rank 0 or 1 holds, as sizes: constants where
  /// they can be computed now.
  std::optional<llvm::SmallVector<OpFoldResult>> numbers(Value value);
  /// ... only those that follow from sizes and constants.
  std::optional<llvm::SmallVector<OpFoldResult>> knownOnly(Value value);
};

using Lowering = LogicalResult (*)(Op &);

class Importer {
public:
  Importer(mlir::ModuleOp source, const ImportOptions &options);
  mlir::OwningOpRef<mlir::ModuleOp> run();

  mlir::MLIRContext &context;
  mlir::ModuleOp source;
  const ImportOptions &options;
  llvm::DenseMap<Value, Data> values;
  /// Numbers known of small integer tensors, see Op::numbers().
  llvm::DenseMap<Value, llvm::SmallVector<OpFoldResult>> knownNumbers;

  /// Lowers the ops of a block and gives what its terminator names.
  std::optional<llvm::SmallVector<Data>> importBlock(mlir::Block &block,
                                                     ImplicitLocOpBuilder &b);
  /// Inlines a function.
  std::optional<llvm::SmallVector<Data>> call(mlir::Operation *at,
                                              llvm::StringRef function,
                                              llvm::ArrayRef<Data> arguments,
                                              mlir::ValueRange operands,
                                              ImplicitLocOpBuilder &b);
  /// The results of a computation on scalars, as elements.
  std::optional<Elements> evaluate(mlir::Region &region,
                                   llvm::ArrayRef<Element> arguments,
                                   ImplicitLocOpBuilder &b);

  LogicalResult fail(mlir::Operation *op, llvm::StringRef slug,
                     const llvm::Twine &message,
                     std::vector<std::string> notes = {});
  bool hasFailed() const { return failures > 0; }

private:
  LogicalResult importOp(mlir::Operation *op, ImplicitLocOpBuilder &b);
  bool importEntry(mlir::func::FuncOp entry, mlir::func::FuncOp function);
  std::optional<Elements> evaluateOp(mlir::Operation *op,
                                     llvm::DenseMap<Value, Element> &known,
                                     ImplicitLocOpBuilder &b);

  unsigned failures = 0;
  llvm::SmallVector<llvm::StringRef> stack;
  llvm::SmallPtrSet<mlir::Operation *, 8> reported;
};

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// What the waist holds for an element; null where it has nothing. Of complex
/// numbers, the type of a part.
Type storedType(Type element);
bool isUnsigned(Type element);

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

OpFoldResult sizeOf(ImplicitLocOpBuilder &b, Value tensor, int64_t dim);
llvm::SmallVector<OpFoldResult> sizesOf(ImplicitLocOpBuilder &b, Value tensor);
std::optional<int64_t> constantOf(OpFoldResult size);
Value indexOf(ImplicitLocOpBuilder &b, OpFoldResult size);
OpFoldResult add(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y);
OpFoldResult sub(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y);
OpFoldResult mul(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y);
/// Rounds down; `y` is positive, `x` not negative.
OpFoldResult div(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y);
OpFoldResult product(ImplicitLocOpBuilder &b,
                     llvm::ArrayRef<OpFoldResult> sizes);
Value empty(ImplicitLocOpBuilder &b, llvm::ArrayRef<OpFoldResult> sizes,
            Type stored);

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

/// The real and imaginary parts in turn.
llvm::SmallVector<Value> partsOf(llvm::ArrayRef<Data> inputs);
/// Applies a change of a tensor to each part.
Data onParts(const Data &data, llvm::function_ref<Value(Value)> change);

using ElementBody = llvm::function_ref<std::optional<Elements>(
    ImplicitLocOpBuilder &, llvm::ArrayRef<Element>)>;
using IndexBody = llvm::function_ref<Elements(ImplicitLocOpBuilder &,
                                              llvm::ArrayRef<Num> index)>;

/// An all-parallel linalg.generic over tensors of one shape; those of rank 0
/// are read as scalars. Elements of the results are of these types.
std::optional<llvm::SmallVector<Data>>
elementwise(ImplicitLocOpBuilder &b, llvm::ArrayRef<Data> inputs,
            llvm::ArrayRef<Type> elements, ElementBody body);
/// Tensors of these sizes, computed from the place of each element.
llvm::SmallVector<Data> generate(ImplicitLocOpBuilder &b,
                                 llvm::ArrayRef<OpFoldResult> sizes,
                                 llvm::ArrayRef<Type> elements, IndexBody body);
/// The element at a place, for bodies of generate().
Element at(ImplicitLocOpBuilder &b, const Data &data,
           llvm::ArrayRef<Num> index);
Element choose(ImplicitLocOpBuilder &b, Value condition, const Element &yes,
               const Element &no);

Value reshape(ImplicitLocOpBuilder &b, Value tensor,
              llvm::ArrayRef<OpFoldResult> sizes);
Value transpose(ImplicitLocOpBuilder &b, Value tensor,
                llvm::ArrayRef<int64_t> permutation);
Value castTo(ImplicitLocOpBuilder &b, Value tensor, Type type);
/// Repeats along new or single dimensions.
Value broadcast(ImplicitLocOpBuilder &b, Value tensor,
                llvm::ArrayRef<int64_t> dims,
                llvm::ArrayRef<OpFoldResult> sizes);
/// A scalar of rank 0 as a value.
Value extractScalar(ImplicitLocOpBuilder &b, Value tensor);
Value filled(ImplicitLocOpBuilder &b, llvm::ArrayRef<OpFoldResult> sizes,
             Value scalar);
/// Puts `low`, `high` and `interior` elements around and between; negative
/// numbers take away.
Value pad(ImplicitLocOpBuilder &b, Value tensor, Value scalar,
          llvm::ArrayRef<OpFoldResult> low, llvm::ArrayRef<OpFoldResult> high,
          llvm::ArrayRef<OpFoldResult> interior);
Value reverse(ImplicitLocOpBuilder &b, Value tensor,
              llvm::ArrayRef<int64_t> dims);

/// Repeats a change of tensors, each over the memory of the last.
std::optional<llvm::SmallVector<Data>>
repeat(ImplicitLocOpBuilder &b, OpFoldResult count, llvm::ArrayRef<Data> states,
       llvm::function_ref<llvm::SmallVector<Data>(ImplicitLocOpBuilder &, Num,
                                                  llvm::ArrayRef<Data>)>
           step);

/// An elementwise op on one element of each operand. Nothing where this is not
/// an elementwise op that is known.
std::optional<Element> emitElement(ImplicitLocOpBuilder &b, mlir::Operation *op,
                                   llvm::ArrayRef<Element> operands);
std::optional<Element> emitComplex(ImplicitLocOpBuilder &b, mlir::Operation *op,
                                   llvm::ArrayRef<Element> operands);
/// Arithmetic on elements of one type.
Element sum(ImplicitLocOpBuilder &b, const Element &x, const Element &y);
Element difference(ImplicitLocOpBuilder &b, const Element &x, const Element &y);
Element times(ImplicitLocOpBuilder &b, const Element &x, const Element &y);
Element quotient(ImplicitLocOpBuilder &b, const Element &x, const Element &y);
Element conjugate(ImplicitLocOpBuilder &b, const Element &x);
/// Values of another element type: what `convert` means.
Element convertElement(ImplicitLocOpBuilder &b, const Element &x, Type to);
/// Floats as integers in the order -NaN, -inf, ..., -0, 0, ..., inf, NaN; such
/// an integer as the float's bits.
Value totalOrder(ImplicitLocOpBuilder &b, Value x);
/// Functions of f32 and f64 that the waist has no op for, or one that is not
/// exact enough.
Value erfInverse(ImplicitLocOpBuilder &b, Value x);
Value logGamma(ImplicitLocOpBuilder &b, Value x);
Value digamma(ImplicitLocOpBuilder &b, Value x);
Value besselI1Scaled(ImplicitLocOpBuilder &b, Value x);
Value arcTangent(ImplicitLocOpBuilder &b, Value x);
Value arcTangent2(ImplicitLocOpBuilder &b, Value y, Value x);
bool isElementwise(mlir::Operation *op);
LogicalResult lowerElementwise(Op &op);
/// A transpose of a matrix that a product is used for and nothing else is the
/// product the other way round: gradients of weights. Nothing where it is not.
std::optional<LogicalResult> lowerTransposedDot(Op &op);
/// An op of the dialect beside StableHLO.
LogicalResult lowerChlo(Op &op);

//===----------------------------------------------------------------------===//
// Lowerings, by the name of the op
//===----------------------------------------------------------------------===//

using Table = llvm::StringMap<Lowering>;
const Table &lowerings();
void addAlgebra(Table &table);
void addFourier(Table &table);
void addMovement(Table &table);
void addSelection(Table &table);
void addShapes(Table &table);
void addContractions(Table &table);
void addReductions(Table &table);
void addIndexing(Table &table);
void addControl(Table &table);

} // namespace orchestra::stablehlo::frontend

#endif // ORCHESTRA_LIB_FRONTEND_STABLEHLO_IMPORTER_H
