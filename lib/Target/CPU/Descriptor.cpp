//===- Descriptor.cpp - What an artefact says about itself ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: one LLVM module of constants whose struct types repeat those of
//   format.h, field by field; static_asserts below tie the sizes together.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Descriptor.h"

#include "orchestra_runtime/format.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace orchestra;
using namespace orchestra::cpu;

static_assert(sizeof(orch_tensor_info) == 32 && sizeof(orch_call_info) == 32 &&
                  sizeof(orch_artefact) == 192 &&
                  sizeof(orch_device_slot) == 48 &&
                  sizeof(orch_task_info) == 32,
              "format.h changed: change the layouts in this file with it");

namespace {
struct DtypeEntry {
  uint32_t dtype;
  StringLiteral name;
  unsigned bits;
};
} // namespace
static constexpr DtypeEntry kDtypes[] = {
    {ORCH_DTYPE_F32, "f32", 32},
    {ORCH_DTYPE_F64, "f64", 64},
    {ORCH_DTYPE_F16, "f16", 16},
    {ORCH_DTYPE_BF16, "bf16", 16},
    {ORCH_DTYPE_I8, "i8", 8},
    {ORCH_DTYPE_I16, "i16", 16},
    {ORCH_DTYPE_I32, "i32", 32},
    {ORCH_DTYPE_I64, "i64", 64},
    {ORCH_DTYPE_U8, "u8", 8},
    {ORCH_DTYPE_U16, "u16", 16},
    {ORCH_DTYPE_U32, "u32", 32},
    {ORCH_DTYPE_U64, "u64", 64},
    {ORCH_DTYPE_BOOL, "bool", 8},
    {ORCH_DTYPE_F8E4M3FN, "f8e4m3fn", 8},
    {ORCH_DTYPE_F8E4M3FNUZ, "f8e4m3fnuz", 8},
    {ORCH_DTYPE_F8E5M2, "f8e5m2", 8},
    {ORCH_DTYPE_F8E5M2FNUZ, "f8e5m2fnuz", 8},
    {ORCH_DTYPE_I4, "i4", 4},
    {ORCH_DTYPE_U4, "u4", 4},
    {ORCH_DTYPE_I2, "i2", 2},
    {ORCH_DTYPE_U2, "u2", 2},
    {ORCH_DTYPE_F4E2M1, "f4e2m1", 4},
    {ORCH_DTYPE_F8E8M0, "f8e8m0", 8},
    {ORCH_DTYPE_STRING, "string", 128}};

StringRef cpu::dtypeName(uint32_t dtype) {
  for (const DtypeEntry &entry : kDtypes)
    if (entry.dtype == dtype)
      return entry.name;
  return "invalid";
}

uint32_t cpu::dtypeFromName(StringRef name) {
  for (const DtypeEntry &entry : kDtypes)
    if (entry.name == name)
      return entry.dtype;
  return ORCH_DTYPE_INVALID;
}

unsigned cpu::dtypeBits(uint32_t dtype) {
  for (const DtypeEntry &entry : kDtypes)
    if (entry.dtype == dtype)
      return entry.bits;
  return 0;
}

static json::Array tensorsJson(ArrayRef<TensorInfo> tensors) {
  json::Array list;
  for (const TensorInfo &tensor : tensors)
    list.push_back(json::Object{{"name", tensor.name},
                                {"dtype", dtypeName(tensor.dtype)},
                                {"dims", json::Array(tensor.dims)},
                                {"dim_names", json::Array(tensor.dimNames)}});
  return list;
}

static json::Array namesJson(StringRef nodes) {
  SmallVector<StringRef> lines;
  nodes.split(lines, '\n', -1, /*KeepEmpty=*/false);
  json::Array names;
  for (StringRef line : lines)
    names.push_back(json::fixUTF8(line));
  return names;
}

