// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-kernel-pipeline

// What fails on the way fails the pipeline.
func.func private @orch_k_heap(%a: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel} {
  %r = scf.forall (%i) in (4) shared_outs(%o = %out) -> tensor<4xf32> {
    // expected-error@+1 {{a thread of a kernel for NVIDIA would need a temporary}}
    %e = tensor.empty() : tensor<100000xf32>
    %v = tensor.extract %a[%i] : tensor<4xf32>
    %t = tensor.insert %v into %e[%i] : tensor<100000xf32>
    %s = tensor.extract_slice %t[%i] [1] [1] : tensor<100000xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return %r : tensor<4xf32>
}
