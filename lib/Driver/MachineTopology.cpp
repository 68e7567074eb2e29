//===- MachineTopology.cpp - This machine as a topology -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: hwloc knows cores, caches, NUMA nodes, and which of them this process
// may
//   use; targets find their own accelerators. Cores are dealt to devices in
//   hwloc's order, in which neighbours share caches. What neither the system
//   nor a measurement says is the architecture's published figure by the share
//   of cores and vector width that this machine has of it.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/MachineTopology.h"

#include "MachineMeasure.h"

#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Machine.h"
#include "orchestra/Target/Architectures.h"
#include "orchestra/Target/Devices.h"

#include "llvm/Support/MemoryBuffer.h"

#include <hwloc.h>

using namespace llvm;
using namespace orchestra;

const TargetRegistry &orchestra::getTargetRegistry() {
  static const TargetRegistry targets = [] {
    TargetRegistry registry;
    addArchitectures(registry);
    return registry;
  }();
  return targets;
}

namespace {
struct HwlocTopology {
  hwloc_topology_t topology = nullptr;

  ~HwlocTopology() {
    if (topology)
      hwloc_topology_destroy(topology);
  }
  bool load() {
    return hwloc_topology_init(&topology) == 0 &&
           hwloc_topology_load(topology) == 0;
  }
  std::vector<hwloc_obj_t> objects(hwloc_obj_type_t type) const {
    std::vector<hwloc_obj_t> found;
    for (hwloc_obj_t object = nullptr;
         (object = hwloc_get_next_obj_by_type(topology, type, object));)
      found.push_back(object);
    return found;
  }
};

/// One device's part of the CPU.
struct CoreSet {
  std::vector<int> cores;
  hwloc_bitmap_t set = hwloc_bitmap_alloc();

  CoreSet() = default;
  CoreSet(const CoreSet &) = delete;
  CoreSet &operator=(const CoreSet &) = delete;
  ~CoreSet() { hwloc_bitmap_free(set); }
};
} // namespace

/// Bytes of caches of one level that the cores of a set have for themselves: of
/// each cache its share of the cores.
static int64_t getCacheBytes(const HwlocTopology &machine,
                             hwloc_obj_type_t level, const CoreSet &cores,
                             bool ofOneCore) {
  double bytes = 0;
  hwloc_bitmap_t both = hwloc_bitmap_alloc();
  for (hwloc_obj_t cache : machine.objects(level)) {
    hwloc_bitmap_and(both, cache->cpuset, cores.set);
    double own = hwloc_bitmap_weight(both),
           all = hwloc_bitmap_weight(cache->cpuset);
    if (own <= 0)
      continue;
    double size = double(cache->attr->cache.size);
    if (ofOneCore) {
      bytes = size;
      break;
    }
    bytes += size * own / all;
  }
  hwloc_bitmap_free(both);
  return int64_t(bytes);
}

/// The node that all cores of a set belong to, if it is one of several.
static std::optional<int64_t> getNumaNode(const HwlocTopology &machine,
                                          const CoreSet &cores) {
  std::vector<hwloc_obj_t> nodes = machine.objects(HWLOC_OBJ_NUMANODE);
  if (nodes.size() < 2)
    return std::nullopt;
  for (hwloc_obj_t node : nodes)
    if (hwloc_bitmap_isincluded(cores.set, node->cpuset))
      return node->os_index;
  return std::nullopt;
}

/// What containers may use; none: no limit.
static std::optional<int64_t> getMemoryLimit() {
  auto buffer = MemoryBuffer::getFileAsStream("/sys/fs/cgroup/memory.max");
  int64_t limit = 0;
  if (!buffer || (*buffer)->getBuffer().trim().getAsInteger(10, limit))
    return std::nullopt;
  return limit;
}

static void addPublishedFigures(json::Object &device, const MachineInfo &info,
                                double cores) {
  const TargetArch *arch = getTargetRegistry().lookup(info.arch);
  double share = cores / double(*arch->figures.getInteger("core_count"));
  double width = double(info.vectorBits) /
                 double(*arch->figures.getInteger("vector_bits"));
  device["memory_bandwidth"] =
      *arch->figures.getNumber("memory_bandwidth") * share;
  json::Object rates;
  for (const auto &rate : *arch->figures.getObject("peak_flops"))
    rates[rate.first] = *rate.second.getAsNumber() * share * width;
  device["peak_flops"] = std::move(rates);
}

static void measureFigures(json::Object &device, Cores cores) {
  json::Object rates;
  for (StringRef type : {"f64", "f32", "f16", "bf16", "i32", "i8"})
    if (double rate = measureArithmetic(type, cores))
      rates[type] = rate;
  // Some processors take longer for a narrow type's own instruction than for
  // the wider type, which kernels use then. A rate that is absent says just
  // that.
  for (auto [narrow, wide] : {std::pair<StringRef, StringRef>("f16", "f32"),
                              {"bf16", "f32"},
                              {"i8", "i32"}})
    if (rates.getNumber(narrow).value_or(0) < rates.getNumber(wide).value_or(0))
      rates.erase(narrow);
  device["peak_flops"] = std::move(rates);
  if (double bandwidth = measureMemory(cores))
    device["memory_bandwidth"] = bandwidth;
  device["launch_latency"] = measureLaunch(cores);
}

