//===- HostEntry.cpp - The artefact's C interface -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds orch_run and orch_resolve (orchestra_runtime/format.h) around the
// planned program, and turns each dispatch into a call with two tests of the
// profiling flag around it.
//
//===----------------------------------------------------------------------===//
#include "HostEntry.h"

#include "orchestra/Target/CPU/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_CPUHOSTENTRYPASS
#include "orchestra/Target/CPU/Passes.h.inc"
} // namespace orchestra

void orchestra::makeInternal(func::FuncOp function) {
  function.setPrivate();
  function->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(function.getContext(), LLVM::Linkage::Internal));
}

Value HostEntryBuilder::loadAt(Value base, Type type, int64_t index) {
  Value address = LLVM::GEPOp::create(b, loc, pointer, type, base,
                                      ArrayRef<LLVM::GEPArg>{int32_t(index)});
  return LLVM::LoadOp::create(b, loc, type, address);
}

/// The field at a byte offset of a structure.
Value HostEntryBuilder::loadField(Value base, int32_t offset, Type type) {
  Value address = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), base,
                                      ArrayRef<LLVM::GEPArg>{offset});
  return LLVM::LoadOp::create(b, loc, type, address);
}

/// A dense buffer at `data`; `dims` are the values of its dynamic dimensions.
Value HostEntryBuilder::makeBuffer(MemRefType type, Value data,
                                   ArrayRef<Value> dims) {
  auto i64 = b.getI64Type();
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, loc, i64, value);
  };
  auto descriptor =
      MemRefDescriptor::poison(b, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(b, loc, data);
  descriptor.setAlignedPtr(b, loc, data);
  descriptor.setOffset(b, loc, constant(0));
  SmallVector<Value> sizes;
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size)) {
      sizes.push_back(dims.front());
      dims = dims.drop_front();
    } else {
      sizes.push_back(constant(size));
    }
  }
  Value stride = constant(1);
  for (unsigned i = sizes.size(); i-- > 0;) {
    descriptor.setSize(b, loc, i, sizes[i]);
    descriptor.setStride(b, loc, i, stride);
    stride = LLVM::MulOp::create(b, loc, stride, sizes[i]);
  }
  return UnrealizedConversionCastOp::create(b, loc, TypeRange(type),
                                            ValueRange(Value(descriptor)))
      .getResult(0);
}

/// The inputs' buffers, and the computed numbers behind them; a null `inputs`
/// makes buffers without data, of which only the dimensions may be used.
SmallVector<Value> HostEntryBuilder::makeInputs(ArrayRef<Type> types,
                                                Value exec, Value inputs,
                                                Value inputDims) {
  SmallVector<Value> buffers;
  int64_t nextDim = 0, nextSize = 0;
  for (auto [i, type] : llvm::enumerate(types)) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref) { // a number that kernels have computed
      Value sizes = loadField(exec, kExecSizes, pointer);
      buffers.push_back(loadAt(sizes, type, nextSize++));
      continue;
    }
    SmallVector<Value> dims;
    for (int64_t size : memref.getShape()) {
      if (ShapedType::isDynamic(size))
        dims.push_back(loadAt(inputDims, b.getI64Type(), nextDim));
      ++nextDim;
    }
    Value data = inputs ? loadAt(inputs, pointer, i)
                        : LLVM::ZeroOp::create(b, loc, pointer).getResult();
    buffers.push_back(makeBuffer(memref, data, dims));
  }
  return buffers;
}

