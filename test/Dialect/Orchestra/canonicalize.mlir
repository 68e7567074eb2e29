// What folds, and what must not.
// RUN: orchestra-opt %s --canonicalize --split-input-file | FileCheck %s

// A task that nobody uses and that has no effects goes.
// CHECK-LABEL: func.func @unused_task
func.func @unused_task(%x: tensor<4xf32>, %m: memref<f32>, %f: f32) {
  // CHECK-NEXT: orchestra.schedule {
  // CHECK-NEXT:   orchestra.task target = {arch = "x86_64", device_id = 1 : i64} {
  // CHECK-NEXT:     memref.store
  // CHECK-NEXT:   }
  // CHECK-NEXT: }
  // CHECK-NEXT: return
  orchestra.schedule {
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    orchestra.task target = {arch = "x86_64", device_id = 1} {
      memref.store %f, %m[] : memref<f32>
    }
  }
  return
}

// CHECK-LABEL: func.func @unused_schedule
func.func @unused_schedule(%x: tensor<4xf32>) {
  // CHECK-NEXT: return
  %r = orchestra.schedule -> (tensor<4xf32>) {
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    orchestra.yield %a : tensor<4xf32>
  }
  return
}

// Of several results, those that are unused go, with what computes them, those
// that are the same become one, and captured values are used directly. The other
// properties stay.
// CHECK-LABEL: func.func @results
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>)
func.func @results(%x: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[T:.*]] = orchestra.task -> (tensor<4xf32>) target = {arch = "amd_cdna3", mfma = true} attributes {gcn_source = "s_nop 0", note = "kept"} {
  // CHECK-NEXT:   %[[N:.*]] = arith.negf %[[X]]
  // CHECK-NEXT:   orchestra.yield %[[N]] : tensor<4xf32>
  // CHECK-NEXT: }
  // CHECK-NEXT: return %[[T]], %[[T]], %[[X]]
  %r:4 = orchestra.task -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
      target = {arch = "amd_cdna3", mfma = true}
      attributes {gcn_source = "s_nop 0", note = "kept"} {
    %0 = arith.negf %x : tensor<4xf32>
    %1 = arith.addf %x, %x : tensor<4xf32>
    orchestra.yield %0, %1, %0, %x : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %r#0, %r#2, %r#3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @schedule_results
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>)
func.func @schedule_results(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[S:.*]] = orchestra.schedule -> (tensor<4xf32>) {
  // CHECK-NEXT:   %[[T:.*]] = orchestra.task
  // CHECK-NEXT:     arith.negf
  // CHECK-NEXT:     orchestra.yield
  // CHECK-NEXT:   }
  // CHECK-NEXT:   orchestra.yield %[[T]] : tensor<4xf32>
  // CHECK-NEXT: }
  // CHECK-NEXT: return %[[S]]
  %r:2 = orchestra.schedule -> (tensor<4xf32>, tensor<4xf32>) {
    %a:2 = orchestra.task -> (tensor<4xf32>, tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      %1 = arith.addf %x, %x : tensor<4xf32>
      orchestra.yield %1, %0 : tensor<4xf32>, tensor<4xf32>
    }
    orchestra.yield %a#0, %a#1 : tensor<4xf32>, tensor<4xf32>
  }
  return %r#1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @same_place
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>)
func.func @same_place(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = orchestra.transfer %x from @a to @a : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @chain
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>)
func.func @chain(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[T:.*]] = orchestra.transfer %[[X]] from @a to @d : tensor<4xf32>
  // CHECK-NEXT: return %[[T]]
  %0 = orchestra.transfer %x from @a to @b : tensor<4xf32>
  %1 = orchestra.transfer %0 from @b to @c : tensor<4xf32>
  %2 = orchestra.transfer %1 from @c to @d : tensor<4xf32>
  return %2 : tensor<4xf32>
}

