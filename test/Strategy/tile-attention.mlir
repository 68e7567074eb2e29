// Attention of many keys is a loop over blocks of them with running states; of
// few keys it needs neither. Few rows are read along columns.
// RUN: orchestra-opt %s --orchestra-apply-strategy='file=%strategies/x86_64_strategy.mlir vector-bits=512' --split-input-file | FileCheck %s
// RUN: orchestra-opt %s --orchestra-apply-strategy='file=%strategies/x86_64_strategy.mlir vector-bits=256' --split-input-file | FileCheck %s --check-prefix=NARROW
// RUN: orchestra-opt %s --orchestra-kernel-pipeline --split-input-file | FileCheck %s --check-prefix=CODE
// RUN: orchestra-opt %s --orchestra-kernel-pipeline=reference=true --split-input-file | FileCheck %s --check-prefix=CODE

// CODE-NOT: linalg_ext
// CODE: llvm.func @walk

#q = affine_map<(h, m, n, k, s) -> (m, h, k)>
#k = affine_map<(h, m, n, k, s) -> (s, h, k)>
#v = affine_map<(h, m, n, k, s) -> (s, h, n)>
#o = affine_map<(h, m, n, k, s) -> (m, h, n)>

// CHECK-LABEL: func.func private @walk
// CHECK: scf.forall (%[[H:.*]], %[[M:.*]]) = (0, 0) to (12, 300) step (1, 112)
// The block of queries is transposed before the loop, scaled.
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<64x?xf32>)
// CHECK: arith.mulf %{{.*}}, %cst
// CHECK: %[[END:.*]] = affine.max
// CHECK: scf.for %[[S:.*]] = %{{.*}} to %[[END]] step %c250{{.*}} iter_args({{.*}}) -> (tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>)
// Both products are in register tiles.
// CHECK: linalg.fill
// CHECK: orchestra.columns = 32 : i64, orchestra.register_tile = array<i64: 0, 1, 14>
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: orchestra.columns = 32 : i64, orchestra.register_tile = array<i64: 0, 1, 14>
// CHECK: scf.yield
// CHECK: arith.divf
// CHECK: orchestra.grain = 1
// NARROW-LABEL: func.func private @walk
// NARROW: orchestra.columns = 16 : i64, orchestra.register_tile = array<i64: 0, 1, 6>
func.func private @walk(%q: tensor<300x12x64xf32>, %k: tensor<1000x12x64xf32>, %v: tensor<1000x12x64xf32>, %past: index, %o: tensor<300x12x64xf32>) -> tensor<300x12x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 0.125 : f32
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : tensor<300x12x64xf32>, tensor<1000x12x64xf32>, tensor<1000x12x64xf32>) scale(%c : f32) causal(%past) outs(%o : tensor<300x12x64xf32>) -> tensor<300x12x64xf32>
  return %r : tensor<300x12x64xf32>
}

// -----

#q = affine_map<(h, m, n, k, s) -> (m, h, k)>
#k = affine_map<(h, m, n, k, s) -> (s, h, k)>
#v = affine_map<(h, m, n, k, s) -> (s, h, n)>
#o = affine_map<(h, m, n, k, s) -> (m, h, n)>

// CODE: llvm.func @once

// CHECK-LABEL: func.func private @once
// CHECK: scf.forall (%{{.*}}) in (12)
// CHECK-NOT: affine.max
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<64x128xf32>)
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (tensor<128x128xf32>)
func.func private @once(%q: tensor<128x12x64xf32>, %k: tensor<128x12x64xf32>, %v: tensor<128x12x64xf32>, %o: tensor<128x12x64xf32>) -> tensor<128x12x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 0.125 : f32
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : tensor<128x12x64xf32>, tensor<128x12x64xf32>, tensor<128x12x64xf32>) scale(%c : f32) outs(%o : tensor<128x12x64xf32>) -> tensor<128x12x64xf32>
  return %r : tensor<128x12x64xf32>
}

// -----

#q = affine_map<(h, g, m, n, k, s) -> (h, g, m, k)>
#k = affine_map<(h, g, m, n, k, s) -> (h, s, k)>
#v = affine_map<(h, g, m, n, k, s) -> (h, s, n)>
#o = affine_map<(h, g, m, n, k, s) -> (m, h, g, n)>

// CODE: llvm.func @decode

// The heads of a group are rows of one product; keys stay as they are.
// CHECK-LABEL: func.func private @decode
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (tensor<3x64xf32>, tensor<3xf32>, tensor<3xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<3x64xf32>, tensor<?x64xf32>) outs(%{{.*}} : tensor<3x?xf32>)
// CHECK: orchestra.register_tile = array<i64: 0, 1, 3>
func.func private @decode(%q: tensor<4x3x1x64xf32>, %k: tensor<4x?x64xf32>, %v: tensor<4x?x64xf32>, %o: tensor<1x4x3x64xf32>) -> tensor<1x4x3x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 0.125 : f32
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : tensor<4x3x1x64xf32>, tensor<4x?x64xf32>, tensor<4x?x64xf32>) scale(%c : f32) outs(%o : tensor<1x4x3x64xf32>) -> tensor<1x4x3x64xf32>
  return %r : tensor<1x4x3x64xf32>
}

// -----

#q = affine_map<(m, n, k, s) -> (m, k)>
#k = affine_map<(m, n, k, s) -> (s, k)>
#v = affine_map<(m, n, k, s) -> (s, n)>
#o = affine_map<(m, n, k, s) -> (m, n)>

// CODE: llvm.func @nothing

// CHECK-LABEL: func.func private @nothing
// CHECK: linalg_ext.attention
func.func private @nothing(%q: tensor<4x8xf32>, %k: tensor<0x8xf32>, %v: tensor<0x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32>
    attributes {orchestra.kernel, orchestra.kind = "attention"} {
  %c = arith.constant 0.125 : f32
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : tensor<4x8xf32>, tensor<0x8xf32>, tensor<0x8xf32>) scale(%c : f32) outs(%o : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}
