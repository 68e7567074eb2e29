//===- EmulateTiles.cpp - Device functions on tiles, emulated ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body stays what becomes PTX. What differs is how it is reached: tensor
// maps are made by the host in memory of the emulated device, and dynamic
// shared memory is what the gpu dialect calls so.
//
//===----------------------------------------------------------------------===//
#include "Emulate.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Target/Emulated/Emulation.h"
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAEMULATETILESPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;
using namespace orchestra::nvidia;

/// What the driver is told of every map (runtime/devices/cuda/CUDAKernel.cpp).
static constexpr int64_t kSwizzle = 128;

/// The group's dynamic shared memory, in place of the array that stands for it.
static LogicalResult replaceShared(gpu::GPUModuleOp device,
                                   gpu::GPUFuncOp kernel) {
  SmallVector<LLVM::AddressOfOp> uses;
  kernel.walk([&](LLVM::AddressOfOp op) { uses.push_back(op); });
  for (LLVM::AddressOfOp op : uses) {
    auto global = device.lookupSymbol<LLVM::GlobalOp>(op.getGlobalName());
    if (!global || global.getAddrSpace() != 3 || global.getValueOrNull())
      return emitError(op.getLoc(), "the emulation has no form for '")
             << op.getGlobalName() << "' [unsupported-by-target]";
    OpBuilder builder(op);
    Location loc = op.getLoc();
    auto space = gpu::AddressSpaceAttr::get(op.getContext(),
                                            gpu::AddressSpace::Workgroup);
    auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type(),
                                MemRefLayoutAttrInterface(), space);
    Value memory = gpu::DynamicSharedMemoryOp::create(builder, loc, type);
    Value address =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memory);
    address =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
    op.replaceAllUsesWith(
        LLVM::IntToPtrOp::create(builder, loc, op.getType(), address)
            .getResult());
    op.erase();
  }
  for (auto global :
       llvm::make_early_inc_range(device.getOps<LLVM::GlobalOp>()))
    if (SymbolTable::symbolKnownUseEmpty(global, device))
      global.erase();
  return success();
}

/// How many blocks of a cluster run together along x.
static FailureOr<int32_t> getClusterSize(LLVM::LLVMFuncOp function) {
  auto dims = function->getAttrOfType<DenseI32ArrayAttr>(
      NVVM::NVVMDialect::getClusterDimAttrName());
  if (!dims)
    return 1;
  if (llvm::any_of(dims.asArrayRef().drop_front(),
                   [](int32_t size) { return size != 1; }))
    return emitError(function.getLoc(), "the emulation has clusters of blocks "
                                        "along x only [unsupported-by-target]");
  return dims[0];
}

static FailureOr<gpu::GPUFuncOp> convertFunction(gpu::GPUModuleOp device,
                                                 LLVM::LLVMFuncOp function) {
  OpBuilder builder(function);
  auto type = builder.getFunctionType(function.getArgumentTypes(), {});
  auto kernel = gpu::GPUFuncOp::create(builder, function.getLoc(),
                                       function.getName(), type);
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
  kernel.getBody().takeBody(function.getBody());
  kernel.walk([](LLVM::ReturnOp op) {
    OpBuilder builder(op);
    gpu::ReturnOp::create(builder, op.getLoc());
    op.erase();
  });
  function.erase();
  if (failed(replaceShared(device, kernel)))
    return failure();
  return kernel;
}

/// The map of `buffer` that a parameter wants.
static Value makeMap(OpBuilder &builder, Operation *op, Value buffer,
                     DictionaryAttr parameter) {
  Location loc = op->getLoc();
  auto type = cast<MemRefType>(buffer.getType());
  auto array = [&](ArrayRef<int64_t> values) {
    SmallVector<Value> numbers;
    for (int64_t value : values)
      numbers.push_back(getNumber(builder, loc, value));
    return makeArray(builder, op, numbers);
  };
  auto shape = parameter.getAs<DenseI64ArrayAttr>("shape").asArrayRef();
  auto windows = parameter.getAs<nvtile::WindowsAttr>("windows");
  SmallVector<int64_t> sizes(shape), strides(shape.size(), 1);
  for (size_t dim = shape.size() - 1; dim > 0; --dim)
    strides[dim - 1] = strides[dim] * shape[dim];
  if (windows) {
    sizes = windows.getMapShape(shape);
    strides = windows.getMapStrides(shape);
  }
  SmallVector<Value> zeros(type.getRank(),
                           arith::ConstantIndexOp::create(builder, loc, 0));
  Type element = parameter.getAs<TypeAttr>("element").getValue();
  auto box = parameter.getAs<DenseI64ArrayAttr>("box").asArrayRef();
  SmallVector<Value> operands{
      getPointer(builder, loc, buffer, zeros),
      getNumber(builder, loc, getElementBytes(element)),
      getNumber(builder, loc, static_cast<int64_t>(shape.size())), array(sizes),
      array(strides)};
  StringRef function = "orch_emulated_tensor_map";
  if (windows) {
    function = "orch_emulated_im2col_map";
    operands.push_back(array(windows.getLowerCorner()));
    operands.push_back(array(windows.getUpperCorner(shape)));
    operands.push_back(array(windows.getSteps()));
  }
  operands.push_back(array(box));
  operands.push_back(getNumber(builder, loc, kSwizzle));
  return callDevice(builder, op, loc, function,
                    LLVM::LLVMPointerType::get(op->getContext()), operands);
}

