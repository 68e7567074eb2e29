//===- Program.cpp - A compiled model before it has a form ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Program.h"

#include "orchestra/Driver/DriverError.h"
#include "orchestra_runtime/base.h"
#include "orchestra_runtime/format.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace llvm;
using namespace orchestra;

Bytes orchestra::ownedBytes(cpu::ByteBuffer buffer) {
  auto owner = std::make_shared<cpu::ByteBuffer>(std::move(buffer));
  return Bytes{ArrayRef<char>(*owner), owner};
}

static std::shared_ptr<char> allocateAligned(uint64_t size) {
  // The runtime's own: large blocks lie in huge pages, so that loading the
  // program need not move them.
  orch_allocator allocator = orch_system_allocator();
  size = std::max<uint64_t>(size, 1);
  void *memory =
      allocator.allocate(allocator.user, size, ORCH_BUFFER_ALIGNMENT);
  return std::shared_ptr<char>(static_cast<char *>(memory), [allocator, size](
                                                                char *memory) {
    if (memory)
      allocator.deallocate(allocator.user, memory, size, ORCH_BUFFER_ALIGNMENT);
  });
}

Bytes orchestra::copyOf(ArrayRef<char> bytes) {
  std::shared_ptr<char> memory = allocateAligned(bytes.size());
  if (!memory)
    return Bytes();
  std::copy(bytes.begin(), bytes.end(), memory.get());
  return Bytes{ArrayRef(memory.get(), bytes.size()), memory};
}

Error Program::makeWeightsContiguous() {
  if (weights.size == 0)
    return Error::success();
  if (weights.chunks.size() == 1 && weights.chunks[0].offset == 0 &&
      weights.chunks[0].bytes.size() == weights.size &&
      isAddrAligned(Align(ORCH_BUFFER_ALIGNMENT),
                    weights.chunks[0].bytes.data()))
    return Error::success();
  std::shared_ptr<char> memory = allocateAligned(weights.size);
  if (!memory)
    return makeError(
        Fault::Environment, info.name,
        "the weights do not fit in memory [out-of-memory]",
        {"note: they need " + std::to_string(weights.size) + " bytes"});
  uint64_t position = 0;
  for (auto [index, chunk] : llvm::enumerate(weights.chunks)) {
    std::fill(memory.get() + position, memory.get() + chunk.offset, 0);
    std::copy(chunk.bytes.begin(), chunk.bytes.end(),
              memory.get() + chunk.offset);
    position = chunk.offset + chunk.bytes.size();
    if (index < weightOwners.size())
      weightOwners[index].reset();
  }
  std::fill(memory.get() + position, memory.get() + weights.size, 0);
  weights.chunks = {{0, ArrayRef(memory.get(), weights.size)}};
  weightOwners = {memory};
  return Error::success();
}

Expected<std::vector<Bytes>> Program::objectsWith(cpu::WeightsPlace place,
                                                  StringRef weightsFile) {
  cpu::ArtefactInfo described = info;
  described.weights = weights.size == 0 ? cpu::WeightsPlace::None : place;
  described.weightsSize = weights.size;
  if (described.weights == cpu::WeightsPlace::External) {
    described.weightsFile = weightsFile.str();
    described.weightsHash = cpu::hashWeights(weights);
  }
  // The machine that runs it is this one, whatever it emulates.
  cpu::MachineTarget machine = target;
  machine.emulates.clear();
  machine.accelerator.clear();
  Expected<cpu::ByteBuffer> descriptor =
      cpu::emitDescriptor(described, machine);
  if (!descriptor)
    return descriptor.takeError();
  std::vector<Bytes> all = objects;
  all.push_back(ownedBytes(std::move(*descriptor)));
  return all;
}

Expected<std::unique_ptr<JitImage>> Program::loadInProcess() {
  if (Error error = makeWeightsContiguous())
    return error;
  auto all = objectsWith(cpu::WeightsPlace::Embedded, "");
  if (!all)
    return all.takeError();
  Bytes section;
  if (weights.size) {
    section.bytes = weights.chunks[0].bytes;
    section.owner = weightOwners[0];
  }
  return JitImage::link(*all, info.weightsSymbol, section);
}

uint64_t Program::codeBytes() const {
  uint64_t total = 0;
  for (const Bytes &object : objects)
    total += object.bytes.size();
  return total;
}

