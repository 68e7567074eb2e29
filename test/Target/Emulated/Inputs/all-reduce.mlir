// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The sum and the largest of a group of 96 items, three subgroups.
func.func @main(%x: memref<?xf32>, %sums: memref<?xf32>, %largest: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c96 = arith.constant 96 : index
  %n = memref.dim %sums, %c0 : memref<?xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%nx = %n, %ny = %c1, %nz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c96, %sy = %c1, %sz = %c1) {
    %first = arith.muli %bx, %sx : index
    %i = arith.addi %first, %tx : index
    %v = memref.load %x[%i] : memref<?xf32>
    %sum = gpu.all_reduce add %v uniform {} : (f32) -> f32
    %max = gpu.all_reduce maximumf %v uniform {} : (f32) -> f32
    memref.store %sum, %sums[%bx] : memref<?xf32>
    memref.store %max, %largest[%bx] : memref<?xf32>
    gpu.terminator
  }
  return
}
