// What the tutorial's pass leaves alone.
// RUN: orchestra-opt --load-pass-plugin=%build_root/lib/OrchestraTutorial.so %s \
// RUN:   --pass-pipeline="builtin.module(func.func(orchestra-double-by-adding))" | FileCheck %s

// CHECK-NOT: arith.addf

// ANCHOR: negative
// CHECK-LABEL: func.func @other_factor(
func.func @other_factor(%x: f32) -> f32 {
  // CHECK: arith.mulf
  %c = arith.constant 2.5 : f32
  %r = arith.mulf %x, %c : f32
  return %r : f32
}

// CHECK-LABEL: func.func @unknown_factor(
func.func @unknown_factor(%x: f32, %y: f32) -> f32 {
  // CHECK: arith.mulf
  %r = arith.mulf %x, %y : f32
  return %r : f32
}
// ANCHOR_END: negative

// Some elements are two, others not.
// CHECK-LABEL: func.func @mixed(
func.func @mixed(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK: arith.mulf
  %c = arith.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %r = arith.mulf %x, %c : tensor<2xf32>
  return %r : tensor<2xf32>
}