//===----------------------------------------------------------------------===//
// The stored form: eight bytes with the length of a JSON header, the header,
// the objects, the weights, each padded to start at a multiple of 64.
//===----------------------------------------------------------------------===//

static json::Array toJson(ArrayRef<cpu::TensorInfo> tensors) {
  json::Array list;
  for (const cpu::TensorInfo &tensor : tensors)
    list.push_back(json::Object{{"name", tensor.name},
                                {"dtype", int64_t(tensor.dtype)},
                                {"dims", json::Array(tensor.dims)},
                                {"dim_names", json::Array(tensor.dimNames)}});
  return list;
}

static json::Array toJson(ArrayRef<cpu::DeviceSlot> devices) {
  json::Array list;
  for (const cpu::DeviceSlot &slot : devices)
    list.push_back(json::Object{{"name", slot.name},
                                {"arch", slot.arch},
                                {"cores", json::Array(slot.cores)},
                                {"num_cores", slot.numCores},
                                {"commands", int64_t(slot.numCommands)},
                                {"memory", int64_t(slot.memoryBytes)},
                                {"fullest_task", slot.fullestTask}});
  return list;
}

static json::Array toJson(ArrayRef<cpu::TaskInfo> tasks) {
  json::Array list;
  for (const cpu::TaskInfo &task : tasks)
    list.push_back(json::Object{{"nodes", task.nodes},
                                {"device", int64_t(task.device)},
                                {"copy", task.isCopy},
                                {"start", task.start},
                                {"finish", task.finish}});
  return list;
}

void Program::serialize(raw_ostream &os) const {
  json::Array calls;
  for (const cpu::CallInfo &call : info.calls)
    calls.push_back(json::Object{{"kernel", call.kernel},
                                 {"nodes", call.nodes},
                                 {"flops", call.flops},
                                 {"bytes", call.bytes}});
  json::Array sizes;
  uint64_t position = 8;
  for (const Bytes &object : objects)
    sizes.push_back(int64_t(object.bytes.size()));
  std::string header;
  raw_string_ostream(header) << json::Value(json::Object{
      {"name", info.name},
      {"producer", info.producer},
      {"flags", int64_t(info.flags)},
      {"accelerator", info.accelerator},
      {"accelerator_arch", info.acceleratorArch},
      {"inputs", toJson(info.inputs)},
      {"outputs", toJson(info.outputs)},
      {"calls", std::move(calls)},
      {"devices", toJson(info.devices)},
      {"tasks", toJson(info.tasks)},
      {"events", int64_t(info.numEvents)},
      {"weights_size", int64_t(weights.size)},
      {"objects", std::move(sizes)},
      {"target", json::Object{{"arch", target.arch},
                              {"triple", target.triple},
                              {"cpu", target.cpu},
                              {"features", json::Array(target.features)},
                              {"feature_string", target.featureString},
                              {"vector_bits", int64_t(target.vectorBits)},
                              {"emulates", target.emulates},
                              {"accelerator", target.accelerator}}}});
  char length[8];
  support::endian::write64le(length, header.size());
  os.write(length, sizeof(length));
  os << header;
  position += header.size();
  auto pad = [&] {
    uint64_t zeros = offsetToAlignment(position, Align(ORCH_BUFFER_ALIGNMENT));
    os.write_zeros(zeros);
    position += zeros;
  };
  for (const Bytes &object : objects) {
    pad();
    os.write(object.bytes.data(), object.bytes.size());
    position += object.bytes.size();
  }
  pad();
  cpu::writeWeights(os, weights);
}

static bool fromJson(const json::Value &value,
                     std::vector<cpu::TensorInfo> &tensors, json::Path path) {
  const json::Array *list = value.getAsArray();
  if (!list)
    return false;
  for (const json::Value &element : *list) {
    json::ObjectMapper map(element, path);
    cpu::TensorInfo tensor;
    if (!map || !map.map("name", tensor.name) ||
        !map.map("dtype", tensor.dtype) || !map.map("dims", tensor.dims) ||
        !map.map("dim_names", tensor.dimNames))
      return false;
    tensors.push_back(std::move(tensor));
  }
  return true;
}

static bool fromJson(const json::Array &list,
                     std::vector<cpu::DeviceSlot> &devices, json::Path path) {
  for (const json::Value &element : list) {
    json::ObjectMapper map(element, path);
    cpu::DeviceSlot slot;
    if (!map || !map.map("name", slot.name) || !map.map("arch", slot.arch) ||
        !map.map("cores", slot.cores) || !map.map("num_cores", slot.numCores) ||
        !map.map("commands", slot.numCommands) ||
        !map.map("memory", slot.memoryBytes) ||
        !map.map("fullest_task", slot.fullestTask))
      return false;
    devices.push_back(std::move(slot));
  }
  return true;
}

