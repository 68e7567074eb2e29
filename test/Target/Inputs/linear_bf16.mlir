// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func private @orch_k_linear_bf16(%a: tensor<64x128xbf16>, %b: tensor<128x96xbf16>, %bias: tensor<96xbf16>, %out: tensor<64x96xbf16>) -> tensor<64x96xbf16> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : bf16
  %empty = tensor.empty() : tensor<64x96xbf16>
  %init = linalg.fill ins(%zero : bf16) outs(%empty : tensor<64x96xbf16>) -> tensor<64x96xbf16>
  %mm = linalg.matmul ins(%a, %b : tensor<64x128xbf16>, tensor<128x96xbf16>) outs(%init : tensor<64x96xbf16>) -> tensor<64x96xbf16>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%mm, %bias : tensor<64x96xbf16>, tensor<96xbf16>) outs(%out : tensor<64x96xbf16>) {
  ^bb0(%x: bf16, %y: bf16, %o: bf16):
    %s = arith.addf %x, %y : bf16
    %m = arith.maximumf %s, %zero : bf16
    linalg.yield %m : bf16
  } -> tensor<64x96xbf16>
  return %r : tensor<64x96xbf16>
}
