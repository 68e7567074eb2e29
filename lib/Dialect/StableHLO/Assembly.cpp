//===- Assembly.cpp - Pieces of StableHLO's assembly --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Assembly.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace orchestra::stablehlo;

/// `%a, %b,`: an attribute follows the last comma.
ParseResult orchestra::stablehlo::parseOperandsBeforeAttribute(
    OpAsmParser &parser,
    SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands) {
  OpAsmParser::UnresolvedOperand operand;
  OptionalParseResult result = parser.parseOptionalOperand(operand);
  while (result.has_value()) {
    if (failed(*result) || parser.parseComma())
      return failure();
    operands.push_back(operand);
    operand = {};
    result = parser.parseOptionalOperand(operand);
  }
  return success();
}

void orchestra::stablehlo::printOperandsBeforeAttribute(OpAsmPrinter &printer,
                                                        Operation *,
                                                        OperandRange operands) {
  llvm::interleaveComma(operands, printer);
  printer << ',';
}

/// `[start:limit, start:limit:stride]`
ParseResult orchestra::stablehlo::parseSliceRanges(OpAsmParser &parser,
                                                   DenseI64ArrayAttr &start,
                                                   DenseI64ArrayAttr &limit,
                                                   DenseI64ArrayAttr &strides) {
  SmallVector<int64_t> starts, limits, steps;
  auto parseOne = [&]() -> ParseResult {
    if (parser.parseInteger(starts.emplace_back()) || parser.parseColon() ||
        parser.parseInteger(limits.emplace_back()))
      return failure();
    steps.push_back(1);
    return succeeded(parser.parseOptionalColon())
               ? parser.parseInteger(steps.back())
               : ParseResult(success());
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return failure();
  Builder &builder = parser.getBuilder();
  start = builder.getDenseI64ArrayAttr(starts);
  limit = builder.getDenseI64ArrayAttr(limits);
  strides = builder.getDenseI64ArrayAttr(steps);
  return success();
}

void orchestra::stablehlo::printSliceRanges(OpAsmPrinter &printer, Operation *,
                                            DenseI64ArrayAttr start,
                                            DenseI64ArrayAttr limit,
                                            DenseI64ArrayAttr strides) {
  printer << '[';
  llvm::interleaveComma(llvm::seq<size_t>(0, start.size()), printer,
                        [&](size_t i) {
                          printer << start[i] << ':' << limit[i];
                          if (strides[i] != 1)
                            printer << ':' << strides[i];
                        });
  printer << ']';
}

ParseResult orchestra::stablehlo::parsePrecisionConfigAndAlgorithm(
    OpAsmParser &parser, ArrayAttr &config, DotAlgorithmAttr &algorithm) {
  auto parsePrecisions = [&]() -> ParseResult {
    SmallVector<Attribute> precisions;
    auto parseOne = [&]() -> ParseResult {
      StringRef keyword;
      SMLoc loc = parser.getCurrentLocation();
      if (parser.parseKeyword(&keyword))
        return failure();
      std::optional<Precision> precision = symbolizePrecision(keyword);
      if (!precision)
        return parser.emitError(loc, "expected DEFAULT, HIGH or HIGHEST");
      precisions.push_back(PrecisionAttr::get(parser.getContext(), *precision));
      return success();
    };
    if (parser.parseEqual() ||
        parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
      return failure();
    config = parser.getBuilder().getArrayAttr(precisions);
    return success();
  };
  while (succeeded(parser.parseOptionalComma())) {
    if (!config && succeeded(parser.parseOptionalKeyword("precision"))) {
      if (parsePrecisions())
        return failure();
    } else if (parser.parseKeyword("algorithm") || parser.parseEqual()) {
      return failure();
    } else {
      Attribute parsed = DotAlgorithmAttr::parse(parser, Type());
      algorithm = dyn_cast_if_present<DotAlgorithmAttr>(parsed);
      if (!algorithm)
        return failure();
    }
  }
  return success();
}

void orchestra::stablehlo::printPrecisionConfigAndAlgorithm(
    OpAsmPrinter &printer, Operation *, ArrayAttr config,
    DotAlgorithmAttr algorithm) {
  if (config) {
    printer << ", precision = [";
    llvm::interleaveComma(config, printer, [&](Attribute precision) {
      printer << stringifyPrecision(cast<PrecisionAttr>(precision).getValue());
    });
    printer << ']';
  }
  if (algorithm) {
    printer << ", algorithm = ";
    algorithm.print(printer);
  }
}

ParseResult orchestra::stablehlo::parsePrecisionConfig(OpAsmParser &parser,
                                                       ArrayAttr &config) {
  DotAlgorithmAttr algorithm;
  SMLoc loc = parser.getCurrentLocation();
  if (parsePrecisionConfigAndAlgorithm(parser, config, algorithm))
    return failure();
  return algorithm ? parser.emitError(loc, "this op has no algorithm")
                   : ParseResult(success());
}

void orchestra::stablehlo::printPrecisionConfig(OpAsmPrinter &printer,
                                                Operation *op,
                                                ArrayAttr config) {
  printPrecisionConfigAndAlgorithm(printer, op, config, {});
}

/// `e5m10`
ParseResult orchestra::stablehlo::parseExponentMantissa(OpAsmParser &parser,
                                                        IntegerAttr &exponent,
                                                        IntegerAttr &mantissa) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef text;
  if (parser.parseKeyword(&text))
    return failure();
  StringRef rest = text;
  int32_t exponentBits, mantissaBits;
  if (!rest.consume_front("e") || rest.consumeInteger(10, exponentBits) ||
      !rest.consume_front("m") || rest.consumeInteger(10, mantissaBits) ||
      !rest.empty())
    return parser.emitError(loc, "expected a format like e5m10, not ") << text;
  exponent = parser.getBuilder().getI32IntegerAttr(exponentBits);
  mantissa = parser.getBuilder().getI32IntegerAttr(mantissaBits);
  return success();
}

void orchestra::stablehlo::printExponentMantissa(OpAsmPrinter &printer,
                                                 Operation *,
                                                 IntegerAttr exponent,
                                                 IntegerAttr mantissa) {
  printer << 'e' << exponent.getInt() << 'm' << mantissa.getInt();
}

/// `stride = [2, 2], pad = [[0, 1], [0, 1]], lhs_dilate = ..., reverse = ...`
ParseResult orchestra::stablehlo::parseWindowAttributes(
    OpAsmParser &parser, DenseI64ArrayAttr &strides,
    DenseIntElementsAttr &padding, DenseI64ArrayAttr &lhsDilation,
    DenseI64ArrayAttr &rhsDilation, DenseBoolArrayAttr &reversal) {
  Builder &builder = parser.getBuilder();
  auto parseList = [&](DenseI64ArrayAttr &attr) -> ParseResult {
    SmallVector<int64_t> values;
    if (parseDims(parser, values))
      return failure();
    attr = builder.getDenseI64ArrayAttr(values);
    return success();
  };
  auto parsePairs = [&]() -> ParseResult {
    SmallVector<int64_t> values;
    int64_t rows = 0;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
          ++rows;
          return parseDims(parser, values);
        }))
      return failure();
    if (static_cast<int64_t>(values.size()) != 2 * rows)
      return parser.emitError(loc, "expected pairs of paddings");
    padding = DenseIntElementsAttr::get(
        RankedTensorType::get({rows, 2}, builder.getI64Type()), values);
    return success();
  };
  auto parseNamed = [&](StringRef name, SMLoc loc) -> ParseResult {
    if (parser.parseEqual())
      return failure();
    if (name == "stride" && !strides)
      return parseList(strides);
    if (name == "pad" && !padding)
      return parsePairs();
    if (name == "lhs_dilate" && !lhsDilation)
      return parseList(lhsDilation);
    if (name == "rhs_dilate" && !rhsDilation)
      return parseList(rhsDilation);
    if (name != "reverse" || reversal)
      return parser.emitError(loc, "unexpected part of a window: ") << name;
    SmallVector<bool> values;
    if (parser.parseCommaSeparatedList(
            AsmParser::Delimiter::Square, [&]() -> ParseResult {
              int64_t number;
              OptionalParseResult isNumber =
                  parser.parseOptionalInteger(number);
              if (isNumber.has_value()) {
                values.push_back(number != 0);
                return *isNumber;
              }
              bool isTrue = succeeded(parser.parseOptionalKeyword("true"));
              values.push_back(isTrue);
              return isTrue ? ParseResult(success())
                            : parser.parseKeyword("false");
            }))
      return failure();
    reversal = builder.getDenseBoolArrayAttr(values);
    return success();
  };
  auto parseOne = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef name;
    return failure(parser.parseKeyword(&name) || parseNamed(name, loc));
  };
  // Everything may be left out; the brace is the format's.
  StringRef first;
  SMLoc loc = parser.getCurrentLocation();
  if (failed(parser.parseOptionalKeyword(
          &first, {"stride", "pad", "lhs_dilate", "rhs_dilate", "reverse"})))
    return success();
  if (parseNamed(first, loc))
    return failure();
  while (succeeded(parser.parseOptionalComma()))
    if (parseOne())
      return failure();
  return success();
}

