// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Transposes each plane of a tensor through a tile in dynamic shared memory:
// groups of 8 x 4 x 2 items, a grid of three dimensions.
#workgroup = #gpu.address_space<workgroup>
func.func @main(%x: memref<?x?x?xf32>, %y: memref<?x?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %bytes = arith.constant 256 : i32
  %p = memref.dim %x, %c0 : memref<?x?x?xf32>
  %m = memref.dim %x, %c1 : memref<?x?x?xf32>
  %n = memref.dim %x, %c2 : memref<?x?x?xf32>
  %gx = arith.ceildivsi %n, %c8 : index
  %gy = arith.ceildivsi %m, %c4 : index
  %gz = arith.ceildivsi %p, %c2 : index
  gpu.launch blocks(%bx, %by, %bz) in (%nx = %gx, %ny = %gy, %nz = %gz)
             threads(%tx, %ty, %tz) in (%sx = %c8, %sy = %c4, %sz = %c2)
             dynamic_shared_memory_size %bytes {
    %memory = gpu.dynamic_shared_memory : memref<?xi8, #workgroup>
    %tile = memref.view %memory[%c0][] : memref<?xi8, #workgroup> to memref<2x8x4xf32, #workgroup>
    %z0 = arith.muli %bz, %sz : index
    %y0 = arith.muli %by, %sy : index
    %x0 = arith.muli %bx, %sx : index
    %plane = arith.addi %z0, %tz : index
    %row = arith.addi %y0, %ty : index
    %col = arith.addi %x0, %tx : index
    %a = arith.cmpi slt, %plane, %p : index
    %b = arith.cmpi slt, %row, %m : index
    %c = arith.cmpi slt, %col, %n : index
    %ab = arith.andi %a, %b : i1
    %in = arith.andi %ab, %c : i1
    scf.if %in {
      %v = memref.load %x[%plane, %row, %col] : memref<?x?x?xf32>
      memref.store %v, %tile[%tz, %tx, %ty] : memref<2x8x4xf32, #workgroup>
    }
    gpu.barrier
    // Items write what others read: along the rows of the result.
    %line = arith.muli %ty, %c8 : index
    %number = arith.addi %line, %tx : index
    %r = arith.divui %number, %c4 : index
    %s = arith.remui %number, %c4 : index
    %to = arith.addi %x0, %r : index
    %from = arith.addi %y0, %s : index
    %d = arith.cmpi slt, %to, %n : index
    %e = arith.cmpi slt, %from, %m : index
    %ad = arith.andi %a, %d : i1
    %out = arith.andi %ad, %e : i1
    scf.if %out {
      %v = memref.load %tile[%tz, %r, %s] : memref<2x8x4xf32, #workgroup>
      memref.store %v, %y[%plane, %to, %from] : memref<?x?x?xf32>
    }
    gpu.terminator
  }
  return
}
