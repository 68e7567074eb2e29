// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

func.func private @orch_k_matmul_bf16(%a: tensor<2048x2048xbf16>, %b: tensor<2048x2048xbf16>, %out: tensor<2048x2048xbf16>) -> tensor<2048x2048xbf16> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : bf16
  %init = linalg.fill ins(%zero : bf16) outs(%out : tensor<2048x2048xbf16>) -> tensor<2048x2048xbf16>
  %mm = linalg.matmul ins(%a, %b : tensor<2048x2048xbf16>, tensor<2048x2048xbf16>) outs(%init : tensor<2048x2048xbf16>) -> tensor<2048x2048xbf16>
  return %mm : tensor<2048x2048xbf16>
}
