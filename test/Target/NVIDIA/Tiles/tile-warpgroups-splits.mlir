// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Who shares a reduction, by the costs of Inputs/splits.strategy.mlir.
// RUN: orchestra-opt %s -split-input-file --orchestra-apply-strategy=file=%S/Inputs/splits.strategy.mlir | FileCheck %s

// Two tiles of 64 x 64 and 64 steps of 365 cycles: 8 blocks each make 8 steps of
// it, 2,920 + 2,000 + 1,500 cycles instead of 25,360.
// CHECK-LABEL: func.func private @few
//  CHECK-SAME:   #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 64, store_bytes = 128, split = 8>
func.func private @few(%a: tensor<64x4096xbf16>, %b: tensor<4096x128xbf16>, %out: tensor<64x128xf32>) -> tensor<64x128xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<64x128xf32>) -> tensor<64x128xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<64x4096xbf16>, tensor<4096x128xbf16>) outs(%init : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %mm : tensor<64x128xf32>
}

// -----

// 16 tiles by 64 blocks: no more than four can share one, for all of a cluster
// have to run at once.
// CHECK-LABEL: func.func private @four
//  CHECK-SAME:   split = 4>
func.func private @four(%a: tensor<256x4096xbf16>, %b: tensor<4096x256xbf16>, %out: tensor<256x256xf32>) -> tensor<256x256xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<256x256xf32>) -> tensor<256x256xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<256x4096xbf16>, tensor<4096x256xbf16>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
  return %mm : tensor<256x256xf32>
}

// -----

// Two steps are not worth a cluster.
// CHECK-LABEL: func.func private @short
//   CHECK-NOT:   split
//       CHECK:   return
func.func private @short(%a: tensor<64x128xbf16>, %b: tensor<128x128xbf16>, %out: tensor<64x128xf32>) -> tensor<64x128xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<64x128xf32>) -> tensor<64x128xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<64x128xbf16>, tensor<128x128xbf16>) outs(%init : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %mm : tensor<64x128xf32>
}

// -----

// Tiles for all: nothing to share.
// CHECK-LABEL: func.func private @many
//  CHECK-SAME:   #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 64, store_bytes = 256>
func.func private @many(%a: tensor<1024x4096xbf16>, %b: tensor<4096x2048xbf16>, %out: tensor<1024x2048xf32>) -> tensor<1024x2048xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<1024x2048xf32>) -> tensor<1024x2048xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<1024x4096xbf16>, tensor<4096x2048xbf16>) outs(%init : tensor<1024x2048xf32>) -> tensor<1024x2048xf32>
  return %mm : tensor<1024x2048xf32>
}
