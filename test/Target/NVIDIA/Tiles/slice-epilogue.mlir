// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-slice-epilogue | FileCheck %s

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// 256 bytes of bf16 are 128 columns: two slices, each with its part of all that
// stands in front of the store. The accumulators stay whole.
// CHECK-LABEL: func.func private @two
//  CHECK-SAME:   %[[ACC:.*]]: vector<128x256xf32>, %[[BIAS:.*]]: memref<512xbf16>, %[[OUT:.*]]: memref<512x512xbf16>, %[[I:.*]]: index)
//       CHECK:   %[[S0:.*]] = vector.extract_strided_slice %[[ACC]] {offsets = [0, 0], sizes = [128, 128], strides = [1, 1]}
//       CHECK:   %[[T0:.*]] = arith.truncf %[[S0]] : vector<128x128xf32> to vector<128x128xbf16>
//       CHECK:   %[[B0:.*]] = nvtile.read %[[BIAS]][%[[I]]] {{.*}} -> vector<128x128xbf16>
//       CHECK:   %[[A0:.*]] = arith.addf %[[T0]], %[[B0]]
//       CHECK:   %[[Z0:.*]] = arith.constant dense<0.000000e+00> : vector<128x128xbf16>
//       CHECK:   %[[M0:.*]] = arith.maximumf %[[A0]], %[[Z0]]
//       CHECK:   nvtile.store %[[M0]], %[[OUT]][%[[I]], %[[I]]]
//       CHECK:   vector.extract_strided_slice %[[ACC]] {offsets = [0, 128],
//       CHECK:   %[[J:.*]] = arith.addi %[[I]], %c128
//       CHECK:   nvtile.read %[[BIAS]][%[[J]]]
//       CHECK:   %[[J2:.*]] = arith.addi %[[I]], %c128
//       CHECK:   nvtile.store %{{.*}}, %[[OUT]][%[[I]], %[[J2]]] : vector<128x128xbf16>
//   CHECK-NOT:   128x256xbf16
func.func private @two(%acc: vector<128x256xf32>, %bias: memref<512xbf16>, %out: memref<512x512xbf16>, %i: index) attributes {orchestra.nvtile = #policy} {
  %zero = arith.constant dense<0.0> : vector<128x256xbf16>
  %t = arith.truncf %acc : vector<128x256xf32> to vector<128x256xbf16>
  %b = nvtile.read %bias[%i] map = affine_map<(d0, d1) -> (d1)> : memref<512xbf16> -> vector<128x256xbf16>
  %s = arith.addf %t, %b : vector<128x256xbf16>
  %m = arith.maximumf %s, %zero : vector<128x256xbf16>
  nvtile.store %m, %out[%i, %i] : vector<128x256xbf16>, memref<512x512xbf16>
  return
}

// -----

// Narrow tiles are stored whole.
// CHECK-LABEL: func.func private @one
//   CHECK-NOT:   extract_strided_slice
func.func private @one(%acc: vector<128x128xbf16>, %out: memref<512x512xbf16>, %i: index) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>} {
  nvtile.store %acc, %out[%i, %i] : vector<128x128xbf16>, memref<512x512xbf16>
  return
}

// -----

// A row's number is repeated over as many columns; a dimension of heads between
// rows and columns stays.
// CHECK-LABEL: func.func private @rows
//  CHECK-SAME:   %[[SUMS:[a-z0-9]+]]: vector<128xf32>, %[[OUT:[a-z0-9]+]]: memref<512x4x128xbf16>, %[[I:[a-z0-9]+]]: index)
// CHECK-COUNT-2: nvtile.repeat %[[SUMS]] : vector<128xf32> -> vector<128x64xf32>
//       CHECK:   %[[J:.*]] = arith.addi %[[I]], %c64
//       CHECK:   nvtile.store %{{.*}}, %[[OUT]][%[[I]], %[[I]], %[[J]]] {dims = array<i64: 0, 2>} : vector<128x64xbf16>
func.func private @rows(%acc: vector<128x128xf32>, %sums: vector<128xf32>, %out: memref<512x4x128xbf16>, %i: index) attributes {orchestra.nvtile = #nvtile.policy<stages = 2, consumers = 2, group = 8, blocks = 132, store_bytes = 128>} {
  %r = nvtile.repeat %sums : vector<128xf32> -> vector<128x128xf32>
  %d = arith.divf %acc, %r : vector<128x128xf32>
  %t = arith.truncf %d : vector<128x128xf32> to vector<128x128xbf16>
  nvtile.store %t, %out[%i, %i, %i] {dims = array<i64: 0, 2>} : vector<128x128xbf16>, memref<512x4x128xbf16>
  return
}
