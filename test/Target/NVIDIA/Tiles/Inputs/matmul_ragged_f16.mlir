// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Both operands transposed, sizes that no tile divides.
func.func private @orch_k_matmul_ragged_f16(%a: tensor<520x1000xf16>, %b: tensor<1048x520xf16>, %out: tensor<1000x1048xf16>) -> tensor<1000x1048xf16> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f16
  %init = linalg.fill ins(%zero : f16) outs(%out : tensor<1000x1048xf16>) -> tensor<1000x1048xf16>
  %mm = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%a, %b : tensor<520x1000xf16>, tensor<1048x520xf16>) outs(%init : tensor<1000x1048xf16>) -> tensor<1000x1048xf16>
  return %mm : tensor<1000x1048xf16>
}
