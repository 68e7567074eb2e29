// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The strategy for x86-64 CPUs with AVX-512 or AVX2.
//
// Register tiles: two vectors wide, so that a broadcast of the other operand is
// used twice, and as many rows as leave registers for the loads: 14 x 2 of 32
// (AVX-512), 6 x 2 of 16 (AVX2). The width equals that of packed operands
// (`orchestra-pack-operands`), which is two vectors too.
//
// Attention: a block of 128 queries and 256 keys has 128 KB of scores, which
// with the block's keys and values fills half of a second-level cache of 512 KB.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %wide = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kind = "contraction", orchestra.vector_bits = 512 : i64}
      in %root : (!transform.any_op) -> !transform.any_op
    transform.orchestra.tile_contraction %wide rows = 14 columns = 32
      : !transform.any_op
    %narrow = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kind = "contraction", orchestra.vector_bits = 256 : i64}
      in %root : (!transform.any_op) -> !transform.any_op
    transform.orchestra.tile_contraction %narrow rows = 6 columns = 16
      : !transform.any_op
    %attention = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kind = "attention", orchestra.vector_bits = 512 : i64}
      in %root : (!transform.any_op) -> !transform.any_op
    transform.orchestra.tile_attention %attention queries = 128 keys = 256
      rows = 14 columns = 32 : !transform.any_op
    %attention_narrow = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kind = "attention", orchestra.vector_bits = 256 : i64}
      in %root : (!transform.any_op) -> !transform.any_op
    transform.orchestra.tile_attention %attention_narrow queries = 128 keys = 256
      rows = 6 columns = 16 : !transform.any_op
    %extended = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kind = "extended"}
      in %root : (!transform.any_op) -> !transform.any_op
    transform.orchestra.tile_parallel %extended operations = 16384
      : !transform.any_op
    %rows = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kind = "rows"}
      in %root : (!transform.any_op) -> !transform.any_op
    transform.orchestra.tile_rows %rows elements = 8192 : !transform.any_op
    transform.yield
  }
}
