// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-prune-parameters | FileCheck %s

// What is not read goes, with its attributes; functions that are no kernels,
// and modules that nothing launches, keep all.
// CHECK: module attributes {gpu.container_module, orchestra.nvidia.parameters = {launched = array<i64: 1, 3>}}
// CHECK: llvm.func @kernel(%[[A:.*]]: !llvm.ptr {llvm.align = 64 : i64}, %[[N:.*]]: i64) attributes {gpu.kernel
// CHECK-NEXT: llvm.store %[[N]], %[[A]]
// CHECK: llvm.func @helper(%{{.*}}: i64)
// What nobody launches keeps all.
// CHECK-NOT: llvm.func @tiles()
// CHECK: llvm.func @tiles(%{{.*}}: i64)
module attributes {gpu.container_module} {
  gpu.module @launched {
    llvm.func @kernel(%0: !llvm.ptr, %1: !llvm.ptr {llvm.align = 64 : i64}, %2: i64, %3: i64) attributes {gpu.kernel, nvvm.kernel} {
      llvm.store %3, %1 : i64, !llvm.ptr
      llvm.return
    }
    llvm.func @helper(%0: i64) {
      llvm.return
    }
  }
  gpu.module @elsewhere {
    llvm.func @tiles(%0: i64) attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
  }
  func.func @host(%a: memref<?xf32>) {
    %c1 = arith.constant 1 : index
    gpu.launch_func @launched::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    return
  }
}
