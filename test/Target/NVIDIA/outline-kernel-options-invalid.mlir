// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -verify-diagnostics --orchestra-nvidia-outline-kernel=block-size=96

// expected-error@+1 {{block-size must be a power of two of at most 1024, but is 96}}
module {
}
