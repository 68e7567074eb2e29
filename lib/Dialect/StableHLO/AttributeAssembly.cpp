//===- AttributeAssembly.cpp - Texts of StableHLO's attributes ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Assembly.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace orchestra::stablehlo;

ParseResult orchestra::stablehlo::parseDims(AsmParser &parser,
                                            SmallVectorImpl<int64_t> &dims) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(dims.emplace_back());
  });
}

void orchestra::stablehlo::printDims(AsmPrinter &printer,
                                     ArrayRef<int64_t> dims) {
  printer << '[';
  llvm::interleaveComma(dims, printer);
  printer << ']';
}

/// A dimension without the type that an integer attribute would print.
ParseResult orchestra::stablehlo::parseDimension(OpAsmParser &parser,
                                                 IntegerAttr &dimension) {
  int64_t value;
  if (parser.parseInteger(value))
    return failure();
  dimension = parser.getBuilder().getI64IntegerAttr(value);
  return success();
}

void orchestra::stablehlo::printDimension(OpAsmPrinter &printer, Operation *,
                                          IntegerAttr dimension) {
  printer << dimension.getInt();
}

static ParseResult parseDimsPair(OpAsmParser &parser,
                                 SmallVectorImpl<int64_t> &lhs,
                                 SmallVectorImpl<int64_t> &rhs) {
  return failure(parser.parseEqual() || parseDims(parser, lhs) ||
                 parser.parseKeyword("x") || parseDims(parser, rhs));
}

