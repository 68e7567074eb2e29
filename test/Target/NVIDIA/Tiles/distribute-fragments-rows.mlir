// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Numbers of rows: of each 64 rows a thread has those of two, eight apart.
// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-distribute-fragments --canonicalize --cse | FileCheck %s

// First the four elements of a row that a thread has, then those of the three
// threads beside it. The second row's come after the first's.
// CHECK-LABEL: func.func private @reduce
//   CHECK-DAG:   %[[ALL:.*]] = arith.constant -1 : i32
//   CHECK-DAG:   %[[ONE:.*]] = arith.constant 1 : i32
//   CHECK-DAG:   %[[TWO:.*]] = arith.constant 2 : i32
//   CHECK-DAG:   %[[LAST:.*]] = arith.constant 31 : i32
//       CHECK:   %[[E0:.*]] = vector.extract %[[P0:[a-z0-9]+]][0]
//       CHECK:   %[[E1:.*]] = vector.extract %[[P0]][1]
//       CHECK:   vector.extract %[[Q0:[a-z0-9]+]][0]
//       CHECK:   %[[E2:.*]] = vector.extract %[[P1:[a-z0-9]+]][0]
//       CHECK:   %[[E3:.*]] = vector.extract %[[P1]][1]
//       CHECK:   %[[A:.*]] = arith.maximumf %[[E0]], %[[E1]]
//       CHECK:   %[[B:.*]] = arith.maximumf %[[E2]], %[[E3]]
//       CHECK:   %[[OWN:.*]] = arith.maximumf %[[A]], %[[B]]
//       CHECK:   %[[NEXT:.*]] = nvvm.shfl.sync bfly %[[ALL]], %[[OWN]], %[[ONE]], %[[LAST]] : f32 -> f32
//       CHECK:   %[[OF2:.*]] = arith.maximumf %[[OWN]], %[[NEXT]]
//       CHECK:   %[[AFTER:.*]] = nvvm.shfl.sync bfly %[[ALL]], %[[OF2]], %[[TWO]], %[[LAST]] : f32 -> f32
//       CHECK:   %[[OF4:.*]] = arith.maximumf %[[OF2]], %[[AFTER]]
//       CHECK:   %[[ROW0:.*]] = arith.maximumf %[[START:.*]], %[[OF4]] : f32
// CHECK-COUNT-2: nvvm.shfl.sync bfly
//       CHECK:   %[[ROW1:.*]] = arith.maximumf %[[START]], %{{.*}} : f32
//       CHECK:   %[[D0:.*]] = arith.addf %[[ROW0]], %[[ROW0]] : f32
//       CHECK:   %[[D1:.*]] = arith.addf %[[ROW1]], %[[ROW1]] : f32
// A row's number stands in both registers of each pair.
//       CHECK:   nvtile.store_fragment(%[[D0]], %[[D0]], %[[D1]], %[[D1]])
func.func private @reduce(%x: memref<512x512xf32>, %out: memref<512x512xf32>, %i: index, %start: f32) {
  nvtile.roles consumers = 2 producer {
  } consumer {
    %v = nvtile.read %x[%i, %i] map = affine_map<(d0, d1) -> (d0, d1)> : memref<512x512xf32> -> vector<128x16xf32>
    %s = vector.broadcast %start : f32 to vector<128xf32>
    %m = vector.multi_reduction <maximumf>, %v, %s [1] : vector<128x16xf32> to vector<128xf32>
    %d = arith.addf %m, %m : vector<128xf32>
    %r = nvtile.repeat %d : vector<128xf32> -> vector<128x8xf32>
    nvtile.store %r, %out[%i, %i] : vector<128x8xf32>, memref<512x512xf32>
  }
  return
}

// -----

