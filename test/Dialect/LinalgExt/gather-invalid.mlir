// What the verifiers of gather and scatter refuse.
// RUN: orchestra-opt %s -verify-diagnostics -split-input-file

func.func @element(%s: tensor<9x8xf32>, %i: tensor<5xi64>, %y: tensor<5x8xf64>) {
  // expected-error @+1 {{has a destination of 'f64' for a source of 'f32'}}
  %r = linalg_ext.gather source_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%s, %i : tensor<9x8xf32>, tensor<5xi64>) outs(%y : tensor<5x8xf64>) -> tensor<5x8xf64>
  return
}

// -----

func.func @loops(%s: tensor<9x8xf32>, %i: tensor<5xi64>, %y: tensor<5x8xf32>) {
  // expected-error @+1 {{needs maps of 2 loops}}
  %r = linalg_ext.gather source_map = affine_map<(d0)[s0] -> (s0, d0)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%s, %i : tensor<9x8xf32>, tensor<5xi64>) outs(%y : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @twice(%s: tensor<9x8xf32>, %i: tensor<5xi64>, %y: tensor<5x8xf32>) {
  // expected-error @+1 {{needs a map to different loops and symbols}}
  %r = linalg_ext.gather source_map = affine_map<(d0, d1)[s0] -> (d1, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%s, %i : tensor<9x8xf32>, tensor<5xi64>) outs(%y : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @unused(%s: tensor<9x8xf32>, %i: tensor<5xi64>, %y: tensor<5x8xf32>) {
  // expected-error @+1 {{needs a map that uses each symbol once}}
  %r = linalg_ext.gather source_map = affine_map<(d0, d1)[s0, s1] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%s, %i : tensor<9x8xf32>, tensor<5xi64>) outs(%y : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @no_symbol(%s: tensor<9x8xf32>, %i: tensor<5xi64>, %y: tensor<5x8xf32>) {
  // expected-error @+1 {{needs a map that uses each symbol once}}
  %r = linalg_ext.gather source_map = affine_map<(d0, d1) -> (d0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%s, %i : tensor<9x8xf32>, tensor<5xi64>) outs(%y : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @projected(%s: tensor<9x8xf32>, %i: tensor<5xi64>, %y: tensor<5x8xf32>) {
  // expected-error @+1 {{needs a projected permutation as map of the indices}}
  %r = linalg_ext.gather source_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0 + d1)> ins(%s, %i : tensor<9x8xf32>, tensor<5xi64>) outs(%y : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @vector(%s: tensor<9x8xf32>, %i: tensor<5x2xi64>, %y: tensor<5x8xf32>) {
  // expected-error @+1 {{has indices of type 'tensor<5x2xi64>' for 1 loops and vectors of 1}}
  %r = linalg_ext.gather source_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%s, %i : tensor<9x8xf32>, tensor<5x2xi64>) outs(%y : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @sizes(%s: tensor<5x8xf32>, %i: tensor<6xi64>, %y: tensor<5x8xf32>) {
  // expected-error @+1 {{has a tensor of indices whose dimension 0 is 6, but other operands say 5}}
  %r = linalg_ext.gather source_map = affine_map<(d0, d1)[s0] -> (d0, s0)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%s, %i : tensor<5x8xf32>, tensor<6xi64>) outs(%y : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @updates(%u: tensor<5x8xf64>, %i: tensor<5xi64>, %y: tensor<9x8xf32>) {
  // expected-error @+1 {{has a destination of 'f32' for updates of 'f64'}}
  %r = linalg_ext.scatter destination_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%u, %i : tensor<5x8xf64>, tensor<5xi64>) outs(%y : tensor<9x8xf32>) {
  ^bb0(%a: f64, %b: f64):
    linalg_ext.yield %b : f64
  } -> tensor<9x8xf32>
  return
}

// -----

func.func @body(%u: tensor<5x8xf32>, %i: tensor<5xi64>, %y: tensor<9x8xf32>) {
  // expected-error @+1 {{needs a region of 2 arguments of type 'f32'}}
  %r = linalg_ext.scatter destination_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%u, %i : tensor<5x8xf32>, tensor<5xi64>) outs(%y : tensor<9x8xf32>) {
  ^bb0(%b: f32):
    linalg_ext.yield %b : f32
  } -> tensor<9x8xf32>
  return
}

// -----

func.func @columns(%u: tensor<5x7xf32>, %i: tensor<5xi64>, %y: tensor<9x8xf32>) {
  // expected-error @+1 {{has a destination whose dimension 1 is 8, but other operands say 7}}
  %r = linalg_ext.scatter destination_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> ins(%u, %i : tensor<5x7xf32>, tensor<5xi64>) outs(%y : tensor<9x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %b : f32
  } -> tensor<9x8xf32>
  return
}
