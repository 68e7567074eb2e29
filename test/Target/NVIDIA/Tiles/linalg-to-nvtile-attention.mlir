// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What attention needs: rows reduced to numbers, numbers spread over rows, tiles
// computed in registers as operands, loads outside of loops.
// RUN: orchestra-opt %s -split-input-file --orchestra-linalg-to-nvtile | FileCheck %s

#policy = #nvtile.policy<stages = 2, consumers = 2, group = 8, blocks = 4, store_bytes = 128>
#tile = affine_map<(m, n) -> (m, n)>
#row = affine_map<(m, n) -> (m)>
#one = affine_map<(m) -> (m)>

// A tensor of one dimension is a number a row; a tile of two that reads it
// repeats it. Where a row stands is a position.
// CHECK-LABEL: func.func private @rows
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: memref<128x64xf32>, %[[OUT:[a-z0-9]+]]: memref<128x64xf32>)
//       CHECK:   %[[LOW:.*]] = arith.constant dense<0xFF800000> : vector<128xf32>
//       CHECK:   %[[V:.*]] = nvtile.read %[[X]]
//       CHECK:   %[[M:.*]] = vector.multi_reduction <maximumf>, %[[V]], %[[LOW]] [1] : vector<128x64xf32> to vector<128xf32>
//       CHECK:   %[[D:.*]] = arith.addf %[[M]], %[[M]] : vector<128xf32>
//       CHECK:   %[[R:.*]] = nvtile.repeat %[[D]] : vector<128xf32> -> vector<128x64xf32>
//       CHECK:   %[[S:.*]] = arith.subf %{{.*}}, %[[R]] : vector<128x64xf32>
//       CHECK:   %[[J:.*]] = nvtile.position dim = 1 : vector<128x64xindex>
//       CHECK:   %[[I:.*]] = nvtile.position dim = 0 : vector<128x64xindex>
//       CHECK:   %[[C:.*]] = arith.cmpi sle, %[[J]], %[[I]] : vector<128x64xindex>
//       CHECK:   arith.select %[[C]], %[[S]], %{{.*}} : vector<128x64xi1>, vector<128x64xf32>
//       CHECK:   nvtile.store
func.func private @rows(%x: tensor<128x64xf32>, %out: tensor<128x64xf32>) -> tensor<128x64xf32> attributes {orchestra.kernel, orchestra.nvtile = #policy} {
  %low = arith.constant 0xFF800000 : f32
  %all = scf.forall (%i) = (0) to (128) step (128) shared_outs(%to = %out) -> (tensor<128x64xf32>) {
    %e = tensor.empty() : tensor<128xf32>
    %init = linalg.fill ins(%low : f32) outs(%e : tensor<128xf32>) -> tensor<128xf32>
    %sx = tensor.extract_slice %x[%i, 0] [128, 64] [1, 1] : tensor<128x64xf32> to tensor<128x64xf32>
    %m = linalg.generic {indexing_maps = [#tile, #row], iterator_types = ["parallel", "reduction"]} ins(%sx : tensor<128x64xf32>) outs(%init : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32):
      %g = arith.maximumf %a, %b : f32
      linalg.yield %g : f32
    } -> tensor<128xf32>
    %d = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%m : tensor<128xf32>) outs(%e : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32):
      %g = arith.addf %a, %a : f32
      linalg.yield %g : f32
    } -> tensor<128xf32>
    %o = tensor.extract_slice %to[%i, 0] [128, 64] [1, 1] : tensor<128x64xf32> to tensor<128x64xf32>
    %r = linalg.generic {indexing_maps = [#tile, #row, #tile], iterator_types = ["parallel", "parallel"]} ins(%sx, %d : tensor<128x64xf32>, tensor<128xf32>) outs(%o : tensor<128x64xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %s = arith.subf %a, %b : f32
      %column = linalg.index 1 : index
      %row = linalg.index 0 : index
      %sees = arith.cmpi sle, %column, %row : index
      %t = arith.select %sees, %s, %low : f32
      linalg.yield %t : f32
    } -> tensor<128x64xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %r into %to[%i, 0] [128, 64] [1, 1] : tensor<128x64xf32> into tensor<128x64xf32>
    }
  }
  return %all : tensor<128x64xf32>
}

// -----