// Of 128 rows of one consumer a thread has four; sums are sums.
// CHECK-LABEL: func.func private @four_rows
// CHECK-COUNT-8: nvvm.shfl.sync bfly
//   CHECK-NOT:   nvvm.shfl
//   CHECK-NOT:   arith.maximumf
//       CHECK:   nvtile.store_fragment(%[[R0:[0-9]+]], %[[R0]], %[[R1:[0-9]+]], %[[R1]], %[[R2:[0-9]+]], %[[R2]], %[[R3:[0-9]+]], %[[R3]]){{.*}} rows = 128 columns = 8
func.func private @four_rows(%x: memref<512x512xf32>, %out: memref<512x512xf32>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = nvtile.read %x[%i, %i] map = affine_map<(d0, d1) -> (d0, d1)> : memref<512x512xf32> -> vector<128x8xf32>
    %zero = arith.constant dense<0.0> : vector<128xf32>
    %m = vector.multi_reduction <add>, %v, %zero [1] : vector<128x8xf32> to vector<128xf32>
    %r = nvtile.repeat %m : vector<128xf32> -> vector<128x8xf32>
    nvtile.store %r, %out[%i, %i] : vector<128x8xf32>, memref<512x512xf32>
  }
  return
}

// -----

// Loops carry them.
// CHECK-LABEL: func.func private @carried
//       CHECK:   %[[LOW:.*]] = arith.constant 0xFF800000 : f32
//       CHECK:   %[[M:.*]]:2 = scf.for {{.*}} iter_args(%[[M0:.*]] = %[[LOW]], %[[M1:.*]] = %[[LOW]]) -> (f32, f32)
//       CHECK:     %[[N0:.*]] = arith.maximumf %[[M0]], %{{.*}} : f32
//       CHECK:     %[[N1:.*]] = arith.maximumf %[[M1]], %{{.*}} : f32
//       CHECK:     scf.yield %[[N0]], %[[N1]]
//       CHECK:   nvtile.store_fragment(%[[M]]#0, %[[M]]#0, %[[M]]#1, %[[M]]#1)
func.func private @carried(%x: memref<512x512xf32>, %out: memref<512x512xf32>, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  nvtile.roles consumers = 1 producer {
  } consumer {
    %low = arith.constant dense<0xFF800000> : vector<64xf32>
    %m = scf.for %k = %c0 to %i step %c1 iter_args(%g = %low) -> (vector<64xf32>) {
      %v = nvtile.read %x[%k, %i] map = affine_map<(d0, d1) -> (d0, d1)> : memref<512x512xf32> -> vector<64x8xf32>
      %n = vector.multi_reduction <maximumf>, %v, %g [1] : vector<64x8xf32> to vector<64xf32>
      scf.yield %n : vector<64xf32>
    }
    %r = nvtile.repeat %m : vector<64xf32> -> vector<64x8xf32>
    nvtile.store %r, %out[%i, %i] : vector<64x8xf32>, memref<512x512xf32>
  }
  return
}

// -----

// A pair of 16 bits is one register: the number of its row in both halves.
// CHECK-LABEL: func.func private @halves
//       CHECK:   %[[R0:.*]] = arith.truncf %{{.*}} : f32 to f16
//       CHECK:   %[[R1:.*]] = arith.truncf %{{.*}} : f32 to f16
//       CHECK:   %[[P0:.*]] = vector.broadcast %[[R0]] : f16 to vector<2xf16>
//       CHECK:   %[[P1:.*]] = vector.broadcast %[[R1]] : f16 to vector<2xf16>
//       CHECK:   nvtile.store_fragment(%[[P0]], %[[P1]], %[[P0]], %[[P1]])
func.func private @halves(%x: memref<512x512xf32>, %out: memref<512x512xf16>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = nvtile.read %x[%i, %i] map = affine_map<(d0, d1) -> (d0, d1)> : memref<512x512xf32> -> vector<64x8xf32>
    %zero = arith.constant dense<0.0> : vector<64xf32>
    %m = vector.multi_reduction <add>, %v, %zero [1] : vector<64x8xf32> to vector<64xf32>
    %t = arith.truncf %m : vector<64xf32> to vector<64xf16>
    %r = nvtile.repeat %t : vector<64xf16> -> vector<64x16xf16>
    nvtile.store %r, %out[%i, %i] : vector<64x16xf16>, memref<512x512xf16>
  }
  return
}

// -----