void orchestra::stablehlo::printWindowAttributes(
    OpAsmPrinter &printer, Operation *, DenseI64ArrayAttr strides,
    DenseIntElementsAttr padding, DenseI64ArrayAttr lhsDilation,
    DenseI64ArrayAttr rhsDilation, DenseBoolArrayAttr reversal) {
  bool isFirst = true;
  auto begin = [&](StringRef name) {
    printer << (isFirst ? "" : ", ") << name << " = ";
    isFirst = false;
  };
  auto list = [&](StringRef name, DenseI64ArrayAttr attr) {
    if (!attr)
      return;
    begin(name);
    printDims(printer, attr.asArrayRef());
  };
  list("stride", strides);
  if (padding) {
    begin("pad");
    SmallVector<int64_t> values;
    for (const llvm::APInt &value : padding.getValues<llvm::APInt>())
      values.push_back(value.getSExtValue());
    printer << '[';
    llvm::interleaveComma(
        llvm::seq<size_t>(0, values.size() / 2), printer, [&](size_t row) {
          printDims(printer, ArrayRef(values).slice(2 * row, 2));
        });
    printer << ']';
  }
  list("lhs_dilate", lhsDilation);
  list("rhs_dilate", rhsDilation);
  if (reversal) {
    begin("reverse");
    printer << '[';
    llvm::interleaveComma(reversal.asArrayRef(), printer, [&](bool value) {
      printer << (value ? "true" : "false");
    });
    printer << ']';
  }
}

