// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %S/../Inputs/linear_f32.mlir --orchestra-lower-to-stablehlo | FileCheck %s --check-prefix=LINEAR
// RUN: orchestra-opt %S/../Inputs/linear_bf16.mlir --orchestra-lower-to-stablehlo=precision=default | FileCheck %s --check-prefix=BF16
// RUN: orchestra-opt %S/../Inputs/softmax.mlir --orchestra-lower-to-stablehlo | FileCheck %s --check-prefix=SOFTMAX
// RUN: orchestra-opt %S/../Inputs/conv.mlir --orchestra-lower-to-stablehlo | FileCheck %s --check-prefix=CONV

// LINEAR:      module @orch_k_linear_f32 {
// LINEAR-NEXT:   func.func @main(%arg0: tensor<128x512xf32>, %arg1: tensor<512x768xf32>, %arg2: tensor<768xf32>) -> tensor<128x768xf32> {
// LINEAR-NEXT:     %[[D:.*]] = stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST]
// LINEAR-NEXT:     %[[B:.*]] = stablehlo.broadcast_in_dim %arg2, dims = [1]
// LINEAR-NEXT:     %[[S:.*]] = stablehlo.add %[[D]], %[[B]]
// LINEAR-NEXT:     %[[Z:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<128x768xf32>
// LINEAR-NEXT:     %[[R:.*]] = stablehlo.maximum %[[S]], %[[Z]]
// LINEAR-NEXT:     return %[[R]]

// BF16: stablehlo.dot_general {{.*}} contracting_dims = [1] x [0] : (tensor<64x128xbf16>

// SOFTMAX: applies stablehlo.maximum across dimensions = [1]
// SOFTMAX: stablehlo.exponential
// SOFTMAX: applies stablehlo.add across dimensions = [1]
// SOFTMAX: stablehlo.divide

// CONV: stablehlo.convolution
// CONV-NOT: linalg
