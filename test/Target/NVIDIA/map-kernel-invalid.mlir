// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-map-kernel

// expected-error@+1 {{a kernel for NVIDIA needs static shapes, but has 'tensor<?xf32>' [unsupported-by-target]}}
func.func private @dynamic(%a: tensor<?xf32>, %out: tensor<?xf32>) -> tensor<?xf32> attributes {orchestra.kernel} {
  %r = linalg.copy ins(%a : tensor<?xf32>) outs(%out : tensor<?xf32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

func.func private @dynamic_inside(%a: tensor<8xf32>, %n: tensor<f32>, %out: tensor<8xf32>) -> tensor<8xf32> attributes {orchestra.kernel} {
  // expected-error@+1 {{a kernel for NVIDIA needs static shapes, but has 'tensor<?xf32>' [unsupported-by-target]}}
  %c = tensor.cast %a : tensor<8xf32> to tensor<?xf32>
  %b = tensor.cast %c : tensor<?xf32> to tensor<8xf32>
  %r = linalg.copy ins(%b : tensor<8xf32>) outs(%out : tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// expected-error@+1 {{a kernel for NVIDIA cannot be launched for 'tensor<0xf32>', which has no elements [unsupported-by-target]}}
func.func private @empty(%a: tensor<0xf32>, %out: tensor<0xf32>) -> tensor<0xf32> attributes {orchestra.kernel} {
  %r = linalg.copy ins(%a : tensor<0xf32>) outs(%out : tensor<0xf32>) -> tensor<0xf32>
  return %r : tensor<0xf32>
}

// -----

func.func private @several(%a: tensor<8xf32>, %o0: tensor<8xf32>, %o1: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) attributes {orchestra.kernel} {
  // expected-note@+1 {{another result comes from here}}
  %r = linalg.copy ins(%a : tensor<8xf32>) outs(%o0 : tensor<8xf32>) -> tensor<8xf32>
  // expected-error@+1 {{results of a kernel for NVIDIA come from several structured ops [unsupported-by-target]}}
  %s = linalg.copy ins(%a : tensor<8xf32>) outs(%o1 : tensor<8xf32>) -> tensor<8xf32>
  return %r, %s : tensor<8xf32>, tensor<8xf32>
}

// -----

func.func private @not_structured(%a: tensor<8xf32>, %out: tensor<2x4xf32>) -> tensor<2x4xf32> attributes {orchestra.kernel} {
  // expected-error@+1 {{result of a kernel for NVIDIA is not computed by a structured op [unsupported-by-target]}}
  %r = tensor.expand_shape %a [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// -----

// expected-error@+1 {{a kernel for NVIDIA has no result [unsupported-by-target]}}
func.func private @nothing(%a: tensor<8xf32>) attributes {orchestra.kernel} {
  return
}
