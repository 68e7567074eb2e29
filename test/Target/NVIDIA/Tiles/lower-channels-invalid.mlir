// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-lower-channels

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
// expected-error@below {{a kernel with channels needs one producer and its consumers [unsupported-by-target]}}
func.func private @no_roles() attributes {orchestra.nvtile = #policy} {
  %channel = nvtile.channel : !nvtile.channel<3, !a>
  return
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
func.func private @copies(%x: memref<512x512xbf16>, %n: index) attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{a channel is used in a way that has no lowering [unsupported-by-target]}}
  %channel = nvtile.channel : !nvtile.channel<3, !a>
  nvtile.roles consumers = 2 producer {
    %slot = nvtile.acquire %channel[%n] : !nvtile.channel<3, !a> -> !a
    nvtile.copy %x[%n, %n] to %slot on %channel[%n] : memref<512x512xbf16>, !a, !nvtile.channel<3, !a>
  } consumer {
  }
  return
}
