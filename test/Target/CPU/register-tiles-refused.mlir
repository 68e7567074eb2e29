// What has no register tile keeps its loops and says why.
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-cpu-register-tiles))' --remarks-filter=orchestra-cpu-register-tiles -verify-diagnostics -split-input-file | FileCheck %s

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// CHECK-LABEL: func.func @widening
// CHECK:         linalg.generic
// CHECK-NOT:     orchestra.register_tile
func.func @widening(%a: memref<2x8xi8>, %b: memref<8x16xi8>, %c: memref<2x16xi32>) {
  // expected-remark @+1 {{operands and result have elements of different widths}}
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x8xi8>, memref<8x16xi8>) outs(%c : memref<2x16xi32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 2>, orchestra.columns = 16 : i64} {
  ^bb0(%p: i8, %q: i8, %o: i32):
    %0 = arith.extsi %p : i8 to i32
    %1 = arith.extsi %q : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %o, %2 : i32
    linalg.yield %3 : i32
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// CHECK-LABEL: func.func @booleans
// CHECK:         linalg.generic
// CHECK-NOT:     orchestra.register_tile
func.func @booleans(%a: memref<2x8xi1>, %b: memref<8x16xi1>, %c: memref<2x16xi1>) {
  // expected-remark @+1 {{its elements are no whole bytes}}
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x8xi1>, memref<8x16xi1>) outs(%c : memref<2x16xi1>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 2>, orchestra.columns = 16 : i64} {
  ^bb0(%p: i1, %q: i1, %o: i1):
    %0 = arith.andi %p, %q : i1
    %1 = arith.ori %o, %0 : i1
    linalg.yield %1 : i1
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// CHECK-LABEL: func.func @transposed
// CHECK:         linalg.generic
// CHECK-NOT:     orchestra.register_tile
func.func @transposed(%a: memref<2x8xf32>, %b: memref<16x8xf32>, %c: memref<2x16xf32>) {
  // expected-remark @+1 {{an operand does not run along the columns with unit stride}}
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x8xf32>, memref<16x8xf32>) outs(%c : memref<2x16xf32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 2>, orchestra.columns = 16 : i64} {
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

// CHECK-LABEL: func.func @strided
// CHECK:         linalg.generic
// CHECK-NOT:     orchestra.register_tile
func.func @strided(%a: memref<2x8xf32>, %b: memref<8x16xf32, strided<[32, 2]>>, %c: memref<2x16xf32>) {
  // expected-remark @+1 {{an operand does not run along the columns with unit stride}}
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x8xf32>, memref<8x16xf32, strided<[32, 2]>>) outs(%c : memref<2x16xf32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 2>, orchestra.columns = 16 : i64} {
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

// CHECK-LABEL: func.func @loop_index
// CHECK:         linalg.generic
// CHECK-NOT:     orchestra.register_tile
func.func @loop_index(%a: memref<2x8xf32>, %b: memref<8x16xf32>, %c: memref<2x16xf32>) {
  // expected-remark @+1 {{its body uses loop indices or it has several results}}
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x8xf32>, memref<8x16xf32>) outs(%c : memref<2x16xf32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 2>, orchestra.columns = 16 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i32
    %k = arith.sitofp %j : i32 to f32
    %0 = arith.mulf %p, %k : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// CHECK-LABEL: func.func @lookup
// CHECK:         linalg.generic
// CHECK-NOT:     orchestra.register_tile
func.func @lookup(%a: memref<2x8xf32>, %b: memref<8x16xf32>, %c: memref<2x16xf32>, %table: memref<4xf32>) {
  // expected-remark @+1 {{its body has an op without a vector form}}
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x8xf32>, memref<8x16xf32>) outs(%c : memref<2x16xf32>)
      attrs = {orchestra.register_tile = array<i64: 0, 1, 2>, orchestra.columns = 16 : i64} {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %i = arith.fptoui %q : f32 to i32
    %j = arith.index_cast %i : i32 to index
    %t = memref.load %table[%j] : memref<4xf32>
    %0 = arith.mulf %p, %t : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
