// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-apply-strategy=file=%S/Inputs/small.strategy.mlir | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-apply-strategy=file=%S/Inputs/small.strategy.mlir --remarks-filter=nvidia --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Every dimension is padded, the sum is in f32, rounding comes last.
// CHECK-LABEL: func.func private @ragged
//  CHECK-SAME:   orchestra.nvtile = #nvtile.policy<stages = 3, consumers = 2, group = 2, blocks = 4, store_bytes = 128>
//       CHECK:   %[[A:.*]] = tensor.pad %arg0 low[0, 0] high[28, 56]
//       CHECK:     tensor<100x72xbf16> to tensor<128x128xbf16>
//       CHECK:   %[[B:.*]] = tensor.pad %arg1 low[0, 0] high[56, 120]
//       CHECK:     tensor<72x136xbf16> to tensor<128x256xbf16>
//       CHECK:   %[[ALL:.*]] = scf.forall (%[[I:.*]], %[[J:.*]]) = (0, 0) to (128, 256) step (128, 128)
//       CHECK:     linalg.fill {{.*}} -> tensor<128x128xf32>
//       CHECK:     scf.for {{.*}} iter_args({{.*}}) -> (tensor<128x128xf32>)
//       CHECK:       linalg.generic {{.*}}["parallel", "parallel", "reduction"]{{.*}} ins({{.*}} : tensor<128x64xbf16>, tensor<64x128xbf16>) outs({{.*}} : tensor<128x128xf32>)
//       CHECK:     linalg.generic
//       CHECK:       arith.truncf
//       CHECK:     tensor.parallel_insert_slice
//       CHECK:   tensor.extract_slice %[[ALL]][0, 0] [100, 136] [1, 1]
func.func private @ragged(%a: tensor<100x72xbf16>, %b: tensor<72x136xbf16>, %out: tensor<100x136xbf16>) -> tensor<100x136xbf16> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : bf16
  %init = linalg.fill ins(%zero : bf16) outs(%out : tensor<100x136xbf16>) -> tensor<100x136xbf16>
  %mm = linalg.matmul ins(%a, %b : tensor<100x72xbf16>, tensor<72x136xbf16>) outs(%init : tensor<100x136xbf16>) -> tensor<100x136xbf16>
  return %mm : tensor<100x136xbf16>
}

// -----

// Whole tiles need no padding, and a sum in f32 stays.
// CHECK-LABEL: func.func private @whole
//   CHECK-NOT:   tensor.pad
//   CHECK-NOT:   truncf
//       CHECK:   linalg.matmul ins({{.*}} : tensor<128x64xf16>, tensor<64x128xf16>) outs({{.*}} : tensor<128x128xf32>)
func.func private @whole(%a: tensor<256x128xf16>, %b: tensor<128x256xf16>, %out: tensor<256x256xf32>) -> tensor<256x256xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<256x256xf32>) -> tensor<256x256xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<256x128xf16>, tensor<128x256xf16>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
  return %mm : tensor<256x256xf32>
}

// -----

// What follows is fused, its operands are padded along.
// CHECK-LABEL: func.func private @epilogue
//       CHECK:   tensor.pad %arg2 {{.*}}high[120]
//       CHECK:   scf.forall
//       CHECK:     linalg.generic {{.*}} ins({{.*}} : tensor<128x128xf32>, tensor<128xf32>)
//       CHECK:       arith.addf
func.func private @epilogue(%a: tensor<128x64xbf16>, %b: tensor<64x8xbf16>, %bias: tensor<8xf32>, %out: tensor<128x8xf32>) -> tensor<128x8xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<128x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x8xf32>) -> tensor<128x8xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<128x64xbf16>, tensor<64x8xbf16>) outs(%init : tensor<128x8xf32>) -> tensor<128x8xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%mm, %bias : tensor<128x8xf32>, tensor<8xf32>) outs(%out : tensor<128x8xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<128x8xf32>
  return %r : tensor<128x8xf32>
}

// -----

// Left for the plain path, with a reason.
// CHECK-LABEL: func.func private @odd_rows
//   CHECK-NOT:   scf.forall
// REMARK: rows of an operand are not a multiple of 16 bytes
func.func private @odd_rows(%a: tensor<64x63xbf16>, %b: tensor<63x64xbf16>, %out: tensor<64x64xbf16>) -> tensor<64x64xbf16> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : bf16
  %init = linalg.fill ins(%zero : bf16) outs(%out : tensor<64x64xbf16>) -> tensor<64x64xbf16>
  %mm = linalg.matmul ins(%a, %b : tensor<64x63xbf16>, tensor<63x64xbf16>) outs(%init : tensor<64x64xbf16>) -> tensor<64x64xbf16>
  return %mm : tensor<64x64xbf16>
}

// -----

// CHECK-LABEL: func.func private @single
//   CHECK-NOT:   scf.forall
// REMARK: its operands are neither f16 nor bf16
func.func private @single(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>, %out: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<64x64xf32>) -> tensor<64x64xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<64x64xf32>, tensor<64x64xf32>) outs(%init : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %mm : tensor<64x64xf32>
}

// -----

// CHECK-LABEL: func.func private @accumulates
//   CHECK-NOT:   scf.forall
// REMARK: it does not start at zero
func.func private @accumulates(%a: tensor<64x64xf16>, %b: tensor<64x64xf16>, %out: tensor<64x64xf16>) -> tensor<64x64xf16> attributes {orchestra.kernel} {
  %mm = linalg.matmul ins(%a, %b : tensor<64x64xf16>, tensor<64x64xf16>) outs(%out : tensor<64x64xf16>) -> tensor<64x64xf16>
  return %mm : tensor<64x64xf16>
}

// -----

// CHECK-LABEL: func.func private @copy
//   CHECK-NOT:   scf.forall
// REMARK: there is no contraction
func.func private @copy(%a: tensor<64x64xf16>, %out: tensor<64x64xf16>) -> tensor<64x64xf16> attributes {orchestra.kernel} {
  %c = linalg.copy ins(%a : tensor<64x64xf16>) outs(%out : tensor<64x64xf16>) -> tensor<64x64xf16>
  return %c : tensor<64x64xf16>
}