ParseResult orchestra::stablehlo::parseDotDimensionNumbers(
    OpAsmParser &parser, DotDimensionNumbersAttr &numbers) {
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

void orchestra::stablehlo::printDotDimensionNumbers(
    OpAsmPrinter &printer, Operation *, DotDimensionNumbersAttr numbers) {
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

ParseResult
orchestra::stablehlo::parseBounds(AsmParser &parser,
                                  SmallVectorImpl<int64_t> &bounds) {
  return parser.parseCommaSeparatedList([&]() -> ParseResult {
    if (succeeded(parser.parseOptionalQuestion())) {
      bounds.push_back(ShapedType::kDynamic);
      return success();
    }
    return parser.parseInteger(bounds.emplace_back());
  });
}

void orchestra::stablehlo::printBounds(AsmPrinter &printer,
                                       ArrayRef<int64_t> bounds) {
  llvm::interleaveComma(bounds, printer, [&](int64_t bound) {
    if (ShapedType::isDynamic(bound))
      printer << '?';
    else
      printer << bound;
  });
}

/// `atol = 1.0, rtol = 0.0, ulps = 2, mode = ...`; no numbers without
/// tolerance.
Attribute ResultAccuracyAttr::parse(AsmParser &parser, Type) {
  FloatAttr atol, rtol;
  int64_t ulps = 0;
  ResultAccuracyModeAttr mode;
  auto parseFloat = [&](FloatAttr &attr) -> ParseResult {
    double number;
    if (parser.parseFloat(number))
      return failure();
    attr = parser.getBuilder().getF64FloatAttr(number);
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  auto parseOne = [&]() -> ParseResult {
    SMLoc place = parser.getCurrentLocation();
    StringRef name;
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    if (name == "atol")
      return parseFloat(atol);
    if (name == "rtol")
      return parseFloat(rtol);
    if (name == "ulps")
      return parser.parseInteger(ulps);
    if (name == "mode")
      return parser.parseAttribute(mode);
    return parser.emitError(place, "no such field: ") << name;
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseOne))
    return {};
  if (!mode) {
    parser.emitError(loc, "expected a mode of accuracy");
    return {};
  }
  return get(parser.getContext(), atol, rtol, ulps, mode);
}

void ResultAccuracyAttr::print(AsmPrinter &printer) const {
  auto number = [](FloatAttr attr) {
    return attr ? attr.getValue() : llvm::APFloat(0.0);
  };
  printer << '<';
  if (getAtol() || getRtol() || getUlps())
    printer << "atol = " << number(getAtol())
            << ", rtol = " << number(getRtol()) << ", ulps = " << getUlps()
            << ", ";
  printer << "mode = " << getMode() << '>';
}

static LogicalResult
verifyBounds(ArrayRef<int64_t> bounds, ArrayRef<int64_t> shape,
             function_ref<InFlightDiagnostic()> emitError) {
  if (bounds.size() != shape.size())
    return emitError() << "says " << bounds.size()
                       << " bounds of a tensor of rank " << shape.size();
  for (auto [bound, size] : llvm::zip_equal(bounds, shape)) {
    if (!ShapedType::isDynamic(bound) && !ShapedType::isDynamic(size))
      return emitError() << "bounds a static size, " << size << ", by "
                         << bound;
    if (!ShapedType::isDynamic(bound) && bound < 0)
      return emitError() << "has the negative bound " << bound;
  }
  return success();
}

LogicalResult
BoundsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                           function_ref<InFlightDiagnostic()> emitError) const {
  return verifyBounds(getBounds(), shape, emitError);
}

LogicalResult TypeExtensionsAttr::verifyEncoding(
    ArrayRef<int64_t> shape, Type,
    function_ref<InFlightDiagnostic()> emitError) const {
  return verifyBounds(getBounds(), shape, emitError);
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

namespace {
/// One of the three lists: letters are two dimensions, numbers the others.
struct Layout {
  char first, second;
  int64_t firstDim = -1, secondDim = -1;
  SmallVector<int64_t> spatial = {};

  ParseResult parse(AsmParser &parser) {
    SMLoc loc = parser.getCurrentLocation();
    int64_t position = 0;
    SmallVector<std::pair<int64_t, int64_t>> places;
    auto parseOne = [&]() -> ParseResult {
      int64_t number;
      OptionalParseResult isNumber = parser.parseOptionalInteger(number);
      if (isNumber.has_value()) {
        if (failed(*isNumber))
          return failure();
        places.push_back({number, position++});
        return success();
      }
      StringRef letter;
      if (parser.parseKeyword(&letter))
        return failure();
      if (letter == StringRef(&first, 1) && firstDim < 0)
        firstDim = position++;
      else if (letter == StringRef(&second, 1) && secondDim < 0)
        secondDim = position++;
      else
        return parser.emitError(loc, "unexpected dimension '") << letter << "'";
      return success();
    };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
      return failure();
    if (firstDim < 0 || secondDim < 0)
      return parser.emitError(loc, "expected the dimensions ")
             << StringRef(&first, 1) << " and " << StringRef(&second, 1);
    llvm::sort(places);
    for (auto [i, place] : llvm::enumerate(places)) {
      if (place.first != static_cast<int64_t>(i))
        return parser.emitError(loc, "expected spatial dimensions from 0 to ")
               << places.size() - 1;
      spatial.push_back(place.second);
    }
    return success();
  }

  void print(AsmPrinter &printer) const {
    SmallVector<std::string> places(spatial.size() + 2);
    auto set = [&](int64_t dim, std::string text) {
      if (dim >= 0 && dim < static_cast<int64_t>(places.size()))
        places[dim] = std::move(text);
    };
    set(firstDim, std::string(1, first));
    set(secondDim, std::string(1, second));
    for (auto [i, dim] : llvm::enumerate(spatial))
      set(dim, std::to_string(i));
    printer << '[';
    llvm::interleaveComma(places, printer);
    printer << ']';
  }

  /// Whether each dimension is named once, so that lists can say it.
  bool isWhole() const {
    SmallVector<int64_t> all(spatial);
    all.append({firstDim, secondDim});
    llvm::sort(all);
    for (auto [i, dim] : llvm::enumerate(all))
      if (dim != static_cast<int64_t>(i))
        return false;
    return true;
  }
};

struct Layouts {
  Layout input{'b', 'f'}, kernel{'i', 'o'}, output{'b', 'f'};

  Layouts() = default;
  explicit Layouts(ConvDimensionNumbersAttr numbers) {
    auto set = [](Layout &layout, int64_t first, int64_t second,
                  ArrayRef<int64_t> spatial) {
      layout.firstDim = first;
      layout.secondDim = second;
      layout.spatial.assign(spatial.begin(), spatial.end());
    };
    set(input, numbers.getInputBatchDimension(),
        numbers.getInputFeatureDimension(),
        numbers.getInputSpatialDimensions());
    set(kernel, numbers.getKernelInputFeatureDimension(),
        numbers.getKernelOutputFeatureDimension(),
        numbers.getKernelSpatialDimensions());
    set(output, numbers.getOutputBatchDimension(),
        numbers.getOutputFeatureDimension(),
        numbers.getOutputSpatialDimensions());
  }
  ConvDimensionNumbersAttr get(MLIRContext *context) const {
    return ConvDimensionNumbersAttr::get(
        context, input.firstDim, input.secondDim, input.spatial,
        kernel.firstDim, kernel.secondDim, kernel.spatial, output.firstDim,
        output.secondDim, output.spatial);
  }
  bool isWhole() const {
    return input.isWhole() && kernel.isWhole() && output.isWhole();
  }
};

/// The form that can say any numbers, right or wrong: name = value, ...
struct RawField {
  StringRef name;
  int64_t *dim = nullptr;
  SmallVectorImpl<int64_t> *dims = nullptr;
};
} // namespace

static SmallVector<RawField> rawFields(Layouts &layouts) {
  return {{"input_batch_dimension", &layouts.input.firstDim},
          {"input_feature_dimension", &layouts.input.secondDim},
          {"input_spatial_dimensions", nullptr, &layouts.input.spatial},
          {"kernel_input_feature_dimension", &layouts.kernel.firstDim},
          {"kernel_output_feature_dimension", &layouts.kernel.secondDim},
          {"kernel_spatial_dimensions", nullptr, &layouts.kernel.spatial},
          {"output_batch_dimension", &layouts.output.firstDim},
          {"output_feature_dimension", &layouts.output.secondDim},
          {"output_spatial_dimensions", nullptr, &layouts.output.spatial}};
}

static ParseResult parseRaw(AsmParser &parser, Layouts &layouts) {
  return parser.parseCommaSeparatedList([&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef name;
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    for (const RawField &field : rawFields(layouts))
      if (field.name == name)
        return field.dim ? parser.parseInteger(*field.dim)
                         : parseDims(parser, *field.dims);
    return parser.emitError(loc, "no such field: ") << name;
  });
}

ParseResult orchestra::stablehlo::parseConvolutionDimensions(
    AsmParser &parser, ConvDimensionNumbersAttr &numbers) {
  Layouts layouts;
  if (layouts.input.parse(parser) || parser.parseKeyword("x") ||
      layouts.kernel.parse(parser) || parser.parseArrow() ||
      layouts.output.parse(parser))
    return failure();
  numbers = layouts.get(parser.getContext());
  return success();
}

void orchestra::stablehlo::printConvolutionDimensions(
    AsmPrinter &printer, ConvDimensionNumbersAttr numbers) {
  Layouts layouts(numbers);
  layouts.input.print(printer);
  printer << 'x';
  layouts.kernel.print(printer);
  printer << "->";
  layouts.output.print(printer);
}

Attribute ConvDimensionNumbersAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  ConvDimensionNumbersAttr numbers;
  if (succeeded(parser.parseOptionalKeyword("raw"))) {
    Layouts layouts;
    if (parseRaw(parser, layouts))
      return {};
    numbers = layouts.get(parser.getContext());
  } else if (parseConvolutionDimensions(parser, numbers)) {
    return {};
  }
  if (parser.parseGreater())
    return {};
  return numbers;
}

void ConvDimensionNumbersAttr::print(AsmPrinter &printer) const {
  Layouts layouts(*this);
  printer << '<';
  if (layouts.isWhole()) {
    printConvolutionDimensions(printer, *this);
  } else {
    printer << "raw ";
    llvm::interleaveComma(rawFields(layouts), printer,
                          [&](const RawField &field) {
                            printer << field.name << " = ";
                            if (field.dim)
                              printer << *field.dim;
                            else
                              printDims(printer, *field.dims);
                          });
  }
  printer << '>';
}
