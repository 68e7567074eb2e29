// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(gpu.module(orchestra-nvidia-check-device-code))' | FileCheck %s

// CHECK-LABEL: llvm.func @aligned
// CHECK-SAME: (%{{.*}}: !llvm.ptr {llvm.align = 64 : i64}, %{{.*}}: i32)
gpu.module @good {
  llvm.func @aligned(%a: !llvm.ptr, %n: i32) attributes {gpu.kernel, nvvm.kernel} {
    llvm.call @helper() : () -> ()
    llvm.return
  }
  llvm.func @helper() {
    llvm.return
  }
}

// -----

gpu.module @libdevice {
  llvm.func @__nv_expf(f32) -> f32
  llvm.func @kernel(%x: f32) attributes {gpu.kernel, nvvm.kernel} {
    // expected-error@+1 {{a kernel for NVIDIA would call the function '__nv_expf', which no device code defines [unsupported-by-target]}}
    %0 = llvm.call @__nv_expf(%x) : (f32) -> f32
    llvm.return
  }
}

// -----

gpu.module @leftover {
  llvm.func @kernel(%x: f32) attributes {gpu.kernel, nvvm.kernel} {
    // expected-error@+1 {{op of a kernel for NVIDIA has no lowering: math.exp [unsupported-by-target]}}
    %0 = math.exp %x : f32
    llvm.return
  }
}
