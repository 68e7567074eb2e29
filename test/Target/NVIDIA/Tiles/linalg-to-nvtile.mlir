// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-linalg-to-nvtile | FileCheck %s

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>

// Slices of padded arguments are loads from the arguments; rows of k first is a
// transposed operand. What is computed stands in vectors.
// CHECK-LABEL: func.func private @matmul(
//  CHECK-SAME:   %[[A:.*]]: memref<72x100xbf16>, %[[B:.*]]: memref<136x72xbf16>, %[[BIAS:.*]]: memref<136xbf16>, %[[OUT:.*]]: memref<100x136xbf16>)
//       CHECK: scf.forall (%[[I:.*]], %[[J:.*]]) = (0, 0) to (128, 256) step (128, 256)
//       CHECK:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<128x256xf32>
//       CHECK:   %[[ACC:.*]] = scf.for %[[K:.*]] = {{.*}} iter_args(%[[C:.*]] = %[[ZERO]]) -> (vector<128x256xf32>)
//       CHECK:     %[[TA:.*]] = nvtile.load %[[A]][%[[K]], %[[I]]] : memref<72x100xbf16> -> memref<64x128xbf16,
//       CHECK:     %[[TB:.*]] = nvtile.load %[[B]][%[[J]], %[[K]]] : memref<136x72xbf16> -> memref<256x64xbf16,
//       CHECK:     nvtile.mma %[[TA]], %[[TB]], %[[C]] transpose_a transpose_b
//       CHECK:   %[[R:.*]] = nvtile.read %[[BIAS]][%[[J]]] map = #{{.*}} : memref<136xbf16> -> vector<128x256xbf16>
//       CHECK:   %[[T:.*]] = arith.truncf %[[ACC]] : vector<128x256xf32> to vector<128x256xbf16>
//       CHECK:   %[[S:.*]] = arith.addf %[[T]], %[[R]]
//       CHECK:   %[[TWO:.*]] = arith.constant dense<2.000000e+00> : vector<128x256xbf16>
//       CHECK:   %[[M:.*]] = arith.mulf %[[S]], %[[TWO]]
//       CHECK:   nvtile.store %[[M]], %[[OUT]][%[[I]], %[[J]]]
func.func private @matmul(%a: tensor<72x100xbf16>, %b: tensor<136x72xbf16>, %bias: tensor<136xbf16>, %out: tensor<100x136xbf16>) -> tensor<100x136xbf16> attributes {orchestra.kernel, orchestra.nvtile = #policy} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant 0.0 : f32
  %nothing = arith.constant 0.0 : bf16
  %two = arith.constant 2.0 : bf16
  %pa = tensor.pad %a low[0, 0] high[56, 28] {
  ^bb0(%x: index, %y: index):
    tensor.yield %nothing : bf16
  } : tensor<72x100xbf16> to tensor<128x128xbf16>
  %pb = tensor.pad %b low[0, 0] high[120, 56] {
  ^bb0(%x: index, %y: index):
    tensor.yield %nothing : bf16
  } : tensor<136x72xbf16> to tensor<256x128xbf16>
  %pbias = tensor.pad %bias low[0] high[120] {
  ^bb0(%x: index):
    tensor.yield %nothing : bf16
  } : tensor<136xbf16> to tensor<256xbf16>
  %empty = tensor.empty() : tensor<128x256xbf16>
  %all = scf.forall (%i, %j) = (0, 0) to (128, 256) step (128, 256) shared_outs(%to = %empty) -> (tensor<128x256xbf16>) {
    %sa = tensor.extract_slice %pa[0, %i] [128, 128] [1, 1] : tensor<128x128xbf16> to tensor<128x128xbf16>
    %sb = tensor.extract_slice %pb[%j, 0] [256, 128] [1, 1] : tensor<256x128xbf16> to tensor<256x128xbf16>
    %sbias = tensor.extract_slice %pbias[%j] [256] [1] : tensor<256xbf16> to tensor<256xbf16>
    %e = tensor.empty() : tensor<128x256xf32>
    %init = linalg.fill ins(%zero : f32) outs(%e : tensor<128x256xf32>) -> tensor<128x256xf32>
    %acc = scf.for %k = %c0 to %c128 step %c64 iter_args(%c = %init) -> (tensor<128x256xf32>) {
      %ta = tensor.extract_slice %sa[%k, 0] [64, 128] [1, 1] : tensor<128x128xbf16> to tensor<64x128xbf16>
      %tb = tensor.extract_slice %sb[0, %k] [256, 64] [1, 1] : tensor<256x128xbf16> to tensor<256x64xbf16>
      %d = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%ta, %tb : tensor<64x128xbf16>, tensor<256x64xbf16>) outs(%c : tensor<128x256xf32>) -> tensor<128x256xf32>
      scf.yield %d : tensor<128x256xf32>
    }
    %o = tensor.extract_slice %to[%i, %j] [128, 256] [1, 1] : tensor<128x256xbf16> to tensor<128x256xbf16>
    %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%acc, %sbias : tensor<128x256xf32>, tensor<256xbf16>) outs(%o : tensor<128x256xbf16>) {
    ^bb0(%x: f32, %y: bf16, %z: bf16):
      %t = arith.truncf %x : f32 to bf16
      %s = arith.addf %t, %y : bf16
      %c2 = arith.constant 2.0 : bf16
      %m = arith.mulf %s, %c2 : bf16
      linalg.yield %m : bf16
    } -> tensor<128x256xbf16>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %r into %to[%i, %j] [128, 256] [1, 1] : tensor<128x256xbf16> into tensor<128x256xbf16>
    }
  }
  %result = tensor.extract_slice %all[0, 0] [100, 136] [1, 1] : tensor<128x256xbf16> to tensor<100x136xbf16>
  return %result : tensor<100x136xbf16>
}

// -----

// Other functions are left.
// CHECK-LABEL: func.func private @plain
//       CHECK:   tensor<4xf32>
func.func private @plain(%a: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel} {
  return %a : tensor<4xf32>
}
