//===- EmbedCode.cpp - Host functions that launch embedded device code ----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel of a GPU becomes what a kernel of the host is: one function of its
// name, with the execution state in front. Its launches are calls of the
// runtime with the device code, which lies beside as an orch_device_code.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/HostApi.h"

#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "orchestra_runtime/format.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAEMBEDCODEPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

/// Where the driver wants code to start.
static constexpr uint64_t kCodeAlignment = 64;
static constexpr size_t kMaxParameters = 256;

static uint32_t getDtype(Type element) {
  if (element.isF32())
    return ORCH_DTYPE_F32;
  if (element.isF64())
    return ORCH_DTYPE_F64;
  if (element.isF16())
    return ORCH_DTYPE_F16;
  if (element.isBF16())
    return ORCH_DTYPE_BF16;
  return element.isInteger(8) ? ORCH_DTYPE_U8 : ORCH_DTYPE_INVALID;
}

namespace {
/// A launch as the runtime wants it.
struct Launch {
  std::string name; ///< of the device function
  int64_t grid[3] = {1, 1, 1}, block[3] = {1, 1, 1};
  int64_t sharedBytes = 0;
  SmallVector<orch_kernel_parameter> parameters;
  size_t numArguments = 0;
};

/// Embeds the code of one module.
class Embedder {
public:
  Embedder(ModuleOp module, bool overlap)
      : module(module), overlap(overlap), b(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

  LogicalResult run();

private:
  Value embed(gpu::BinaryOp binary, const Launch &launch);
  void callLaunch(Location loc, Value exec, Value code,
                  ArrayRef<Value> arguments, Value grid);
  LogicalResult embedTiles(StringRef name, DictionaryAttr launch);
  LogicalResult embedLaunch(gpu::LaunchFuncOp op, DenseI64ArrayAttr kept);
  void replaceTemporaries(func::FuncOp kernel);
  Value spill(func::FuncOp kernel, Value value);

  ModuleOp module;
  bool overlap; ///< kernels wait for those before them
  OpBuilder b;
  LLVM::LLVMPointerType pointer;
};
} // namespace

/// An orch_device_code and what its offsets lead to.
static std::string makeBlob(const Launch &launch, StringRef code,
                            bool overlap) {
  orch_device_code header = {};
  const auto &parameters = launch.parameters;
  header.struct_size = sizeof(header);
  header.parameter_count = parameters.size();
  header.parameters = sizeof(header);
  header.name = header.parameters + parameters.size() * sizeof(parameters[0]);
  header.code =
      llvm::alignTo(header.name + launch.name.size() + 1, kCodeAlignment);
  header.code_size = code.size();
  header.argument_count = launch.numArguments;
  header.shared_bytes = launch.sharedBytes;
  header.flags = overlap ? uint32_t(ORCH_KERNEL_WAITS) : 0;
  for (int dim = 0; dim < 3; ++dim) {
    header.grid[dim] = launch.grid[dim];
    header.block[dim] = launch.block[dim];
  }
  std::string blob(header.code + code.size(), '\0');
  std::memcpy(blob.data(), &header, sizeof(header));
  if (!parameters.empty())
    std::memcpy(blob.data() + header.parameters, parameters.data(),
                parameters.size() * sizeof(parameters[0]));
  std::memcpy(blob.data() + header.name, launch.name.data(),
              launch.name.size());
  std::memcpy(blob.data() + header.code, code.data(), code.size());
  return blob;
}

/// The address of the code as a constant of the host.
Value Embedder::embed(gpu::BinaryOp binary, const Launch &launch) {
  auto object = cast<gpu::ObjectAttr>(binary.getObjects()[0]);
  std::string blob = makeBlob(launch, object.getObject().getValue(), overlap);
  std::string name = launch.name + "_code";
  Location loc = binary.getLoc();
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    auto bytes = LLVM::LLVMArrayType::get(b.getI8Type(), blob.size());
    LLVM::GlobalOp::create(b, loc, bytes, /*isConstant=*/true,
                           LLVM::Linkage::Internal, name, b.getStringAttr(blob),
                           kCodeAlignment);
  }
  binary.erase();
  return LLVM::AddressOfOp::create(b, loc, pointer, name);
}

/// A place on the stack, of the function and not of a loop, with `value`.
Value Embedder::spill(func::FuncOp kernel, Value value) {
  Location loc = value.getLoc();
  Value place;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&kernel.getBody().front());
    Value one = LLVM::ConstantOp::create(b, loc, b.getI64Type(), 1);
    place = LLVM::AllocaOp::create(b, loc, pointer, b.getI64Type(), one);
  }
  if (value.getType().isIndex())
    value = arith::IndexCastOp::create(b, loc, b.getI64Type(), value);
  LLVM::StoreOp::create(b, loc, value, place);
  return place;
}

