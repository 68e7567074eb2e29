// Upstream's transform ops tile attention over heads and rows, and an update
// over keys; the causal bound moves along.
// RUN: orchestra-opt %s --transform-interpreter --canonicalize -split-input-file | FileCheck %s

#q = affine_map<(h, m, n, k, s) -> (h, m, k)>
#k = affine_map<(h, m, n, k, s) -> (h, s, k)>
#v = affine_map<(h, m, n, k, s) -> (h, s, n)>
#o = affine_map<(h, m, n, k, s) -> (h, m, n)>
#r = affine_map<(h, m, n, k, s) -> (h, m)>
#mask = affine_map<(h, m, n, k, s) -> (m, s)>

// CHECK-LABEL: func.func @rows
// CHECK: scf.forall (%[[H:.*]], %[[T:.*]]) in (2, 3)
// CHECK: %[[M:.*]] = affine.apply {{.*}}(%[[T]])
// CHECK-DAG: tensor.extract_slice %arg0[%[[H]], %[[M]], 0] [1, 4, 8]
// CHECK-DAG: tensor.extract_slice %arg1[%[[H]], 0, 0] [1, 10, 8]
// CHECK-DAG: tensor.extract_slice %arg3[%[[M]], 0] [4, 10]
// CHECK-DAG: %[[PAST:.*]] = affine.apply {{.*}}(%[[T]])[%arg4]
// CHECK: linalg_ext.attention {{.*}} causal(%[[PAST]])
module attributes {transform.with_named_sequence} {
  func.func @rows(%q: tensor<2x12x8xf32>, %k: tensor<2x10x8xf32>, %v: tensor<2x10x4xf32>, %m: tensor<12x10xf32>, %past: index, %c: f32, %o: tensor<2x12x4xf32>) -> tensor<2x12x4xf32> {
    %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #mask, #o]} ins(%q, %k, %v : tensor<2x12x8xf32>, tensor<2x10x8xf32>, tensor<2x10x4xf32>) scale(%c : f32) mask(%m : tensor<12x10xf32>) causal(%past) outs(%o : tensor<2x12x4xf32>) -> tensor<2x12x4xf32>
    return %r : tensor<2x12x4xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["linalg_ext.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op tile_sizes [1, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

#q = affine_map<(m, n, k, s) -> (m, k)>
#k = affine_map<(m, n, k, s) -> (s, k)>
#v = affine_map<(m, n, k, s) -> (s, n)>
#o = affine_map<(m, n, k, s) -> (m, n)>
#r = affine_map<(m, n, k, s) -> (m)>

// CHECK-LABEL: func.func @keys
// CHECK: scf.for %[[S:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args
// CHECK-DAG: tensor.extract_slice %arg1[%[[S]], 0] [5, 8]
// CHECK-DAG: tensor.extract_slice %arg2[%[[S]], 0] [5, 4]
// CHECK-DAG: %[[PAST:.*]] = affine.apply {{.*}}()[%arg3, %[[S]]]
// CHECK: linalg_ext.attention_update {{.*}} causal(%[[PAST]])
module attributes {transform.with_named_sequence} {
  func.func @keys(%q: tensor<12x8xf32>, %k: tensor<10x8xf32>, %v: tensor<10x4xf32>, %past: index, %c: f32, %o: tensor<12x4xf32>, %g: tensor<12xf32>, %w: tensor<12xf32>) -> tensor<12x4xf32> {
    %r:3 = linalg_ext.attention_update {indexing_maps = [#q, #k, #v, #o, #r, #r]} ins(%q, %k, %v : tensor<12x8xf32>, tensor<10x8xf32>, tensor<10x4xf32>) scale(%c : f32) causal(%past) outs(%o, %g, %w : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>) -> tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>
    return %r#0 : tensor<12x4xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["linalg_ext.attention_update"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 0, 5] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
