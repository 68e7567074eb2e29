// RUN: orchestra-opt %s --orchestra-cpu-host-entry -split-input-file | FileCheck %s

func.func @orch_shapes(%x: memref<4x8xf32>) -> (index, index, index) {
  %c64 = arith.constant 64 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  return %c64, %c4, %c8 : index, index, index
}
func.func private @orch_k_1(memref<4x8xf32>, memref<4x8xf32>)

// A call is told before and after, with its number, while profiling is on (at
// byte 8 of the state); on_call is at byte 24 of the table.
// CHECK-LABEL: func.func private @orchestra_program
// CHECK-SAME:    (%[[EXEC:.*]]: !llvm.ptr, %[[X:.*]]: memref<4x8xf32>, %[[Y:.*]]: memref<4x8xf32>, %{{.*}}: memref<?xi8>, %{{.*}}: memref<?xi8>)
// CHECK-NOT:     orchestra.entry
// CHECK:         %[[CALL:.*]] = llvm.mlir.constant(0 : i32)
// CHECK:         %[[BEFORE:.*]] = llvm.mlir.constant(0 : i32)
// CHECK:         call @orch_report_call(%[[EXEC]], %[[CALL]], %[[BEFORE]])
// CHECK:         call @orch_k_1(%[[EXEC]], %[[X]], %[[Y]])
// CHECK:         %[[CALL:.*]] = llvm.mlir.constant(0 : i32)
// CHECK:         %[[AFTER:.*]] = llvm.mlir.constant(1 : i32)
// CHECK:         call @orch_report_call(%[[EXEC]], %[[CALL]], %[[AFTER]])
// CHECK:         call @orch_k_1(%[[EXEC]], %[[Y]], %[[X]])
func.func @main(%x: memref<4x8xf32>, %y: memref<4x8xf32>, %arena: memref<?xi8>, %weights: memref<?xi8>)
    attributes {orchestra.entry} {
  orchestra.dispatch @orch_k_1(%x : memref<4x8xf32>) outs(%y : memref<4x8xf32>)
  orchestra.dispatch @orch_k_1(%y : memref<4x8xf32>) outs(%x : memref<4x8xf32>)
  return
}

// CHECK-LABEL: func.func private @orch_report_call
// CHECK-SAME:    (%[[EXEC:.*]]: !llvm.ptr, %[[CALL:.*]]: i32, %[[END:.*]]: i32) attributes {llvm.linkage = #llvm.linkage<internal>}
// CHECK:         llvm.getelementptr %[[EXEC]][8] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:         %[[ON:.*]] = arith.cmpi ne
// CHECK:         scf.if %[[ON]] {
// CHECK:           llvm.getelementptr %{{.*}}[24] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:           llvm.call %{{.*}}(%[[EXEC]], %[[CALL]], %[[END]])

// Declarations have the state in front, once each.
// CHECK:       func.func private @orch_k_1(!llvm.ptr, memref<4x8xf32>, memref<4x8xf32>)
// CHECK-NOT:   func.func private @orch_k_1


// The signatures of orchestra_runtime/format.h. With static sizes only, the
// dimensions are neither read nor computed.
// CHECK-LABEL: func.func @orch_run
// CHECK-SAME:    (%[[EXEC:.*]]: !llvm.ptr, %[[IN:.*]]: !llvm.ptr, %[[DIMS:.*]]: !llvm.ptr, %[[OUT:.*]]: !llvm.ptr, %[[ARENA:.*]]: !llvm.ptr, %[[WEIGHTS:.*]]: !llvm.ptr) -> i32
// CHECK-NOT:     llvm.getelementptr %[[DIMS]]
// CHECK-NOT:     call @orch_shapes
// CHECK:         call @orchestra_program(%[[EXEC]],
// CHECK:         return %{{.*}} : i32
// CHECK-LABEL: func.func @orch_resolve
// CHECK-SAME:    (%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %[[DIMS:.*]]: !llvm.ptr, %[[BYTES:.*]]: !llvm.ptr) -> i32
// CHECK:         %[[S:.*]]:3 = call @orch_shapes
// CHECK:         %[[B:.*]] = arith.index_cast %[[S]]#0
// CHECK:         llvm.store %[[B]], %[[BYTES]]
// CHECK:         llvm.getelementptr %[[DIMS]][0] : (!llvm.ptr) -> !llvm.ptr, i64
// CHECK:         llvm.getelementptr %[[DIMS]][1] : (!llvm.ptr) -> !llvm.ptr, i64

// -----

