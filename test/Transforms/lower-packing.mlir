// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-lower-packing))' | FileCheck %s

// CHECK-LABEL: func.func @pack
func.func @pack(%x: tensor<8x40xf32>, %out: tensor<2x8x32xf32>) -> tensor<2x8x32xf32> {
  // CHECK-NOT: linalg.pack
  // CHECK: tensor.pad {{.*}} high[0, 24]
  // CHECK: tensor.expand_shape
  // CHECK: linalg.transpose {{.*}} outs(%{{.*}} : tensor<2x8x32xf32>)
  %zero = arith.constant 0.0 : f32
  %p = linalg.pack %x padding_value(%zero : f32) outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32]
      into %out : tensor<8x40xf32> -> tensor<2x8x32xf32>
  return %p : tensor<2x8x32xf32>
}

// Tiles that divide the size need no padding.
// CHECK-LABEL: func.func @whole_tiles
func.func @whole_tiles(%x: tensor<8x64xf32>, %out: tensor<2x8x32xf32>) -> tensor<2x8x32xf32> {
  // CHECK-NOT: linalg.pack
  // CHECK: linalg.transpose
  %p = linalg.pack %x outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32]
      into %out : tensor<8x64xf32> -> tensor<2x8x32xf32>
  return %p : tensor<2x8x32xf32>
}

// CHECK-LABEL: func.func @unpack
func.func @unpack(%x: tensor<2x8x32xf32>, %out: tensor<8x40xf32>) -> tensor<8x40xf32> {
  // CHECK-NOT: linalg.unpack
  // CHECK: linalg.transpose
  // CHECK: tensor.collapse_shape
  // CHECK: tensor.extract_slice {{.*}} [8, 40] [1, 1]
  %u = linalg.unpack %x outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32]
      into %out : tensor<2x8x32xf32> -> tensor<8x40xf32>
  return %u : tensor<8x40xf32>
}

// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<?x?xf32>, %out: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
  // CHECK-NOT: linalg.pack
  // CHECK: tensor.pad
  // CHECK: linalg.transpose
  %zero = arith.constant 0.0 : f32
  %p = linalg.pack %x padding_value(%zero : f32) outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [32]
      into %out : tensor<?x?xf32> -> tensor<?x?x32xf32>
  return %p : tensor<?x?x32xf32>
}

// What a strategy read through is gone without trace.
// CHECK-LABEL: func.func @unused
func.func @unused(%x: tensor<2x8x32xf32>, %out: tensor<8x40xf32>) {
  // CHECK-NEXT: return
  %u = linalg.unpack %x outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32]
      into %out : tensor<2x8x32xf32> -> tensor<8x40xf32>
  return
}
