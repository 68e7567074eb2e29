// What the verifiers of sorts refuse.
// RUN: orchestra-opt %s -verify-diagnostics -split-input-file

func.func @axis(%x: tensor<4x5xf32>, %v: tensor<4x5xf32>, %i: tensor<4x5xi64>) {
  // expected-error @+1 {{has axis 2, but its operand has rank 2}}
  %r:2 = linalg_ext.sort axis(2) ins(%x : tensor<4x5xf32>) outs(%v, %i : tensor<4x5xf32>, tensor<4x5xi64>) -> tensor<4x5xf32>, tensor<4x5xi64>
  return
}

// -----

func.func @values(%x: tensor<4x5xf32>, %v: tensor<4x5xf64>, %i: tensor<4x5xi64>) {
  // expected-error @+1 {{has values of 'f64' for an operand of 'f32'}}
  %r:2 = linalg_ext.sort axis(1) ins(%x : tensor<4x5xf32>) outs(%v, %i : tensor<4x5xf64>, tensor<4x5xi64>) -> tensor<4x5xf64>, tensor<4x5xi64>
  return
}

// -----

func.func @indices(%x: tensor<4x5xf32>, %v: tensor<4x5xf32>, %i: tensor<4x5xi16>) {
  // expected-error @+1 {{has indices of 'i16', but i32 or i64 is needed}}
  %r:2 = linalg_ext.sort axis(1) ins(%x : tensor<4x5xf32>) outs(%v, %i : tensor<4x5xf32>, tensor<4x5xi16>) -> tensor<4x5xf32>, tensor<4x5xi16>
  return
}

// -----

func.func @wide(%x: tensor<4x5xi128>, %v: tensor<4x5xi128>, %i: tensor<4x5xi64>) {
  // expected-error @+1 {{has elements of 'i128', but at most 64 bits can be sorted}}
  %r:2 = linalg_ext.sort axis(1) ins(%x : tensor<4x5xi128>) outs(%v, %i : tensor<4x5xi128>, tensor<4x5xi64>) -> tensor<4x5xi128>, tensor<4x5xi64>
  return
}

// -----

func.func @long(%x: tensor<4294967296xi8>, %v: tensor<4294967296xi8>, %i: tensor<4294967296xi64>) {
  // expected-error @+1 {{has an axis of 2^32 elements or more}}
  %r:2 = linalg_ext.sort axis(0) ins(%x : tensor<4294967296xi8>) outs(%v, %i : tensor<4294967296xi8>, tensor<4294967296xi64>) -> tensor<4294967296xi8>, tensor<4294967296xi64>
  return
}

// -----

func.func @sizes(%x: tensor<4x5xf32>, %v: tensor<4x5xf32>, %i: tensor<4x6xi64>) {
  // expected-error @+1 {{has a place whose dimension 1 is 6, but other operands say 5}}
  %r:2 = linalg_ext.sort axis(1) ins(%x : tensor<4x5xf32>) outs(%v, %i : tensor<4x5xf32>, tensor<4x6xi64>) -> tensor<4x5xf32>, tensor<4x6xi64>
  return
}

// -----

func.func @rank(%x: tensor<4x5xf32>, %v: tensor<4xf32>, %i: tensor<4xi64>) {
  // expected-error @+1 {{needs a result of rank 2, but it has rank 1}}
  %r:2 = linalg_ext.top_k axis(1) ins(%x : tensor<4x5xf32>) outs(%v, %i : tensor<4xf32>, tensor<4xi64>) -> tensor<4xf32>, tensor<4xi64>
  return
}

// -----

func.func @rows(%x: tensor<4x5xf32>, %v: tensor<3x2xf32>, %i: tensor<3x2xi64>) {
  // expected-error @+1 {{has a result whose dimension 0 is 3, but other operands say 4}}
  %r:2 = linalg_ext.top_k axis(1) ins(%x : tensor<4x5xf32>) outs(%v, %i : tensor<3x2xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>, tensor<3x2xi64>
  return
}

// -----

func.func @many(%x: tensor<4x5xf32>, %v: tensor<4x6xf32>, %i: tensor<4x6xi64>) {
  // expected-error @+1 {{takes 6 elements of 5}}
  %r:2 = linalg_ext.top_k axis(1) ins(%x : tensor<4x5xf32>) outs(%v, %i : tensor<4x6xf32>, tensor<4x6xi64>) -> tensor<4x6xf32>, tensor<4x6xi64>
  return
}

// -----

func.func @different(%x: tensor<4x5xf32>, %v: tensor<4x3xf32>, %i: tensor<4x2xi64>) {
  // expected-error @+1 {{takes 3 elements, but 2 indices}}
  %r:2 = linalg_ext.top_k axis(1) ins(%x : tensor<4x5xf32>) outs(%v, %i : tensor<4x3xf32>, tensor<4x2xi64>) -> tensor<4x3xf32>, tensor<4x2xi64>
  return
}
