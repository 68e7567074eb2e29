// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-outline-kernel

// expected-error@+1 {{result of a kernel for NVIDIA is not computed into its destination [unsupported-by-target]}}
func.func private @result(%a: memref<4xf32>) -> memref<4xf32> attributes {orchestra.kernel} {
  return %a : memref<4xf32>
}

// -----

func.func private @two_loops(%out: memref<8xf32>) attributes {orchestra.kernel} {
  scf.forall (%i) in (8) {
  }
  // expected-error@+1 {{a kernel for NVIDIA has more than one parallel loop [unsupported-by-target]}}
  scf.forall (%i) in (8) {
  }
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

func.func private @outside(%out: memref<8xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{op could not be fused into the parallel loop of its kernel for NVIDIA [unsupported-by-target]}}
  linalg.fill ins(%zero : f32) outs(%out : memref<8xf32>)
  scf.forall (%i) in (8) {
  }
  return
}

// -----

func.func private @bounds(%out: memref<8xf32>, %n: index) attributes {orchestra.kernel} {
  // expected-error@+1 {{the parallel loop of a kernel for NVIDIA has bounds that are not constant [unsupported-by-target]}}
  scf.forall (%i) in (%n) {
  }
  return
}
