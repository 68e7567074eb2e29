// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the pass leaves alone; the passes behind it refuse it.
// RUN: orchestra-opt %s --orchestra-nvidia-vectorize-kernel | FileCheck %s

// CHECK-NOT: vector<

// A size that is not known makes no vector.
// CHECK-LABEL: func.func private @dynamic
// CHECK: linalg.generic
#id = affine_map<(d0) -> (d0)>
func.func private @dynamic(%a: tensor<?xf32>, %out: tensor<?xf32>) -> tensor<?xf32> attributes {orchestra.kernel} {
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<?xf32>) outs(%out : tensor<?xf32>) {
  ^bb0(%x: f32, %o: f32):
    %m = math.exp %x : f32
    linalg.yield %m : f32
  } -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// Not a kernel: the host program.
// CHECK-LABEL: func.func @host
// CHECK: linalg.generic
func.func @host(%a: tensor<8xf32>, %out: tensor<8xf32>) -> tensor<8xf32> {
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<8xf32>) outs(%out : tensor<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %m = math.exp %x : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
