// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C = A x B: a block of 8 x 8 items walks along the inner dimension by tiles in
// shared memory. What is outside the matrices counts as zero.
func.func @main(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %m = memref.dim %c, %c0 : memref<?x?xf32>
  %n = memref.dim %c, %c1 : memref<?x?xf32>
  %k = memref.dim %a, %c1 : memref<?x?xf32>
  %gy = arith.ceildivsi %m, %c8 : index
  %gx = arith.ceildivsi %n, %c8 : index
  gpu.launch blocks(%bx, %by, %bz) in (%nx = %gx, %ny = %gy, %nz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c8, %sy = %c8, %sz = %c1)
             workgroup(%ta: memref<8x8xf32, #gpu.address_space<workgroup>>,
                       %tb: memref<8x8xf32, #gpu.address_space<workgroup>>) {
    %row0 = arith.muli %by, %c8 : index
    %col0 = arith.muli %bx, %c8 : index
    %row = arith.addi %row0, %ty : index
    %col = arith.addi %col0, %tx : index
    %rowIn = arith.cmpi slt, %row, %m : index
    %colIn = arith.cmpi slt, %col, %n : index
    %sum = scf.for %t = %c0 to %k step %c8 iter_args(%acc = %zero) -> (f32) {
      %ka = arith.addi %t, %tx : index
      %kb = arith.addi %t, %ty : index
      %kaIn = arith.cmpi slt, %ka, %k : index
      %kbIn = arith.cmpi slt, %kb, %k : index
      %aIn = arith.andi %rowIn, %kaIn : i1
      %bIn = arith.andi %colIn, %kbIn : i1
      %va = scf.if %aIn -> (f32) {
        %v = memref.load %a[%row, %ka] : memref<?x?xf32>
        scf.yield %v : f32
      } else {
        scf.yield %zero : f32
      }
      %vb = scf.if %bIn -> (f32) {
        %v = memref.load %b[%kb, %col] : memref<?x?xf32>
        scf.yield %v : f32
      } else {
        scf.yield %zero : f32
      }
      memref.store %va, %ta[%ty, %tx] : memref<8x8xf32, #gpu.address_space<workgroup>>
      memref.store %vb, %tb[%ty, %tx] : memref<8x8xf32, #gpu.address_space<workgroup>>
      gpu.barrier
      %next = scf.for %i = %c0 to %c8 step %c1 iter_args(%part = %acc) -> (f32) {
        %x = memref.load %ta[%ty, %i] : memref<8x8xf32, #gpu.address_space<workgroup>>
        %y = memref.load %tb[%i, %tx] : memref<8x8xf32, #gpu.address_space<workgroup>>
        %xy = arith.mulf %x, %y : f32
        %s = arith.addf %part, %xy : f32
        scf.yield %s : f32
      }
      gpu.barrier
      scf.yield %next : f32
    }
    %in = arith.andi %rowIn, %colIn : i1
    scf.if %in {
      memref.store %sum, %c[%row, %col] : memref<?x?xf32>
    }
    gpu.terminator
  }
  return
}
