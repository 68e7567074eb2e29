// RUN: orchestra-opt %s --orchestra-generalize-kernels -split-input-file | FileCheck %s

// Two packs that differ in sizes only: one kernel, whose tiles stay.
// CHECK-LABEL: func.func @orchestra_fold
// CHECK:         orchestra.dispatch @[[PACK:orch_k_[0-9a-f]+]](%{{.*}} : tensor<64x16xf32>) outs(%{{.*}} : tensor<2x16x32xf32>)
// CHECK:         orchestra.dispatch @[[PACK]](%{{.*}} : tensor<32x8xf32>) outs(%{{.*}} : tensor<1x8x32xf32>)
// CHECK-NOT:   @pack_a
// CHECK:       func.func private @[[PACK]](%[[W:.*]]: tensor<?x?xf32> {bufferization.writable = false}, %[[OUT:.*]]: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> attributes {orchestra.kernel, orchestra.kind = "copy"}
// CHECK-DAG:     %[[D0:.*]] = tensor.dim %[[OUT]], %c0
// CHECK-DAG:     %[[D1:.*]] = tensor.dim %[[OUT]], %c1
// CHECK:         %[[VIEW:.*]] = tensor.expand_shape %[[W]] {{\[\[}}0, 1], [2]] output_shape [%[[D0]], 32, %[[D1]]]
// CHECK:         linalg.transpose ins(%[[VIEW]] : tensor<?x32x?xf32>) outs(%[[OUT]] : tensor<?x?x32xf32>) permutation = [0, 2, 1]
module {
  func.func @orchestra_fold(%a: tensor<64x16xf32>, %b: tensor<32x8xf32>) -> (tensor<2x16x32xf32>, tensor<1x8x32xf32>) attributes {orchestra.entry} {
    %ea = tensor.empty() : tensor<2x16x32xf32>
    %eb = tensor.empty() : tensor<1x8x32xf32>
    %pa = orchestra.dispatch @pack_a(%a : tensor<64x16xf32>) outs(%ea : tensor<2x16x32xf32>) -> (tensor<2x16x32xf32>)
    %pb = orchestra.dispatch @pack_b(%b : tensor<32x8xf32>) outs(%eb : tensor<1x8x32xf32>) -> (tensor<1x8x32xf32>)
    return %pa, %pb : tensor<2x16x32xf32>, tensor<1x8x32xf32>
  }
  func.func private @pack_a(%w: tensor<64x16xf32> {bufferization.writable = false}, %out: tensor<2x16x32xf32>) -> tensor<2x16x32xf32> attributes {orchestra.kernel, orchestra.kind = "copy"} {
    %p = linalg.pack %w outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [32] into %out : tensor<64x16xf32> -> tensor<2x16x32xf32>
    return %p : tensor<2x16x32xf32>
  }
  func.func private @pack_b(%w: tensor<32x8xf32> {bufferization.writable = false}, %out: tensor<1x8x32xf32>) -> tensor<1x8x32xf32> attributes {orchestra.kernel, orchestra.kind = "copy"} {
    %p = linalg.pack %w outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [32] into %out : tensor<32x8xf32> -> tensor<1x8x32xf32>
    return %p : tensor<1x8x32xf32>
  }
}

// -----

// Elementwise work too. Sizes of one stay: they may be what is broadcast.
// CHECK-LABEL: func.func @orchestra_fold
// CHECK-COUNT-2: orchestra.dispatch @[[SUM:orch_k_[0-9a-f]+]](
// CHECK:       func.func private @[[SUM]](%{{.*}}: tensor<?x1xf32>, %{{.*}}: tensor<?x1xf32>)
// CHECK:         linalg.generic
// CHECK-SAME:      ins(%{{.*}} : tensor<?x1xf32>) outs(%{{.*}} : tensor<?x1xf32>)
// CHECK:         return %{{.*}} : tensor<?x1xf32>
#map = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func @orchestra_fold(%a: tensor<64x1xf32>, %b: tensor<32x1xf32>) -> (tensor<64x1xf32>, tensor<32x1xf32>) attributes {orchestra.entry} {
    %ea = tensor.empty() : tensor<64x1xf32>
    %eb = tensor.empty() : tensor<32x1xf32>
    %ra = orchestra.dispatch @sum_a(%a : tensor<64x1xf32>) outs(%ea : tensor<64x1xf32>) -> (tensor<64x1xf32>)
    %rb = orchestra.dispatch @sum_b(%b : tensor<32x1xf32>) outs(%eb : tensor<32x1xf32>) -> (tensor<32x1xf32>)
    return %ra, %rb : tensor<64x1xf32>, tensor<32x1xf32>
  }
  func.func private @sum_a(%x: tensor<64x1xf32>, %out: tensor<64x1xf32>) -> tensor<64x1xf32> attributes {orchestra.kernel, orchestra.kind = "rows"} {
    %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<64x1xf32>) outs(%out : tensor<64x1xf32>) {
    ^bb0(%in: f32, %o: f32):
      %s = arith.addf %in, %in : f32
      linalg.yield %s : f32
    } -> tensor<64x1xf32>
    return %r : tensor<64x1xf32>
  }
  func.func private @sum_b(%x: tensor<32x1xf32>, %out: tensor<32x1xf32>) -> tensor<32x1xf32> attributes {orchestra.kernel, orchestra.kind = "rows"} {
    %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<32x1xf32>) outs(%out : tensor<32x1xf32>) {
    ^bb0(%in: f32, %o: f32):
      %s = arith.addf %in, %in : f32
      linalg.yield %s : f32
    } -> tensor<32x1xf32>
    return %r : tensor<32x1xf32>
  }
}

