// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Sums of subgroups and of groups, maxima of clusters of four lanes; a prefix
// sum by shuffles. Groups of 64 items.
func.func @main(%x: memref<?xf32>, %sums: memref<?xf32>, %maxima: memref<?xi32>, %prefix: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %groups = arith.ceildivsi %n, %c64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%nx = %groups, %ny = %c1, %nz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c64, %sy = %c1, %sz = %c1) {
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1 : i32
    %first = arith.muli %bx, %sx : index
    %i = arith.addi %first, %tx : index
    %v = memref.load %x[%i] : memref<?xf32>
    %sum = gpu.subgroup_reduce add %v uniform : (f32) -> f32
    memref.store %sum, %sums[%i] : memref<?xf32>
    %hundred = arith.constant 100.0 : f32
    %scaled = arith.mulf %v, %hundred : f32
    %whole = arith.fptosi %scaled : f32 to i32
    %max = gpu.subgroup_reduce maxsi %whole cluster(size = 4) : (i32) -> i32
    memref.store %max, %maxima[%i] : memref<?xi32>
    // Each step adds what lies 1, 2, 4 ... lanes before, if there is such a lane.
    %lanes = gpu.subgroup_size : index
    %width = arith.index_cast %lanes : index to i32
    %p, %end = scf.while (%acc = %v, %step = %one) : (f32, i32) -> (f32, i32) {
      %more = arith.cmpi slt, %step, %width : i32
      scf.condition(%more) %acc, %step : f32, i32
    } do {
    ^bb0(%acc: f32, %step: i32):
      %other, %valid = gpu.shuffle up %acc, %step, %width : f32
      %add = arith.select %valid, %other, %zero : f32
      %next = arith.addf %acc, %add : f32
      %double = arith.muli %step, %one overflow<nsw> : i32
      %twice = arith.addi %double, %double : i32
      scf.yield %next, %twice : f32, i32
    }
    memref.store %p, %prefix[%i] : memref<?xf32>
    gpu.terminator
  }
  return
}
