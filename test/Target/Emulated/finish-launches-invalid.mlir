// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-emulated-finish-launches

llvm.func @kernel(%item: !llvm.ptr, %a: f32) attributes {orchestra.emulated.kernel = "kernel", orchestra.emulated.shared_bytes = 0 : i64} {
  llvm.return
}
// expected-error@+1 {{arguments of a launch are not those of its kernel @kernel}}
llvm.func @kernel__launch(i64, i64, i64, i64, i64, i64, i64, i64, i32) attributes {orchestra.emulated.launches = @kernel, orchestra.emulated.subgroup_size = 16 : i64}

// -----

// expected-error@+1 {{arguments of a launch are not those of its kernel @missing}}
llvm.func @missing__launch(i64, i64, i64, i64, i64, i64, i64, i64) attributes {orchestra.emulated.launches = @missing, orchestra.emulated.subgroup_size = 16 : i64}
