// Tasks of the host's own architecture become the body of its program.
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-to-linalg))' | FileCheck %s

// CHECK-LABEL: func.func @chain
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>)
func.func @chain(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[A:.*]] = arith.negf %[[X]]
  // CHECK-NEXT: %[[B:.*]] = arith.addf %[[A]], %[[X]]
  // CHECK-NEXT: return %[[B]]
  %r = orchestra.schedule -> (tensor<4xf32>) {
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    %b = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64", device_id = 0} {
      %0 = arith.addf %a, %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    orchestra.yield %b : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// A value that only passes through leaves no op behind.
// CHECK-LABEL: func.func @pass_through
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>)
func.func @pass_through(%x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: return %[[Y]], %[[X]]
  %r:2 = orchestra.schedule -> (tensor<4xf32>, tensor<4xf32>) {
    %t:2 = orchestra.task -> (tensor<4xf32>, tensor<4xf32>) target = {arch = "x86_64"} {
      orchestra.yield %x, %y : tensor<4xf32>, tensor<4xf32>
    }
    orchestra.yield %t#1, %t#0 : tensor<4xf32>, tensor<4xf32>
  }
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}

// A task needs no schedule around it.
// CHECK-LABEL: func.func @bare_task
func.func @bare_task(%x: f32) -> f32 {
  // CHECK-NEXT: arith.negf
  // CHECK-NEXT: return
  %r = orchestra.task -> (f32) target = {arch = "x86_64"} {
    %0 = arith.negf %x : f32
    orchestra.yield %0 : f32
  }
  return %r : f32
}

// CHECK-LABEL: func.func @no_tasks
func.func @no_tasks(%x: f32) -> f32 {
  // CHECK-NEXT: return %{{.*}} : f32
  return %x : f32
}

// Locations stay: they carry the user's node names.
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-to-linalg))' --mlir-print-debuginfo --mlir-use-nameloc-as-prefix=false | FileCheck %s --check-prefix=LOC
// LOC-LABEL: func.func @located
// LOC: arith.negf %{{.*}} : f32 loc(#[[NODE:.*]])
// LOC: #[[NODE]] = loc("/encoder/Neg")
func.func @located(%x: f32) -> f32 {
  %r = orchestra.task -> (f32) target = {arch = "x86_64"} {
    %0 = arith.negf %x : f32 loc("/encoder/Neg")
    orchestra.yield %0 : f32
  }
  return %r : f32
}
