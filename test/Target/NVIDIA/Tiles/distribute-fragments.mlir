// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-distribute-fragments | FileCheck %s

// A tile of 128 x 64 is 64 x 64 for each of two consumers: 32 accumulators a
// thread, four wgmma of 16 steps of k, 32 bytes apart.
!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
!b = memref<64x64xbf16, #gpu.address_space<workgroup>>
// CHECK-LABEL: func.func private @k_major
//       CHECK:   consumer {
//       CHECK:     %[[W:.*]] = nvtile.warpgroup
//       CHECK:     %[[Z:.*]] = arith.constant 0.000000e+00 : f32
//       CHECK:     %[[ACC:.*]]:32 = scf.for {{.*}} iter_args(
//   CHECK-DAG:       %[[HIGH:.*]] = arith.constant 4611686293305294848 : i64
//   CHECK-DAG:       %[[B:.*]] = nvtile.descriptor %{{.*}} k_major : memref<64x64xbf16
// Rows of the second consumer: 64 of 128 bytes on, in units of 16 bytes.
//       CHECK:       %[[UNIT:.*]] = arith.constant 512 : i32
//       CHECK:       %[[PART:.*]] = arith.muli %{{.*}}, %[[UNIT]]
//       CHECK:       %[[A:.*]] = nvtile.descriptor %{{.*}} k_major : memref<128x64xbf16
//       CHECK:       %[[MINE:.*]] = arith.addi %[[A]], %[[PART]]
// CHECK-COUNT-32:      llvm.insertvalue
//       CHECK:       nvvm.wgmma.fence.aligned
//       CHECK:       %[[BW:.*]] = arith.extui %[[B]] : i32 to i64
//       CHECK:       %[[BD:.*]] = arith.ori %[[BW]], %[[HIGH]]
//       CHECK:       %[[AW:.*]] = arith.extui %[[MINE]] : i32 to i64
//       CHECK:       %[[AD:.*]] = arith.ori %[[AW]], %[[HIGH]]
//       CHECK:       %[[D0:.*]] = nvvm.wgmma.mma_async %[[AD]], %[[BD]], {{.*}}m = 64, n = 64, k = 16{{.*}}<one>]{{.*}}<row>]{{.*}}<col>]
//       CHECK:       arith.addi %[[B]], %c2_i32
//       CHECK:       arith.addi %[[MINE]], %c2_i32
//       CHECK:       nvvm.wgmma.mma_async %{{.*}}, %{{.*}}, %[[D0]]
// CHECK-COUNT-2:       nvvm.wgmma.mma_async
//   CHECK-NOT:       nvvm.wgmma.mma_async
//       CHECK:       nvvm.wgmma.commit.group.sync.aligned
//       CHECK:       nvvm.wgmma.wait.group.sync.aligned 0
// CHECK-COUNT-32:      llvm.extractvalue
//       CHECK:       scf.yield
// Pairs of f32 are rounded together.
//       CHECK:     %[[P:.*]] = vector.from_elements %[[ACC]]#0, %[[ACC]]#1 : vector<2xf32>
//       CHECK:     arith.truncf %[[P]] : vector<2xf32> to vector<2xbf16>
//       CHECK:     %[[C64:.*]] = arith.constant 64 : index
//       CHECK:     %[[FIRST:.*]] = arith.muli %[[W]], %[[C64]]
//       CHECK:     %[[ROW:.*]] = arith.addi %{{.*}}, %[[FIRST]]
//       CHECK:     nvtile.store_fragment({{.*}}), %{{.*}}[%[[ROW]], %{{.*}}] rows = 64 columns = 64
//   CHECK-NOT:   vector<128x64
func.func private @k_major(%a: !a, %b: !b, %out: memref<512x512xbf16>, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  nvtile.roles consumers = 2 producer {
  } consumer {
    %zero = arith.constant dense<0.0> : vector<128x64xf32>
    %acc = scf.for %k = %c0 to %c8 step %c1 iter_args(%c = %zero) -> (vector<128x64xf32>) {
      %d = nvtile.mma %a, %b, %c transpose_b : !a, !b, vector<128x64xf32>
      scf.yield %d : vector<128x64xf32>
    }
    %t = arith.truncf %acc : vector<128x64xf32> to vector<128x64xbf16>
    nvtile.store %t, %out[%i, %i] : vector<128x64xbf16>, memref<512x512xbf16>
  }
  return
}

