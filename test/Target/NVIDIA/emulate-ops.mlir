// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-emulated-lower-device-ops=arch=nvidia_hopper | FileCheck %s

// Barriers: of the group, of a part of it, in shared memory.
// CHECK-LABEL: func.func private @barriers
// CHECK-SAME:  (%[[ITEM:.*]]: !llvm.ptr, %[[B:.*]]: !llvm.ptr)
// CHECK-DAG:   %[[ONLY:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK-DAG:   %[[NO:.*]] = llvm.mlir.constant(0 : i32) : i32
// CHECK-DAG:   %[[C1:.*]] = arith.constant 1 : i32
// CHECK-DAG:   %[[C128:.*]] = arith.constant 128 : i32
// CHECK-DAG:   %[[ONCE:.*]] = llvm.mlir.constant(1 : i64) : i64
// CHECK-DAG:   %[[NONE:.*]] = llvm.mlir.constant(0 : i64) : i64
// CHECK-DAG:   %[[BYTES:.*]] = arith.constant 128 : i64
// CHECK:       llvm.call @orch_emulated_mbarrier_init(%[[ITEM]], %[[B]],
// CHECK-NEXT:  llvm.call @orch_emulated_barrier(
// CHECK-NEXT:  llvm.call @orch_emulated_named_barrier(%[[ITEM]], %[[C1]], %[[C128]], %[[NO]],
// CHECK-NEXT:  llvm.call @orch_emulated_named_barrier(%[[ITEM]], %[[C1]], %[[C128]], %[[ONLY]],
// CHECK-NEXT:  llvm.call @orch_emulated_mbarrier_arrive(%[[ITEM]], %[[B]], %[[ONCE]], %[[NONE]],
// CHECK-NEXT:  llvm.call @orch_emulated_mbarrier_arrive(%[[ITEM]], %[[B]], %[[ONCE]], %[[BYTES]],
// CHECK:       llvm.call @orch_emulated_mbarrier_wait(%[[ITEM]], %[[B]], %{{.*}},
// CHECK:       llvm.call @orch_emulated_fence_proxy(%[[ITEM]])
// CHECK-NOT:   nvvm.
func.func private @barriers(%item: !llvm.ptr, %b: !llvm.ptr<3>) attributes {orchestra.emulated.kernel = "barriers"} {
  %c1 = arith.constant 1 : i32
  %c128 = arith.constant 128 : i32
  nvvm.mbarrier.init %b, %c1 : !llvm.ptr<3>, i32
  nvvm.fence.mbarrier.init
  nvvm.barrier0
  nvvm.barrier id = %c1 number_of_threads = %c128
  nvvm.barrier.arrive id = %c1 number_of_threads = %c128
  %s = nvvm.mbarrier.arrive %b : !llvm.ptr<3> -> i64
  nvvm.mbarrier.arrive.expect_tx %b, %c128 : !llvm.ptr<3>, i32
  nvvm.mbarrier.try_wait.parity %b, %c1, %c128 : !llvm.ptr<3>, i32, i32
  nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
  nvvm.setmaxregister increase 232
  return
}

// -----