// -----

// Left alone: a kernel without a relative, one with a pad that depends on the
// sizes, one that the model calls too.
// CHECK-LABEL: func.func @orchestra_fold
// CHECK:         @alone
// CHECK:         @padded_a
// CHECK:         @padded_b
// CHECK:         @shared_a
// CHECK:         @shared_b
module {
  func.func @orchestra_fold(%a: tensor<64x16xf32>, %b: tensor<30x8xf32>, %c: tensor<20x8xf32>) -> (tensor<2x16x32xf32>, tensor<1x8x32xf32>, tensor<1x8x32xf32>, tensor<16x64xf32>, tensor<8x30xf32>) attributes {orchestra.entry} {
    %e = tensor.empty() : tensor<2x16x32xf32>
    %f = tensor.empty() : tensor<1x8x32xf32>
    %g = tensor.empty() : tensor<16x64xf32>
    %h = tensor.empty() : tensor<8x30xf32>
    %0 = orchestra.dispatch @alone(%a : tensor<64x16xf32>) outs(%e : tensor<2x16x32xf32>) -> (tensor<2x16x32xf32>)
    %1 = orchestra.dispatch @padded_a(%b : tensor<30x8xf32>) outs(%f : tensor<1x8x32xf32>) -> (tensor<1x8x32xf32>)
    %2 = orchestra.dispatch @padded_b(%c : tensor<20x8xf32>) outs(%f : tensor<1x8x32xf32>) -> (tensor<1x8x32xf32>)
    %3 = orchestra.dispatch @shared_a(%a : tensor<64x16xf32>) outs(%g : tensor<16x64xf32>) -> (tensor<16x64xf32>)
    %4 = orchestra.dispatch @shared_b(%b : tensor<30x8xf32>) outs(%h : tensor<8x30xf32>) -> (tensor<8x30xf32>)
    return %0, %1, %2, %3, %4 : tensor<2x16x32xf32>, tensor<1x8x32xf32>, tensor<1x8x32xf32>, tensor<16x64xf32>, tensor<8x30xf32>
  }
  func.func @main(%a: tensor<64x16xf32>) -> tensor<16x64xf32> attributes {orchestra.entry} {
    %g = tensor.empty() : tensor<16x64xf32>
    %3 = orchestra.dispatch @shared_a(%a : tensor<64x16xf32>) outs(%g : tensor<16x64xf32>) -> (tensor<16x64xf32>)
    return %3 : tensor<16x64xf32>
  }
  func.func private @alone(%w: tensor<64x16xf32>, %out: tensor<2x16x32xf32>) -> tensor<2x16x32xf32> attributes {orchestra.kernel} {
    %p = linalg.pack %w outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [32] into %out : tensor<64x16xf32> -> tensor<2x16x32xf32>
    return %p : tensor<2x16x32xf32>
  }
  func.func private @padded_a(%w: tensor<30x8xf32>, %out: tensor<1x8x32xf32>) -> tensor<1x8x32xf32> attributes {orchestra.kernel} {
    %zero = arith.constant 0.0 : f32
    %p = linalg.pack %w padding_value(%zero : f32) outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [32] into %out : tensor<30x8xf32> -> tensor<1x8x32xf32>
    return %p : tensor<1x8x32xf32>
  }
  func.func private @padded_b(%w: tensor<20x8xf32>, %out: tensor<1x8x32xf32>) -> tensor<1x8x32xf32> attributes {orchestra.kernel} {
    %zero = arith.constant 0.0 : f32
    %p = linalg.pack %w padding_value(%zero : f32) outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [32] into %out : tensor<20x8xf32> -> tensor<1x8x32xf32>
    return %p : tensor<1x8x32xf32>
  }
  func.func private @shared_a(%x: tensor<64x16xf32>, %out: tensor<16x64xf32>) -> tensor<16x64xf32> attributes {orchestra.kernel} {
    %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<64x16xf32>) outs(%out : tensor<16x64xf32>) {
    ^bb0(%in: f32, %o: f32):
      linalg.yield %in : f32
    } -> tensor<16x64xf32>
    return %r : tensor<16x64xf32>
  }
  func.func private @shared_b(%x: tensor<30x8xf32>, %out: tensor<8x30xf32>) -> tensor<8x30xf32> attributes {orchestra.kernel} {
    %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<30x8xf32>) outs(%out : tensor<8x30xf32>) {
    ^bb0(%in: f32, %o: f32):
      linalg.yield %in : f32
    } -> tensor<8x30xf32>
    return %r : tensor<8x30xf32>
  }
}
