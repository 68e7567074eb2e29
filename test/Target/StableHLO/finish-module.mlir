// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-stablehlo-finish-module | FileCheck %s

// The only kernel is the entry.
// CHECK: module @orch_k_abs {
// CHECK: func.func @main(%arg0: tensor<4xf32>) -> tensor<4xf32> {
module {
  func.func private @orch_k_abs(%x: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel, orchestra.kind = "row"} {
    %0 = stablehlo.abs %x : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}

// -----

// CHECK: module @model {
// CHECK: func.func @main(%arg0: tensor<4xf32>) -> tensor<4xf32> {
// CHECK: call @orch_k_abs
// CHECK: func.func private @orch_k_abs(%arg0: tensor<4xf32>) -> tensor<4xf32> {
module @model attributes {orchestra.anything} {
  func.func @run(%x: tensor<4xf32> {orchestra.name = "x"}) -> (tensor<4xf32> {orchestra.name = "y"}) attributes {orchestra.entry} {
    %0 = call @orch_k_abs(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
  func.func private @orch_k_abs(%x: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel} {
    %0 = stablehlo.abs %x : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
