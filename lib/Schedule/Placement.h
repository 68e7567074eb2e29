//===- Placement.h - Naming machines, devices and nodes --------------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_PLACEMENT_H
#define ORCHESTRA_LIB_SCHEDULE_PLACEMENT_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Schedule/Plan/Machine.h"

#include "mlir/IR/BuiltinOps.h"

namespace orchestra {

/// The topology called `name`, or the only one if `name` is empty. Null if the
/// module has none; failure, with an error at the module, if the name or its
/// absence does not decide.
mlir::FailureOr<TopologyOp> chooseTopology(mlir::ModuleOp module,
                                           llvm::StringRef name);

/// The device of that name, or null after an error at `loc`.
DeviceOp findDevice(mlir::Location loc, TopologyOp topology,
                    llvm::StringRef name);

/// The first device: programs start and end in its memory.
DeviceOp getHost(TopologyOp topology);

/// `arch` and `device_id` of a device, which name it in a task's target.
mlir::DictionaryAttr getTaskTarget(DeviceOp device);

/// What the planner must know of a machine, devices in the topology's order. A
/// figure comes from the device, else from its architecture; an error names
/// those that neither has.
mlir::FailureOr<plan::Machine> getMachine(TopologyOp topology);

/// "node=device" at the last '='; failure after an error at `loc`.
mlir::FailureOr<std::pair<llvm::StringRef, llvm::StringRef>>
parsePlace(mlir::Location loc, llvm::StringRef text);

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_PLACEMENT_H
