// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --mlir-print-op-generic | orchestra-opt | FileCheck %s

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
!b = memref<256x64xbf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a, !b>
// CHECK-LABEL: func.func @tiles
// CHECK-SAME:    policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func @tiles(%x: memref<1000x512xbf16>, %y: memref<512x512xbf16>, %bias: memref<512xf32>, %out: memref<1000x512xf32>, %i: index, %c: vector<128x256xf32>) attributes {policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>} {
  // CHECK: nvtile.load %{{.*}}[%{{.*}}, %{{.*}}] : memref<1000x512xbf16> -> memref<128x64xbf16, #gpu.address_space<workgroup>>
  %a = nvtile.load %x[%i, %i] : memref<1000x512xbf16> -> !a
  %b = nvtile.load %y[%i, %i] : memref<512x512xbf16> -> !b
  // CHECK: nvtile.mma %{{.*}}, %{{.*}}, %{{.*}} transpose_b : memref<128x64xbf16, #gpu.address_space<workgroup>>, memref<256x64xbf16, #gpu.address_space<workgroup>>, vector<128x256xf32>
  %d = nvtile.mma %a, %b, %c transpose_b : !a, !b, vector<128x256xf32>
  // CHECK: nvtile.read %{{.*}}[%{{.*}}] map = #{{.*}} : memref<512xf32> -> vector<128x256xf32>
  %e = nvtile.read %bias[%i] map = affine_map<(d0, d1) -> (d1)> : memref<512xf32> -> vector<128x256xf32>
  // CHECK: nvtile.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] : vector<128x256xf32>, memref<1000x512xf32>
  nvtile.store %e, %out[%i, %i] : vector<128x256xf32>, memref<1000x512xf32>
  return
}

// CHECK-LABEL: func.func @channels
func.func @channels(%x: memref<1000x512xbf16>, %n: index) {
  // CHECK: nvtile.channel : <4, memref<128x64xbf16, #gpu.address_space<workgroup>>, memref<256x64xbf16, #gpu.address_space<workgroup>>>
  %channel = nvtile.channel : !channel
  // CHECK: nvtile.roles consumers = 2 producer {
  nvtile.roles consumers = 2 producer {
    // CHECK: nvtile.acquire %{{.*}}[%{{.*}}] : <4,
    %slots:2 = nvtile.acquire %channel[%n] : !channel -> !a, !b
    // CHECK: nvtile.copy %{{.*}}[%{{.*}}, %{{.*}}] to %{{.*}}#0 on %{{.*}}[%{{.*}}]
    nvtile.copy %x[%n, %n] to %slots#0 on %channel[%n] : memref<1000x512xbf16>, !a, !channel
    // CHECK: nvtile.barrier
    %barrier = nvtile.barrier %channel[%n] : !channel
  // CHECK: } consumer {
  } consumer {
    // CHECK: nvtile.await
    %tiles:2 = nvtile.await %channel[%n] : !channel -> !a, !b
    // CHECK: nvtile.warpgroup
    %w = nvtile.warpgroup
    // CHECK: nvtile.descriptor %{{.*}} k_major
    %d = nvtile.descriptor %tiles#0 k_major : !a
    // CHECK: nvtile.address
    %p = nvtile.address %tiles#0 : !a
    // CHECK: nvtile.release
    nvtile.release %channel[%n] : !channel
  }
  return
}

// CHECK-LABEL: func.func @stores
func.func @stores(%out: memref<1000x512xf32>, %i: index, %r: f32) {
  // CHECK: nvtile.shared bytes = 1024 alignment = 128
  %s = nvtile.shared bytes = 1024 alignment = 128
  // CHECK: nvtile.bulk_store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] rows = 64 columns = 32 : memref<1000x512xf32>
  nvtile.bulk_store %s, %out[%i, %i] rows = 64 columns = 32 : memref<1000x512xf32>
  // CHECK: nvtile.tensor_map %{{.*}} box = [64, 32] : memref<1000x512xf32> -> !llvm.ptr
  %m = nvtile.tensor_map %out box = [64, 32] : memref<1000x512xf32> -> !llvm.ptr
  // CHECK: nvtile.store_fragment(%{{.*}}, %{{.*}}), %{{.*}}[%{{.*}}, %{{.*}}] rows = 64 columns = 8 : memref<1000x512xf32>, f32, f32
  nvtile.store_fragment (%r, %r), %out[%i, %i] rows = 64 columns = 8 : memref<1000x512xf32>, f32, f32
  return
}

