// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-apply-strategy=file=%S/Inputs/attention.strategy.mlir --canonicalize | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-apply-strategy=file=%S/Inputs/attention.strategy.mlir --remarks-filter=nvidia --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Heads, then 128 rows of one; blocks of 128 keys, with results, maxima and sums
// of rows carried. Keys that the padding added are hidden; weights are powers of
// two, scaled in the exponent (0.125 / log 2), and rounded for the second product;
// the division comes last.
// CHECK-LABEL: func.func private @heads
//  CHECK-SAME:   orchestra.nvtile = #nvtile.policy<stages = 2, consumers = 2, group = 8, blocks = 24, store_bytes = 128>
//   CHECK-DAG:   %[[SCALE:.*]] = arith.constant 0.180336878 : f32
//   CHECK-DAG:   %[[C300:.*]] = arith.constant 300 : index
//   CHECK-DAG:   %[[LOW:.*]] = arith.constant 0xFF800000 : f32
//       CHECK:   tensor.pad %arg0 low[0, 0, 0] high[56, 0, 0]
//       CHECK:     tensor<200x12x64xf16> to tensor<256x12x64xf16>
//       CHECK:   tensor.pad %arg1 low[0, 0, 0] high[84, 0, 0]
//       CHECK:     tensor<300x12x64xf16> to tensor<384x12x64xf16>
//       CHECK:   scf.forall (%[[H:.*]], %[[I:.*]]) = (0, 0) to (12, 256) step (1, 128)
//       CHECK:     scf.for %[[S:[a-z0-9]+]] = %c0 to %c384 step %c128 iter_args({{.*}}) -> (tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>)
//       CHECK:       %[[REST:.*]] = arith.subi %[[C300]], %[[S]]
//       CHECK:       linalg.generic {{.*}} ins({{.*}} : tensor<128x64xf16>, tensor<128x64xf16>) outs({{.*}} : tensor<128x128xf32>)
//       CHECK:         %[[KEY:.*]] = linalg.index 1
//       CHECK:         %[[IS:.*]] = arith.cmpi slt, %[[KEY]], %[[REST]]
//       CHECK:         arith.select %[[IS]], %{{.*}}, %[[LOW]]
//       CHECK:       arith.maximumf
//   CHECK-NOT:       math.exp %
//       CHECK:         %[[EXPONENT:.*]] = math.fma %{{.*}}, %[[SCALE]], %{{.*}} : f32
//       CHECK:         math.exp2 %[[EXPONENT]]
//       CHECK:       arith.truncf
//       CHECK:       linalg.generic {{.*}} ins({{.*}} : tensor<128x128xf16>, tensor<128x64xf16>) outs({{.*}} : tensor<128x64xf32>)
//   CHECK-NOT:       arith.divf
//       CHECK:       scf.yield
//       CHECK:     arith.divf
//       CHECK:     arith.truncf
//       CHECK:     tensor.parallel_insert_slice {{.*}}[%[[I]], %[[H]], 0] [128, 1, 64]
//       CHECK:   tensor.extract_slice %{{.*}}[0, 0, 0] [200, 12, 64] [1, 1, 1]
func.func private @heads(%q: tensor<200x12x64xf16>, %k: tensor<300x12x64xf16>, %v: tensor<300x12x64xf16>, %o: tensor<200x12x64xf16>) -> tensor<200x12x64xf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<200x12x64xf16>, tensor<300x12x64xf16>, tensor<300x12x64xf16>) scale(%c : f32) outs(%o : tensor<200x12x64xf16>) -> tensor<200x12x64xf16>
  return %r : tensor<200x12x64xf16>
}

// -----

// Few tiles: the alternative, of 64 rows, and 64 keys at a time.
// CHECK-LABEL: func.func private @few
//  CHECK-SAME:   #nvtile.policy<stages = 3, consumers = 1, group = 8, blocks = 4, store_bytes = 128>
//   CHECK-NOT:   tensor.pad
//       CHECK:   scf.forall {{.*}} to (2, 128) step (1, 64)
//       CHECK:     scf.for {{.*}} step %c64
//   CHECK-NOT:       linalg.index
func.func private @few(%q: tensor<2x128x64xbf16>, %k: tensor<2x256x64xbf16>, %v: tensor<2x256x64xbf16>, %o: tensor<2x128x64xbf16>) -> tensor<2x128x64xbf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x128x64xbf16>, tensor<2x256x64xbf16>, tensor<2x256x64xbf16>) scale(%c : f32) outs(%o : tensor<2x128x64xbf16>) -> tensor<2x128x64xbf16>
  return %r : tensor<2x128x64xbf16>
}

// -----

// A block of rows sees no key past its last row: the loop ends early, at whole
// blocks of keys. The last rows take longest, so they come first.
//       CHECK: #[[$BLOCKS:.*]] = affine_map<()[s0] -> ((s0 ceildiv 128) * 128)>
// CHECK-LABEL: func.func private @causal
//  CHECK-SAME:   store_bytes = 128, reversed = true>
//       CHECK:   scf.forall (%{{.*}}, %[[I:.*]]) = (0, 0) to (12, 512) step (1, 128)
//       CHECK:     %[[END:.*]] = affine.apply #[[$BLOCKS]]()[%{{.*}}]
//       CHECK:     scf.for %[[S:[a-z0-9]+]] = %c0 to %[[END]] step %c128
//       CHECK:       %[[ROW:.*]] = linalg.index 0
//       CHECK:       %[[LAST:.*]] = arith.addi %[[ROW]], %{{.*}}
//       CHECK:       %[[KEY:.*]] = linalg.index 1
//       CHECK:       %[[SEES:.*]] = arith.cmpi sle, %[[KEY]], %[[LAST]]
//       CHECK:       arith.select %[[SEES]]
func.func private @causal(%q: tensor<512x12x64xf16>, %k: tensor<512x12x64xf16>, %v: tensor<512x12x64xf16>, %o: tensor<512x12x64xf16>) -> tensor<512x12x64xf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %past = arith.constant 0 : index
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<512x12x64xf16>, tensor<512x12x64xf16>, tensor<512x12x64xf16>) scale(%c : f32) causal(%past) outs(%o : tensor<512x12x64xf16>) -> tensor<512x12x64xf16>
  return %r : tensor<512x12x64xf16>
}

