// A schedule on several devices stays: its tasks keep their places.
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-to-linalg))' -split-input-file | FileCheck %s

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
// CHECK-LABEL: func.func @two
// CHECK:         orchestra.schedule on @m
// CHECK:           orchestra.transfer
// CHECK:           orchestra.task
func.func @two(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = orchestra.schedule on @m -> (tensor<4xf32>) {
    %there = orchestra.transfer %x from @cpu0 to @cpu1 : tensor<4xf32>
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64", device_id = 1} {
      %0 = arith.negf %there : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    %back = orchestra.transfer %a from @cpu1 to @cpu0 : tensor<4xf32>
    orchestra.yield %back : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// A topology of one device says nothing that matters.
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
}
// CHECK-LABEL: func.func @one
// CHECK-NEXT:    arith.negf
// CHECK-NEXT:    return
func.func @one(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = orchestra.schedule on @m -> (tensor<4xf32>) {
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    orchestra.yield %a : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
