//===- Assembly.h - Pieces of StableHLO's assembly --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What ODS formats name as custom<...>, and checks that many ops share.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DIALECT_STABLEHLO_ASSEMBLY_H
#define ORCHESTRA_LIB_DIALECT_STABLEHLO_ASSEMBLY_H

#include "orchestra/Dialect/StableHLO/StableHLO.h"

namespace orchestra::stablehlo {

using mlir::AsmParser;
using mlir::AsmPrinter;
using mlir::OpAsmParser;
using mlir::OpAsmPrinter;
using mlir::Operation;
using mlir::ParseResult;
using mlir::Type;
using mlir::TypeRange;
using Types = llvm::SmallVectorImpl<Type>;
using Operands = llvm::SmallVectorImpl<OpAsmParser::UnresolvedOperand>;

/// The first line of every elementwise op: element types agree.
llvm::LogicalResult verifyElementwise(Operation *op);

ParseResult parseDims(AsmParser &parser, llvm::SmallVectorImpl<int64_t> &dims);
void printDims(AsmPrinter &printer, llvm::ArrayRef<int64_t> dims);
ParseResult parseBounds(AsmParser &parser,
                        llvm::SmallVectorImpl<int64_t> &bounds);
void printBounds(AsmPrinter &printer, llvm::ArrayRef<int64_t> bounds);

/// A dimension without the type that an integer attribute would print.
ParseResult parseDimension(OpAsmParser &parser, mlir::IntegerAttr &dimension);
void printDimension(OpAsmPrinter &printer, Operation *op,
                    mlir::IntegerAttr dimension);
ParseResult parseDotDimensionNumbers(OpAsmParser &parser,
                                     DotDimensionNumbersAttr &numbers);
void printDotDimensionNumbers(OpAsmPrinter &printer, Operation *op,
                              DotDimensionNumbersAttr numbers);
ParseResult parsePrecisionConfig(OpAsmParser &parser, mlir::ArrayAttr &config);
void printPrecisionConfig(OpAsmPrinter &printer, Operation *op,
                          mlir::ArrayAttr config);
ParseResult parsePrecisionConfigAndAlgorithm(OpAsmParser &parser,
                                             mlir::ArrayAttr &config,
                                             DotAlgorithmAttr &algorithm);
void printPrecisionConfigAndAlgorithm(OpAsmPrinter &printer, Operation *op,
                                      mlir::ArrayAttr config,
                                      DotAlgorithmAttr algorithm);
/// Operands, each followed by a comma, before a keyword.
ParseResult parseOperandsBeforeAttribute(OpAsmParser &parser,
                                         Operands &operands);
void printOperandsBeforeAttribute(OpAsmPrinter &printer, Operation *op,
                                  mlir::OperandRange operands);
ParseResult parseSliceRanges(OpAsmParser &parser,
                             mlir::DenseI64ArrayAttr &start,
                             mlir::DenseI64ArrayAttr &limit,
                             mlir::DenseI64ArrayAttr &strides);
void printSliceRanges(OpAsmPrinter &printer, Operation *op,
                      mlir::DenseI64ArrayAttr start,
                      mlir::DenseI64ArrayAttr limit,
                      mlir::DenseI64ArrayAttr strides);
ParseResult parseExponentMantissa(OpAsmParser &parser,
                                  mlir::IntegerAttr &exponent,
                                  mlir::IntegerAttr &mantissa);
void printExponentMantissa(OpAsmPrinter &printer, Operation *op,
                           mlir::IntegerAttr exponent,
                           mlir::IntegerAttr mantissa);
ParseResult parseConvolutionDimensions(AsmParser &parser,
                                       ConvDimensionNumbersAttr &numbers);
void printConvolutionDimensions(AsmPrinter &printer,
                                ConvDimensionNumbersAttr numbers);
inline void printConvolutionDimensions(AsmPrinter &printer, Operation *,
                                       ConvDimensionNumbersAttr numbers) {
  printConvolutionDimensions(printer, numbers);
}
ParseResult parseWindowAttributes(OpAsmParser &parser,
                                  mlir::DenseI64ArrayAttr &strides,
                                  mlir::DenseIntElementsAttr &padding,
                                  mlir::DenseI64ArrayAttr &lhsDilation,
                                  mlir::DenseI64ArrayAttr &rhsDilation,
                                  mlir::DenseBoolArrayAttr &reversal);
void printWindowAttributes(OpAsmPrinter &printer, Operation *op,
                           mlir::DenseI64ArrayAttr strides,
                           mlir::DenseIntElementsAttr padding,
                           mlir::DenseI64ArrayAttr lhsDilation,
                           mlir::DenseI64ArrayAttr rhsDilation,
                           mlir::DenseBoolArrayAttr reversal);
ParseResult parseCustomCallTarget(OpAsmParser &parser, mlir::StringAttr &name);
void printCustomCallTarget(OpAsmPrinter &printer, Operation *op,
                           mlir::StringAttr name);

/// One type if all are equal, else a function's type.
ParseResult parseEqualTypes(OpAsmParser &parser, llvm::ArrayRef<Type *> inputs,
                            Type &result);
void printEqualTypes(OpAsmPrinter &printer, TypeRange inputs, Type result);

template <typename... Rest>
ParseResult parseSameOperandsAndResultType(OpAsmParser &parser, Type &first,
                                           Rest &...rest) {
  llvm::SmallVector<Type *> types{&first, &rest...};
  Type *result = types.pop_back_val();
  return parseEqualTypes(parser, types, *result);
}
template <typename... All>
void printSameOperandsAndResultType(OpAsmPrinter &printer, Operation *,
                                    All... all) {
  llvm::SmallVector<Type> types{all...};
  Type result = types.pop_back_val();
  printEqualTypes(printer, types, result);
}
ParseResult parseComplexOpType(OpAsmParser &parser, Type &lhs, Type &rhs,
                               Type &result);
void printComplexOpType(OpAsmPrinter &printer, Operation *op, Type lhs,
                        Type rhs, Type result);
ParseResult parseSelectOpType(OpAsmParser &parser, Type &pred, Type &onTrue,
                              Type &onFalse, Type &result);
void printSelectOpType(OpAsmPrinter &printer, Operation *op, Type pred,
                       Type onTrue, Type onFalse, Type result);
ParseResult parsePairwiseOpType(OpAsmParser &parser, Types &operands,
                                Types &results);
void printPairwiseOpType(OpAsmPrinter &printer, Operation *op,
                         TypeRange operands, TypeRange results);
ParseResult parseTupleOpType(OpAsmParser &parser, Types &operands,
                             Type &result);
void printTupleOpType(OpAsmPrinter &printer, Operation *op, TypeRange operands,
                      Type result);
ParseResult parseVariadicSameOperandsAndResultType(OpAsmParser &parser,
                                                   Operands &operands,
                                                   Types &types, Type &result);
void printVariadicSameOperandsAndResultType(OpAsmPrinter &printer,
                                            Operation *op,
                                            mlir::OperandRange operands,
                                            TypeRange types, Type result);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_DIALECT_STABLEHLO_ASSEMBLY_H