// Row: 64 for each consumer, 16 for each warp, a row for each four threads, the
// second 8 on. Column: 2 for each of four threads, 8 on for the next eight.
// CHECK-LABEL: func.func private @position
//   CHECK-DAG:   %[[C1:.*]] = arith.constant 1 : index
//   CHECK-DAG:   %[[C2:.*]] = arith.constant 2 : index
//   CHECK-DAG:   %[[C3:.*]] = arith.constant 3 : index
//   CHECK-DAG:   %[[C5:.*]] = arith.constant 5 : index
//   CHECK-DAG:   %[[C7:.*]] = arith.constant 7 : index
//   CHECK-DAG:   %[[C8:.*]] = arith.constant 8 : index
//   CHECK-DAG:   %[[C9:.*]] = arith.constant 9 : index
//   CHECK-DAG:   %[[C16:.*]] = arith.constant 16 : index
//   CHECK-DAG:   %[[C64:.*]] = arith.constant 64 : index
//       CHECK:   %[[W:.*]] = nvtile.warpgroup
//       CHECK:   %[[T32:.*]] = nvvm.read.ptx.sreg.tid.x
//       CHECK:   %[[T:.*]] = arith.index_cast %[[T32]]
//       CHECK:   %[[OFW:.*]] = arith.muli %[[W]], %[[C64]]
//       CHECK:   %[[WARPS:.*]] = arith.shrui %[[T]], %[[C5]]
//       CHECK:   %[[WARP:.*]] = arith.andi %[[WARPS]], %[[C3]]
//       CHECK:   %[[OFWARP:.*]] = arith.muli %[[WARP]], %[[C16]]
//       CHECK:   %[[TO:.*]] = arith.addi %[[OFW]], %[[OFWARP]]
//       CHECK:   %[[FOURS:.*]] = arith.shrui %[[T]], %[[C2]]
//       CHECK:   %[[FOUR:.*]] = arith.andi %[[FOURS]], %[[C7]]
//       CHECK:   %[[R0:.*]] = arith.addi %[[TO]], %[[FOUR]]
//       CHECK:   %[[R8:.*]] = arith.addi %[[R0]], %[[C8]]
//       CHECK:   %[[IN4:.*]] = arith.andi %[[T]], %[[C3]]
//       CHECK:   %[[K0:.*]] = arith.muli %[[IN4]], %[[C2]]
//       CHECK:   %[[K1:.*]] = arith.addi %[[K0]], %[[C1]]
//       CHECK:   %[[K8:.*]] = arith.addi %[[K0]], %[[C8]]
//       CHECK:   %[[K9:.*]] = arith.addi %[[K0]], %[[C9]]
//       CHECK:   arith.cmpi sle, %[[K0]], %[[R0]]
//       CHECK:   arith.cmpi sle, %[[K1]], %[[R0]]
//       CHECK:   arith.cmpi sle, %[[K0]], %[[R8]]
//       CHECK:   arith.cmpi sle, %[[K1]], %[[R8]]
//       CHECK:   arith.cmpi sle, %[[K8]], %[[R0]]
//       CHECK:   arith.cmpi sle, %[[K9]], %[[R0]]
//       CHECK:   arith.cmpi sle, %[[K8]], %[[R8]]
//       CHECK:   arith.cmpi sle, %[[K9]], %[[R8]]
// CHECK-COUNT-8: arith.select %{{.*}} : f32
//   CHECK-NOT:   arith.select
func.func private @position(%out: memref<512x512xf32>, %i: index, %x: f32, %y: f32) {
  nvtile.roles consumers = 2 producer {
  } consumer {
    %a = vector.broadcast %x : f32 to vector<128x16xf32>
    %b = vector.broadcast %y : f32 to vector<128x16xf32>
    %r = nvtile.position dim = 0 : vector<128x16xindex>
    %c = nvtile.position dim = 1 : vector<128x16xindex>
    %s = arith.cmpi sle, %c, %r : vector<128x16xindex>
    %v = arith.select %s, %a, %b : vector<128x16xi1>, vector<128x16xf32>
    nvtile.store %v, %out[%i, %i] : vector<128x16xf32>, memref<512x512xf32>
  }
  return
}
