// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-stablehlo-expand-math | FileCheck %s

// CHECK-LABEL: func.func @expanded
// CHECK-NOT: math.{{erf|atan |sinh}}
// CHECK: return
func.func @expanded(%x: f32, %h: bf16) -> (f32, bf16) {
  %0 = math.erf %x : f32
  %1 = math.atan %0 : f32
  %2 = math.sinh %1 : f32
  %3 = math.erf %h : bf16
  return %2, %3 : f32, bf16
}

// CHECK-LABEL: func.func @kept
// CHECK: math.exp
// CHECK: math.tanh
// CHECK: math.rsqrt
// CHECK: math.powf
func.func @kept(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  %1 = math.tanh %0 : f32
  %2 = math.rsqrt %1 : f32
  %3 = math.powf %2, %x : f32
  return %3 : f32
}
