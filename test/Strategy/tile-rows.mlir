// RUN: orchestra-opt %s --orchestra-apply-strategy=file=%S/Inputs/rows.mlir --canonicalize --cse -split-input-file | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A row goes through all ops of the kernel before the next one starts.
// CHECK-LABEL: func.func private @norm
// CHECK:         scf.forall (%[[I:.*]]) in (64)
// CHECK:           tensor.extract_slice %{{.*}}[%[[I]], 0] [1, 512]
// CHECK:           linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK:           linalg.generic {{.*}} ["parallel", "parallel"]
// CHECK:             arith.divf
// CHECK:         } {orchestra.grain = 1 : i64}
func.func private @norm(%x: tensor<64x512xf32>, %out: tensor<64x512xf32>) -> tensor<64x512xf32>
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %zero = arith.constant 0.0 : f32
  %r = tensor.empty() : tensor<64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%r : tensor<64xf32>) -> tensor<64xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<64x512xf32>) outs(%f : tensor<64xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.addf %p, %o : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  %d = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<64x512xf32>, tensor<64xf32>) outs(%out : tensor<64x512xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.divf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<64x512xf32>
  return %d : tensor<64x512xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// Short rows: a thread takes many of them.
// CHECK-LABEL: func.func private @short_rows
// CHECK:         scf.forall (%{{.*}}) in (512)
// CHECK:         } {orchestra.grain = 2 : i64}
func.func private @short_rows(%x: tensor<512x512xf32>, %out: tensor<512x512xf32>) -> tensor<512x512xf32>
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %d = linalg.exp ins(%x : tensor<512x512xf32>) outs(%out : tensor<512x512xf32>) -> tensor<512x512xf32>
  return %d : tensor<512x512xf32>
}

// -----

// Work for one thread is not cut.
// CHECK-LABEL: func.func private @small
// CHECK-NOT:     scf.forall
func.func private @small(%x: tensor<8x16xf32>, %out: tensor<8x16xf32>) -> tensor<8x16xf32>
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %d = linalg.exp ins(%x : tensor<8x16xf32>) outs(%out : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %d : tensor<8x16xf32>
}

// -----

// One long dimension is cut into slices; the last one may be shorter.
// CHECK-LABEL: func.func private @flat
// CHECK:         scf.forall (%{{.*}}) = (0) to (5000) step (1024)
func.func private @flat(%x: tensor<5000xf32>, %out: tensor<5000xf32>) -> tensor<5000xf32>
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %d = linalg.exp ins(%x : tensor<5000xf32>) outs(%out : tensor<5000xf32>) -> tensor<5000xf32>
  return %d : tensor<5000xf32>
}

// -----

// CHECK-LABEL: func.func private @flat_dynamic
// CHECK:         scf.forall (%{{.*}}) = (0) to (%{{.*}}) step (1024)
func.func private @flat_dynamic(%x: tensor<?xf32>, %out: tensor<?xf32>) -> tensor<?xf32>
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %d = linalg.exp ins(%x : tensor<?xf32>) outs(%out : tensor<?xf32>) -> tensor<?xf32>
  return %d : tensor<?xf32>
}

// -----

// A dimension of one is no loop.
// CHECK-LABEL: func.func private @batch_of_one
// CHECK:         scf.forall (%{{.*}}) in (64)
func.func private @batch_of_one(%x: tensor<1x64x1024xf32>, %out: tensor<1x64x1024xf32>) -> tensor<1x64x1024xf32>
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %d = linalg.exp ins(%x : tensor<1x64x1024xf32>) outs(%out : tensor<1x64x1024xf32>) -> tensor<1x64x1024xf32>
  return %d : tensor<1x64x1024xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// The residual's sum is wanted too: the loop yields it with the norm, and the
// loop's bound is a size of an argument, not of the loop's own result.
// CHECK-LABEL: func.func private @residual
// CHECK-SAME:    (%[[X:.*]]: tensor<?x?xf32>, %{{.*}}: tensor<?x?xf32>, %{{.*}}: tensor<?x?xf32>, %{{.*}}: tensor<?xf32>)
// CHECK:         %[[F:.*]]:2 = scf.forall
// CHECK:           arith.addf
// CHECK-NOT:     linalg.generic {{.*}} ins(%[[F]]
// CHECK:         return %[[F]]#{{[01]}}, %[[F]]#{{[01]}}
func.func private @residual(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>, %out0: tensor<?x?xf32>, %out1: tensor<?xf32>) -> (tensor<?x?xf32>, tensor<?xf32>)
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %z = linalg.add ins(%x, %y : tensor<?x?xf32>, tensor<?x?xf32>) outs(%out0 : tensor<?x?xf32>) -> tensor<?x?xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%z : tensor<?x?xf32>) outs(%out1 : tensor<?xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.addf %p, %o : f32
    linalg.yield %0 : f32
  } -> tensor<?xf32>
  return %z, %s : tensor<?x?xf32>, tensor<?xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// Two ops read a third and neither reads the other: the one that is not in the
// loop runs behind it.
// CHECK-LABEL: func.func private @siblings
// CHECK:         %[[F:.*]]:2 = scf.forall
// CHECK:         %[[N:.*]] = linalg.negf ins(%[[F]]#{{[01]}}
// CHECK:         return {{.*}}%[[N]]
func.func private @siblings(%x: tensor<64x512xf32>, %out0: tensor<64x512xf32>, %out1: tensor<64x512xf32>, %out2: tensor<64x512xf32>)
    -> (tensor<64x512xf32>, tensor<64x512xf32>, tensor<64x512xf32>)
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %e = linalg.exp ins(%x : tensor<64x512xf32>) outs(%out0 : tensor<64x512xf32>) -> tensor<64x512xf32>
  %n = linalg.negf ins(%e : tensor<64x512xf32>) outs(%out1 : tensor<64x512xf32>) -> tensor<64x512xf32>
  %a = linalg.abs ins(%e : tensor<64x512xf32>) outs(%out2 : tensor<64x512xf32>) -> tensor<64x512xf32>
  return %e, %n, %a : tensor<64x512xf32>, tensor<64x512xf32>, tensor<64x512xf32>
}

// -----

// A sum of everything has no rows: it stays whole.
// CHECK-LABEL: func.func private @sum_of_all
// CHECK-NOT:     scf.forall
func.func private @sum_of_all(%x: tensor<5000xf32>, %out: tensor<f32>) -> tensor<f32>
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %s = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
      ins(%x : tensor<5000xf32>) outs(%out : tensor<f32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.addf %p, %o : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  return %s : tensor<f32>
}
