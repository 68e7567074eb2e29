// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func private @orch_k_total(%x: tensor<64x12xf32>, %out: tensor<f32>) -> tensor<f32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %f1 = linalg.fill ins(%zero : f32) outs(%out : tensor<f32>) -> tensor<f32>
  %sum = linalg.reduce { arith.addf } ins(%x : tensor<64x12xf32>) outs(%f1 : tensor<f32>) dimensions = [0, 1]
  return %sum : tensor<f32>
}
