// Attention writes its destination in place; an update reads it, too.
// RUN: orchestra-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

#q = affine_map<(m, n, k, s) -> (m, k)>
#k = affine_map<(m, n, k, s) -> (s, k)>
#v = affine_map<(m, n, k, s) -> (s, n)>
#o = affine_map<(m, n, k, s) -> (m, n)>
#r = affine_map<(m, n, k, s) -> (m)>

// CHECK-LABEL: func.func @attention
// CHECK-SAME: %[[Q:.*]]: memref<3x8xf32>, %[[K:.*]]: memref<5x8xf32>, %[[V:.*]]: memref<5x4xf32>, %[[C:.*]]: f32, %[[O:.*]]: memref<3x4xf32>
// CHECK-NEXT: linalg_ext.attention {{.*}} ins(%[[Q]], %[[K]], %[[V]] : {{.*}}) scale(%[[C]] : f32) outs(%[[O]] : memref<3x4xf32>)
// CHECK-NEXT: return %[[O]]
func.func @attention(%q: tensor<3x8xf32>, %k: tensor<5x8xf32>, %v: tensor<5x4xf32>, %c: f32, %o: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : tensor<3x8xf32>, tensor<5x8xf32>, tensor<5x4xf32>) scale(%c : f32) outs(%o : tensor<3x4xf32>) -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}

// The states are used afterwards: the update works on copies of them.
// CHECK-LABEL: func.func @update
// CHECK-COUNT-3: memref.copy
// CHECK: linalg_ext.attention_update
func.func @update(%q: tensor<3x8xf32>, %k: tensor<5x8xf32>, %v: tensor<5x4xf32>, %c: f32, %o: tensor<3x4xf32>, %g: tensor<3xf32>, %w: tensor<3xf32>) -> (tensor<3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x4xf32>, tensor<3xf32>, tensor<3xf32>) {
  %r:3 = linalg_ext.attention_update {indexing_maps = [#q, #k, #v, #o, #r, #r]} ins(%q, %k, %v : tensor<3x8xf32>, tensor<5x8xf32>, tensor<5x4xf32>) scale(%c : f32) outs(%o, %g, %w : tensor<3x4xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3x4xf32>, tensor<3xf32>, tensor<3xf32>
  return %r#0, %r#1, %r#2, %o, %g, %w : tensor<3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x4xf32>, tensor<3xf32>, tensor<3xf32>
}
