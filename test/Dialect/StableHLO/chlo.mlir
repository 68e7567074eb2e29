// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics | orchestra-opt -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @unary
// CHECK: chlo.acos %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.asin %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.asinh %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.atan %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.atanh %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.cosh %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.erfc %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.sinh %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.square %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
// CHECK: chlo.tan %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xbf16>
func.func @unary(%x0: tensor<2x3xbf16>) -> tensor<2x3xbf16> {
  %x1 = chlo.acos %x0 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x2 = chlo.asin %x1 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x3 = chlo.asinh %x2 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x4 = chlo.atan %x3 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x5 = chlo.atanh %x4 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x6 = chlo.cosh %x5 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x7 = chlo.erfc %x6 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x8 = chlo.sinh %x7 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x9 = chlo.square %x8 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  %x10 = chlo.tan %x9 : tensor<2x3xbf16> -> tensor<2x3xbf16>
  return %x10 : tensor<2x3xbf16>
}

// -----

// CHECK-LABEL: func.func @functions
// CHECK: chlo.erf %{{.*}} : tensor<4xf32> -> tensor<4xf32>
// CHECK: chlo.acosh
// CHECK: chlo.next_after %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
// CHECK: chlo.top_k(%{{.*}}, k = 2) : tensor<4xf32> -> (tensor<2xf32>, tensor<2xi32>)
func.func @functions(%x: tensor<4xf32>) -> tensor<2xi32> {
  %0 = chlo.erf %x : tensor<4xf32> -> tensor<4xf32>
  %1 = chlo.acosh %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = chlo.next_after %0, %1 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %3, %4 = chlo.top_k(%2, k = 2) : tensor<4xf32> -> (tensor<2xf32>, tensor<2xi32>)
  return %4 : tensor<2xi32>
}

// -----

func.func @too_many(%x: tensor<4xf32>) {
  // expected-error@+1 {{takes 5 of 4 elements}}
  %0, %1 = chlo.top_k(%x, k = 5) : tensor<4xf32> -> (tensor<5xf32>, tensor<5xi32>)
  return
}

// -----

func.func @results(%x: tensor<4xf32>) {
  // expected-error@+1 {{must give values of type 'tensor<2xf32>', and as many indices, not 'tensor<2xf32>' and 'tensor<3xi32>'}}
  %0, %1 = chlo.top_k(%x, k = 2) : tensor<4xf32> -> (tensor<2xf32>, tensor<3xi32>)
  return
}

// -----

func.func @scalar(%x: tensor<f32>) {
  // expected-error@+1 {{needs a dimension, not 'tensor<f32>'}}
  %0, %1 = chlo.top_k(%x, k = 0) : tensor<f32> -> (tensor<f32>, tensor<i32>)
  return
}

// -----

// CHECK-LABEL: func.func @special
// CHECK: chlo.bessel_i1e %{{.*}} : tensor<4xf32> -> tensor<4xf32>
// CHECK: chlo.digamma %{{.*}} : tensor<4xf32> -> tensor<4xf32>
// CHECK: chlo.erf_inv %{{.*}} : tensor<4xf32> -> tensor<4xf32>
// CHECK: chlo.lgamma %{{.*}} : tensor<4xf32> -> tensor<4xf32>
// CHECK: chlo.mulhi %{{.*}}, %{{.*}} : tensor<4xui8>, tensor<4xui8> -> tensor<4xui8>
func.func @special(%x: tensor<4xf32>, %i: tensor<4xui8>) -> (tensor<4xf32>, tensor<4xui8>) {
  %0 = chlo.bessel_i1e %x : tensor<4xf32> -> tensor<4xf32>
  %1 = chlo.digamma %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = chlo.erf_inv %1 : tensor<4xf32> -> tensor<4xf32>
  %3 = chlo.lgamma %2 : tensor<4xf32> -> tensor<4xf32>
  %4 = "chlo.mulhi"(%i, %i) : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %3, %4 : tensor<4xf32>, tensor<4xui8>
}
