// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The strategy for NVIDIA GPUs with warpgroup instructions (H100, H200).
//
// Contractions: tiles of 128 x 256, 64 rows of each for every one of two
// warpgroups, whose 128 accumulators a thread leave registers for all else. Four
// stages of 48 KB and 32 KB for results fill shared memory. Smaller tiles are for
// products that would leave multiprocessors idle: a step of a small tile takes as
// long as its 45 bytes a cycle, of a large one as its 2,048 multiply-adds. Where
// even these are few, up to eight blocks share a reduction.
//
// Attention: 64 rows for each of two warpgroups, which walk over blocks of 128
// keys and values. Few heads and rows take smaller blocks.
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
        blocks = %cores {
          alternatives = [array<i64: 192, 128, 4, 3, 128>,
                          array<i64: 128, 192, 4, 2, 128>,
                          array<i64: 128, 128, 5, 2, 128>,
                          array<i64: 64, 256, 4, 1, 256>,
                          array<i64: 128, 64, 6, 2, 128>,
                          array<i64: 64, 128, 6, 1, 128>,
                          array<i64: 64, 64, 8, 1, 128>],
          costs = array<i64: 2048, 45, 2000, 1500>,
          splits = array<i64: 2, 4, 8>
        } : !transform.any_op, !transform.param<i64>
    }
    %attention = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kernel, orchestra.kind = "attention"} in %root
      : (!transform.any_op) -> !transform.any_op
    transform.foreach %attention : !transform.any_op {
    ^bb0(%kernel: !transform.any_op):
      %cores = transform.orchestra.target_key %kernel "core_count"
        : (!transform.any_op) -> !transform.param<i64>
      transform.nvidia.tile_attention %kernel rows = 128 keys = 128 stages = 2
        consumers = 2 group = 8 blocks = %cores {
          overlap, alternatives = [array<i64: 64, 128, 2, 1>]
        } : !transform.any_op, !transform.param<i64>
    }
    transform.yield
  }
}
