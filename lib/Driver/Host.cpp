//===- Host.cpp - The host program, the weights, the description ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"

#include "orchestra/Dialect/Orchestra/HostProgram.h"
#include "orchestra_runtime/format.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

uint32_t orchestra::dtypeOfElement(Type type, Attribute given) {
  if (auto name = dyn_cast_or_null<StringAttr>(given))
    if (uint32_t dtype = cpu::dtypeFromName(name.getValue()))
      return dtype;
  if (type.isF32())
    return ORCH_DTYPE_F32;
  if (type.isF64())
    return ORCH_DTYPE_F64;
  if (type.isF16())
    return ORCH_DTYPE_F16;
  if (type.isBF16())
    return ORCH_DTYPE_BF16;
  if (isa<Float8E4M3FNType>(type))
    return ORCH_DTYPE_F8E4M3FN;
  if (isa<Float8E4M3FNUZType>(type))
    return ORCH_DTYPE_F8E4M3FNUZ;
  if (isa<Float8E5M2Type>(type))
    return ORCH_DTYPE_F8E5M2;
  if (isa<Float8E5M2FNUZType>(type))
    return ORCH_DTYPE_F8E5M2FNUZ;
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return ORCH_DTYPE_BOOL;
    case 4:
      return isUnsigned ? ORCH_DTYPE_U4 : ORCH_DTYPE_I4;
    case 8:
      return isUnsigned ? ORCH_DTYPE_U8 : ORCH_DTYPE_I8;
    case 16:
      return isUnsigned ? ORCH_DTYPE_U16 : ORCH_DTYPE_I16;
    case 32:
      return isUnsigned ? ORCH_DTYPE_U32 : ORCH_DTYPE_I32;
    case 64:
      return isUnsigned ? ORCH_DTYPE_U64 : ORCH_DTYPE_I64;
    }
  }
  return ORCH_DTYPE_INVALID;
}

static llvm::Error describeTensor(Type type, DictionaryAttr attributes,
                                  StringRef fallback, StringRef model,
                                  std::vector<cpu::TensorInfo> &tensors) {
  cpu::TensorInfo tensor;
  auto get = [&](StringRef name) {
    return attributes ? attributes.get(name) : Attribute();
  };
  auto name = dyn_cast_or_null<StringAttr>(get(kTensorNameAttrName));
  tensor.name = name ? name.getValue().str() : fallback.str();
  auto shaped = dyn_cast<RankedTensorType>(type);
  std::string spelled;
  llvm::raw_string_ostream(spelled) << type;
  if (shaped)
    tensor.dtype =
        dtypeOfElement(shaped.getElementType(), get(kElementTypeAttrName));
  if (tensor.dtype == ORCH_DTYPE_INVALID)
    return makeError(Fault::Input, model + ":" + tensor.name,
                     "an input or output of this type is not supported "
                     "[unsupported-type]",
                     {"note: its type is " + spelled});
  auto names = dyn_cast_or_null<ArrayAttr>(get(kDimNamesAttrName));
  auto packed = dyn_cast_or_null<DenseI64ArrayAttr>(get(kPackedDimsAttrName));
  for (int64_t i = 0; i < shaped.getRank(); ++i) {
    tensor.dims.push_back(packed                   ? packed[i]
                          : shaped.isDynamicDim(i) ? -1
                                                   : shaped.getDimSize(i));
    auto dim = names && i < int64_t(names.size())
                   ? dyn_cast<StringAttr>(names[i])
                   : StringAttr();
    tensor.dimNames.push_back(dim ? dim.getValue().str() : "");
  }
  tensors.push_back(std::move(tensor));
  return llvm::Error::success();
}

