// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-cpu-register-tiles{vector-bits=512}))' -split-input-file | FileCheck %s
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-cpu-register-tiles{vector-bits=256}))' -split-input-file | FileCheck %s --check-prefix=NARROW

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Two rows of two vectors: four accumulators stay in registers over the
// reduction; each step loads two vectors of B and two scalars of A.
// CHECK-LABEL: func.func @static
// CHECK-SAME:    (%[[A:.*]]: memref<2x8xf32>, %[[B:.*]]: memref<8x32xf32>, %[[C:.*]]: memref<2x32xf32>)
// CHECK-COUNT-4: vector.load %[[C]]{{.*}} vector<16xf32>
// CHECK:         scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-DAG:       memref.load %[[A]]
// CHECK-DAG:       vector.load %[[B]]
// CHECK-COUNT-4:   vector.fma
// CHECK-NOT:       vector.fma
// CHECK-COUNT-4: vector.store %{{.*}}, %[[C]]
// CHECK-NOT:     linalg.generic
// NARROW-LABEL: func.func @static
// NARROW-COUNT-8: vector.fma {{.*}} vector<8xf32>
func.func @static(%a: memref<2x8xf32>, %b: memref<8x32xf32>, %c: memref<2x32xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x8xf32>, memref<8x32xf32>) outs(%c : memref<2x32xf32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 2>, orchestra.columns = 32 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// 20 columns are a whole vector and a masked one of 4 lanes.
// CHECK-LABEL: func.func @ragged_columns
// CHECK:         %[[LEFT:.*]] = arith.constant 4 : index
// CHECK:         %[[MASK:.*]] = vector.create_mask %[[LEFT]] : vector<16xi1>
// CHECK:         vector.load
// CHECK:         vector.maskedload {{.*}}, %[[MASK]]
// CHECK:         vector.store
// CHECK:         vector.maskedstore {{.*}}, %[[MASK]]
// NARROW-LABEL: func.func @ragged_columns
func.func @ragged_columns(%a: memref<1x8xf32>, %b: memref<8x20xf32>, %c: memref<1x20xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1x8xf32>, memref<8x20xf32>) outs(%c : memref<1x20xf32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 1>, orchestra.columns = 32 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Rows known at run time only: a case for each count with code of its own,
// else loops over tiles of 3 and of 1.
// CHECK-LABEL: func.func @dynamic_rows
// CHECK-SAME:    (%[[A:.*]]: memref<?x8xf32>
// CHECK:         %[[ROWS:.*]] = memref.dim %{{.*}}, %{{.*}} : memref<?x
// CHECK:         scf.index_switch %[[ROWS]]
// CHECK:         case 3 {
// CHECK-COUNT-3:   vector.fma
// CHECK:         case 2 {
// CHECK-COUNT-2:   vector.fma
// CHECK:         default {
// CHECK:           arith.divui
// CHECK-COUNT-3:   vector.fma
// CHECK:           arith.divui
// CHECK-COUNT-1:   vector.fma
// NARROW-LABEL: func.func @dynamic_rows
func.func @dynamic_rows(%a: memref<?x8xf32>, %b: memref<8x16xf32>, %c: memref<?x16xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x8xf32>, memref<8x16xf32>) outs(%c : memref<?x16xf32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 3, 2>, orchestra.columns = 16 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Rows known at run time only, but every count that may come has code of its
// own: there are no loops. Masked columns have code for whole tiles alone.
// CHECK-LABEL: func.func @few_rows
// CHECK:         scf.index_switch
// CHECK:         case 2 {
// CHECK-COUNT-4:   vector.fma
// CHECK:         case 1 {
// CHECK-COUNT-2:   vector.fma
// CHECK:         default {
// CHECK-NEXT:    }
// CHECK:         scf.index_switch
// CHECK:         case 2 {
// CHECK-COUNT-2:   vector.fma
// CHECK-NOT:     case 1
// CHECK:         default {
// CHECK:           arith.divui
// NARROW-LABEL: func.func @few_rows
func.func @few_rows(%a: memref<16x8xf32>, %b: memref<8x?xf32>, %c: memref<16x?xf32>, %first: index, %columns: index) {
  %rows = affine.min affine_map<(d0) -> (2, 16 - d0)>(%first)
  %x = memref.subview %a[%first, 0] [%rows, 8] [1, 1] : memref<16x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
  %y = memref.subview %c[%first, 0] [%rows, %columns] [1, 1] : memref<16x?xf32> to memref<?x?xf32, strided<[?, 1], offset: ?>>
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %b : memref<?x8xf32, strided<[8, 1], offset: ?>>, memref<8x?xf32>) outs(%y : memref<?x?xf32, strided<[?, 1], offset: ?>>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 2, 1>, orchestra.columns = 32 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Columns known at run time only: whole ones without masks, else one masked
// vector at a time, none of which is empty.
// CHECK-LABEL: func.func @dynamic_columns
// CHECK:         %[[COLUMNS:.*]] = memref.dim
// CHECK:         %[[WHOLE:.*]] = arith.cmpi eq, %[[COLUMNS]]
// CHECK:         scf.if %[[WHOLE]] {
// CHECK-NOT:       vector.create_mask
// CHECK:           vector.load
// CHECK:         } else {
// CHECK:           scf.for %[[AT:.*]] = %{{.*}} to %[[COLUMNS]] step %{{.*}} {
// CHECK:             %[[LEFT:.*]] = arith.subi %[[COLUMNS]], %[[AT]]
// CHECK:             vector.create_mask %[[LEFT]] : vector<16xi1>
// NARROW-LABEL: func.func @dynamic_columns
func.func @dynamic_columns(%a: memref<1x8xf32>, %b: memref<8x?xf32>, %c: memref<1x?xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1x8xf32>, memref<8x?xf32>) outs(%c : memref<1x?xf32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 1>, orchestra.columns = 32 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// A convolution with stride 2 and dilation 3: the input's index follows the map,
// with the tile's second pixel two further on.
// CHECK-DAG: #[[$H:.*]] = affine_map<(d0) -> (d0 * 3)>
// CHECK-DAG: #[[$NEXT:.*]] = affine_map<(d0) -> (d0 * 3 + 2)>
// CHECK-LABEL: func.func @convolution
// CHECK-SAME:    (%[[X:.*]]: memref<1x9x10x4xf32>
// CHECK-DAG:     affine.apply #[[$H]]
// CHECK-DAG:     affine.apply #[[$NEXT]]
// CHECK:         memref.load %[[X]]
// CHECK:         vector.fma
// NARROW-LABEL: func.func @convolution
func.func @convolution(%x: memref<1x9x10x4xf32>, %f: memref<3x3x4x16xf32>, %y: memref<1x1x2x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, h, w, f, i, j, c) -> (n, h * 2 + i * 3, w * 2 + j * 3, c)>,
                                   affine_map<(n, h, w, f, i, j, c) -> (i, j, c, f)>,
                                   affine_map<(n, h, w, f, i, j, c) -> (n, h, w, f)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %f : memref<1x9x10x4xf32>, memref<3x3x4x16xf32>) outs(%y : memref<1x1x2x16xf32>)
      attrs = {orchestra.register_tile = array<i64: 2, 3, 2>, orchestra.columns = 16 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Any combiner with a vector form: a maximum over windows. The window's own
// operand only tells its shape and is not read.
// CHECK-LABEL: func.func @max_pooling
// CHECK-SAME:    (%{{.*}}: memref<1x4x4x16xf32>, %[[SHAPE:.*]]: memref<2x2xf32>
// CHECK-NOT:     load %[[SHAPE]]
// CHECK:         arith.maximumf {{.*}} : vector<16xf32>
// NARROW-LABEL: func.func @max_pooling
func.func @max_pooling(%x: memref<1x4x4x16xf32>, %k: memref<2x2xf32>, %y: memref<1x2x2x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, h, w, c, i, j) -> (n, h * 2 + i, w * 2 + j, c)>,
                                   affine_map<(n, h, w, c, i, j) -> (i, j)>,
                                   affine_map<(n, h, w, c, i, j) -> (n, h, w, c)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %k : memref<1x4x4x16xf32>, memref<2x2xf32>) outs(%y : memref<1x2x2x16xf32>)
      attrs = {orchestra.register_tile = array<i64: 2, 3, 2>, orchestra.columns = 16 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.maximumf %o, %p : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Depthwise: both operands run along the columns.
// CHECK-LABEL: func.func @depthwise
// CHECK-SAME:    (%[[X:.*]]: memref<1x4x5x16xf32>, %[[F:.*]]: memref<3x3x16xf32>
// CHECK-DAG:     vector.load %[[X]]
// CHECK-DAG:     vector.load %[[F]]
// CHECK-NOT:     vector.broadcast
// CHECK:         vector.fma
// NARROW-LABEL: func.func @depthwise
func.func @depthwise(%x: memref<1x4x5x16xf32>, %f: memref<3x3x16xf32>, %y: memref<1x2x3x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, h, w, c, i, j) -> (n, h + i, w + j, c)>,
                                   affine_map<(n, h, w, c, i, j) -> (i, j, c)>,
                                   affine_map<(n, h, w, c, i, j) -> (n, h, w, c)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %f : memref<1x4x5x16xf32>, memref<3x3x16xf32>) outs(%y : memref<1x2x3x16xf32>)
      attrs = {orchestra.register_tile = array<i64: 2, 3, 3>, orchestra.columns = 16 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Without rows: one row of accumulators. Integers multiply and add.
// CHECK-LABEL: func.func @vector_times_matrix
// CHECK:         arith.muli {{.*}} : vector<16xi32>
// CHECK:         arith.addi {{.*}} : vector<16xi32>
// NARROW-LABEL: func.func @vector_times_matrix
func.func @vector_times_matrix(%a: memref<8xi32>, %b: memref<8x16xi32>, %c: memref<16xi32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%a, %b : memref<8xi32>, memref<8x16xi32>) outs(%c : memref<16xi32>)
      attrs = {orchestra.register_tile = array<i64: -1, 0>, orchestra.columns = 16 : i64} {
  ^bb0(%p: i32, %q: i32, %o: i32):
    %0 = arith.muli %p, %q : i32
    %1 = arith.addi %o, %0 : i32
    linalg.yield %1 : i32
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// A constant of the body is a vector; the order of the operands does not matter
// to the fused multiply-add.
// CHECK-LABEL: func.func @body
// CHECK:         arith.constant dense<2.000000e+00> : vector<8xf64>
// CHECK:         %[[S:.*]] = arith.addf {{.*}} : vector<8xf64>
// CHECK:         vector.fma %{{.*}}, %[[S]]
// NARROW-LABEL: func.func @body
func.func @body(%a: memref<1x8xf64>, %b: memref<8x8xf64>, %c: memref<1x8xf64>) {
  %two = arith.constant 2.0 : f64
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1x8xf64>, memref<8x8xf64>) outs(%c : memref<1x8xf64>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 1>, orchestra.columns = 16 : i64} {
  ^bb0(%p: f64, %q: f64, %o: f64):
    %0 = arith.addf %q, %two : f64
    %1 = arith.mulf %p, %0 : f64
    %2 = arith.addf %1, %o : f64
    linalg.yield %2 : f64
  }
  return
}

// -----

// Reductions that no strategy marked are not touched.
// CHECK-LABEL: func.func @unmarked
// CHECK:         linalg.matmul
// NARROW-LABEL: func.func @unmarked
func.func @unmarked(%a: memref<4x4xf32>) {
  linalg.matmul ins(%a, %a : memref<4x4xf32>, memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  return
}
