// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics

func.func @iota() {
  // expected-error@+1 {{iota dimension 1 is not in [0, 1)}}
  %0 = stablehlo.iota dim = 1 : tensor<4xi64>
}

// -----

func.func @broadcast_count(%x: tensor<4xf32>) {
  // expected-error@+1 {{names 2 dimensions for an operand that has 1}}
  %0 = stablehlo.broadcast_in_dim %x, dims = [0, 1] : (tensor<4xf32>) -> tensor<4x4xf32>
}

// -----

func.func @broadcast_size(%x: tensor<3xf32>) {
  // expected-error@+1 {{cannot broadcast size 3 to size 4 of dimension 1}}
  %0 = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<3xf32>) -> tensor<2x4xf32>
}

// -----

func.func @broadcast_twice(%x: tensor<4x4xf32>) {
  // expected-error@+1 {{dimension 1 is named twice}}
  %0 = stablehlo.broadcast_in_dim %x, dims = [1, 1] : (tensor<4x4xf32>) -> tensor<4x4xf32>
}

// -----

func.func @broadcast_type(%x: tensor<4xf32>) {
  // expected-error@+1 {{must have a result of type 'tensor<2x4xf32>', but it is 'tensor<2x4xf16>'}}
  %0 = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<4xf32>) -> tensor<2x4xf16>
}

// -----

func.func @transpose_count(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{names 1 dimensions for an operand that has 2}}
  %0 = stablehlo.transpose %x, dims = [0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
}

// -----

func.func @transpose(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{must have a result of type 'tensor<3x2xf32>', but it is 'tensor<2x3xf32>'}}
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
}

// -----

func.func @reshape(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{changes the number of elements: 'tensor<2x3xf32>' to 'tensor<5xf32>'}}
  %0 = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<5xf32>
}

// -----

func.func @slice_count(%x: tensor<4x4xf32>) {
  // expected-error@+1 {{needs one range for each of 2 dimensions}}
  %0 = stablehlo.slice %x [0:2] : (tensor<4x4xf32>) -> tensor<2x4xf32>
}

// -----

func.func @slice(%x: tensor<4xf32>) {
  // expected-error@+1 {{range 0:5:1 does not fit dimension 0 of size 4}}
  %0 = stablehlo.slice %x [0:5] : (tensor<4xf32>) -> tensor<5xf32>
}

// -----

func.func @pad_count(%x: tensor<4x4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{needs one padding for each of 2 dimensions}}
  %0 = stablehlo.pad %x, %z, low = [0], high = [0], interior = [0] : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
}

// -----

func.func @pad_value(%x: tensor<4xf32>, %z: tensor<f16>) {
  // expected-error@+1 {{must pad with a 'tensor<f32>', but has 'tensor<f16>'}}
  %0 = stablehlo.pad %x, %z, low = [0], high = [0], interior = [0] : (tensor<4xf32>, tensor<f16>) -> tensor<4xf32>
}

// -----

func.func @pad_interior(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{padding of dimension 0 is negative}}
  %0 = stablehlo.pad %x, %z, low = [0], high = [0], interior = [-1] : (tensor<4xf32>, tensor<f32>) -> tensor<1xf32>
}

// -----

func.func @concatenate_nothing() {
  // expected-error@+1 {{needs an operand}}
  %0 = "stablehlo.concatenate"() <{dimension = 0 : i64}> : () -> tensor<4xf32>
}

// -----

func.func @concatenate(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error@+1 {{cannot join 'tensor<2x3xf32>' and 'tensor<2x4xf32>' along dimension 0}}
  %0 = stablehlo.concatenate %x, %y, dim = 0 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
}

// -----

func.func @update_count(%x: tensor<8x8xf32>, %u: tensor<2x2xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{needs an update and one start for each of 2 dimensions}}
  %0 = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<8x8xf32>, tensor<2x2xf32>, tensor<i64>) -> tensor<8x8xf32>
}

// -----

func.func @update_size(%x: tensor<8xf32>, %u: tensor<9xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{update of size 9 does not fit dimension 0 of size 8}}
  %0 = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<8xf32>, tensor<9xf32>, tensor<i64>) -> tensor<8xf32>
}

// -----

func.func @dot_count(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error@+1 {{pairs different numbers of dimensions}}
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [0, 1] x [0] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
}

// -----

func.func @dot_size(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error@+1 {{pairs dimension 1 of size 3 with dimension 0 of size 4}}
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
}

// -----

func.func @dot_dim(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error@+1 {{left dimension 2 is not in [0, 2)}}
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [2] x [0] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
}

// -----

func.func @dot_result(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error@+1 {{must have a result of shape [2, 4], but it is 'tensor<4x2xf32>'}}
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<4x2xf32>
}

// -----

func.func @dot_precision(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error@+1 {{expected DEFAULT, HIGH or HIGHEST}}
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0], precision = [BEST] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
}

// -----

func.func @reduce_init(%x: tensor<4xf32>, %z: tensor<1xf32>) {
  // expected-error@+1 {{must start from a 'tensor<f32>', but has 'tensor<1xf32>'}}
  %0 = stablehlo.reduce(%x init: %z) applies stablehlo.add across dimensions = [0] : (tensor<4xf32>, tensor<1xf32>) -> tensor<f32>
}

// -----

func.func @reduce_body(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{must have a body that combines two 'tensor<f32>' into one}}
  %0 = stablehlo.reduce(%x init: %z) across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
   reducer(%l: tensor<f32>) {
    stablehlo.return %l : tensor<f32>
  }
}

// -----

func.func @reduce_op(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{unknown op 'stablehlo.nothing'}}
  %0 = stablehlo.reduce(%x init: %z) applies stablehlo.nothing across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
}

// -----

func.func @reduce_dim(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{dimension 1 is not in [0, 1)}}
  %0 = stablehlo.reduce(%x init: %z) applies stablehlo.add across dimensions = [1] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
}

// -----

func.func @dynamic(%x: tensor<?xf32>) {
  // expected-error@+1 {{operand #0 must be statically shaped tensor}}
  %0 = stablehlo.abs %x : tensor<?xf32>
}
