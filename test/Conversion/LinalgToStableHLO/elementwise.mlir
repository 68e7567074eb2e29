// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --linalg-to-stablehlo | FileCheck %s

// The ops that have a counterpart of another name are told apart by numbers in
// test/Target/Inputs/bits.mlir; here are those that become several ops.

// CHECK-LABEL: func.func @comparisons
// CHECK: stablehlo.compare LT, %arg0, %arg1, FLOAT
// CHECK: %[[GE:.*]] = stablehlo.compare GE, %arg0, %arg1, FLOAT
// CHECK: stablehlo.not %[[GE]]
// CHECK: %[[LT:.*]] = stablehlo.compare LT, %arg0, %arg1, FLOAT
// CHECK: %[[GT:.*]] = stablehlo.compare GT, %arg0, %arg1, FLOAT
// CHECK: stablehlo.or %[[LT]], %[[GT]]
// CHECK: stablehlo.compare NE, %arg0, %arg1, FLOAT
func.func @comparisons(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  %0 = arith.cmpf olt, %x, %y : tensor<4xf32>
  %1 = arith.cmpf ult, %x, %y : tensor<4xf32>
  %2 = arith.cmpf one, %x, %y : tensor<4xf32>
  %3 = arith.cmpf une, %x, %y : tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// -----

// Signed, true is -1.
// CHECK-LABEL: func.func @booleans
// CHECK: stablehlo.compare LT, %arg1, %arg0, UNSIGNED : (tensor<4xi1>, tensor<4xi1>)
// CHECK: %[[C:.*]] = stablehlo.convert %arg0 : (tensor<4xi1>) -> tensor<4xf32>
// CHECK: stablehlo.negate %[[C]]
func.func @booleans(%x: tensor<4xi1>, %y: tensor<4xi1>) -> (tensor<4xi1>, tensor<4xf32>) {
  %0 = arith.cmpi slt, %x, %y : tensor<4xi1>
  %1 = arith.sitofp %x : tensor<4xi1> to tensor<4xf32>
  return %0, %1 : tensor<4xi1>, tensor<4xf32>
}

// -----

// A number wins over NaN.
// CHECK-LABEL: func.func @maxnum
// CHECK: %[[M:.*]] = stablehlo.maximum %arg0, %arg1
// CHECK: %[[XN:.*]] = stablehlo.compare NE, %arg0, %arg0
// CHECK: %[[YN:.*]] = stablehlo.compare NE, %arg1, %arg1
// CHECK: %[[S:.*]] = stablehlo.select %[[YN]], %arg0, %[[M]]
// CHECK: stablehlo.select %[[XN]], %arg1, %[[S]]
func.func @maxnum(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.maxnumf %x, %y : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @functions
// CHECK: stablehlo.rsqrt
// CHECK: stablehlo.log
// CHECK: stablehlo.constant dense<1.4{{.*}}> : tensor<4xf32>
// CHECK: stablehlo.multiply
// CHECK: stablehlo.multiply
// CHECK: stablehlo.add
// CHECK: stablehlo.select
func.func @functions(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = math.rsqrt %x : tensor<4xf32>
  %1 = math.log2 %0 : tensor<4xf32>
  %2 = math.fma %1, %x, %x : tensor<4xf32>
  %3 = math.trunc %2 : tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @bits
// CHECK: stablehlo.bitcast_convert %arg0 : (tensor<4xf32>) -> tensor<4xi32>
// CHECK: %[[A:.*]] = stablehlo.abs %arg0
// CHECK: %[[B:.*]] = stablehlo.bitcast_convert %arg1 : (tensor<4xf32>) -> tensor<4xi32>
// CHECK: %[[C:.*]] = stablehlo.compare LT, %[[B]], %{{.*}}, SIGNED
// CHECK: %[[N:.*]] = stablehlo.negate %[[A]]
// CHECK: stablehlo.select %[[C]], %[[N]], %[[A]]
func.func @bits(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xi32>, tensor<4xf32>) {
  %0 = arith.bitcast %x : tensor<4xf32> to tensor<4xi32>
  %1 = math.copysign %x, %y : tensor<4xf32>
  return %0, %1 : tensor<4xi32>, tensor<4xf32>
}