llvm::Error orchestra::describeEntries(llvm::ArrayRef<func::FuncOp> entries,
                                       StringRef model,
                                       cpu::ArtefactInfo &info) {
  func::FuncOp entry = entries.front();
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (llvm::Error error =
            describeTensor(entry.getArgumentTypes()[i], entry.getArgAttrDict(i),
                           "input" + std::to_string(i), model, info.inputs))
      return error;
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    if (llvm::Error error = describeTensor(
            entry.getResultTypes()[i], entry.getResultAttrDict(i),
            "output" + std::to_string(i), model, info.outputs))
      return error;
  auto describeCall = [&](DispatchOp dispatch) {
    cpu::CallInfo call;
    call.kernel = dispatch.getKernel().str();
    call.nodes = llvm::join(nodeNames(dispatch.getLoc()), "\n");
    if (auto flops = dispatch->getAttrOfType<FloatAttr>("orchestra.flops"))
      call.flops = flops.getValueAsDouble();
    if (auto bytes = dispatch->getAttrOfType<FloatAttr>("orchestra.bytes"))
      call.bytes = bytes.getValueAsDouble();
    info.calls.push_back(std::move(call));
  };
  for (func::FuncOp each : entries)
    each.walk<WalkOrder::PreOrder>(describeCall);
  return llvm::Error::success();
}

/// Takes what memory planning says about devices and tasks out of the module.
static void describeDevices(ModuleOp host, cpu::ArtefactInfo &info) {
  auto devices = host->getAttrOfType<ArrayAttr>(kDevicesAttrName);
  if (!devices)
    return;
  auto numberOf = [](DictionaryAttr entry, StringRef key, int64_t otherwise) {
    auto number = entry.getAs<IntegerAttr>(key);
    return number ? number.getInt() : otherwise;
  };
  info.flags |= ORCH_ARTEFACT_USES_DEVICES;
  for (auto entry : devices.getAsRange<DictionaryAttr>()) {
    cpu::DeviceSlot slot;
    slot.name = entry.getAs<StringAttr>("name").str();
    slot.arch = entry.getAs<StringAttr>("arch").str();
    if (auto cores = entry.getAs<ArrayAttr>("cores"))
      for (auto core : cores.getAsRange<IntegerAttr>())
        slot.cores.push_back(int32_t(core.getInt()));
    slot.numCores = slot.cores.empty() ? numberOf(entry, "core_count", 0)
                                       : int64_t(slot.cores.size());
    slot.memoryBytes = numberOf(entry, "memory_bytes", 0);
    slot.fullestTask = numberOf(entry, "fullest_task", -1);
    slot.numCommands = numberOf(entry, "commands", 0);
    info.devices.push_back(std::move(slot));
  }
  for (auto entry : host->getAttrOfType<ArrayAttr>(kTasksAttrName)
                        .getAsRange<DictionaryAttr>()) {
    cpu::TaskInfo task;
    task.device = numberOf(entry, "device", 0);
    task.isCopy = entry.getAs<BoolAttr>("copy").getValue();
    task.nodes = llvm::join(nodeNames(entry.getAs<LocationAttr>("loc")), "\n");
    if (auto estimate = entry.getAs<DenseF64ArrayAttr>("estimate");
        estimate && estimate.size() == 2) {
      task.start = estimate[0];
      task.finish = estimate[1];
    }
    info.tasks.push_back(std::move(task));
  }
  info.numEvents =
      host->getAttrOfType<IntegerAttr>(kNumEventsAttrName).getInt();
  for (StringRef name : {kDevicesAttrName, kTasksAttrName, kNumEventsAttrName})
    host->removeAttr(name);
}

/// The bytes of a constant as they lie in memory, and their owner if it is not
/// the context.
static Bytes bytesOf(Attribute value, uint64_t size) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != size)
      return Bytes();
    return Bytes{blob->getData(), nullptr};
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return Bytes();
  llvm::ArrayRef<char> raw = dense.getRawData();
  if (dense.getElementType().isInteger(1)) {
    // Bits in the attribute, bytes in memory.
    cpu::ByteBuffer expanded;
    for (bool element : dense.getValues<bool>())
      expanded.push_back(element);
    return expanded.size() == size ? ownedBytes(std::move(expanded)) : Bytes();
  }
  if (dense.isSplat() && raw.size() < size && !raw.empty() &&
      size % raw.size() == 0) {
    cpu::ByteBuffer expanded;
    expanded.reserve(size);
    while (expanded.size() < size)
      expanded.append(raw.begin(), raw.end());
    return ownedBytes(std::move(expanded));
  }
  return raw.size() == size ? Bytes{raw, nullptr} : Bytes();
}

