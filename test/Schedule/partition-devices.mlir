// Clusters of several devices: towers stay apart, cheap ops go with products,
// constants are cloned, pins keep nodes apart.
// RUN: orchestra-opt %s --orchestra-partition | FileCheck %s
// RUN: orchestra-opt %s --orchestra-partition="place=left=cpu0,relu=cpu1" | FileCheck %s --check-prefix=PIN
// RUN: orchestra-opt %s --orchestra-partition="min-flops=1e12" | FileCheck %s --check-prefix=LIGHT

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

// CHECK-LABEL: func.func @main
// CHECK-NEXT:   orchestra.schedule on @m
// CHECK-NEXT:     %[[L:.*]] = orchestra.task {{.*}}device_id = 0
// CHECK:            linalg.fill
// CHECK:            linalg.matmul
// CHECK-NEXT:       linalg.exp
// CHECK-NEXT:       orchestra.yield
// CHECK:          %[[R:.*]] = orchestra.task {{.*}}device_id = 0
// CHECK:            linalg.fill
// CHECK:            linalg.matmul
// CHECK-NEXT:       orchestra.yield
// CHECK:          %[[S:.*]] = orchestra.task
// CHECK-NOT:        linalg.fill
// CHECK:            linalg.add ins(%[[L]], %[[R]]
// CHECK:          orchestra.yield %[[S]]

// Nodes placed apart are in tasks apart; the sum goes with the second.
// PIN: orchestra.task {{.*}}orchestra.place = "cpu0"
// PIN:   linalg.matmul
// PIN-NOT: linalg.exp
// PIN: orchestra.task
// PIN:   linalg.matmul
// PIN: orchestra.task {{.*}}orchestra.place = "cpu1"
// PIN:   linalg.exp
// PIN:   linalg.add
// PIN-NOT: orchestra.task

// Products too small for a task of their own go with their reader.
// LIGHT-LABEL: func.func @main
// LIGHT-COUNT-1: orchestra.task
// LIGHT-NOT: orchestra.task
func.func @main(%x: tensor<256x256xf32>, %y: tensor<256x256xf32>) -> tensor<256x256xf32>
    attributes {orchestra.entry} {
  %w = arith.constant dense<2.0> : tensor<256x256xf32>
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<256x256xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32>
  %a0 = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("left")
  %a = linalg.exp ins(%a0 : tensor<256x256xf32>) outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32> loc("relu")
  %b = linalg.matmul ins(%y, %w : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("right")
  %s = linalg.add ins(%a, %b : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32> loc("sum")
  return %s : tensor<256x256xf32>
}
