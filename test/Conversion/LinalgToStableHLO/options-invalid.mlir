// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -verify-diagnostics --linalg-to-stablehlo=precision=exact

// expected-error@+1 {{precision must be highest, high or default, but is 'exact'}}
module {
}
