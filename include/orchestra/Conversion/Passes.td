//===- Passes.td - Conversions between dialects ---------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_CONVERSION_PASSES
#define ORCHESTRA_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def OrchestraToLinalgPass
    : Pass<"orchestra-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "Inlines schedules and tasks of the host's only device.";
  let description = [{
    Before: tasks in a schedule. After: the bodies of tasks stand in the host
    program, in the schedule's place; but a schedule for a topology of several
    devices stays, with its tasks, as the places matter until buffers have
    addresses. A task for another architecture than `arch`, or for one without
    code generation, is an error that names both.

    A commit becomes a select of each element: on several devices a task of its
    own, where its values are. Numbers that tasks of several devices hand on
    become tensors of rank 0, which have a place in memory.
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"x86_64\"",
           "Architecture of the host.">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def LowerOrchestraToGPUPass
    : Pass<"lower-orchestra-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Turns transfers of buffers to GPUs into kernels that copy.";
  let description = [{
    Before: transfers of memrefs between devices of a topology, of which the
    receiver or the sender is a GPU that can address both buffers.

    After: no transfer. Each is an allocation of its result (`gpu.alloc`, owned
    by whoever owned the transfer's result) and `gpu.launch`es that fill it. How a
    kernel moves data is the target's: it adds a `TransferLowering` to the
    context. Wherever the buffer ends, no byte outside is read or written.

    Transfers that no GPU does are errors, and so are values that are not in
    memory: bufferize first.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::orchestra::OrchestraDialect"];
}

def TransferToDMAPass
    : Pass<"orchestra-transfer-to-dma", "::mlir::ModuleOp"> {
  let summary = "Turns a schedule on several devices into tasks on buffers.";
  let description = [{
    Before: a bufferized schedule for a topology of several devices. After: in
    its place stand tasks without results, each marked with its device; what they
    write to is allocated before them, marked with the device whose memory it is
    in. A transfer is an allocation on the device it goes to and a task there,
    marked `orchestra.copy`, straight before the first task that needs it. The
    module's `orchestra.devices` lists the topology's devices. Modules without
    such a schedule are left alone.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // ORCHESTRA_CONVERSION_PASSES
