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
  // expected-error@+1 {{needs a size and one start for each of 2 dimensions}}
  %0 = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<8x8xf32>, tensor<2x2xf32>, tensor<i64>) -> tensor<8x8xf32>
}

// -----

func.func @update_size(%x: tensor<8xf32>, %u: tensor<9xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{box of size 9 does not fit dimension 0 of size 8}}
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
  // expected-error@+1 {{must have a body that takes scalars of 'f32', 'f32' and returns scalars of 'f32'}}
  %0 = "stablehlo.reduce"(%x, %z) <{dimensions = array<i64: 0>}> ({
  ^bb0(%l: tensor<f32>):
    stablehlo.return %l : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
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

func.func @mixed(%x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error@+1 {{mixes elements of type 'f32' and 'f16'}}
  %0 = stablehlo.add %x, %y : (tensor<4xf32>, tensor<4xf16>) -> tensor<4xf32>
  return
}

// -----

func.func @element(%x: tensor<4xf32>) {
  // expected-error@+1 {{must have a result of 'f32', but it is of 'f16'}}
  %0 = stablehlo.exponential %x : (tensor<4xf32>) -> tensor<4xf16>
  return
}

// -----

func.func @shape(%x: tensor<4xf32>) {
  // expected-error@+1 {{all non-scalar operands/results must have the same shape and base type}}
  %0 = stablehlo.abs %x : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @unsigned(%x: tensor<4xui32>) {
  // expected-error@+1 {{operand #0 must be}}
  %0 = stablehlo.abs %x : tensor<4xui32>
  return
}

// -----

func.func @constant() {
  // expected-error@+1 {{has a value of type 'tensor<2xi8>', but is of 'tensor<2xi32>'}}
  %0 = stablehlo.constant() <{value = dense<1> : tensor<2xi8>}> : () -> tensor<2xi32>
  return
}

// -----

func.func @select(%p: tensor<3xi1>, %x: tensor<4xf32>) {
  // expected-error@+1 {{has a condition of another shape: 'tensor<3xi1>'}}
  %0 = stablehlo.select %p, %x, %x : tensor<3xi1>, tensor<4xf32>
  return
}

// -----

func.func @clamp(%x: tensor<4xf32>, %low: tensor<3xf32>) {
  // expected-error@+1 {{has bounds of another type: 'tensor<3xf32>'}}
  %0 = stablehlo.clamp %low, %x, %x : (tensor<3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @bitcast(%x: tensor<4xf32>) {
  // expected-error@+1 {{cannot read 'tensor<4xf32>' as 'tensor<4x3xi16>'}}
  %0 = stablehlo.bitcast_convert %x : (tensor<4xf32>) -> tensor<4x3xi16>
  return
}

// -----

func.func @gather(%x: tensor<4x8xf32>, %i: tensor<5x2xi64>) {
  // expected-error@+1 {{has index vectors of 2 numbers for 1 dimensions}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 8>}> : (tensor<4x8xf32>, tensor<5x2xi64>) -> tensor<5x8xf32>
  return
}

// -----

func.func @gather_slice(%x: tensor<4x8xf32>, %i: tensor<5x1xi64>) {
  // expected-error@+1 {{slice of size 9 does not fit dimension 1 of size 8}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 9>}> : (tensor<4x8xf32>, tensor<5x1xi64>) -> tensor<5x9xf32>
  return
}

// -----

func.func @scatter(%x: tensor<4x8xf32>, %i: tensor<5x1xi64>, %u: tensor<6x8xf32>) {
  // expected-error@+1 {{update of size 6 does not fit 5 in dimension 0}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<4x8xf32>, tensor<5x1xi64>, tensor<6x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @convolution(%x: tensor<1x8x3xf32>, %k: tensor<3x4x6xf32>) {
  // expected-error@+1 {{has 3 input features in 1 groups, but a kernel for 4}}
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {stride = [1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x8x3xf32>, tensor<3x4x6xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @window(%x: tensor<8xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{strides must be positive, but one is 0}}
  %0 = "stablehlo.reduce_window"(%x, %z) <{window_dimensions = array<i64: 2>, window_strides = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<8xf32>, tensor<f32>) -> tensor<7xf32>
  return
}

// -----

func.func @sort(%x: tensor<8xf32>) {
  // expected-error@+1 {{dimension 1 is not in [-1, 1)}}
  %0 = "stablehlo.sort"(%x) <{dimension = 1 : i64}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  }) : (tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @branch(%p: tensor<i1>, %x: tensor<f32>, %y: tensor<2xf32>) {
  // expected-error@+1 {{a branch must return ('tensor<f32>'), but returns ('tensor<2xf32>')}}
  %0 = "stablehlo.if"(%p) ({
    stablehlo.return %x : tensor<f32>
  }, {
    stablehlo.return %y : tensor<2xf32>
  }) : (tensor<i1>) -> tensor<f32>
  return
}

// -----

func.func @while(%x: tensor<f32>) {
  // expected-error@+1 {{the condition must return ('tensor<i1>'), but returns ('tensor<f32>')}}
  %0 = stablehlo.while(%a = %x) : tensor<f32>
   cond {
    stablehlo.return %a : tensor<f32>
  } do {
    stablehlo.return %a : tensor<f32>
  }
  return
}

// -----

func.func @tuple(%x: tuple<tensor<f32>>) {
  // expected-error@+1 {{element 1 is not in [0, 1)}}
  %0 = stablehlo.get_tuple_element %x[1] : (tuple<tensor<f32>>) -> tensor<f32>
  return
}

// -----

func.func @groups(%x: tensor<2xf32>) {
  // expected-error@+1 {{has the device 0 in two groups}}
  %0 = "stablehlo.collective_broadcast"(%x) <{replica_groups = dense<[[0, 0]]> : tensor<1x2xi64>}> : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @fft(%x: tensor<8xf32>) {
  // expected-error@+1 {{cannot transform 'tensor<8xf32>'}}
  %0 = stablehlo.fft %x, type = FFT, length = [8] : (tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @solve(%a: tensor<3x4xf32>, %b: tensor<3x2xf32>) {
  // expected-error@+1 {{needs square matrices, not 'tensor<3x4xf32>'}}
  %0 = "stablehlo.triangular_solve"(%a, %b) <{left_side = true, lower = true, unit_diagonal = false, transpose_a = #stablehlo<transpose NO_TRANSPOSE>}> : (tensor<3x4xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return
}

// -----

// expected-error@+1 {{bounds a static size, 4, by 4}}
func.func @bounds(%x: tensor<4xf32, #stablehlo.bounds<4>>) {
  return
}

// -----

func.func @accuracy(%x: tensor<4xf32>) {
  // expected-error@+1 {{no such field: ulp}}
  %0 = stablehlo.tanh %x {result_accuracy = #stablehlo.result_accuracy<ulp = 3>} : tensor<4xf32>
  return
}

// -----

func.func @format(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected a format like e5m10, not e5}}
  %0 = stablehlo.reduce_precision %x, format = e5 : tensor<4xf32>
  return
}

// -----

func.func @layout(%x: tensor<1x8x3xf32>, %k: tensor<3x3x6xf32>) {
  // expected-error@+1 {{unexpected dimension 'q'}}
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, q, f]x[0, i, o]->[b, 0, f], window = {stride = [1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x8x3xf32>, tensor<3x3x6xf32>) -> tensor<1x6x6xf32>
  return
}
