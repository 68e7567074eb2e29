// Gathering and scattering: both forms, tiles, buffers, and what they become.
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose,canonicalize))" | FileCheck %s --check-prefix=LOOPS
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose{fusable}))" | FileCheck %s --check-prefix=FUSABLE
// RUN: orchestra-opt %s --transform-interpreter --canonicalize | FileCheck %s --check-prefix=TILE
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose,canonicalize,cse),one-shot-bufferize{bufferize-function-boundaries})" | FileCheck %s --check-prefix=BUFFER

module attributes {transform.with_named_sequence} {
// CHECK-LABEL: func.func @rows
// CHECK: linalg_ext.gather source_map = {{.*}} indices_map = {{.*}} ins(%{{.*}}, %{{.*}} : tensor<100x8xf32>, tensor<?xi64>) outs(%{{.*}} : tensor<?x8xf32>) -> tensor<?x8xf32>
// LOOPS-LABEL: func.func @rows
// LOOPS: linalg.generic {{.*}} ins(%arg1 : tensor<?xi64>) outs(%arg2 : tensor<?x8xf32>)
// LOOPS: arith.maxsi
// LOOPS: tensor.extract %arg0
// FUSABLE-LABEL: func.func @rows
// FUSABLE-NOT: linalg_ext
// TILE-LABEL: func.func @rows
// TILE: scf.forall
// TILE-DAG: tensor.extract_slice %arg0[0, %{{.*}}] [100, 4]
// TILE-DAG: tensor.extract_slice %arg1[%{{.*}}] [%{{.*}}]
// TILE: linalg_ext.gather
func.func @rows(%s: tensor<100x8xf32>, %i: tensor<?xi64>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r = linalg_ext.gather source_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%s, %i : tensor<100x8xf32>, tensor<?xi64>) outs(%y : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// A vector of indices is read in the body.
// LOOPS-LABEL: func.func @points
// LOOPS: linalg.generic {{.*}} outs(%arg2 : tensor<5xi8>)
// LOOPS-COUNT-2: tensor.extract %arg1
// LOOPS: tensor.extract %arg0
func.func @points(%s: tensor<9x8xi8>, %i: tensor<5x2xi32>, %y: tensor<5xi8>) -> tensor<5xi8> {
  %r = linalg_ext.gather source_map = affine_map<(d0)[s0, s1] -> (s1, s0)> indices_map = affine_map<(d0) -> (d0)> ins(%s, %i : tensor<9x8xi8>, tensor<5x2xi32>) outs(%y : tensor<5xi8>) -> tensor<5xi8>
  return %r : tensor<5xi8>
}

// Rows of updates are combined as slices, in place.
// CHECK-LABEL: func.func @add_rows
// CHECK: linalg_ext.scatter destination_map = {{.*}} indices_map = {{.*}} ins(%{{.*}}, %{{.*}} : tensor<5x8xf32>, tensor<5x1xi64>) outs(%{{.*}} : tensor<100x8xf32>) {
// CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: f32):
// LOOPS-LABEL: func.func @add_rows
// LOOPS: scf.for
// LOOPS: tensor.extract %arg1
// LOOPS: scf.if
// LOOPS: linalg.generic {{.*}} ins(%{{.*}} : tensor<8xf32>) outs(%{{.*}} : tensor<8xf32>)
// FUSABLE-LABEL: func.func @add_rows
// FUSABLE: linalg_ext.scatter
// TILE-LABEL: func.func @add_rows
// TILE: scf.forall
// TILE-DAG: tensor.extract_slice %arg0[0, %{{.*}}] [5, 2]
// TILE-DAG: tensor.extract_slice %{{.*}}[0, %{{.*}}] [100, 2]
// TILE: linalg_ext.scatter
// BUFFER-LABEL: func.func @add_rows
// BUFFER-NOT: memref.alloc
// BUFFER-NOT: memref.copy %arg
// BUFFER: return
func.func @add_rows(%u: tensor<5x8xf32>, %i: tensor<5x1xi64>, %x: tensor<100x8xf32>) -> tensor<100x8xf32> {
  %r = linalg_ext.scatter destination_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%u, %i : tensor<5x8xf32>, tensor<5x1xi64>) outs(%x : tensor<100x8xf32>) {
  ^bb0(%old: f32, %new: f32):
    %s = arith.addf %old, %new : f32
    linalg_ext.yield %s : f32
  } -> tensor<100x8xf32>
  return %r : tensor<100x8xf32>
}

// Each element has a place of its own.
// CHECK-LABEL: func.func @elements
// CHECK: linalg_ext.scatter {{.*}} unique ins
// LOOPS-LABEL: func.func @elements
// LOOPS: scf.for
// LOOPS: scf.for
// LOOPS: scf.if
// LOOPS: tensor.insert
func.func @elements(%u: tensor<5x8xi1>, %i: tensor<5x8xi32>, %x: tensor<5x100xi1>) -> tensor<5x100xi1> {
  %r = linalg_ext.scatter destination_map = affine_map<(d0, d1)[s0] -> (d0, s0)> indices_map = affine_map<(d0, d1) -> (d0, d1)> unique ins(%u, %i : tensor<5x8xi1>, tensor<5x8xi32>) outs(%x : tensor<5x100xi1>) {
  ^bb0(%old: i1, %new: i1):
    linalg_ext.yield %new : i1
  } -> tensor<5x100xi1>
  return %r : tensor<5x100xi1>
}

  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %gathers = transform.structured.match ops{["linalg_ext.gather"]} filter_result_type = tensor<?x8xf32> in %root : (!transform.any_op) -> !transform.any_op
    %a, %b = transform.structured.tile_using_forall %gathers tile_sizes [2, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %scatters = transform.structured.match ops{["linalg_ext.scatter"]} filter_result_type = tensor<100x8xf32> in %root : (!transform.any_op) -> !transform.any_op
    %c, %d = transform.structured.tile_using_forall %scatters tile_sizes [0, 2] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
