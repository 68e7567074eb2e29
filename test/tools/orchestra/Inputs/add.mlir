#map = affine_map<(i, j) -> (i, j)>
module @add {
  func.func @main(%a: tensor<4x8xf32> {orchestra.name = "a"},
                  %b: tensor<4x8xf32> {orchestra.name = "b"})
      -> (tensor<4x8xf32> {orchestra.name = "c"})
      attributes {orchestra.entry} {
    %init = tensor.empty() : tensor<4x8xf32>
    %c = linalg.generic {indexing_maps = [#map, #map, #map],
                         iterator_types = ["parallel", "parallel"]}
        ins(%a, %b : tensor<4x8xf32>, tensor<4x8xf32>)
        outs(%init : tensor<4x8xf32>) {
    ^bb0(%x: f32, %y: f32, %z: f32):
      %sum = arith.addf %x, %y : f32
      linalg.yield %sum : f32
    } -> tensor<4x8xf32>
    return %c : tensor<4x8xf32>
  }
}
