// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --linalg-to-stablehlo | FileCheck %s

// CHECK-LABEL: func.func @first_greatest
// CHECK: %[[I:.*]] = stablehlo.iota dim = 1 : tensor<3x4xi64>
// CHECK: %[[LOW:.*]] = stablehlo.constant dense<0xFF800000>
// CHECK: %[[LATE:.*]] = stablehlo.constant dense<9223372036854775807>
// CHECK: stablehlo.reduce(%arg0 init: %[[LOW]]), (%[[I]] init: %[[LATE]]) across dimensions = [1]
// CHECK: reducer(%[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>) (%[[P:.*]]: tensor<i64>, %[[Q:.*]]: tensor<i64>)
// CHECK: stablehlo.compare GT, %[[Y]], %[[X]], FLOAT
// CHECK: stablehlo.compare LT, %[[Q]], %[[P]], SIGNED
// CHECK: stablehlo.compare NE, %[[Y]], %[[Y]], FLOAT
// CHECK: stablehlo.select %{{.*}}, %[[Y]], %[[X]]
// CHECK: stablehlo.select %{{.*}}, %[[Q]], %[[P]]
func.func @first_greatest(%x: tensor<3x4xf32>) -> tensor<3xi64> {
  %low = arith.constant dense<0xFF800000> : tensor<3xf32>
  %none = arith.constant dense<-1> : tensor<3xi64>
  %r:2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<3x4xf32>) outs(%low, %none : tensor<3xf32>, tensor<3xi64>) {
  ^bb0(%v: f32, %best: f32, %at: i64):
    %true = arith.constant true
    %zero = arith.constant 0 : i64
    %j = linalg.index 1 : index
    %p = arith.index_cast %j : index to i64
    %new = arith.cmpi slt, %at, %zero : i64
    %more = arith.cmpf ogt, %v, %best : f32
    %nan = arith.cmpf uno, %v, %v : f32
    %had = arith.cmpf uno, %best, %best : f32
    %not = arith.xori %had, %true : i1
    %fresh = arith.andi %nan, %not : i1
    %o1 = arith.ori %more, %fresh : i1
    %o2 = arith.ori %o1, %new : i1
    %0 = arith.select %o2, %v, %best : f32
    %1 = arith.select %o2, %p, %at : i64
    linalg.yield %0, %1 : f32, i64
  } -> (tensor<3xf32>, tensor<3xi64>)
  return %r#1 : tensor<3xi64>
}

// -----

// CHECK-LABEL: func.func @last_least_unsigned
// CHECK: %[[NEVER:.*]] = stablehlo.constant dense<-1>
// CHECK: stablehlo.reduce(%arg0 init: %{{.*}}), (%{{.*}} init: %{{.*}}) across dimensions = [0]
// CHECK: reducer(%[[X:.*]]: tensor<i32>, %[[Y:.*]]: tensor<i32>) (%[[P:.*]]: tensor<i32>, %[[Q:.*]]: tensor<i32>)
// CHECK: stablehlo.compare LT, %{{.*}}, %{{.*}}, UNSIGNED
// CHECK: stablehlo.compare GT, %[[Q]], %[[P]], SIGNED
// CHECK-NOT: stablehlo.compare NE
func.func @last_least_unsigned(%x: tensor<4xi32>) -> (tensor<i32>, tensor<i32>) {
  %high = arith.constant dense<-1> : tensor<i32>
  %none = arith.constant dense<-1> : tensor<i32>
  %r:2 = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> ()>, affine_map<(j) -> ()>], iterator_types = ["reduction"]} ins(%x : tensor<4xi32>) outs(%high, %none : tensor<i32>, tensor<i32>) {
  ^bb0(%v: i32, %best: i32, %at: i32):
    %zero = arith.constant 0 : i32
    %j = linalg.index 0 : index
    %p = arith.index_cast %j : index to i32
    %new = arith.cmpi slt, %at, %zero : i32
    %less = arith.cmpi ule, %v, %best : i32
    %c = arith.ori %less, %new : i1
    %0 = arith.select %c, %v, %best : i32
    %1 = arith.select %c, %p, %at : i32
    linalg.yield %0, %1 : i32, i32
  } -> (tensor<i32>, tensor<i32>)
  return %r#0, %r#1 : tensor<i32>, tensor<i32>
}
