// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics

// expected-error@below {{stages must be positive, but is 0}}
func.func private @policy() attributes {policy = #nvtile.policy<stages = 0, consumers = 2, group = 8, blocks = 132, store_bytes = 256>}

// -----

// expected-error@below {{store_bytes must be a multiple of 128, but is 100}}
func.func private @policy() attributes {policy = #nvtile.policy<stages = 1, consumers = 2, group = 8, blocks = 132, store_bytes = 100>}

// -----

// expected-error@below {{'memref<128x64xbf16>' is no tile in shared memory}}
func.func private @channel(!nvtile.channel<4, memref<128x64xbf16>>)

// -----

// expected-error@below {{a channel needs a stage, but has 0}}
func.func private @channel(!nvtile.channel<0, memref<128x64xbf16, #gpu.address_space<workgroup>>>)

// -----

func.func @load(%x: memref<512x512xbf16>, %i: index) {
  // expected-error@below {{rows of 'memref<128x32xbf16, #gpu.address_space<workgroup>>' are not made of panels of 128 bytes}}
  %t = nvtile.load %x[%i, %i] : memref<512x512xbf16> -> memref<128x32xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @load(%x: memref<512x512xbf16>, %i: index) {
  // expected-error@below {{'memref<128x64xbf16>' is no tile in shared memory}}
  %t = nvtile.load %x[%i, %i] : memref<512x512xbf16> -> memref<128x64xbf16>
  return
}

// -----

func.func @load(%x: memref<512x512xbf16>, %i: index) {
  // expected-error@below {{needs an index for each of the 2 dimensions, but has 1}}
  %t = nvtile.load %x[%i] : memref<512x512xbf16> -> memref<128x64xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @store(%x: memref<512x512xbf16>, %i: index, %v: vector<128x64xf32>) {
  // expected-error@below {{accesses elements of 'bf16' as 'f32'}}
  nvtile.store %v, %x[%i, %i] : vector<128x64xf32>, memref<512x512xbf16>
  return
}

// -----

func.func @read(%x: memref<512xbf16>, %i: index) {
  // expected-error@below {{map must choose of two dimensions one for each of the 1 of the buffer}}
  %v = nvtile.read %x[%i] map = affine_map<(d0, d1) -> (d0, d1)> : memref<512xbf16> -> vector<128x64xbf16>
  return
}

// -----

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
func.func @mma(%a: !a, %c: vector<128x128xf32>) {
  // expected-error@below {{shapes do not agree: 128x64 times 128x64 gives no 128x128}}
  %d = nvtile.mma %a, %a, %c : !a, !a, vector<128x128xf32>
  return
}

// -----

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
!b = memref<128x64xf16, #gpu.address_space<workgroup>>
func.func @mma(%a: !a, %b: !b, %c: vector<128x128xf32>) {
  // expected-error@below {{multiplies 'bf16' by 'f16'}}
  %d = nvtile.mma %a, %b, %c transpose_b : !a, !b, vector<128x128xf32>
  return
}

// -----

func.func @mma(%a: memref<128x64xbf16>, %c: vector<128x128xf32>) {
  // expected-error@below {{multiplies tiles in shared memory, the first one also in registers}}
  %d = nvtile.mma %a, %a, %c transpose_b : memref<128x64xbf16>, memref<128x64xbf16>, vector<128x128xf32>
  return
}

// -----

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a, !a>
func.func @slots(%channel: !channel, %n: index) {
  // expected-error@below {{must give the tiles of}}
  %t = nvtile.acquire %channel[%n] : !channel -> !a
  return
}

// -----

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a, !a>
func.func @slots(%channel: !channel, %n: index) {
  // expected-error@below {{must give the tiles of}}
  %t = nvtile.await %channel[%n] : !channel -> !a
  return
}

// -----

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
func.func @mma(%a: vector<128x64xbf16>, %b: vector<128x64xbf16>, %c: vector<128x128xf32>) {
  // expected-error@below {{expected builtin.memref, but found 'vector<128x64xbf16>'}}
  %d = nvtile.mma %a, %b, %c transpose_b : vector<128x64xbf16>, vector<128x64xbf16>, vector<128x128xf32>
  return
}

// -----

!b = memref<128x64xbf16, #gpu.address_space<workgroup>>
func.func @mma(%a: vector<128x64xbf16>, %b: !b, %c: vector<64x64xf32>) {
  // expected-error@below {{cannot transpose a tile in registers}}
  %d = nvtile.mma %a, %b, %c transpose_a : vector<128x64xbf16>, !b, vector<64x64xf32>
  return
}

// -----

!b = memref<64x64xbf16, #gpu.address_space<workgroup>>
func.func @mma(%a: vector<128x64xf16>, %b: !b, %c: vector<128x64xf32>) {
  // expected-error@below {{multiplies 'f16' by 'bf16'}}
  %d = nvtile.mma %a, %b, %c : vector<128x64xf16>, !b, vector<128x64xf32>
  return
}

// -----

// expected-error@below {{split must be positive, but is 0}}
func.func private @policy() attributes {policy = #nvtile.policy<stages = 1, consumers = 2, group = 8, blocks = 132, store_bytes = 128, split = 0>}

// -----

// expected-error@below {{split must be at most 8, but is 16}}
func.func private @policy() attributes {policy = #nvtile.policy<stages = 1, consumers = 2, group = 8, blocks = 132, store_bytes = 128, split = 16>}

// -----

func.func @repeat(%rows: vector<128xf32>) {
  // expected-error@below {{'vector<128xf32>' has no number for each row of 'vector<64x64xf32>'}}
  %t = nvtile.repeat %rows : vector<128xf32> -> vector<64x64xf32>
  return
}

// -----

func.func @repeat(%rows: vector<64xf32>) {
  // expected-error@below {{'vector<64xf32>' has no number for each row of 'vector<64x64xf16>'}}
  %t = nvtile.repeat %rows : vector<64xf32> -> vector<64x64xf16>
  return
}

// -----

func.func @position() {
  // expected-error@below {{attribute 'dim' failed to satisfy constraint}}
  %t = nvtile.position dim = 2 : vector<64x64xindex>
  return
}

// -----

func.func @position() {
  // expected-error@below {{result #0 must be}}
  %t = nvtile.position dim = 1 : vector<64x64xi32>
  return
}

// -----

func.func @sum_cluster(%t: vector<64x64xf32>) {
  // expected-error@below {{'vector<64x24xf32>' is no part of the columns of 'vector<64x64xf32>'}}
  %s = nvtile.sum_cluster %t : vector<64x64xf32> -> vector<64x24xf32>
  return
}

// -----

func.func @sum_cluster(%t: vector<64x64xf32>) {
  // expected-error@below {{'vector<32x16xf32>' is no part of the columns of 'vector<64x64xf32>'}}
  %s = nvtile.sum_cluster %t : vector<64x64xf32> -> vector<32x16xf32>
  return
}

// -----

func.func @dims(%x: memref<512x12x64xf16>, %i: index) {
  // expected-error@below {{dims must be two of the 3 dimensions of the buffer, in order}}
  %t = nvtile.load %x[%i, %i, %i] {dims = array<i64: 2, 0>} : memref<512x12x64xf16> -> memref<128x64xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @dims(%x: memref<512x12x64xf16>, %i: index) {
  // expected-error@below {{dims must be two of the 3 dimensions of the buffer, in order}}
  %t = nvtile.load %x[%i, %i, %i] {dims = array<i64: 0>} : memref<512x12x64xf16> -> memref<128x64xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @dims(%x: memref<512x12x64xf16>, %i: index, %v: vector<128x64xf16>) {
  // expected-error@below {{dims must be two of the 3 dimensions of the buffer, in order}}
  nvtile.store %v, %x[%i, %i, %i] {dims = array<i64: 1, 3>} : vector<128x64xf16>, memref<512x12x64xf16>
  return
}

// -----

func.func @dims(%x: memref<512xf16>, %i: index, %v: vector<128x64xf16>) {
  // expected-error@below {{needs a buffer of two dimensions at least}}
  nvtile.store %v, %x[%i] : vector<128x64xf16>, memref<512xf16>
  return
}

// -----

func.func @wait(%p: vector<64x64xf32>) {
  // expected-error@below {{attribute 'younger' failed to satisfy constraint}}
  %d = nvtile.wait %p younger = -1 : vector<64x64xf32>
  return
}

// -----

// expected-error@below {{windows need as many sizes, strides, dilations, low and counts, from 1 to 3}}
func.func private @windows() attributes {windows = #nvtile.windows<sizes = [3, 3], strides = [1], dilations = [1, 1], low = [0, 0], counts = [5, 5], channels = 64>}

// -----

// expected-error@below {{windows need positive sizes, strides, dilations and counts}}
func.func private @windows() attributes {windows = #nvtile.windows<sizes = [3], strides = [0], dilations = [1], low = [0], counts = [5], channels = 64>}

// -----

// expected-error@below {{windows need a positive number of channels, but have 0}}
func.func private @windows() attributes {windows = #nvtile.windows<sizes = [3], strides = [1], dilations = [1], low = [0], counts = [5], channels = 0>}

// -----

#windows = #nvtile.windows<sizes = [3], strides = [1], dilations = [1], low = [0], counts = [5], channels = 64>
func.func @im2col(%x: tensor<1x7x7x64xf16>) {
  // expected-error@below {{windows of 1 dimensions do not fit a picture of rank 4}}
  %m = nvtile.im2col %x windows = #windows : tensor<1x7x7x64xf16> -> tensor<5x192xf16>
  return
}

// -----

#windows = #nvtile.windows<sizes = [3], strides = [1], dilations = [1], low = [0], counts = [5], channels = 64>
func.func @im2col(%x: tensor<1x7x72xf16>) {
  // expected-error@below {{windows leave out channels of the picture}}
  %m = nvtile.im2col %x windows = #windows : tensor<1x7x72xf16> -> tensor<5x192xf16>
  return
}

// -----

#windows = #nvtile.windows<sizes = [3], strides = [1], dilations = [1], low = [0], counts = [5], channels = 64>
func.func @im2col(%x: tensor<2x7x64xf16>) {
  // expected-error@below {{makes 10x192 elements of 'f16', not 'tensor<5x192xf16>'}}
  %m = nvtile.im2col %x windows = #windows : tensor<2x7x64xf16> -> tensor<5x192xf16>
  return
}

// -----

#windows = #nvtile.windows<sizes = [3], strides = [1], dilations = [1], low = [0], counts = [5], channels = 64>
func.func @load(%x: memref<7x64xf16>, %i: index) {
  // expected-error@below {{windows need a buffer of two dimensions more, and two indices}}
  %t = nvtile.load %x[%i, %i] {windows = #windows} : memref<7x64xf16> -> memref<64x64xf16, #gpu.address_space<workgroup>>
  return
}

// -----

// expected-error@below {{windows of joined pixels have one of them, and begin in the picture}}
func.func private @windows() attributes {windows = #nvtile.windows<sizes = [3], strides = [2], dilations = [1], low = [0], counts = [5], channels = 64, joined = 4>}

// -----

#windows = #nvtile.windows<sizes = [1], strides = [2], dilations = [1], low = [0], counts = [5], channels = 64, joined = 4>
func.func @im2col(%x: tensor<1x11x4xf16>) {
  // expected-error@below {{windows of joined pixels end outside of the picture}}
  %m = nvtile.im2col %x windows = #windows : tensor<1x11x4xf16> -> tensor<5x64xf16>
  return
}
