// RUN: orchestra-reduce %s -opt-reduction-pass='opt-pass=symbol-dce test=%S/has-dispatch.sh' | FileCheck %s
// What does not matter for the finding, here a dispatch, goes.
// CHECK-NOT: @unrelated(
// CHECK:     orchestra.dispatch @kernel
func.func private @kernel(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.kernel}
func.func private @unrelated(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %r = orchestra.dispatch @kernel(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> (tensor<4xf32>)
  return %r : tensor<4xf32>
}
