// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-stablehlo-drop-destinations | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[R:.*]] = call @k(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK: return %[[R]]
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.entry} {
  %e = tensor.empty() : tensor<4xf32>
  %r = orchestra.dispatch @k(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> (tensor<4xf32>)
  return %r : tensor<4xf32>
}

// CHECK: func.func private @k(%[[X:.*]]: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel}
// CHECK: %[[E:.*]] = tensor.empty() {orchestra.destination} : tensor<4xf32>
// CHECK: linalg.abs ins(%[[X]] : tensor<4xf32>) outs(%[[E]] : tensor<4xf32>)
func.func private @k(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel} {
  %r = linalg.abs ins(%x : tensor<4xf32>) outs(%out : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