// Dynamic sizes: the third number of the inputs' dimensions is the first of the
// second input; the result's first size comes from the shapes function.
func.func @orch_shapes(%x: memref<4x8xf32>, %z: memref<?x8xf32>) -> (index, index, index) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %n = memref.dim %z, %c0 : memref<?x8xf32>
  return %c0, %n, %c8 : index, index, index
}
func.func @main(%x: memref<4x8xf32>, %z: memref<?x8xf32>, %y: memref<?x8xf32>, %arena: memref<?xi8>, %weights: memref<?xi8>)
    attributes {orchestra.entry} {
  return
}
// CHECK-LABEL: func.func @orch_run
// CHECK-SAME:    (%{{[a-z0-9]*}}: !llvm.ptr, %[[IN:[a-z0-9]*]]: !llvm.ptr, %[[DIMS:[a-z0-9]*]]: !llvm.ptr, %[[OUT:[a-z0-9]*]]: !llvm.ptr,
// CHECK:         llvm.getelementptr %[[IN]][0]
// CHECK:         llvm.getelementptr %[[DIMS]][2] : (!llvm.ptr) -> !llvm.ptr, i64
// CHECK:         llvm.getelementptr %[[IN]][1]
// CHECK:         %[[S:.*]]:3 = call @orch_shapes
// CHECK:         arith.index_cast %[[S]]#1
// CHECK:         llvm.getelementptr %[[OUT]][0]
// CHECK:         call @orchestra_program

// -----

// A shape function that reads inputs finds them at byte 24 of the state; its
// conditions call `fail`, at byte 16 of the table.
func.func @orch_shapes(%n: memref<1xindex>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %size = memref.load %n[%c0] : memref<1xindex>
  %good = arith.cmpi sge, %size, %c0 : index
  cf.assert %good, "a size is negative"
  return %c0, %size : index, index
}
func.func @main(%n: memref<1xindex>, %y: memref<?xf32>, %arena: memref<?xi8>, %weights: memref<?xi8>)
    attributes {orchestra.entry} {
  return
}
// CHECK:       module attributes {orchestra.sizes_from_values}
// CHECK:       llvm.mlir.global internal constant @orch_message_0("a size is negative\00")
// CHECK-LABEL: func.func private @orch_shapes(%{{.*}}: !llvm.ptr, %{{.*}}: memref<1xindex>)
// CHECK:         scf.if
// CHECK:           llvm.getelementptr %{{.*}}[16] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:           llvm.mlir.addressof @orch_message_0
// CHECK-LABEL: func.func @orch_resolve
// CHECK:         llvm.getelementptr %{{.*}}[24] : (!llvm.ptr) -> !llvm.ptr, i8

// -----

// A kernel for any sizes gets buffers of several, all passed as the same type.
func.func @orch_shapes(%x: memref<4x8xf32>) -> (index, index, index) {
  %c64 = arith.constant 64 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  return %c64, %c4, %c8 : index, index, index
}
func.func private @orch_k_1(memref<?x8xf32>, memref<4x8xf32>)
// CHECK-LABEL: func.func private @orchestra_program
// CHECK-SAME:    (%[[EXEC:.*]]: !llvm.ptr, %[[X:.*]]: memref<4x8xf32>, %[[Y:.*]]: memref<4x8xf32>, %{{.*}}: memref<?xi8>, %[[W:.*]]: memref<?xi8>)
// CHECK:         %[[V:.*]] = memref.view %[[W]]
// CHECK:         %[[A:.*]] = memref.cast %[[X]] : memref<4x8xf32> to memref<?x?xf32, strided<[?, ?], offset: ?>>
// CHECK:         call @orch_k_1(%[[EXEC]], %[[A]], %[[Y]])
// CHECK:         %[[B:.*]] = memref.cast %[[V]] : memref<2x8xf32> to memref<?x?xf32, strided<[?, ?], offset: ?>>
// CHECK:         call @orch_k_1(%[[EXEC]], %[[B]], %[[Y]])
// CHECK:       func.func private @orch_k_1(!llvm.ptr, memref<?x?xf32, strided<[?, ?], offset: ?>>, memref<4x8xf32>)
func.func @main(%x: memref<4x8xf32>, %y: memref<4x8xf32>, %arena: memref<?xi8>, %weights: memref<?xi8>)
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %w = memref.view %weights[%c0][] : memref<?xi8> to memref<2x8xf32>
  orchestra.dispatch @orch_k_1(%x : memref<4x8xf32>) outs(%y : memref<4x8xf32>)
  orchestra.dispatch @orch_k_1(%w : memref<2x8xf32>) outs(%y : memref<4x8xf32>)
  return
}
