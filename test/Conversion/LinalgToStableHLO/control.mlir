// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --linalg-to-stablehlo | FileCheck %s

// A counted loop carries its counter.
// CHECK-LABEL: func.func @counted
// CHECK-SAME: %[[X:.*]]: tensor<8xf32>, %[[N:.*]]: tensor<i64>
// CHECK: %[[R:.*]]:2 = stablehlo.while(%[[I:.*]] = %{{.*}}, %[[A:.*]] = %[[X]]) : tensor<i64>, tensor<8xf32>
// CHECK: %[[C:.*]] = stablehlo.compare LT, %[[I]], %[[N]], SIGNED
// CHECK: stablehlo.return %[[C]]
// CHECK: stablehlo.dynamic_slice %[[A]], %[[I]], sizes = [1]
// CHECK: %[[B:.*]] = stablehlo.dynamic_update_slice %[[A]], %{{.*}}, %[[I]]
// CHECK: %[[J:.*]] = stablehlo.add %[[I]]
// CHECK: stablehlo.return %[[J]], %[[B]]
// CHECK: return %[[R]]#1
func.func @counted(%x: tensor<8xf32>, %n: index) -> tensor<8xf32> {
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %r = scf.for %i = %zero to %n step %two iter_args(%a = %x) -> tensor<8xf32> {
    %e = tensor.extract %a[%i] : tensor<8xf32>
    %s = arith.mulf %e, %e : f32
    %b = tensor.insert %s into %a[%i] : tensor<8xf32>
    scf.yield %b : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// What the first part of a loop passes on is computed in both places.
// CHECK-LABEL: func.func @passed
// CHECK: %[[R:.*]] = stablehlo.while(%[[A:.*]] = %arg0) : tensor<f32>
// CHECK-NEXT: cond {
// CHECK-NEXT: %[[D:.*]] = stablehlo.add %[[A]], %[[A]]
// CHECK: %[[C:.*]] = stablehlo.compare LT, %[[D]]
// CHECK-NEXT: stablehlo.return %[[C]]
// CHECK-NEXT: } do {
// CHECK-NEXT: %[[E:.*]] = stablehlo.add %[[A]], %[[A]]
// CHECK-NEXT: %[[S:.*]] = stablehlo.sqrt %[[E]]
// CHECK-NEXT: stablehlo.return %[[S]]
// CHECK: %[[L:.*]] = stablehlo.add %[[R]], %[[R]]
// CHECK-NEXT: return %[[L]]
func.func @passed(%x: f32) -> f32 {
  %limit = arith.constant 100.0 : f32
  %r = scf.while (%a = %x) : (f32) -> f32 {
    %d = arith.addf %a, %a : f32
    %c = arith.cmpf olt, %d, %limit : f32
    scf.condition(%c) %d : f32
  } do {
  ^bb0(%b: f32):
    %m = math.sqrt %b : f32
    scf.yield %m : f32
  }
  return %r : f32
}

// -----

// CHECK-LABEL: func.func @branch
// CHECK: "stablehlo.if"(%arg0) ({
// CHECK-NEXT: %[[Y:.*]] = stablehlo.exponential %arg1
// CHECK-NEXT: stablehlo.return %[[Y]]
// CHECK: stablehlo.return %arg1
func.func @branch(%c: i1, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = scf.if %c -> tensor<4xf32> {
    %y = math.exp %x : tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// In a body: counted alike for all elements, the counter is a scalar.
// CHECK-LABEL: func.func @alike
// CHECK: %[[R:.*]]:2 = stablehlo.while(%[[J:.*]] = %{{.*}}, %[[A:.*]] = %{{.*}}) : tensor<i64>, tensor<4xf32>
// CHECK: %[[B:.*]] = stablehlo.broadcast_in_dim %[[J]], dims = []
// CHECK: "stablehlo.gather"(%arg0
// CHECK-SAME: -> tensor<4xf32>
// CHECK: return %[[R]]#1
func.func @alike(%x: tensor<4x3xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %f = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%e : tensor<4xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %s = scf.for %j = %zero to %three step %one iter_args(%a = %f) -> f32 {
      %v = tensor.extract %x[%i, %j] : tensor<4x3xf32>
      %b = arith.addf %a, %v : f32
      scf.yield %b : f32
    }
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// Counted by element, those that are done keep what they have.
// CHECK-LABEL: func.func @by_element
// CHECK: stablehlo.while(%[[J:.*]] = %{{.*}}, %[[A:.*]] = %{{.*}}) : tensor<4xi64>, tensor<4xi64>
// CHECK: %[[M:.*]] = stablehlo.compare LT, %[[J]], %arg0
// CHECK: stablehlo.reduce(%[[M]] init: %{{.*}}) applies stablehlo.or
// CHECK: } do {
// CHECK: %[[ON:.*]] = stablehlo.compare LT, %[[J]], %arg0
// CHECK: %[[S:.*]] = stablehlo.select %{{.*}}, %{{.*}}, %[[A]]
// CHECK: %[[K:.*]] = stablehlo.select %[[ON]], %[[S]], %[[A]]
// CHECK: stablehlo.return %{{.*}}, %[[K]]
func.func @by_element(%n: tensor<4xi64>) -> tensor<4xi64> {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %e = tensor.empty() : tensor<4xi64>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%n : tensor<4xi64>) outs(%e : tensor<4xi64>) {
  ^bb0(%m: i64, %o: i64):
    %s = scf.for %j = %zero to %m step %one iter_args(%a = %zero) -> i64 : i64 {
      %odd = arith.andi %j, %one : i64
      %c = arith.cmpi eq, %odd, %one : i64
      %b = scf.if %c -> i64 {
        %t = arith.addi %a, %j : i64
        scf.yield %t : i64
      } else {
        scf.yield %a : i64
      }
      scf.yield %b : i64
    }
    linalg.yield %s : i64
  } -> tensor<4xi64>
  return %r : tensor<4xi64>
}

// -----

// CHECK-LABEL: func.func @until
// CHECK: %[[R:.*]]:3 = stablehlo.while(%[[ON:.*]] = %{{.*}}, %[[A:.*]] = %arg0, %[[L:.*]] = %{{.*}})
// CHECK: stablehlo.reduce(%[[ON]] init: %{{.*}}) applies stablehlo.or
// CHECK: } do {
// CHECK: %[[C:.*]] = stablehlo.compare LT, %[[A]]
// CHECK: %[[STILL:.*]] = stablehlo.and %[[ON]], %[[C]]
// CHECK: %[[N:.*]] = stablehlo.select %[[STILL]], %{{.*}}, %[[A]]
// CHECK: %[[P:.*]] = stablehlo.select %[[ON]], %[[A]], %[[L]]
// CHECK: stablehlo.return %[[STILL]], %[[N]], %[[P]]
// CHECK: return %[[R]]#2
func.func @until(%x: tensor<4xf32>) -> tensor<4xf32> {
  %limit = arith.constant 100.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = scf.while (%a = %v) : (f32) -> f32 {
      %c = arith.cmpf olt, %a, %limit : f32
      scf.condition(%c) %a : f32
    } do {
    ^bb0(%b: f32):
      %d = arith.addf %b, %b : f32
      scf.yield %d : f32
    }
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}
