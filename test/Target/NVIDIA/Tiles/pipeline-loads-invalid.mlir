// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-pipeline-loads

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
func.func private @branch(%x: memref<512x512xbf16>, %i: index, %is: i1) attributes {orchestra.nvtile = #policy} {
  scf.if %is {
    // expected-error@below {{a load of a kernel for NVIDIA stands in a branch [unsupported-by-target]}}
    %a = nvtile.load %x[%i, %i] : memref<512x512xbf16> -> !a
  }
  return
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
func.func private @uncounted(%x: memref<512x512xbf16>, %n: index) attributes {orchestra.nvtile = #policy} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    scf.for %k = %c0 to %n step %c1 {
      // expected-error@below {{stand in loops whose runs cannot be counted [unsupported-by-target]}}
      %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    }
  }
  return
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
func.func private @unknown_step(%x: memref<512x512xbf16>, %n: index) attributes {orchestra.nvtile = #policy} {
  %c0 = arith.constant 0 : index
  scf.for %i = %c0 to %n step %n {
    // expected-error@below {{stand in loops whose runs cannot be counted [unsupported-by-target]}}
    %a = nvtile.load %x[%i, %i] : memref<512x512xbf16> -> !a
  }
  return
}
