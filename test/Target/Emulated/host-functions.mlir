// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-emulated-host-functions | FileCheck %s

// A kernel that nothing launches, with known sizes: a host function of its name.
// CHECK: module attributes {gpu.container_module}
// CHECK: func.func @fill(%[[A:.*]]: memref<64xf32>)
// CHECK-DAG: %[[G:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[B:.*]] = arith.constant 32 : index
// CHECK: gpu.launch_func @device::@fill blocks in (%[[G]], %{{.*}}, %{{.*}}) threads in (%[[B]], %{{.*}}, %{{.*}}) args(%[[A]] : memref<64xf32>)
module {
  gpu.module @device {
    gpu.func @fill(%a: memref<64xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 2, 1, 1>} {
      gpu.return
    }
  }
  func.func private @fill(memref<64xf32>)
}

// -----

// Launched already, of unknown size, or no kernel: left alone.
// CHECK-LABEL: module attributes {gpu.container_module, test.left}
// CHECK: func.func @main
// CHECK-NOT: func.func
module attributes {gpu.container_module, test.left} {
  gpu.module @device {
    gpu.func @launched() kernel attributes {known_block_size = array<i32: 1, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
      gpu.return
    }
    gpu.func @unknown() kernel {
      gpu.return
    }
    gpu.func @helper() attributes {known_block_size = array<i32: 1, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
      gpu.return
    }
  }
  func.func @main() {
    %c1 = arith.constant 1 : index
    gpu.launch_func @device::@launched blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    return
  }
}
