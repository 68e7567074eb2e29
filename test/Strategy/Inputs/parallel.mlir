module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %kernels = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kind = "extended"} in %root
      : (!transform.any_op) -> !transform.any_op
    transform.orchestra.tile_parallel %kernels operations = 16384 : !transform.any_op
    transform.yield
  }
}