// A value that is needed on the way is there already for the second half.
// CHECK-LABEL: func.func @used_on_the_way
func.func @used_on_the_way(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: orchestra.transfer %{{.*}} from @a to @b
  // CHECK-NEXT: orchestra.transfer %{{.*}} from @b to @c
  %0 = orchestra.transfer %x from @a to @b : tensor<4xf32>
  %1 = orchestra.transfer %0 from @b to @c : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @there_and_back
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>)
func.func @there_and_back(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[T:.*]] = orchestra.transfer %[[X]] from @a to @b
  // CHECK-NEXT: return %[[T]], %[[X]]
  %0 = orchestra.transfer %x from @a to @b : tensor<4xf32>
  %1 = orchestra.transfer %0 from @b to @a : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// What does not continue where the first ended is no chain.
// CHECK-LABEL: func.func @no_chain
func.func @no_chain(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: orchestra.transfer %{{.*}} from @a to @b
  // CHECK-NEXT: orchestra.transfer %{{.*}} from @c to @d
  %0 = orchestra.transfer %x from @a to @b : tensor<4xf32>
  %1 = orchestra.transfer %0 from @c to @d : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @constants
func.func @constants() -> (tensor<4xf32>, tensor<2xf32>) {
  // CHECK-DAG: %[[SPLAT:.*]] = arith.constant dense<1.000000e+00>
  // CHECK-DAG: %[[WEIGHTS:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]>
  // CHECK: %[[T:.*]] = orchestra.transfer %[[WEIGHTS]]
  // CHECK-NEXT: return %[[SPLAT]], %[[T]]
  %splat = arith.constant dense<1.0> : tensor<4xf32>
  %weights = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = orchestra.transfer %splat from @a to @b : tensor<4xf32>
  %1 = orchestra.transfer %weights from @a to @b : tensor<2xf32>
  return %0, %1 : tensor<4xf32>, tensor<2xf32>
}

// The result of a transfer of a memref is a buffer of its own, even beside its
// source: later writes to one are not seen in the other.
// CHECK-LABEL: func.func @memrefs
func.func @memrefs(%m: memref<4xf32>) -> (memref<4xf32>, memref<4xf32>) {
  // CHECK-NEXT: orchestra.transfer %{{.*}} from @a to @a
  // CHECK-NEXT: orchestra.transfer %{{.*}} from @a to @b
  // CHECK-NEXT: orchestra.transfer %{{.*}} from @b to @c
  %0 = orchestra.transfer %m from @a to @a : memref<4xf32>
  %1 = orchestra.transfer %m from @a to @b : memref<4xf32>
  %2 = orchestra.transfer %1 from @b to @c : memref<4xf32>
  return %0, %2 : memref<4xf32>, memref<4xf32>
}

// CHECK-LABEL: func.func @unused_transfers
func.func @unused_transfers(%x: tensor<4xf32>, %m: memref<4xf32>) {
  // CHECK-NEXT: return
  %0 = orchestra.transfer %x from @a to @b : tensor<4xf32>
  %1 = orchestra.transfer %m from @a to @b : memref<4xf32>
  return
}

// -----

// CHECK-LABEL: func.func @known_condition
// CHECK-SAME:    (%[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>)
func.func @known_condition(%a: tensor<4xf32>, %b: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: return %[[A]], %[[B]], %[[B]], %[[A]]
  %true = arith.constant true
  %false = arith.constant false
  %0:2 = orchestra.commit %true then(%a, %b) else(%b, %a) : tensor<4xf32>, tensor<4xf32>
  %1:2 = orchestra.commit %false then(%a, %b) else(%b, %a) : tensor<4xf32>, tensor<4xf32>
  return %0#0, %0#1, %1#0, %1#1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @equal_values
// CHECK-SAME:    (%[[C:.*]]: i1, %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>)
func.func @equal_values(%c: i1, %a: tensor<4xf32>, %b: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[R:.*]] = orchestra.commit %[[C]] then(%[[A]]) else(%[[B]]) {note = "kept"} : tensor<4xf32>
  // CHECK-NEXT: return %[[A]], %[[B]], %[[R]]
  %0 = orchestra.commit %c then(%a) else(%a) : tensor<4xf32>
  %1:2 = orchestra.commit %c then(%b, %a) else(%b, %b) {note = "kept"} : tensor<4xf32>, tensor<4xf32>
  return %0, %1#0, %1#1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @unused_choice
// CHECK-SAME:    (%[[C:.*]]: i1, %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>, %{{.*}}: index, %{{.*}}: index)
func.func @unused_choice(%c: i1, %a: tensor<4xf32>, %b: tensor<4xf32>, %i: index, %j: index)
    -> tensor<4xf32> {
  // CHECK-NEXT: %[[R:.*]] = orchestra.commit %[[C]] then(%[[A]]) else(%[[B]]) : tensor<4xf32>
  // CHECK-NEXT: return %[[R]]
  %0:2 = orchestra.commit %c then(%i, %a) else(%j, %b) : index, tensor<4xf32>
  return %0#1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @condition_itself
// CHECK-SAME:    (%[[C:.*]]: i1)
func.func @condition_itself(%c: i1) -> i1 {
  // CHECK-NEXT: return %[[C]]
  %true = arith.constant true
  %false = arith.constant false
  %0 = orchestra.commit %c then(%true) else(%false) : i1
  return %0 : i1
}

// CHECK-LABEL: func.func @known_by_another
// CHECK-SAME:    (%[[C:.*]]: i1, %[[D:.*]]: i1, %[[A:.*]]: index, %[[B:.*]]: index, %[[E:.*]]: index)
func.func @known_by_another(%c: i1, %d: i1, %a: index, %b: index, %e: index)
    -> (index, index, index) {
  // CHECK-NEXT: %[[OTHER:.*]] = orchestra.commit %[[D]] then(%[[A]]) else(%[[B]]) : index
  // CHECK-NEXT: %[[R0:.*]] = orchestra.commit %[[C]] then(%[[A]]) else(%[[E]]) : index
  // CHECK-NEXT: %[[R1:.*]] = orchestra.commit %[[C]] then(%[[E]]) else(%[[B]]) : index
  // CHECK-NEXT: %[[R2:.*]] = orchestra.commit %[[C]] then(%[[OTHER]]) else(%[[E]]) : index
  // CHECK-NEXT: return %[[R0]], %[[R1]], %[[R2]]
  %inner = orchestra.commit %c then(%a) else(%b) : index
  %other = orchestra.commit %d then(%a) else(%b) : index
  %0 = orchestra.commit %c then(%inner) else(%e) : index
  %1 = orchestra.commit %c then(%e) else(%inner) : index
  %2 = orchestra.commit %c then(%other) else(%e) : index
  return %0, %1, %2 : index, index, index
}

// CHECK-LABEL: func.func @negated
// CHECK-SAME:    (%[[C:.*]]: i1, %[[A:.*]]: index, %[[B:.*]]: index)
func.func @negated(%c: i1, %a: index, %b: index) -> index {
  // CHECK-NEXT: %[[R:.*]] = orchestra.commit %[[C]] then(%[[B]]) else(%[[A]]) : index
  // CHECK-NEXT: return %[[R]]
  %true = arith.constant true
  %not = arith.xori %c, %true : i1
  %0 = orchestra.commit %not then(%a) else(%b) : index
  return %0 : index
}

// -----

// Barriers with nothing on one side, or beside another, order nothing.
// CHECK-LABEL: func.func @barriers
func.func @barriers(%m: memref<f32>, %f: f32) {
  // CHECK-NEXT: orchestra.schedule {
  // CHECK-NEXT:   orchestra.task
  // CHECK-NEXT:     memref.store
  // CHECK-NEXT:   }
  // CHECK-NEXT:   orchestra.barrier
  // CHECK-NEXT:   orchestra.task
  // CHECK-NEXT:     memref.store
  // CHECK-NEXT:   }
  // CHECK-NEXT: }
  orchestra.schedule {
    orchestra.barrier
    orchestra.task target = {arch = "x86_64"} {
      memref.store %f, %m[] : memref<f32>
    }
    orchestra.barrier
    orchestra.barrier
    orchestra.task target = {arch = "x86_64"} {
      memref.store %f, %m[] : memref<f32>
    }
    orchestra.barrier
  }
  return
}
