//===- Placement.cpp - Naming machines, devices and nodes
//---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Placement.h"

#include "orchestra/Dialect/Orchestra/TopologyConversion.h"

using namespace mlir;
using namespace orchestra;

FailureOr<TopologyOp> orchestra::chooseTopology(ModuleOp module,
                                                StringRef name) {
  auto topologies = llvm::to_vector(module.getOps<TopologyOp>());
  if (name.empty() && topologies.size() <= 1)
    return topologies.empty() ? TopologyOp() : topologies.front();
  for (TopologyOp topology : topologies)
    if (topology.getSymName() == name)
      return topology;
  InFlightDiagnostic diag = module.emitError();
  if (name.empty())
    diag << "the module has several topologies, and no option says which to "
            "plan for";
  else
    diag << "no topology is named '" << name << "'";
  diag << " [unknown-device]";
  if (!topologies.empty()) {
    Diagnostic &note = diag.attachNote() << "topologies: ";
    llvm::interleaveComma(topologies, note, [&](TopologyOp topology) {
      note << "'" << topology.getSymName() << "'";
    });
  }
  return failure();
}

DeviceOp orchestra::findDevice(Location loc, TopologyOp topology,
                               StringRef name) {
  for (auto device : topology.getOps<DeviceOp>())
    if (device.getSymName() == name)
      return device;
  InFlightDiagnostic diag = emitError(loc) << "no device is named '" << name
                                           << "' [unknown-device]";
  Diagnostic &note = diag.attachNote()
                     << "'" << topology.getSymName() << "' has ";
  llvm::interleaveComma(
      topology.getOps<DeviceOp>(), note,
      [&](DeviceOp device) { note << "'" << device.getSymName() << "'"; });
  return nullptr;
}

DeviceOp orchestra::getHost(TopologyOp topology) {
  auto devices = topology.getOps<DeviceOp>();
  return devices.empty() ? DeviceOp() : *devices.begin();
}

DictionaryAttr orchestra::getTaskTarget(DeviceOp device) {
  Builder b(device.getContext());
  return b.getDictionaryAttr(
      {b.getNamedAttr("arch", b.getStringAttr(device.getArch())),
       b.getNamedAttr("device_id", b.getI64IntegerAttr(device.getDeviceId()))});
}

/// One of a device's `kernel_rates`, which its verifier has seen.
static plan::RateTable readTable(const llvm::json::Object &rates,
                                 StringRef kind) {
  std::vector<std::pair<double, double>> points;
  for (const llvm::json::Value &entry : *rates.getArray(kind)) {
    const llvm::json::Array &pair = *entry.getAsArray();
    points.emplace_back(*pair[0].getAsNumber(), *pair[1].getAsNumber());
  }
  return plan::RateTable(std::move(points));
}

FailureOr<plan::Machine> orchestra::getMachine(TopologyOp topology) {
  plan::Machine machine;
  llvm::StringMap<int32_t> index;
  bool complete = true;
  for (auto op : topology.getOps<DeviceOp>()) {
    std::optional<llvm::json::Value> own = toJson(op.getTarget());
    llvm::json::Object none;
    const llvm::json::Object *target = own ? own->getAsObject() : nullptr;
    DeviceFigures figures(target ? *target : none, lookupArch(op.getTarget()));
    plan::Device device;
    device.name = op.getSymName().str();
    device.arch = op.getArch().str();
    SmallVector<StringRef> missing;
    bool computes = false;
    for (unsigned i = 0; i < plan::kElements; ++i) {
      device.peak[i] = figures.getPeak(plan::kElementNames[i]).value_or(0);
      computes |= device.peak[i] > 0;
    }
    if (!computes)
      missing.push_back("peak_flops");
    device.bandwidth = figures.getNumber("memory_bandwidth").value_or(0);
    if (device.bandwidth <= 0)
      missing.push_back("memory_bandwidth");
    device.memory = figures.getNumber("memory_bytes").value_or(0);
    if (device.memory <= 0)
      missing.push_back("memory_bytes");
    device.launch = figures.getNumber("launch_latency").value_or(0);
    if (const llvm::json::Value *engine = figures.lookup("copy_engine"))
      device.hasCopyEngine = *engine->getAsBoolean();
    if (const llvm::json::Value *rates = figures.lookup("kernel_rates"))
      for (unsigned i = 0; i < plan::kKernelKinds; ++i)
        device.rates[i] =
            readTable(*rates->getAsObject(), plan::kKernelKindNames[i]);
    if (!missing.empty()) {
      InFlightDiagnostic diag = op.emitError("device '")
                                << op.getSymName() << "' has no figure for ";
      llvm::interleaveComma(missing, diag,
                            [&](StringRef key) { diag << "'" << key << "'"; });
      diag << ", nor has its architecture [unknown-device]";
      complete = false;
    }
    index[op.getSymName()] = machine.devices.size();
    machine.devices.push_back(std::move(device));
  }
  for (auto link : topology.getOps<LinkOp>())
    machine.links.push_back({index.lookup(link.getFrom()),
                             index.lookup(link.getTo()),
                             link.getBandwidth().convertToDouble(),
                             link.getLatency().convertToDouble()});
  if (!complete)
    return failure();
  if (std::optional<std::string> wrong = machine.finish()) {
    topology.emitError() << *wrong << " [unknown-device]";
    return failure();
  }
  return machine;
}

FailureOr<std::pair<StringRef, StringRef>>
orchestra::parsePlace(Location loc, StringRef text) {
  auto [node, device] = text.rsplit('=');
  if (node.empty() || device.empty()) {
    emitError(loc) << "'" << text
                   << "' does not say where a node goes; write NODE=DEVICE "
                      "[unknown-device]";
    return failure();
  }
  return std::pair(node, device);
}
