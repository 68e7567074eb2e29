// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-pin-intrinsics | FileCheck %s

// CHECK-LABEL: llvm.func @pinned
// CHECK: llvm.call_intrinsic "llvm.sqrt"(%{{.*}}) : (vector<4xf32>) -> vector<4xf32>
// CHECK: llvm.call_intrinsic "llvm.floor"
// CHECK: llvm.call_intrinsic "llvm.fabs"
// CHECK: llvm.call_intrinsic "llvm.copysign"
llvm.func @pinned(%x: vector<4xf32>) -> vector<4xf32> {
  %0 = llvm.intr.sqrt(%x) : (vector<4xf32>) -> vector<4xf32>
  %1 = llvm.intr.floor(%0) : (vector<4xf32>) -> vector<4xf32>
  %2 = llvm.intr.fabs(%1) : (vector<4xf32>) -> vector<4xf32>
  %3 = llvm.intr.copysign(%2, %x) : (vector<4xf32>, vector<4xf32>) -> vector<4xf32>
  llvm.return %3 : vector<4xf32>
}

// There is no instruction for these: the check of device code must see them.
// CHECK-LABEL: llvm.func @left
// CHECK-NOT: llvm.call_intrinsic
// CHECK: llvm.intr.exp
llvm.func @left(%x: f32) -> f32 {
  %0 = llvm.intr.exp(%x) : (f32) -> f32
  llvm.return %0 : f32
}
