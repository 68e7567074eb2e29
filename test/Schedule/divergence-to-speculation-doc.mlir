// The condition takes long; the branches do not wait for it, and one of them
// goes to the other device.
// RUN: orchestra-opt %s --divergence-to-speculation | FileCheck %s

// CHECK: %[[C:.*]] = orchestra.task -> (i1) {{.*}}device_id = 0
// CHECK:   linalg.matmul
// CHECK:   orchestra.yield
// CHECK: %[[X:.*]] = orchestra.transfer %[[ARG:.*]] from @cpu0 to @cpu1
// CHECK: %[[T:.*]] = orchestra.task {{.*}}device_id = 1
// CHECK:   linalg.exp ins(%[[X]]
// CHECK: %[[R:.*]] = orchestra.transfer %[[T]] from @cpu1 to @cpu0
// CHECK: %[[V:.*]] = orchestra.commit %[[C]] then(%[[R]]) else(%[[ARG]])
// CHECK: orchestra.yield %[[V]]
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

func.func @main(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32>
    attributes {orchestra.entry} {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %index = arith.constant 3 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%index, %index] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = linalg.exp ins(%x : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("choice")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}
