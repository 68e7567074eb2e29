//===- Topology.cpp - The machine: topologies, devices, links -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "TargetDictionary.h"

using namespace mlir;
using namespace orchestra;

StringRef DeviceOp::getArch() { return orchestra::getArch(getTarget()); }

int64_t DeviceOp::getDeviceId() { return orchestra::getDeviceId(getTarget()); }

LogicalResult DeviceOp::verify() {
  return verifyTarget(*this, getTarget(), /*isDevice=*/true);
}

LogicalResult LinkOp::verify() {
  if (getFrom() == getTo())
    return emitOpError("joins '") << getFrom() << "' with itself";
  // Written so that NaN fails.
  double bandwidth = getBandwidth().convertToDouble();
  if (!(bandwidth > 0))
    return emitOpError("needs a bandwidth above 0 bytes a second, not ")
           << bandwidth;
  double latency = getLatency().convertToDouble();
  if (!(latency >= 0))
    return emitOpError("needs a latency of at least 0 seconds, not ")
           << latency;
  return success();
}

LogicalResult TopologyOp::verifyRegions() {
  LogicalResult result = success();
  llvm::StringMap<DeviceOp> names;
  DenseMap<std::pair<StringRef, int64_t>, DeviceOp> ids;
  for (Operation &op : getBody().front()) {
    if (auto device = dyn_cast<DeviceOp>(op)) {
      names[device.getSymName()] = device;
      auto [it, isNew] =
          ids.try_emplace({device.getArch(), device.getDeviceId()}, device);
      if (isNew)
        continue;
      InFlightDiagnostic diag = device.emitOpError("is device ")
                                << device.getDeviceId() << " of '"
                                << device.getArch() << "', as another is";
      diag.attachNote(it->second.getLoc()) << "the other one";
      result = diag;
    } else if (!isa<LinkOp>(op)) {
      result = op.emitError("a topology holds devices and links, nothing else");
    }
  }
  DenseMap<std::pair<StringRef, StringRef>, LinkOp> links;
  for (auto link : getBody().getOps<LinkOp>()) {
    for (StringRef end : {link.getFrom(), link.getTo()})
      if (!names.contains(end)) {
        InFlightDiagnostic diag = link.emitOpError("ends at '")
                                  << end << "', which is no device of '"
                                  << getSymName() << "'; it has ";
        llvm::interleaveComma(getOps<DeviceOp>(), diag, [&](DeviceOp device) {
          diag << "'" << device.getSymName() << "'";
        });
        result = diag;
      }
    // By value: of two temporaries it would return references.
    auto ends = std::minmax({link.getFrom(), link.getTo()});
    auto [it, isNew] = links.try_emplace({ends.first, ends.second}, link);
    if (isNew)
      continue;
    InFlightDiagnostic diag = link.emitOpError("joins '")
                              << link.getFrom() << "' and '" << link.getTo()
                              << "', as another link does";
    diag.attachNote(it->second.getLoc()) << "the other one";
    result = diag;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Looking devices up
//===----------------------------------------------------------------------===//

DeviceOp orchestra::lookupDevice(TopologyOp topology, DictionaryAttr target) {
  for (auto device : topology.getOps<DeviceOp>())
    if (device.getArch() == getArch(target) &&
        device.getDeviceId() == getDeviceId(target))
      return device;
  return nullptr;
}

LogicalResult orchestra::findTopology(Operation *user,
                                      SymbolTableCollection &symbolTable,
                                      TopologyOp &topology) {
  topology = nullptr;
  auto schedule = user->getParentOfType<ScheduleOp>();
  if (schedule && schedule.getTopologyAttr()) {
    topology = symbolTable.lookupNearestSymbolFrom<TopologyOp>(
        schedule, schedule.getTopologyAttr());
    return success();
  }
  Operation *table = SymbolTable::getNearestSymbolTable(user);
  if (!table)
    return success();
  for (auto candidate : table->getRegion(0).getOps<TopologyOp>()) {
    if (topology)
      return failure();
    topology = candidate;
  }
  return success();
}

DeviceOp orchestra::lookupDevice(Operation *user, SymbolRefAttr name,
                                 SymbolTableCollection &symbolTable) {
  if (!name.getNestedReferences().empty())
    return symbolTable.lookupNearestSymbolFrom<DeviceOp>(user, name);
  TopologyOp topology;
  if (failed(findTopology(user, symbolTable, topology)) || !topology)
    return nullptr;
  return symbolTable.lookupSymbolIn<DeviceOp>(topology, name);
}

bool orchestra::areConnected(DeviceOp from, DeviceOp to) {
  if (from == to)
    return true;
  auto topology = cast<TopologyOp>(from->getParentOp());
  SmallVector<StringRef> reached = {from.getSymName()};
  // Machines have few devices: no need for more than a list.
  for (size_t next = 0; next < reached.size(); ++next)
    for (auto link : topology.getOps<LinkOp>()) {
      StringRef other = link.getFrom() == reached[next] ? link.getTo()
                        : link.getTo() == reached[next] ? link.getFrom()
                                                        : StringRef();
      if (!other.empty() && !llvm::is_contained(reached, other))
        reached.push_back(other);
    }
  return llvm::is_contained(reached, to.getSymName());
}
