// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-emulated-lower-device-ops=arch=nvidia_hopper

func.func private @unknown(%item: !llvm.ptr, %x: f32) attributes {orchestra.emulated.kernel = "unknown"} {
  // expected-error@+1 {{the emulation of 'nvidia_hopper' does not know the op 'gpu.printf' [unsupported-by-target]}}
  gpu.printf "%f", %x : f32
  return
}

// -----

func.func private @heap(%item: !llvm.ptr) attributes {orchestra.emulated.kernel = "heap"} {
  // expected-error@+1 {{a kernel would need heap memory [unsupported-by-target]}}
  %m = memref.alloc() : memref<8xf32>
  %c0 = arith.constant 0 : index
  %v = memref.load %m[%c0] : memref<8xf32>
  memref.store %v, %m[%c0] : memref<8xf32>
  return
}

// -----

// expected-error@+1 {{kernel "large" needs 300000 bytes of shared memory; a group of nvidia_hopper has 232448 [shared-memory]}}
func.func private @large(%item: !llvm.ptr) attributes {orchestra.emulated.kernel = "large", orchestra.emulated.shared_bytes = 300000 : i64} {
  return
}
