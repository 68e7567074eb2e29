// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --pass-pipeline='builtin.module(orchestra-stage-schedule,orchestra-stage-optimize,orchestra-stage-structure,orchestra-lower-to-stablehlo)' | FileCheck %s --check-prefix=HLO
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(orchestra-stage-schedule,orchestra-stage-optimize,orchestra-stage-structure,orchestra-nvidia-kernel-pipeline)' | FileCheck %s --check-prefix=NVIDIA

// The stages before a target are the same for all: from what a frontend gives to
// a host program with kernels, then to code of another vendor.

// HLO: module @mlp {
// HLO: func.func @main(%arg0: tensor<32x64xf32>, %arg1: tensor<64x48xf32>, %arg2: tensor<48xf32>) -> tensor<32x48xf32> {
// HLO: call @[[K:orch_k_[0-9a-f]+]](%arg0, %arg1, %arg2)
// HLO: func.func private @[[K]]
// HLO: stablehlo.dot_general
// HLO: stablehlo.maximum
// HLO-NOT: orchestra.

// NVIDIA: orchestra.nvidia.parameters = {[[K:orch_k_[0-9a-f]+]]_nvidia = array<i64: {{.*}}>}
// NVIDIA: func.func @main
// NVIDIA: orchestra.dispatch @[[K]](
// NVIDIA: gpu.binary @[[K]]_nvidia {{.*}}.entry [[K]](
// NVIDIA: func.func private @[[K]](%arg0: memref
module @mlp {
  func.func @main(%x: tensor<32x64xf32> {orchestra.name = "x", orchestra.dim_names = ["", ""]}, %w: tensor<64x48xf32> {orchestra.name = "w", orchestra.dim_names = ["", ""]}, %b: tensor<48xf32> {orchestra.name = "b", orchestra.dim_names = [""]}) -> (tensor<32x48xf32> {orchestra.name = "y", orchestra.dim_names = ["", ""]}) attributes {orchestra.entry} {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<32x48xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<32x48xf32>) -> tensor<32x48xf32>
    %mm = linalg.matmul ins(%x, %w : tensor<32x64xf32>, tensor<64x48xf32>) outs(%f : tensor<32x48xf32>) -> tensor<32x48xf32>
    %a = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%mm, %b : tensor<32x48xf32>, tensor<48xf32>) outs(%e : tensor<32x48xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %s = arith.addf %p, %q : f32
      linalg.yield %s : f32
    } -> tensor<32x48xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<32x48xf32>) outs(%e : tensor<32x48xf32>) {
    ^bb0(%p: f32, %o: f32):
      %s = arith.maximumf %p, %zero : f32
      linalg.yield %s : f32
    } -> tensor<32x48xf32>
    return %r : tensor<32x48xf32>
  }
}
