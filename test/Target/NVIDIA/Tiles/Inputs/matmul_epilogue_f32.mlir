// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A result in f32, with bias, activation and residual: the most registers.
#id = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>
func.func private @orch_k_matmul_epilogue_f32(%a: tensor<1024x512xbf16>, %b: tensor<1024x512xbf16>, %bias: tensor<1024xf32>, %residual: tensor<1024x1024xf32>, %out: tensor<1024x1024xf32>) -> tensor<1024x1024xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1024x1024xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  %mm = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%a, %b : tensor<1024x512xbf16>, tensor<1024x512xbf16>) outs(%init : tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  %r = linalg.generic {indexing_maps = [#id, #column, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%mm, %bias, %residual : tensor<1024x1024xf32>, tensor<1024xf32>, tensor<1024x1024xf32>) outs(%out : tensor<1024x1024xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    %m = arith.maximumf %s, %zero : f32
    %t = arith.addf %m, %z : f32
    linalg.yield %t : f32
  } -> tensor<1024x1024xf32>
  return %r : tensor<1024x1024xf32>
}
