// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-select-attention | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-select-attention --remarks-filter=nvidia --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Tensor cores take it: rows of 16 bytes, of known sizes, columns or rows last.
// CHECK-LABEL: func.func private @stays
//       CHECK:   linalg_ext.attention
// REMARK-NOT: two products
func.func private @stays(%q: tensor<128x12x64xf16>, %k: tensor<100x12x64xf16>, %v: tensor<100x12x64xf16>, %o: tensor<128x12x64xf16>) -> tensor<128x12x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<128x12x64xf16>, tensor<100x12x64xf16>, tensor<100x12x64xf16>) scale(%c : f32) outs(%o : tensor<128x12x64xf16>) -> tensor<128x12x64xf16>
  return %r : tensor<128x12x64xf16>
}

// -----

// CHECK-LABEL: func.func private @keys_last
//       CHECK:   linalg_ext.attention
func.func private @keys_last(%q: tensor<8x128x64xf16>, %k: tensor<8x64x96xf16>, %v: tensor<8x96x64xf16>, %mask: tensor<128x96xf32>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %past = arith.constant 0 : index
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, k, s)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (m, s)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x64x96xf16>, tensor<8x96x64xf16>) scale(%c : f32) mask(%mask : tensor<128x96xf32>) causal(%past) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %r : tensor<8x128x64xf16>
}

// -----

// CHECK-LABEL: func.func private @open
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="its sizes are open", Remark="attention is computed as two products and a softmax"
func.func private @open(%q: tensor<8x?x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %o: tensor<8x?x64xf16>) -> tensor<8x?x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x?x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) outs(%o : tensor<8x?x64xf16>) -> tensor<8x?x64xf16>
  return %r : tensor<8x?x64xf16>
}

// -----

// CHECK-LABEL: func.func private @single
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="its operands are neither f16 nor bf16", Remark="attention is computed as two products and a softmax"
func.func private @single(%q: tensor<8x128x64xf32>, %k: tensor<8x128x64xf32>, %v: tensor<8x128x64xf32>, %o: tensor<8x128x64xf32>) -> tensor<8x128x64xf32> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf32>, tensor<8x128x64xf32>, tensor<8x128x64xf32>) scale(%c : f32) outs(%o : tensor<8x128x64xf32>) -> tensor<8x128x64xf32>
  return %r : tensor<8x128x64xf32>
}

// -----

// CHECK-LABEL: func.func private @mixed
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="its operands are of different types", Remark="attention is computed as two products and a softmax"
func.func private @mixed(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xbf16>, %v: tensor<8x128x64xf16>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xbf16>, tensor<8x128x64xf16>) scale(%c : f32) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %r : tensor<8x128x64xf16>
}

// -----

// CHECK-LABEL: func.func private @wider_result
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="its result is neither of its operands' type nor f32", Remark="attention is computed as two products and a softmax"
func.func private @wider_result(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %o: tensor<8x128x64xbf16>) -> tensor<8x128x64xbf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) outs(%o : tensor<8x128x64xbf16>) -> tensor<8x128x64xbf16>
  return %r : tensor<8x128x64xbf16>
}

// -----

// CHECK-LABEL: func.func private @empty
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="it has no elements", Remark="attention is computed as two products and a softmax"
func.func private @empty(%q: tensor<8x128x64xf16>, %k: tensor<8x0x64xf16>, %v: tensor<8x0x64xf16>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x0x64xf16>, tensor<8x0x64xf16>) scale(%c : f32) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %r : tensor<8x128x64xf16>
}

// -----

// CHECK-LABEL: func.func private @wide_heads
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="its heads are wider than 256", Remark="attention is computed as two products and a softmax"
func.func private @wide_heads(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x320xf16>, %o: tensor<8x128x320xf16>) -> tensor<8x128x320xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x320xf16>) scale(%c : f32) outs(%o : tensor<8x128x320xf16>) -> tensor<8x128x320xf16>
  return %r : tensor<8x128x320xf16>
}

// -----