// CHECK-LABEL: func.func private @policy
// CHECK-SAME:    policy = #nvtile.policy<stages = 2, consumers = 1, group = 8, blocks = 132, store_bytes = 128, reversed = true, split = 4>
func.func private @policy() attributes {policy = #nvtile.policy<stages = 2, consumers = 1, group = 8, blocks = 132, store_bytes = 128, reversed = true, split = 4>}

// CHECK-LABEL: func.func @rows
func.func @rows(%rows: vector<128xf32>) -> (vector<128x64xf32>, vector<128x64xindex>, vector<128xindex>) {
  // CHECK: nvtile.repeat %{{.*}} : vector<128xf32> -> vector<128x64xf32>
  %t = nvtile.repeat %rows : vector<128xf32> -> vector<128x64xf32>
  // CHECK: nvtile.position dim = 1 : vector<128x64xindex>
  %c = nvtile.position dim = 1 : vector<128x64xindex>
  // CHECK: nvtile.position dim = 0 : vector<128xindex>
  %r = nvtile.position dim = 0 : vector<128xindex>
  return %t, %c, %r : vector<128x64xf32>, vector<128x64xindex>, vector<128xindex>
}

// CHECK-LABEL: func.func @registers
func.func @registers(%w: vector<128x128xbf16>, %b: !a, %c: vector<128x64xf32>) -> vector<128x64xf32> {
  // CHECK: nvtile.mma %{{.*}}, %{{.*}}, %{{.*}} : vector<128x128xbf16>, memref<128x64xbf16, #gpu.address_space<workgroup>>, vector<128x64xf32>
  %d = nvtile.mma %w, %b, %c : vector<128x128xbf16>, !a, vector<128x64xf32>
  return %d : vector<128x64xf32>
}

// CHECK-LABEL: func.func @cluster
func.func @cluster(%t: vector<64x64xf32>) -> (index, vector<64x16xf32>) {
  // CHECK: nvtile.rank
  %r = nvtile.rank
  // CHECK: nvtile.sum_cluster %{{.*}} : vector<64x64xf32> -> vector<64x16xf32>
  %s = nvtile.sum_cluster %t : vector<64x64xf32> -> vector<64x16xf32>
  return %r, %s : index, vector<64x16xf32>
}

// Tiles along dimensions that are not the last two.
// CHECK-LABEL: func.func @dims
func.func @dims(%q: memref<512x12x64xbf16>, %i: index, %v: vector<128x64xbf16>, %r: bf16, %p: !llvm.ptr<3>) {
  // CHECK: nvtile.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] {dims = array<i64: 0, 2>} : memref<512x12x64xbf16> -> memref<128x64xbf16,
  %t = nvtile.load %q[%i, %i, %i] {dims = array<i64: 0, 2>} : memref<512x12x64xbf16> -> !a
  // CHECK: nvtile.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] {dims = array<i64: 0, 2>} : vector<128x64xbf16>, memref<512x12x64xbf16>
  nvtile.store %v, %q[%i, %i, %i] {dims = array<i64: 0, 2>} : vector<128x64xbf16>, memref<512x12x64xbf16>
  %channel = nvtile.channel : !channel
  %slots:2 = nvtile.acquire %channel[%i] : !channel -> !a, !b
  // CHECK: nvtile.copy %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] to %{{.*}}#0 on %{{.*}}[%{{.*}}] {dims = array<i64: 0, 2>}
  nvtile.copy %q[%i, %i, %i] to %slots#0 on %channel[%i] {dims = array<i64: 0, 2>} : memref<512x12x64xbf16>, !a, !channel
  // CHECK: nvtile.store_fragment(%{{.*}}, %{{.*}}), %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] rows = 64 columns = 8 {dims = array<i64: 0, 2>}
  nvtile.store_fragment (%r, %r), %q[%i, %i, %i] rows = 64 columns = 8 {dims = array<i64: 0, 2>} : memref<512x12x64xbf16>, bf16, bf16
  // CHECK: nvtile.bulk_store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] rows = 64 columns = 64 {dims = array<i64: 0, 2>}
  nvtile.bulk_store %p, %q[%i, %i, %i] rows = 64 columns = 64 {dims = array<i64: 0, 2>} : memref<512x12x64xbf16>
  return
}

// CHECK-LABEL: func.func @pending
// CHECK-SAME:    overlap = true>
func.func @pending(%a: !a, %b: !b, %c: vector<128x256xf32>) -> vector<128x256xf32> attributes {policy = #nvtile.policy<stages = 2, consumers = 2, group = 8, blocks = 132, store_bytes = 128, overlap = true>} {
  // CHECK: nvtile.pass_turn first
  nvtile.pass_turn first
  // CHECK: nvtile.take_turn
  nvtile.take_turn
  // CHECK: nvtile.mma %{{.*}}, %{{.*}}, %{{.*}} transpose_b pending :
  %p = nvtile.mma %a, %b, %c transpose_b pending : !a, !b, vector<128x256xf32>
  // CHECK: nvtile.pass_turn{{$}}
  nvtile.pass_turn
  // CHECK: nvtile.wait %{{.*}} younger = 1 : vector<128x256xf32>
  %d = nvtile.wait %p younger = 1 : vector<128x256xf32>
  return %d : vector<128x256xf32>
}