void Embedder::callLaunch(Location loc, Value exec, Value code,
                          ArrayRef<Value> arguments, Value grid) {
  auto i64 = b.getI64Type();
  Value list;
  {
    OpBuilder::InsertionGuard guard(b);
    auto *function = exec.getParentBlock()->getParentOp();
    b.setInsertionPointToStart(&cast<func::FuncOp>(function).getBody().front());
    Value count = LLVM::ConstantOp::create(
        b, loc, i64, std::max<int64_t>(arguments.size(), 1));
    list = LLVM::AllocaOp::create(b, loc, pointer, pointer, count);
  }
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    Value slot =
        LLVM::GEPOp::create(b, loc, pointer, pointer, list,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    LLVM::StoreOp::create(b, loc, argument, slot);
  }
  if (!grid)
    grid = LLVM::ZeroOp::create(b, loc, pointer);
  callHostApi(b, loc, exec, offsetof(orch_host_api, launch_kernel),
              {code, list, grid});
}

/// What the driver needs to know of a tensor map.
static void describeMap(DictionaryAttr entry,
                        orch_kernel_parameter &parameter) {
  auto box = entry.getAs<DenseI64ArrayAttr>("box").asArrayRef();
  auto shape = entry.getAs<DenseI64ArrayAttr>("shape").asArrayRef();
  parameter.kind = ORCH_PARAMETER_TENSOR_MAP;
  parameter.dtype = getDtype(entry.getAs<TypeAttr>("element").getValue());
  parameter.rank = shape.size();
  llvm::copy(shape, parameter.shape);
  llvm::copy(box, parameter.box);
  auto windows = entry.getAs<nvtile::WindowsAttr>("windows");
  if (!windows)
    return;
  parameter.kind = ORCH_PARAMETER_WINDOW_MAP;
  llvm::copy(windows.getLowerCorner(), parameter.lower);
  llvm::copy(windows.getUpperCorner(shape), parameter.upper);
  llvm::copy(windows.getSteps(), parameter.steps);
  llvm::copy(windows.getMapShape(shape), parameter.shape);
  llvm::copy(windows.getMapStrides(shape), parameter.strides);
}

/// A kernel of tiles: a function that only launches it.
LogicalResult Embedder::embedTiles(StringRef name, DictionaryAttr description) {
  auto binary =
      module.lookupSymbol<gpu::BinaryOp>((name + kDeviceModuleSuffix).str());
  auto arguments = description.getAs<ArrayAttr>("arguments");
  if (!binary || !arguments)
    return module.emitError("nothing says how to launch kernel '")
           << name << "'";
  Launch launch;
  launch.name = name.str();
  launch.numArguments = arguments.size();
  auto grid = description.getAs<DenseI32ArrayAttr>("grid");
  auto block = description.getAs<DenseI32ArrayAttr>("block");
  for (int dim = 0; dim < 3; ++dim) {
    launch.grid[dim] = grid[dim];
    launch.block[dim] = block[dim];
  }
  launch.sharedBytes = description.getAs<IntegerAttr>("shared_bytes").getInt();
  for (auto entry : description.getAs<ArrayAttr>("parameters")
                        .getAsRange<DictionaryAttr>()) {
    orch_kernel_parameter parameter = {};
    parameter.argument = entry.getAs<IntegerAttr>("argument").getInt();
    if (entry.contains("box"))
      describeMap(entry, parameter);
    launch.parameters.push_back(parameter);
  }
  Location loc = binary.getLoc();
  if (Operation *declaration = module.lookupSymbol(name))
    declaration->erase();
  SmallVector<Type> types{pointer};
  llvm::append_range(types, arguments.getAsValueRange<TypeAttr>());
  b.setInsertionPointToEnd(module.getBody());
  auto function =
      func::FuncOp::create(b, loc, name, b.getFunctionType(types, {}));
  b.setInsertionPointToStart(function.addEntryBlock());
  Value code = embed(binary, launch);
  SmallVector<Value> values;
  for (BlockArgument argument : function.getArguments().drop_front())
    values.push_back(getAddress(b, loc, argument, {}));
  callLaunch(loc, function.getArgument(0), code, values, /*grid=*/nullptr);
  func::ReturnOp::create(b, loc);
  return success();
}

