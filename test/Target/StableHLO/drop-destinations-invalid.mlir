// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-stablehlo-drop-destinations

// expected-error@+1 {{kernel has no body to hand over [unsupported-by-target]}}
func.func private @declared(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel}

// -----

// expected-error@+1 {{the last arguments of a kernel must be destinations of the types of its results [unsupported-by-target]}}
func.func private @types(%x: tensor<4xf32>) -> tensor<5xf32> attributes {orchestra.kernel} {
  %e = tensor.empty() : tensor<5xf32>
  return %e : tensor<5xf32>
}

// -----

// expected-error@+1 {{a kernel for StableHLO needs results of static shape, but has 'tensor<?xf32>' [unsupported-by-target]}}
func.func private @dynamic(%x: tensor<?xf32>) -> tensor<?xf32> attributes {orchestra.kernel} {
  return %x : tensor<?xf32>
}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.entry} {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{it is a function of Orchestra's runtime, 'orch_host_random'}}
  %r = orchestra.dispatch @orch_host_random(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> (tensor<4xf32>)
  return %r : tensor<4xf32>
}
func.func private @orch_host_random(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