static Error addCpuDevices(Topology &topology, const TopologyOptions &options,
                           const HwlocTopology &machine,
                           MutableArrayRef<CoreSet> sets) {
  MachineInfo info = describeMachine();
  int64_t memory = int64_t(info.memoryBytes);
  if (std::optional<int64_t> limit = getMemoryLimit())
    memory = std::min(memory, *limit);
  size_t count = 0;
  for (const CoreSet &set : sets)
    count += set.cores.size();
  for (auto [i, set] : enumerate(sets)) {
    json::Object device{
        {"arch", info.arch},
        {"device_id", int64_t(i)},
        {"cpu", info.cpu},
        {"cores", json::Array(set.cores)},
        {"core_count", int64_t(set.cores.size())},
        {"vector_bits", int64_t(info.vectorBits)},
        // The runtime copies with the receiver's cores.
        {"copy_engine", false},
        {"memory_bytes",
         int64_t(double(memory) * double(set.cores.size()) / double(count))}};
    if (!info.model.empty())
      device["product"] = info.model;
    std::pair<StringRef, int64_t> caches[] = {
        {"l1_bytes", getCacheBytes(machine, HWLOC_OBJ_L1CACHE, set, true)},
        {"l2_bytes", getCacheBytes(machine, HWLOC_OBJ_L2CACHE, set, true)},
        {"l3_bytes", getCacheBytes(machine, HWLOC_OBJ_L3CACHE, set, false)}};
    for (auto [name, bytes] : caches)
      if (bytes)
        device[name] = bytes;
    if (std::optional<int64_t> node = getNumaNode(machine, set))
      device["numa_node"] = *node;
    addPublishedFigures(device, info, double(set.cores.size()));
    if (options.measure)
      measureFigures(device, set.cores);
    topology.devices.push_back({"cpu" + std::to_string(i), std::move(device)});
  }
  if (options.measure) {
    std::vector<std::vector<int>> cores;
    for (const CoreSet &set : sets)
      cores.push_back(set.cores);
    Expected<std::vector<json::Object>> rates = measureKernels(cores);
    if (!rates)
      return rates.takeError();
    for (auto [device, own] : zip(topology.devices, *rates))
      device.target["kernel_rates"] = std::move(own);
  }
  for (size_t i = 0; i < sets.size(); ++i)
    for (size_t j = i + 1; j < sets.size(); ++j) {
      Topology::Link link;
      link.from = topology.devices[i].name;
      link.to = topology.devices[j].name;
      if (options.measure) {
        LinkSpeed there = measureLink(sets[i].cores, sets[j].cores),
                  back = measureLink(sets[j].cores, sets[i].cores);
        link.bandwidth = std::min(there.bandwidth, back.bandwidth);
        link.latency = std::max(there.latency, back.latency);
      }
      // A copy reads and writes, and one core cannot fill the memory of many.
      if (!(link.bandwidth > 0)) {
        link.bandwidth =
            *topology.devices[i].target.getNumber("memory_bandwidth") / 2;
        link.latency = 1e-6;
      }
      topology.links.push_back(std::move(link));
    }
  return Error::success();
}

Expected<Topology> orchestra::describeTopology(const TopologyOptions &options) {
  HwlocTopology machine;
  if (!machine.load())
    return makeError(Fault::Environment, "",
                     "hwloc cannot read this machine's topology "
                     "[topology-unreadable]");
  std::vector<hwloc_obj_t> units = machine.objects(HWLOC_OBJ_PU);
  if (options.cpuDevices < 1 || size_t(options.cpuDevices) > units.size())
    return makeError(Fault::Usage, "",
                     "cannot make " + Twine(options.cpuDevices) +
                         " devices of a CPU that has " + Twine(units.size()) +
                         (units.size() == 1 ? " core" : " cores") +
                         " for us [cpu-devices]",
                     {"help: give --cpu-devices a number from 1 to " +
                      std::to_string(units.size())});
  std::vector<CoreSet> sets(static_cast<size_t>(options.cpuDevices));
  for (auto [i, unit] : enumerate(units)) {
    CoreSet &set = sets[i * sets.size() / units.size()];
    set.cores.push_back(int(unit->os_index));
    hwloc_bitmap_set(set.set, unit->os_index);
  }
  Topology topology;
  if (Error error = addCpuDevices(topology, options, machine, sets))
    return std::move(error);
  for (FoundDevice &found : findAccelerators()) {
    topology.links.push_back({topology.devices.front().name, found.device.name,
                              found.hostBandwidth, found.hostLatency});
    topology.devices.push_back(std::move(found.device));
  }
  return topology;
}
