// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-emulated-lower-device-ops=arch=nvidia_hopper

func.func private @some_lanes(%item: !llvm.ptr, %v: f32, %one: i32) -> f32 attributes {orchestra.emulated.kernel = "some_lanes"} {
  %half = llvm.mlir.constant(65535 : i32) : i32
  %clamp = llvm.mlir.constant(31 : i32) : i32
  // expected-error@+1 {{the emulation of 'nvidia_hopper' does not know the op 'nvvm.shfl.sync' [unsupported-by-target]}}
  %r = nvvm.shfl.sync bfly %half, %v, %one, %clamp : f32 -> f32
  return %r : f32
}

// -----

func.func private @multicast(%item: !llvm.ptr, %map: !llvm.ptr, %s: !llvm.ptr<7>, %b: !llvm.ptr<3>, %x: i32, %mask: i16) attributes {orchestra.emulated.kernel = "multicast"} {
  // expected-error@+1 {{the emulation of 'nvidia_hopper' does not know the op 'nvvm.cp.async.bulk.tensor.shared.cluster.global' [unsupported-by-target]}}
  nvvm.cp.async.bulk.tensor.shared.cluster.global %s, %map, %b, box[%x, %x] multicast_mask = %mask : !llvm.ptr<7>, !llvm.ptr
  return
}

// -----

func.func private @phase(%item: !llvm.ptr, %b: !llvm.ptr<3>) -> i64 attributes {orchestra.emulated.kernel = "phase"} {
  // expected-error@+1 {{the emulation of 'nvidia_hopper' does not know the op 'nvvm.mbarrier.arrive' [unsupported-by-target]}}
  %s = nvvm.mbarrier.arrive %b : !llvm.ptr<3> -> i64
  return %s : i64
}

// -----

func.func private @power(%item: !llvm.ptr, %v: f32) -> f32 attributes {orchestra.emulated.kernel = "power"} {
  // expected-error@+1 {{the emulation of 'nvidia_hopper' does not know the op 'nvvm.rcp.approx.ftz.f' [unsupported-by-target]}}
  %r = nvvm.rcp.approx.ftz.f %v : f32
  return %r : f32
}
