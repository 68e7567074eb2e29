// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// c = a x b for one warp: the left matrix is loaded element by element as the PTX
// ISA places it, the right one from shared memory by ldmatrix, transposed.
#workgroup = #gpu.address_space<workgroup>
func.func @main(%a: memref<16x16xf16>, %b: memref<16x8xf16>, %c: memref<16x8xf32>) {
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%nx = %c1, %ny = %c1, %nz = %c1)
             threads(%lane, %ty, %tz) in (%sx = %c32, %sy = %c1, %sz = %c1)
             workgroup(%s: memref<16x8xf16, #workgroup>) {
    %c0 = arith.constant 0 : index
    %one = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %half = arith.divui %lane, %c2 : index
    %odd = arith.remui %lane, %c2 : index
    %start = arith.muli %odd, %c4 : index
    %four = vector.load %b[%half, %start] : memref<16x8xf16>, vector<4xf16>
    vector.store %four, %s[%half, %start] : memref<16x8xf16, #workgroup>, vector<4xf16>
    gpu.barrier
    %row = arith.remui %lane, %c16 : index
    %right = nvgpu.ldmatrix %s[%row, %c0] {numTiles = 2 : i32, transpose = true} : memref<16x8xf16, #workgroup> -> vector<2x2xf16>
    %gid = arith.divui %lane, %c4 : index
    %tid = arith.remui %lane, %c4 : index
    %low = arith.addi %gid, %c8 : index
    %k0 = arith.muli %tid, %c2 : index
    %k1 = arith.addi %k0, %one : index
    %k8 = arith.addi %k0, %c8 : index
    %k9 = arith.addi %k1, %c8 : index
    %a0 = memref.load %a[%gid, %k0] : memref<16x16xf16>
    %a1 = memref.load %a[%gid, %k1] : memref<16x16xf16>
    %a2 = memref.load %a[%low, %k0] : memref<16x16xf16>
    %a3 = memref.load %a[%low, %k1] : memref<16x16xf16>
    %a4 = memref.load %a[%gid, %k8] : memref<16x16xf16>
    %a5 = memref.load %a[%gid, %k9] : memref<16x16xf16>
    %a6 = memref.load %a[%low, %k8] : memref<16x16xf16>
    %a7 = memref.load %a[%low, %k9] : memref<16x16xf16>
    %left = vector.from_elements %a0, %a1, %a2, %a3, %a4, %a5, %a6, %a7 : vector<4x2xf16>
    %zero = arith.constant dense<0.0> : vector<2x2xf32>
    %d = nvgpu.mma.sync(%left, %right, %zero) {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
    %d0 = vector.extract %d[0] : vector<2xf32> from vector<2x2xf32>
    %d1 = vector.extract %d[1] : vector<2xf32> from vector<2x2xf32>
    vector.store %d0, %c[%gid, %k0] : memref<16x8xf32>, vector<2xf32>
    vector.store %d1, %c[%low, %k0] : memref<16x8xf32>, vector<2xf32>
    gpu.terminator
  }
  return
}
