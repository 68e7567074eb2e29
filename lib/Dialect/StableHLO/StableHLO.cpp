//===- StableHLO.cpp - The hand-off dialect -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts of the assembly that ODS cannot say; Verifiers.cpp has the rest.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// Pieces of assembly
//===----------------------------------------------------------------------===//

static ParseResult parseDims(AsmParser &parser,
                             SmallVectorImpl<int64_t> &dims) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(dims.emplace_back());
  });
}

static void printDims(AsmPrinter &printer, ArrayRef<int64_t> dims) {
  printer << '[';
  llvm::interleaveComma(dims, printer);
  printer << ']';
}

/// A dimension without the type that an integer attribute would print.
static ParseResult parseDimension(OpAsmParser &parser, IntegerAttr &dimension) {
  int64_t value;
  if (parser.parseInteger(value))
    return failure();
  dimension = parser.getBuilder().getI64IntegerAttr(value);
  return success();
}

static void printDimension(OpAsmPrinter &printer, Operation *,
                           IntegerAttr dimension) {
  printer << dimension.getInt();
}

static ParseResult parseDimsPair(OpAsmParser &parser,
                                 SmallVectorImpl<int64_t> &lhs,
                                 SmallVectorImpl<int64_t> &rhs) {
  return failure(parser.parseEqual() || parseDims(parser, lhs) ||
                 parser.parseKeyword("x") || parseDims(parser, rhs));
}

static ParseResult parseDotDimensionNumbers(OpAsmParser &parser,
                                            DotDimensionNumbersAttr &numbers) {
  SmallVector<int64_t> lhsBatch, rhsBatch, lhsContract, rhsContract;
  if (succeeded(parser.parseOptionalKeyword("batching_dims")))
    if (parseDimsPair(parser, lhsBatch, rhsBatch) || parser.parseComma())
      return failure();
  if (parser.parseKeyword("contracting_dims") ||
      parseDimsPair(parser, lhsContract, rhsContract))
    return failure();
  numbers = DotDimensionNumbersAttr::get(parser.getContext(), lhsBatch,
                                         rhsBatch, lhsContract, rhsContract);
  return success();
}

static void printDotDimensionNumbers(OpAsmPrinter &printer, Operation *,
                                     DotDimensionNumbersAttr numbers) {
  auto pair = [&](StringRef name, ArrayRef<int64_t> lhs,
                  ArrayRef<int64_t> rhs) {
    printer << name << " = ";
    printDims(printer, lhs);
    printer << " x ";
    printDims(printer, rhs);
  };
  if (!numbers.getLhsBatchingDimensions().empty() ||
      !numbers.getRhsBatchingDimensions().empty()) {
    pair("batching_dims", numbers.getLhsBatchingDimensions(),
         numbers.getRhsBatchingDimensions());
    printer << ", ";
  }
  pair("contracting_dims", numbers.getLhsContractingDimensions(),
       numbers.getRhsContractingDimensions());
}

