// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -emit-bytecode | orchestra-opt | FileCheck %s

// Ops, types and forms that the official library's Python bindings do not read:
// they are younger, or need the dialect `quant`.

// CHECK-LABEL: func.func @communication(
func.func @communication(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK: "stablehlo.collective_reduce"
  %cr = "stablehlo.collective_reduce"(%x) <{replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<2xf32>) -> tensor<2xf32>
  // CHECK: "stablehlo.async_start"
  // CHECK: !stablehlo.future<tensor<2xf32>>
  %f = "stablehlo.async_start"(%cr) ({
  ^bb0(%y: tensor<2xf32>):
    stablehlo.return %y : tensor<2xf32>
  }) : (tensor<2xf32>) -> !stablehlo.future<tensor<2xf32>>
  // CHECK: "stablehlo.async_done"
  %d = "stablehlo.async_done"(%f) : (!stablehlo.future<tensor<2xf32>>) -> tensor<2xf32>
  // CHECK: #stablehlo.replica_group_mesh_axes<mesh = #stablehlo.mesh<axes=[<name = "x", size = 2>]>, axes = [#stablehlo.axis_ref<name = "x">]>
  %g = "stablehlo.all_gather"(%d) <{all_gather_dim = 0 : i64, replica_groups = #stablehlo.replica_group_mesh_axes<mesh = #stablehlo.mesh<axes=[<name = "x", size = 2>]>, axes = [#stablehlo.axis_ref<name = "x">]>}> : (tensor<2xf32>) -> tensor<4xf32>
  return %d : tensor<2xf32>
}

// CHECK-LABEL: func.func @quantized(
// CHECK: stablehlo.uniform_quantize
// CHECK: stablehlo.add
// CHECK: stablehlo.uniform_dequantize
// CHECK: stablehlo.constant
func.func @quantized(%x: tensor<4xf32>) {
  %q = stablehlo.uniform_quantize %x : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 5.000000e-01:3>>
  %s = stablehlo.add %q, %q : tensor<4x!quant.uniform<i8:f32, 5.000000e-01:3>>
  %d = stablehlo.uniform_dequantize %s : (tensor<4x!quant.uniform<i8:f32, 5.000000e-01:3>>) -> tensor<4xf32>
  %k = stablehlo.constant() <{value = dense<1> : tensor<2xi8>}> : () -> tensor<2x!quant.uniform<i8:f32, 5.000000e-01>>
  return
}
