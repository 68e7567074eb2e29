// Upstream's passes keep schedules right: effects, speculatability, regions and
// symbols of the ops tell them what they may do.
// RUN: orchestra-opt %s --cse | FileCheck %s --check-prefix=CSE
// RUN: orchestra-opt %s --loop-invariant-code-motion | FileCheck %s --check-prefix=LICM
// RUN: orchestra-opt %s --inline | FileCheck %s --check-prefix=INLINE
// RUN: orchestra-opt %s --symbol-dce | FileCheck %s --check-prefix=DCE
// RUN: orchestra-opt %s --remove-dead-values --canonicalize | FileCheck %s --check-prefix=DEAD
// RUN: orchestra-opt %s --sccp | FileCheck %s --check-prefix=SCCP

// Named by a transfer, named by a schedule, and named by nobody.
// DCE-LABEL: orchestra.topology @transferred
orchestra.topology @transferred attributes {sym_visibility = "private"} {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @gpu0 {arch = "amd_cdna3"}
  orchestra.link @cpu0, @gpu0 {bandwidth = 1.0, latency = 0.0}
}
// DCE: orchestra.topology @scheduled
orchestra.topology @scheduled attributes {sym_visibility = "private"} {
  orchestra.device @cpu0 {arch = "x86_64"}
}
// DCE-NOT: @forgotten
orchestra.topology @forgotten attributes {sym_visibility = "private"} {
  orchestra.device @cpu0 {arch = "x86_64"}
}

// Pure tasks that are the same are one; on two devices they are two. A task that
// reads memory is the same as long as nothing writes.
// CSE-LABEL: func.func @equal_tasks
func.func @equal_tasks(%x: tensor<4xf32>, %m: memref<f32>, %f: f32)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, f32, f32) {
  // CSE-NEXT: %[[S:.*]]:5 = orchestra.schedule
  %r:5 = orchestra.schedule
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, f32, f32) {
    // CSE-NEXT: %[[A:.*]] = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"}
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    %b = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    // CSE: %[[C:.*]] = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64", device_id = 1 : i64}
    %c = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64", device_id = 1} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    // CSE: %[[BEFORE:.*]] = orchestra.task
    %before = orchestra.task -> (f32) target = {arch = "x86_64"} {
      %0 = memref.load %m[] : memref<f32>
      orchestra.yield %0 : f32
    }
    orchestra.task target = {arch = "x86_64"} {
      memref.store %f, %m[] : memref<f32>
    }
    // CSE: %[[AFTER:.*]] = orchestra.task -> (f32)
    %after = orchestra.task -> (f32) target = {arch = "x86_64"} {
      %0 = memref.load %m[] : memref<f32>
      orchestra.yield %0 : f32
    }
    // CSE: orchestra.yield %[[A]], %[[A]], %[[C]], %[[BEFORE]], %[[AFTER]]
    orchestra.yield %a, %b, %c, %before, %after
        : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, f32, f32
  }
  return %r#0, %r#1, %r#2, %r#3, %r#4
      : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, f32, f32
}

