// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func private @orch_k_bmm(%a: tensor<6x33x64xf16>, %b: tensor<6x64x40xf16>, %out: tensor<6x33x40xf32>) -> tensor<6x33x40xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<6x33x40xf32>) -> tensor<6x33x40xf32>
  %r = linalg.batch_matmul ins(%a, %b : tensor<6x33x64xf16>, tensor<6x64x40xf16>) outs(%f : tensor<6x33x40xf32>) -> tensor<6x33x40xf32>
  return %r : tensor<6x33x40xf32>
}