// -----

// Rows of k first: 16 of them are 2048 bytes; the second consumer's panel is 64
// rows of 128 bytes on.
!a = memref<64x128xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
// CHECK-LABEL: func.func private @mn_major
//   CHECK-NOT:   k_major :
//       CHECK:   arith.constant 512 : i32
//       CHECK:   nvvm.wgmma.mma_async {{.*}}<f16>{{.*}}<col>]{{.*}}<row>]
//       CHECK:   arith.constant 128 : i32
func.func private @mn_major(%a: !a, %b: !b, %out: memref<512x512xf32>, %i: index) {
  nvtile.roles consumers = 2 producer {
  } consumer {
    %zero = arith.constant dense<0.0> : vector<128x64xf32>
    %d = nvtile.mma %a, %b, %zero transpose_a : !a, !b, vector<128x64xf32>
    nvtile.store %d, %out[%i, %i] : vector<128x64xf32>, memref<512x512xf32>
  }
  return
}

// -----

// A row of bias is read once for all rows: 2 columns of each of 8, in bounds.
// CHECK-LABEL: func.func private @reads
//       CHECK:   %[[P:.*]] = builtin.unrealized_conversion_cast %{{.*}} : memref<520xbf16> to !llvm.ptr<1>
//       CHECK:   %[[LAST:.*]] = arith.constant 518 : index
//       CHECK:   %[[AT:.*]] = arith.minui %{{.*}}, %[[LAST]]
//       CHECK:   %[[WIDE:.*]] = arith.index_castui %[[AT]] : index to i64
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[P]][%[[WIDE]]] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, bf16
//       CHECK:   llvm.load %[[PLACE]] {alignment = 4 : i64} : !llvm.ptr<1> -> vector<2xbf16>
// CHECK-COUNT-7: llvm.load
//   CHECK-NOT:   llvm.load
func.func private @reads(%bias: memref<520xbf16>, %out: memref<512x520xbf16>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %b = nvtile.read %bias[%i] map = affine_map<(d0, d1) -> (d1)> : memref<520xbf16> -> vector<64x64xbf16>
    nvtile.store %b, %out[%i, %i] : vector<64x64xbf16>, memref<512x520xbf16>
  }
  return
}

// -----

// A slice of columns is a part of the registers.
// CHECK-LABEL: func.func private @slice
//       CHECK:   %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
//   CHECK-NOT:   extract_strided_slice
//       CHECK:   nvtile.store_fragment(%[[ONE]], %[[ONE]], %[[ONE]], %[[ONE]]), {{.*}} rows = 64 columns = 8
func.func private @slice(%out: memref<512x520xf32>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = arith.constant dense<1.0> : vector<64x16xf32>
    %s = vector.extract_strided_slice %v {offsets = [0, 8], sizes = [64, 8], strides = [1, 1]} : vector<64x16xf32> to vector<64x8xf32>
    nvtile.store %s, %out[%i, %i] : vector<64x8xf32>, memref<512x520xf32>
  }
  return
}

// -----

// The first operand in registers: four of them, pairs of 16 bits, are 64 rows
// and 16 steps of k. 32 steps of k are two instructions.
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
// CHECK-LABEL: func.func private @registers
//       CHECK:   nvtile.descriptor %{{.*}} : memref<64x64xf16
//   CHECK-NOT:   nvtile.descriptor
//       CHECK:   nvvm.wgmma.fence.aligned
// CHECK-COUNT-4: llvm.bitcast %{{.*}} : vector<2xf16> to i32
//       CHECK:   %[[FIRST:.*]] = llvm.inline_asm has_side_effects
//  CHECK-SAME:     wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {$0, $1,
//  CHECK-SAME:     {$32, $33, $34, $35}, $36, p, 1, 1, 1;
//  CHECK-SAME:     "=f,=f,{{.*}},r,r,r,r,l,0,1,2,
//  CHECK-SAME:     (i32, i32, i32, i32, i64, f32,
// CHECK-COUNT-4: llvm.bitcast %{{.*}} : vector<2xf16> to i32
//       CHECK:   llvm.extractvalue %[[FIRST]][0]
//       CHECK:   llvm.inline_asm
// CHECK-COUNT-2: llvm.inline_asm
//   CHECK-NOT:   llvm.inline_asm
//       CHECK:   nvvm.wgmma.wait.group.sync.aligned 0
func.func private @registers(%b: !b, %out: memref<512x512xf32>, %i: index) {
  nvtile.roles consumers = 2 producer {
  } consumer {
    %zero = arith.constant dense<0.0> : vector<128x64xf32>
    %a = arith.constant dense<1.0> : vector<128x64xf16>
    %d = nvtile.mma %a, %b, %zero : vector<128x64xf16>, !b, vector<128x64xf32>
    nvtile.store %d, %out[%i, %i] : vector<128x64xf32>, memref<512x512xf32>
  }
  return
}

