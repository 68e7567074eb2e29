// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %kernels = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kernel} in %root
      : (!transform.any_op) -> !transform.any_op
    %blocks = transform.param.constant 8 : i64 -> !transform.param<i64>
    transform.nvidia.tile_attention %kernels rows = 128 keys = 128 stages = 2
      consumers = 2 group = 8 blocks = %blocks {
        alternatives = [array<i64: 64, 64, 3, 1>]
      } : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}