/// A host function of the kernel's name that launches it.
static void makeHostFunction(ModuleOp module, gpu::GPUFuncOp kernel,
                             DictionaryAttr launch, int32_t clusterSize) {
  Location loc = kernel.getLoc();
  MLIRContext *ctx = module.getContext();
  if (Operation *declaration = module.lookupSymbol(kernel.getName()))
    declaration->erase();
  auto builder = OpBuilder::atBlockEnd(module.getBody());
  SmallVector<Type> types(
      launch.getAs<ArrayAttr>("arguments").getAsValueRange<TypeAttr>());
  auto function = func::FuncOp::create(builder, loc, kernel.getName(),
                                       builder.getFunctionType(types, {}));
  function->setAttr(kKernelAttrName, builder.getUnitAttr());
  builder.setInsertionPointToStart(function.addEntryBlock());
  auto end = func::ReturnOp::create(builder, loc);
  builder.setInsertionPoint(end);
  SmallVector<Value> operands, maps;
  for (auto [parameter, type] : llvm::zip_equal(
           launch.getAs<ArrayAttr>("parameters").getAsRange<DictionaryAttr>(),
           kernel.getArgumentTypes())) {
    Value buffer =
        function.getArgument(parameter.getAs<IntegerAttr>("argument").getInt());
    if (parameter.get("box")) {
      maps.push_back(makeMap(builder, end, buffer, parameter));
      operands.push_back(maps.back());
      continue;
    }
    SmallVector<Value> zeros(cast<MemRefType>(buffer.getType()).getRank(),
                             arith::ConstantIndexOp::create(builder, loc, 0));
    operands.push_back(
        LLVM::AddrSpaceCastOp::create(builder, loc, type,
                                      getPointer(builder, loc, buffer, zeros))
            .getResult());
  }
  auto sizes = [&](StringRef name) {
    auto values = launch.getAs<DenseI32ArrayAttr>(name);
    auto size = [&](unsigned dim) {
      return arith::ConstantIndexOp::create(builder, loc, values[dim])
          .getResult();
    };
    return gpu::KernelDim3{size(0), size(1), size(2)};
  };
  Value shared = arith::ConstantOp::create(
      builder, loc,
      builder.getI32IntegerAttr(static_cast<int32_t>(
          launch.getAs<IntegerAttr>("shared_bytes").getInt())));
  gpu::KernelDim3 grid = sizes("grid"), block = sizes("block");
  std::optional<gpu::KernelDim3> cluster;
  if (clusterSize != 1) {
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    cluster = gpu::KernelDim3{
        arith::ConstantIndexOp::create(builder, loc, clusterSize), one, one};
  }
  gpu::LaunchFuncOp::create(builder, loc, kernel, grid, block, shared, operands,
                            /*asyncTokenType=*/nullptr,
                            /*asyncDependencies=*/{}, cluster);
  for (Value map : maps)
    callDevice(builder, end, loc, "orch_emulated_deallocate", {}, {map});
  module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                  UnitAttr::get(ctx));
}

namespace {
struct NVIDIAEmulateTilesPass
    : public nvidia::impl::NVIDIAEmulateTilesPassBase<NVIDIAEmulateTilesPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto launches = module->getAttrOfType<DictionaryAttr>(kLaunchAttrName);
    if (!launches)
      return;
    for (NamedAttribute entry : launches) {
      StringRef name = entry.getName();
      auto device = module.lookupSymbol<gpu::GPUModuleOp>(
          (name + kDeviceModuleSuffix).str());
      auto function =
          device ? device.lookupSymbol<LLVM::LLVMFuncOp>(name) : nullptr;
      if (!function) {
        module.emitError("nothing is to be launched as kernel '")
            << name << "'";
        return signalPassFailure();
      }
      FailureOr<int32_t> clusterSize = getClusterSize(function);
      FailureOr<gpu::GPUFuncOp> kernel = failure();
      if (succeeded(clusterSize))
        kernel = convertFunction(device, function);
      if (failed(kernel))
        return signalPassFailure();
      makeHostFunction(module, *kernel, cast<DictionaryAttr>(entry.getValue()),
                       *clusterSize);
    }
    module->removeAttr(kLaunchAttrName);
  }
};
} // namespace
