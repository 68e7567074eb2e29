// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -emit-bytecode | orchestra-opt | FileCheck %s

// Every op once, but for those of young-ops.mlir. test/Target/StableHLO/official.test has the official parser
// read the pretty and the generic form.

// CHECK-LABEL: func.func @unary(
// CHECK: stablehlo.abs
// CHECK: stablehlo.cbrt
// CHECK: stablehlo.ceil
// CHECK: stablehlo.cosine
// CHECK: stablehlo.exponential
// CHECK: stablehlo.exponential_minus_one
// CHECK: stablehlo.floor
// CHECK: stablehlo.log
// CHECK: stablehlo.log_plus_one
// CHECK: stablehlo.logistic
// CHECK: stablehlo.negate
// CHECK: stablehlo.round_nearest_afz
// CHECK: stablehlo.round_nearest_even
// CHECK: stablehlo.rsqrt
// CHECK: stablehlo.sign
// CHECK: stablehlo.sine
// CHECK: stablehlo.sqrt
// CHECK: stablehlo.tan
// CHECK: stablehlo.tanh
// CHECK: stablehlo.count_leading_zeros
// CHECK: stablehlo.not
// CHECK: stablehlo.popcnt
// CHECK: stablehlo.real
// CHECK: stablehlo.imag
// CHECK: stablehlo.is_finite
// CHECK: stablehlo.convert
// CHECK: stablehlo.reduce_precision
// CHECK: stablehlo.exponential
func.func @unary(%x: tensor<4xf32>, %i: tensor<4xi32>, %z: tensor<4xcomplex<f32>>) {
  %abs = stablehlo.abs %x : tensor<4xf32>
  %cbrt = stablehlo.cbrt %x : tensor<4xf32>
  %ceil = stablehlo.ceil %x : tensor<4xf32>
  %cosine = stablehlo.cosine %x : tensor<4xf32>
  %exponential = stablehlo.exponential %x : tensor<4xf32>
  %exponential_minus_one = stablehlo.exponential_minus_one %x : tensor<4xf32>
  %floor = stablehlo.floor %x : tensor<4xf32>
  %log = stablehlo.log %x : tensor<4xf32>
  %log_plus_one = stablehlo.log_plus_one %x : tensor<4xf32>
  %logistic = stablehlo.logistic %x : tensor<4xf32>
  %negate = stablehlo.negate %x : tensor<4xf32>
  %round_nearest_afz = stablehlo.round_nearest_afz %x : tensor<4xf32>
  %round_nearest_even = stablehlo.round_nearest_even %x : tensor<4xf32>
  %rsqrt = stablehlo.rsqrt %x : tensor<4xf32>
  %sign = stablehlo.sign %x : tensor<4xf32>
  %sine = stablehlo.sine %x : tensor<4xf32>
  %sqrt = stablehlo.sqrt %x : tensor<4xf32>
  %tan = stablehlo.tan %x : tensor<4xf32>
  %tanh = stablehlo.tanh %x : tensor<4xf32>
  %count_leading_zeros = stablehlo.count_leading_zeros %i : tensor<4xi32>
  %not = stablehlo.not %i : tensor<4xi32>
  %popcnt = stablehlo.popcnt %i : tensor<4xi32>
  %re = stablehlo.real %z : (tensor<4xcomplex<f32>>) -> tensor<4xf32>
  %im = stablehlo.imag %z : (tensor<4xcomplex<f32>>) -> tensor<4xf32>
  %fin = stablehlo.is_finite %x : (tensor<4xf32>) -> tensor<4xi1>
  %cvt = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xbf16>
  %rp = stablehlo.reduce_precision %x, format = e5m10 : tensor<4xf32>
  %accurate = stablehlo.exponential %x {result_accuracy = #stablehlo.result_accuracy<atol = 1.000000e-05, rtol = 0.000000e+00, ulps = 2, mode = #stablehlo.result_accuracy_mode<TOLERANCE>>} : tensor<4xf32>
  return
}

// CHECK-LABEL: func.func @binary(
// CHECK: stablehlo.add
// CHECK: stablehlo.atan2
// CHECK: stablehlo.divide
// CHECK: stablehlo.maximum
// CHECK: stablehlo.minimum
// CHECK: stablehlo.multiply
// CHECK: stablehlo.power
// CHECK: stablehlo.remainder
// CHECK: stablehlo.subtract
// CHECK: stablehlo.and
// CHECK: stablehlo.or
// CHECK: stablehlo.xor
// CHECK: stablehlo.shift_left
// CHECK: stablehlo.shift_right_arithmetic
// CHECK: stablehlo.shift_right_logical
// CHECK: stablehlo.complex
// CHECK: stablehlo.compare
// CHECK: stablehlo.select
// CHECK: stablehlo.clamp
func.func @binary(%x: tensor<4xf32>, %i: tensor<4xi32>, %p: tensor<4xi1>, %lo: tensor<f32>) {
  %add = stablehlo.add %x, %x : tensor<4xf32>
  %atan2 = stablehlo.atan2 %x, %x : tensor<4xf32>
  %divide = stablehlo.divide %x, %x : tensor<4xf32>
  %maximum = stablehlo.maximum %x, %x : tensor<4xf32>
  %minimum = stablehlo.minimum %x, %x : tensor<4xf32>
  %multiply = stablehlo.multiply %x, %x : tensor<4xf32>
  %power = stablehlo.power %x, %x : tensor<4xf32>
  %remainder = stablehlo.remainder %x, %x : tensor<4xf32>
  %subtract = stablehlo.subtract %x, %x : tensor<4xf32>
  %and = stablehlo.and %i, %i : tensor<4xi32>
  %or = stablehlo.or %i, %i : tensor<4xi32>
  %xor = stablehlo.xor %i, %i : tensor<4xi32>
  %shift_left = stablehlo.shift_left %i, %i : tensor<4xi32>
  %shift_right_arithmetic = stablehlo.shift_right_arithmetic %i, %i : tensor<4xi32>
  %shift_right_logical = stablehlo.shift_right_logical %i, %i : tensor<4xi32>
  %c = stablehlo.complex %x, %x : tensor<4xcomplex<f32>>
  %cmp = stablehlo.compare LT, %i, %i, SIGNED : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
  %sel = stablehlo.select %p, %x, %x : tensor<4xi1>, tensor<4xf32>
  %cl = stablehlo.clamp %lo, %x, %lo : (tensor<f32>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: func.func @data(
// CHECK: stablehlo.constant
// CHECK: stablehlo.iota
// CHECK: stablehlo.broadcast
// CHECK: stablehlo.broadcast_in_dim
// CHECK: stablehlo.transpose
// CHECK: stablehlo.reverse
// CHECK: stablehlo.reshape
// CHECK: stablehlo.bitcast_convert
// CHECK: stablehlo.slice
// CHECK: stablehlo.dynamic_slice
// CHECK: stablehlo.dynamic_update_slice
// CHECK: stablehlo.pad
// CHECK: stablehlo.concatenate
// CHECK: "stablehlo.gather"
// CHECK: "stablehlo.torch_index_select"
// CHECK: stablehlo.get_dimension_size
// CHECK: stablehlo.set_dimension_size
func.func @data(%x: tensor<4x8xf32>, %v: tensor<8xf32>, %i: tensor<i64>, %n: tensor<i32>, %f: tensor<f32>, %ix: tensor<5x1xi64>, %row: tensor<2xi64>) {
  %k = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
  %io = stablehlo.iota dim = 1 : tensor<2x3xi32>
  %b = stablehlo.broadcast %v, sizes = [2] : (tensor<8xf32>) -> tensor<2x8xf32>
  %bd = stablehlo.broadcast_in_dim %v, dims = [1] : (tensor<8xf32>) -> tensor<2x8xf32>
  %t = stablehlo.transpose %x, dims = [1, 0] : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %rv = stablehlo.reverse %x, dims = [1] : tensor<4x8xf32>
  %rs = stablehlo.reshape %x : (tensor<4x8xf32>) -> tensor<32xf32>
  %bc = stablehlo.bitcast_convert %v : (tensor<8xf32>) -> tensor<8x2xi16>
  %sl = stablehlo.slice %x [0:2, 1:7:2] : (tensor<4x8xf32>) -> tensor<2x3xf32>
  %ds = stablehlo.dynamic_slice %x, %i, %i, sizes = [2, 3] : (tensor<4x8xf32>, tensor<i64>, tensor<i64>) -> tensor<2x3xf32>
  %du = stablehlo.dynamic_update_slice %x, %sl, %i, %i : (tensor<4x8xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>) -> tensor<4x8xf32>
  %pd = stablehlo.pad %v, %f, low = [1], high = [-2], interior = [1] : (tensor<8xf32>, tensor<f32>) -> tensor<14xf32>
  %cc = stablehlo.concatenate %v, %v, dim = 0 : (tensor<8xf32>, tensor<8xf32>) -> tensor<16xf32>
  %g = "stablehlo.gather"(%x, %ix) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<4x8xf32>, tensor<5x1xi64>) -> tensor<5x8xf32>
  %ti = "stablehlo.torch_index_select"(%x, %row) <{batch_dims = 0 : i64, dim = 0 : i64}> : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<2x8xf32>
  %gd = stablehlo.get_dimension_size %x, dim = 1 : (tensor<4x8xf32>) -> tensor<i32>
  %sd = stablehlo.set_dimension_size %v, %n, dim = 0 : (tensor<8xf32>, tensor<i32>) -> tensor<?xf32, #stablehlo.bounds<8>>
  return
}

// CHECK-LABEL: func.func @dynamic(
// CHECK: stablehlo.dynamic_iota
// CHECK: stablehlo.dynamic_broadcast_in_dim
// CHECK: stablehlo.dynamic_reshape
// CHECK: stablehlo.real_dynamic_slice
// CHECK: stablehlo.dynamic_pad
// CHECK: "stablehlo.dynamic_gather"
// CHECK: "stablehlo.dynamic_conv"
func.func @dynamic(%x: tensor<?x8xf32>, %s1: tensor<1xi64>, %s2: tensor<2xi64>, %f: tensor<f32>, %im: tensor<1x8x3xf32>, %w: tensor<3x3x6xf32>, %p: tensor<1x2xi64>, %ix: tensor<5x1xi64>) {
  %a = stablehlo.dynamic_iota %s1, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %b = stablehlo.dynamic_broadcast_in_dim %x, %s2, dims = [0, 1] {known_nonexpanding_dimensions = array<i64: 1>} : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %c = stablehlo.dynamic_reshape %x, %s1 : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?xf32>
  %d = stablehlo.real_dynamic_slice %x, %s2, %s2, %s2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
  %e = stablehlo.dynamic_pad %x, %f, %s2, %s2, %s2 : (tensor<?x8xf32>, tensor<f32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
  %g = "stablehlo.dynamic_gather"(%x, %ix, %s2) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>}> : (tensor<?x8xf32>, tensor<5x1xi64>, tensor<2xi64>) -> tensor<5x?xf32>
  %h = "stablehlo.dynamic_conv"(%im, %w, %p) <{batch_group_count = 1 : i64, dimension_numbers = #stablehlo.conv<[b, 0, f]x[0, i, o]->[b, 0, f]>, feature_group_count = 1 : i64}> : (tensor<1x8x3xf32>, tensor<3x3x6xf32>, tensor<1x2xi64>) -> tensor<1x?x6xf32>
  return
}

// CHECK-LABEL: func.func @compute(
// CHECK: stablehlo.dot_general
// CHECK: stablehlo.dot
// CHECK: stablehlo.einsum
// CHECK: stablehlo.unary_einsum
// CHECK: stablehlo.convolution
// CHECK: "stablehlo.reduce_window"
// CHECK: "stablehlo.select_and_scatter"
// CHECK: "stablehlo.scatter"
// CHECK: "stablehlo.sort"
// CHECK: "stablehlo.map"
// CHECK: stablehlo.reduce
// CHECK: "stablehlo.batch_norm_inference"
// CHECK: "stablehlo.batch_norm_training"
// CHECK: "stablehlo.batch_norm_grad"
// CHECK: stablehlo.cholesky
// CHECK: "stablehlo.triangular_solve"
// CHECK: stablehlo.fft
// CHECK: stablehlo.rng
// CHECK: stablehlo.rng_bit_generator
func.func @compute(%x: tensor<4x8xf32>, %w: tensor<8x3xf32>, %v: tensor<8xf32>, %f: tensor<f32>, %im: tensor<1x8x8x3xf32>, %k: tensor<3x3x3x6xf32>, %ix: tensor<5x1xi64>, %up: tensor<5x8xf32>, %half: tensor<4xf32>, %feat: tensor<8xf32>, %m: tensor<3x3xf32>, %rhs: tensor<3x2xf32>, %z: tensor<16xcomplex<f32>>, %s: tensor<1xi64>, %st: tensor<2xui64>) {
  %dg = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT], algorithm = <lhs_precision_type = tf32, rhs_precision_type = tf32, accumulation_type = f32, lhs_component_count = 1, rhs_component_count = 1, num_primitive_operations = 1, allow_imprecise_accumulation = false> : (tensor<4x8xf32>, tensor<8x3xf32>) -> tensor<4x3xf32>
  %dt = stablehlo.dot %x, %w, precision = [DEFAULT, DEFAULT] : (tensor<4x8xf32>, tensor<8x3xf32>) -> tensor<4x3xf32>
  %es = stablehlo.einsum %x, %w, config = "ab,bc->ac" : (tensor<4x8xf32>, tensor<8x3xf32>) -> tensor<4x3xf32>
  %ue = stablehlo.unary_einsum %x, config = "ab->a" : (tensor<4x8xf32>) -> tensor<4xf32>
  %cv = stablehlo.convolution(%im, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [2, 2], pad = [[1, 1], [1, 1]], lhs_dilate = [1, 1], rhs_dilate = [1, 1], reverse = [false, true]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<1x8x8x3xf32>, tensor<3x3x3x6xf32>) -> tensor<1x4x4x6xf32>
  %rw = "stablehlo.reduce_window"(%v, %f) <{padding = dense<[[1, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 2>, window_strides = array<i64: 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<8xf32>, tensor<f32>) -> tensor<4xf32>
  %ss = "stablehlo.select_and_scatter"(%v, %half, %f) <{window_dimensions = array<i64: 2>, window_strides = array<i64: 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.compare GE, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  }, {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<8xf32>, tensor<4xf32>, tensor<f32>) -> tensor<8xf32>
  %sc = "stablehlo.scatter"(%x, %ix, %up) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<4x8xf32>, tensor<5x1xi64>, tensor<5x8xf32>) -> tensor<4x8xf32>
  %so:2 = "stablehlo.sort"(%v, %feat) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    %e = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %e : tensor<i1>
  }) : (tensor<8xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)
  %mp = "stablehlo.map"(%v) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>):
    %c = stablehlo.add %a, %a : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<8xf32>) -> tensor<8xf32>
  %rd:2 = stablehlo.reduce(%x init: %f), (%x init: %f) across dimensions = [0] : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>) -> (tensor<8xf32>, tensor<8xf32>)
   reducer(%a: tensor<f32>, %b: tensor<f32>) (%c: tensor<f32>, %d: tensor<f32>) {
    %e = stablehlo.add %a, %b : tensor<f32>
    %g = stablehlo.multiply %c, %d : tensor<f32>
    stablehlo.return %e, %g : tensor<f32>, tensor<f32>
  }
  %bi = "stablehlo.batch_norm_inference"(%x, %feat, %feat, %feat, %feat) <{epsilon = 1.000000e-03 : f32, feature_index = 1 : i64}> : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %bt:3 = "stablehlo.batch_norm_training"(%x, %feat, %feat) <{epsilon = 1.000000e-03 : f32, feature_index = 1 : i64}> : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  %bg:3 = "stablehlo.batch_norm_grad"(%x, %feat, %feat, %feat, %x) <{epsilon = 1.000000e-03 : f32, feature_index = 1 : i64}> : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  %ch = stablehlo.cholesky %m, lower = true : tensor<3x3xf32>
  %ts = "stablehlo.triangular_solve"(%m, %rhs) <{left_side = true, lower = true, transpose_a = #stablehlo<transpose NO_TRANSPOSE>, unit_diagonal = false}> : (tensor<3x3xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %ff = stablehlo.fft %z, type = FFT, length = [16] : (tensor<16xcomplex<f32>>) -> tensor<16xcomplex<f32>>
  %rn = stablehlo.rng %f, %f, %s, distribution = UNIFORM : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<4xf32>
  %rb:2 = stablehlo.rng_bit_generator %st, algorithm = THREE_FRY : (tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui64>)
  return
}

