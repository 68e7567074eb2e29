// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %S/Inputs/matmul_split_bf16.mlir --orchestra-nvidia-kernel-pipeline=strategy=%strategies/nvidia_hopper_strategy.mlir --orchestra-nvidia-write-object -o /dev/null | FileCheck %s
// RUN: orchestra-opt %S/Inputs/matmul_split_bf16.mlir --orchestra-nvidia-tile-pipeline=strategy=%strategies/nvidia_hopper_strategy.mlir | FileCheck %s --check-prefix=LAUNCH

// A cluster of eight blocks for a tile: each adds the eight columns of its rank
// from the shared memory of all, and waits until all have read.
// CHECK:     .visible .entry orch_k_matmul_split_bf16(
// CHECK:     .explicitcluster
// CHECK:     .reqnctapercluster 8, 1, 1
// CHECK:     wgmma.wait_group
// CHECK:     barrier.cluster.arrive.aligned
// CHECK:     barrier.cluster.wait.aligned
// CHECK-COUNT-8: mapa.shared::cluster.u64
// CHECK-NOT: mapa
// CHECK:     barrier.cluster.arrive.aligned
// CHECK:     st.global
// CHECK:     barrier.cluster.wait.aligned
// CHECK:     ret;

// 12 tiles by 8 blocks.
// LAUNCH: grid = array<i32: 96, 1, 1>
