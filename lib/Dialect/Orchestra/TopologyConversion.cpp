//===- TopologyConversion.cpp - Machines as IR and as data ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/TopologyConversion.h"

using namespace mlir;
using namespace orchestra;

TopologyOp orchestra::createTopology(OpBuilder &builder, Location loc,
                                     const Topology &topology) {
  auto op = TopologyOp::create(builder, loc, topology.name, StringAttr());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&op.getBody());
  for (const Topology::Device &device : topology.devices) {
    llvm::json::Object target = device.target;
    DeviceOp::create(
        builder, loc, device.name,
        cast<DictionaryAttr>(fromJson(llvm::json::Value(std::move(target)),
                                      builder.getContext())));
  }
  for (const Topology::Link &link : topology.links)
    LinkOp::create(builder, loc, link.from, link.to, APFloat(link.bandwidth),
                   APFloat(link.latency));
  return op;
}

Topology orchestra::getTopology(TopologyOp op) {
  Topology topology;
  topology.name = op.getSymName().str();
  for (auto device : op.getOps<DeviceOp>())
    topology.devices.push_back({device.getSymName().str(),
                                *toJson(device.getTarget())->getAsObject()});
  for (auto link : op.getOps<LinkOp>())
    topology.links.push_back({link.getFrom().str(), link.getTo().str(),
                              link.getBandwidth().convertToDouble(),
                              link.getLatency().convertToDouble()});
  return topology;
}
