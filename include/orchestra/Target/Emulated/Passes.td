//===- Passes.td - Passes of the emulated GPU -----------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From kernels of the gpu dialect to code for this machine that runs each work
// item as a fiber. `orchestra-emulated-pipeline` runs them in this order, with
// upstream's lowerings between them.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_EMULATED_PASSES
#define ORCHESTRA_TARGET_EMULATED_PASSES

include "mlir/Pass/PassBase.td"

def EmulatedHostFunctionsPass
    : Pass<"orchestra-emulated-host-functions", "::mlir::ModuleOp"> {
  let summary = "Gives kernels that nothing launches a function that does";
  let description = [{
    Before: kernels in `gpu.module`s, some with a known block and grid size.

    After: for each such kernel that no `gpu.launch_func` names, a host function
    of the kernel's name and arguments that launches it with its known sizes. So
    device code that a target made without a host half can be run.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::gpu::GPUDialect"];
}

def EmulatedLendArgumentsPass
    : Pass<"orchestra-emulated-lend-arguments", "::mlir::ModuleOp"> {
  let summary = "Lets kernels touch the buffers that a host program passes";
  let description = [{
    Before: host functions with bodies on dense memrefs, which launch kernels.

    After: each takes the execution (`orch_exec`) as its first argument, as host
    programs call kernels; lends its buffers to the device, for as long as it
    runs; and hands an error of the device to the execution.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def EmulatedConvertKernelsPass
    : Pass<"orchestra-emulated-convert-kernels", "::mlir::ModuleOp"> {
  let summary = "Turns kernels into functions of the work item";
  let description = [{
    Before: `gpu.module`s, and host functions that launch their kernels.

    After: no `gpu.module`; each of its functions is a host function whose first
    argument is the work item. Attributions are addresses in the group's shared
    memory or on the item's stack. A launch is a call of a function without a
    body, which `orchestra-emulated-finish-launches` fills in.

    Refuses architectures that no target describes, groups that use more shared
    memory than the architecture has, clusters along y or z.
  }];
  let options = [
    Option<"arch", "arch", "std::string", /*default=*/"",
           "Architecture to emulate">];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::orchestra::OrchestraDialect"];
}

def EmulatedLowerDeviceOpsPass
    : Pass<"orchestra-emulated-lower-device-ops", "::mlir::ModuleOp"> {
  let summary = "Lowers what only a device can do to calls of the emulated one";
  let description = [{
    Before: functions of the work item with ops of the gpu dialect and of the
    vendor's dialects, host functions with `gpu.alloc` and the like.

    After: calls of the emulated device; no memory space is left. An op that the
    emulation does not know is an error that names it.
  }];
  let options = [
    Option<"arch", "arch", "std::string", /*default=*/"",
           "Architecture to emulate">];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::orchestra::OrchestraDialect"];
}

def EmulatedCheckIndicesPass
    : Pass<"orchestra-emulated-check-indices", "::mlir::ModuleOp"> {
  let summary = "Checks the indices of every access of a kernel";
  let description = [{
    Before: functions of the work item with accesses to memrefs.

    After: before each `memref.load`, `memref.store`, `vector.load` and
    `vector.store`, a check of each index against the memref's size. So an
    access that leaves a row but hits the next is found as well.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def EmulatedCheckAddressesPass
    : Pass<"orchestra-emulated-check-addresses", "::mlir::ModuleOp"> {
  let summary = "Checks the address of every access of a kernel";
  let description = [{
    Before: kernels in the LLVM dialect.

    After: before each access to memory a call that checks its bytes against
    what the work item may touch. This sees what has no index: pointers that a
    vendor's lowering computed, masked accesses, atomics.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def EmulatedFinishLaunchesPass
    : Pass<"orchestra-emulated-finish-launches", "::mlir::ModuleOp"> {
  let summary = "Fills in the functions that launch kernels";
  let description = [{
    Before: the LLVM dialect; functions without a body that stand for launches.

    After: each stores the kernel's arguments in an array and passes it to the
    device, with an entry function that reads them back for each work item.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // ORCHESTRA_TARGET_EMULATED_PASSES
