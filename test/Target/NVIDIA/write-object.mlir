// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-write-object -o /dev/null | FileCheck %s
// RUN: orchestra-opt %s --orchestra-nvidia-write-object=output=%t -o /dev/null
// RUN: FileCheck %s < %t

// CHECK: // some code
// CHECK-NEXT: .target sm_90a
gpu.binary @k [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = "// some code\0A.target sm_90a\0A\00">]
