// RUN: orchestra-opt %s --transform-interpreter -split-input-file -verify-diagnostics

module attributes {transform.with_named_sequence} {
  func.func @work(%x: f32) -> f32 attributes {orchestra.target = {arch = "x86_64"}} {
    %n = arith.negf %x : f32
    return %n : f32
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["arith.negf"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @+1 {{target {arch = "x86_64"} has no 'warp_size'; it has arch, clock_hz, core_count, device_id,}}
    %v = transform.orchestra.target_key %op "warp_size" : (!transform.any_op) -> !transform.any_param
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  // expected-note @+1 {{this op}}
  func.func @work(%x: f32) -> f32 {
    return %x : f32
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @+1 {{finds no target: no task is around the op, and no 'orchestra.target'}}
    %v = transform.orchestra.target_key %op "arch" : (!transform.any_op) -> !transform.any_param
    transform.yield
  }
}

// -----

// A text is no number.
module attributes {transform.with_named_sequence} {
  func.func @work(%x: f32) -> f32 attributes {orchestra.target = {arch = "x86_64"}} {
    return %x : f32
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @+1 {{expected parameter to be an integer attribute, got "x86_64"}}
    %v = transform.orchestra.target_key %op "arch" : (!transform.any_op) -> !transform.param<i64>
    transform.yield
  }
}
