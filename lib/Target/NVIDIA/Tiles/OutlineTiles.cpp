//===- OutlineTiles.cpp - Kernels of tiles as device functions ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The function is llvm.func, not gpu.func: a tensor map is a parameter by value
// in constant memory, which gpu.func cannot say. Shared memory is one dynamic
// array; gpu.dynamic_shared_memory would not be aligned for swizzled tiles.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAOUTLINETILESPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;
using namespace orchestra::nvtile;

static constexpr int64_t kMapBytes = 128;
static constexpr int64_t kSharedAlignment = 1024;
static constexpr llvm::StringLiteral kSharedName = "orchestra_shared";

namespace {
/// What the host passes to a kernel, in order.
struct Parameter {
  Value buffer;    ///< argument of the function on buffers
  TensorMapOp map; ///< null: the buffer's address
};

class Outliner {
public:
  Outliner(func::FuncOp kernel, ModuleOp module)
      : kernel(kernel), module(module), builder(kernel) {}
  LogicalResult run(SmallVectorImpl<NamedAttribute> &launches);

private:
  LogicalResult collectParameters();
  LLVM::LLVMFuncOp makeFunction();
  void placeShared(Block &entry, Value base);
  Attribute describe(Parameter &parameter);

  func::FuncOp kernel;
  ModuleOp module;
  OpBuilder builder;
  SmallVector<Parameter> parameters;
  SmallVector<UnrealizedConversionCastOp> addresses;
  int64_t sharedBytes = 0;
};
} // namespace

/// The argument of the kernel that `buffer` is, perhaps in fewer dimensions.
static BlockArgument getArgument(Value buffer) {
  while (auto collapse = buffer.getDefiningOp<memref::CollapseShapeOp>())
    buffer = collapse.getSrc();
  return dyn_cast<BlockArgument>(buffer);
}

LogicalResult Outliner::collectParameters() {
  kernel.walk(
      [&](TensorMapOp map) { parameters.push_back({map.getBuffer(), map}); });
  llvm::SetVector<Value> buffers;
  kernel.walk([&](UnrealizedConversionCastOp cast) {
    if (cast.getNumOperands() != 1 || cast.getNumResults() != 1 ||
        !isa<MemRefType>(cast.getOperandTypes()[0]) ||
        !isa<LLVM::LLVMPointerType>(cast.getResultTypes()[0]) ||
        !getArgument(cast.getOperand(0)))
      return;
    addresses.push_back(cast);
    buffers.insert(getArgument(cast.getOperand(0)));
  });
  for (Value buffer : buffers)
    parameters.push_back({buffer, nullptr});
  for (BlockArgument argument : kernel.getArguments())
    for (Operation *user : argument.getUsers())
      if (!isa<TensorMapOp, UnrealizedConversionCastOp,
               memref::CollapseShapeOp>(user))
        return emitError(user->getLoc(), "op of a kernel of tiles has no "
                                         "lowering: ")
               << user->getName() << " [unsupported-by-target]";
  return success();
}

LLVM::LLVMFuncOp Outliner::makeFunction() {
  MLIRContext *ctx = kernel.getContext();
  Location loc = kernel.getLoc();
  SmallVector<Type> types;
  for (const Parameter &parameter : parameters)
    types.push_back(LLVM::LLVMPointerType::get(ctx, parameter.map ? 0 : 1));
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(ctx), types);
  auto function =
      LLVM::LLVMFuncOp::create(builder, loc, kernel.getSymName(), type);
  auto flag = [&](StringRef name) {
    function->setAttr(name, builder.getUnitAttr());
  };
  flag(gpu::GPUDialect::getKernelFuncAttrName());
  flag(NVVM::NVVMDialect::getKernelFuncAttrName());
  function->setAttr(
      NVVM::NVVMDialect::getReqntidAttrName(),
      kernel->getAttr(gpu::GPUDialect::KnownBlockSizeAttrHelper::getNameStr()));
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    builder.getI32IntegerAttr(1));
  auto policy = kernel->getAttrOfType<PolicyAttr>(kPolicyAttrName);
  if (policy && policy.getSplit() != 1)
    function->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                      builder.getDenseI32ArrayAttr(
                          {static_cast<int32_t>(policy.getSplit()), 1, 1}));
  auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), kMapBytes);
  auto structure = LLVM::LLVMStructType::getLiteral(ctx, {bytes});
  for (auto [i, parameter] : llvm::enumerate(parameters)) {
    if (!parameter.map)
      continue;
    function.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(),
                        TypeAttr::get(structure));
    function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                        builder.getI64IntegerAttr(64));
    function.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                        builder.getUnitAttr());
  }
  return function;
}

/// Gives each piece of shared memory its offset, the most aligned first.
void Outliner::placeShared(Block &entry, Value base) {
  auto pieces = llvm::to_vector(entry.getOps<SharedOp>());
  llvm::sort(pieces, [](SharedOp a, SharedOp b) {
    return a.getAlignment() != b.getAlignment()
               ? a.getAlignment() > b.getAlignment()
               : a->isBeforeInBlock(b);
  });
  builder.setInsertionPointAfterValue(base);
  for (SharedOp piece : pieces) {
    sharedBytes = llvm::alignTo(sharedBytes, piece.getAlignment());
    Value address = LLVM::GEPOp::create(
        builder, piece.getLoc(), base.getType(), builder.getI8Type(), base,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(sharedBytes)});
    piece.replaceAllUsesWith(address);
    sharedBytes += piece.getBytes();
    piece.erase();
  }
}