#policy = #nvtile.policy<stages = 2, consumers = 2, group = 8, blocks = 4, store_bytes = 128>
#tile = affine_map<(m, n) -> (m, n)>
// The query does not depend on the loop over keys: it is loaded once. A head is
// an index between those of rows and columns. The weights stay in registers.
// CHECK-LABEL: func.func private @products
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: memref<128x4x64xf16>, %[[K:[a-z0-9]+]]: memref<512x4x64xf16>, %[[OUT:[a-z0-9]+]]: memref<128x4x64xf16>)
//       CHECK:   scf.forall (%[[H:.*]], %[[I:.*]]) = (0, 0) to (4, 128) step (1, 128)
//       CHECK:     %[[TQ:.*]] = nvtile.load %[[Q]][%[[I]], %[[H]], %{{.*}}] {dims = array<i64: 0, 2>} : memref<128x4x64xf16> -> memref<128x64xf16,
//       CHECK:     scf.for %[[S:[a-z0-9]+]] = {{.*}} iter_args(%[[C:.*]] = %{{.*}}) -> (vector<128x64xf32>)
//   CHECK-NOT:       nvtile.load %[[Q]]
//       CHECK:       %[[TK:.*]] = nvtile.load %[[K]][%[[S]], %[[H]], %{{.*}}] {dims = array<i64: 0, 2>} : memref<512x4x64xf16> -> memref<64x64xf16,
//       CHECK:       %[[SCORES:.*]] = nvtile.mma %[[TQ]], %[[TK]], %{{.*}} transpose_b
//       CHECK:       %[[W:.*]] = arith.truncf %[[SCORES]] : vector<128x64xf32> to vector<128x64xf16>
//       CHECK:       %[[TV:.*]] = nvtile.load %[[K]][%[[S]], %[[H]],
//       CHECK:       nvtile.mma %[[W]], %[[TV]], %[[C]] : vector<128x64xf16>, memref<64x64xf16, {{.*}}>, vector<128x64xf32>
//       CHECK:     %[[T:.*]] = arith.truncf
//       CHECK:     nvtile.store %[[T]], %[[OUT]][%[[I]], %[[H]], %{{.*}}] {dims = array<i64: 0, 2>} : vector<128x64xf16>, memref<128x4x64xf16>
func.func private @products(%q: tensor<128x4x64xf16>, %k: tensor<512x4x64xf16>, %out: tensor<128x4x64xf16>) -> tensor<128x4x64xf16> attributes {orchestra.kernel, orchestra.nvtile = #policy} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant 0.0 : f32
  %all = scf.forall (%h, %i) = (0, 0) to (4, 128) step (1, 128) shared_outs(%to = %out) -> (tensor<128x4x64xf16>) {
    %sq = tensor.extract_slice %q[%i, %h, 0] [128, 1, 64] [1, 1, 1] : tensor<128x4x64xf16> to tensor<128x64xf16>
    %sk = tensor.extract_slice %k[0, %h, 0] [512, 1, 64] [1, 1, 1] : tensor<512x4x64xf16> to tensor<512x64xf16>
    %e = tensor.empty() : tensor<128x64xf32>
    %init = linalg.fill ins(%zero : f32) outs(%e : tensor<128x64xf32>) -> tensor<128x64xf32>
    %acc = scf.for %s = %c0 to %c512 step %c64 iter_args(%c = %init) -> (tensor<128x64xf32>) {
      %tk = tensor.extract_slice %sk[%s, 0] [64, 64] [1, 1] : tensor<512x64xf16> to tensor<64x64xf16>
      %scores = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%sq, %tk : tensor<128x64xf16>, tensor<64x64xf16>) outs(%init : tensor<128x64xf32>) -> tensor<128x64xf32>
      %ew = tensor.empty() : tensor<128x64xf16>
      %w = linalg.generic {indexing_maps = [#tile, #tile], iterator_types = ["parallel", "parallel"]} ins(%scores : tensor<128x64xf32>) outs(%ew : tensor<128x64xf16>) {
      ^bb0(%a: f32, %b: f16):
        %t = arith.truncf %a : f32 to f16
        linalg.yield %t : f16
      } -> tensor<128x64xf16>
      %d = linalg.matmul ins(%w, %tk : tensor<128x64xf16>, tensor<64x64xf16>) outs(%c : tensor<128x64xf32>) -> tensor<128x64xf32>
      scf.yield %d : tensor<128x64xf32>
    }
    %o = tensor.extract_slice %to[%i, %h, 0] [128, 1, 64] [1, 1, 1] : tensor<128x4x64xf16> to tensor<128x1x64xf16>
    %eo = tensor.empty() : tensor<128x64xf16>
    %r = linalg.generic {indexing_maps = [#tile, #tile], iterator_types = ["parallel", "parallel"]} ins(%acc : tensor<128x64xf32>) outs(%eo : tensor<128x64xf16>) {
    ^bb0(%a: f32, %b: f16):
      %t = arith.truncf %a : f32 to f16
      linalg.yield %t : f16
    } -> tensor<128x64xf16>
    %whole = tensor.insert_slice %r into %o[0, 0, 0] [128, 1, 64] [1, 1, 1] : tensor<128x64xf16> into tensor<128x1x64xf16>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %whole into %to[%i, %h, 0] [128, 1, 64] [1, 1, 1] : tensor<128x1x64xf16> into tensor<128x4x64xf16>
    }
  }
  return %all : tensor<128x4x64xf16>
}
