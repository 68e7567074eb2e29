//===- HostProgram.h - Host programs on several devices ---------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the passes behind `structure` say to each other about a program on
// several devices (docs/adr/0009-plans-run.md). Once buffers are there, the
// entry function is a list of tasks without results, each of which is work for
// the queue of one device.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_ORCHESTRA_HOSTPROGRAM_H
#define ORCHESTRA_DIALECT_ORCHESTRA_HOSTPROGRAM_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace orchestra {

/// i64 attribute on a task or an allocation of a host program: the index of its
/// device in the topology.
constexpr llvm::StringLiteral kDeviceAttrName = "orchestra.device";
/// Unit attribute on a task that only copies from one device to another.
constexpr llvm::StringLiteral kCopyAttrName = "orchestra.copy";
/// Unit attribute on the first task after a barrier.
constexpr llvm::StringLiteral kAfterBarrierAttrName = "orchestra.after_barrier";
/// i64 attribute on a task: the event that happens after it.
constexpr llvm::StringLiteral kEventAttrName = "orchestra.event";
/// Dense i64 array attribute on a task: the events it waits for.
constexpr llvm::StringLiteral kWaitsAttrName = "orchestra.waits";
/// Array attribute on a host module: a dictionary per device {name, arch,
/// cores, core_count, memory_bytes, fullest_task, commands}, as far as known.
/// Absent in programs on one device.
constexpr llvm::StringLiteral kDevicesAttrName = "orchestra.devices";
/// Array attribute on a host module: a dictionary per task {device, copy,
/// estimate, loc}, in program order.
constexpr llvm::StringLiteral kTasksAttrName = "orchestra.tasks";
/// i64 attribute on a host module: the number of events.
constexpr llvm::StringLiteral kNumEventsAttrName = "orchestra.events";

/// The model's function, then its copies for given sizes, by number.
llvm::SmallVector<mlir::func::FuncOp> getEntries(mlir::ModuleOp host);

/// The name of a function that belongs to an entry: `base`, and the number of
/// the copy that the entry is.
std::string getPartName(llvm::StringRef base, mlir::func::FuncOp entry);

/// The topology of a schedule for several devices; null for other schedules,
/// which are part of a program on the host alone.
TopologyOp getDevicesOf(ScheduleOp schedule);

/// The index in `topology` of the device that a target names; -1: none.
int64_t getDeviceIndex(TopologyOp topology, mlir::DictionaryAttr target);

/// The buffer that `value` is a view of.
mlir::Value getRootBuffer(mlir::Value value);

/// The size of dimension `dim` of a buffer, read through views.
mlir::OpFoldResult getBufferDim(mlir::OpBuilder &b, mlir::Location loc,
                                mlir::Value value, int64_t dim);

} // namespace orchestra

#endif // ORCHESTRA_DIALECT_ORCHESTRA_HOSTPROGRAM_H
