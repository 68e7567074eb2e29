// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %kernels = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kernel} in %root
      : (!transform.any_op) -> !transform.any_op
    %blocks = transform.param.constant 4 : i64 -> !transform.param<i64>
    transform.nvidia.tile_warpgroups %kernels rows = 128 columns = 128
      depth = 64 stages = 3 consumers = 2 group = 2 store_bytes = 128
      blocks = %blocks : !transform.any_op, !transform.param<i64>
    transform.yield
  }
}
