// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-expand-math | FileCheck %s

// CHECK-LABEL: func.func @functions
// CHECK-NOT: math.{{exp|tanh|erf|log|sin|powf|rsqrt}}
// CHECK: return
func.func @functions(%x: vector<4xf32>, %h: vector<8xbf16>) -> (vector<4xf32>, vector<8xbf16>) {
  %0 = math.exp %x : vector<4xf32>
  %1 = math.tanh %0 : vector<4xf32>
  %2 = math.erf %1 : vector<4xf32>
  %3 = math.log %2 : vector<4xf32>
  %4 = math.sin %3 : vector<4xf32>
  %5 = math.powf %4, %x : vector<4xf32>
  %6 = math.rsqrt %5 : vector<4xf32>
  %7 = math.exp %h : vector<8xbf16>
  return %6, %7 : vector<4xf32>, vector<8xbf16>
}

// CHECK-LABEL: func.func @instructions
// CHECK: math.sqrt
// CHECK: math.floor
// CHECK: math.fma
func.func @instructions(%x: vector<4xf32>) -> vector<4xf32> {
  %0 = math.sqrt %x : vector<4xf32>
  %1 = math.floor %0 : vector<4xf32>
  %2 = math.fma %1, %x, %x : vector<4xf32>
  return %2 : vector<4xf32>
}

// A power of two is one instruction in f32, and a polynomial nowhere.
// CHECK-LABEL: func.func @powers
// CHECK-SAME: %[[X:[a-z0-9]+]]: f32
// CHECK-NOT: math.exp2
// CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"(%[[X]]) : (f32) -> f32
// CHECK-NOT: math.exp2
// CHECK: return
func.func @powers(%x: f32, %v: vector<4xf32>) -> (f32, vector<4xf32>) {
  %0 = math.exp2 %x : f32
  %1 = math.exp2 %v : vector<4xf32>
  return %0, %1 : f32, vector<4xf32>
}
