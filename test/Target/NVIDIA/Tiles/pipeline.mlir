// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %S/Inputs/matmul_bf16.mlir --orchestra-nvidia-kernel-pipeline=strategy=%strategies/nvidia_hopper_strategy.mlir --orchestra-nvidia-write-object -o /dev/null | FileCheck %s
// RUN: orchestra-opt %S/Inputs/matmul_bf16.mlir --orchestra-nvidia-tile-pipeline=strategy=%strategies/nvidia_hopper_strategy.mlir | FileCheck %s --check-prefix=LAUNCH

// From linalg on tensors to PTX: maps as parameters in constant memory, one
// thread that loads, four wgmma of the whole tile a step, results by stmatrix
// and bulk stores. Nothing is in local memory.
// CHECK:     .extern .shared .align 1024 .b8 orchestra_shared[];
// CHECK:     .visible .entry orch_k_matmul_bf16(
// CHECK:       .param .align 64 .b8 orch_k_matmul_bf16_param_0[128]
// CHECK:       .reqntid 384
// CHECK-NOT: .local
// CHECK:     mbarrier.init
// CHECK:     setmaxnreg.inc.sync.aligned.u32 232
// Of a descriptor summed in 64 bits, ptxas 13.0 lost the high word.
// CHECK-NOT: add.s64 {{.*}}, 46116862
// CHECK:     wgmma.fence
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
// CHECK-NOT: wgmma.mma_async
// CHECK:     wgmma.wait_group
// CHECK:     stmatrix.sync.aligned.m8n8.x4
// CHECK:     fence.proxy.async
// CHECK:     cp.async.bulk.tensor.2d.global.shared::cta
// The producer follows.
// CHECK:     setmaxnreg.dec.sync.aligned.u32 40
// CHECK:     elect.sync
// CHECK:     mbarrier.try_wait.parity
// CHECK:     mbarrier.arrive.expect_tx
// CHECK:     cp.async.bulk.tensor.2d.shared::cluster.global
// CHECK:     ret;

// 16 x 8 tiles: one wave.
// LAUNCH: grid = array<i32: 128, 1, 1>
// LAUNCH-SAME: shared_bytes = 229440