/// orch_report_call(exec, call, end):
///   if (exec->profiling) exec->api->on_call(exec, call, end);
/// One function for all calls: two branches each would be most of the program.
func::FuncOp HostEntryBuilder::getReportFunction() {
  constexpr StringLiteral name = "orch_report_call";
  if (auto existing = module.lookupSymbol<func::FuncOp>(name))
    return existing;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(module.getBody());
  auto i32 = b.getI32Type();
  auto report = func::FuncOp::create(
      b, loc, name, b.getFunctionType({pointer, i32, i32}, {}));
  makeInternal(report);
  b.setInsertionPointToStart(report.addEntryBlock());
  Value exec = report.getArgument(0);
  Value profiling = loadField(exec, kExecProfiling, b.getI64Type());
  Value zero = LLVM::ConstantOp::create(b, loc, b.getI64Type(), 0);
  Value on =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, profiling, zero);
  auto branch = scf::IfOp::create(b, loc, on, /*withElseRegion=*/false);
  func::ReturnOp::create(b, loc);
  b.setInsertionPointToStart(branch.thenBlock());
  Value api = loadField(exec, 0, pointer);
  Value hook = loadField(api, kApiOnCall, pointer);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()), {pointer, i32, i32});
  SmallVector<Value> arguments{hook};
  llvm::append_range(arguments, report.getArguments());
  LLVM::CallOp::create(b, loc, type, arguments);
  return report;
}

/// Tells a profiler that `call` begins (`end` 0) or ends (1).
void HostEntryBuilder::emitHook(Value exec, int64_t call, int64_t end) {
  auto i32 = b.getI32Type();
  SmallVector<Value> arguments{exec,
                               LLVM::ConstantOp::create(b, loc, i32, call),
                               LLVM::ConstantOp::create(b, loc, i32, end)};
  func::CallOp::create(b, loc, getReportFunction(), arguments);
}

/// A buffer of any sizes, wherever it is; calls pass both the same way.
static MemRefType eraseSizes(MemRefType type) {
  SmallVector<int64_t> unknown(type.getRank(), ShapedType::kDynamic);
  return MemRefType::get(
      unknown, type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic, unknown),
      type.getMemorySpace());
}

/// Finds what all calls of a kernel can be cast to: a kernel for any sizes is
/// called with several.
void HostEntryBuilder::collectSignatures() {
  module.walk([&](DispatchOp dispatch) {
    if (dispatch.getKernel().starts_with(kHostFunctionPrefix))
      return;
    SmallVector<Type> &types = signatures[dispatch.getKernel()];
    if (types.empty())
      llvm::append_range(types, dispatch->getOperandTypes());
    for (auto [type, given] : llvm::zip(types, dispatch->getOperandTypes()))
      if (type != given)
        type = eraseSizes(cast<MemRefType>(given));
  });
}

/// A kernel takes the execution state and its operands.
void HostEntryBuilder::callKernel(Value exec, DispatchOp dispatch) {
  StringRef name = dispatch.getKernel();
  if (name.starts_with(kHostFunctionPrefix))
    return callHost(exec, dispatch);
  SmallVector<Value> operands{exec};
  for (auto [operand, type] :
       llvm::zip(dispatch.getOperands(), signatures[name]))
    operands.push_back(
        operand.getType() == type
            ? operand
            : memref::CastOp::create(b, loc, type, operand).getResult());
  if (auto old = module.lookupSymbol<func::FuncOp>(name);
      !old || old.getNumArguments() != operands.size()) {
    if (old)
      old.erase();
    OpBuilder declare = OpBuilder::atBlockEnd(module.getBody());
    auto function = func::FuncOp::create(
        declare, loc, name,
        b.getFunctionType(ValueRange(operands).getTypes(), {}));
    function.setPrivate();
  }
  func::CallOp::create(b, dispatch.getLoc(), name, TypeRange(), operands);
}

void HostEntryBuilder::lowerDispatches(func::FuncOp program) {
  (void)program.insertArgument(0, pointer, {}, loc);
  Value exec = program.getArgument(0);
  SmallVector<DispatchOp> dispatches;
  program.walk([&](DispatchOp op) { dispatches.push_back(op); });
  for (DispatchOp dispatch : dispatches) {
    b.setInsertionPoint(dispatch);
    emitHook(exec, numCalls, 0);
    callKernel(exec, dispatch);
    emitHook(exec, numCalls++, 1);
    dispatch.erase();
  }
}