/// Devices and tasks of a program that was planned for several.
static void addPlan(const ArtefactInfo &info, json::Object &root) {
  json::Array devices, tasks;
  for (const DeviceSlot &slot : info.devices)
    devices.push_back(json::Object{{"name", slot.name},
                                   {"arch", slot.arch},
                                   {"cores", json::Array(slot.cores)}});
  for (const TaskInfo &task : info.tasks) {
    json::Object object{{"nodes", namesJson(task.nodes)},
                        {"device", info.devices[task.device].name},
                        {"copy", task.isCopy}};
    if (task.start >= 0) {
      object["start_s"] = task.start;
      object["finish_s"] = task.finish;
    }
    tasks.push_back(std::move(object));
  }
  root["devices"] = std::move(devices);
  root["tasks"] = std::move(tasks);
}

std::string cpu::metadataJson(const ArtefactInfo &info,
                              const MachineTarget &target) {
  json::Array calls;
  for (const CallInfo &call : info.calls) {
    json::Object object{{"kernel", call.kernel},
                        {"nodes", namesJson(call.nodes)}};
    if (call.flops >= 0)
      object["flops"] = call.flops;
    if (call.bytes >= 0)
      object["bytes"] = call.bytes;
    calls.push_back(std::move(object));
  }
  json::Object weights{{"bytes", int64_t(info.weightsSize)}};
  if (!info.weightsHash.empty())
    weights["hash"] = info.weightsHash;
  if (info.weights == WeightsPlace::External)
    weights["file"] = info.weightsFile;
  json::Object root{
      {"format", "orchestra-artefact"},
      {"abi_version", int64_t(ORCH_ARTEFACT_ABI_VERSION)},
      {"name", json::fixUTF8(info.name)},
      {"producer", info.producer},
      {"target", json::Object{{"arch", target.arch},
                              {"cpu", target.cpu},
                              {"features", json::Array(target.features)}}},
      {"inputs", tensorsJson(info.inputs)},
      {"outputs", tensorsJson(info.outputs)},
      {"calls", std::move(calls)},
      {"weights", std::move(weights)}};
  if (!info.devices.empty())
    addPlan(info, root);
  std::string text;
  raw_string_ostream(text) << json::Value(std::move(root));
  return text;
}

namespace {
/// Builds the constants; every pointer in them is an LLVM global.
class DescriptorBuilder {
public:
  DescriptorBuilder(const ArtefactInfo &info, const MachineTarget &target)
      : info(info), target(target), module("descriptor", context),
        ptr(PointerType::get(context, 0)), i32(Type::getInt32Ty(context)),
        i64(Type::getInt64Ty(context)), f64(Type::getDoubleTy(context)) {}

  Module &build() {
    SmallVector<Constant *> features;
    for (const std::string &feature : target.features)
      features.push_back(string(feature));
    SmallVector<Constant *> calls;
    StructType *callType = StructType::get(ptr, ptr, f64, f64);
    for (const CallInfo &call : info.calls)
      calls.push_back(ConstantStruct::get(
          callType, {string(call.kernel), string(call.nodes),
                     ConstantFP::get(f64, call.flops),
                     ConstantFP::get(f64, call.bytes)}));
    bool embedded = info.weights == WeightsPlace::Embedded;
    bool external = info.weights == WeightsPlace::External;
    Constant *weights = null();
    if (embedded)
      weights = declareData(info.weightsSymbol);
    Constant *fields[] = {number(ORCH_ARTEFACT_MAGIC),
                          number(ORCH_ARTEFACT_ABI_VERSION),
                          number(sizeof(orch_artefact)),
                          number(info.flags),
                          string(info.name),
                          string(info.producer),
                          string(target.describe()),
                          number(info.inputs.size()),
                          number(info.outputs.size()),
                          tensors(info.inputs),
                          tensors(info.outputs),
                          number(info.calls.size()),
                          number(features.size()),
                          array(callType, calls),
                          array(ptr, features),
                          string(metadataJson(info, target)),
                          weights,
                          ConstantInt::get(i64, info.weightsSize),
                          external ? string(info.weightsFile) : null(),
                          external ? string(info.weightsHash) : null(),
                          declareFunction(info.resolveSymbol),
                          declareFunction(info.runSymbol),
                          devices(),
                          tasks(),
                          number(info.devices.size()),
                          number(info.tasks.size()),
                          number(info.numEvents),
                          number(0),
                          onDevice() ? string(info.accelerator) : null(),
                          onDevice() ? string(info.acceleratorArch) : null()};
    Constant *value = ConstantStruct::getAnon(context, fields);
    auto *global = new GlobalVariable(
        module, value->getType(), /*isConstant=*/true,
        GlobalValue::ExternalLinkage, value, ORCH_ARTEFACT_SYMBOL);
    global->setAlignment(Align(16));
    return module;
  }

private:
  bool onDevice() const { return !info.accelerator.empty(); }
  Constant *null() { return ConstantPointerNull::get(ptr); }
  Constant *number(uint64_t value) { return ConstantInt::get(i32, value); }

