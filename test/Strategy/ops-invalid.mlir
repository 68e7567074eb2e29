// RUN: orchestra-opt %s --transform-interpreter -verify-diagnostics -split-input-file

module attributes {transform.with_named_sequence} {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %f = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @+1 {{could not tile kernel 'f'}}
    transform.orchestra.tile_contraction %f rows = 14 columns = 32 : !transform.any_op
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    // expected-note @+1 {{this op}}
    return %x : tensor<4xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %r = transform.structured.match ops{["func.return"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @+1 {{needs a kernel function, but was given 'func.return'}}
    transform.orchestra.tile_rows %r elements = 64 : !transform.any_op
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    // expected-error @+1 {{attribute 'elements' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
    transform.orchestra.tile_rows %root elements = 0 : !transform.any_op
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    // expected-error @+1 {{attribute 'rows' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
    transform.orchestra.tile_contraction %root rows = -1 columns = 32 : !transform.any_op
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    // expected-error @+1 {{attribute 'keys' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
    transform.orchestra.tile_attention %root queries = 1 keys = 0 rows = 1 columns = 32 : !transform.any_op
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    // expected-note @+1 {{this op}}
    return %x : tensor<4xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %r = transform.structured.match ops{["func.return"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @+1 {{needs a kernel function, but was given 'func.return'}}
    transform.orchestra.tile_attention %r queries = 1 keys = 1 rows = 1 columns = 32 : !transform.any_op
    transform.yield
  }
}
