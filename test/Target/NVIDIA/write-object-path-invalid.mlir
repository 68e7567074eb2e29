// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -verify-diagnostics --orchestra-nvidia-write-object=output=%t/no/such/folder

// expected-error@+1 {{cannot open output file}}
module {
  gpu.binary @k [#gpu.object<#nvvm.target, "code">]
}
