//===- Importer.cpp - From functions of StableHLO to the waist ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops are lowered in order, each by its entry in the table; calls are inlined.
// An op that fails makes its results unknown; ops that need those are passed
// over, all others are still tried, so that one run reports every independent
// problem.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Dialect/StableHLO/CHLO.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace orchestra::stablehlo {
namespace frontend {

bool isUnsigned(Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

Type storedType(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return complex.getElementType();
  if (isa<Float16Type, BFloat16Type, Float32Type, Float64Type, IndexType>(
          element))
    return element;
  auto integer = dyn_cast<IntegerType>(element);
  if (integer && (integer.getWidth() == 1 || integer.getWidth() >= 8))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return nullptr;
}

const Table &lowerings() {
  static const Table *table = [] {
    auto *made = new Table();
    addAlgebra(*made);
    addFourier(*made);
    addMovement(*made);
    addSelection(*made);
    addShapes(*made);
    addContractions(*made);
    addReductions(*made);
    addIndexing(*made);
    addControl(*made);
    return made;
  }();
  return *table;
}

//===----------------------------------------------------------------------===//
// One op
//===----------------------------------------------------------------------===//

Data Op::in(Value value) { return importer.values.lookup(value); }

Data Op::in(unsigned index) { return in(op->getOperand(index)); }

LogicalResult Op::set(unsigned index, const Data &data) {
  Value result = op->getResult(index);
  Data stored = data;
  // What the op says of the shape counts where less is known.
  auto declared = dyn_cast<RankedTensorType>(result.getType());
  if (declared && data.value) {
    auto refine = [&](Value &value) {
      if (!value)
        return;
      auto type = cast<RankedTensorType>(value.getType());
      if (type.getRank() != declared.getRank())
        return;
      SmallVector<int64_t> shape(type.getShape());
      for (auto [size, other] : llvm::zip_equal(shape, declared.getShape()))
        if (ShapedType::isDynamic(size))
          size = other;
      value = castTo(b, value, type.clone(shape));
    };
    refine(stored.value);
    refine(stored.imag);
  }
  importer.values[result] = stored;
  return success();
}

LogicalResult Op::fail(llvm::StringRef slug, const llvm::Twine &message,
                       std::vector<std::string> notes) {
  return importer.fail(op, slug, message, std::move(notes));
}

LogicalResult Op::unsupported(const llvm::Twine &what) {
  return fail("unsupported-form",
              op->getName().getStringRef() + ": " + what + " is not supported");
}

//===----------------------------------------------------------------------===//
// The importer
//===----------------------------------------------------------------------===//

Importer::Importer(ModuleOp source, const ImportOptions &options)
    : context(*source.getContext()), source(source), options(options) {}

LogicalResult Importer::fail(Operation *op, llvm::StringRef slug,
                             const llvm::Twine &message,
                             std::vector<std::string> notes) {
  ++failures;
  // Inlined more than once, reported once.
  if (!reported.insert(op).second)
    return failure();
  InFlightDiagnostic diagnostic = emitError(op->getLoc());
  diagnostic << message.str() << " [" << slug << "]";
  for (const std::string &note : notes)
    diagnostic.attachNote() << note;
  diagnostic.attachNote() << "help: see docs/errors/" << slug;
  return failure();
}

/// A name for what an op does, where the file gives none.
static Location nodeLocation(Operation *op) {
  Location loc = op->getLoc();
  bool hasName = false;
  loc->walk([&](Location part) {
    hasName |= isa<NameLoc>(part);
    return WalkResult::advance();
  });
  auto place = dyn_cast<FileLineColLoc>(loc);
  if (hasName || !place)
    return loc;
  std::string name = op->getName().stripDialect().str() + ":" +
                     std::to_string(place.getLine());
  return NameLoc::get(StringAttr::get(op->getContext(), name), loc);
}

LogicalResult Importer::importOp(Operation *op, ImplicitLocOpBuilder &b) {
  Op lowering(*this, op, b);
  if (auto call = dyn_cast<func::CallOp>(op)) {
    SmallVector<Data> arguments;
    for (Value operand : op->getOperands())
      arguments.push_back(values.lookup(operand));
    auto results =
        this->call(op, call.getCallee(), arguments, op->getOperands(), b);
    if (!results)
      return failure();
    for (auto [i, data] : llvm::enumerate(*results))
      values[op->getResult(i)] = data;
    return success();
  }
  if (isElementwise(op))
    return lowerElementwise(lowering);
  if (isa_and_nonnull<chlo::CHLODialect>(op->getDialect()))
    return lowerChlo(lowering);
  auto entry = op->getName().getDialectNamespace() ==
                       StableHLODialect::getDialectNamespace()
                   ? lowerings().find(op->getName().stripDialect())
                   : lowerings().end();
  if (entry == lowerings().end())
    return fail(op, "unsupported-op",
                "operator " + op->getName().getStringRef() +
                    " is not supported");
  return entry->second(lowering);
}

std::optional<SmallVector<Data>>
Importer::importBlock(Block &block, ImplicitLocOpBuilder &b) {
  bool good = true;
  for (Operation &op : block.without_terminator()) {
    b.setLoc(nodeLocation(&op));
    // What the waist has no type for is one problem, at its first op.
    bool canTry = true;
    for (Type type : op.getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type);
          tensor && !storedType(tensor.getElementType())) {
        std::string text;
        llvm::raw_string_ostream(text) << tensor.getElementType();
        (void)fail(&op, "unsupported-type",
                   "elements of type " + text + " are not supported");
        canTry = false;
        break;
      }
    for (Value operand : op.getOperands())
      canTry &= values.contains(operand);
    if (!canTry || failed(importOp(&op, b)))
      good = false;
  }
  if (!good)
    return std::nullopt;
  SmallVector<Data> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(values.lookup(value));
  return results;
}

std::optional<SmallVector<Data>>
Importer::call(Operation *at, llvm::StringRef name, ArrayRef<Data> arguments,
               ValueRange operands, ImplicitLocOpBuilder &b) {
  auto function =
      dyn_cast_or_null<func::FuncOp>(SymbolTable::lookupNearestSymbolFrom(
          at, StringAttr::get(&context, name)));
  if (!function || function.isExternal()) {
    (void)fail(at, "undefined-value",
               "no function '" + name + "' is in the module");
    return std::nullopt;
  }
  if (!function.getBody().hasOneBlock()) {
    (void)fail(at, "unsupported-form",
               "function '" + name + "' has more than one block");
    return std::nullopt;
  }
  if (llvm::is_contained(stack, name)) {
    (void)fail(at, "unsupported-form", "function '" + name + "' calls itself");
    return std::nullopt;
  }
  stack.push_back(function.getName());
  Block &body = function.getBody().front();
  for (auto [i, argument] : llvm::enumerate(body.getArguments())) {
    values[argument] = arguments[i];
    knownNumbers.erase(argument);
    if (auto known = knownNumbers.find(operands[i]);
        known != knownNumbers.end()) {
      SmallVector<OpFoldResult> numbers = known->second;
      knownNumbers[argument] = numbers;
    } else if (auto type = dyn_cast<RankedTensorType>(argument.getType());
               type && type.getRank() <= 1 && type.hasStaticShape() &&
               type.getNumElements() <= 8 &&
               isSignedElement(type.getElementType())) {
      // Sizes are handed on as arguments.
      Op probe(*this, at, b);
      if (auto numbers = probe.knownOnly(operands[i]))
        knownNumbers[argument] = *numbers;
    }
  }
  // Numbers of an earlier inlining are not those of this one.
  function.walk([&](Operation *inner) {
    for (Value result : inner->getResults())
      knownNumbers.erase(result);
  });
  auto results = importBlock(body, b);
  stack.pop_back();
  return results;
}

//===----------------------------------------------------------------------===//
// Computations on scalars
//===----------------------------------------------------------------------===//

std::optional<Elements>
Importer::evaluateOp(Operation *op, llvm::DenseMap<Value, Element> &known,
                     ImplicitLocOpBuilder &b) {
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    Type element = constant.getType().getElementType();
    Type stored = storedType(element);
    if (!dense || !dense.isSplat() || !stored)
      return std::nullopt;
    if (isa<ComplexType>(element)) {
      auto both = dense.getSplatValue<std::complex<llvm::APFloat>>();
      auto part = [&](const llvm::APFloat &value) -> Value {
        return arith::ConstantOp::create(b, b.getFloatAttr(stored, value));
      };
      return Elements{{element, part(both.real()), part(both.imag())}};
    }
    TypedAttr value =
        isa<FloatType>(stored)
            ? TypedAttr(
                  b.getFloatAttr(stored, dense.getSplatValue<llvm::APFloat>()))
            : TypedAttr(
                  b.getIntegerAttr(stored, dense.getSplatValue<llvm::APInt>()));
    return Elements{{element, arith::ConstantOp::create(b, value), nullptr}};
  }
  Elements operands;
  for (Value operand : op->getOperands()) {
    auto element = known.find(operand);
    if (element != known.end()) {
      operands.push_back(element->second);
      continue;
    }
    // From outside of the computation.
    auto data = values.find(operand);
    if (data == values.end() || !data->second.value || data->second.rank())
      return std::nullopt;
    operands.push_back(at(b, data->second, {}));
  }
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto function =
        dyn_cast_or_null<func::FuncOp>(SymbolTable::lookupNearestSymbolFrom(
            op, call.getCalleeAttr().getAttr()));
    if (!function || !function.getBody().hasOneBlock() ||
        llvm::is_contained(stack, function.getName()))
      return std::nullopt;
    stack.push_back(function.getName());
    auto results = evaluate(function.getBody(), operands, b);
    stack.pop_back();
    return results;
  }
  if (isa<ReshapeOp, BroadcastInDimOp, OptimizationBarrierOp>(op))
    return operands;
  if (isa<BitcastConvertOp>(op) && !operands.front().isComplex()) {
    Type element = getElementTypeOrSelf(op->getResult(0).getType());
    Type stored = storedType(element);
    Type from = operands.front().value.getType();
    if (!stored || isa<ComplexType>(element) ||
        stored.getIntOrFloatBitWidth() != from.getIntOrFloatBitWidth())
      return std::nullopt;
    Value bits = operands.front().value;
    if (stored != from)
      bits = arith::BitcastOp::create(b, stored, bits);
    return Elements{{element, bits, nullptr}};
  }
  if (!isElementwise(op))
    return std::nullopt;
  auto result = emitElement(b, op, operands);
  if (!result)
    return std::nullopt;
  return Elements{*result};
}

