// Without a topology there is nothing to place.
// RUN: orchestra-opt %s --orchestra-partition --orchestra-schedule | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: orchestra.schedule ->
// CHECK-NOT: orchestra.plan
// CHECK-NOT: orchestra.transfer
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> attributes {orchestra.entry} {
  %a = arith.negf %x : tensor<4xf32>
  return %a : tensor<4xf32>
}
