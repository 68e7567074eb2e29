// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-write-object=output=%t

// expected-error@+1 {{there is no device code to write}}
module {
}

// -----

// expected-error@+1 {{one file cannot hold the device code of 2 kernels}}
module {
  gpu.binary @k [#gpu.object<#nvvm.target, "code">]
  gpu.binary @l [#gpu.object<#nvvm.target, "code">]
}
