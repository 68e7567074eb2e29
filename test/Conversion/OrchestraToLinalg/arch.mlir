// The host's architecture is an option.
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-to-linalg{arch=aarch64}))' | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-NEXT: arith.negf
func.func @main(%x: f32) -> f32 {
  %r = orchestra.task -> (f32) target = {arch = "aarch64"} {
    %0 = arith.negf %x : f32
    orchestra.yield %0 : f32
  }
  return %r : f32
}
