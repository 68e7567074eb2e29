// RUN: orchestra-opt %s --orchestra-expand-padded --canonicalize -split-input-file | FileCheck %s

#rows = affine_map<(d0, d1, d2) -> (d0, d2)>
#columns = affine_map<(d0, d1, d2) -> (d1, d2)>
#result = affine_map<(d0, d1, d2) -> (d0, d1)>
#id = affine_map<(d0, d1) -> (d0, d1)>

// A product over all pixels, and what follows it elementwise, take the shape
// that is padded; the reshape before it meets its inverse.
// CHECK-LABEL: func.func @wide
// CHECK-SAME:    (%[[X:.*]]: tensor<1x14x14x8xf32>
// CHECK-NOT:     shape
// CHECK:         %[[M:.*]] = linalg.generic {{.*}} ins(%[[X]], %{{.*}} : tensor<1x14x14x8xf32>, tensor<16x8xf32>) outs(%{{.*}} : tensor<1x14x14x16xf32>)
// CHECK:         %[[R:.*]] = linalg.generic {{.*}} ins(%[[M]] : tensor<1x14x14x16xf32>)
// CHECK-NOT:     shape
// CHECK:         tensor.pad %[[R]]
func.func @wide(%x: tensor<1x14x14x8xf32>, %w: tensor<16x8xf32>) -> tensor<1x16x16x16xf32> {
  %zero = arith.constant 0.0 : f32
  %flat = tensor.collapse_shape %x [[0, 1, 2], [3]] : tensor<1x14x14x8xf32> into tensor<196x8xf32>
  %e = tensor.empty() : tensor<196x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<196x16xf32>) -> tensor<196x16xf32>
  %m = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%flat, %w : tensor<196x8xf32>, tensor<16x8xf32>) outs(%f : tensor<196x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<196x16xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<196x16xf32>) outs(%e : tensor<196x16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.maximumf %a, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<196x16xf32>
  %picture = tensor.expand_shape %r [[0, 1, 2], [3]] output_shape [1, 14, 14, 16] : tensor<196x16xf32> into tensor<1x14x14x16xf32>
  %p = tensor.pad %picture low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x14x14x16xf32> to tensor<1x16x16x16xf32>
  return %p : tensor<1x16x16x16xf32>
}

// -----

#rows = affine_map<(d0, d1, d2) -> (d0, d2)>
#columns = affine_map<(d0, d1, d2) -> (d1, d2)>
#result = affine_map<(d0, d1, d2) -> (d0, d1)>

// A picture of 7 columns would make low register tiles, and a result that has
// another use must exist without its frame: both stay.
// CHECK-LABEL: func.func @stays
// CHECK:         linalg.generic {{.*}} outs(%{{.*}} : tensor<49x16xf32>)
// CHECK:         tensor.expand_shape
// CHECK:         linalg.generic {{.*}} outs(%{{.*}} : tensor<196x16xf32>)
// CHECK:         tensor.expand_shape
func.func @stays(%x: tensor<49x8xf32>, %y: tensor<196x8xf32>, %w: tensor<16x8xf32>)
    -> (tensor<1x9x9x16xf32>, tensor<1x16x16x16xf32>, tensor<1x14x14x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<49x16xf32>
  %m = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<49x8xf32>, tensor<16x8xf32>) outs(%e : tensor<49x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<49x16xf32>
  %picture = tensor.expand_shape %m [[0, 1, 2], [3]] output_shape [1, 7, 7, 16] : tensor<49x16xf32> into tensor<1x7x7x16xf32>
  %p = tensor.pad %picture low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x7x7x16xf32> to tensor<1x9x9x16xf32>
  %e2 = tensor.empty() : tensor<196x16xf32>
  %m2 = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%y, %w : tensor<196x8xf32>, tensor<16x8xf32>) outs(%e2 : tensor<196x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<196x16xf32>
  %picture2 = tensor.expand_shape %m2 [[0, 1, 2], [3]] output_shape [1, 14, 14, 16] : tensor<196x16xf32> into tensor<1x14x14x16xf32>
  %p2 = tensor.pad %picture2 low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x14x14x16xf32> to tensor<1x16x16x16xf32>
  return %p, %p2, %picture2 : tensor<1x9x9x16xf32>, tensor<1x16x16x16xf32>, tensor<1x14x14x16xf32>
}