/// A constant text, terminated by a zero.
Value HostEntryBuilder::makeText(StringRef text) {
  std::string name = "orch_message_" + std::to_string(numTexts++);
  std::string bytes = text.str();
  bytes.push_back('\0');
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size());
    LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/true,
                           LLVM::Linkage::Internal, name,
                           b.getStringAttr(bytes));
  }
  return LLVM::AddressOfOp::create(b, loc, pointer, name);
}

/// if (!condition) exec->api->fail(exec, 1, message).
void HostEntryBuilder::reportUnless(Value exec, cf::AssertOp op) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Value one = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  Value wrong = arith::XOrIOp::create(b, loc, op.getArg(), one);
  auto branch = scf::IfOp::create(b, loc, wrong, /*withElseRegion=*/false);
  b.setInsertionPointToStart(branch.thenBlock());
  Value hook = loadField(loadField(exec, 0, pointer), kApiFail, pointer);
  auto i32 = b.getI32Type();
  auto signature = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()), {pointer, i32, pointer});
  SmallVector<Value> arguments{hook, exec,
                               LLVM::ConstantOp::create(b, loc, i32, 1),
                               makeText(op.getMsg())};
  LLVM::CallOp::create(b, loc, signature, arguments);
}

/// Gives the shape function the execution state and turns its conditions into
/// reports.
void HostEntryBuilder::lowerConditions(func::FuncOp shapes) {
  (void)shapes.insertArgument(0, pointer, {}, loc);
  SmallVector<cf::AssertOp> conditions;
  shapes.walk([&](cf::AssertOp op) { conditions.push_back(op); });
  for (cf::AssertOp op : conditions) {
    reportUnless(shapes.getArgument(0), op);
    op.erase();
  }
}

func::FuncOp HostEntryBuilder::buildRun(const Parts &parts, StringRef name) {
  func::FuncOp program = parts.program, shapes = parts.shapes;
  unsigned numInputs = parts.numInputs;
  b.setInsertionPointToEnd(module.getBody());
  auto run = func::FuncOp::create(
      b, loc, name,
      b.getFunctionType(SmallVector<Type>(6, pointer), {b.getI32Type()}));
  b.setInsertionPointToStart(run.addEntryBlock());
  Value exec = run.getArgument(0), inputs = run.getArgument(1),
        inputDims = run.getArgument(2), outputs = run.getArgument(3),
        arena = run.getArgument(4), weights = run.getArgument(5);
  ArrayRef<Type> types = program.getArgumentTypes().drop_front(1);
  ArrayRef<Type> inputTypes = types.take_front(numInputs);
  ArrayRef<Type> outputTypes =
      types.drop_front(numInputs).drop_back(numArenas + 1);
  SmallVector<Value> arguments{exec};
  llvm::append_range(arguments,
                     makeInputs(inputTypes, exec, inputs, inputDims));
  // Output dimensions follow from the inputs'.
  bool dynamic = llvm::any_of(outputTypes, [](Type type) {
    return !cast<MemRefType>(type).hasStaticShape();
  });
  SmallVector<Value> shapeResults;
  if (dynamic) {
    auto call = func::CallOp::create(b, loc, shapes, arguments);
    shapeResults.assign(call.result_begin(), call.result_end());
  }
  unsigned next = numArenas;
  for (auto [i, type] : llvm::enumerate(outputTypes)) {
    auto memref = cast<MemRefType>(type);
    SmallVector<Value> dims;
    for (int64_t size : memref.getShape()) {
      if (ShapedType::isDynamic(size))
        dims.push_back(arith::IndexCastOp::create(b, loc, b.getI64Type(),
                                                  shapeResults[next]));
      ++next;
    }
    arguments.push_back(makeBuffer(memref, loadAt(outputs, pointer, i), dims));
  }
  Value most = LLVM::ConstantOp::create(b, loc, b.getI64Type(),
                                        std::numeric_limits<int64_t>::max());
  SmallVector<Value> memory;
  for (unsigned i = 0; i < numArenas; ++i)
    memory.push_back(usesDevices ? loadAt(arena, pointer, i) : arena);
  memory.push_back(weights);
  for (auto [type, data] : llvm::zip(types.take_back(memory.size()), memory))
    arguments.push_back(makeBuffer(cast<MemRefType>(type), data, {most}));
  if (usesDevices) {
    func::ReturnOp::create(b, loc, enqueueTasks(program, arguments));
    return run;
  }
  func::CallOp::create(b, loc, program, arguments);
  Value zero = LLVM::ConstantOp::create(b, loc, b.getI32Type(), 0);
  func::ReturnOp::create(b, loc, zero);
  return run;
}

