// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the ops of a small network become; calls are inlined.
// RUN: orchestra compile %s --stop-after=ingest --emit=mlir | FileCheck %s

// CHECK: module @waist
// CHECK: func.func @main(%[[X:.*]]: tensor<2x8xf32> {{{.*}}orchestra.name = "x"}
// CHECK-SAME: -> (tensor<2x4xf32> {{{.*}}orchestra.name = "probabilities"})
// CHECK-SAME: orchestra.entry
// CHECK: linalg.matmul
// CHECK: arith.addf
// CHECK: arith.maximumf
// CHECK: linalg.matmul
// CHECK: iterator_types = ["parallel", "reduction"]
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: iterator_types = ["parallel", "reduction"]
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK-NOT: stablehlo
func.func public @main(%x: tensor<2x8xf32> loc("x")) -> (tensor<2x4xf32> {jax.result_info = "result.probabilities"}) {
  %w = stablehlo.constant dense<0.5> : tensor<8x16xf32>
  %b = stablehlo.constant dense<0.25> : tensor<16xf32>
  %v = stablehlo.constant dense<0.125> : tensor<16x4xf32>
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<2x8xf32>, tensor<8x16xf32>) -> tensor<2x16xf32>
  %1 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<16xf32>) -> tensor<2x16xf32>
  %2 = stablehlo.add %0, %1 : tensor<2x16xf32>
  %3 = call @relu(%2) : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %4 = stablehlo.dot_general %3, %v, contracting_dims = [1] x [0] : (tensor<2x16xf32>, tensor<16x4xf32>) -> tensor<2x4xf32>
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %5 = stablehlo.reduce(%4 init: %low) applies stablehlo.maximum across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32>
  %6 = stablehlo.broadcast_in_dim %5, dims = [0] : (tensor<2xf32>) -> tensor<2x4xf32>
  %7 = stablehlo.subtract %4, %6 : tensor<2x4xf32>
  %8 = stablehlo.exponential %7 : tensor<2x4xf32>
  %9 = stablehlo.reduce(%8 init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32>
  %10 = stablehlo.broadcast_in_dim %9, dims = [0] : (tensor<2xf32>) -> tensor<2x4xf32>
  %11 = stablehlo.divide %8, %10 : tensor<2x4xf32>
  return %11 : tensor<2x4xf32>
}

func.func private @relu(%x: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<2x16xf32>
  %0 = stablehlo.maximum %x, %zero : tensor<2x16xf32>
  return %0 : tensor<2x16xf32>
}
