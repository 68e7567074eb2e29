// What the verifier of a scan refuses.
// RUN: orchestra-opt %s -verify-diagnostics -split-input-file

func.func @axis(%x: tensor<4x5xf32>, %s: tensor<4xf32>) {
  // expected-error @+1 {{has axis 2, but its operand has rank 2}}
  %r:2 = linalg_ext.scan axis(2) ins(%x : tensor<4x5xf32>) outs(%x, %s : tensor<4x5xf32>, tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %a : f32
  } -> tensor<4x5xf32>, tensor<4xf32>
  return
}

// -----

func.func @destinations(%x: tensor<4x5xf32>) {
  // expected-error @+1 {{needs 2 destinations, but has 1}}
  %r = linalg_ext.scan axis(1) ins(%x : tensor<4x5xf32>) outs(%x : tensor<4x5xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %a : f32
  } -> tensor<4x5xf32>
  return
}

// -----

func.func @element(%x: tensor<4x5xf32>, %s: tensor<4xf64>) {
  // expected-error @+1 {{has a destination of 'f64' for an operand of 'f32'}}
  %r:2 = linalg_ext.scan axis(1) ins(%x : tensor<4x5xf32>) outs(%x, %s : tensor<4x5xf32>, tensor<4xf64>) {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %a : f32
  } -> tensor<4x5xf32>, tensor<4xf64>
  return
}

// -----

func.func @state(%x: tensor<4x5xf32>, %s: tensor<5xf32>) {
  // expected-error @+1 {{has a state whose dimension 0 is 5, but other operands say 4}}
  %r:2 = linalg_ext.scan axis(1) ins(%x : tensor<4x5xf32>) outs(%x, %s : tensor<4x5xf32>, tensor<5xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %a : f32
  } -> tensor<4x5xf32>, tensor<5xf32>
  return
}

// -----

func.func @rank(%x: tensor<4x5xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{needs a state of rank 1, but it has rank 0}}
  %r:2 = linalg_ext.scan axis(1) ins(%x : tensor<4x5xf32>) outs(%x, %s : tensor<4x5xf32>, tensor<f32>) {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %a : f32
  } -> tensor<4x5xf32>, tensor<f32>
  return
}

// -----

func.func @arguments(%x: tensor<4x5xf32>, %s: tensor<4xf32>) {
  // expected-error @+1 {{needs a region of 2 arguments of type 'f32'}}
  %r:2 = linalg_ext.scan axis(1) ins(%x : tensor<4x5xf32>) outs(%x, %s : tensor<4x5xf32>, tensor<4xf32>) {
  ^bb0(%a: f32):
    linalg_ext.yield %a : f32
  } -> tensor<4x5xf32>, tensor<4xf32>
  return
}

// -----

func.func @yields(%x: tensor<4x5xf32>, %s: tensor<4xf32>) {
  // expected-error @+1 {{needs a region that yields one value of type 'f32'}}
  %r:2 = linalg_ext.scan axis(1) ins(%x : tensor<4x5xf32>) outs(%x, %s : tensor<4x5xf32>, tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %a, %b : f32, f32
  } -> tensor<4x5xf32>, tensor<4xf32>
  return
}
