// Rows are tiled only for vectors of 256 bits.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @narrow(%kernel: !transform.any_op {transform.readonly}) -> !transform.any_op {
    transform.match.operation_name %kernel ["func.func"] : !transform.any_op
    %bits = transform.orchestra.target_key %kernel "vector_bits" : (!transform.any_op) -> !transform.param<i64>
    %narrow = transform.param.constant 256 : i64 -> !transform.param<i64>
    transform.match.param.cmpi eq %bits, %narrow : !transform.param<i64>
    transform.yield %kernel : !transform.any_op
  }
  transform.named_sequence @tile(%kernel: !transform.any_op {transform.readonly}) {
    transform.orchestra.tile_rows %kernel elements = 1 : !transform.any_op
    transform.yield
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.consumed}) {
    %kernels = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %bits = transform.orchestra.target_key %kernels "vector_bits" : (!transform.any_op) -> !transform.param<i64>
    %done = transform.foreach_match in %root @narrow -> @tile : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
