//===- Passes.td - Where, when, and in which memory -----------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PASSES
#define ORCHESTRA_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

def PartitionPass : Pass<"orchestra-partition", "::mlir::ModuleOp"> {
  let summary = "Cuts the entry function into tasks, one per device.";
  let description = [{
    Before: an entry function on the waist. After: its body is an
    `orchestra.schedule` of `orchestra.task`s. With one device there is nothing
    to cut: the whole model is one task, placed on `arch`.
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"x86_64\"",
           "Architecture of the only device.">
  ];
  let dependentDialects = ["::orchestra::OrchestraDialect"];
}

def PlanMemoryPass : Pass<"orchestra-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Places the host program's buffers in one arena.";
  let description = [{
    Before: one entry function on memrefs that allocates what it dispatches to.
    After: it allocates nothing. Its arguments are the inputs, one buffer per
    result, the arena and the weights (`memref<?xi8>`). Buffers whose lifetimes
    do not overlap share memory. Constants are views of the weights, listed in
    the module's `orchestra.weights`; a function `@orch_shapes` computes the
    arena's size in bytes and the results' dimensions from the inputs, mostly
    from their dimensions alone. Each `cf.assert` of the program, a condition on
    the inputs, goes there.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // ORCHESTRA_SCHEDULE_PASSES
