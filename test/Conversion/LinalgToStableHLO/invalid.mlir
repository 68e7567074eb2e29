// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --linalg-to-stablehlo

// All gaps are reported at once.
func.func @several(%x: tensor<1x1x6x6xf32>, %w: tensor<3x3xf32>, %t: tensor<0x4xf32>, %i: tensor<2xi64>) -> (tensor<1x1x4x4xf32>, tensor<2x4xf32>) {
  %c = arith.constant dense<0.0> : tensor<1x1x4x4xf32>
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{linalg.generic: it reads windows, but is neither a convolution nor a pooling}}
  %0 = linalg.generic {indexing_maps = [affine_map<(n, c, h, w, y, x) -> (n, c, h + y, w + x)>, affine_map<(n, c, h, w, y, x) -> (y, x)>, affine_map<(n, c, h, w, y, x) -> (n, c, h, w)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<1x1x6x6xf32>, tensor<3x3xf32>) outs(%c : tensor<1x1x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.subf %a, %b : f32
    %r = arith.addf %o, %s : f32
    linalg.yield %r : f32
  } -> tensor<1x1x4x4xf32>
  %e = tensor.empty() : tensor<2x4xf32>
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{linalg.generic: it reads an empty tensor}}
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%i : tensor<2xi64>) outs(%e : tensor<2x4xf32>) {
  ^bb0(%a: i64, %o: f32):
    %row = arith.index_cast %a : i64 to index
    %col = linalg.index 1 : index
    %v = tensor.extract %t[%row, %col] : tensor<0x4xf32>
    linalg.yield %v : f32
  } -> tensor<2x4xf32>
  return %0, %1 : tensor<1x1x4x4xf32>, tensor<2x4xf32>
}

// -----

// expected-error@+1 {{StableHLO cannot hold a value of type 'tensor<?xf32>' [unsupported-by-target]}}
func.func @dynamic(%x: tensor<?xf32>) {
  return
}

// -----

// expected-error@+1 {{StableHLO cannot hold a value of type 'memref<4xf32>' [unsupported-by-target]}}
func.func @memory(%x: memref<4xf32>) {
  return
}

// -----

func.func @unwritten(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{linalg.generic: a destination that nothing has written is read}}
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %a, %o : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// Where the search starts is not below all.
func.func @argmax(%x: tensor<4xf32>, %v: tensor<f32>, %n: tensor<i64>) -> tensor<i64> {
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{linalg.generic: it reduces in a way that is no plain sum, product, extreme or bitwise combination}}
  %r:2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>, affine_map<(i) -> ()>], iterator_types = ["reduction"]} ins(%x : tensor<4xf32>) outs(%v, %n : tensor<f32>, tensor<i64>) {
  ^bb0(%a: f32, %best: f32, %at: i64):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i64
    %c = arith.cmpf ogt, %a, %best : f32
    %0 = arith.select %c, %a, %best : f32
    %1 = arith.select %c, %j, %at : i64
    linalg.yield %0, %1 : f32, i64
  } -> (tensor<f32>, tensor<i64>)
  return %r#1 : tensor<i64>
}

// -----

// A loop of a body that carries a tensor.
func.func @tensor_in_body(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %e = tensor.empty() : tensor<4xf32>
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{linalg.generic: its body holds scf.for of other values than scalars}}
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%e : tensor<4xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %t = scf.for %j = %zero to %i step %one iter_args(%a = %x) -> tensor<4xf32> {
      scf.yield %a : tensor<4xf32>
    }
    %v = tensor.extract %t[%i] : tensor<4xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @foreign_in_body(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{linalg.generic: its body holds math.erf}}
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %v = math.erf %a : f32
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @foreign(%i: index) -> vector<4xf32> {
  // expected-error@-1 {{StableHLO cannot hold a value of type 'vector<4xf32>' [unsupported-by-target]}}
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{vector.step: StableHLO has no counterpart that Orchestra knows}}
  %0 = vector.step : vector<4xindex>
  %1 = arith.index_cast %0 : vector<4xindex> to vector<4xi32>
  %2 = arith.sitofp %1 : vector<4xi32> to vector<4xf32>
  return %2 : vector<4xf32>
}

// -----

func.func @types(%x: tensor<4xi32>) -> tensor<4xi32> {
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{arith.trunci: StableHLO has no such element type}}
  %0 = arith.trunci %x : tensor<4xi32> to tensor<4xi7>
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{arith.extsi: StableHLO has no such element type}}
  %1 = arith.extsi %0 : tensor<4xi7> to tensor<4xi32>
  return %1 : tensor<4xi32>
}

// -----

func.func @moving_slice(%x: tensor<8xf32>, %i: index) -> tensor<2xf32> {
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{tensor.extract_slice: its offsets are not constant, and its strides are not one}}
  %0 = tensor.extract_slice %x[%i] [2] [2] : tensor<8xf32> to tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @moving_stride(%x: tensor<2xf32>, %y: tensor<8xf32>, %i: index) -> tensor<8xf32> {
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{tensor.insert_slice: its sizes or strides are not constant}}
  %0 = tensor.insert_slice %x into %y[0] [2] [%i] : tensor<2xf32> into tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

func.func @unwritten_box(%x: tensor<2xf32>) -> tensor<8xf32> {
  %e = tensor.empty() {orchestra.destination} : tensor<8xf32>
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{tensor.insert_slice: a destination that nothing has written is read}}
  %0 = tensor.insert_slice %x into %e[0] [2] [1] : tensor<2xf32> into tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

func.func @copied(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error@+2 {{StableHLO cannot say this op yet [unsupported-by-target]}}
  // expected-note@+1 {{bufferization.alloc_tensor: it copies}}
  %0 = bufferization.alloc_tensor() copy(%x) : tensor<8xf32>
  return %0 : tensor<8xf32>
}
