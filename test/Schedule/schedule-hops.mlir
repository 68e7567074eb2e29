// Devices without a link of their own: copies go over the host, step by step.
// RUN: orchestra-opt %s --orchestra-partition="place=left=gpu0,right=gpu1" --orchestra-schedule | FileCheck %s

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @gpu0 {arch = "nvidia_hopper", device_id = 0}
  orchestra.device @gpu1 {arch = "nvidia_hopper", device_id = 1}
  orchestra.link @cpu0, @gpu0 {bandwidth = 1.0e10, latency = 1.0e-6}
  orchestra.link @cpu0, @gpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

// CHECK:      %[[X0:.*]] = orchestra.transfer %[[X:.*]] from @cpu0 to @gpu0
// CHECK:      %[[L:.*]] = orchestra.task {{.*}}arch = "nvidia_hopper", device_id = 0
// CHECK:        linalg.matmul ins(%[[X0]], %[[X0]]
// CHECK:      %[[L0:.*]] = orchestra.transfer %[[L]] from @gpu0 to @cpu0
// CHECK:      %[[L1:.*]] = orchestra.transfer %[[L0]] from @cpu0 to @gpu1
// CHECK:      %[[R:.*]] = orchestra.task {{.*}}arch = "nvidia_hopper", device_id = 1
// CHECK:        linalg.matmul ins(%[[L1]], %[[L1]]
// CHECK:      %[[R0:.*]] = orchestra.transfer %[[R]] from @gpu1 to @cpu0
// CHECK:      orchestra.yield %[[R0]]
func.func @main(%x: tensor<256x256xf32>) -> tensor<256x256xf32> attributes {orchestra.entry} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<256x256xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32>
  %a = linalg.matmul ins(%x, %x : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("left")
  %b = linalg.matmul ins(%a, %a : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("right")
  return %b : tensor<256x256xf32>
}
