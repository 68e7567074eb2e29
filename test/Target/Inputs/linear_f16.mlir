// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func private @orch_k_linear_f16(%a: tensor<64x128xf16>, %b: tensor<128x96xf16>, %bias: tensor<96xf16>, %out: tensor<64x96xf16>) -> tensor<64x96xf16> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f16
  %empty = tensor.empty() : tensor<64x96xf16>
  %init = linalg.fill ins(%zero : f16) outs(%empty : tensor<64x96xf16>) -> tensor<64x96xf16>
  %mm = linalg.matmul ins(%a, %b : tensor<64x128xf16>, tensor<128x96xf16>) outs(%init : tensor<64x96xf16>) -> tensor<64x96xf16>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%mm, %bias : tensor<64x96xf16>, tensor<96xf16>) outs(%out : tensor<64x96xf16>) {
  ^bb0(%x: f16, %y: f16, %o: f16):
    %s = arith.addf %x, %y : f16
    %m = arith.maximumf %s, %zero : f16
    linalg.yield %m : f16
  } -> tensor<64x96xf16>
  return %r : tensor<64x96xf16>
}
