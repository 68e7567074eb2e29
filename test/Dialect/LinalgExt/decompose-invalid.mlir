// RUN: orchestra-opt %s --linalg-ext-decompose -verify-diagnostics

#q = affine_map<(m, n, k, s) -> (m, k)>
#k = affine_map<(m, n, k, s) -> (s, k)>
#v = affine_map<(m, n, k, s) -> (s, n)>
#o = affine_map<(m, n, k, s) -> (m, n)>

func.func @buffers(%q: memref<3x8xf32>, %k: memref<5x8xf32>, %v: memref<5x4xf32>, %c: f32, %o: memref<3x4xf32>) {
  // expected-error @+1 {{on memrefs has no lowering to linalg: decompose it before it is bufferized}}
  linalg_ext.attention {indexing_maps = [#q, #k, #v, #o]} ins(%q, %k, %v : memref<3x8xf32>, memref<5x8xf32>, memref<5x4xf32>) scale(%c : f32) outs(%o : memref<3x4xf32>)
  return
}
