// Norms and GELU as exporters write them: reciprocals, and only there.
// RUN: orchestra-opt %s --orchestra-raise-divisions --canonicalize | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d1)>

// CHECK-LABEL: func.func @norm
// CHECK: %[[ROOT:.*]] = math.sqrt
// CHECK: %[[R:.*]] = arith.divf %{{.*}}, %[[ROOT]]
// CHECK: arith.mulf %{{.*}}, %[[R]]
// CHECK-NOT: arith.divf
// CHECK: linalg.yield
func.func @norm(%x: tensor<4x8xf32>, %v: tensor<4xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %eps = arith.constant 1.0e-05 : f32
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %v : tensor<4x8xf32>, tensor<4xf32>) outs(%o : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.addf %b, %eps : f32
    %1 = math.sqrt %0 : f32
    %2 = arith.divf %a, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @gelu
// CHECK: %[[C:.*]] = arith.constant 0.707106{{.*}} : f32
// CHECK: %[[P:.*]] = arith.mulf %{{.*}}, %[[C]]
// CHECK: math.erf %[[P]]
func.func @gelu(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %root = arith.constant 1.41421354 : f32
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.divf %a, %root : f32
    %1 = math.erf %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// A root for each element saves nothing.
// CHECK-LABEL: func.func @columns
// CHECK: %[[ROOT:.*]] = math.sqrt
// CHECK: arith.divf %{{.*}}, %[[ROOT]]
func.func @columns(%x: tensor<4x8xf32>, %v: tensor<8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %v : tensor<4x8xf32>, tensor<8xf32>) outs(%o : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %1 = math.sqrt %b : f32
    %2 = arith.divf %a, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// A sum may be so small that there is no reciprocal.
// CHECK-LABEL: func.func @sum
// CHECK: arith.divf
// CHECK-NOT: arith.mulf
// CHECK: return
func.func @sum(%x: tensor<4x8xf32>, %v: tensor<4xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %v : tensor<4x8xf32>, tensor<4xf32>) outs(%o : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %2 = arith.divf %a, %b : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// What is rounded down next, or used elsewhere too, is divided; and so is what
// has no reciprocal.
// CHECK-LABEL: func.func @exact
// CHECK-COUNT-3: arith.divf
// CHECK-NOT: arith.mulf
// CHECK: return
func.func @exact(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %ten = arith.constant 10.0 : f32
  %tiny = arith.constant 1.0e-39 : f32
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.divf %a, %ten : f32
    %1 = math.floor %0 : f32
    %2 = arith.divf %1, %ten : f32
    %3 = math.erf %2 : f32
    %4 = arith.addf %3, %2 : f32
    %5 = arith.divf %4, %tiny : f32
    %6 = math.erf %5 : f32
    linalg.yield %6 : f32
  } -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}