/// A launch of a plain kernel: what `kept` says of its arguments, each buffer
/// being the numbers of its descriptor.
LogicalResult Embedder::embedLaunch(gpu::LaunchFuncOp op,
                                    DenseI64ArrayAttr kept) {
  Location loc = op.getLoc();
  auto binary = module.lookupSymbol<gpu::BinaryOp>(op.getKernelModuleName());
  auto kernel = op->getParentOfType<func::FuncOp>();
  if (!binary || !kept)
    return emitError(loc, "a launch of a kernel for NVIDIA has no code");
  b.setInsertionPoint(op);
  Launch launch;
  launch.name = op.getKernelName().str();
  auto constant = [](Value value) {
    return getConstantIntValue(value).value_or(1);
  };
  launch.block[0] = constant(op.getBlockSizeX());
  launch.grid[0] = constant(op.getGridSizeX());
  // The descriptors' numbers, made where they are used.
  llvm::DenseSet<int64_t> wanted(kept.asArrayRef().begin(),
                                 kept.asArrayRef().end());
  SmallVector<Value> arguments;
  int64_t number = 0;
  auto add = [&](bool isAddress, llvm::function_ref<Value()> make) {
    if (!wanted.contains(number++))
      return;
    orch_kernel_parameter parameter = {};
    parameter.kind = isAddress ? ORCH_PARAMETER_ADDRESS : ORCH_PARAMETER_VALUE;
    parameter.argument = arguments.size();
    launch.parameters.push_back(parameter);
    arguments.push_back(isAddress ? make() : spill(kernel, make()));
  };
  for (Value operand : op.getKernelOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type) {
      add(false, [&] { return operand; });
      continue;
    }
    auto address = [&] { return getAddress(b, loc, operand, {}); };
    add(true, address);
    add(true, address);
    add(false,
        [&] { return arith::ConstantIndexOp::create(b, loc, 0).getResult(); });
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      add(false, [&] {
        return memref::DimOp::create(b, loc, operand, dim).getResult();
      });
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      add(false, [&] {
        return memref::ExtractStridedMetadataOp::create(b, loc, operand)
            .getStrides()[dim];
      });
  }
  if (arguments.size() > kMaxParameters)
    return emitError(loc, "a kernel for NVIDIA has ")
           << arguments.size() << " parameters, more than the "
           << kMaxParameters << " of a launch [unsupported-by-target]";
  launch.numArguments = arguments.size();
  Value grid;
  if (!getConstantIntValue(op.getGridSizeX())) {
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(&kernel.getBody().front());
      Value three = LLVM::ConstantOp::create(b, loc, b.getI64Type(), 3);
      grid = LLVM::AllocaOp::create(b, loc, pointer, b.getI32Type(), three);
    }
    Value sizes[] = {op.getGridSizeX(), op.getGridSizeY(), op.getGridSizeZ()};
    for (auto [dim, size] : llvm::enumerate(sizes)) {
      Value narrow = arith::IndexCastOp::create(b, loc, b.getI32Type(), size);
      Value slot = LLVM::GEPOp::create(
          b, loc, pointer, b.getI32Type(), grid,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(dim)});
      LLVM::StoreOp::create(b, loc, narrow, slot);
    }
  }
  callLaunch(loc, kernel.getArgument(0), embed(binary, launch), arguments,
             grid);
  op.erase();
  return success();
}

/// Temporaries between launches are memory of the device; the runtime takes
/// them back when the kernel ends.
void Embedder::replaceTemporaries(func::FuncOp kernel) {
  SmallVector<memref::AllocOp> allocs;
  kernel.walk([&](memref::DeallocOp dealloc) { dealloc.erase(); });
  kernel.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  for (memref::AllocOp alloc : allocs) {
    Location loc = alloc.getLoc();
    b.setInsertionPoint(alloc);
    auto i64 = b.getI64Type();
    MemRefType type = alloc.getType();
    Value bytes = LLVM::ConstantOp::create(b, loc, i64, getElementBytes(type));
    auto dynamic = alloc.getDynamicSizes().begin();
    SmallVector<Value> sizes;
    for (int64_t size : type.getShape()) {
      Value value =
          ShapedType::isDynamic(size)
              ? arith::IndexCastOp::create(b, loc, i64, *dynamic++).getResult()
              : LLVM::ConstantOp::create(b, loc, i64, size).getResult();
      sizes.push_back(value);
      bytes = LLVM::MulOp::create(b, loc, bytes, value);
    }
    Value data =
        callHostApi(b, loc, kernel.getArgument(0),
                    offsetof(orch_host_api, temporary), {bytes}, pointer);
    alloc.replaceAllUsesWith(makeDenseMemRef(b, loc, type, data, sizes));
    alloc.erase();
  }
}

LogicalResult Embedder::run() {
  if (auto launches = module->getAttrOfType<DictionaryAttr>(kLaunchAttrName))
    for (NamedAttribute entry : launches)
      if (failed(embedTiles(entry.getName(),
                            cast<DictionaryAttr>(entry.getValue()))))
        return failure();
  auto parameters = module->getAttrOfType<DictionaryAttr>(kParametersAttrName);
  for (auto kernel : module.getOps<func::FuncOp>()) {
    SmallVector<gpu::LaunchFuncOp> launches;
    kernel.walk([&](gpu::LaunchFuncOp op) { launches.push_back(op); });
    if (!kernel->hasAttr(kKernelAttrName) || kernel.isExternal())
      continue;
    if (failed(kernel.insertArgument(0, pointer, {}, kernel.getLoc())))
      return failure();
    for (gpu::LaunchFuncOp op : launches)
      if (failed(embedLaunch(op, parameters
                                     ? parameters.getAs<DenseI64ArrayAttr>(
                                           op.getKernelModuleName())
                                     : DenseI64ArrayAttr())))
        return failure();
    replaceTemporaries(kernel);
  }
  module->removeAttr(kLaunchAttrName);
  module->removeAttr(kParametersAttrName);
  module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  return success();
}

namespace {
struct NVIDIAEmbedCodePass
    : public nvidia::impl::NVIDIAEmbedCodePassBase<NVIDIAEmbedCodePass> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(Embedder(getOperation(), overlap).run()))
      signalPassFailure();
  }
};
} // namespace
