// A plan that is kept: devices and order stay, estimates and reasons come.
// RUN: orchestra-opt %s --orchestra-schedule="keep topology=m" | FileCheck %s
// RUN: not orchestra-opt %s --orchestra-schedule="keep topology=small" 2>&1 | FileCheck %s --check-prefix=SMALL
// RUN: not orchestra-opt %s --orchestra-schedule="keep topology=other" 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: orchestra-opt %s --orchestra-schedule="topology=m" | FileCheck %s --check-prefix=FREE

// SMALL: error: loc("sum"): the plan kept does not fit the devices' memory; it needs 786432 bytes of 'cpu1', which has 700000 bytes, when 'sum' runs [plan-too-large]
// OTHER: error: {{.*}}'other' has no device 1 of 'x86_64' [unknown-device]
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
orchestra.topology @small {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 700000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
orchestra.topology @other {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "aarch64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

// Both additions are on cpu1, which no planner would do.
// CHECK: orchestra.schedule on @m {{.*}}orchestra.plan = {{.*}}single_device = 1.330720e-04
// CHECK: orchestra.transfer %{{.*}} from @cpu0 to @cpu1 {orchestra.estimate
// CHECK: orchestra.task {{.*}}device_id = 1{{.*}}orchestra.estimate = {{.*}}orchestra.reason = "for the plan as a whole; alone it would end {{.*}} sooner on cpu0"
// CHECK: orchestra.task {{.*}}device_id = 1{{.*}}orchestra.reason = "its inputs would be {{.*}} later on cpu0"
// CHECK: orchestra.transfer %{{.*}} from @cpu1 to @cpu0 {orchestra.estimate

// FREE-NOT: orchestra.transfer
// FREE-NOT: device_id = 1 : i64} attributes
func.func @main(%x: tensor<256x256xf32>) -> tensor<256x256xf32> attributes {orchestra.entry} {
  %0 = orchestra.schedule -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 1} {
      %e = tensor.empty() : tensor<256x256xf32>
      %s = linalg.add ins(%x, %x : tensor<256x256xf32>, tensor<256x256xf32>)
          outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32> loc("double")
      orchestra.yield %s : tensor<256x256xf32>
    }
    %2 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 1} {
      %e = tensor.empty() : tensor<256x256xf32>
      %s = linalg.add ins(%x, %1 : tensor<256x256xf32>, tensor<256x256xf32>)
          outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32> loc("sum")
      orchestra.yield %s : tensor<256x256xf32>
    } loc("sum")
    orchestra.yield %2 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}
