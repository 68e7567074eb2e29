// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-outline-kernel

// expected-error@+1 {{result of a kernel for NVIDIA is not computed into its destination [unsupported-by-target]}}
func.func private @result(%a: memref<4xf32>) -> memref<4xf32> attributes {orchestra.kernel} {
  return %a : memref<4xf32>
}

// -----

// expected-error@+1 {{a kernel for NVIDIA has control flow between blocks [unsupported-by-target]}}
func.func private @blocks(%a: memref<4xf32>) attributes {orchestra.kernel} {
  cf.br ^next
^next:
  return
}

// -----

func.func private @heap(%out: memref<8xf32>) attributes {orchestra.kernel} {
  scf.forall (%i) in (8) {
    // expected-error@+1 {{a thread of a kernel for NVIDIA would need a temporary of 'memref<100000xf32>', which is too large for its local memory [unsupported-by-target]}}
    %t = memref.alloc() : memref<100000xf32>
    %v = memref.load %t[%i] : memref<100000xf32>
    memref.store %v, %out[%i] : memref<8xf32>
  }
  return
}

// -----

func.func private @open_heap(%n: index, %out: memref<8xf32>) attributes {orchestra.kernel} {
  scf.forall (%i) in (8) {
    // expected-error@+1 {{a thread of a kernel for NVIDIA would need a temporary of 'memref<?xf32>', which is too large for its local memory [unsupported-by-target]}}
    %t = memref.alloc(%n) : memref<?xf32>
    %v = memref.load %t[%i] : memref<?xf32>
    memref.store %v, %out[%i] : memref<8xf32>
  }
  return
}

// -----

func.func private @value_leaves(%a: memref<8xf32>, %out: memref<8xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-error@+1 {{a value leaves a loop of a kernel for NVIDIA [unsupported-by-target]}}
  %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%s = %zero) -> f32 {
    memref.store %s, %a[%i] : memref<8xf32>
    scf.yield %s : f32
  }
  scf.forall (%i) in (8) {
    memref.store %sum, %out[%i] : memref<8xf32>
  }
  return
}

// -----

func.func private @reads_own(%n: memref<index>, %out: memref<8xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %c8 = arith.constant 8 : index
  memref.store %c8, %n[] : memref<index>
  // expected-error@+1 {{a kernel for NVIDIA reads a number that it has computed, between its loops [unsupported-by-target]}}
  %m = memref.load %n[] : memref<index>
  scf.forall (%i) in (8) {
    memref.store %zero, %out[%m] : memref<8xf32>
  }
  return
}

// -----

func.func private @bounds(%n: memref<index>, %out: memref<8xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %m = memref.load %n[] : memref<index>
  // expected-error@+1 {{how often a loop of a kernel for NVIDIA runs is not known before [unsupported-by-target]}}
  scf.forall (%i) in (%m) {
    memref.store %zero, %out[%i] : memref<8xf32>
  }
  return
}
