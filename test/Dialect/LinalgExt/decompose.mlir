// Two products with a softmax between them.
// RUN: orchestra-opt %s --linalg-ext-decompose | FileCheck %s

#q = affine_map<(h, m, n, k, s) -> (h, m, k)>
#k = affine_map<(h, m, n, k, s) -> (h, s, k)>
#v = affine_map<(h, m, n, k, s) -> (h, s, n)>
#o = affine_map<(h, m, n, k, s) -> (m, h, n)>
#r = affine_map<(h, m, n, k, s) -> (h, m)>
#mask = affine_map<(h, m, n, k, s) -> (s)>

// CHECK-LABEL: func.func @attention
// CHECK-NOT: linalg_ext
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK: ^bb0(%[[BIT:.*]]: i1, %[[SCORE:.*]]: f32):
// CHECK: %[[SHOWN:.*]] = arith.select %[[BIT]], %[[SCORE]], %[[HIDDEN:.*]] : f32
// CHECK: %[[ROW:.*]] = linalg.index 1
// CHECK: %[[LAST:.*]] = arith.addi %[[ROW]], %[[PAST:.*]] : index
// CHECK: %[[KEY:.*]] = linalg.index 2
// CHECK: %[[SEES:.*]] = arith.cmpi sle, %[[KEY]], %[[LAST]]
// CHECK: arith.select %[[SEES]], %[[SHOWN]], %[[HIDDEN]]
// CHECK: arith.maximumf
// CHECK: arith.subf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK: arith.divf
// CHECK: arith.cmpf ueq
func.func @attention(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %m: tensor<5xi1>, %past: index, %c: f32, %o: tensor<3x2x4xf32>) -> tensor<3x2x4xf32> {
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #mask, #o], zero_empty_rows} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) mask(%m : tensor<5xi1>) causal(%past) outs(%o : tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
  return %r : tensor<3x2x4xf32>
}

// A scale of one is none; sizes that may be zero are asked for.
// CHECK-LABEL: func.func @dynamic
// CHECK: arith.cmpi eq, %{{.*}}, %{{.*}} : index
// CHECK-NOT: arith.mulf %{{.*}}, %cst
// CHECK: arith.divf
func.func @dynamic(%q: tensor<2x?x8xf32>, %k: tensor<2x?x8xf32>, %v: tensor<2x?x4xf32>, %o: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %one = arith.constant 1.0 : f32
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<2x?x4xf32>) scale(%one : f32) outs(%o : tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  return %r : tensor<?x2x4xf32>
}

// An update scales its states by exp(greatest before - base).
// CHECK-LABEL: func.func @update
// CHECK: arith.maximumf
// CHECK: %[[FACTOR:.*]] = linalg.generic {{.*}} ins(%arg6,
// CHECK: math.exp
// CHECK: ins(%[[FACTOR]] : tensor<2x3xf32>) outs(%arg7 : tensor<2x3xf32>)
// CHECK: ins(%[[FACTOR]] : tensor<2x3xf32>) outs(%arg5 : tensor<3x2x4xf32>)
func.func @update(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %past: index, %c: f32, %o: tensor<3x2x4xf32>, %g: tensor<2x3xf32>, %w: tensor<2x3xf32>) -> (tensor<3x2x4xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %r:3 = linalg_ext.attention_update {indexing_maps = [#q, #k, #v, #o, #r, #r]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) causal(%past) outs(%o, %g, %w : tensor<3x2x4xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<3x2x4xf32>, tensor<2x3xf32>, tensor<2x3xf32>
  return %r#0, %r#1, %r#2 : tensor<3x2x4xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// Computed in the type of the scale: narrower operands are widened where they
// are read, the result is rounded once, after the division.
// CHECK-LABEL: func.func @narrow
// CHECK: linalg.fill {{.*}} -> tensor<3x2x4xf32>
// CHECK: ^bb0(%[[Q:.*]]: f16, %{{.*}}: f32):
// CHECK: %[[WIDE:.*]] = arith.extf %[[Q]] : f16 to f32
// CHECK: arith.mulf %[[WIDE]], %arg4 : f32
// CHECK: ^bb0(%[[QC:.*]]: f32, %[[K:.*]]: f16, %[[S:.*]]: f32):
// CHECK: %[[KW:.*]] = arith.extf %[[K]] : f16 to f32
// CHECK: arith.mulf %[[QC]], %[[KW]] : f32
// CHECK: ^bb0(%[[M:.*]]: f16, %[[SCORE:.*]]: f32):
// CHECK: %[[MW:.*]] = arith.extf %[[M]] : f16 to f32
// CHECK: arith.addf %[[SCORE]], %[[MW]] : f32
// CHECK: math.exp
// CHECK-NOT: arith.truncf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %arg2 : tensor<2x3x5xf32>, tensor<2x5x4xf16>) outs(%{{.*}} : tensor<3x2x4xf32>)
// CHECK: arith.extf
// CHECK: %[[MEAN:.*]] = arith.divf %{{.*}}, %{{.*}} : f32
// CHECK: %[[R:.*]] = arith.truncf %[[MEAN]] : f32 to f16
// CHECK: linalg.yield %[[R]] : f16
func.func @narrow(%q: tensor<2x3x8xf16>, %k: tensor<2x5x8xf16>, %v: tensor<2x5x4xf16>, %m: tensor<5xf16>, %c: f32, %o: tensor<3x2x4xf16>) -> tensor<3x2x4xf16> {
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #mask, #o]} ins(%q, %k, %v : tensor<2x3x8xf16>, tensor<2x5x8xf16>, tensor<2x5x4xf16>) scale(%c : f32) mask(%m : tensor<5xf16>) outs(%o : tensor<3x2x4xf16>) -> tensor<3x2x4xf16>
  return %r : tensor<3x2x4xf16>
}

// A wide result of narrow operands is where products are added.
// CHECK-LABEL: func.func @wide_result
// CHECK: linalg.fill {{.*}} outs(%arg3 : tensor<3x2x4xf32>)
// CHECK-NOT: arith.truncf
// CHECK: return
func.func @wide_result(%q: tensor<2x3x8xbf16>, %k: tensor<2x5x8xbf16>, %v: tensor<2x5x4xbf16>, %o: tensor<3x2x4xf32>) -> tensor<3x2x4xf32> {
  %c = arith.constant 1.0 : f32
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : tensor<2x3x8xbf16>, tensor<2x5x8xbf16>, tensor<2x5x4xbf16>) scale(%c : f32) outs(%o : tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
  return %r : tensor<3x2x4xf32>
}
