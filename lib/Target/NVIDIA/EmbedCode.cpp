//===- EmbedCode.cpp - Host functions that launch embedded device code ----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel of a GPU becomes what a kernel of the host is: an object with one
// function of its name. The function hands its arguments to the runtime with
// the device code, which lies beside it as an orch_device_code.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "orchestra_runtime/format.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/MathExtras.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAEMBEDCODEPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

/// Where ptxas and the driver want code to start.
static constexpr uint64_t kCodeAlignment = 64;

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

/// The parameters that the launch names, or one for each argument.
static SmallVector<orch_kernel_parameter> getParameters(DictionaryAttr launch,
                                                        ArrayAttr arguments) {
  SmallVector<orch_kernel_parameter> parameters;
  auto given = launch.getAs<ArrayAttr>("parameters");
  if (!given) {
    for (auto [i, type] :
         llvm::enumerate(arguments.getAsValueRange<TypeAttr>())) {
      orch_kernel_parameter parameter = {};
      parameter.kind =
          isa<MemRefType>(type) ? ORCH_PARAMETER_ADDRESS : ORCH_PARAMETER_VALUE;
      parameter.argument = i;
      parameters.push_back(parameter);
    }
    return parameters;
  }
  for (auto entry : given.getAsRange<DictionaryAttr>()) {
    orch_kernel_parameter parameter = {};
    parameter.argument = entry.getAs<IntegerAttr>("argument").getInt();
    if (auto box = entry.getAs<DenseI64ArrayAttr>("box")) {
      auto shape = entry.getAs<DenseI64ArrayAttr>("shape");
      parameter.kind = ORCH_PARAMETER_TENSOR_MAP;
      parameter.dtype = getDtype(entry.getAs<TypeAttr>("element").getValue());
      parameter.rank = shape.size();
      for (size_t dim = 0; dim < parameter.rank; ++dim) {
        parameter.shape[dim] = shape[dim];
        parameter.box[dim] = box[dim];
      }
    }
    parameters.push_back(parameter);
  }
  return parameters;
}

/// An orch_device_code and what its offsets lead to.
static std::string makeBlob(StringRef name, DictionaryAttr launch,
                            ArrayAttr arguments, StringRef code) {
  SmallVector<orch_kernel_parameter> parameters =
      getParameters(launch, arguments);
  orch_device_code header = {};
  header.struct_size = sizeof(header);
  header.parameter_count = parameters.size();
  header.parameters = sizeof(header);
  header.name = header.parameters + parameters.size() * sizeof(parameters[0]);
  header.code = llvm::alignTo(header.name + name.size() + 1, kCodeAlignment);
  header.code_size = code.size();
  header.argument_count = arguments.size();
  auto grid = launch.getAs<DenseI32ArrayAttr>("grid");
  auto block = launch.getAs<DenseI32ArrayAttr>("block");
  for (int dim = 0; dim < 3; ++dim) {
    header.grid[dim] = grid[dim];
    header.block[dim] = block[dim];
  }
  if (auto shared = launch.getAs<IntegerAttr>("shared_bytes"))
    header.shared_bytes = shared.getInt();
  std::string blob(header.code + code.size(), '\0');
  std::memcpy(blob.data(), &header, sizeof(header));
  std::memcpy(blob.data() + header.parameters, parameters.data(),
              parameters.size() * sizeof(parameters[0]));
  std::memcpy(blob.data() + header.name, name.data(), name.size());
  std::memcpy(blob.data() + header.code, code.data(), code.size());
  return blob;
}

namespace {
class StubBuilder {
public:
  StubBuilder(ModuleOp module, Location loc)
      : module(module), loc(loc), b(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

  void build(StringRef name, ArrayAttr arguments, StringRef blob);

private:
  Value loadPointer(Value base, int32_t offset) {
    Value address = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), base,
                                        ArrayRef<LLVM::GEPArg>{offset});
    return LLVM::LoadOp::create(b, loc, pointer, address);
  }

  ModuleOp module;
  Location loc;
  OpBuilder b;
  LLVM::LLVMPointerType pointer;
};
} // namespace