// CHECK-LABEL: func.func private @odd_rows
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="an operand's rows are not a multiple of 16 bytes", Remark="attention is computed as two products and a softmax"
func.func private @odd_rows(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x36xf16>, %o: tensor<8x128x36xf16>) -> tensor<8x128x36xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x36xf16>) scale(%c : f32) outs(%o : tensor<8x128x36xf16>) -> tensor<8x128x36xf16>
  return %r : tensor<8x128x36xf16>
}

// -----

// CHECK-LABEL: func.func private @many_dims
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="an operand's rows are not a multiple of 16 bytes", Remark="attention is computed as two products and a softmax"
func.func private @many_dims(%q: tensor<1x1x1x1x8x128x64xf16>, %k: tensor<1x1x1x1x8x128x64xf16>, %v: tensor<1x1x1x1x8x128x64xf16>, %o: tensor<1x1x1x1x8x128x64xf16>) -> tensor<1x1x1x1x8x128x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(a, b, c, d, h, m, n, k, s) -> (a, b, c, d, h, m, k)>, affine_map<(a, b, c, d, h, m, n, k, s) -> (a, b, c, d, h, s, k)>, affine_map<(a, b, c, d, h, m, n, k, s) -> (a, b, c, d, h, s, n)>, affine_map<(a, b, c, d, h, m, n, k, s) -> (a, b, c, d, h, m, n)>]} ins(%q, %k, %v : tensor<1x1x1x1x8x128x64xf16>, tensor<1x1x1x1x8x128x64xf16>, tensor<1x1x1x1x8x128x64xf16>) scale(%c : f32) outs(%o : tensor<1x1x1x1x8x128x64xf16>) -> tensor<1x1x1x1x8x128x64xf16>
  return %r : tensor<1x1x1x1x8x128x64xf16>
}

// -----

// CHECK-LABEL: func.func private @transposed
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="its result is transposed", Remark="attention is computed as two products and a softmax"
func.func private @transposed(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %o: tensor<8x64x128xf16>) -> tensor<8x64x128xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, n, m)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) outs(%o : tensor<8x64x128xf16>) -> tensor<8x64x128xf16>
  return %r : tensor<8x64x128xf16>
}

// -----

// CHECK-LABEL: func.func private @bits
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="its mask is no number", Remark="attention is computed as two products and a softmax"
func.func private @bits(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %mask: tensor<128x128xi1>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (m, s)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) mask(%mask : tensor<128x128xi1>) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %r : tensor<8x128x64xf16>
}

// -----

// CHECK-LABEL: func.func private @computed_bound
//   CHECK-NOT:   linalg_ext
//       CHECK:   return
// REMARK: Reason="its causal bound is computed", Remark="attention is computed as two products and a softmax"
func.func private @computed_bound(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %past: index, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) causal(%past) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %r : tensor<8x128x64xf16>
}

// -----

// The two products read operands of 16 bits as they are, for tensor cores take
// each of them alone; scores, not the query, are scaled.
// CHECK-LABEL: func.func private @own_types
//       CHECK:   linalg.generic {{.*}} ins(%arg0, %arg1 : tensor<8x128x64xf16>, tensor<8x128x64xf16>) outs(%{{.*}} : tensor<8x128x128xf32>)
//       CHECK:   arith.mulf %{{.*}}, %{{.*}} : f32
//       CHECK:   math.exp
//       CHECK:   arith.truncf %{{.*}} : f32 to f16
//       CHECK:   linalg.generic {{.*}} ins(%{{.*}}, %arg2 : tensor<8x128x128xf16>, tensor<8x128x64xf16>) outs(%{{.*}} : tensor<8x128x64xf32>)
//       CHECK:   arith.divf
//       CHECK:   arith.truncf %{{.*}} : f32 to f16
// REMARK: Reason="its mask is no number"
func.func private @own_types(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %mask: tensor<128xi1>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (s)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) mask(%mask : tensor<128xi1>) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %r : tensor<8x128x64xf16>
}