// CHECK-LABEL: func.func @control(
// CHECK: "stablehlo.if"
// CHECK: "stablehlo.case"
// CHECK: stablehlo.while
// CHECK: stablehlo.optimization_barrier
// CHECK: stablehlo.tuple
// CHECK: stablehlo.get_tuple_element
// CHECK: stablehlo.create_token
// CHECK: stablehlo.after_all
// CHECK: stablehlo.custom_call
// CHECK: stablehlo.composite
func.func @control(%p: tensor<i1>, %i: tensor<i32>, %x: tensor<f32>, %n: tensor<i64>) {
  %if = "stablehlo.if"(%p) ({
    stablehlo.return %x : tensor<f32>
  }, {
    stablehlo.return %x : tensor<f32>
  }) : (tensor<i1>) -> tensor<f32>
  %ca = "stablehlo.case"(%i) ({
    stablehlo.return %x : tensor<f32>
  }, {
    stablehlo.return %x : tensor<f32>
  }) : (tensor<i32>) -> tensor<f32>
  %wh:2 = stablehlo.while(%j = %n, %y = %x) : tensor<i64>, tensor<f32>
   cond {
    %c = stablehlo.compare LT, %j, %n, SIGNED : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  } do {
    stablehlo.return %j, %y : tensor<i64>, tensor<f32>
  }
  %ob:2 = stablehlo.optimization_barrier %x, %n : tensor<f32>, tensor<i64>
  %tu = stablehlo.tuple %x, %n : tuple<tensor<f32>, tensor<i64>>
  %te = stablehlo.get_tuple_element %tu[0] : (tuple<tensor<f32>, tensor<i64>>) -> tensor<f32>
  %tk = stablehlo.create_token : !stablehlo.token
  %aa = stablehlo.after_all %tk, %tk : !stablehlo.token
  %cc = stablehlo.custom_call @foo(%x) {api_version = 2 : i32, backend_config = "", has_side_effect = true} : (tensor<f32>) -> tensor<f32>
  %co = stablehlo.composite "my.op" %x {composite_attributes = {n = 1 : i64}, decomposition = @my_op, version = 1 : i32} : (tensor<f32>) -> tensor<f32>
  return
}

