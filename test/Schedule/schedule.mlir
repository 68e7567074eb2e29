// Two towers on two devices; data moves there and back; nothing happens where
// there is one device or none.
// RUN: orchestra-opt %s --orchestra-partition --orchestra-schedule | FileCheck %s
// RUN: orchestra-opt %s --orchestra-partition --orchestra-schedule --orchestra-schedule | FileCheck %s
// RUN: orchestra-opt %s --orchestra-partition --orchestra-schedule="place=left=cpu1,right=cpu0" | FileCheck %s --check-prefix=PIN
// RUN: orchestra-opt %s --orchestra-partition --orchestra-schedule="objective=throughput in-flight=8" | FileCheck %s --check-prefix=MANY

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

// CHECK-LABEL: func.func @main
// CHECK-SAME:      (%[[X:.*]]: tensor<256x256xf32>, %[[Y:.*]]: tensor<256x256xf32>)
// CHECK:         orchestra.schedule on @m {{.*}}orchestra.plan = {interval = {{.*}}, latency = {{.*}}, peak_bytes = {cpu0 = {{[0-9]+}} : i64, cpu1 = {{[0-9]+}} : i64}
// CHECK-NEXT:      orchestra.transfer %{{.*}} from @cpu0 to @cpu1 {orchestra.estimate = array<f64:
// CHECK:           orchestra.task {{.*}}device_id = 0
// CHECK:             linalg.matmul
// CHECK:           orchestra.task {{.*}}device_id = 1
// CHECK:             linalg.matmul
// CHECK:           orchestra.transfer
// CHECK:           orchestra.task
// CHECK:             linalg.add

// PIN:      orchestra.task {{.*}}device_id = 0
// PIN:        linalg.matmul ins(%arg1
// PIN:      orchestra.task {{.*}}device_id = 1
// PIN:        linalg.matmul

// MANY: orchestra.schedule on @m {{.*}}interval
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
