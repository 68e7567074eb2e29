// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -verify-diagnostics --orchestra-emulated-lower-device-ops=arch=warp

// expected-error@+2 {{there is no emulation of 'warp' [unknown-target]}}
// expected-note@+1 {{there is: amd_cdna3}}
module {
}
