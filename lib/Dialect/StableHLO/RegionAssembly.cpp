//===- RegionAssembly.cpp - Ops whose text ODS cannot say -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Assembly.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

void ConstantOp::print(OpAsmPrinter &printer) {
  // Quantized values are printed as what they are stored as.
  if (getValue().getType() != getType()) {
    printer.printGenericOp(*this, /*printOpName=*/false);
    return;
  }
  printer.printOptionalAttrDict((*this)->getAttrs(), {"value"});
  printer << ' ';
  printer.printStrippedAttrOrType(getValue());
}

ParseResult ConstantOp::parse(OpAsmParser &parser, OperationState &result) {
  if (succeeded(parser.parseOptionalLParen())) {
    FunctionType type;
    if (parser.parseRParen())
      return failure();
    if (succeeded(parser.parseOptionalLess()) &&
        (parser.parseAttribute(result.propertiesAttr) || parser.parseGreater()))
      return failure();
    if (parser.parseOptionalAttrDict(result.attributes) ||
        parser.parseColonType(type))
      return failure();
    result.addTypes(type.getResults());
    return success();
  }
  ElementsAttr value;
  if (parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseCustomAttributeWithFallback(value, Type(), "value",
                                              result.attributes))
    return failure();
  result.addTypes(value.getType());
  return success();
}

//===----------------------------------------------------------------------===//
// Reduce
//===----------------------------------------------------------------------===//

/// The body's only op, if the compact form can say it.
static Operation *compactReducer(ReduceOp op) {
  if (op.getInputs().size() != 1)
    return nullptr;
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
  // What the reader makes of it.
  auto scalar = RankedTensorType::get(
      {}, getElementTypeOrSelf(op.getInputs().front().getType()));
  if (reducer.getResult(0).getType() != scalar ||
      body.getArgument(0).getType() != scalar ||
      body.getArgument(1).getType() != scalar)
    return nullptr;
  return &reducer;
}

void ReduceOp::print(OpAsmPrinter &printer) {
  Operation *compact = compactReducer(*this);
  llvm::interleaveComma(llvm::zip_equal(getInputs(), getInitValues()), printer,
                        [&](auto pair) {
                          printer << '(' << std::get<0>(pair)
                                  << " init: " << std::get<1>(pair) << ')';
                        });
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
  size_t count = getInputs().size();
  for (size_t i = 0; i < count; ++i) {
    printer << (i ? " (" : "(");
    printer.printRegionArgument(getBody().getArgument(i));
    printer << ", ";
    printer.printRegionArgument(getBody().getArgument(i + count));
    printer << ')';
  }
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

/// ` reducer(%a: T, %b: T) (%c: T, %d: T) { ... }`
static ParseResult parseReducer(OpAsmParser &parser, Region &body) {
  SmallVector<OpAsmParser::Argument> arguments, seconds;
  if (parser.parseKeyword("reducer"))
    return failure();
  while (succeeded(parser.parseOptionalLParen()))
    if (parser.parseArgument(arguments.emplace_back(), /*allowType=*/true) ||
        parser.parseComma() ||
        parser.parseArgument(seconds.emplace_back(), /*allowType=*/true) ||
        parser.parseRParen())
      return failure();
  arguments.append(seconds);
  return parser.parseRegion(body, arguments);
}

ParseResult ReduceOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands, inits;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList([&]() -> ParseResult {
        // An op without operands is refused by its verifier.
        if (failed(parser.parseOptionalLParen()))
          return success();
        return failure(parser.parseOperand(operands.emplace_back()) ||
                       parser.parseKeyword("init") || parser.parseColon() ||
                       parser.parseOperand(inits.emplace_back()) ||
                       parser.parseRParen());
      }))
    return failure();
  operands.append(inits);
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
  if (parser.parseKeyword("across") || parser.parseKeyword("dimensions") ||
      parser.parseEqual() || parseDims(parser, dims) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type) ||
      parser.resolveOperands(operands, type.getInputs(), loc, result.operands))
    return failure();
  result.addTypes(type.getResults());
  result.addAttribute("dimensions",
                      parser.getBuilder().getDenseI64ArrayAttr(dims));

  Region *body = result.addRegion();
  if (failed(reducer))
    return parseReducer(parser, *body);
  auto tensor = operands.empty() ? RankedTensorType()
                                 : dyn_cast<RankedTensorType>(type.getInput(0));
  if (!tensor)
    return parser.emitError(loc, "expected a tensor to reduce");
  if (!reducer->isRegistered())
    return parser.emitError(reducerLoc, "unknown op '") << *reducer << "'";
  if (reducer->getDialectNamespace() !=
          StableHLODialect::getDialectNamespace() ||
      !reducer->hasTrait<OpTrait::IsCommutative>())
    return parser.emitError(reducerLoc,
                            "expected a commutative op of StableHLO, not '")
           << *reducer << "'";
  auto scalar = RankedTensorType::get({}, tensor.getElementType());
  Block &block = body->emplaceBlock();
  block.addArguments({scalar, scalar}, {result.location, result.location});
  // The region has no operation yet, so neither a context.
  OpBuilder builder(parser.getContext());
  builder.setInsertionPointToStart(&block);
  OperationState state(result.location, *reducer);
  state.addOperands(block.getArguments());
  state.addTypes(scalar);
  Operation *op = builder.create(state);
  ReturnOp::create(builder, result.location, op->getResults());
  return success();
}

//===----------------------------------------------------------------------===//
// While
//===----------------------------------------------------------------------===//

void WhileOp::print(OpAsmPrinter &printer) {
  printer << '(';
  llvm::interleaveComma(
      llvm::zip_equal(getBody().getArguments(), getOperands()), printer,
      [&](auto pair) {
        printer.printOperand(std::get<0>(pair));
        printer << " = ";
        printer.printOperand(std::get<1>(pair));
      });
  printer << ')';
  if (getNumOperands()) {
    printer << " : ";
    llvm::interleaveComma(getOperandTypes(), printer);
  }
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs());
  // Both regions have the same names.
  printer.shadowRegionArgs(getCond(), getBody().getArguments());
  printer.printNewline();
  printer << " cond ";
  printer.printRegion(getCond(), /*printEntryBlockArgs=*/false);
  printer << " do ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

ParseResult WhileOp::parse(OpAsmParser &parser, OperationState &result) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;
  if (parser.parseCommaSeparatedList(
          AsmParser::Delimiter::Paren, [&]() -> ParseResult {
            return failure(parser.parseArgument(arguments.emplace_back()) ||
                           parser.parseEqual() ||
                           parser.parseOperand(operands.emplace_back()));
          }))
    return failure();
  if (!operands.empty() && parser.parseColonTypeList(types))
    return failure();
  if (parser.resolveOperands(operands, types, loc, result.operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  for (auto [argument, type] : llvm::zip_equal(arguments, types))
    argument.type = type;
  result.addTypes(types);
  return failure(parser.parseKeyword("cond") ||
                 parser.parseRegion(*result.addRegion(), arguments) ||
                 parser.parseKeyword("do") ||
                 parser.parseRegion(*result.addRegion(), arguments));
}
