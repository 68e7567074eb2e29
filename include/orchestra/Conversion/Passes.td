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
  let summary = "Inlines schedules and tasks of the host's own device.";
  let description = [{
    Before: tasks in a schedule. After: the bodies of tasks whose architecture
    is `arch` stand in the host program, in the schedule's place. A task for
    another architecture is an error that names it.
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"x86_64\"",
           "Architecture of the host.">
  ];
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

#endif // ORCHESTRA_CONVERSION_PASSES