func::FuncOp HostEntryBuilder::buildResolve(const Parts &parts,
                                            StringRef name) {
  func::FuncOp shapes = parts.shapes;
  b.setInsertionPointToEnd(module.getBody());
  auto resolve = func::FuncOp::create(
      b, loc, name,
      b.getFunctionType(SmallVector<Type>(4, pointer), {b.getI32Type()}));
  b.setInsertionPointToStart(resolve.addEntryBlock());
  Value exec = resolve.getArgument(0), inputDims = resolve.getArgument(1),
        outputDims = resolve.getArgument(2),
        arenaBytes = resolve.getArgument(3);
  Value data;
  if (module->hasAttr(kSizesFromValuesAttrName))
    data = loadField(exec, kExecInputs, pointer);
  if (parts.sizes)
    storeSizes(parts.sizes, exec, inputDims, data);
  SmallVector<Value> arguments{exec};
  llvm::append_range(arguments,
                     makeInputs(shapes.getArgumentTypes().drop_front(1), exec,
                                data, inputDims));
  auto call = func::CallOp::create(b, loc, shapes, arguments);
  for (auto [i, value] : llvm::enumerate(call.getResults())) {
    Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), value);
    Value address = i < numArenas ? arenaBytes : outputDims;
    int32_t index = i < numArenas ? i : i - numArenas;
    if (index > 0 || i >= numArenas)
      address = LLVM::GEPOp::create(b, loc, pointer, b.getI64Type(), address,
                                    ArrayRef<LLVM::GEPArg>{index});
    LLVM::StoreOp::create(b, loc, wide, address);
  }
  Value zero = LLVM::ConstantOp::create(b, loc, b.getI32Type(), 0);
  func::ReturnOp::create(b, loc, zero);
  return resolve;
}

void HostEntryBuilder::tryVariant(func::FuncOp function, func::FuncOp variant,
                                  unsigned dims, ArrayRef<int64_t> guard) {
  Block &block = function.getBody().front();
  Block *rest = block.splitBlock(block.begin());
  b.setInsertionPointToEnd(&block);
  Value fits = LLVM::ConstantOp::create(b, loc, b.getI1Type(), true);
  for (auto [index, size] : llvm::enumerate(guard)) {
    if (size < 0)
      continue;
    Value is = loadAt(function.getArgument(dims), b.getI64Type(), index);
    Value wanted = LLVM::ConstantOp::create(b, loc, b.getI64Type(), size);
    Value equal =
        LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, is, wanted);
    fits = LLVM::AndOp::create(b, loc, fits, equal);
  }
  Block *taken = b.createBlock(rest);
  auto call = func::CallOp::create(b, loc, variant, function.getArguments());
  func::ReturnOp::create(b, loc, call.getResults());
  b.setInsertionPointToEnd(&block);
  cf::CondBranchOp::create(b, loc, fits, taken, rest);
}