Expected<Program> Compilation::compileHost(ModuleOp host,
                                           const cpu::MachineTarget &machine) {
  llvm::SmallVector<func::FuncOp> entries = getEntries(host);
  if (entries.empty())
    return makeError(Fault::Internal, model,
                     "the host program has no entry [internal]");
  Program program;
  program.target = machine;
  program.info.name = host.getName().value_or("model").str();
  program.info.producer = compilerName();
  if (llvm::Error error = describeEntries(entries, model, program.info))
    return std::move(error);

  PipelineOptions pipeline = pipelineFor(machine);
  if (llvm::Error error = runPipeline(
          host, "lowering the host program",
          [&](OpPassManager &pm) { buildHostPipeline(pm, pipeline); }))
    return std::move(error);

  if (host->removeAttr(kSizesFromValuesAttrName))
    program.info.flags |= ORCH_ARTEFACT_SIZES_FROM_VALUES;
  if (host->removeAttr(kComputesSizesAttrName))
    program.info.flags |= ORCH_ARTEFACT_COMPUTES_SIZES;
  if (host->removeAttr(kCallsHostAttrName))
    program.info.flags |= ORCH_ARTEFACT_CALLS_HOST;
  if (!machine.accelerator.empty()) {
    if (program.info.flags & ORCH_ARTEFACT_CALLS_HOST)
      return makeError(Fault::Input, model,
                       "the model needs functions of the runtime, for strings "
                       "or images, which a program on a device cannot call yet "
                       "[unsupported-by-target]",
                       {"help: compile it for the host"});
    program.info.flags |= ORCH_ARTEFACT_ON_DEVICE;
    bool isHost = machine.accelerator == kHostAccelerator;
    program.info.accelerator = isHost ? "cpu" : "cuda";
    program.info.acceleratorArch = isHost ? "" : machine.accelerator;
  }
  describeDevices(host, program.info);
  if (auto size = host->getAttrOfType<IntegerAttr>("orchestra.weights_size"))
    program.weights.size = size.getInt();
  if (auto weights = host->getAttrOfType<ArrayAttr>("orchestra.weights"))
    for (Attribute attribute : weights) {
      auto entry = cast<DictionaryAttr>(attribute);
      auto offset = entry.getAs<IntegerAttr>("offset");
      auto size = entry.getAs<IntegerAttr>("size");
      if (!offset || !size || !entry.get("value"))
        return makeError(Fault::Internal, model,
                         "the list of weights is incomplete [internal]");
      if (size.getInt() == 0)
        continue;
      Bytes bytes = bytesOf(entry.get("value"), size.getInt());
      if (bytes.bytes.empty())
        return makeError(Fault::Internal, model,
                         "a weight has not the size its type says [internal]");
      auto folded = foldedBuffers.find(bytes.bytes.data());
      program.weights.chunks.push_back(
          {uint64_t(offset.getInt()), bytes.bytes});
      program.weightOwners.push_back(bytes.owner ? bytes.owner
                                     : folded != foldedBuffers.end()
                                         ? folded->second
                                         : getContextOwner());
    }
  // Lists of bytes are for the compiler, not for LLVM.
  host->removeAttr("orchestra.weights");
  host->removeAttr("orchestra.weights_size");

  cpu::EmitOptions emit;
  // Straight code that passes arguments on: nothing in it gains from being
  // optimised, and a program of hundreds of calls takes most of a second.
  emit.optLevel = 0;
  Expected<cpu::ByteBuffer> object = cpu::emit(host, machine, emit);
  if (!object)
    return object.takeError();
  program.objects.push_back(ownedBytes(std::move(*object)));
  return program;
}