std::optional<Elements> Importer::evaluate(Region &region,
                                           ArrayRef<Element> arguments,
                                           ImplicitLocOpBuilder &b) {
  llvm::DenseMap<Value, Element> known;
  Block &body = region.front();
  for (auto [argument, element] :
       llvm::zip_equal(body.getArguments(), arguments)) {
    Type wanted = getElementTypeOrSelf(argument.getType());
    known[argument] = element.element == wanted
                          ? element
                          : convertElement(b, element, wanted);
  }
  for (Operation &op : body.without_terminator()) {
    auto results = evaluateOp(&op, known, b);
    if (!results) {
      (void)fail(&op, "unsupported-op",
                 "operator " + op.getName().getStringRef() +
                     " is not supported in a computation on scalars");
      return std::nullopt;
    }
    for (auto [result, element] : llvm::zip(op.getResults(), *results))
      known[result] = element;
  }
  Elements results;
  for (Value value : body.getTerminator()->getOperands()) {
    auto element = known.find(value);
    if (element != known.end()) {
      results.push_back(element->second);
      continue;
    }
    auto data = values.find(value);
    if (data == values.end() || !data->second.value || data->second.rank()) {
      (void)fail(body.getTerminator(), "unsupported-form",
                 "the computation returns what is no scalar");
      return std::nullopt;
    }
    results.push_back(at(b, data->second, {}));
  }
  return results;
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> Importer::run() {
  SmallVector<func::FuncOp> publicOnes;
  func::FuncOp entry;
  source.walk([&](func::FuncOp function) {
    if (function.getName() == options.entry)
      entry = function;
    if (function.isPublic() && !function.isExternal())
      publicOnes.push_back(function);
  });
  if (!entry && publicOnes.size() == 1)
    entry = publicOnes.front();
  if (!entry || entry.isExternal()) {
    (void)fail(source, "missing-entry",
               "no function is named '" + options.entry +
                   "', so it is not clear which one is the model",
               {std::to_string(publicOnes.size()) + " functions are public"});
    return nullptr;
  }
  if (!entry.getBody().hasOneBlock()) {
    (void)fail(entry, "unsupported-form", "the model has more than one block");
    return nullptr;
  }
  OpBuilder builder(&context);
  std::string name = options.name;
  if (name.empty())
    name = source.getSymName().value_or("model").str();
  OwningOpRef<ModuleOp> module = ModuleOp::create(source.getLoc(), name);
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, entry.getLoc(), "main",
                                       builder.getFunctionType({}, {}));
  function->setAttr(kEntryAttrName, builder.getUnitAttr());
  function.addEntryBlock();
  if (!importEntry(entry, function))
    return nullptr;
  if (mlir::failed(verify(*module))) {
    (void)fail(source, "internal-error",
               "the importer made invalid code of this model",
               {"this is a fault of the compiler: report it"});
    return nullptr;
  }
  return module;
}

} // namespace frontend

