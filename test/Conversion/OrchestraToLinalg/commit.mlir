// A commit becomes a select of each element; numbers that tasks of several
// devices hand on become tensors.
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-to-linalg))' -split-input-file | FileCheck %s

// On one device it is part of the program.
// CHECK-LABEL: func.func @one
// CHECK-SAME:    %[[C:.*]]: i1, %[[X:.*]]: tensor<4x?xf32>, %[[Y:.*]]: tensor<4x?xf32>, %[[I:.*]]: i32, %[[J:.*]]: i32
// CHECK:         %[[S:.*]] = tensor.dim %[[X]]
// CHECK:         %[[E:.*]] = tensor.empty(%[[S]])
// CHECK:         %[[R:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[Y]] {{.*}}) outs(%[[E]]
// CHECK:           %[[V:.*]] = arith.select %[[C]]
// CHECK:           linalg.yield %[[V]]
// CHECK:         %[[N:.*]] = arith.select %[[C]], %[[I]], %[[J]] : i32
// CHECK:         return %[[R]], %[[N]]
func.func @one(%c: i1, %x: tensor<4x?xf32>, %y: tensor<4x?xf32>, %i: i32, %j: i32) -> (tensor<4x?xf32>, i32) {
  %r:2 = orchestra.commit %c then(%x, %i) else(%y, %j) : tensor<4x?xf32>, i32
  return %r#0, %r#1 : tensor<4x?xf32>, i32
}

// -----

// On several it is a task where its values are.
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
// CHECK-LABEL: func.func @several
// CHECK:         %[[C:.*]] = orchestra.task -> (tensor<i1>) target = {arch = "x86_64", device_id = 1 : i64}
// CHECK:           %[[F:.*]] = tensor.from_elements %{{.*}} : tensor<i1>
// CHECK:           orchestra.yield %[[F]] : tensor<i1>
// CHECK:         %[[A:.*]] = orchestra.task
// CHECK-NOT:     orchestra.commit
// CHECK:         %[[R:.*]] = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64", device_id = 1 : i64}
// CHECK:           %[[H:.*]] = tensor.extract %[[C]][] : tensor<i1>
// CHECK:           linalg.generic {{.*}} ins(%[[A]],
// CHECK:             arith.select %[[H]]
// CHECK:         orchestra.transfer %[[R]] from @cpu1 to @cpu0
func.func @several(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = orchestra.schedule on @m -> (tensor<4xf32>) {
    %there = orchestra.transfer %x from @cpu0 to @cpu1 : tensor<4xf32>
    %c = orchestra.task -> (i1) target = {arch = "x86_64", device_id = 1} {
      %i = arith.constant 0 : index
      %zero = arith.constant 0.0 : f32
      %e = tensor.extract %there[%i] : tensor<4xf32>
      %0 = arith.cmpf ogt, %e, %zero : f32
      orchestra.yield %0 : i1
    }
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64", device_id = 1} {
      %0 = arith.negf %there : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    %v = orchestra.commit %c then(%a) else(%there) : tensor<4xf32>
    %back = orchestra.transfer %v from @cpu1 to @cpu0 : tensor<4xf32>
    orchestra.yield %back : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// An index has no size in memory: it is kept as 64 bits.
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
// CHECK-LABEL: func.func @number
// CHECK:         %[[N:.*]]:2 = orchestra.task -> (tensor<i64>, tensor<4xf32>)
// CHECK:           %[[W:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK:           tensor.from_elements %[[W]]
// CHECK:         orchestra.task
// CHECK:           %[[H:.*]] = tensor.extract %[[N]]#0[] : tensor<i64>
// CHECK:           %[[I:.*]] = arith.index_cast %[[H]] : i64 to index
// CHECK:           tensor.extract %[[N]]#1[%[[I]]]
func.func @number(%x: tensor<4xf32>, %p: tensor<1xi64>) -> tensor<1xf32> {
  %r = orchestra.schedule on @m -> (tensor<1xf32>) {
    %n:2 = orchestra.task -> (index, tensor<4xf32>) target = {arch = "x86_64"} {
      %i = arith.constant 0 : index
      %e = tensor.extract %p[%i] : tensor<1xi64>
      %at = arith.index_cast %e : i64 to index
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %at, %0 : index, tensor<4xf32>
    }
    %a = orchestra.task -> (tensor<1xf32>) target = {arch = "x86_64"} {
      %e = tensor.extract %n#1[%n#0] : tensor<4xf32>
      %0 = tensor.from_elements %e : tensor<1xf32>
      orchestra.yield %0 : tensor<1xf32>
    }
    orchestra.yield %a : tensor<1xf32>
  }
  return %r : tensor<1xf32>
}
