// The plan of towers.mlir on machine.json, edited: `join` runs on cpu0.
module @towers {
  orchestra.topology @pair {
    orchestra.device @cpu0 {arch = "x86_64", memory_bandwidth = 1.0e10, memory_bytes = 1000000000, peak_flops = {f32 = 1.0e11}}
    orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bandwidth = 1.0e10, memory_bytes = 1000000000, peak_flops = {f32 = 1.0e11}}
    orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
  }
  func.func @main(%user: tensor<256x256xf32> {orchestra.name = "user"},
                  %item: tensor<256x256xf32> {orchestra.name = "item"},
                  %weight: tensor<256x256xf32> {orchestra.name = "weight"})
      -> (tensor<256x256xf32> {orchestra.name = "score"})
      attributes {orchestra.entry} {
    %score = orchestra.schedule on @pair -> (tensor<256x256xf32>) {
      %weight1 = orchestra.transfer %weight from @cpu0 to @cpu1 : tensor<256x256xf32>
      %left = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
        %zero = arith.constant 0.0 : f32
        %empty = tensor.empty() : tensor<256x256xf32>
        %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        %product = linalg.matmul ins(%user, %weight : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32> loc("left")
        orchestra.yield %product : tensor<256x256xf32>
      }
      %item1 = orchestra.transfer %item from @cpu0 to @cpu1 : tensor<256x256xf32>
      %right = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 1} {
        %zero = arith.constant 0.0 : f32
        %empty = tensor.empty() : tensor<256x256xf32>
        %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        %product = linalg.matmul ins(%item1, %weight1 : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32> loc("right")
        orchestra.yield %product : tensor<256x256xf32>
      }
      %right0 = orchestra.transfer %right from @cpu1 to @cpu0 : tensor<256x256xf32>
      %join = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
        %empty = tensor.empty() : tensor<256x256xf32>
        %sum = linalg.add ins(%left, %right0 : tensor<256x256xf32>, tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32> loc("join")
        orchestra.yield %sum : tensor<256x256xf32>
      }
      orchestra.yield %join : tensor<256x256xf32>
    }
    return %score : tensor<256x256xf32>
  }
}