/// Turns expansions of dense buffers into casts with computed strides.
/// Upstream's expansion of their metadata crashes on two dynamic dimensions in
/// a group.
static void castExpansions(func::FuncOp function) {
  SmallVector<memref::ExpandShapeOp> expansions;
  function.walk([&](memref::ExpandShapeOp op) {
    if (op.getSrcType().getLayout().isIdentity())
      expansions.push_back(op);
  });
  for (memref::ExpandShapeOp op : expansions) {
    OpBuilder b(op);
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape(), strides;
    OpFoldResult stride = b.getIndexAttr(1);
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    for (OpFoldResult size : llvm::reverse(sizes)) {
      strides.insert(strides.begin(), stride);
      stride = affine::makeComposedFoldedAffineApply(b, op.getLoc(), s0 * s1,
                                                     {stride, size});
    }
    Value cast = memref::ReinterpretCastOp::create(
        b, op.getLoc(), op.getResultType(), op.getSrc(), b.getIndexAttr(0),
        sizes, strides);
    op.replaceAllUsesWith(cast);
    op.erase();
  }
}

namespace {
struct CPUHostEntry : orchestra::impl::CPUHostEntryPassBase<CPUHostEntry> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> entries = getEntries(module);
    SmallVector<HostEntryBuilder::Parts> all;
    for (func::FuncOp entry : entries) {
      HostEntryBuilder::Parts parts;
      parts.program = entry;
      parts.shapes = module.lookupSymbol<func::FuncOp>(
          getPartName(kShapesFunctionName, entry));
      parts.sizes = module.lookupSymbol<func::FuncOp>(
          getPartName(kSizesFunctionName, entry));
      if (parts.shapes)
        all.push_back(parts);
    }
    if (all.empty() || all.size() != entries.size()) {
      module.emitError("needs an entry function with planned memory");
      return signalPassFailure();
    }
    // The machine has been planned for.
    for (auto topology :
         llvm::make_early_inc_range(module.getOps<TopologyOp>()))
      topology.erase();
    HostEntryBuilder builder(module);
    builder.collectSignatures();
    for (HostEntryBuilder::Parts &parts : all)
      prepare(parts, builder);
    // A copy for given sizes goes in front of what comes after it.
    func::FuncOp run, resolve;
    for (auto [parts, entry] : llvm::zip(all, entries)) {
      func::FuncOp mine =
          builder.buildRun(parts, getPartName("orch_run", entry));
      func::FuncOp sizes =
          builder.buildResolve(parts, getPartName("orch_resolve", entry));
      if (!run) {
        run = mine;
        resolve = sizes;
      } else {
        makeInternal(mine);
        makeInternal(sizes);
      }
    }
    for (func::FuncOp entry : llvm::reverse(entries)) {
      auto guard = entry->getAttrOfType<DenseI64ArrayAttr>(kGuardAttrName);
      if (!guard)
        continue;
      auto part = [&](StringRef name) {
        return module.lookupSymbol<func::FuncOp>(getPartName(name, entry));
      };
      builder.tryVariant(run, part("orch_run"), 2, guard);
      builder.tryVariant(resolve, part("orch_resolve"), 1, guard);
    }
    for (func::FuncOp entry : entries)
      if (module->hasAttr(kDevicesAttrName))
        entry.erase(); // its tasks have become functions
      else
        entry->removeAttr(kEntryAttrName);
  }

  /// Lowers what is in the functions of an entry.
  void prepare(HostEntryBuilder::Parts &parts, HostEntryBuilder &builder) {
    ModuleOp module = getOperation();
    auto [program, shapes, sizes, numInputs] = parts;
    parts.numInputs = shapes.getNumArguments();
    program.setSymName(getPartName("orchestra_program", program));
    SmallVector<func::FuncOp> functions{program, shapes};
    if (sizes)
      functions.push_back(sizes);
    for (func::FuncOp function : functions) {
      castExpansions(function);
      makeInternal(function);
    }
    UnitAttr yes = UnitAttr::get(&getContext());
    if (sizes ||
        shapes.walk([](memref::LoadOp) { return WalkResult::interrupt(); })
            .wasInterrupted())
      module->setAttr(kSizesFromValuesAttrName, yes);
    if (sizes) {
      module->setAttr(kComputesSizesAttrName, yes);
      builder.lowerSizes(sizes);
    }
    builder.lowerConditions(shapes);
    builder.lowerDispatches(program);
  }
};
} // namespace
