// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-emulated-convert-kernels=arch=nvidia_hopper

gpu.module @device {
  // expected-error@+1 {{device code of 'sine' is missing [unsupported-by-target]}}
  func.func private @sine(f32) -> f32
}

// -----

gpu.module @device {
  // expected-error@+1 {{the emulation takes device code of the gpu dialect, not of 'llvm.func' [unsupported-by-target]}}
  llvm.func @lowered() {
    llvm.return
  }
}

// -----

gpu.module @device {
  // expected-error-re@+1 {{shared memory of a kernel has type {{.*}}strided<[8, 1]>{{.*}}, which is not dense [unsupported-by-target]}}
  gpu.func @padded() workgroup(%s: memref<4x4xf32, strided<[8, 1]>, #gpu.address_space<workgroup>>) kernel {
    gpu.return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @device {
    gpu.func @empty() kernel {
      gpu.return
    }
  }
  func.func @main() {
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    // expected-error@+1 {{the emulation has clusters of groups along x only [unsupported-by-target]}}
    gpu.launch_func @device::@empty clusters in (%c1, %c2, %c1) blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @device {
    gpu.func @empty() kernel {
      gpu.return
    }
  }
  func.func @main() {
    %c1 = arith.constant 1 : index
    %bytes = arith.constant 240000 : i32
    // expected-error@+1 {{kernel "empty" needs 240000 bytes of shared memory; a group of nvidia_hopper has 232448 [shared-memory]}}
    gpu.launch_func @device::@empty blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) dynamic_shared_memory_size %bytes
    return
  }
}
