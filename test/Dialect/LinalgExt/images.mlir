// Resizing, sampling, regions, boxes: both forms, tiles, buffers, and what they
// become.
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose,canonicalize))" | FileCheck %s --check-prefix=LOOPS
// RUN: orchestra-opt %s --transform-interpreter --canonicalize | FileCheck %s --check-prefix=TILE
// RUN: orchestra-opt %s --one-shot-bufferize=bufferize-function-boundaries | FileCheck %s --check-prefix=BUFFER

module attributes {transform.with_named_sequence} {
// A few taps are no loop.
// CHECK-LABEL: func.func @resize
// CHECK: linalg_ext.resize axis(1) ins(%{{.*}}, %{{.*}} : tensor<3x10xf32>, tensor<20x2xi64>) weights(%{{.*}} : tensor<20x2xf32>) outs(%{{.*}} : tensor<3x20xf32>) -> tensor<3x20xf32>
// LOOPS-LABEL: func.func @resize
// LOOPS: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]
// LOOPS-COUNT-2: arith.mulf
// LOOPS: arith.addf
// TILE-LABEL: func.func @resize
// TILE: scf.forall
// TILE-DAG: tensor.extract_slice %arg0[%{{.*}}, 0] [1, 10]
// TILE-DAG: tensor.extract_slice %arg1[%{{.*}}, 0] [5, 2]
// TILE: linalg_ext.resize
// BUFFER-LABEL: func.func @resize
// BUFFER: linalg_ext.resize axis(1) ins(%{{.*}} : memref<{{.*}}>, memref<{{.*}}>) weights(%{{.*}}) outs(%{{.*}} : memref<{{.*}}>)
func.func @resize(%x: tensor<3x10xf32>, %p: tensor<20x2xi64>, %w: tensor<20x2xf32>, %y: tensor<3x20xf32>) -> tensor<3x20xf32> {
  %r = linalg_ext.resize axis(1) ins(%x, %p : tensor<3x10xf32>, tensor<20x2xi64>) weights(%w : tensor<20x2xf32>) outs(%y : tensor<3x20xf32>) -> tensor<3x20xf32>
  return %r : tensor<3x20xf32>
}

// Many, or nobody knows how many, are one.
// LOOPS-LABEL: func.func @stretch
// LOOPS: linalg.fill
// LOOPS: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
func.func @stretch(%x: tensor<10xf32>, %p: tensor<20x?xi64>, %w: tensor<20x?xf32>, %y: tensor<20xf32>) -> tensor<20xf32> {
  %r = linalg_ext.resize axis(0) ins(%x, %p : tensor<10xf32>, tensor<20x?xi64>) weights(%w : tensor<20x?xf32>) outs(%y : tensor<20xf32>) -> tensor<20xf32>
  return %r : tensor<20xf32>
}

// CHECK-LABEL: func.func @nearest
// CHECK: linalg_ext.resize axis(0) ins(%{{.*}}, %{{.*}} : tensor<10xi8>, tensor<20x1xi64>) outs(%{{.*}} : tensor<20xi8>) -> tensor<20xi8>
// LOOPS-LABEL: func.func @nearest
// LOOPS: linalg.generic
// LOOPS-NOT: mul
// LOOPS: return
func.func @nearest(%x: tensor<10xi8>, %p: tensor<20x1xi64>, %y: tensor<20xi8>) -> tensor<20xi8> {
  %r = linalg_ext.resize axis(0) ins(%x, %p : tensor<10xi8>, tensor<20x1xi64>) outs(%y : tensor<20xi8>) -> tensor<20xi8>
  return %r : tensor<20xi8>
}

// Four neighbours in the plane.
// CHECK-LABEL: func.func @grid
// CHECK: linalg_ext.grid_sample mode("linear") padding("border") align_corners ins(%{{.*}}, %{{.*}} : tensor<2x3x8x8xf32>, tensor<2x5x6x2xf32>) outs(%{{.*}} : tensor<2x3x5x6xf32>) -> tensor<2x3x5x6xf32>
// LOOPS-LABEL: func.func @grid
// LOOPS: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel"]
// LOOPS-COUNT-2: tensor.extract %arg1
// LOOPS-COUNT-4: tensor.extract %arg0
// TILE-LABEL: func.func @grid
// TILE: scf.forall
// TILE-DAG: tensor.extract_slice %arg0[%{{.*}}, 0, 0, 0] [1, 3, 8, 8]
// TILE-DAG: tensor.extract_slice %arg1[%{{.*}}, %{{.*}}, 0, 0] [1, 1, 6, 2]
// BUFFER-LABEL: func.func @grid
// BUFFER: linalg_ext.grid_sample
func.func @grid(%x: tensor<2x3x8x8xf32>, %g: tensor<2x5x6x2xf32>, %y: tensor<2x3x5x6xf32>) -> tensor<2x3x5x6xf32> {
  %r = linalg_ext.grid_sample mode("linear") padding("border") align_corners ins(%x, %g : tensor<2x3x8x8xf32>, tensor<2x5x6x2xf32>) outs(%y : tensor<2x3x5x6xf32>) -> tensor<2x3x5x6xf32>
  return %r : tensor<2x3x5x6xf32>
}

// CHECK-LABEL: func.func @regions
// CHECK: linalg_ext.roi_align sampling(2) scale(5.000000e-01) half_pixel max ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3x8x8xf16>, tensor<4x4xf16>, tensor<4xi64>) outs(%{{.*}} : tensor<4x3x5x5xf16>) -> tensor<4x3x5x5xf16>
// LOOPS-LABEL: func.func @regions
// LOOPS: linalg.generic
// LOOPS: scf.for
// LOOPS-COUNT-4: tensor.extract %arg0
// TILE-LABEL: func.func @regions
// TILE: scf.forall
// TILE-DAG: tensor.extract_slice %arg0[0, %{{.*}}, 0, 0] [2, 1, 8, 8]
// TILE-DAG: tensor.extract_slice %arg1[%{{.*}}, 0] [1, 4]
// BUFFER-LABEL: func.func @regions
// BUFFER: linalg_ext.roi_align
func.func @regions(%x: tensor<2x3x8x8xf16>, %e: tensor<4x4xf16>, %b: tensor<4xi64>, %y: tensor<4x3x5x5xf16>) -> tensor<4x3x5x5xf16> {
  %r = linalg_ext.roi_align sampling(2) scale(0.5) half_pixel max ins(%x, %e, %b : tensor<2x3x8x8xf16>, tensor<4x4xf16>, tensor<4xi64>) outs(%y : tensor<4x3x5x5xf16>) -> tensor<4x3x5x5xf16>
  return %r : tensor<4x3x5x5xf16>
}

// A walk that ends when there is no room, or the scores are too low.
// CHECK-LABEL: func.func @boxes
// CHECK: linalg_ext.non_max_suppression centers ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x9x4xf32>, tensor<2x3x9xf32>, tensor<2x3x9xi64>) above(%{{.*}}, %{{.*}} : f32, f32) outs(%{{.*}}, %{{.*}} : tensor<2x3x?xi64>, tensor<2x3xi64>) -> tensor<2x3x?xi64>, tensor<2x3xi64>
// LOOPS-LABEL: func.func @boxes
// LOOPS: scf.for
// LOOPS: scf.for
// LOOPS: scf.while
// LOOPS: arith.cmpf ugt
// LOOPS: scf.condition
// LOOPS: arith.divf
// TILE-LABEL: func.func @boxes
// TILE: scf.forall
// TILE-DAG: tensor.extract_slice %arg0[%{{.*}}, 0, 0] [1, 9, 4]
// TILE-DAG: tensor.extract_slice %arg1[%{{.*}}, %{{.*}}, 0] [1, 1, 9]
// BUFFER-LABEL: func.func @boxes
// BUFFER: linalg_ext.non_max_suppression
func.func @boxes(%b: tensor<2x9x4xf32>, %s: tensor<2x3x9xf32>, %o: tensor<2x3x9xi64>, %p: f32, %q: f32, %y: tensor<2x3x?xi64>, %n: tensor<2x3xi64>) -> (tensor<2x3x?xi64>, tensor<2x3xi64>) {
  %r:2 = linalg_ext.non_max_suppression centers ins(%b, %s, %o : tensor<2x9x4xf32>, tensor<2x3x9xf32>, tensor<2x3x9xi64>) above(%p, %q : f32, f32) outs(%y, %n : tensor<2x3x?xi64>, tensor<2x3xi64>) -> tensor<2x3x?xi64>, tensor<2x3xi64>
  return %r#0, %r#1 : tensor<2x3x?xi64>, tensor<2x3xi64>
}

  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg_ext.resize"]} filter_result_type = tensor<3x20xf32> in %root : (!transform.any_op) -> !transform.any_op
    %a, %b = transform.structured.tile_using_forall %0 tile_sizes [1, 5] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %1 = transform.structured.match ops{["linalg_ext.grid_sample"]} in %root : (!transform.any_op) -> !transform.any_op
    %c, %d = transform.structured.tile_using_forall %1 tile_sizes [1, 0, 1, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %2 = transform.structured.match ops{["linalg_ext.roi_align"]} in %root : (!transform.any_op) -> !transform.any_op
    %e, %f = transform.structured.tile_using_forall %2 tile_sizes [1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %3 = transform.structured.match ops{["linalg_ext.non_max_suppression"]} in %root : (!transform.any_op) -> !transform.any_op
    %g, %h = transform.structured.tile_using_forall %3 tile_sizes [1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
