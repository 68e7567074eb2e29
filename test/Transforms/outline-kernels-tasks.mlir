// Kernels are formed within tasks; equal ones of two tasks are one, and what two
// tasks compute of constants only is computed once, before the program runs.
// RUN: orchestra-opt %s --orchestra-outline-kernels --orchestra-split-constants --canonicalize --cse | FileCheck %s

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

// CHECK-LABEL: func.func @orchestra_fold
// CHECK:         orchestra.dispatch @orch_k_
// CHECK-NOT:     orchestra.dispatch
// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%[[X:.*]]: tensor<2x2xf32>
// CHECK:         %[[W:.*]] = call @orchestra_fold() : () -> tensor<2x2xf32>
// CHECK:         orchestra.task
// CHECK:           orchestra.dispatch @[[SUM:orch_k_[0-9a-f]+]](%[[X]], %[[W]]
// CHECK:         %[[THERE:.*]] = orchestra.transfer
// CHECK:         orchestra.task
// CHECK:           orchestra.dispatch @[[SUM]](%[[THERE]], %[[W]]
func.func @main(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) attributes {orchestra.entry} {
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %r:2 = orchestra.schedule on @m -> (tensor<2x2xf32>, tensor<2x2xf32>) {
    %a = orchestra.task -> (tensor<2x2xf32>) target = {arch = "x86_64", device_id = 0} {
      %e = tensor.empty() : tensor<2x2xf32>
      %p = tensor.empty() : tensor<2x2xf32>
      %n = linalg.pack %w inner_dims_pos = [0] inner_tiles = [2] into %p : tensor<4xf32> -> tensor<2x2xf32>
      %s = linalg.add ins(%x, %n : tensor<2x2xf32>, tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
      orchestra.yield %s : tensor<2x2xf32>
    }
    %there = orchestra.transfer %a from @cpu0 to @cpu1 : tensor<2x2xf32>
    %b = orchestra.task -> (tensor<2x2xf32>) target = {arch = "x86_64", device_id = 1} {
      %e = tensor.empty() : tensor<2x2xf32>
      %p = tensor.empty() : tensor<2x2xf32>
      %n = linalg.pack %w inner_dims_pos = [0] inner_tiles = [2] into %p : tensor<4xf32> -> tensor<2x2xf32>
      %s = linalg.add ins(%there, %n : tensor<2x2xf32>, tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
      orchestra.yield %s : tensor<2x2xf32>
    }
    %back = orchestra.transfer %b from @cpu1 to @cpu0 : tensor<2x2xf32>
    orchestra.yield %a, %back : tensor<2x2xf32>, tensor<2x2xf32>
  }
  return %r#0, %r#1 : tensor<2x2xf32>, tensor<2x2xf32>
}
