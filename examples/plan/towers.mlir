// Two towers that do not need each other, and what joins them.
module @towers {
  func.func @main(%user: tensor<256x256xf32> {orchestra.name = "user"},
                  %item: tensor<256x256xf32> {orchestra.name = "item"},
                  %weight: tensor<256x256xf32> {orchestra.name = "weight"})
      -> (tensor<256x256xf32> {orchestra.name = "score"})
      attributes {orchestra.entry} {
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : tensor<256x256xf32>
    %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>)
        -> tensor<256x256xf32>
    %left = linalg.matmul
        ins(%user, %weight : tensor<256x256xf32>, tensor<256x256xf32>)
        outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32> loc("left")
    %right = linalg.matmul
        ins(%item, %weight : tensor<256x256xf32>, tensor<256x256xf32>)
        outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32> loc("right")
    %sum = linalg.add
        ins(%left, %right : tensor<256x256xf32>, tensor<256x256xf32>)
        outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32> loc("join")
    return %sum : tensor<256x256xf32>
  }
}
