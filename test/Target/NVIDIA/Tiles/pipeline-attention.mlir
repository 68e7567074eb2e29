// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %S/Inputs/attention_f16.mlir --orchestra-nvidia-kernel-pipeline=strategy=%strategies/nvidia_hopper_strategy.mlir --orchestra-nvidia-write-object -o /dev/null | FileCheck %s
// RUN: orchestra-opt %S/Inputs/attention_f16.mlir --orchestra-nvidia-tile-pipeline=strategy=%strategies/nvidia_hopper_strategy.mlir | FileCheck %s --check-prefix=LAUNCH

// Attention from one op to PTX: tiles of three dimensions, the query once, keys
// and values through channels of their own; scores from shared memory, results
// with weights in registers; maxima and sums by shuffles. Nothing is in local
// memory, and nothing is divided but the result.
// CHECK:     .visible .entry orch_k_attention_f16(
// CHECK-NOT: .local
// The producer.
// CHECK:     cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK:     cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK:     cp.async.bulk.tensor.3d.shared::cluster.global
// The consumer: 64 rows by 128 keys, 64 steps of k.
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16
// CHECK-NOT: wgmma.mma_async
// CHECK:     wgmma.wait_group
// CHECK-COUNT-2: shfl.sync.bfly
// CHECK:     ex2.approx.ftz.f32
// CHECK-NOT: div.
// 64 rows by 64 columns, 128 steps of k: registers, then a descriptor.
// CHECK-COUNT-8: wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {{{.*}}}, {%r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}}, %rd{{[0-9]+}}, p, 1, 1, 1;
// CHECK:     div.
// CHECK:     stmatrix.sync.aligned.m8n8.x4
// CHECK:     cp.async.bulk.tensor.3d.global.shared::cta

// 12 heads of 8 blocks of 64 rows.
// LAUNCH: grid = array<i32: 96, 1, 1>
// LAUNCH-SAME: box = array<i64: 64, 1, 64>, element = f16, shape = array<i64: 512, 12, 64>
