// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-stablehlo-drop-assertions -verify-diagnostics | FileCheck %s

// Each is named once.
// CHECK-LABEL: func.func @checks
// CHECK-NOT: cf.assert
func.func @checks(%a: i1, %b: i1) {
  // expected-warning@+2 {{a StableHLO program does not check its inputs [unchecked-input]}}
  // expected-note@+1 {{it must not happen that input 'n' has other values than those the program is compiled for}}
  cf.assert %a, "input 'n' has other values than those the program is compiled for"
  cf.assert %b, "input 'n' has other values than those the program is compiled for"
  // expected-warning@+2 {{a StableHLO program does not check its inputs [unchecked-input]}}
  // expected-note@+1 {{it must not happen that an index is out of range}}
  cf.assert %b, "an index is out of range"
  return
}
