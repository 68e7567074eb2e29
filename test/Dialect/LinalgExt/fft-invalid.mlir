// What the verifier of fft refuses.
// RUN: orchestra-opt %s -verify-diagnostics -split-input-file

func.func @mixed(%a0: tensor<8xf32>, %a1: tensor<8xf64>, %a2: tensor<2x4xf32>, %o0: tensor<8xf32>, %o1: tensor<8xf32>) {
  // expected-error @+1 {{has operands of 'f32' and of 'f64'}}
  %r:2 = linalg_ext.fft ins(%a0, %a1, %a2 : tensor<8xf32>, tensor<8xf64>, tensor<2x4xf32>) outs(%o0, %o1 : tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @power(%a0: tensor<6xf32>, %a1: tensor<6xf32>, %a2: tensor<2x3xf32>, %o0: tensor<6xf32>, %o1: tensor<6xf32>) {
  // expected-error @+1 {{needs a last dimension that is a power of two, but its operand is 'tensor<6xf32>'}}
  %r:2 = linalg_ext.fft ins(%a0, %a1, %a2 : tensor<6xf32>, tensor<6xf32>, tensor<2x3xf32>) outs(%o0, %o1 : tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>, tensor<6xf32>
  return
}

// -----

func.func @dynamic(%a0: tensor<?xf32>, %a1: tensor<?xf32>, %a2: tensor<2x3xf32>, %o0: tensor<?xf32>, %o1: tensor<?xf32>) {
  // expected-error @+1 {{needs a last dimension that is a power of two, but its operand is 'tensor<?xf32>'}}
  %r:2 = linalg_ext.fft ins(%a0, %a1, %a2 : tensor<?xf32>, tensor<?xf32>, tensor<2x3xf32>) outs(%o0, %o1 : tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>, tensor<?xf32>
  return
}

// -----

func.func @scalar(%a0: tensor<f32>, %a1: tensor<f32>, %a2: tensor<2x3xf32>, %o0: tensor<f32>, %o1: tensor<f32>) {
  // expected-error @+1 {{needs a dimension to transform}}
  %r:2 = linalg_ext.fft ins(%a0, %a1, %a2 : tensor<f32>, tensor<f32>, tensor<2x3xf32>) outs(%o0, %o1 : tensor<f32>, tensor<f32>) -> tensor<f32>, tensor<f32>
  return
}

// -----

func.func @table(%a0: tensor<8xf32>, %a1: tensor<8xf32>, %a2: tensor<2x8xf32>, %o0: tensor<8xf32>, %o1: tensor<8xf32>) {
  // expected-error @+1 {{needs a table of 2x4 elements, but it is 'tensor<2x8xf32>'}}
  %r:2 = linalg_ext.fft ins(%a0, %a1, %a2 : tensor<8xf32>, tensor<8xf32>, tensor<2x8xf32>) outs(%o0, %o1 : tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @imaginary(%a0: tensor<8xf32>, %a1: tensor<16xf32>, %a2: tensor<2x4xf32>, %o0: tensor<8xf32>, %o1: tensor<8xf32>) {
  // expected-error @+1 {{has a imaginary part whose dimension 0 is 16, but other operands say 8}}
  %r:2 = linalg_ext.fft ins(%a0, %a1, %a2 : tensor<8xf32>, tensor<16xf32>, tensor<2x4xf32>) outs(%o0, %o1 : tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>, tensor<8xf32>
  return
}
