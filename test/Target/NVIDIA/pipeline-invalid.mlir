// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-kernel-pipeline

// A result that cannot be computed where the caller wants it.
// expected-error@+1 {{is not computed}}
func.func private @orch_k_identity(%a: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel} {
  return %a : tensor<4xf32>
}

// -----

// Not fused: the parallel loop cannot reach through the reshape.
func.func private @orch_k_reshape(%a: tensor<4x4xf32>, %out: tensor<16xf32>) -> tensor<16xf32> attributes {orchestra.kernel} {
  %e = tensor.empty() : tensor<4x4xf32>
  // expected-error@+1 {{op could not be fused into the parallel loop of its kernel for NVIDIA [unsupported-by-target]}}
  %x = linalg.exp ins(%a : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %c = tensor.collapse_shape %x [[0, 1]] : tensor<4x4xf32> into tensor<16xf32>
  %r = linalg.abs ins(%c : tensor<16xf32>) outs(%out : tensor<16xf32>) -> tensor<16xf32>
  return %r : tensor<16xf32>
}
