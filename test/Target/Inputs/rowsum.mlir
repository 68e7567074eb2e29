// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func private @orch_k_rowsum(%x: tensor<64x1001xf32>, %out: tensor<64xf32>) -> tensor<64xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %f1 = linalg.fill ins(%zero : f32) outs(%out : tensor<64xf32>) -> tensor<64xf32>
  %sum = linalg.reduce { arith.addf } ins(%x : tensor<64x1001xf32>) outs(%f1 : tensor<64xf32>) dimensions = [1]
  return %sum : tensor<64xf32>
}
