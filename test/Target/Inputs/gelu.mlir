// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func private @orch_k_gelu(%x: tensor<3x5x7x18xbf16>, %b: tensor<18xbf16>, %out: tensor<3x5x7x18xbf16>) -> tensor<3x5x7x18xbf16> attributes {orchestra.kernel} {
  %half = arith.constant 0.5 : bf16
  %one = arith.constant 1.0 : bf16
  %k = arith.constant 0.70710678 : bf16
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %b : tensor<3x5x7x18xbf16>, tensor<18xbf16>) outs(%out : tensor<3x5x7x18xbf16>) {
  ^bb0(%a: bf16, %c: bf16, %o: bf16):
    %s = arith.addf %a, %c : bf16
    %t = arith.mulf %s, %k : bf16
    %u = math.erf %t : bf16
    %v = arith.addf %u, %one : bf16
    %w = arith.mulf %s, %v : bf16
    %y = arith.mulf %w, %half : bf16
    linalg.yield %y : bf16
  } -> tensor<3x5x7x18xbf16>
  return %r : tensor<3x5x7x18xbf16>
}
