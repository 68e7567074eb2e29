// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-distribute-rows | FileCheck %s

// 1000 elements on a warp, four at a time: seven full chunks and one that not
// all lanes have; the neutral element stands for what lies behind the end.
// CHECK-LABEL: gpu.func @sum
// CHECK-NOT: orchestra.nvidia.rows
// CHECK: %[[T:.*]] = gpu.thread_id x
// CHECK: %[[LANE:.*]] = arith.remui %[[T]],
// CHECK-COUNT-7: vector.load {{.*}} {alignment = 16 : i64} : memref<8x1000xf32>, vector<4xf32>
// CHECK: scf.if {{.*}} -> (vector<4xf32>)
// CHECK: vector.load
// CHECK: arith.select
// CHECK: vector.reduction <add>, {{.*}} fastmath<reassoc> : vector<32xf32> into f32
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[LANE]]
// CHECK: scf.if %[[FIRST]] {
// CHECK-NEXT: memref.store
gpu.module @m {
  gpu.func @sum(%a: memref<8x1000xf32>, %out: memref<8xf32>) kernel attributes {orchestra.nvidia.rows = array<i64: 32, 1000>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %row = gpu.block_id x
    %v = vector.transfer_read %a[%row, %c0], %zero {in_bounds = [true]} : memref<8x1000xf32>, vector<1000xf32>
    %s = vector.reduction <add>, %v, %zero : vector<1000xf32> into f32
    memref.store %s, %out[%row] : memref<8xf32>
    gpu.return
  }
}

// -----

// What is computed element by element stays on the lanes; odd rows are read
// one by one.
// CHECK-LABEL: gpu.func @exp
// CHECK-COUNT-3: vector.load {{.*}} {alignment = 4 : i64} : memref<8x101xf32>, vector<1xf32>
// CHECK: scf.if
// CHECK: vector.load
// CHECK: math.exp {{.*}} : vector<4xf32>
// CHECK-COUNT-3: vector.store {{.*}} {alignment = 4 : i64}
// CHECK: scf.if
// CHECK: vector.store
gpu.module @m {
  gpu.func @exp(%a: memref<8x101xf32>, %out: memref<8x101xf32>) kernel attributes {orchestra.nvidia.rows = array<i64: 32, 101>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %row = gpu.block_id x
    %v = vector.transfer_read %a[%row, %c0], %zero {in_bounds = [true]} : memref<8x101xf32>, vector<101xf32>
    %e = math.exp %v : vector<101xf32>
    vector.transfer_write %e, %out[%row, %c0] {in_bounds = [true]} : vector<101xf32>, memref<8x101xf32>
    gpu.return
  }
}

// -----

// A block of 256 lanes meets in shared memory; a maximum starts at -inf.
// CHECK-LABEL: gpu.func @max
// CHECK: workgroup(
// CHECK: dense<0xFF800000> : vector<4xf32>
// CHECK: vector.reduction <maximumf>
// CHECK: gpu.barrier
gpu.module @m {
  gpu.func @max(%a: memref<8x5000xf32>, %out: memref<8xf32>) kernel attributes {known_block_size = array<i32: 256, 1, 1>, orchestra.nvidia.rows = array<i64: 256, 5000>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %row = gpu.block_id x
    %v = vector.transfer_read %a[%row, %c0], %zero {in_bounds = [true]} : memref<8x5000xf32>, vector<5000xf32>
    %s = vector.reduction <maximumf>, %v : vector<5000xf32> into f32
    memref.store %s, %out[%row] : memref<8xf32>
    gpu.return
  }
}

// -----

// Only kernels on rows are touched.
// CHECK-LABEL: gpu.func @other
// CHECK-NEXT: %{{.*}} = arith.constant
// CHECK-NEXT: memref.store
gpu.module @m {
  gpu.func @other(%out: memref<f32>) kernel {
    %zero = arith.constant 0.0 : f32
    memref.store %zero, %out[] : memref<f32>
    gpu.return
  }
}
