// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -verify-diagnostics --orchestra-emulated-lend-arguments

// expected-error@+1 {{a buffer of type 'memref<4x4xf32, strided<[8, 1]>>' cannot be lent to a device [unsupported-by-target]}}
func.func @padded(%a: memref<4x4xf32, strided<[8, 1]>>) {
  return
}