static bool fromJson(const json::Array &list, std::vector<cpu::TaskInfo> &tasks,
                     json::Path path) {
  for (const json::Value &element : list) {
    json::ObjectMapper map(element, path);
    cpu::TaskInfo task;
    if (!map || !map.map("nodes", task.nodes) ||
        !map.map("device", task.device) || !map.map("copy", task.isCopy) ||
        !map.map("start", task.start) || !map.map("finish", task.finish))
      return false;
    tasks.push_back(std::move(task));
  }
  return true;
}

Expected<Program> Program::fromEntry(std::shared_ptr<const CacheEntry> entry) {
  auto bad = [] {
    return makeError(Fault::Internal, "", "a cache entry does not parse");
  };
  ArrayRef<char> bytes = entry->bytes();
  if (bytes.size() < 8)
    return bad();
  uint64_t length = support::endian::read64le(bytes.data());
  if (length > bytes.size() - 8)
    return bad();
  Expected<json::Value> parsed =
      json::parse(StringRef(bytes.data() + 8, length));
  if (!parsed)
    return parsed.takeError();
  const json::Object *root = parsed->getAsObject();
  json::Path::Root pathRoot;
  json::Path path(pathRoot);
  Program program;
  json::ObjectMapper map(*parsed, path);
  std::vector<int64_t> sizes;
  int64_t weightsSize = 0;
  if (!root || !map || !map.map("name", program.info.name) ||
      !map.map("producer", program.info.producer) ||
      !map.map("flags", program.info.flags) ||
      !map.map("accelerator", program.info.accelerator) ||
      !map.map("accelerator_arch", program.info.acceleratorArch) ||
      !map.map("events", program.info.numEvents) ||
      !map.map("weights_size", weightsSize) || !map.map("objects", sizes))
    return bad();
  const json::Value *inputs = root->get("inputs"),
                    *outputs = root->get("outputs"),
                    *target = root->get("target");
  const json::Array *calls = root->getArray("calls"),
                    *devices = root->getArray("devices"),
                    *tasks = root->getArray("tasks");
  if (!inputs || !outputs || !target || !calls || !devices || !tasks ||
      !fromJson(*devices, program.info.devices, path) ||
      !fromJson(*tasks, program.info.tasks, path) ||
      !fromJson(*inputs, program.info.inputs, path) ||
      !fromJson(*outputs, program.info.outputs, path))
    return bad();
  for (const json::Value &value : *calls) {
    json::ObjectMapper callMap(value, path);
    cpu::CallInfo call;
    if (!callMap || !callMap.map("kernel", call.kernel) ||
        !callMap.map("nodes", call.nodes) ||
        !callMap.map("flops", call.flops) || !callMap.map("bytes", call.bytes))
      return bad();
    program.info.calls.push_back(std::move(call));
  }
  json::ObjectMapper targetMap(*target, path);
  if (!targetMap || !targetMap.map("arch", program.target.arch) ||
      !targetMap.map("triple", program.target.triple) ||
      !targetMap.map("cpu", program.target.cpu) ||
      !targetMap.map("features", program.target.features) ||
      !targetMap.map("feature_string", program.target.featureString) ||
      !targetMap.map("vector_bits", program.target.vectorBits) ||
      !targetMap.map("emulates", program.target.emulates) ||
      !targetMap.map("accelerator", program.target.accelerator))
    return bad();

  uint64_t position = 8 + length;
  for (int64_t size : sizes) {
    position = alignTo(position, ORCH_BUFFER_ALIGNMENT);
    if (position > bytes.size() || size < 0 ||
        uint64_t(size) > bytes.size() - position)
      return bad();
    program.objects.push_back({bytes.slice(position, size), entry});
    position += size;
  }
  position = alignTo(position, ORCH_BUFFER_ALIGNMENT);
  program.weights.size = weightsSize;
  if (weightsSize < 0 || position + weightsSize != bytes.size())
    return bad();
  if (weightsSize) {
    program.weights.chunks = {{0, bytes.slice(position, weightsSize)}};
    program.weightOwners = {entry};
  }
  return program;
}
