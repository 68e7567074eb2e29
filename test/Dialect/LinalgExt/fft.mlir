// Fourier transforms: both forms, tiles, buffers, and what they become.
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose,canonicalize))" | FileCheck %s --check-prefix=LOOPS
// RUN: orchestra-opt %s --transform-interpreter --canonicalize | FileCheck %s --check-prefix=TILE
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(linalg-ext-decompose,canonicalize,cse),one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map})" | FileCheck %s --check-prefix=BUFFER

module attributes {transform.with_named_sequence} {
// Three stages for eight elements, each a sum and a difference.
// CHECK-LABEL: func.func @rows
// CHECK: linalg_ext.fft {tiled} ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x8xf32>, tensor<2x4xf32>) outs(%{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>, tensor<?x8xf32>
// LOOPS-LABEL: func.func @rows
// LOOPS-NOT: linalg_ext
// LOOPS: scf.for
// LOOPS: tensor.expand_shape %{{.*}} into tensor<2x4x1xf32>
// LOOPS: tensor.expand_shape %{{.*}} into tensor<4x2x1xf32>
// LOOPS: arith.addf
// LOOPS: tensor.extract_slice %arg2[0, 0] [1, 4] [1, 1]
// LOOPS: arith.subf
// LOOPS: tensor.extract_slice %arg2[0, 0] [1, 2] [1, 2]
// LOOPS: tensor.extract_slice %arg2[0, 0] [1, 1] [1, 4]
// BUFFER-LABEL: func.func @rows
// BUFFER-COUNT-2: memref.alloc() {{.*}} : memref<8xf32>
// BUFFER-NOT: memref.alloc
// BUFFER-LABEL: func.func @one
// TILE-LABEL: func.func @rows
// TILE: scf.forall
// TILE: linalg_ext.fft {tiled} ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x8xf32>, tensor<2x4xf32>)
func.func @rows(%re: tensor<?x8xf32>, %im: tensor<?x8xf32>, %t: tensor<2x4xf32>, %a: tensor<?x8xf32>, %b: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %r:2 = linalg_ext.fft {tiled} ins(%re, %im, %t : tensor<?x8xf32>, tensor<?x8xf32>, tensor<2x4xf32>) outs(%a, %b : tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>, tensor<?x8xf32>
  return %r#0, %r#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @one
// CHECK: linalg_ext.fft inverse ins
// LOOPS-LABEL: func.func @one
// LOOPS-NOT: linalg
// LOOPS: return
func.func @one(%re: tensor<1xf64>, %im: tensor<1xf64>, %t: tensor<2x1xf64>, %a: tensor<1xf64>, %b: tensor<1xf64>) -> (tensor<1xf64>, tensor<1xf64>) {
  %r:2 = linalg_ext.fft inverse ins(%re, %im, %t : tensor<1xf64>, tensor<1xf64>, tensor<2x1xf64>) outs(%a, %b : tensor<1xf64>, tensor<1xf64>) -> tensor<1xf64>, tensor<1xf64>
  return %r#0, %r#1 : tensor<1xf64>, tensor<1xf64>
}

  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %ops = transform.structured.match ops{["linalg_ext.fft"]} attributes{tiled} in %root : (!transform.any_op) -> !transform.any_op
    %a, %b = transform.structured.tile_using_forall %ops tile_sizes [2, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