ParseResult orchestra::stablehlo::parseCustomCallTarget(OpAsmParser &parser,
                                                        StringAttr &name) {
  return parser.parseSymbolName(name);
}

void orchestra::stablehlo::printCustomCallTarget(OpAsmPrinter &printer,
                                                 Operation *, StringAttr name) {
  printer.printSymbolName(name.getValue());
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static ParseResult assignFunctionType(OpAsmParser &parser, SMLoc loc,
                                      FunctionType type,
                                      ArrayRef<Type *> inputs, Type &result) {
  if (type.getNumInputs() != inputs.size() || type.getNumResults() != 1)
    return parser.emitError(loc, "expected ")
           << inputs.size() << " types of operands and one of a result";
  for (auto [to, from] : llvm::zip_equal(inputs, type.getInputs()))
    *to = from;
  result = type.getResult(0);
  return success();
}

ParseResult orchestra::stablehlo::parseEqualTypes(OpAsmParser &parser,
                                                  ArrayRef<Type *> inputs,
                                                  Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  Type type;
  if (parser.parseType(type))
    return failure();
  if (auto function = dyn_cast<FunctionType>(type))
    return assignFunctionType(parser, loc, function, inputs, result);
  for (Type *input : inputs)
    *input = type;
  result = type;
  return success();
}

static void printFunctionType(OpAsmPrinter &printer, TypeRange inputs,
                              TypeRange results) {
  printer.printFunctionalType(inputs, results);
}

void orchestra::stablehlo::printEqualTypes(OpAsmPrinter &printer,
                                           TypeRange inputs, Type result) {
  if (llvm::all_of(inputs, [&](Type input) { return input == result; }))
    printer << result;
  else
    printFunctionType(printer, inputs, TypeRange(ArrayRef<Type>(result)));
}

ParseResult orchestra::stablehlo::parseComplexOpType(OpAsmParser &parser,
                                                     Type &lhs, Type &rhs,
                                                     Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  Type type;
  if (parser.parseType(type))
    return failure();
  if (auto function = dyn_cast<FunctionType>(type))
    return assignFunctionType(parser, loc, function, {&lhs, &rhs}, result);
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto element =
      tensor ? dyn_cast<ComplexType>(tensor.getElementType()) : ComplexType();
  if (!element)
    return parser.emitError(loc, "expected a tensor of complex numbers");
  lhs = rhs = tensor.clone(element.getElementType());
  result = type;
  return success();
}

void orchestra::stablehlo::printComplexOpType(OpAsmPrinter &printer,
                                              Operation *, Type lhs, Type rhs,
                                              Type result) {
  auto tensor = cast<RankedTensorType>(result);
  Type part =
      tensor.clone(cast<ComplexType>(tensor.getElementType()).getElementType());
  if (lhs == part && rhs == part)
    printer << result;
  else
    printFunctionType(printer, {lhs, rhs}, TypeRange(ArrayRef<Type>(result)));
}

ParseResult orchestra::stablehlo::parseSelectOpType(OpAsmParser &parser,
                                                    Type &pred, Type &onTrue,
                                                    Type &onFalse,
                                                    Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  Type type;
  if (parser.parseType(type))
    return failure();
  if (auto function = dyn_cast<FunctionType>(type))
    return assignFunctionType(parser, loc, function, {&pred, &onTrue, &onFalse},
                              result);
  pred = type;
  if (parser.parseComma() || parser.parseType(result))
    return failure();
  onTrue = onFalse = result;
  return success();
}

void orchestra::stablehlo::printSelectOpType(OpAsmPrinter &printer, Operation *,
                                             Type pred, Type onTrue,
                                             Type onFalse, Type result) {
  if (onTrue == result && onFalse == result)
    printer << pred << ", " << result;
  else
    printFunctionType(printer, {pred, onTrue, onFalse},
                      TypeRange(ArrayRef<Type>(result)));
}

ParseResult orchestra::stablehlo::parsePairwiseOpType(OpAsmParser &parser,
                                                      Types &operands,
                                                      Types &results) {
  if (parser.parseTypeList(operands))
    return failure();
  results.assign(operands.begin(), operands.end());
  return success();
}

void orchestra::stablehlo::printPairwiseOpType(OpAsmPrinter &printer,
                                               Operation *, TypeRange operands,
                                               TypeRange) {
  llvm::interleaveComma(operands, printer);
}

ParseResult orchestra::stablehlo::parseTupleOpType(OpAsmParser &parser,
                                                   Types &operands,
                                                   Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseType(result))
    return failure();
  auto tuple = dyn_cast<TupleType>(result);
  if (!tuple)
    return parser.emitError(loc, "expected the type of a tuple");
  llvm::append_range(operands, tuple.getTypes());
  return success();
}

void orchestra::stablehlo::printTupleOpType(OpAsmPrinter &printer, Operation *,
                                            TypeRange, Type result) {
  printer << result;
}

ParseResult orchestra::stablehlo::parseVariadicSameOperandsAndResultType(
    OpAsmParser &parser, Operands &operands, Types &types, Type &result) {
  if (parser.parseType(result))
    return failure();
  types.assign(operands.size(), result);
  return success();
}

void orchestra::stablehlo::printVariadicSameOperandsAndResultType(
    OpAsmPrinter &printer, Operation *, OperandRange, TypeRange, Type result) {
  printer << result;
}
