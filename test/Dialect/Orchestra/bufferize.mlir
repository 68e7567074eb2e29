// Schedules and tasks hand on buffers, transfers make them, commits choose.
// RUN: orchestra-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @schedule
// CHECK-SAME:    (%[[X:.*]]: memref<4xf32>, %[[I:.*]]: index)
func.func @schedule(%x: tensor<4xf32>, %i: index) -> (tensor<4xf32>, index) {
  // CHECK-NEXT: %[[S:.*]]:2 = orchestra.schedule -> (memref<4xf32>, index) attributes {note = "kept"} {
  %r:2 = orchestra.schedule -> (tensor<4xf32>, index) attributes {note = "kept"} {
    // CHECK-NEXT: %[[T:.*]]:2 = orchestra.task -> (memref<4xf32>, index) target = {arch = "amd_cdna3", mfma = true} attributes {gcn_source = "s_nop 0"} {
    // CHECK-NEXT:   %[[A:.*]] = memref.alloc()
    // CHECK-NEXT:   linalg.exp ins(%[[X]] : memref<4xf32>) outs(%[[A]] : memref<4xf32>)
    // CHECK-NEXT:   orchestra.yield %[[A]], %[[I]] : memref<4xf32>, index
    // CHECK-NEXT: }
    %t:2 = orchestra.task -> (tensor<4xf32>, index) target = {arch = "amd_cdna3", mfma = true} attributes {gcn_source = "s_nop 0"} {
      %e = tensor.empty() : tensor<4xf32>
      %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      orchestra.yield %0, %i : tensor<4xf32>, index
    }
    // CHECK-NEXT: orchestra.yield %[[T]]#0, %[[T]]#1 : memref<4xf32>, index
    orchestra.yield %t#0, %t#1 : tensor<4xf32>, index
  }
  // CHECK: return %[[S]]#0, %[[S]]#1 : memref<4xf32>, index
  return %r#0, %r#1 : tensor<4xf32>, index
}

// A result that is a captured value is the captured buffer, and who writes to it
// afterwards writes to a copy if the value is used again.
// CHECK-LABEL: func.func @captured
// CHECK-SAME:    (%[[X:.*]]: memref<4xf32>, %[[F:.*]]: f32)
func.func @captured(%x: tensor<4xf32> {bufferization.writable = true}, %f: f32) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[T:.*]] = orchestra.task
  // CHECK: %[[COPY:.*]] = memref.alloc()
  // CHECK: memref.copy %[[T]], %[[COPY]]
  // CHECK: memref.store %[[F]], %[[COPY]]
  // CHECK: return %[[COPY]], %[[X]]
  %t = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
    orchestra.yield %x : tensor<4xf32>
  }
  %0 = tensor.insert %f into %t[%c0] : tensor<4xf32>
  return %0, %x : tensor<4xf32>, tensor<4xf32>
}

// -----

// A transfer reads its source, whatever its layout, and makes a plain buffer,
// which others may overwrite.
// CHECK-LABEL: func.func @transfer
// CHECK-SAME:    (%[[X:.*]]: memref<8x?xf32>, %[[F:.*]]: f32)
func.func @transfer(%x: tensor<8x?xf32>, %f: f32) -> (tensor<4x?xf32>, tensor<8x?xf32>) {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c1 : tensor<8x?xf32>
  %part = tensor.extract_slice %x[2, 0] [4, %n] [1, 1] : tensor<8x?xf32> to tensor<4x?xf32>
  // CHECK: %[[PART:.*]] = memref.subview %[[X]]
  // CHECK: %[[T:.*]] = orchestra.transfer %[[PART]] from @a to @b {note = "kept"} : memref<4x?xf32, strided<[?, 1], offset: ?>> to memref<4x?xf32>
  %0 = orchestra.transfer %part from @a to @b {note = "kept"} : tensor<4x?xf32>
  // CHECK-NEXT: linalg.fill ins(%[[F]] : f32) outs(%[[T]] : memref<4x?xf32>)
  %1 = linalg.fill ins(%f : f32) outs(%0 : tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK-NEXT: return %[[T]], %[[X]]
  return %1, %x : tensor<4x?xf32>, tensor<8x?xf32>
}

// -----

// A commit copies nothing; if what it chose is written to, an operand that is used
// again takes part as a copy.
// CHECK-LABEL: func.func @commit
// CHECK-SAME:    (%[[C:.*]]: i1, %[[A:.*]]: memref<4xf32>, %[[B:.*]]: memref<4xf32>, %[[I:.*]]: index, %[[F:.*]]: f32)
func.func @commit(%c: i1, %a: tensor<4xf32> {bufferization.writable = true}, %b: tensor<4xf32> {bufferization.writable = true}, %i: index, %f: f32)
    -> (tensor<4xf32>, index, tensor<4xf32>) {
  // CHECK-NEXT: %[[COPY:.*]] = memref.alloc()
  // CHECK-NEXT: memref.copy %[[B]], %[[COPY]]
  // CHECK-NEXT: %[[R:.*]]:2 = orchestra.commit %[[C]] then(%[[A]], %[[I]]) else(%[[COPY]], %[[I]]) {note = "kept"} : memref<4xf32>, index
  %r:2 = orchestra.commit %c then(%a, %i) else(%b, %i) {note = "kept"} : tensor<4xf32>, index
  // CHECK-NEXT: memref.store %[[F]], %[[R]]#0[%[[I]]]
  %0 = tensor.insert %f into %r#0[%i] : tensor<4xf32>
  // CHECK-NEXT: return %[[R]]#0, %[[R]]#1, %[[B]]
  return %0, %r#1, %b : tensor<4xf32>, index, tensor<4xf32>
}

// CHECK-LABEL: func.func @read_only
// CHECK-SAME:    (%[[C:.*]]: i1, %[[A:.*]]: memref<4xf32>, %[[B:.*]]: memref<4xf32>, %[[I:.*]]: index)
func.func @read_only(%c: i1, %a: tensor<4xf32>, %b: tensor<4xf32>, %i: index) -> f32 {
  // CHECK-NEXT: %[[R:.*]] = orchestra.commit %[[C]] then(%[[A]]) else(%[[B]]) : memref<4xf32>
  // CHECK-NEXT: memref.load %[[R]][%[[I]]]
  %0 = orchestra.commit %c then(%a) else(%b) : tensor<4xf32>
  %1 = tensor.extract %0[%i] : tensor<4xf32>
  return %1 : f32
}

// -----

// Buffers of two layouts meet in one that fits both.
// CHECK-LABEL: func.func @layouts
func.func @layouts(%c: i1, %x: tensor<8xf32>, %y: tensor<4xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %part = tensor.extract_slice %x[2] [4] [1] : tensor<8xf32> to tensor<4xf32>
  // CHECK: %[[A:.*]] = memref.cast %{{.*}} : memref<4xf32, strided<[1], offset: 2>> to memref<4xf32, strided<[?], offset: ?>>
  // CHECK: %[[B:.*]] = memref.cast %{{.*}} : memref<4xf32> to memref<4xf32, strided<[?], offset: ?>>
  // CHECK: %[[R:.*]] = orchestra.commit %{{.*}} then(%[[A]]) else(%[[B]]) : memref<4xf32, strided<[?], offset: ?>>
  %r = orchestra.commit %c then(%part) else(%y) : tensor<4xf32>
  %0 = tensor.extract %r[%c0] : tensor<4xf32>
  return %0 : f32
}
