// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A histogram by groups of 128 items: counts in shared memory, added to the
// global ones; sums of a float per bin; the largest index by a loop of exchanges.
func.func @main(%bins: memref<?xi32>, %counts: memref<16xi32>, %sums: memref<16xf32>, %last: memref<16xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c128 = arith.constant 128 : index
  %n = memref.dim %bins, %c0 : memref<?xi32>
  %groups = arith.ceildivsi %n, %c128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%nx = %groups, %ny = %c1, %nz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c128, %sy = %c1, %sz = %c1)
             workgroup(%local: memref<16xi32, #gpu.address_space<workgroup>>) {
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %half = arith.constant 0.5 : f32
    %clears = arith.cmpi slt, %tx, %c16 : index
    scf.if %clears {
      memref.store %zero, %local[%tx] : memref<16xi32, #gpu.address_space<workgroup>>
    }
    gpu.barrier
    %first = arith.muli %bx, %sx : index
    %i = arith.addi %first, %tx : index
    %inside = arith.cmpi slt, %i, %n : index
    scf.if %inside {
      %bin = memref.load %bins[%i] : memref<?xi32>
      %b = arith.index_cast %bin : i32 to index
      %old = memref.atomic_rmw addi %one, %local[%b] : (i32, memref<16xi32, #gpu.address_space<workgroup>>) -> i32
      %before = memref.atomic_rmw addf %half, %sums[%b] : (f32, memref<16xf32>) -> f32
      %number = arith.index_cast %i : index to i32
      %kept = memref.generic_atomic_rmw %last[%b] : memref<16xi32> {
      ^bb0(%current: i32):
        %more = arith.maxsi %current, %number : i32
        memref.atomic_yield %more : i32
      }
    }
    gpu.barrier
    scf.if %clears {
      %count = memref.load %local[%tx] : memref<16xi32, #gpu.address_space<workgroup>>
      %old = memref.atomic_rmw addi %count, %counts[%tx] : (i32, memref<16xi32>) -> i32
    }
    gpu.terminator
  }
  return
}
