// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func private @orch_k_transpose(%a: tensor<6x34x64xi32>, %out: tensor<64x6x34xi32>) -> tensor<64x6x34xi32> attributes {orchestra.kernel} {
  %r = linalg.transpose ins(%a : tensor<6x34x64xi32>) outs(%out : tensor<64x6x34xi32>) permutation = [2, 0, 1]
  return %r : tensor<64x6x34xi32>
}
