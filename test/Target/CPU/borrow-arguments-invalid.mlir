// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-cpu-borrow-arguments

// expected-error@+1 {{which buffers the kernel writes is not known}}
func.func @orch_k_unknown(%exec: !llvm.ptr, %a: memref<4xf32>) attributes {orchestra.kernel} {
  return
}

// -----

// expected-error@+1 {{a buffer of type 'memref<4xf32, strided<[2]>>' cannot come from a device [unsupported-by-target]}}
func.func @orch_k_strided(%exec: !llvm.ptr, %a: memref<4xf32, strided<[2]>>) attributes {orchestra.kernel, orchestra.num_outputs = 1 : i64} {
  return
}
