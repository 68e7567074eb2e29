// The reference has one kernel an op.
// RUN: orchestra-opt %s --orchestra-outline-kernels=fuse=false | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: orchestra.dispatch
// CHECK-NOT:     orchestra.dispatch
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.negf ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}
