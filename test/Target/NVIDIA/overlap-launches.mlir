// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --pass-pipeline="builtin.module(gpu.module(orchestra-nvidia-overlap-launches))" | FileCheck %s

// CHECK-LABEL: llvm.func @kernel
//  CHECK-NEXT:   nvvm.griddepcontrol launch_dependents
//  CHECK-NEXT:   nvvm.griddepcontrol wait
//  CHECK-NEXT:   llvm.load
// What a kernel calls does not wait again.
// CHECK-LABEL: llvm.func @helper
//  CHECK-NEXT:   llvm.return
// CHECK-LABEL: llvm.func @declared
//   CHECK-NOT:   nvvm.griddepcontrol
gpu.module @device {
  llvm.func @kernel(%p: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
    %v = llvm.load %p : !llvm.ptr<1> -> f32
    llvm.store %v, %p : f32, !llvm.ptr<1>
    llvm.return
  }
  llvm.func @helper() {
    llvm.return
  }
  llvm.func @declared() attributes {nvvm.kernel}
}
