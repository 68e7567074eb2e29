// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// 512 rows and keys of 12 heads, of 64 columns each, causal.
func.func private @orch_k_attention_f16(%q: tensor<512x12x64xf16> {bufferization.writable = false}, %k: tensor<512x12x64xf16> {bufferization.writable = false}, %v: tensor<512x12x64xf16> {bufferization.writable = false}, %o: tensor<512x12x64xf16>) -> tensor<512x12x64xf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %past = arith.constant 0 : index
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<512x12x64xf16>, tensor<512x12x64xf16>, tensor<512x12x64xf16>) scale(%c : f32) causal(%past) outs(%o : tensor<512x12x64xf16>) -> tensor<512x12x64xf16>
  return %r : tensor<512x12x64xf16>
}
