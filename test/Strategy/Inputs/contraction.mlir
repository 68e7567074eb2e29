module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %kernels = transform.structured.match ops{["func.func"]}
      attributes{orchestra.kind = "contraction"} in %root
      : (!transform.any_op) -> !transform.any_op
    transform.orchestra.tile_contraction %kernels rows = 14 columns = 32 : !transform.any_op
    transform.yield
  }
}
