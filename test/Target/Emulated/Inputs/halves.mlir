// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// y = bf16(x * h + 1) with x in f16, h in bf16; sums in f16; vectors of 4.
func.func @main(%x: memref<?xf16>, %h: memref<?xbf16>, %y: memref<?xbf16>, %z: memref<?xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n = memref.dim %x, %c0 : memref<?xf16>
  %items = arith.divui %n, %c4 : index
  gpu.launch blocks(%bx, %by, %bz) in (%nx = %c1, %ny = %c1, %nz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %items, %sy = %c1, %sz = %c1) {
    %i = arith.muli %tx, %c4 : index
    %one = arith.constant dense<1.0> : vector<4xf32>
    %a = vector.load %x[%i] : memref<?xf16>, vector<4xf16>
    %b = vector.load %h[%i] : memref<?xbf16>, vector<4xbf16>
    %wide = arith.extf %a : vector<4xf16> to vector<4xf32>
    %wideb = arith.extf %b : vector<4xbf16> to vector<4xf32>
    %r = math.fma %wide, %wideb, %one : vector<4xf32>
    %short = arith.truncf %r : vector<4xf32> to vector<4xbf16>
    vector.store %short, %y[%i] : memref<?xbf16>, vector<4xbf16>
    %twice = arith.addf %a, %a : vector<4xf16>
    vector.store %twice, %z[%i] : memref<?xf16>, vector<4xf16>
    gpu.terminator
  }
  return
}