// Reading tasks are not merged over a barrier: it may be waiting for a device.
// CSE-LABEL: func.func @equal_values
func.func @equal_values(%c: i1, %x: tensor<4xf32>, %m: memref<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, memref<4xf32>, memref<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CSE-NEXT: %[[T:.*]] = orchestra.transfer %{{.*}} : tensor<4xf32>
  // CSE-NEXT: %[[M:.*]] = orchestra.transfer %{{.*}} : memref<4xf32>
  // CSE-NEXT: %[[N:.*]] = orchestra.transfer %{{.*}} : memref<4xf32>
  // CSE-NEXT: %[[C:.*]] = orchestra.commit
  // CSE-NEXT: return %[[T]], %[[T]], %[[M]], %[[N]], %[[C]], %[[C]]
  %0 = orchestra.transfer %x from @transferred::@cpu0 to @transferred::@gpu0 : tensor<4xf32>
  %1 = orchestra.transfer %x from @transferred::@cpu0 to @transferred::@gpu0 : tensor<4xf32>
  %2 = orchestra.transfer %m from @transferred::@cpu0 to @transferred::@gpu0 : memref<4xf32>
  %3 = orchestra.transfer %m from @transferred::@cpu0 to @transferred::@gpu0 : memref<4xf32>
  %4 = orchestra.commit %c then(%x) else(%0) : tensor<4xf32>
  %5 = orchestra.commit %c then(%x) else(%1) : tensor<4xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<4xf32>, tensor<4xf32>, memref<4xf32>, memref<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CSE-LABEL: func.func @over_a_barrier
func.func @over_a_barrier(%m: memref<f32>) -> (f32, f32) {
  // CSE: %[[A:.*]] = orchestra.task -> (f32)
  // CSE: orchestra.barrier
  // CSE: %[[B:.*]] = orchestra.task -> (f32)
  // CSE: orchestra.yield %[[A]], %[[B]]
  %r:2 = orchestra.schedule on @scheduled -> (f32, f32) {
    %a = orchestra.task -> (f32) target = {arch = "x86_64"} {
      %0 = memref.load %m[] : memref<f32>
      orchestra.yield %0 : f32
    }
    orchestra.barrier
    %b = orchestra.task -> (f32) target = {arch = "x86_64"} {
      %0 = memref.load %m[] : memref<f32>
      orchestra.yield %0 : f32
    }
    orchestra.yield %a, %b : f32, f32
  }
  return %r#0, %r#1 : f32, f32
}

// A task without effects leaves the loop it does not depend on; one that may
// trap, that writes, or that depends on the iteration stays, and so does what a
// barrier orders.
// LICM-LABEL: func.func @loops
func.func @loops(%x: tensor<4xf32>, %i: index, %j: index, %m: memref<index>, %n: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // LICM: orchestra.task -> (tensor<4xf32>)
  // LICM:   arith.negf
  // LICM: orchestra.transfer %{{.*}} : tensor<4xf32>
  // LICM: scf.for
  // LICM-NEXT: orchestra.task -> (index)
  // LICM-NEXT:   arith.divui
  // LICM:      orchestra.task -> (index)
  // LICM-NEXT:   arith.addi
  // LICM:      orchestra.task target
  // LICM-NEXT:   memref.store
  // LICM:      orchestra.transfer %{{.*}} : memref<4xf32>
  // LICM:      orchestra.schedule
  // LICM-NEXT:   orchestra.barrier
  scf.for %k = %c0 to %i step %c1 {
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    %moved = orchestra.transfer %a from @transferred::@cpu0 to @transferred::@gpu0 : tensor<4xf32>
    %traps = orchestra.task -> (index) target = {arch = "x86_64"} {
      %0 = arith.divui %i, %j : index
      orchestra.yield %0 : index
    }
    %varies = orchestra.task -> (index) target = {arch = "x86_64"} {
      %0 = arith.addi %i, %k : index
      orchestra.yield %0 : index
    }
    orchestra.task target = {arch = "x86_64"} {
      memref.store %i, %m[] : memref<index>
    }
    %buffer = orchestra.transfer %n from @transferred::@cpu0 to @transferred::@gpu0 : memref<4xf32>
    orchestra.schedule {
      orchestra.barrier
    }
  }
  return
}

func.func private @helper(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.negf %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

func.func private @scheduling(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = orchestra.schedule -> (tensor<4xf32>) {
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    orchestra.yield %a : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// Functions go into tasks and schedules, schedules not into tasks.
// INLINE-LABEL: func.func @calls
func.func @calls(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // INLINE: orchestra.schedule -> (tensor<4xf32>) {
  // INLINE:   orchestra.task
  // INLINE:     arith.negf
  // INLINE: orchestra.schedule
  // INLINE:   orchestra.task
  // INLINE-NEXT: arith.negf
  // INLINE:   orchestra.task
  // INLINE-NEXT: func.call @scheduling
  %0 = func.call @scheduling(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %r:2 = orchestra.schedule -> (tensor<4xf32>, tensor<4xf32>) {
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %1 = func.call @helper(%x) : (tensor<4xf32>) -> tensor<4xf32>
      orchestra.yield %1 : tensor<4xf32>
    }
    %b = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %1 = func.call @scheduling(%x) : (tensor<4xf32>) -> tensor<4xf32>
      orchestra.yield %1 : tensor<4xf32>
    }
    orchestra.yield %a, %b : tensor<4xf32>, tensor<4xf32>
  }
  return %0, %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// What is computed for no result goes; properties stay.
// DEAD-LABEL: func.func @dead
func.func @dead(%x: tensor<4xf32>, %m: memref<f32>, %f: f32) -> tensor<4xf32> {
  // DEAD-NEXT: %[[S:.*]] = orchestra.schedule on @scheduled -> (tensor<4xf32>) {
  // DEAD-NEXT:   %[[T:.*]] = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64", threads = 2 : i64} {
  // DEAD-NEXT:     arith.negf
  // DEAD-NEXT:     memref.store
  // DEAD-NEXT:     orchestra.yield %{{[^,]*}} : tensor<4xf32>
  // DEAD-NEXT:   }
  // DEAD-NEXT:   orchestra.yield %[[T]] : tensor<4xf32>
  // DEAD-NEXT: }
  // DEAD-NEXT: return %[[S]]
  %r:2 = orchestra.schedule on @scheduled -> (tensor<4xf32>, tensor<4xf32>) {
    %a:2 = orchestra.task -> (tensor<4xf32>, tensor<4xf32>) target = {arch = "x86_64", threads = 2} {
      %0 = arith.negf %x : tensor<4xf32>
      %1 = arith.addf %x, %x : tensor<4xf32>
      memref.store %f, %m[] : memref<f32>
      orchestra.yield %0, %1 : tensor<4xf32>, tensor<4xf32>
    }
    orchestra.yield %a#0, %a#1 : tensor<4xf32>, tensor<4xf32>
  }
  return %r#0 : tensor<4xf32>
}

// Constants are known outside the task that computes them.
// SCCP-LABEL: func.func @constant
func.func @constant(%a: index, %b: index) -> index {
  // SCCP: %[[TRUE:.*]] = arith.constant true
  // SCCP: orchestra.commit %[[TRUE]]
  %c = orchestra.task -> (i1) target = {arch = "x86_64"} {
    %1 = arith.constant 1 : index
    %2 = arith.constant 2 : index
    %3 = arith.cmpi ult, %1, %2 : index
    orchestra.yield %3 : i1
  }
  %0 = orchestra.commit %c then(%a) else(%b) : index
  return %0 : index
}
