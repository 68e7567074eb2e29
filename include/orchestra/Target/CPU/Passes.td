//===- Passes.td - Passes of the CPU target -------------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_CPU_PASSES
#define ORCHESTRA_TARGET_CPU_PASSES

include "mlir/Pass/PassBase.td"

def CPURegisterTilesPass
    : Pass<"orchestra-cpu-register-tiles", "::mlir::func::FuncOp"> {
  let summary = "Lowers marked reductions to loops with register accumulators.";
  let description = [{
    Before: `linalg.generic` on memrefs marked `orchestra.register_tile` by a
    strategy. After: each is a nest of `scf.for` over its reduction loops that
    carries one vector accumulator per row and column vector; ragged rows and
    columns take a smaller tile or masked vectors. A marked op whose operands
    do not allow it is left to the plain loops, with a remark.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "Width of a vector register in bits.">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def CPUPlainLoopsPass
    : Pass<"orchestra-cpu-plain-loops", "::mlir::func::FuncOp"> {
  let summary = "Lowers what is left of linalg to loops that LLVM vectorises.";
  let description = [{
    Before: linalg ops and copies on memrefs. After: `scf.for` nests with scalar
    bodies, whose floating-point reductions may be reassociated and whose
    transcendental functions are polynomials, so that LLVM's loop vectoriser
    makes use of the whole vector unit without calls.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def CPUParallelLoopsPass
    : Pass<"orchestra-cpu-parallel-loops", "::mlir::ModuleOp"> {
  let summary = "Hands outermost scf.forall loops to the thread pool.";
  let description = [{
    Before: kernels with `scf.forall` on memrefs. After: each outermost one is a
    function `(exec, begin, end, captures...)` over a slice of its flattened
    iterations, in the order `orchestra.loop_order`, called by a `func.call`
    marked `orchestra.parallel`; inner ones are `scf.for`. Every kernel has
    the execution state, an `!llvm.ptr`, as a new first argument.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect"
  ];
}

def CPUStackBuffersPass
    : Pass<"orchestra-cpu-stack-buffers", "::mlir::func::FuncOp"> {
  let summary = "Places a kernel's temporary buffers on the stack.";
  let description = [{
    Before: `memref.alloc`s inside kernels and their parallel bodies. After: a
    buffer with a known upper bound of at most `max-bytes` is an `alloca` at
    the function's entry, up to `max-total-bytes` together; a larger or
    unbounded one is taken from the heap where it was and freed at the end of
    its block.
  }];
  let options = [
    Option<"maxBytes", "max-bytes", "int64_t", "131072",
           "Largest buffer in bytes to place on the stack.">,
    Option<"maxTotalBytes", "max-total-bytes", "int64_t", "1048576",
           "Bytes of all buffers of a function on the stack.">
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
}

def CPUToLLVMPass : Pass<"orchestra-cpu-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Converts kernels and host programs to the LLVM dialect.";
  let description = [{
    Before: arith, math, vector, memref, cf and func ops. After: LLVM dialect
    only. Calls marked `orchestra.parallel` become calls of the host API's
    parallel_for (orchestra_runtime/format.h) through the execution state.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def CPUHostEntryPass : Pass<"orchestra-cpu-host-entry", "::mlir::ModuleOp"> {
  let summary = "Gives the host program the artefact's C interface.";
  let description = [{
    Before: one function marked `orchestra.entry` whose memory is planned
    (`orchestra-plan-memory`), dispatching kernels. After: functions
    `orch_resolve` and `orch_run` with the signatures of
    orchestra_runtime/format.h on `!llvm.ptr`s; each kernel call reports to the
    host API's on_call while profiling.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"
  ];
}

def CPUDeviceMemoryPass
    : Pass<"orchestra-cpu-device-memory", "::mlir::ModuleOp"> {
  let summary = "Lets the host program reach a device's memory by its runtime.";
  let description = [{
    Before: a host program behind its C interface (`orchestra-cpu-host-entry`)
    whose buffers are in a device's memory. After: loads and stores of elements
    and copies of whole buffers are calls of the host API's read, write and move;
    nothing else touches buffers.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect"
  ];
}

def CPUBorrowArgumentsPass
    : Pass<"orchestra-cpu-borrow-arguments", "::mlir::ModuleOp"> {
  let summary = "Lets a kernel of the CPU work on copies of a device's buffers.";
  let description = [{
    Before: kernels on memrefs with the execution state
    (`orchestra-cpu-parallel-loops`). After: a function of the kernel's name that
    borrows each buffer from the device through the host API, calls the kernel,
    and gives the results back.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"
  ];
}

#endif // ORCHESTRA_TARGET_CPU_PASSES
