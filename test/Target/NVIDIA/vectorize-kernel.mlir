// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-vectorize-kernel | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-vectorize-kernel --remarks-filter=nvidia --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// The accumulator is carried by the loop as a vector.
// CHECK-LABEL: func.func private @contraction
//       CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<4x4xf32>)
//       CHECK:   vector.contract {{.*}} into vector<4x4xf32>
//       CHECK:   scf.yield %{{.*}} : vector<4x4xf32>
//       CHECK: vector.transfer_write
func.func private @contraction(%a: tensor<4x32xf32>, %b: tensor<32x4xf32>, %out: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %mm = linalg.matmul ins(%a, %b : tensor<4x32xf32>, tensor<32x4xf32>) outs(%init : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %mm : tensor<4x4xf32>
}

// -----

// A row is walked in vectors of 16 bytes.
// CHECK-LABEL: func.func private @row
//       CHECK: scf.for {{.*}} step %c8
//       CHECK:   math.exp %{{.*}} : vector<8xf16>
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func private @row(%a: tensor<1x64xf16>, %out: tensor<1x64xf16>) -> tensor<1x64xf16> attributes {orchestra.kernel} {
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<1x64xf16>) outs(%out : tensor<1x64xf16>) {
  ^bb0(%x: f16, %o: f16):
    %m = math.exp %x : f16
    linalg.yield %m : f16
  } -> tensor<1x64xf16>
  return %r : tensor<1x64xf16>
}

// -----

// What the vectorizer refuses stays for scalar loops.
// CHECK-LABEL: func.func private @window
//       CHECK: linalg.pooling_nchw_max
// REMARK: op stays scalar
func.func private @window(%a: tensor<1x1x6x6xf32>, %w: tensor<3x3xf32>, %out: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> attributes {orchestra.kernel} {
  %r = linalg.pooling_nchw_max ins(%a, %w : tensor<1x1x6x6xf32>, tensor<3x3xf32>) outs(%out : tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  return %r : tensor<1x1x4x4xf32>
}
