// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func @main(%y: memref<32xf32>) {
  %c1 = arith.constant 1 : index
  %c33 = arith.constant 33 : index
  gpu.launch blocks(%bx, %by, %bz) in (%nx = %c1, %ny = %c1, %nz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c33, %sy = %c1, %sz = %c1) {
    %c7 = arith.constant 7 : index
    %less = arith.cmpi slt, %tx, %c7 : index
    scf.if %less {
      gpu.barrier loc("/encoder/3/Softmax"("model.onnx":0:0))
    }
    gpu.terminator
  }
  return
}
