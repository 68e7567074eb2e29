// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-map-kernel | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-map-kernel --remarks-filter=nvidia --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// A contraction and what follows it share one loop; of so few
// results a thread gets two rows of four.
// CHECK-LABEL: func.func private @contraction
//       CHECK: scf.forall {{.*}} to (128, 64) step (2, 4)
//       CHECK:   linalg.fill
//       CHECK:   linalg.matmul ins({{.*}} : tensor<2x32xf32>, tensor<32x4xf32>)
//       CHECK:   linalg.generic
//   CHECK-NOT: linalg.{{generic|matmul|fill}}
//       CHECK: return
// REMARK: tiled{{.*}}threads=1024
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func private @contraction(%a: tensor<128x32xf32>, %b: tensor<32x64xf32>, %out: tensor<128x64xf32>) -> tensor<128x64xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<128x64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x64xf32>) -> tensor<128x64xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<128x32xf32>, tensor<32x64xf32>) outs(%init : tensor<128x64xf32>) -> tensor<128x64xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%mm : tensor<128x64xf32>) outs(%out : tensor<128x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %m = arith.maximumf %x, %zero : f32
    linalg.yield %m : f32
  } -> tensor<128x64xf32>
  return %r : tensor<128x64xf32>
}

// -----

// Sizes divide: 7 rows and 33 columns of 2 bytes split into 1 and 3.
// CHECK-LABEL: func.func private @divisors
//       CHECK: scf.forall {{.*}} to (7, 33) step (1, 3)
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func private @divisors(%a: tensor<7x33xbf16>, %out: tensor<7x33xbf16>) -> tensor<7x33xbf16> attributes {orchestra.kernel} {
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<7x33xbf16>) outs(%out : tensor<7x33xbf16>) {
  ^bb0(%x: bf16, %o: bf16):
    %m = arith.negf %x : bf16
    linalg.yield %m : bf16
  } -> tensor<7x33xbf16>
  return %r : tensor<7x33xbf16>
}

// -----

// The sum of a row would be repeated for each tile of columns: rows stay whole.
// CHECK-LABEL: func.func private @whole_rows
//       CHECK: scf.forall (%{{.*}}) in (8)
//       CHECK:   linalg.reduce { arith.addf } ins({{.*}} : tensor<1x16xf32>)
//       CHECK:   linalg.generic {{.*}} : tensor<1x16xf32>, tensor<1xf32>)
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func private @whole_rows(%a: tensor<8x16xf32>, %out: tensor<8x16xf32>) -> tensor<8x16xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %sum = linalg.reduce { arith.addf } ins(%a : tensor<8x16xf32>) outs(%f : tensor<8xf32>) dimensions = [1]
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%a, %sum : tensor<8x16xf32>, tensor<8xf32>) outs(%out : tensor<8x16xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.divf %x, %y : f32
    linalg.yield %m : f32
  } -> tensor<8x16xf32>
  return %r : tensor<8x16xf32>
}

// -----

// CHECK-LABEL: func.func private @one_thread
//   CHECK-NOT: scf.forall
// REMARK: one thread computes the whole kernel
func.func private @one_thread(%a: tensor<8x16xf32>, %out: tensor<f32>) -> tensor<f32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<f32>) -> tensor<f32>
  %sum = linalg.reduce { arith.addf } ins(%a : tensor<8x16xf32>) outs(%f : tensor<f32>) dimensions = [0, 1]
  return %sum : tensor<f32>
}

// -----

// Only kernels are touched.
// CHECK-LABEL: func.func @host
//   CHECK-NOT: scf.forall
func.func @host(%a: tensor<8xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%a : tensor<8xf32>) -> tensor<8xf32>
  return %f : tensor<8xf32>
}

// -----

// A mean over pixels: each thread has much to reduce, so it has one output.
// CHECK-LABEL: func.func private @mean
// CHECK: scf.forall {{.*}} in (2048)
func.func private @mean(%x: tensor<49x2048xf32>, %out: tensor<2048xf32>) -> tensor<2048xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<2048xf32>) -> tensor<2048xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<49x2048xf32>) outs(%f : tensor<2048xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  } -> tensor<2048xf32>
  return %r : tensor<2048xf32>
}