// -----

// Heads of 256 columns leave registers for half as many scores; 80 columns are
// padded to panels of 64. A result of f32 is not rounded.
// CHECK-LABEL: func.func private @wide
//       CHECK:   scf.for {{.*}} step %c64 {{.*}} -> (tensor<128x256xf32>, tensor<128xf32>, tensor<128xf32>)
//       CHECK:   arith.divf
//   CHECK-NOT:   arith.truncf
//       CHECK:   parallel_insert_slice {{.*}} : tensor<1x128x256xf32> into tensor<8x128x256xf32>
func.func private @wide(%q: tensor<8x128x80xbf16>, %k: tensor<8x128x80xbf16>, %v: tensor<8x128x256xbf16>, %o: tensor<8x128x256xf32>) -> tensor<8x128x256xf32> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x80xbf16>, tensor<8x128x80xbf16>, tensor<8x128x256xbf16>) scale(%c : f32) outs(%o : tensor<8x128x256xf32>) -> tensor<8x128x256xf32>
  return %r : tensor<8x128x256xf32>
}

// -----

// A mask is added in units of log 2.
// CHECK-LABEL: func.func private @mask
//   CHECK-DAG:   %[[UNIT:.*]] = arith.constant 1.44269502 : f32
//   CHECK-DAG:   %[[SCALE:.*]] = arith.constant 0.180336878 : f32
//       CHECK:   %[[SCALED:.*]] = arith.mulf %{{.*}}, %[[SCALE]] : f32
//       CHECK:   %[[WIDE:.*]] = arith.extf %{{.*}} : f16 to f32
//       CHECK:   %[[ADDED:.*]] = arith.mulf %[[WIDE]], %[[UNIT]] : f32
//       CHECK:   arith.addf %[[SCALED]], %[[ADDED]] : f32
func.func private @mask(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %mask: tensor<128xf16>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (s)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) mask(%mask : tensor<128xf16>) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %r : tensor<8x128x64xf16>
}

// -----

// CHECK-LABEL: func.func private @single
//   CHECK-NOT:   scf.forall
// REMARK: Reason="its operands are neither f16 nor bf16", Remark="the kernel does not use tensor cores"
func.func private @single(%q: tensor<8x128x64xf32>, %k: tensor<8x128x64xf32>, %v: tensor<8x128x64xf32>, %o: tensor<8x128x64xf32>) -> tensor<8x128x64xf32> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf32>, tensor<8x128x64xf32>, tensor<8x128x64xf32>) scale(%c : f32) outs(%o : tensor<8x128x64xf32>) -> tensor<8x128x64xf32>
  return %r : tensor<8x128x64xf32>
}

// -----

// CHECK-LABEL: func.func private @transposed
//   CHECK-NOT:   scf.forall
// REMARK: Reason="its result is transposed", Remark="the kernel does not use tensor cores"
func.func private @transposed(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %o: tensor<8x64x128xf16>) -> tensor<8x64x128xf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, n, m)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) outs(%o : tensor<8x64x128xf16>) -> tensor<8x64x128xf16>
  return %r : tensor<8x64x128xf16>
}

// -----

// CHECK-LABEL: func.func private @odd
//   CHECK-NOT:   scf.forall
// REMARK: Reason="an operand's rows are not a multiple of 16 bytes", Remark="the kernel does not use tensor cores"
func.func private @odd(%q: tensor<8x128x60xf16>, %k: tensor<8x128x60xf16>, %v: tensor<8x128x64xf16>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x60xf16>, tensor<8x128x60xf16>, tensor<8x128x64xf16>) scale(%c : f32) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %r : tensor<8x128x64xf16>
}

// -----

// What is fused behind attention is not computed on tiles.
// CHECK-LABEL: func.func private @fused
//   CHECK-NOT:   scf.forall
// REMARK: Reason="it holds linalg.copy", Remark="the kernel does not use tensor cores"
func.func private @fused(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  %e = tensor.empty() : tensor<8x128x64xf16>
  %t = linalg.copy ins(%r : tensor<8x128x64xf16>) outs(%e : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %t : tensor<8x128x64xf16>
}

// -----

// CHECK-LABEL: func.func private @none
//   CHECK-NOT:   scf.forall
// REMARK: Reason="there is no attention", Remark="the kernel does not use tensor cores"
func.func private @none(%a: tensor<64x64xf16>) -> tensor<64x64xf16> attributes {orchestra.kernel} {
  return %a : tensor<64x64xf16>
}

// -----

// CHECK-LABEL: func.func private @not_returned
//   CHECK-NOT:   scf.forall
// REMARK: Reason="it does not return its attention alone", Remark="the kernel does not use tensor cores"
func.func private @not_returned(%q: tensor<8x128x64xf16>, %k: tensor<8x128x64xf16>, %v: tensor<8x128x64xf16>, %o: tensor<8x128x64xf16>) -> tensor<8x128x64xf16> attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 1.250000e-01 : f32
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<8x128x64xf16>, tensor<8x128x64xf16>, tensor<8x128x64xf16>) scale(%c : f32) outs(%o : tensor<8x128x64xf16>) -> tensor<8x128x64xf16>
  return %q : tensor<8x128x64xf16>
}
