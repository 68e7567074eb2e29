// A schedule on several devices becomes tasks on buffers of their devices.
// RUN: orchestra-opt %s --orchestra-transfer-to-dma -split-input-file | FileCheck %s

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, cores = [3]}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
func.func private @k()

// CHECK: module attributes {orchestra.devices =
// CHECK-SAME: {arch = "x86_64", memory_bytes = 1000 : i64, name = "cpu0"}
// CHECK-SAME: {arch = "x86_64", cores = [3], name = "cpu1"}

// The copy to cpu1 stands before the task that needs it, after a task that does
// not; the copy of the result stands at the end.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%[[X:.*]]: memref<4x?xf32>, %[[N:.*]]: index)
// CHECK-NOT:   orchestra.schedule
// CHECK:       %[[SIZE:.*]] = memref.dim %[[X]], %{{.*}}
// CHECK:       %[[TO:.*]] = memref.alloc(%[[SIZE]]) {orchestra.device = 1 : i64} : memref<4x?xf32>
// CHECK:       %[[A:.*]] = memref.alloc(%[[N]]) {orchestra.device = 0 : i64} : memref<4x?xf32>
// CHECK:       orchestra.task target = {arch = "x86_64", device_id = 0 : i64} attributes {orchestra.device = 0 : i64}
// CHECK-NEXT:    orchestra.dispatch @k(%[[X]] : memref<4x?xf32>) outs(%[[A]] : memref<4x?xf32>)
// CHECK-NEXT:  }
// CHECK:       %[[B:.*]] = memref.alloc(%[[N]]) {orchestra.device = 1 : i64}
// CHECK:       orchestra.task target = {arch = "x86_64", device_id = 1 : i64} attributes {orchestra.copy, orchestra.device = 1 : i64, orchestra.estimate = array<f64: 0.000000e+00, 1.000000e+00>}
// CHECK-NEXT:    memref.copy %[[X]], %[[TO]]
// CHECK-NEXT:  }
// CHECK:       orchestra.task target = {arch = "x86_64", device_id = 1 : i64} attributes {orchestra.device = 1 : i64}
// CHECK-NEXT:    orchestra.dispatch @k(%[[TO]] : memref<4x?xf32>) outs(%[[B]] : memref<4x?xf32>)
// CHECK-NEXT:  }
// CHECK:       %[[BACK:.*]] = memref.alloc(%[[N]]) {orchestra.device = 0 : i64}
// CHECK:       orchestra.task target = {arch = "x86_64", device_id = 0 : i64} attributes {orchestra.copy, orchestra.device = 0 : i64}
// CHECK-NEXT:    memref.copy %[[B]], %[[BACK]]
// CHECK-NEXT:  }
// CHECK-NEXT:  return %[[A]], %[[BACK]]
func.func @main(%x: memref<4x?xf32>, %n: index) -> (memref<4x?xf32>, memref<4x?xf32>)
    attributes {orchestra.entry} {
  %r:2 = orchestra.schedule on @m -> (memref<4x?xf32>, memref<4x?xf32>) {
    %there = orchestra.transfer %x from @cpu0 to @cpu1 {orchestra.estimate = array<f64: 0.0, 1.0>} : memref<4x?xf32>
    %a = orchestra.task -> (memref<4x?xf32>) target = {arch = "x86_64", device_id = 0} {
      %0 = memref.alloc(%n) : memref<4x?xf32>
      orchestra.dispatch @k(%x : memref<4x?xf32>) outs(%0 : memref<4x?xf32>)
      orchestra.yield %0 : memref<4x?xf32>
    }
    %b = orchestra.task -> (memref<4x?xf32>) target = {arch = "x86_64", device_id = 1} {
      %0 = memref.alloc(%n) : memref<4x?xf32>
      orchestra.dispatch @k(%there : memref<4x?xf32>) outs(%0 : memref<4x?xf32>)
      orchestra.yield %0 : memref<4x?xf32>
    }
    %back = orchestra.transfer %b from @cpu1 to @cpu0 : memref<4x?xf32>
    orchestra.yield %a, %back : memref<4x?xf32>, memref<4x?xf32>
  }
  return %r#0, %r#1 : memref<4x?xf32>, memref<4x?xf32>
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
func.func private @k()

// Views leave with their buffer; a barrier marks the task behind it, and copies
// do not move over it. A task that only hands on is gone.
// CHECK-LABEL: func.func @barrier
// CHECK:       %[[A:.*]] = memref.alloc() {orchestra.device = 0 : i64}
// CHECK:       %[[V:.*]] = memref.collapse_shape %[[A]]
// CHECK:       orchestra.task
// CHECK:         orchestra.dispatch
// CHECK:       orchestra.task {{.*}}attributes {orchestra.copy, orchestra.device = 1 : i64}
// CHECK-NEXT:    memref.copy %[[V]]
// CHECK:       orchestra.task {{.*}}attributes {orchestra.after_barrier, orchestra.device = 1 : i64}
// CHECK-NOT:   orchestra.task
// CHECK:       return %[[V]]
func.func @barrier(%x: memref<2x2xf32>) -> (memref<4xf32>) attributes {orchestra.entry} {
  %r = orchestra.schedule on @m -> (memref<4xf32>) {
    %a = orchestra.task -> (memref<4xf32>) target = {arch = "x86_64", device_id = 0} {
      %0 = memref.alloc() : memref<2x2xf32>
      orchestra.dispatch @k(%x : memref<2x2xf32>) outs(%0 : memref<2x2xf32>)
      %1 = memref.collapse_shape %0 [[0, 1]] : memref<2x2xf32> into memref<4xf32>
      orchestra.yield %1 : memref<4xf32>
    }
    %there = orchestra.transfer %a from @cpu0 to @cpu1 : memref<4xf32>
    orchestra.barrier
    orchestra.task target = {arch = "x86_64", device_id = 1} {
      %0 = memref.alloc() : memref<4xf32>
      orchestra.dispatch @k(%there : memref<4xf32>) outs(%0 : memref<4xf32>)
    }
    %c = orchestra.task -> (memref<4xf32>) target = {arch = "x86_64", device_id = 0} {
      orchestra.yield %a : memref<4xf32>
    }
    orchestra.yield %c : memref<4xf32>
  }
  return %r : memref<4xf32>
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
func.func private @k()

// The size of what a task makes, which another asks for, is known before both.
// CHECK-LABEL: func.func @sizes
// CHECK-SAME:    (%[[N:.*]]: index
// CHECK:       memref.alloc(%[[N]]) {orchestra.device = 0 : i64}
// CHECK-NOT:   memref.dim
// CHECK:       memref.alloc(%[[N]]) {orchestra.device = 1 : i64}
// CHECK-NOT:   memref.dim
// CHECK:       memref.alloc(%[[N]]) {orchestra.device = 1 : i64}
func.func @sizes(%n: index) -> (memref<?xf32>) attributes {orchestra.entry} {
  %r = orchestra.schedule on @m -> (memref<?xf32>) {
    %a = orchestra.task -> (memref<?xf32>) target = {arch = "x86_64", device_id = 0} {
      %0 = memref.alloc(%n) : memref<?xf32>
      orchestra.dispatch @k() outs(%0 : memref<?xf32>)
      orchestra.yield %0 : memref<?xf32>
    }
    %there = orchestra.transfer %a from @cpu0 to @cpu1 : memref<?xf32>
    %b = orchestra.task -> (memref<?xf32>) target = {arch = "x86_64", device_id = 1} {
      %c0 = arith.constant 0 : index
      %size = memref.dim %there, %c0 : memref<?xf32>
      %0 = memref.alloc(%size) : memref<?xf32>
      orchestra.dispatch @k(%there : memref<?xf32>) outs(%0 : memref<?xf32>)
      orchestra.yield %0 : memref<?xf32>
    }
    orchestra.yield %b : memref<?xf32>
  }
  return %r : memref<?xf32>
}

// -----

// One device: nothing to do.
// CHECK-LABEL: func.func @alone
// CHECK-NEXT:  return
// CHECK-NOT:   orchestra.devices
func.func @alone(%x: memref<4xf32>) -> memref<4xf32> attributes {orchestra.entry} {
  return %x : memref<4xf32>
}