  Constant *global(Constant *value, unsigned alignment) {
    auto *global = new GlobalVariable(module, value->getType(),
                                      /*isConstant=*/true,
                                      GlobalValue::PrivateLinkage, value, "");
    global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    global->setAlignment(Align(alignment));
    return global;
  }
  Constant *string(StringRef text) {
    return global(ConstantDataArray::getString(context, text), 1);
  }
  Constant *array(Type *type, ArrayRef<Constant *> values) {
    if (values.empty())
      return null();
    return global(
        ConstantArray::get(ArrayType::get(type, values.size()), values), 8);
  }
  Constant *tensors(ArrayRef<TensorInfo> list) {
    StructType *type = StructType::get(ptr, i32, i32, ptr, ptr);
    SmallVector<Constant *> values;
    for (const TensorInfo &tensor : list) {
      SmallVector<Constant *> dims, names;
      for (int64_t dim : tensor.dims)
        dims.push_back(ConstantInt::getSigned(i64, dim < 0 ? -1 : dim));
      for (size_t i = 0; i < tensor.dims.size(); ++i)
        names.push_back(i < tensor.dimNames.size() &&
                                !tensor.dimNames[i].empty()
                            ? string(tensor.dimNames[i])
                            : null());
      values.push_back(
          ConstantStruct::get(type, {string(tensor.name), number(tensor.dtype),
                                     number(tensor.dims.size()),
                                     array(i64, dims), array(ptr, names)}));
    }
    return array(type, values);
  }
  Constant *devices() {
    StructType *type =
        StructType::get(context, {ptr, ptr, ptr, i32, i32, i64, i64});
    SmallVector<Constant *> values;
    for (const DeviceSlot &slot : info.devices) {
      SmallVector<Constant *> cores;
      for (int32_t core : slot.cores)
        cores.push_back(ConstantInt::getSigned(i32, core));
      values.push_back(ConstantStruct::get(
          type, {string(slot.name), string(slot.arch), array(i32, cores),
                 number(slot.numCores), number(slot.numCommands),
                 ConstantInt::get(i64, slot.memoryBytes),
                 ConstantInt::getSigned(i64, slot.fullestTask)}));
    }
    return array(type, values);
  }
  Constant *tasks() {
    StructType *type = StructType::get(context, {ptr, i32, i32, f64, f64});
    SmallVector<Constant *> values;
    for (const TaskInfo &task : info.tasks)
      values.push_back(ConstantStruct::get(
          type, {string(task.nodes), number(task.device),
                 number(task.isCopy ? ORCH_TASK_COPY : ORCH_TASK_KERNELS),
                 ConstantFP::get(f64, task.start),
                 ConstantFP::get(f64, task.finish)}));
    return array(type, values);
  }
  Constant *declareData(StringRef name) {
    auto *global = new GlobalVariable(
        module, Type::getInt8Ty(context), /*isConstant=*/true,
        GlobalValue::ExternalLinkage, /*Initializer=*/nullptr, name);
    global->setVisibility(GlobalValue::HiddenVisibility);
    return global;
  }
  Constant *declareFunction(StringRef name) {
    FunctionType *type = FunctionType::get(i32, {ptr}, /*isVarArg=*/false);
    Function *function =
        Function::Create(type, GlobalValue::ExternalLinkage, name, module);
    function->setVisibility(GlobalValue::HiddenVisibility);
    return function;
  }

  const ArtefactInfo &info;
  const MachineTarget &target;
  LLVMContext context;
  Module module;
  PointerType *ptr;
  Type *i32, *i64, *f64;
};
} // namespace

