// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %S/../Inputs/linear_f32.mlir --orchestra-nvidia-kernel-pipeline | FileCheck %s --check-prefix=MODULE
// RUN: orchestra-opt %S/../Inputs/linear_f32.mlir --orchestra-nvidia-kernel-pipeline --orchestra-nvidia-write-object -o /dev/null | FileCheck %s --check-prefix=F32
// RUN: orchestra-opt %S/../Inputs/linear_bf16.mlir --orchestra-nvidia-kernel-pipeline --orchestra-nvidia-write-object -o /dev/null | FileCheck %s --check-prefix=BF16
// RUN: orchestra-opt %S/../Inputs/linear_prime_f32.mlir --orchestra-nvidia-kernel-pipeline=chip=sm_80 --orchestra-nvidia-write-object -o /dev/null | FileCheck %s --check-prefix=PRIME
// RUN: orchestra-opt %S/../Inputs/softmax.mlir --orchestra-nvidia-kernel-pipeline --orchestra-nvidia-write-object -o /dev/null | FileCheck %s --check-prefix=SOFTMAX
// RUN: not orchestra-opt %S/../Inputs/softmax.mlir --orchestra-nvidia-kernel-pipeline=format=fatbin 2>&1 | FileCheck %s --check-prefix=FORMAT

// From kernels on tensors to PTX, no CUDA needed.

// Of each descriptor, the address is read and nothing else.
// MODULE: orchestra.nvidia.parameters = {orch_k_linear_f32_nvidia = array<i64: 1, 8, 15, 22>}
// MODULE-NOT: mgpu
// MODULE: gpu.binary @orch_k_linear_f32_nvidia
// MODULE: gpu.launch_func @orch_k_linear_f32_nvidia::@orch_k_linear_f32 blocks in (%c48,

// F32: .target sm_90a
// F32: .visible .entry orch_k_linear_f32(
// F32: .ptr .align 64 orch_k_linear_f32_param_3
// The loop holds 8 accumulators in registers and loads 16 bytes at a time.
// F32: $L__BB0_1:
// F32-COUNT-6: ld.global.v4.b32
// F32-COUNT-32: fma.rn.f32
// F32: bra
// F32-COUNT-8: max.NaN.f32
// F32-COUNT-2: st.global.v4.b32
// F32-NOT: .local

// BF16: .visible .entry orch_k_linear_bf16(
// BF16: ld.global.v4.b32
// BF16: fma.rn.bf16
// BF16: st.global.v4.b32

// 101 x 67: nothing to vectorize, nothing ragged.
// PRIME: .target sm_80
// PRIME: fma.rn.f32
// PRIME: st.global.b32

// The functions are expanded, so no device library is called.
// SOFTMAX: .visible .entry orch_k_softmax(
// SOFTMAX-NOT: __nv_
// SOFTMAX: ret;

// FORMAT: fatbin
