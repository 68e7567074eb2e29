module @branch {
  func.func @main(%x: tensor<4x8xf32> {orchestra.name = "x"}, %c: tensor<i1> {orchestra.name = "c"})
      -> (tensor<4x8xf32> {orchestra.name = "y"}) attributes {orchestra.entry} {
    %condition = tensor.extract %c[] : tensor<i1>
    cf.cond_br %condition, ^then, ^after(%x : tensor<4x8xf32>)
  ^then:
    %init = tensor.empty() : tensor<4x8xf32>
    %exp = linalg.exp ins(%x : tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32> loc("choice")
    cf.br ^after(%exp : tensor<4x8xf32>)
  ^after(%y: tensor<4x8xf32>):
    return %y : tensor<4x8xf32>
  }
}
