// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-emulated-check-addresses

llvm.func @kernel(%item: !llvm.ptr) attributes {orchestra.emulated.kernel = "kernel"} {
  // expected-error@+1 {{the emulation cannot check what the op 'llvm.inline_asm' touches [unsupported-by-target]}}
  llvm.inline_asm has_side_effects "nop", "" : () -> ()
  llvm.return
}

// -----

llvm.func @scalable(%item: !llvm.ptr, %p: !llvm.ptr, %mask: vector<[4]xi1>, %v: vector<[4]xf32>) attributes {orchestra.emulated.kernel = "scalable"} {
  // expected-error@+1 {{the emulation cannot check what the op 'llvm.intr.masked.store' touches [unsupported-by-target]}}
  llvm.intr.masked.store %v, %p, %mask {alignment = 4 : i32} : vector<[4]xf32>, vector<[4]xi1> into !llvm.ptr
  llvm.return
}
