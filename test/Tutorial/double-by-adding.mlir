// The pass of docs/tutorial/first-pass.md.
// RUN: orchestra-opt --load-pass-plugin=%build_root/lib/OrchestraTutorial.so %s \
// RUN:   --pass-pipeline="builtin.module(func.func(orchestra-double-by-adding))" | FileCheck %s

// ANCHOR: positive
// CHECK-LABEL: func.func @scalar(
// CHECK-SAME:    %[[X:.*]]: f32)
func.func @scalar(%x: f32) -> f32 {
  // CHECK-NOT: arith.constant
  // CHECK: %[[R:.*]] = arith.addf %[[X]], %[[X]] : f32
  %two = arith.constant 2.0 : f32
  %r = arith.mulf %x, %two : f32
  // CHECK: return %[[R]]
  return %r : f32
}
// ANCHOR_END: positive

// The constant may stand on the left, and be a tensor of equal elements.
// CHECK-LABEL: func.func @tensor(
// CHECK-SAME:    %[[X:.*]]: tensor<8xf64>)
func.func @tensor(%x: tensor<8xf64>) -> tensor<8xf64> {
  // CHECK: arith.addf
  %two = arith.constant dense<2.0> : tensor<8xf64>
  %r = arith.mulf %two, %x : tensor<8xf64>
  return %r : tensor<8xf64>
}

// CHECK-LABEL: func.func @fastmath(
func.func @fastmath(%x: f32) -> f32 {
  // CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<nnan> : f32
  %two = arith.constant 2.0 : f32
  %r = arith.mulf %x, %two fastmath<nnan> : f32
  return %r : f32
}
