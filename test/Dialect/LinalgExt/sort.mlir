// Sorts and the first in order: both forms, tiles, buffers, and what they
// become.
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose,canonicalize))" | FileCheck %s --check-prefix=LOOPS
// RUN: orchestra-opt %s --transform-interpreter --canonicalize | FileCheck %s --check-prefix=TILE
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose,canonicalize,cse),one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map})" | FileCheck %s --check-prefix=BUFFER

module attributes {transform.with_named_sequence} {
// A float of 32 bits and its index are a key of 64. Two vectors of them, with
// room for 8 times a power of 4.
// CHECK-LABEL: func.func @sort
// CHECK: linalg_ext.sort axis(1) {tiled} ins(%{{.*}} : tensor<3x100xf32>) outs(%{{.*}}, %{{.*}} : tensor<3x100xf32>, tensor<3x100xi32>) -> tensor<3x100xf32>, tensor<3x100xi32>
// LOOPS-LABEL: func.func @sort
// LOOPS-NOT: linalg_ext
// LOOPS: %[[KEYS:.*]] = bufferization.alloc_tensor() : tensor<128xi64>
// LOOPS: %[[SPARE:.*]] = bufferization.alloc_tensor() : tensor<128xi64>
// LOOPS: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %[[KEYS]], %{{.*}} = %[[SPARE]])
// LOOPS: tensor.extract_slice %arg0[%{{.*}}, 0] [1, 100] [1, 1] : tensor<3x100xf32> to tensor<100xf32>
// LOOPS: linalg.generic
// LOOPS: arith.bitcast
// LOOPS-COUNT-19: arith.minui
// LOOPS-NOT: arith.minui
// LOOPS: scf.while
// LOOPS-COUNT-2: arith.minui
// LOOPS: linalg.generic
// Nothing is copied but what the keys themselves move.
// BUFFER-LABEL: func.func @sort
// BUFFER-COUNT-2: memref.alloc() {{.*}} : memref<128xi64>
// BUFFER-NOT: memref.alloc
// TILE-LABEL: func.func @sort
// TILE: scf.forall
// TILE: linalg_ext.sort axis(1) {{.*}} ins(%{{.*}} : tensor<1x100xf32>) outs(%{{.*}}, %{{.*}} : tensor<1x100xf32>, tensor<1x100xi32>)
func.func @sort(%x: tensor<3x100xf32>, %y: tensor<3x100xf32>, %i: tensor<3x100xi32>) -> (tensor<3x100xf32>, tensor<3x100xi32>) {
  %r:2 = linalg_ext.sort axis(1) {tiled} ins(%x : tensor<3x100xf32>) outs(%y, %i : tensor<3x100xf32>, tensor<3x100xi32>) -> tensor<3x100xf32>, tensor<3x100xi32>
  return %r#0, %r#1 : tensor<3x100xf32>, tensor<3x100xi32>
}

// Few are one run; wide ones need keys of 128 bits.
// CHECK-LABEL: func.func @few
// CHECK: linalg_ext.sort axis(0) descending unsigned ins
// BUFFER-LABEL: func.func @few
// LOOPS-LABEL: func.func @few
// LOOPS: bufferization.alloc_tensor() : tensor<8xi128>
// LOOPS-NOT: scf.while
func.func @few(%x: tensor<5xi64>, %y: tensor<5xi64>, %i: tensor<5xi64>) -> (tensor<5xi64>, tensor<5xi64>) {
  %r:2 = linalg_ext.sort axis(0) descending unsigned ins(%x : tensor<5xi64>) outs(%y, %i : tensor<5xi64>, tensor<5xi64>) -> tensor<5xi64>, tensor<5xi64>
  return %r#0, %r#1 : tensor<5xi64>, tensor<5xi64>
}

// Blocks of the row are compared with the best that is known.
// CHECK-LABEL: func.func @top
// CHECK: linalg_ext.top_k axis(0) descending nan_first ins(%{{.*}} : tensor<?x4xf16>) outs(%{{.*}}, %{{.*}} : tensor<7x4xf16>, tensor<7x4xi64>) -> tensor<7x4xf16>, tensor<7x4xi64>
// LOOPS-LABEL: func.func @top
// LOOPS: tensor.extract_slice %arg0[0, %{{.*}}] [%{{.*}}, 1] [1, 1] : tensor<?x4xf16> to tensor<?xf16>
// LOOPS: scf.for
// LOOPS: linalg.generic {{.*}} iterator_types = ["reduction"]{{.*}} : tensor<16xf16>
// LOOPS: arith.cmpf ugt
// LOOPS: scf.if
// LOOPS: scf.while
// LOOPS: scf.while
// BUFFER-LABEL: func.func @top
// BUFFER: memref.alloc
// TILE-LABEL: func.func @top
// TILE: scf.forall
// TILE: linalg_ext.top_k axis(0) {{.*}} ins(%{{.*}} : tensor<?x1xf16>) outs(%{{.*}}, %{{.*}} : tensor<7x1xf16>, tensor<7x1xi64>)
func.func @top(%x: tensor<?x4xf16>, %y: tensor<7x4xf16>, %i: tensor<7x4xi64>) -> (tensor<7x4xf16>, tensor<7x4xi64>) {
  %r:2 = linalg_ext.top_k axis(0) descending nan_first ins(%x : tensor<?x4xf16>) outs(%y, %i : tensor<7x4xf16>, tensor<7x4xi64>) -> tensor<7x4xf16>, tensor<7x4xi64>
  return %r#0, %r#1 : tensor<7x4xf16>, tensor<7x4xi64>
}

  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %tops = transform.structured.match ops{["linalg_ext.top_k"]} in %root : (!transform.any_op) -> !transform.any_op
    %c, %d = transform.structured.tile_using_forall %tops tile_sizes [0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %all = transform.structured.match ops{["linalg_ext.sort"]} attributes{tiled} in %root : (!transform.any_op) -> !transform.any_op
    %a, %b = transform.structured.tile_using_forall %all tile_sizes [1, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