func.func private @my_op(tensor<f32>) -> tensor<f32>

// CHECK-LABEL: func.func @devices(
// CHECK: stablehlo.replica_id
// CHECK: stablehlo.partition_id
// CHECK: "stablehlo.all_gather"
// CHECK: "stablehlo.all_reduce"
// CHECK: "stablehlo.reduce_scatter"
// CHECK: "stablehlo.all_to_all"
// CHECK: "stablehlo.collective_broadcast"
// CHECK: "stablehlo.collective_permute"
// CHECK: "stablehlo.cross-replica-sum"
// CHECK: "stablehlo.infeed"
// CHECK: "stablehlo.outfeed"
// CHECK: "stablehlo.send"
// CHECK: "stablehlo.recv"
func.func @devices(%x: tensor<4x2xf32>, %t: !stablehlo.token) {
  %r = stablehlo.replica_id : tensor<ui32>
  %p = stablehlo.partition_id : tensor<ui32>
  %ag = "stablehlo.all_gather"(%x) <{all_gather_dim = 1 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 0>, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>, use_global_device_ids}> : (tensor<4x2xf32>) -> tensor<4x4xf32>
  %ar = "stablehlo.all_reduce"(%x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 0>, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<4x2xf32>) -> tensor<4x2xf32>
  %rs = "stablehlo.reduce_scatter"(%x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 0>, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>, scatter_dimension = 0 : i64}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<4x2xf32>) -> tensor<2x2xf32>
  %aa = "stablehlo.all_to_all"(%x) <{concat_dimension = 1 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>, split_count = 2 : i64, split_dimension = 0 : i64}> : (tensor<4x2xf32>) -> tensor<2x4xf32>
  %cb = "stablehlo.collective_broadcast"(%x) <{replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x2xf32>) -> tensor<4x2xf32>
  %cp = "stablehlo.collective_permute"(%x) <{source_target_pairs = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x2xf32>) -> tensor<4x2xf32>
  %cs = "stablehlo.cross-replica-sum"(%x) <{replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<4x2xf32>) -> tensor<4x2xf32>
  %in:2 = "stablehlo.infeed"(%t) <{infeed_config = ""}> : (!stablehlo.token) -> (tensor<4xf32>, !stablehlo.token)
  %ou = "stablehlo.outfeed"(%x, %t) <{outfeed_config = ""}> : (tensor<4x2xf32>, !stablehlo.token) -> !stablehlo.token
  %se = "stablehlo.send"(%x, %t) <{channel_handle = #stablehlo.channel_handle<handle = 5, type = 2>, is_host_transfer = true}> : (tensor<4x2xf32>, !stablehlo.token) -> !stablehlo.token
  %re:2 = "stablehlo.recv"(%t) <{channel_handle = #stablehlo.channel_handle<handle = 5, type = 3>, is_host_transfer = true}> : (!stablehlo.token) -> (tensor<4xf32>, !stablehlo.token)
  return
}
