// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The strategy for NVIDIA GPUs with warpgroup instructions (H100, H200).
//
// Contractions: tiles of 128 x 256, 64 rows of each for every one of two
// warpgroups, whose 128 accumulators a thread leave registers for all else. Four
// stages of 48 KB and 32 KB for results fill shared memory.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %kernels = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kernel} in %root
      : (!transform.any_op) -> !transform.any_op
    transform.foreach %kernels : !transform.any_op {
    ^bb0(%kernel: !transform.any_op):
      %cores = transform.orchestra.target_key %kernel "core_count"
        : (!transform.any_op) -> !transform.param<i64>
      transform.nvidia.tile_warpgroups %kernel rows = 128 columns = 256
        depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256
        blocks = %cores : !transform.any_op, !transform.param<i64>
    }
    transform.yield
  }
}
