#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
module @gpu {
  func.func @main(%x: tensor<24x48xf32> {orchestra.name = "x", orchestra.dim_names = ["", ""]},
                  %w: tensor<48x40xf32> {orchestra.name = "w", orchestra.dim_names = ["", ""]},
                  %b: tensor<40xf32> {orchestra.name = "b", orchestra.dim_names = [""]})
      -> (tensor<24x40xf32> {orchestra.name = "y", orchestra.dim_names = ["", ""]},
          tensor<24xf32> {orchestra.name = "sums", orchestra.dim_names = [""]})
      attributes {orchestra.entry} {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<24x40xf32>
    %er = tensor.empty() : tensor<24xf32>
    %fill = linalg.fill ins(%zero : f32) outs(%e : tensor<24x40xf32>) -> tensor<24x40xf32>
    %m = linalg.matmul ins(%x, %w : tensor<24x48xf32>, tensor<48x40xf32>)
        outs(%fill : tensor<24x40xf32>) -> tensor<24x40xf32>
    %y = linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
        ins(%m, %b : tensor<24x40xf32>, tensor<40xf32>) outs(%e : tensor<24x40xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %s = arith.addf %p, %q : f32
      %t = math.tanh %s : f32
      linalg.yield %t : f32
    } -> tensor<24x40xf32>
    %zeros = linalg.fill ins(%zero : f32) outs(%er : tensor<24xf32>) -> tensor<24xf32>
    %sums = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%y : tensor<24x40xf32>) outs(%zeros : tensor<24xf32>) {
    ^bb0(%p: f32, %o: f32):
      %s = arith.addf %p, %o : f32
      linalg.yield %s : f32
    } -> tensor<24xf32>
    return %y, %sums : tensor<24x40xf32>, tensor<24xf32>
  }
}
