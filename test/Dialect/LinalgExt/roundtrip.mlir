// Custom and generic form, tensors and memrefs.
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s

#q = affine_map<(h, m, n, k, s) -> (h, m, k)>
#k = affine_map<(h, m, n, k, s) -> (h, s, k)>
#v = affine_map<(h, m, n, k, s) -> (h, s, n)>
#o = affine_map<(h, m, n, k, s) -> (h, m, n)>
#r = affine_map<(h, m, n, k, s) -> (h, m)>
#mask = affine_map<(h, m, n, k, s) -> (m, s)>

// CHECK-LABEL: func.func @plain
// CHECK: linalg_ext.attention {indexing_maps = [{{.*}}]} ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3x8xf32>, tensor<2x?x8xf32>, tensor<2x?x4xf32>) scale(%{{.*}} : f32) outs(%{{.*}} : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
func.func @plain(%q: tensor<2x3x8xf32>, %k: tensor<2x?x8xf32>, %v: tensor<2x?x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x?x8xf32>, tensor<2x?x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @masked
// CHECK: linalg_ext.attention {{{.*}}zero_empty_rows}{{.*}} mask(%{{.*}} : tensor<3x5xi1>) causal(%{{.*}}) outs
func.func @masked(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %m: tensor<3x5xi1>, %past: index, %c: f32, %o: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #mask, #o], zero_empty_rows} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) mask(%m : tensor<3x5xi1>) causal(%past) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// Operands, mask and result may be narrower than what is computed in.
// CHECK-LABEL: func.func @narrow
// CHECK: linalg_ext.attention {{.*}} ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3x8xf16>, tensor<2x5x8xf16>, tensor<2x5x4xbf16>) scale(%{{.*}} : f32) mask(%{{.*}} : tensor<3x5xf16>) outs(%{{.*}} : tensor<2x3x4xf16>) -> tensor<2x3x4xf16>
func.func @narrow(%q: tensor<2x3x8xf16>, %k: tensor<2x5x8xf16>, %v: tensor<2x5x4xbf16>, %m: tensor<3x5xf16>, %c: f32, %o: tensor<2x3x4xf16>) -> tensor<2x3x4xf16> {
  %r = linalg_ext.attention {indexing_maps = [#q, #k, #v, #mask, #o]} ins(%q, %k, %v : tensor<2x3x8xf16>, tensor<2x5x8xf16>, tensor<2x5x4xbf16>) scale(%c : f32) mask(%m : tensor<3x5xf16>) outs(%o : tensor<2x3x4xf16>) -> tensor<2x3x4xf16>
  return %r : tensor<2x3x4xf16>
}

// CHECK-LABEL: func.func @buffers
// CHECK: linalg_ext.attention_update {{.*}} outs(%{{.*}}, %{{.*}}, %{{.*}} : memref<2x3x4xf32>, memref<2x3xf32>, memref<2x3xf32>)
func.func @buffers(%q: memref<2x3x8xf32>, %k: memref<2x5x8xf32>, %v: memref<2x5x4xf32>, %c: f32, %o: memref<2x3x4xf32>, %g: memref<2x3xf32>, %w: memref<2x3xf32>) {
  linalg_ext.attention_update {indexing_maps = [#q, #k, #v, #o, #r, #r]} ins(%q, %k, %v : memref<2x3x8xf32>, memref<2x5x8xf32>, memref<2x5x4xf32>) scale(%c : f32) outs(%o, %g, %w : memref<2x3x4xf32>, memref<2x3xf32>, memref<2x3xf32>)
  return
}
