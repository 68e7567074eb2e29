// Scans: both forms, tiles along any loop, buffers, and what they become.
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose))" | FileCheck %s --check-prefix=LOOPS
// RUN: orchestra-opt %s --transform-interpreter --canonicalize | FileCheck %s --check-prefix=TILE
// RUN: orchestra-opt %s --one-shot-bufferize=bufferize-function-boundaries | FileCheck %s --check-prefix=BUFFER

module attributes {transform.with_named_sequence} {
// An outer axis: a slice a step.
// CHECK-LABEL: func.func @outer
// CHECK: linalg_ext.scan axis(0) {in_steps} ins(%{{.*}} : tensor<12x?xf32>) outs(%{{.*}}, %{{.*}} : tensor<12x?xf32>, tensor<?xf32>) {
// CHECK: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
// CHECK: linalg_ext.yield
// LOOPS-LABEL: func.func @outer
// LOOPS-NOT: linalg_ext
// LOOPS: scf.for
// LOOPS: tensor.extract_slice %arg0[%{{.*}}, 0] [1, %{{.*}}] [1, 1] : tensor<12x?xf32> to tensor<?xf32>
// LOOPS: linalg.generic {{.*}} iterator_types = ["parallel"]
// LOOPS: %[[NEXT:.*]] = arith.addf
// LOOPS: linalg.yield %[[NEXT]], %[[NEXT]]
// The axis tiled: the state goes from tile to tile.
// TILE-LABEL: func.func @outer
// TILE: scf.for %[[I:.*]] = {{.*}} iter_args(%[[Y:.*]] = %arg1, %[[S:.*]] = %arg2)
// TILE: %[[STATE:.*]] = tensor.extract_slice %[[S]]
// TILE: linalg_ext.scan axis(0) {{.*}}ins(%{{.*}} : tensor<4x?xf32>) outs(%{{.*}}, %[[STATE]] : tensor<4x?xf32>, tensor<?xf32>)
// BUFFER-LABEL: func.func @outer
// BUFFER-NOT: memref.copy
// BUFFER: linalg_ext.scan axis(0) {{.*}}ins(%{{.*}} : memref<{{.*}}>) outs(%{{.*}}, %{{.*}} : memref<{{.*}}>, memref<{{.*}}>)
func.func @outer(%x: tensor<12x?xf32>, %y: tensor<12x?xf32>, %s: tensor<?xf32>) -> (tensor<12x?xf32>, tensor<?xf32>) {
  %r:2 = linalg_ext.scan axis(0) {in_steps} ins(%x : tensor<12x?xf32>) outs(%y, %s : tensor<12x?xf32>, tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg_ext.yield %c : f32
  } -> tensor<12x?xf32>, tensor<?xf32>
  return %r#0, %r#1 : tensor<12x?xf32>, tensor<?xf32>
}

// A short row: one chain. What is combined in order is never chunked.
// CHECK-LABEL: func.func @inner
// CHECK: linalg_ext.scan axis(1) exclusive reverse {in_tiles} ins
// LOOPS-LABEL: func.func @inner
// LOOPS: scf.for
// LOOPS: tensor.extract_slice %arg0[%{{.*}}, 0] [1, 2000] [1, 1] : tensor<3x2000xi32> to tensor<2000xi32>
// LOOPS: scf.for %[[I:.*]] = %{{.*}} iter_args(%[[BEFORE:.*]] = %{{.*}}, %{{.*}})
// LOOPS: %[[AT:.*]] = arith.subi %{{.*}}, %[[I]]
// LOOPS: %[[NEXT:.*]] = arith.subi %[[BEFORE]], %{{.*}} : i32
// LOOPS: tensor.insert %[[BEFORE]] into %{{.*}}[%[[AT]]]
// LOOPS: scf.yield %[[NEXT]]
// LOOPS-NOT: linalg.generic
// TILE-LABEL: func.func @inner
// TILE: scf.forall (%[[I:.*]]) in (3)
// TILE: linalg_ext.scan axis(1) exclusive reverse {{.*}} ins(%{{.*}} : tensor<1x2000xi32>) outs(%{{.*}}, %{{.*}} : tensor<1x2000xi32>, tensor<1xi32>)
func.func @inner(%x: tensor<3x2000xi32>, %y: tensor<3x2000xi32>, %s: tensor<3xi32>) -> tensor<3x2000xi32> {
  %r:2 = linalg_ext.scan axis(1) exclusive reverse {in_tiles} ins(%x : tensor<3x2000xi32>) outs(%y, %s : tensor<3x2000xi32>, tensor<3xi32>) {
  ^bb0(%a: i32, %b: i32):
    %c = arith.subi %a, %b : i32
    linalg_ext.yield %c : i32
  } -> tensor<3x2000xi32>, tensor<3xi32>
  return %r#0 : tensor<3x2000xi32>
}

// A long row: totals of chunks, then eight chains and the rest.
// LOOPS-LABEL: func.func @long
// LOOPS-COUNT-7: linalg.generic {{.*}} iterator_types = ["reduction"]
// LOOPS-NOT: linalg.generic
// LOOPS: scf.for
// LOOPS-COUNT-8: arith.addf
// LOOPS: scf.for
// LOOPS: arith.addf
func.func @long(%x: tensor<100000xf32>, %y: tensor<100000xf32>, %s: tensor<f32>) -> tensor<100000xf32> {
  %r:2 = linalg_ext.scan axis(0) ins(%x : tensor<100000xf32>) outs(%y, %s : tensor<100000xf32>, tensor<f32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg_ext.yield %c : f32
  } -> tensor<100000xf32>, tensor<f32>
  return %r#0 : tensor<100000xf32>
}

  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %steps = transform.structured.match attributes{in_steps} in %root : (!transform.any_op) -> !transform.any_op
    %a, %b = transform.structured.tile_using_for %steps tile_sizes [4, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %tiles = transform.structured.match attributes{in_tiles} in %root : (!transform.any_op) -> !transform.any_op
    %c, %d = transform.structured.tile_using_forall %tiles tile_sizes [1, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