bool isStableHLO(ModuleOp module) {
  // JAX's identity has no ops at all; a program of ours says that it is one.
  auto main = module.lookupSymbol<func::FuncOp>("main");
  bool empty = main && main.getNumResults() > 0;
  WalkResult found = module.walk([&](Operation *op) {
    empty &= isa<ModuleOp, func::FuncOp, func::ReturnOp, func::CallOp>(op) &&
             !op->hasAttr(kEntryAttrName);
    return isa_and_nonnull<StableHLODialect, chlo::CHLODialect>(
               op->getDialect())
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  return found.wasInterrupted() || empty;
}

OwningOpRef<ModuleOp> importStableHLO(ModuleOp source,
                                      const ImportOptions &options) {
  DialectRegistry registry;
  registerImportDialects(registry);
  source.getContext()->appendDialectRegistry(registry);
  for (StringRef name : registry.getDialectNames())
    source.getContext()->getOrLoadDialect(name);
  return frontend::Importer(source, options).run();
}

void registerImportDialects(DialectRegistry &registry) {
  registry
      .insert<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
              linalg::LinalgDialect, linalg_ext::LinalgExtDialect,
              math::MathDialect, OrchestraDialect, scf::SCFDialect,
              StableHLODialect, tensor::TensorDialect>();
}

} // namespace orchestra::stablehlo
