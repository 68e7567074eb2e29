func.func private @negate(%x: tensor<64x512xf32>, %out: tensor<64x512xf32>) -> tensor<64x512xf32>
    attributes {orchestra.kernel, orchestra.kind = "rows"} {
  %d = linalg.negf ins(%x : tensor<64x512xf32>) outs(%out : tensor<64x512xf32>) -> tensor<64x512xf32>
  return %d : tensor<64x512xf32>
}
