// RUN: orchestra-opt %s --orchestra-split-constants -split-input-file | FileCheck %s

func.func private @pack(%x: tensor<8xf32>, %out: tensor<8xf32>) -> tensor<8xf32> attributes {orchestra.kernel} {
  return %out : tensor<8xf32>
}

// What depends on constants alone moves; what also depends on an input stays.
// CHECK-LABEL: func.func @orchestra_fold() -> tensor<8xf32> attributes {orchestra.entry}
// CHECK:         %[[W:.*]] = arith.constant dense<
// CHECK:         %[[P:.*]] = orchestra.dispatch @pack(%[[W]]
// CHECK:         return %[[P]]
// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%[[X:.*]]: tensor<8xf32>)
// CHECK-NEXT:    %[[P:.*]] = call @orchestra_fold()
// CHECK-NOT:     arith.constant
// CHECK:         orchestra.dispatch @pack(%[[X]]
// CHECK:         return %{{.*}}, %[[P]]
func.func @main(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) attributes {orchestra.entry} {
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %p = orchestra.dispatch @pack(%w : tensor<8xf32>) outs(%e : tensor<8xf32>) -> (tensor<8xf32>)
  %r = orchestra.dispatch @pack(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) -> (tensor<8xf32>)
  return %r, %p : tensor<8xf32>, tensor<8xf32>
}

// -----

func.func private @pack(%x: tensor<8xf32>, %out: tensor<8xf32>) -> tensor<8xf32> attributes {orchestra.kernel} {
  return %out : tensor<8xf32>
}

// Only the last value of a chain leaves, with the views on its way.
// CHECK-LABEL: func.func @orchestra_fold() -> tensor<2x4xf32>
// CHECK-COUNT-2: orchestra.dispatch
// CHECK:         tensor.expand_shape
// CHECK:         return
// CHECK-LABEL: func.func @main
// CHECK-NOT:     orchestra.dispatch
func.func @main() -> tensor<2x4xf32> attributes {orchestra.entry} {
  %w = arith.constant dense<1.0> : tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %p = orchestra.dispatch @pack(%w : tensor<8xf32>) outs(%e : tensor<8xf32>) -> (tensor<8xf32>)
  %q = orchestra.dispatch @pack(%p : tensor<8xf32>) outs(%e : tensor<8xf32>) -> (tensor<8xf32>)
  %r = tensor.expand_shape %q [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// -----

// Constants without work on them, and views of them, stay where they are.
// CHECK-LABEL: func.func @nothing_to_do
// CHECK-NOT:     call @orchestra_fold
func.func @nothing_to_do(%x: tensor<8xf32>) -> tensor<2x4xf32> attributes {orchestra.entry} {
  %w = arith.constant dense<1.0> : tensor<8xf32>
  %r = tensor.expand_shape %w [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// -----

func.func private @broadcast(%x: tensor<4xf32>, %out: tensor<1024xf32>) -> tensor<1024xf32> attributes {orchestra.kernel} {
  return %out : tensor<1024xf32>
}

// A result that is many times what it is made of is cheaper to make than load.
// CHECK-LABEL: func.func @grows
// CHECK-NOT:     call @orchestra_fold
// CHECK:         orchestra.dispatch
func.func @grows() -> tensor<1024xf32> attributes {orchestra.entry} {
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<1024xf32>
  %p = orchestra.dispatch @broadcast(%w : tensor<4xf32>) outs(%e : tensor<1024xf32>) -> (tensor<1024xf32>)
  return %p : tensor<1024xf32>
}

// -----

func.func private @pack(%x: tensor<8xf32>, %out: tensor<8xf32>) -> tensor<8xf32> attributes {orchestra.kernel} {
  return %out : tensor<8xf32>
}

// Functions that are not the model are left alone.
// CHECK-LABEL: func.func @other
// CHECK-NOT:     call @orchestra_fold
func.func @other() -> tensor<8xf32> {
  %w = arith.constant dense<1.0> : tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %p = orchestra.dispatch @pack(%w : tensor<8xf32>) outs(%e : tensor<8xf32>) -> (tensor<8xf32>)
  return %p : tensor<8xf32>
}
