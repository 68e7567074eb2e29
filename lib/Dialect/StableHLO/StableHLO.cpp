//===- StableHLO.cpp - The hand-off dialect -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers and the parts of the assembly that ODS cannot say.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// Pieces of assembly
//===----------------------------------------------------------------------===//

static ParseResult parseDims(AsmParser &parser, SmallVectorImpl<int64_t> &dims) {
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square,
      [&] { return parser.parseInteger(dims.emplace_back()); });
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
  numbers = DotDimensionNumbersAttr::get(parser.getContext(), lhsBatch, rhsBatch,
                                         lhsContract, rhsContract);
  return success();
}

static void printDotDimensionNumbers(OpAsmPrinter &printer, Operation *,
                                     DotDimensionNumbersAttr numbers) {
  auto pair = [&](StringRef name, ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
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

static ParseResult parsePrecisionConfig(OpAsmParser &parser, ArrayAttr &config) {
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
static ParseResult
parseOperandsBeforeAttribute(OpAsmParser &parser,
                             SmallVectorImpl<OpAsmParser::UnresolvedOperand>
                                 &operands) {
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

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

/// The result must have this shape and the operand's element type.
static LogicalResult verifyResult(Operation *op, Value operand,
                                  ArrayRef<int64_t> shape) {
  auto expected =
      RankedTensorType::get(shape, getElementTypeOrSelf(operand.getType()));
  if (op->getResult(0).getType() != expected)
    return op->emitOpError("must have a result of type ")
           << expected << ", but it is " << op->getResult(0).getType();
  return success();
}

/// `dims` must be different dimensions of something of `rank` dimensions.
static LogicalResult verifyDims(Operation *op, ArrayRef<int64_t> dims,
                                int64_t rank, StringRef what) {
  llvm::SmallBitVector seen(rank);
  for (int64_t dim : dims) {
    if (dim < 0 || dim >= rank)
      return op->emitOpError() << what << " " << dim << " is not in [0, " << rank
                               << ")";
    if (seen.test(dim))
      return op->emitOpError() << what << " " << dim << " is named twice";
    seen.set(dim);
  }
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult IotaOp::verify() {
  return verifyDims(*this, getIotaDimension(), getType().getRank(),
                    "iota dimension");
}

LogicalResult BroadcastInDimOp::verify() {
  ArrayRef<int64_t> dims = getBroadcastDimensions();
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> to = getType().getShape();
  if (dims.size() != from.size())
    return emitOpError("names ")
           << dims.size() << " dimensions for an operand that has "
           << from.size();
  if (failed(verifyDims(*this, dims, to.size(), "dimension")))
    return failure();
  for (auto [dim, size] : llvm::zip_equal(dims, from))
    if (size != 1 && size != to[dim])
      return emitOpError("cannot broadcast size ")
             << size << " to size " << to[dim] << " of dimension " << dim;
  return verifyResult(*this, getOperand(), to);
}

LogicalResult TransposeOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> permutation = getPermutation();
  if (permutation.size() != from.size())
    return emitOpError("names ")
           << permutation.size() << " dimensions for an operand that has "
           << from.size();
  if (failed(verifyDims(*this, permutation, from.size(), "dimension")))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(from[dim]);
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult ReshapeOp::verify() {
  if (ShapedType::getNumElements(shapeOf(getOperand())) !=
      getType().getNumElements())
    return emitOpError("changes the number of elements: ")
           << getOperand().getType() << " to " << getType();
  return verifyResult(*this, getOperand(), getType().getShape());
}

LogicalResult SliceOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> starts = getStartIndices(), limits = getLimitIndices(),
                    strides = getStrides();
  if (starts.size() != from.size() || limits.size() != from.size() ||
      strides.size() != from.size())
    return emitOpError("needs one range for each of ")
           << from.size() << " dimensions";
  SmallVector<int64_t> shape;
  for (size_t dim = 0; dim < from.size(); ++dim) {
    if (starts[dim] < 0 || starts[dim] > limits[dim] ||
        limits[dim] > from[dim] || strides[dim] < 1)
      return emitOpError("range ")
             << starts[dim] << ":" << limits[dim] << ":" << strides[dim]
             << " does not fit dimension " << dim << " of size " << from[dim];
    shape.push_back(
        llvm::divideCeil(limits[dim] - starts[dim], strides[dim]));
  }
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult PadOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> low = getEdgePaddingLow(), high = getEdgePaddingHigh(),
                    interior = getInteriorPadding();
  if (low.size() != from.size() || high.size() != from.size() ||
      interior.size() != from.size())
    return emitOpError("needs one padding for each of ")
           << from.size() << " dimensions";
  auto scalar = RankedTensorType::get(
      {}, getElementTypeOrSelf(getOperand().getType()));
  if (getPaddingValue().getType() != scalar)
    return emitOpError("must pad with a ")
           << scalar << ", but has " << getPaddingValue().getType();
  SmallVector<int64_t> shape;
  for (size_t dim = 0; dim < from.size(); ++dim) {
    int64_t gaps = std::max<int64_t>(from[dim] - 1, 0);
    int64_t size = low[dim] + from[dim] + gaps * interior[dim] + high[dim];
    if (interior[dim] < 0 || size < 0)
      return emitOpError("padding of dimension ") << dim << " is negative";
    shape.push_back(size);
  }
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult ConcatenateOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs an operand");
  SmallVector<int64_t> shape(shapeOf(getInputs().front()));
  int64_t dim = getDimension();
  if (failed(verifyDims(*this, dim, shape.size(), "dimension")))
    return failure();
  for (Value input : getInputs().drop_front()) {
    SmallVector<int64_t> other(shapeOf(input));
    int64_t size = dim < static_cast<int64_t>(other.size()) ? other[dim] : 0;
    if (other.size() == shape.size())
      other[dim] = shape[dim];
    if (other != ArrayRef(shape) ||
        getElementTypeOrSelf(input.getType()) !=
            getElementTypeOrSelf(getInputs().front().getType()))
      return emitOpError("cannot join ")
             << getInputs().front().getType() << " and " << input.getType()
             << " along dimension " << dim;
    shape[dim] += size;
  }
  return verifyResult(*this, getInputs().front(), shape);
}

LogicalResult DynamicUpdateSliceOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getOperand()), update = shapeOf(getUpdate());
  if (update.size() != shape.size() || getStartIndices().size() != shape.size())
    return emitOpError("needs an update and one start for each of ")
           << shape.size() << " dimensions";
  for (size_t dim = 0; dim < shape.size(); ++dim)
    if (update[dim] > shape[dim])
      return emitOpError("update of size ")
             << update[dim] << " does not fit dimension " << dim << " of size "
             << shape[dim];
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult DotGeneralOp::verify() {
  DotDimensionNumbersAttr numbers = getDotDimensionNumbers();
  ArrayRef<int64_t> lhs = shapeOf(getLhs()), rhs = shapeOf(getRhs());
  auto joined = [](ArrayRef<int64_t> first, ArrayRef<int64_t> second) {
    SmallVector<int64_t> dims(first);
    llvm::append_range(dims, second);
    return dims;
  };
  SmallVector<int64_t> lhsPaired =
      joined(numbers.getLhsBatchingDimensions(),
             numbers.getLhsContractingDimensions());
  SmallVector<int64_t> rhsPaired =
      joined(numbers.getRhsBatchingDimensions(),
             numbers.getRhsContractingDimensions());
  if (numbers.getLhsBatchingDimensions().size() !=
          numbers.getRhsBatchingDimensions().size() ||
      lhsPaired.size() != rhsPaired.size())
    return emitOpError("pairs different numbers of dimensions");
  if (failed(verifyDims(*this, lhsPaired, lhs.size(), "left dimension")) ||
      failed(verifyDims(*this, rhsPaired, rhs.size(), "right dimension")))
    return failure();
  for (auto [left, right] : llvm::zip_equal(lhsPaired, rhsPaired))
    if (lhs[left] != rhs[right])
      return emitOpError("pairs dimension ")
             << left << " of size " << lhs[left] << " with dimension " << right
             << " of size " << rhs[right];
  SmallVector<int64_t> shape;
  for (int64_t dim : numbers.getLhsBatchingDimensions())
    shape.push_back(lhs[dim]);
  for (auto [dim, size] : llvm::enumerate(lhs))
    if (!llvm::is_contained(lhsPaired, dim))
      shape.push_back(size);
  for (auto [dim, size] : llvm::enumerate(rhs))
    if (!llvm::is_contained(rhsPaired, dim))
      shape.push_back(size);
  if (getType().getShape() != ArrayRef(shape))
    return emitOpError("must have a result of shape [")
           << shape << "], but it is " << getType();
  return success();
}

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
  llvm::interleaveComma(getBody().getArguments(), printer,
                        [&](BlockArgument argument) {
                          printer.printRegionArgument(argument);
                        });
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

LogicalResult ReduceOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getInput());
  if (failed(verifyDims(*this, getDimensions(), from.size(), "dimension")))
    return failure();
  auto scalar =
      RankedTensorType::get({}, getElementTypeOrSelf(getInput().getType()));
  if (getInitValue().getType() != scalar)
    return emitOpError("must start from a ")
           << scalar << ", but has " << getInitValue().getType();
  Block &body = getBody().front();
  if (body.getNumArguments() != 2 || body.getArgument(0).getType() != scalar ||
      body.getArgument(1).getType() != scalar ||
      body.getTerminator()->getOperandTypes() != ArrayRef<Type>(scalar))
    return emitOpError("must have a body that combines two ")
           << scalar << " into one";
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(from))
    if (!llvm::is_contained(getDimensions(), dim))
      shape.push_back(size);
  return verifyResult(*this, getInput(), shape);
}
