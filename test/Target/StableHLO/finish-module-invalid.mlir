// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-stablehlo-finish-module

// expected-error@+1 {{a StableHLO module has one entry, but this one has 2 functions that could be it [unsupported-by-target]}}
module {
  // expected-note@+1 {{'a' is one}}
  func.func private @a() attributes {orchestra.kernel} {
    return
  }
  // expected-note@+1 {{'b' is one}}
  func.func private @b() attributes {orchestra.kernel} {
    return
  }
}

// -----

module {
  // expected-error@+1 {{the entry cannot be named 'main': another function has the name}}
  func.func @run() attributes {orchestra.entry} {
    return
  }
  func.func @main() {
    return
  }
}