// -----

// Columns of k: the second operand is not transposed, and bf16 is bf16.
!b = memref<64x64xbf16, #gpu.address_space<workgroup>>
// CHECK-LABEL: func.func private @registers_k_major
//       CHECK:   nvtile.descriptor %{{.*}} k_major
//       CHECK:   wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
//  CHECK-SAME:     $36, p, 1, 1, 0;
func.func private @registers_k_major(%b: !b, %out: memref<512x512xf32>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %a = arith.constant dense<1.0> : vector<64x64xbf16>
    %d = nvtile.mma %a, %b, %zero transpose_b : vector<64x64xbf16>, !b, vector<64x64xf32>
    nvtile.store %d, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  }
  return
}

// -----

// A consumer's rows are added to the index of the tile's first dimension.
// CHECK-LABEL: func.func private @dims
//  CHECK-SAME:   %[[I:[a-z0-9]+]]: index, %[[J:[a-z0-9]+]]: index)
//       CHECK:   %[[ROW:.*]] = arith.addi %[[I]], %{{.*}} : index
//       CHECK:   nvtile.store_fragment({{.*}}), %{{.*}}[%[[ROW]], %[[J]], %[[J]]] rows = 64 columns = 8 {dims = array<i64: 0, 2>}
func.func private @dims(%out: memref<512x12x64xf32>, %i: index, %j: index) {
  nvtile.roles consumers = 2 producer {
  } consumer {
    %v = arith.constant dense<1.0> : vector<128x8xf32>
    nvtile.store %v, %out[%i, %j, %j] {dims = array<i64: 0, 2>} : vector<128x8xf32>, memref<512x12x64xf32>
  }
  return
}

// -----

// A pending product is waited for later. The barrier of a consumer's turn is
// that of its number behind those of stores: 3 and 4 of two.
!a = memref<128x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
// CHECK-LABEL: func.func private @turns
//       CHECK:   %[[W:.*]] = nvtile.warpgroup
//       CHECK:   %[[IS:.*]] = arith.cmpi eq
//       CHECK:   scf.if %[[IS]]
//       CHECK:     %[[FIRST:.*]] = arith.constant 3 : i32
//       CHECK:     nvvm.barrier.arrive id = %[[FIRST]] number_of_threads = %{{.*}}
//       CHECK:   %[[C3:.*]] = arith.constant 3 : i32
//       CHECK:   %[[OWN:.*]] = arith.addi %{{.*}}, %[[C3]] : i32
//       CHECK:   nvvm.barrier id = %[[OWN]] number_of_threads = %{{.*}}
//       CHECK:   nvvm.wgmma.commit.group.sync.aligned
//   CHECK-NOT:   nvvm.wgmma.wait
//       CHECK:   %[[C4:.*]] = arith.constant 4 : i32
//       CHECK:   %[[OTHER:.*]] = arith.subi %[[C4]], %{{.*}} : i32
//       CHECK:   nvvm.barrier.arrive id = %[[OTHER]]
//       CHECK:   nvvm.wgmma.wait.group.sync.aligned 1
func.func private @turns(%a: !a, %b: !b, %out: memref<512x512xf32>, %i: index) {
  nvtile.roles consumers = 2 producer {
  } consumer {
    %zero = arith.constant dense<0.0> : vector<128x64xf32>
    nvtile.pass_turn first
    nvtile.take_turn
    %p = nvtile.mma %a, %b, %zero transpose_b pending : !a, !b, vector<128x64xf32>
    nvtile.pass_turn
    %d = nvtile.wait %p younger = 1 : vector<128x64xf32>
    nvtile.store %d, %out[%i, %i] : vector<128x64xf32>, memref<512x512xf32>
  }
  return
}
