//===- Speculation.h - Conditionals worth speculating -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_SPECULATION_H
#define ORCHESTRA_LIB_SCHEDULE_SPECULATION_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Schedule/Plan/Machine.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace orchestra {

/// Marks a conditional that becomes speculation: an array of two strings, the
/// devices of its branches.
constexpr llvm::StringLiteral kSpeculateAttrName = "orchestra.speculate";

/// Where values of a schedule are. What comes from outside is on the host.
class ValuePlaces {
public:
  ValuePlaces(TopologyOp topology, const plan::Machine &machine)
      : topology(topology), machine(machine) {}

  /// Index of the device that holds a value which the body of a schedule can
  /// see, but no op inside of its tasks defines.
  int32_t getDevice(mlir::Value value) const;
  int32_t getDevice(TaskOp task) const;
  /// When the plan has `value`, in seconds; 0: at once, or there is no plan.
  double getReady(mlir::Value value) const;
  /// Where `conditional`, in a schedule or in a task of one, takes place.
  int32_t getHome(mlir::scf::IfOp conditional) const;

  TopologyOp topology;
  const plan::Machine &machine;
};

/// Values that `region` uses and something outside of it defines, in order.
llvm::SmallVector<mlir::Value> getCaptured(mlir::Region &region);

/// Whether a copy of `op` is as good as its result: constants, destinations
/// without content or filled with a constant.
bool isCheapToCopy(mlir::Operation *op);

/// Adds the PDLL patterns that rewrite marked conditionals, with their native
/// rewrites. `places` must outlive them.
void populateSpeculationPatterns(mlir::RewritePatternSet &patterns,
                                 const ValuePlaces &places);

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_SPECULATION_H