// Boxes in both directions.
// CHECK-LABEL: func.func private @boxes
// CHECK-SAME:  (%[[ITEM:.*]]: !llvm.ptr, %[[MAP:.*]]: !llvm.ptr, %[[S:.*]]: !llvm.ptr, %[[B:.*]]: !llvm.ptr, %[[X:.*]]: i32)
// CHECK-DAG:   %[[TWO:.*]] = llvm.mlir.constant(2 : i64) : i64
// CHECK-DAG:   %[[ONE:.*]] = llvm.mlir.constant(1 : i64) : i64
// CHECK:       llvm.store %{{.*}}, %{{.*}} : i64, !llvm.ptr
// CHECK:       llvm.call @orch_emulated_tensor_load(%[[ITEM]], %[[MAP]], %[[S]], %[[TWO]], %{{.*}}, %[[B]],
// CHECK:       llvm.call @orch_emulated_tensor_store(%[[ITEM]], %[[MAP]], %[[S]], %{{.*}},
// CHECK:       llvm.call @orch_emulated_boxes_commit(%[[ITEM]])
// CHECK:       llvm.call @orch_emulated_boxes_wait(%[[ITEM]], %[[ONE]])
func.func private @boxes(%item: !llvm.ptr, %map: !llvm.ptr, %s: !llvm.ptr<3>, %b: !llvm.ptr<3>, %x: i32) attributes {orchestra.emulated.kernel = "boxes"} {
  %to = llvm.addrspacecast %s : !llvm.ptr<3> to !llvm.ptr<7>
  nvvm.cp.async.bulk.tensor.shared.cluster.global %to, %map, %b, box[%x, %x] : !llvm.ptr<7>, !llvm.ptr
  nvvm.cp.async.bulk.tensor.global.shared.cta %map, %s, box[%x, %x] : !llvm.ptr, !llvm.ptr<3>
  nvvm.cp.async.bulk.commit.group
  nvvm.cp.async.bulk.wait_group 1 {read}
  return
}

// -----