Attribute Outliner::describe(Parameter &parameter) {
  auto type = cast<MemRefType>(parameter.buffer.getType());
  unsigned number = getArgument(parameter.buffer).getArgNumber();
  SmallVector<NamedAttribute> fields = {
      builder.getNamedAttr("argument", builder.getI64IntegerAttr(number))};
  if (parameter.map) {
    fields.push_back(builder.getNamedAttr("box", parameter.map.getBoxAttr()));
    fields.push_back(
        builder.getNamedAttr("element", TypeAttr::get(type.getElementType())));
    fields.push_back(builder.getNamedAttr(
        "shape", builder.getDenseI64ArrayAttr(type.getShape())));
    if (Attribute windows = parameter.map.getWindowsAttr())
      fields.push_back(builder.getNamedAttr("windows", windows));
  }
  return builder.getDictionaryAttr(fields);
}

LogicalResult Outliner::run(SmallVectorImpl<NamedAttribute> &launches) {
  Attribute block =
      kernel->getAttr(gpu::GPUDialect::KnownBlockSizeAttrHelper::getNameStr());
  Attribute grid =
      kernel->getAttr(gpu::GPUDialect::KnownGridSizeAttrHelper::getNameStr());
  if (!block || !grid)
    return emitError(kernel.getLoc(), "a kernel of tiles has no launch "
                                      "[unsupported-by-target]");
  if (failed(collectParameters()))
    return failure();
  MLIRContext *ctx = kernel.getContext();
  Location loc = kernel.getLoc();
  builder.setInsertionPoint(kernel);
  auto device = gpu::GPUModuleOp::create(
      builder, loc, (kernel.getSymName() + kDeviceModuleSuffix).str());
  // Tiles and their places fit 32 bits, and so do the registers for them.
  auto width = DataLayoutEntryAttr::get(IndexType::get(ctx),
                                        builder.getI64IntegerAttr(32));
  device->setAttr(DLTIDialect::kDataLayoutAttrName,
                  DataLayoutSpecAttr::get(ctx, {width}));
  builder.setInsertionPointToStart(device.getBody());
  LLVM::GlobalOp::create(
      builder, loc, LLVM::LLVMArrayType::get(builder.getI8Type(), 0),
      /*isConstant=*/false, LLVM::Linkage::External, kSharedName, Attribute(),
      kSharedAlignment, /*addrSpace=*/3);
  LLVM::LLVMFuncOp function = makeFunction();
  Block *entry = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  Value base = LLVM::AddressOfOp::create(
      builder, loc, LLVM::LLVMPointerType::get(ctx, 3), kSharedName);
  Block &body = kernel.getBody().front();
  Operation *terminator = body.getTerminator();
  entry->getOperations().splice(entry->end(), body.getOperations());
  builder.setInsertionPoint(terminator);
  LLVM::ReturnOp::create(builder, terminator->getLoc(), ValueRange());
  terminator->erase();
  placeShared(*entry, base);
  for (auto [parameter, argument] :
       llvm::zip_equal(parameters, entry->getArguments())) {
    if (parameter.map) {
      parameter.map.replaceAllUsesWith(argument);
      continue;
    }
    for (UnrealizedConversionCastOp cast : addresses)
      if (getArgument(cast.getOperand(0)) == parameter.buffer)
        cast.getResult(0).replaceAllUsesWith(argument);
  }
  SmallVector<Attribute> descriptions;
  for (Parameter &parameter : parameters)
    descriptions.push_back(describe(parameter));
  for (Parameter &parameter : parameters)
    if (parameter.map)
      parameter.map.erase();
  for (UnrealizedConversionCastOp cast : addresses)
    cast.erase();
  // What the roles have taken along.
  function.walk([](memref::CollapseShapeOp op) { op.erase(); });
  launches.push_back(builder.getNamedAttr(
      kernel.getSymName(),
      builder.getDictionaryAttr(
          {builder.getNamedAttr("arguments", builder.getTypeArrayAttr(
                                                 kernel.getArgumentTypes())),
           builder.getNamedAttr("block", block),
           builder.getNamedAttr("grid", grid),
           builder.getNamedAttr("parameters",
                                builder.getArrayAttr(descriptions)),
           builder.getNamedAttr("shared_bytes",
                                builder.getI64IntegerAttr(sharedBytes))})));
  return success();
}

namespace {
struct NVIDIAOutlineTilesPass
    : public nvidia::impl::NVIDIAOutlineTilesPassBase<NVIDIAOutlineTilesPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<NamedAttribute> launches;
    if (auto known = module->getAttrOfType<DictionaryAttr>(kLaunchAttrName))
      llvm::append_range(launches, known);
    size_t before = launches.size();
    for (auto kernel :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (!kernel->hasAttr(kPolicyAttrName) || kernel.isExternal())
        continue;
      if (failed(Outliner(kernel, module).run(launches)))
        return signalPassFailure();
      if (SymbolTable::symbolKnownUseEmpty(kernel, module))
        kernel.erase();
      else
        kernel.eraseBody();
    }
    if (launches.size() != before)
      module->setAttr(kLaunchAttrName,
                      DictionaryAttr::get(&getContext(), launches));
  }
};
} // namespace
