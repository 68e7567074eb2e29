// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// 64 rows: 12 tiles of 64 x 64 for 132 multiprocessors.
func.func private @orch_k_matmul_split_bf16(%a: tensor<64x3072xbf16>, %b: tensor<3072x768xbf16>, %out: tensor<64x768xbf16>) -> tensor<64x768xbf16> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : bf16
  %init = linalg.fill ins(%zero : bf16) outs(%out : tensor<64x768xbf16>) -> tensor<64x768xbf16>
  %mm = linalg.matmul ins(%a, %b : tensor<64x3072xbf16>, tensor<3072x768xbf16>) outs(%init : tensor<64x768xbf16>) -> tensor<64x768xbf16>
  return %mm : tensor<64x768xbf16>
}