// Products: accumulators go through the stack; flags say that b's columns follow
// each other and that d is added to.
// CHECK-LABEL: func.func private @products
// CHECK-SAME:  (%[[ITEM:.*]]: !llvm.ptr, %[[S:.*]]: !llvm.ptr,
// CHECK-DAG:   %[[BF16:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK-DAG:   %[[F32:.*]] = llvm.mlir.constant(3 : i32) : i32
// CHECK-DAG:   %[[FLAGS:.*]] = llvm.mlir.constant(18 : i32) : i32
// CHECK-DAG:   %[[MEMORY:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(f32, f32, f32, f32)>
// CHECK:       llvm.call @orch_emulated_window(%[[ITEM]], %[[S]],
// CHECK:       llvm.call @orch_emulated_wgmma_fence(%[[ITEM]],
// CHECK:       llvm.store %{{.*}}, %[[MEMORY]]
// CHECK:       llvm.call @orch_emulated_wgmma(%[[ITEM]], %[[MEMORY]], {{.*}}, %[[BF16]], %[[BF16]], %[[F32]], %[[FLAGS]],
// CHECK:       llvm.load %[[MEMORY]]
// CHECK:       llvm.call @orch_emulated_wgmma_commit(%[[ITEM]])
// CHECK:       llvm.call @orch_emulated_wgmma_wait(%[[ITEM]],
// CHECK:       llvm.call @orch_emulated_stmatrix(%[[ITEM]], %[[S]],
func.func private @products(%item: !llvm.ptr, %s: !llvm.ptr<3>, %d: !llvm.struct<(f32, f32, f32, f32)>, %v: i32) -> (!llvm.struct<(f32, f32, f32, f32)>, i32) attributes {orchestra.emulated.kernel = "products"} {
  %word = llvm.ptrtoint %s : !llvm.ptr<3> to i32
  %a = arith.extui %word : i32 to i64
  nvvm.wgmma.fence.aligned
  %r = nvvm.wgmma.mma_async %a, %a, %d, #nvvm.shape<m = 64, n = 8, k = 16>,
    D [<f32>, #nvvm.wgmma_scale_out<one>],
    A [<bf16>, #nvvm.wgmma_scale_in<one>, <row>],
    B [<bf16>, #nvvm.wgmma_scale_in<one>, <row>]
    : !llvm.struct<(f32, f32, f32, f32)> -> !llvm.struct<(f32, f32, f32, f32)>
  nvvm.wgmma.commit.group.sync.aligned
  nvvm.wgmma.wait.group.sync.aligned 0
  nvvm.stmatrix %s, %v, %v {layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : !llvm.ptr<3>, i32, i32
  return %r, %word : !llvm.struct<(f32, f32, f32, f32)>, i32
}

// -----

// Lanes: one is elected, a shuffle without a source keeps the lane's own value.
// CHECK-LABEL: func.func private @lanes
// CHECK:       %[[LANE:.*]] = arith.trunci %{{.*}} : i64 to i32
// CHECK:       arith.cmpi eq, %[[LANE]], %{{.*}} : i32
// CHECK:       %[[BITS:.*]] = arith.bitcast %{{.*}} : f32 to i32
// CHECK:       llvm.call @orch_emulated_shuffle(
// CHECK:       arith.select %{{.*}}, %{{.*}}, %[[BITS]] : i32
func.func private @lanes(%item: !llvm.ptr, %v: f32) -> (i1, f32) attributes {orchestra.emulated.kernel = "lanes"} {
  %elected = nvvm.elect.sync -> i1
  %all = llvm.mlir.constant(-1 : i32) : i32
  %one = llvm.mlir.constant(1 : i32) : i32
  %clamp = llvm.mlir.constant(31 : i32) : i32
  %r = nvvm.shfl.sync bfly %all, %v, %one, %clamp : f32 -> f32
  return %elected, %r : i1, f32
}

// -----

// Clusters: their barrier, and memory of another block.
// CHECK-LABEL: func.func private @clusters
// CHECK-SAME:  (%[[ITEM:.*]]: !llvm.ptr, %[[S:.*]]: !llvm.ptr)
// CHECK:       llvm.mlir.constant(17 : i32) : i32
// CHECK:       llvm.call @orch_emulated_cluster_arrive(%[[ITEM]],
// CHECK:       llvm.call @orch_emulated_cluster_wait(%[[ITEM]],
// CHECK:       %[[RANK:.*]] = arith.trunci %{{.*}} : i64 to i32
// CHECK:       %[[OTHER:.*]] = llvm.call @orch_emulated_map_shared(%[[ITEM]], %[[S]], %[[RANK]],
// CHECK:       llvm.load %[[OTHER]] : !llvm.ptr -> f32
func.func private @clusters(%item: !llvm.ptr, %s: !llvm.ptr<3>) -> f32 attributes {orchestra.emulated.kernel = "clusters"} {
  nvvm.cluster.arrive {aligned}
  nvvm.cluster.wait {aligned}
  %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
  %other = nvvm.mapa %s, %rank : !llvm.ptr<3> -> !llvm.ptr<7>
  %v = llvm.load %other : !llvm.ptr<7> -> f32
  return %v : f32
}

// -----

// A product with its first operand in registers is known by its text. Powers
// below the least normal number are 0.
// CHECK-LABEL: func.func private @text
// CHECK-DAG:   %[[WORDS:.*]] = llvm.alloca %{{.*}} x vector<4xi32>
// CHECK-DAG:   %[[MEMORY:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(f32, f32, f32, f32)>
// CHECK:       llvm.store %{{.*}}, %[[WORDS]]
// CHECK:       llvm.call @orch_emulated_wgmma(%{{.*}}, %[[MEMORY]], %[[WORDS]],
// CHECK-NOT:   inline_asm
// CHECK:       %[[POWER:.*]] = math.exp2 %{{.*}} : f32
// CHECK:       %[[SMALL:.*]] = arith.cmpf olt, %[[POWER]],
// CHECK:       arith.select %[[SMALL]], %{{.*}}, %[[POWER]] : f32
func.func private @text(%item: !llvm.ptr, %a: i32, %b: i64, %d: f32) -> (!llvm.struct<(f32, f32, f32, f32)>, f32) attributes {orchestra.emulated.kernel = "text"} {
  %r = llvm.inline_asm has_side_effects asm_dialect = att "{\0A.reg .pred p;\0Asetp.ne.b32 p, 1, 0;\0Awgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, p, 1, 1, 1;\0A}", "=f,=f,=f,=f,r,r,r,r,l,0,1,2,3" %a, %a, %a, %a, %b, %d, %d, %d, %d : (i32, i32, i32, i32, i64, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
  %e = llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"(%d) : (f32) -> f32
  return %r, %e : !llvm.struct<(f32, f32, f32, f32)>, f32
}
