// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -verify-diagnostics --orchestra-emulated-convert-kernels=arch=warp

// expected-error@+2 {{there is no emulation of 'warp' [unknown-target]}}
// expected-note@+1 {{there is: amd_cdna3, amd_cdna4, amd_rdna4, intel_xe2, nvidia_ampere, nvidia_blackwell, nvidia_hopper}}
module {
}
