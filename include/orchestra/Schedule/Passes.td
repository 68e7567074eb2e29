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
  let summary = "Cuts the entry function into tasks.";
  let description = [{
    Before: an entry function on the waist. After: its body is an
    `orchestra.schedule` of `orchestra.task`s. A function that holds a schedule
    already, a plan that somebody edited, is left alone.

    With one device there is nothing to cut: the whole model is one task, on the
    only device of the module's topology, or on `arch` if there is no topology.

    With several devices, each contraction that is worth it becomes a task with
    what is elementwise around it; constants, and what is computed from constants
    only, are cloned into the tasks that use them; scalars that shapes decide are
    computed before the schedule. All tasks are on the host, the topology's first
    device, for `orchestra-schedule` to place. No task joins nodes that are
    placed on different devices, by the option `place` or by an attribute
    `orchestra.place = "device"` on an op.

    {{example: partition-doc.mlir}}
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"x86_64\"",
           "Architecture of the only device, if the module has no topology.">,
    Option<"topology", "topology", "std::string", "\"\"",
           "Name of the topology, if the module has several.">,
    ListOption<"place", "place", "std::string",
               "NODE=DEVICE: nodes of the model that run on a given device.">,
    Option<"assumedSize", "assumed-size", "int64_t", "128",
           "Size of dimensions that are known only at run time, in estimates.">,
    Option<"minFlops", "min-flops", "double", "1e6",
           "A contraction with fewer operations is no reason for a task.">
  ];
  let dependentDialects = ["::orchestra::OrchestraDialect"];
}

def SchedulePass : Pass<"orchestra-schedule", "::mlir::ModuleOp"> {
  let summary = "Places the tasks of schedules on the devices of a machine.";
  let description = [{
    Before: schedules of tasks, placed anyhow. After: each task is on the device,
    and in the order, that a plan for the topology gives it; transfers move what
    tasks on other devices need, from the host and back to it included, one for
    each link on the way. Transfers made before are dropped, so a schedule can be
    planned again. Modules without a topology are left alone.

    The plan is made from estimates: a task takes its launch and the longer of
    its arithmetic at the device's peak and its bytes at the device's bandwidth;
    on a device with `kernel_rates`, what its kernels take at those, added up.
    An attribute `orchestra.measured = {ARCH = SECONDS}` on a task, or an entry
    for the task's name in a profile, replaces the estimate. A task with
    `orchestra.place = "device"` stays on that device. No plan needs more memory
    than a device has; a model that cannot be placed so is an error with the
    numbers.

    With `keep`, tasks stay where they are, in their order; only transfers and
    estimates are made again, so that an edited schedule can be judged.

    Tasks and transfers get `orchestra.estimate`, their start and end in seconds,
    and, where a measurement replaced an estimate, `orchestra.unmeasured`, the
    same by the cost model alone. Tasks get `orchestra.reason`: what would happen
    on the next best device. Schedules get `orchestra.plan`: latency, interval
    between results with several requests under way, and peak memory of each
    device.
  }];
  let options = [
    Option<"topology", "topology", "std::string", "\"\"",
           "Name of the topology, if the module has several.">,
    Option<"objective", "objective", "std::string", "\"latency\"",
           "What to minimise: latency (of one request) or throughput (the "
           "interval between results).">,
    Option<"inFlight", "in-flight", "int64_t", "4",
           "Requests under way at the same time, for throughput.">,
    ListOption<"place", "place", "std::string",
               "NODE=DEVICE: tasks, by a node in them, that run on a given "
               "device.">,
    Option<"profile", "profile", "std::string", "\"\"",
           "JSON file of measured seconds: {ARCH: {NAME OF TASK: SECONDS}}.">,
    Option<"assumedSize", "assumed-size", "int64_t", "128",
           "Size of dimensions that are known only at run time, in estimates.">,
    Option<"seed", "seed", "int64_t", "1", "Seed of the local search.">,
    Option<"keep", "keep", "bool", "false",
           "Keep the devices and the order that tasks have.">,
    Option<"graphFile", "write-graph", "std::string", "\"\"",
           "Also write the task graph to this file, as JSON.">
  ];
  let dependentDialects = ["::orchestra::OrchestraDialect"];
}

def DivergenceToSpeculationPass
    : Pass<"divergence-to-speculation", "::mlir::ModuleOp"> {
  let summary = "Computes both branches of a conditional ahead of its condition.";
  let description = [{
    Before: schedules on a topology, with conditionals (`scf.if`) in their tasks
    or between them; control flow between blocks is lifted by `lift-cf-to-scf`.
    After: a conditional for which the cost model says that it ends sooner so is
    a task for each branch, on the device that the planner gives it, and one
    `orchestra.commit` that chooses between their results. The task that it was
    in is split around it.

    Left alone, with a remark that says why, is a conditional of which a branch
    has effects, may trap (a division by what may be zero, an index or a size
    that may not fit) or may never end; that is in a loop or in a branch of
    another one; or that gains nothing. Loops and conditionals inside of a branch
    go with it, if they always end.

    A `profile` says how often conditions held in earlier runs:
    `{"branches": {NODE: {"true": COUNT, "false": COUNT}}}`. Without, both
    branches count as equally likely.

    {{example: divergence-to-speculation-doc.mlir}}
  }];
  let options = [
    Option<"machine", "topology", "std::string", "\"\"",
           "Name of the topology, if the module has several.">,
    Option<"profile", "profile", "std::string", "\"\"",
           "JSON file of how often conditions held.">,
    Option<"assumedSize", "assumed-size", "int64_t", "128",
           "Size of dimensions that are known only at run time, in estimates.">,
    Option<"allowance", "allowance", "double", "0",
           "Seconds that a conditional may lose by speculation.">
  ];
  let dependentDialects = ["::orchestra::OrchestraDialect",
                           "::mlir::pdl::PDLDialect",
                           "::mlir::pdl_interp::PDLInterpDialect"];
}

def ProfileBranchesPass
    : Pass<"orchestra-profile-branches", "::mlir::ModuleOp"> {
  let summary = "Adds results that tell which conditions held.";
  let description = [{
    Before: a program on the waist. After: for each conditional (`scf.if`) that
    runs once a request, the entry function has one more result, whether the
    condition held, by the name `orchestra.branch:` and that of its node.
    `orchestra run --profile-branches` counts these, for
    `divergence-to-speculation`. Conditionals in loops and in branches are left
    alone, with a remark: they are never speculated either.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
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
