// With one device, the entry function is one task in one schedule.
// RUN: orchestra-opt %s --orchestra-partition | FileCheck %s
// RUN: orchestra-opt %s --orchestra-partition=arch=aarch64 | FileCheck %s --check-prefix=ARCH

// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>)
// ARCH-LABEL: func.func @main
// ARCH: target = {arch = "aarch64", device_id = 0 : i64}
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    attributes {orchestra.entry} {
  // CHECK-NEXT: %[[S:.*]]:2 = orchestra.schedule -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT:   %[[T:.*]]:2 = orchestra.task -> (tensor<4xf32>, tensor<4xf32>) target = {arch = "x86_64", device_id = 0 : i64} {
  // CHECK-NEXT:     %[[A:.*]] = arith.negf %[[X]]
  // CHECK-NEXT:     orchestra.yield %[[A]], %[[X]]
  // CHECK:        orchestra.yield %[[T]]#0, %[[T]]#1
  // CHECK:      return %[[S]]#0, %[[S]]#1
  %a = arith.negf %x : tensor<4xf32>
  return %a, %x : tensor<4xf32>, tensor<4xf32>
}

// Other functions are not the model.
// CHECK-LABEL: func.func private @helper
// CHECK-NOT: orchestra.schedule
func.func private @helper(%x: f32) -> f32 {
  %a = arith.negf %x : f32
  return %a : f32
}
