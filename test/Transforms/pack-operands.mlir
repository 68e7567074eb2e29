// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-pack-operands{columns=32}))' | FileCheck %s
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-pack-operands{columns=16}))' | FileCheck %s --check-prefix=NARROW

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#bt = affine_map<(d0, d1, d2) -> (d1, d2)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// A constant weight is packed by columns; the zeros that fill the last tile
// make ragged columns whole.
// CHECK-LABEL: func.func @constant_weight
// NARROW-LABEL: func.func @constant_weight
func.func @constant_weight(%x: tensor<4x8xf32>, %y: tensor<4x40xf32>) -> tensor<4x40xf32> {
  // CHECK: %[[W:.*]] = arith.constant dense<1.000000e+00>
  // CHECK: %[[P:.*]] = linalg.pack %[[W]] padding_value(%{{.*}} : f32) outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32] into %{{.*}} : tensor<8x40xf32> -> tensor<2x8x32xf32>
  // CHECK: %[[U:.*]] = linalg.unpack %[[P]] outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32]
  // CHECK: linalg.matmul ins(%{{.*}}, %[[U]]
  // NARROW: linalg.pack {{.*}} -> tensor<3x8x16xf32>
  %w = arith.constant dense<1.0> : tensor<8x40xf32>
  %m = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x40xf32>) outs(%y : tensor<4x40xf32>) -> tensor<4x40xf32>
  return %m : tensor<4x40xf32>
}

// What is computed from constants alone is a constant too.
// CHECK-LABEL: func.func @computed_constant
func.func @computed_constant(%x: tensor<4x8xf32>, %y: tensor<4x32xf32>) -> tensor<4x32xf32> {
  // CHECK: linalg.transpose
  // CHECK: linalg.pack
  %w = arith.constant dense<1.0> : tensor<32x8xf32>
  %e = tensor.empty() : tensor<8x32xf32>
  %t = linalg.transpose ins(%w : tensor<32x8xf32>) outs(%e : tensor<8x32xf32>) permutation = [1, 0]
  %m = linalg.matmul ins(%x, %t : tensor<4x8xf32>, tensor<8x32xf32>) outs(%y : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %m : tensor<4x32xf32>
}

// An operand of the model's run with rows along the columns is read as it is.
// CHECK-LABEL: func.func @streams_already
func.func @streams_already(%x: tensor<4x8xf32>, %w: tensor<8x40xf32>, %y: tensor<4x40xf32>) -> tensor<4x40xf32> {
  // CHECK-NOT: linalg.pack
  %m = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x40xf32>) outs(%y : tensor<4x40xf32>) -> tensor<4x40xf32>
  return %m : tensor<4x40xf32>
}

// One that lies the wrong way (attention scores) is packed each run, also if its
// size is not known.
// CHECK-LABEL: func.func @transposed
// CHECK-SAME:    (%{{.*}}: tensor<?x?xf32>, %[[B:.*]]: tensor<?x?xf32>, %{{.*}}: tensor<?x?xf32>)
func.func @transposed(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // CHECK: linalg.pack %[[B]] padding_value(%{{.*}} : f32) outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [32] into %{{.*}} : tensor<?x?xf32> -> tensor<?x?x32xf32>
  %m = linalg.generic {indexing_maps = [#a, #bt, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x?xf32>
  return %m : tensor<?x?xf32>
}

// Once is enough.
// CHECK-LABEL: func.func @packed_already
func.func @packed_already(%x: tensor<4x8xf32>, %p: tensor<1x8x32xf32>, %y: tensor<4x32xf32>) -> tensor<4x32xf32> {
  // CHECK-NOT: linalg.pack
  // CHECK: linalg.unpack
  // CHECK-NOT: linalg.pack
  %e = tensor.empty() : tensor<8x32xf32>
  %u = linalg.unpack %p outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32] into %e : tensor<1x8x32xf32> -> tensor<8x32xf32>
  %m = linalg.matmul ins(%x, %u : tensor<4x8xf32>, tensor<8x32xf32>) outs(%y : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %m : tensor<4x32xf32>
}

// The filter of a convolution: output channels are columns, the reduction's
// dimensions follow in the order of the loops.
// CHECK-LABEL: func.func @filter
func.func @filter(%x: tensor<1x8x8x16xf32>, %y: tensor<1x6x6x64xf32>) -> tensor<1x6x6x64xf32> {
  // CHECK: linalg.pack %{{.*}} outer_dims_perm = [3, 0, 1, 2] inner_dims_pos = [3] inner_tiles = [32] into %{{.*}} : tensor<3x3x16x64xf32> -> tensor<2x3x3x16x32xf32>
  %f = arith.constant dense<1.0> : tensor<3x3x16x64xf32>
  %m = linalg.conv_2d_nhwc_hwcf ins(%x, %f : tensor<1x8x8x16xf32>, tensor<3x3x16x64xf32>) outs(%y : tensor<1x6x6x64xf32>) -> tensor<1x6x6x64xf32>
  return %m : tensor<1x6x6x64xf32>
}

// A depthwise convolution reads both operands along the columns: nothing is
// reused that packing would help.
// CHECK-LABEL: func.func @depthwise
func.func @depthwise(%x: tensor<1x8x8x16xf32>, %y: tensor<1x6x6x16xf32>) -> tensor<1x6x6x16xf32> {
  // CHECK-NOT: linalg.pack
  %f = arith.constant dense<1.0> : tensor<3x3x16xf32>
  %m = linalg.depthwise_conv_2d_nhwc_hwc ins(%x, %f : tensor<1x8x8x16xf32>, tensor<3x3x16xf32>) outs(%y : tensor<1x6x6x16xf32>) -> tensor<1x6x6x16xf32>
  return %m : tensor<1x6x6x16xf32>
}

// The zero that pads is of the operand's type.
// CHECK-LABEL: func.func @integers
func.func @integers(%x: tensor<4x8xi32>, %y: tensor<4x32xi32>) -> tensor<4x32xi32> {
  // CHECK: linalg.pack {{.*}} padding_value(%{{.*}} : i32)
  %w = arith.constant dense<1> : tensor<8x32xi32>
  %m = linalg.matmul ins(%x, %w : tensor<4x8xi32>, tensor<8x32xi32>) outs(%y : tensor<4x32xi32>) -> tensor<4x32xi32>
  return %m : tensor<4x32xi32>
}
