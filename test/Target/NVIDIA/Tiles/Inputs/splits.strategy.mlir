// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Costs of a machine of 64 multiprocessors.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %kernels = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kernel} in %root
      : (!transform.any_op) -> !transform.any_op
    %blocks = transform.param.constant 64 : i64 -> !transform.param<i64>
    transform.nvidia.tile_warpgroups %kernels rows = 128 columns = 256
      depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256
      blocks = %blocks {
        alternatives = [array<i64: 64, 64, 4, 1, 128>],
        costs = array<i64: 2048, 45, 2000, 1500>,
        splits = array<i64: 2, 4, 8>
      } : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}
