// RUN: orchestra-opt %s --orchestra-specialize-shapes='shapes="n=3;n=7,m=2"' --canonicalize | FileCheck %s
// Shapes that are given again make no copies.
// RUN: orchestra-opt %s --orchestra-specialize-shapes='shapes="n=3;n=7,m=2;n=3;m=2,n=7"' --canonicalize | FileCheck %s
// RUN: orchestra-opt %s --orchestra-specialize-shapes | FileCheck %s --check-prefix=NONE

// The model stays as it is; copies come beside it, with the sizes as constants.
// NONE-NOT: variant
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    tensor<?x4xf32>
// CHECK-SAME:    attributes {orchestra.entry}
// CHECK:         tensor.dim
// CHECK-LABEL: func.func private @main_variant1(
// CHECK-SAME:    tensor<7x4xf32>
// CHECK-SAME:    tensor<2x7xf32>
// CHECK-SAME:    orchestra.guard = array<i64: 7, -1, 2, 7>
// CHECK-SAME:    orchestra.variant = 1
// CHECK-NOT:     tensor.dim
// CHECK:         linalg.matmul ins({{.*}} : tensor<2x7xf32>, tensor<7x4xf32>)
// A size that is not named stays dynamic.
// CHECK-LABEL: func.func private @main_variant0(
// CHECK-SAME:    tensor<3x4xf32>
// CHECK-SAME:    tensor<?x3xf32>
// CHECK-SAME:    orchestra.guard = array<i64: 3, -1, -1, 3>
// CHECK-SAME:    orchestra.variant = 0
// CHECK:         linalg.matmul ins({{.*}} : tensor<?x3xf32>, tensor<3x4xf32>)
func.func @main(%x: tensor<?x4xf32> {orchestra.dim_names = ["n", ""]},
                %y: tensor<?x?xf32> {orchestra.dim_names = ["m", "n"]})
    -> tensor<?x4xf32> attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %y, %c0 : tensor<?x?xf32>
  %empty = tensor.empty(%m) : tensor<?x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4xf32>) -> tensor<?x4xf32>
  %product = linalg.matmul ins(%y, %x : tensor<?x?xf32>, tensor<?x4xf32>)
      outs(%fill : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %product : tensor<?x4xf32>
}

// Functions that are no entry are left alone.
// CHECK-LABEL: func.func private @other(
// CHECK-NOT:   variant
func.func private @other(%x: tensor<?xf32> {orchestra.dim_names = ["n"]}) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