static ParseResult parsePrecisionConfig(OpAsmParser &parser,
                                        ArrayAttr &config) {
  if (failed(parser.parseOptionalComma()))
    return success();
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
  if (parser.parseKeyword("precision") || parser.parseEqual() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return failure();
  config = parser.getBuilder().getArrayAttr(precisions);
  return success();
}

static void printPrecisionConfig(OpAsmPrinter &printer, Operation *,
                                 ArrayAttr config) {
  if (!config)
    return;
  printer << ", precision = [";
  llvm::interleaveComma(config, printer, [&](Attribute precision) {
    printer << stringifyPrecision(cast<PrecisionAttr>(precision).getValue());
  });
  printer << ']';
}

/// `%a, %b,`: an attribute follows the last comma.
static ParseResult parseOperandsBeforeAttribute(
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

static void printOperandsBeforeAttribute(OpAsmPrinter &printer, Operation *,
                                         OperandRange operands) {
  llvm::interleaveComma(operands, printer);
  printer << ',';
}

/// `[start:limit, start:limit:stride]`
static ParseResult parseSliceRanges(OpAsmParser &parser,
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

static void printSliceRanges(OpAsmPrinter &printer, Operation *,
                             DenseI64ArrayAttr start, DenseI64ArrayAttr limit,
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

//===----------------------------------------------------------------------===//
// #stablehlo.conv
//===----------------------------------------------------------------------===//

/// `[b, f, 0, 1]`: the letters name two dimensions, the numbers the others.
static ParseResult parseWindowDims(AsmParser &parser, StringRef firstName,
                                   int64_t &first, StringRef secondName,
                                   int64_t &second,
                                   SmallVectorImpl<int64_t> &spatial) {
  first = second = -1;
  SmallVector<std::pair<int64_t, int64_t>> numbered; // number, position
  int64_t position = 0;
  SMLoc loc = parser.getCurrentLocation();
  auto parseOne = [&]() -> ParseResult {
    int64_t at = position++, number;
    OptionalParseResult parsed = parser.parseOptionalInteger(number);
    if (parsed.has_value()) {
      numbered.push_back({number, at});
      return *parsed;
    }
    if (succeeded(parser.parseOptionalKeyword(firstName))) {
      first = at;
      return success();
    }
    if (parser.parseKeyword(secondName))
      return failure();
    second = at;
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return failure();
  llvm::sort(numbered);
  for (auto [index, entry] : llvm::enumerate(numbered)) {
    if (entry.first != int64_t(index))
      return parser.emitError(loc, "expected the spatial dimensions 0 to ")
             << numbered.size() - 1 << ", each once";
    spatial.push_back(entry.second);
  }
  if (first < 0 || second < 0 ||
      numbered.size() + 2 != static_cast<size_t>(position))
    return parser.emitError(loc, "expected '")
           << firstName << "' and '" << secondName << "', each once";
  return success();
}

static void printWindowDims(AsmPrinter &printer, StringRef firstName,
                            int64_t first, StringRef secondName, int64_t second,
                            ArrayRef<int64_t> spatial) {
  SmallVector<std::string> names(spatial.size() + 2);
  names[first] = firstName.str();
  names[second] = secondName.str();
  for (auto [index, position] : llvm::enumerate(spatial))
    names[position] = std::to_string(index);
  printer << '[';
  llvm::interleaveComma(names, printer,
                        [&](const std::string &name) { printer << name; });
  printer << ']';
}

Attribute ConvDimensionNumbersAttr::parse(AsmParser &parser, Type) {
  int64_t batch, feature, kernelIn, kernelOut, outBatch, outFeature;
  SmallVector<int64_t> input, kernel, output;
  if (parser.parseLess() ||
      parseWindowDims(parser, "b", batch, "f", feature, input) ||
      parser.parseKeyword("x") ||
      parseWindowDims(parser, "i", kernelIn, "o", kernelOut, kernel) ||
      parser.parseArrow() ||
      parseWindowDims(parser, "b", outBatch, "f", outFeature, output) ||
      parser.parseGreater())
    return {};
  return get(parser.getContext(), batch, feature, input, kernelIn, kernelOut,
             kernel, outBatch, outFeature, output);
}

void ConvDimensionNumbersAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printWindowDims(printer, "b", getInputBatchDimension(), "f",
                  getInputFeatureDimension(), getInputSpatialDimensions());
  printer << 'x';
  printWindowDims(printer, "i", getKernelInputFeatureDimension(), "o",
                  getKernelOutputFeatureDimension(),
                  getKernelSpatialDimensions());
  printer << "->";
  printWindowDims(printer, "b", getOutputBatchDimension(), "f",
                  getOutputFeatureDimension(), getOutputSpatialDimensions());
  printer << '>';
}

//===----------------------------------------------------------------------===//
// Generated code
//===----------------------------------------------------------------------===//

#include "orchestra/Dialect/StableHLO/StableHLODialect.cpp.inc"
#include "orchestra/Dialect/StableHLO/StableHLOEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "orchestra/Dialect/StableHLO/StableHLOAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/StableHLO/StableHLOOps.cpp.inc"

void StableHLODialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "orchestra/Dialect/StableHLO/StableHLOAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "orchestra/Dialect/StableHLO/StableHLOOps.cpp.inc"
      >();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===----------------------------------------------------------------------===//
// Reduce
//===----------------------------------------------------------------------===//

/// The body's only op, if the compact form can say it.
static Operation *compactReducer(ReduceOp op) {
  Block &body = op.getBody().front();
  if (!llvm::hasNItems(body, 2) || body.getNumArguments() != 2)
    return nullptr;
  Operation &reducer = body.front();
  if (reducer.getDialect() != op->getDialect() ||
      !reducer.hasTrait<OpTrait::IsCommutative>() ||
      !reducer.getAttrs().empty() || reducer.getNumOperands() != 2 ||
      reducer.getNumResults() != 1 ||
      reducer.getOperand(0) != body.getArgument(0) ||
      reducer.getOperand(1) != body.getArgument(1) ||
      body.back().getOperands() != reducer.getResults())
    return nullptr;
  return &reducer;
}

void ReduceOp::print(OpAsmPrinter &printer) {
  Operation *compact = compactReducer(*this);
  printer << '(' << getInput() << " init: " << getInitValue() << ')';
  if (compact)
    printer << " applies " << compact->getName();
  printer << " across dimensions = ";
  printDims(printer, getDimensions());
  printer.printOptionalAttrDict((*this)->getAttrs(), {"dimensions"});
  printer << " : ";
  printer.printFunctionalType(*this);
  if (compact)
    return;
  printer.printNewline();
  printer << " reducer";
  printer << '(';
  llvm::interleaveComma(
      getBody().getArguments(), printer,
      [&](BlockArgument argument) { printer.printRegionArgument(argument); });
  printer << ") ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

ParseResult ReduceOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::UnresolvedOperand input, init;
  if (parser.parseLParen() || parser.parseOperand(input) ||
      parser.parseKeyword("init") || parser.parseColon() ||
      parser.parseOperand(init) || parser.parseRParen())
    return failure();
  FailureOr<OperationName> reducer = failure();
  SMLoc reducerLoc;
  if (succeeded(parser.parseOptionalKeyword("applies"))) {
    reducerLoc = parser.getCurrentLocation();
    reducer = parser.parseCustomOperationName();
    if (failed(reducer))
      return failure();
  }
  SmallVector<int64_t> dims;
  FunctionType type;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword("across") || parser.parseKeyword("dimensions") ||
      parser.parseEqual() || parseDims(parser, dims) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type) ||
      parser.resolveOperands({input, init}, type.getInputs(), loc,
                             result.operands))
    return failure();
  result.addTypes(type.getResults());
  result.addAttribute("dimensions",
                      parser.getBuilder().getDenseI64ArrayAttr(dims));

  Region *body = result.addRegion();
  if (failed(reducer)) {
    SmallVector<OpAsmParser::Argument> arguments;
    return failure(parser.parseKeyword("reducer") ||
                   parser.parseArgumentList(arguments,
                                            AsmParser::Delimiter::Paren,
                                            /*allowType=*/true) ||
                   parser.parseRegion(*body, arguments));
  }
  auto scalar = dyn_cast<RankedTensorType>(type.getInput(1));
  if (!scalar)
    return parser.emitError(loc, "expected a tensor as initial value");
  Block &block = body->emplaceBlock();
  block.addArguments({scalar, scalar}, {result.location, result.location});
  // The region has no operation yet, so neither a context.
  OpBuilder builder(parser.getContext());
  builder.setInsertionPointToStart(&block);
  OperationState state(result.location, *reducer);
  state.addOperands(block.getArguments());
  state.addTypes(scalar);
  if (!reducer->isRegistered())
    return parser.emitError(reducerLoc, "unknown op '") << *reducer << "'";
  Operation *op = builder.create(state);
  ReturnOp::create(builder, result.location, op->getResults());
  return success();
}
