// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-slice-operands | FileCheck %s

// A slice of known place goes into the kernel; others read one of their own.
// CHECK-LABEL: func.func @slice
// CHECK: %[[S:.*]] = tensor.extract_slice %arg0[0, 2, 0] [4, 2, 8] [1, 1, 1] {orchestra.in_kernel}
// CHECK: linalg_ext.attention {{.*}} ins(%[[S]],
func.func @slice(%x: tensor<4x6x8xf16>, %k: tensor<4x2x8xf16>, %v: tensor<4x2x8xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %o = tensor.empty() : tensor<4x2x8xf16>
  %q = tensor.extract_slice %x[0, 2, 0] [4, 2, 8] [1, 1, 1] : tensor<4x6x8xf16> to tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// Columns 16 to 31 of 48 are heads 2 and 3 of 6.
// CHECK-LABEL: func.func @expanded
// CHECK: %[[H:.*]] = tensor.expand_shape %arg0 {{\[\[}}0], [1, 2]] output_shape [4, 6, 8]
// CHECK: %[[S:.*]] = tensor.extract_slice %[[H]][0, 2, 0] [4, 2, 8] [1, 1, 1] {orchestra.in_kernel}
// CHECK: linalg_ext.attention {{.*}} ins(%[[S]],
func.func @expanded(%x: tensor<4x48xf16>, %k: tensor<4x2x8xf16>, %v: tensor<4x2x8xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %o = tensor.empty() : tensor<4x2x8xf16>
  %s = tensor.extract_slice %x[0, 16] [4, 16] [1, 1] : tensor<4x48xf16> to tensor<4x16xf16>
  %q = tensor.expand_shape %s [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// Columns 4 to 19 begin inside of a head.
// CHECK-LABEL: func.func @between
// CHECK-NOT: orchestra.in_kernel
// CHECK: return
func.func @between(%x: tensor<4x48xf16>, %k: tensor<4x2x8xf16>, %v: tensor<4x2x8xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %o = tensor.empty() : tensor<4x2x8xf16>
  %s = tensor.extract_slice %x[0, 4] [4, 16] [1, 1] : tensor<4x48xf16> to tensor<4x16xf16>
  %q = tensor.expand_shape %s [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// Where it begins is computed.
// CHECK-LABEL: func.func @computed
// CHECK-NOT: orchestra.in_kernel
// CHECK: return
func.func @computed(%x: tensor<4x6x8xf16>, %i: index, %k: tensor<4x2x8xf16>, %v: tensor<4x2x8xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %o = tensor.empty() : tensor<4x2x8xf16>
  %q = tensor.extract_slice %x[0, %i, 0] [4, 2, 8] [1, 1, 1] : tensor<4x6x8xf16> to tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// Every second head.
// CHECK-LABEL: func.func @strides
// CHECK-NOT: orchestra.in_kernel
// CHECK: return
func.func @strides(%x: tensor<4x6x8xf16>, %k: tensor<4x2x8xf16>, %v: tensor<4x2x8xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %o = tensor.empty() : tensor<4x2x8xf16>
  %q = tensor.extract_slice %x[0, 0, 0] [4, 2, 8] [1, 2, 1] : tensor<4x6x8xf16> to tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// No slice.
// CHECK-LABEL: func.func @whole
// CHECK-NOT: orchestra.in_kernel
// CHECK: return
func.func @whole(%q: tensor<4x2x8xf16>, %k: tensor<4x2x8xf16>, %v: tensor<4x2x8xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %o = tensor.empty() : tensor<4x2x8xf16>

  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}
