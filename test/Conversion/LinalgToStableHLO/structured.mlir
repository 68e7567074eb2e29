// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --linalg-to-stablehlo | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --linalg-to-stablehlo=precision=default | FileCheck %s --check-prefix=DEFAULT

// CHECK-LABEL: func.func @matmul
// CHECK: %[[R:.*]] = stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST]
// CHECK-NEXT: return %[[R]]
// DEFAULT: precision = [DEFAULT, DEFAULT]
func.func @matmul(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %r = linalg.matmul ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%f : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// -----

// A destination with a value is added; bf16 needs no precision.
// CHECK-LABEL: func.func @accumulate
// CHECK: %[[D:.*]] = stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0] : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xf32>
// CHECK: stablehlo.add %arg2, %[[D]] : tensor<2x4xf32>
func.func @accumulate(%a: tensor<2x3xbf16>, %b: tensor<3x4xbf16>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %r = linalg.matmul ins(%a, %b : tensor<2x3xbf16>, tensor<3x4xbf16>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// -----

// The result's order is not dot_general's: batch last, rows and columns swapped.
// CHECK-LABEL: func.func @ordered
// CHECK: %[[D:.*]] = stablehlo.dot_general %arg0, %arg1, batching_dims = [1] x [0], contracting_dims = [2] x [2], {{.*}} -> tensor<5x2x4xf32>
// CHECK: stablehlo.transpose %[[D]], dims = [2, 1, 0] : (tensor<5x2x4xf32>) -> tensor<4x2x5xf32>
func.func @ordered(%a: tensor<2x5x3xf32>, %b: tensor<5x4x3xf32>) -> tensor<4x2x5xf32> {
  %zero = arith.constant dense<0.0> : tensor<4x2x5xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, m, n, k) -> (m, b, k)>, affine_map<(b, m, n, k) -> (b, n, k)>, affine_map<(b, m, n, k) -> (n, m, b)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%a, %b : tensor<2x5x3xf32>, tensor<5x4x3xf32>) outs(%zero : tensor<4x2x5xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x2x5xf32>
  return %r : tensor<4x2x5xf32>
}

// -----

// Integers are widened before, as the body says.
// CHECK-LABEL: func.func @quantized
// CHECK-DAG: %[[A:.*]] = stablehlo.convert %arg0 : (tensor<2x3xi8>) -> tensor<2x3xi32>
// CHECK-DAG: %[[B:.*]] = stablehlo.convert %arg1 : (tensor<3x4xi8>) -> tensor<3x4xi32>
// CHECK: stablehlo.dot_general %[[A]], %[[B]], {{.*}} -> tensor<2x4xi32>
func.func @quantized(%a: tensor<2x3xi8>, %b: tensor<3x4xi8>) -> tensor<2x4xi32> {
  %zero = arith.constant dense<0> : tensor<2x4xi32>
  %r = linalg.matmul ins(%a, %b : tensor<2x3xi8>, tensor<3x4xi8>) outs(%zero : tensor<2x4xi32>) -> tensor<2x4xi32>
  return %r : tensor<2x4xi32>
}

// -----

// CHECK-LABEL: func.func @reductions
// CHECK-DAG: %[[LOW:.*]] = stablehlo.constant dense<0xFF800000> : tensor<f32>
// CHECK-DAG: %[[MAX:.*]] = stablehlo.reduce(%arg0 init: %[[LOW]]) applies stablehlo.maximum across dimensions = [0]
// CHECK: return %[[MAX]]
func.func @reductions(%x: tensor<2x3xf32>) -> tensor<3xf32> {
  %low = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<3xf32>
  %f = linalg.fill ins(%low : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %r = linalg.reduce { arith.maximumf } ins(%x : tensor<2x3xf32>) outs(%f : tensor<3xf32>) dimensions = [0]
  return %r : tensor<3xf32>
}

// -----

// StableHLO may use the initial value many times: what is not neutral comes after.
// CHECK-LABEL: func.func @not_neutral
// CHECK: %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK: %[[SQ:.*]] = stablehlo.multiply %arg0, %arg0
// CHECK: %[[SUM:.*]] = stablehlo.reduce(%[[SQ]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [1]
// CHECK: stablehlo.add %arg1, %[[SUM]]
func.func @not_neutral(%x: tensor<2x3xf32>, %start: tensor<2xf32>) -> tensor<2xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x3xf32>) outs(%start : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.mulf %a, %a : f32
    %s = arith.addf %p, %o : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

// An unsigned maximum combines in its own type.
// CHECK-LABEL: func.func @unsigned
// CHECK: stablehlo.reduce(%arg0 init: %{{.*}}) across dimensions = [0]
// CHECK: reducer(%[[L:.*]]: tensor<i8>, %[[R:.*]]: tensor<i8>)
// CHECK-DAG: %[[A:.*]] = stablehlo.convert %[[L]] : (tensor<i8>) -> tensor<ui8>
// CHECK-DAG: %[[B:.*]] = stablehlo.convert %[[R]] : (tensor<i8>) -> tensor<ui8>
// CHECK: %[[M:.*]] = stablehlo.maximum %[[A]], %[[B]] : tensor<ui8>
// CHECK: %[[C:.*]] = stablehlo.convert %[[M]] : (tensor<ui8>) -> tensor<i8>
// CHECK: stablehlo.return %[[C]]
func.func @unsigned(%x: tensor<7xi8>) -> tensor<i8> {
  %zero = arith.constant dense<0> : tensor<i8>
  %r = linalg.reduce { arith.maxui } ins(%x : tensor<7xi8>) outs(%zero : tensor<i8>) dimensions = [0]
  return %r : tensor<i8>
}

// -----

// Maps say how operands meet: repeated, turned, or a single element.
// CHECK-LABEL: func.func @maps
// CHECK: %[[T:.*]] = stablehlo.transpose %arg0, dims = [1, 0] : (tensor<3x2xf32>) -> tensor<2x3xf32>
// CHECK: %[[B:.*]] = stablehlo.broadcast_in_dim %arg1, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
// CHECK: %[[X:.*]] = stablehlo.add %[[T]], %[[B]]
// CHECK: %[[S:.*]] = stablehlo.broadcast_in_dim %arg2, dims = [] : (tensor<f32>) -> tensor<2x3xf32>
// CHECK: %[[Y:.*]] = stablehlo.multiply %[[X]], %[[S]]
// CHECK: %[[Z:.*]] = stablehlo.reshape %arg3 : (tensor<2x1xf32>) -> tensor<2xf32>
// CHECK: %[[C:.*]] = stablehlo.broadcast_in_dim %[[Z]], dims = [0] : (tensor<2xf32>) -> tensor<2x3xf32>
// CHECK: stablehlo.subtract %[[Y]], %[[C]]
// CHECK: stablehlo.transpose %{{.*}}, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
func.func @maps(%a: tensor<3x2xf32>, %b: tensor<3xf32>, %s: tensor<f32>, %c: tensor<2x1xf32>) -> tensor<3x2xf32> {
  %e = tensor.empty() : tensor<3x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (j, i)>], iterator_types = ["parallel", "parallel"]} ins(%a, %b, %s, %c : tensor<3x2xf32>, tensor<3xf32>, tensor<f32>, tensor<2x1xf32>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32, %w: f32, %o: f32):
    %0 = arith.addf %x, %y : f32
    %1 = arith.mulf %0, %z : f32
    %2 = arith.subf %1, %w : f32
    linalg.yield %2 : f32
  } -> tensor<3x2xf32>
  return %r : tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @index
// CHECK: %[[I:.*]] = stablehlo.iota dim = 1 : tensor<2x3xi64>
// CHECK: return %[[I]]
func.func @index() -> tensor<2x3xindex> {
  %e = tensor.empty() : tensor<2x3xindex>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<2x3xindex>) {
  ^bb0(%o: index):
    %0 = linalg.index 1 : index
    linalg.yield %0 : index
  } -> tensor<2x3xindex>
  return %r : tensor<2x3xindex>
}

// -----

// CHECK-LABEL: func.func @several
// CHECK: %[[A:.*]] = stablehlo.abs %arg0
// CHECK: %[[N:.*]] = stablehlo.negate %arg0
// CHECK: return %[[A]], %[[N]]
func.func @several(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %r:2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e, %e : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %0 = math.absf %a : f32
    %1 = arith.negf %a : f32
    linalg.yield %0, %1 : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}