void StubBuilder::build(StringRef name, ArrayAttr arguments, StringRef blob) {
  auto i64 = b.getI64Type();
  SmallVector<Type> types{pointer};
  for (Type type : arguments.getAsValueRange<TypeAttr>()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref) {
      types.push_back(type.isIndex() ? i64 : type);
      continue;
    }
    types.append({pointer, pointer, i64});
    types.append(2 * memref.getRank(), i64);
  }
  b.setInsertionPointToEnd(module.getBody());
  auto bytes = LLVM::LLVMArrayType::get(b.getI8Type(), blob.size());
  std::string codeName = (name + "_code").str();
  LLVM::GlobalOp::create(b, loc, bytes, /*isConstant=*/true,
                         LLVM::Linkage::Internal, codeName,
                         b.getStringAttr(blob), kCodeAlignment);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()), types);
  auto function = LLVM::LLVMFuncOp::create(b, loc, name, type);
  Block *entry = function.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  Value one = LLVM::ConstantOp::create(b, loc, i64, 1);
  Value count = LLVM::ConstantOp::create(
      b, loc, i64, std::max<int64_t>(arguments.size(), 1));
  Value list = LLVM::AllocaOp::create(b, loc, pointer, pointer, count);
  unsigned next = 1;
  for (auto [i, type] :
       llvm::enumerate(arguments.getAsValueRange<TypeAttr>())) {
    Value argument;
    if (auto memref = dyn_cast<MemRefType>(type)) {
      argument = entry->getArgument(next + 1);
      next += 3 + 2 * memref.getRank();
    } else {
      argument = LLVM::AllocaOp::create(b, loc, pointer, i64, one);
      LLVM::StoreOp::create(b, loc, entry->getArgument(next++), argument);
    }
    Value slot =
        LLVM::GEPOp::create(b, loc, pointer, pointer, list,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    LLVM::StoreOp::create(b, loc, argument, slot);
  }
  Value exec = entry->getArgument(0);
  Value launch = loadPointer(loadPointer(exec, offsetof(orch_exec, api)),
                             offsetof(orch_host_api, launch_kernel));
  SmallVector<Value> operands{
      launch, exec, LLVM::AddressOfOp::create(b, loc, pointer, codeName), list,
      LLVM::ZeroOp::create(b, loc, pointer)};
  LLVM::CallOp::create(
      b, loc,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                  SmallVector<Type>(4, pointer)),
      operands);
  LLVM::ReturnOp::create(b, loc, ValueRange());
}

namespace {
struct NVIDIAEmbedCodePass
    : public nvidia::impl::NVIDIAEmbedCodePassBase<NVIDIAEmbedCodePass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto launches = module->getAttrOfType<DictionaryAttr>(kLaunchAttrName);
    for (auto binary :
         llvm::make_early_inc_range(module.getOps<gpu::BinaryOp>())) {
      StringRef name = binary.getName();
      name.consume_back(kDeviceModuleSuffix);
      auto launch =
          launches ? launches.getAs<DictionaryAttr>(name) : DictionaryAttr();
      auto arguments =
          launch ? launch.getAs<ArrayAttr>("arguments") : ArrayAttr();
      if (!arguments) {
        emitError(binary.getLoc(), "nothing says how to launch kernel '")
            << name << "'";
        return signalPassFailure();
      }
      if (arguments.size() > kMaxParameters) {
        emitError(binary.getLoc(), "a kernel for NVIDIA has ")
            << arguments.size() << " arguments, more than the "
            << kMaxParameters << " of a launch [unsupported-by-target]";
        return signalPassFailure();
      }
      auto object = cast<gpu::ObjectAttr>(binary.getObjects()[0]);
      std::string blob =
          makeBlob(name, launch, arguments, object.getObject().getValue());
      if (Operation *declaration = module.lookupSymbol(name))
        declaration->erase();
      StubBuilder(module, binary.getLoc()).build(name, arguments, blob);
      binary.erase();
    }
    module->removeAttr(kLaunchAttrName);
    module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }

private:
  static constexpr size_t kMaxParameters = 64;
};
} // namespace
