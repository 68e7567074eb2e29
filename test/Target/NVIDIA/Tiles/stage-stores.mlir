// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-stage-stores | FileCheck %s

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// 64 rows of 256 bytes for each consumer; 16 registers are 64 columns, one box.
// CHECK-LABEL: func.func private @halves
//       CHECK:   %[[ALL:.*]] = nvtile.shared bytes = 32768 alignment = 1024
//       CHECK:   consumer {
//       CHECK:     %[[MINE:.*]] = llvm.getelementptr %[[ALL]]
// The buffer is free when the copy engine has read it.
//       CHECK:     scf.if
//       CHECK:       nvvm.cp.async.bulk.wait_group 0 {read}
//       CHECK:     nvvm.barrier id = %{{.*}} number_of_threads = %{{.*}}
// Chunks of 16 bytes change places with the row.
//       CHECK:     arith.xori
// CHECK-COUNT-4:     nvvm.stmatrix %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {
//   CHECK-NOT:     nvvm.stmatrix
//       CHECK:     nvvm.fence.proxy
//       CHECK:     nvvm.barrier
//       CHECK:     scf.if
//       CHECK:       nvtile.bulk_store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] rows = 64 columns = 64
//       CHECK:       nvvm.cp.async.bulk.commit.group
//       CHECK:     scf.if
//       CHECK:       nvvm.cp.async.bulk.wait_group 0
//   CHECK-NOT:   store_fragment
func.func private @halves(%out: memref<512x512xbf16>, %i: index, %v: vector<2xbf16>) attributes {orchestra.nvtile = #policy} {
  nvtile.roles consumers = 2 producer {
  } consumer {
    nvtile.store_fragment (%v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v), %out[%i, %i] rows = 64 columns = 64 : memref<512x512xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>
  }
  return
}

// -----

// Words are stored in pairs; 32 columns are a box.
// CHECK-LABEL: func.func private @words
// CHECK-COUNT-8: llvm.store %{{.*}} {alignment = 8 : i64} : vector<2xf32>, !llvm.ptr<3>
//   CHECK-NOT:   llvm.store
//       CHECK:   nvtile.bulk_store %{{.*}} rows = 64 columns = 32
func.func private @words(%out: memref<512x512xf32>, %i: index, %v: f32) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>} {
  nvtile.roles consumers = 2 producer {
  } consumer {
    nvtile.store_fragment (%v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v), %out[%i, %i] rows = 64 columns = 32 : memref<512x512xf32>, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32
  }
  return
}

// -----

// Tiles narrower than a panel go straight to memory, pairs that are in bounds.
// CHECK-LABEL: func.func private @narrow
//  CHECK-SAME:   %[[OUT:.*]]: memref<100x40xbf16>, %[[I:[a-z0-9]+]]: index, %[[J:[a-z0-9]+]]: index,
//   CHECK-NOT:   nvtile.shared
//       CHECK:   consumer {
//       CHECK:     %[[P:.*]] = builtin.unrealized_conversion_cast %[[OUT]] : memref<100x40xbf16> to !llvm.ptr<1>
//       CHECK:     %[[C100:.*]] = arith.constant 100 : index
//       CHECK:     %[[ROWS:.*]] = arith.cmpi ult, %[[ROW:.*]], %[[C100]]
//       CHECK:     %[[C40:.*]] = arith.constant 40 : index
//       CHECK:     %[[COLUMNS:.*]] = arith.cmpi ult, %[[COLUMN:.*]], %[[C40]]
//       CHECK:     %[[IN:.*]] = arith.andi %[[ROWS]], %[[COLUMNS]]
//       CHECK:     scf.if %[[IN]]
//       CHECK:       %[[AT:.*]] = llvm.getelementptr %[[P]][%{{.*}}] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, bf16
//       CHECK:       llvm.store %{{.*}}, %[[AT]] {alignment = 4 : i64} : vector<2xbf16>, !llvm.ptr<1>
// CHECK-COUNT-3:   llvm.store %{{.*}} : vector<2xbf16>, !llvm.ptr<1>
//   CHECK-NOT:   llvm.store
//   CHECK-NOT:   store_fragment
//   CHECK-NOT:   bulk
func.func private @narrow(%out: memref<100x40xbf16>, %i: index, %j: index, %v: vector<2xbf16>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128>} {
  nvtile.roles consumers = 1 producer {
  } consumer {
    nvtile.store_fragment (%v, %v, %v, %v), %out[%i, %j] rows = 64 columns = 16 : memref<100x40xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>
  }
  return
}

// -----

// Words are packed in pairs.
// CHECK-LABEL: func.func private @narrow_words
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: f32, %[[Y:[a-z0-9]+]]: f32)
// CHECK-COUNT-2: vector.from_elements %[[X]], %[[Y]] : vector<2xf32>
//   CHECK-NOT:   from_elements
//       CHECK:   llvm.store %{{.*}} {alignment = 8 : i64} : vector<2xf32>, !llvm.ptr<1>
func.func private @narrow_words(%out: memref<100x40xf32>, %i: index, %x: f32, %y: f32) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128>} {
  nvtile.roles consumers = 1 producer {
  } consumer {
    nvtile.store_fragment (%x, %y, %x, %y), %out[%i, %i] rows = 64 columns = 8 : memref<100x40xf32>, f32, f32, f32, f32
  }
  return
}

// -----

// Rows of 64 and boxes are counted along the tile's own dimensions.
// CHECK-LABEL: func.func private @heads
//  CHECK-SAME:   %[[I:[a-z0-9]+]]: index, %[[H:[a-z0-9]+]]: index,
//       CHECK:   nvtile.bulk_store %{{.*}}, %{{.*}}[%[[I]], %[[H]], %[[H]]] rows = 64 columns = 64 {dims = array<i64: 0, 2>} : memref<512x12x64xbf16>
func.func private @heads(%out: memref<512x12x64xbf16>, %i: index, %h: index, %v: vector<2xbf16>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128>} {
  nvtile.roles consumers = 1 producer {
  } consumer {
    nvtile.store_fragment (%v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v), %out[%i, %h, %h] rows = 64 columns = 64 {dims = array<i64: 0, 2>} : memref<512x12x64xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>
  }
  return
}
