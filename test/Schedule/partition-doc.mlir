// Two products become tasks of their own; what joins them does, too.
// RUN: orchestra-opt %s --orchestra-partition | FileCheck %s

// CHECK: orchestra.schedule on @m
// CHECK-COUNT-3: orchestra.task
// CHECK-NOT: orchestra.task
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

func.func @main(%x: tensor<256x256xf32>, %y: tensor<256x256xf32>) -> tensor<256x256xf32>
    attributes {orchestra.entry} {
  %w = arith.constant dense<2.0> : tensor<256x256xf32>
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<256x256xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32>
  %a = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("left")
  %b = linalg.matmul ins(%y, %w : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("right")
  %s = linalg.add ins(%a, %b : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32> loc("sum")
  return %s : tensor<256x256xf32>
}
