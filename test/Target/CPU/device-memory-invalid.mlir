// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-cpu-device-memory

func.func @columns(%exec: !llvm.ptr, %a: memref<4x2xf32>, %b: memref<4x8xf32>) {
  %columns = memref.subview %b[0, 2] [4, 2] [1, 1] : memref<4x8xf32> to memref<4x2xf32, strided<[8, 1], offset: 2>>
  // expected-error@+1 {{the host program copies 'memref<4x2xf32>' to 'memref<4x2xf32, strided<[8, 1], offset: 2>>', which a device's queue cannot [unsupported-by-target]}}
  memref.copy %a, %columns : memref<4x2xf32> to memref<4x2xf32, strided<[8, 1], offset: 2>>
  return
}
