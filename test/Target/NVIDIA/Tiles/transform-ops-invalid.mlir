// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --transform-interpreter -split-input-file -verify-diagnostics

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{rows must be a multiple of 64 for each consumer}}
    transform.nvidia.tile_warpgroups %k rows = 192 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{columns must be a multiple of 64 of at most 256}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 320 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{depth must be a multiple of 64}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 32 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{an alternative is five positive numbers: rows, columns, stages, consumers, store_bytes}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {alternatives = [array<i64: 64, 64, 4, 1>], costs = array<i64: 2048, 45, 2000, 1500>} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{an alternative is five positive numbers: rows, columns, stages, consumers, store_bytes}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {alternatives = [array<i64: 64, 64, 0, 1, 128>], costs = array<i64: 2048, 45, 2000, 1500>} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{an alternative is five positive numbers: rows, columns, stages, consumers, store_bytes}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {alternatives = [64], costs = array<i64: 2048, 45, 2000, 1500>} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{rows must be a multiple of 64 for each consumer}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {alternatives = [array<i64: 96, 64, 4, 1, 128>], costs = array<i64: 2048, 45, 2000, 1500>} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{alternatives need four positive costs}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {alternatives = [array<i64: 64, 64, 4, 1, 128>]} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{alternatives need four positive costs}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {alternatives = [array<i64: 64, 64, 4, 1, 128>], costs = array<i64: 2048, 45, 2000>} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{alternatives need four positive costs}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {alternatives = [array<i64: 64, 64, 4, 1, 128>], costs = array<i64: 2048, 0, 2000, 1500>} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{splits must be from 1 to 8}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {splits = array<i64: 2, 16>} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{splits must be from 1 to 8}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n {splits = array<i64: 0>} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 0 : i64 -> !transform.param<i64>
    // expected-error @below {{blocks must be one positive integer}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.return"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{needs a kernel function, but was given 'func.return'}}
    transform.nvidia.tile_warpgroups %k rows = 128 columns = 256 depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{rows must be 64 for each consumer}}
    transform.nvidia.tile_attention %k rows = 64 keys = 128 stages = 2 consumers = 2 group = 8 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{keys must be a multiple of 64 of at most 256}}
    transform.nvidia.tile_attention %k rows = 128 keys = 96 stages = 2 consumers = 2 group = 8 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{keys must be a multiple of 64 of at most 256}}
    transform.nvidia.tile_attention %k rows = 128 keys = 320 stages = 2 consumers = 2 group = 8 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{an alternative is four positive numbers: rows, keys, stages, consumers}}
    transform.nvidia.tile_attention %k rows = 128 keys = 128 stages = 2 consumers = 2 group = 8 blocks = %n {alternatives = [array<i64: 64, 64, 2>]} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{an alternative is four positive numbers: rows, keys, stages, consumers}}
    transform.nvidia.tile_attention %k rows = 128 keys = 128 stages = 2 consumers = 2 group = 8 blocks = %n {alternatives = [array<i64: 64, 64, -2, 1>]} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{an alternative is four positive numbers: rows, keys, stages, consumers}}
    transform.nvidia.tile_attention %k rows = 128 keys = 128 stages = 2 consumers = 2 group = 8 blocks = %n {alternatives = ["small"]} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{rows must be 64 for each consumer}}
    transform.nvidia.tile_attention %k rows = 128 keys = 128 stages = 2 consumers = 2 group = 8 blocks = %n {alternatives = [array<i64: 128, 64, 2, 1>]} : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 0 : i64 -> !transform.param<i64>
    // expected-error @below {{blocks must be one positive integer}}
    transform.nvidia.tile_attention %k rows = 128 keys = 128 stages = 2 consumers = 2 group = 8 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func private @f() {
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %k = transform.structured.match ops{["func.return"]} in %root : (!transform.any_op) -> !transform.any_op
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{needs a kernel function, but was given 'func.return'}}
    transform.nvidia.tile_attention %k rows = 128 keys = 128 stages = 2 consumers = 2 group = 8 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %n = transform.param.constant 8 : i64 -> !transform.param<i64>
    // expected-error @below {{attribute 'keys' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
    transform.nvidia.tile_attention %root rows = 128 keys = 0 stages = 2 consumers = 2 group = 8 blocks = %n : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}