Expected<ByteBuffer> cpu::emitDescriptor(const ArtefactInfo &info,
                                         const MachineTarget &target,
                                         EmitKind kind) {
  DescriptorBuilder builder(info, target);
  EmitOptions options;
  options.kind = kind;
  options.optLevel = 0; // nothing but constants
  return emit(builder.build(), target, options);
}

/// A C identifier made from a name.
static std::string identifier(StringRef name) {
  std::string result;
  for (char c : name)
    result += isAlnum(c) ? c : '_';
  if (result.empty() || isDigit(result[0]))
    result = "_" + result;
  return result;
}

static StringRef cType(uint32_t dtype) {
  switch (dtype) {
  case ORCH_DTYPE_F32:
    return "float";
  case ORCH_DTYPE_F64:
    return "double";
  case ORCH_DTYPE_I8:
    return "int8_t";
  case ORCH_DTYPE_I16:
    return "int16_t";
  case ORCH_DTYPE_I32:
    return "int32_t";
  case ORCH_DTYPE_I64:
    return "int64_t";
  case ORCH_DTYPE_F16:
  case ORCH_DTYPE_BF16:
  case ORCH_DTYPE_U16:
    return "uint16_t";
  case ORCH_DTYPE_U32:
    return "uint32_t";
  case ORCH_DTYPE_U64:
    return "uint64_t";
  default:
    return "uint8_t";
  }
}

static void describeTensors(raw_ostream &os, StringRef what, StringRef prefix,
                            ArrayRef<TensorInfo> tensors) {
  os << "#define " << prefix << "_NUM_" << what << "S " << tensors.size()
     << "\n";
  llvm::StringSet<> used;
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    std::string stem =
        (prefix + "_" + what + "_" + StringRef(identifier(tensor.name)).upper())
            .str();
    // "a.b" and "a_b" are two tensors.
    if (!used.insert(stem).second)
      used.insert(stem += "_" + std::to_string(index));
    os << "/* " << dtypeName(tensor.dtype) << "[";
    int64_t elements = 1;
    for (size_t i = 0; i < tensor.dims.size(); ++i) {
      bool dynamic = tensor.dims[i] < 0;
      os << (i ? ", " : "");
      if (dynamic)
        os << (i < tensor.dimNames.size() && !tensor.dimNames[i].empty()
                   ? tensor.dimNames[i]
                   : "?");
      else
        os << tensor.dims[i];
      elements = dynamic || elements < 0 ? -1 : elements * tensor.dims[i];
    }
    os << "] */\n#define " << stem << " " << index << "\n#define " << stem
       << "_NAME \"";
    os.write_escaped(tensor.name);
    os << "\"\n#define " << stem << "_RANK " << tensor.dims.size() << "\n";
    if (elements >= 0)
      os << "#define " << stem << "_ELEMENTS " << elements << "\n";
    os << "typedef " << cType(tensor.dtype) << " " << StringRef(stem).lower()
       << "_t;\n";
  }
}

std::string cpu::emitHeader(const ArtefactInfo &info,
                            const MachineTarget &target) {
  std::string text;
  raw_string_ostream os(text);
  std::string prefix =
      StringRef(identifier(info.name.empty() ? "model" : info.name)).upper();
  os << "/* Inputs and outputs of the compiled model '";
  // A "*/" in the model's name must not end the comment.
  for (char c : info.name)
    os << (c == '*' || !isPrint(c) ? '_' : c);
  os << "', for programs that load it\n * with orchestra_runtime. Made by "
     << info.producer << ". Indices count in the\n * order of "
     << "orch_context_run's arrays. */\n"
     << "#ifndef ORCHESTRA_MODEL_" << prefix << "_H\n#define ORCHESTRA_MODEL_"
     << prefix << "_H\n#include <stdint.h>\n\n#define " << prefix
     << "_TARGET \"" << target.arch << " " << target.cpu << "\"\n";
  describeTensors(os, "INPUT", prefix, info.inputs);
  describeTensors(os, "OUTPUT", prefix, info.outputs);
  os << "\n#endif /* ORCHESTRA_MODEL_" << prefix << "_H */\n";
  return text;
}
