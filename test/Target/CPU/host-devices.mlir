// A program for several devices enqueues its tasks, copies, events and waits by
// the runtime's table: launch at byte 32, copy 40, record 48, wait 56, finish 64.
// RUN: orchestra-opt %s --orchestra-cpu-host-entry --canonicalize --cse | FileCheck %s

module attributes {orchestra.devices = [{name = "cpu0"}, {name = "cpu1"}]} {
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
}
func.func private @k(memref<4xf32>, memref<4xf32>)
func.func @orch_shapes(%x: memref<4xf32>) -> (index, index, index) {
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %c4 = arith.constant 4 : index
  return %c64, %c128, %c4 : index, index, index
}
func.func @main(%x: memref<4xf32>, %y: memref<4xf32>, %arena0: memref<?xi8>, %arena1: memref<?xi8>, %weights: memref<?xi8>)
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %a = memref.view %arena0[%c0][] : memref<?xi8> to memref<4xf32>
  %b = memref.view %arena1[%c64][] : memref<?xi8> to memref<4xf32>
  orchestra.task target = {arch = "x86_64", device_id = 0} attributes {orchestra.device = 0 : i64, orchestra.event = 0 : i64} {
    orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  }
  orchestra.task target = {arch = "x86_64", device_id = 1} attributes {orchestra.copy, orchestra.device = 1 : i64, orchestra.waits = array<i64: 0>} {
    memref.copy %a, %b : memref<4xf32> to memref<4xf32>
  }
  orchestra.task target = {arch = "x86_64", device_id = 1} attributes {orchestra.device = 1 : i64} {
    orchestra.dispatch @k(%b : memref<4xf32>) outs(%b : memref<4xf32>)
  }
  return
}
}

// CHECK-NOT:   orchestra.topology
// CHECK-NOT:   @orchestra_program
// CHECK-LABEL: func.func @orch_run
// CHECK-SAME:    (%[[EXEC:.*]]: !llvm.ptr, %{{.*}}, %{{.*}}, %{{.*}}, %[[ARENAS:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CHECK-DAG:     %[[TASK2:.*]] = constant @orch_task_2 : (!llvm.ptr, !llvm.ptr) -> ()
// CHECK-DAG:     %[[TASK0:.*]] = constant @orch_task_0 : (!llvm.ptr, !llvm.ptr) -> ()
// CHECK-DAG:     %[[ONE:.*]] = llvm.mlir.constant(1 : i32)
// CHECK-DAG:     %[[ZERO:.*]] = llvm.mlir.constant(0 : i32)
// CHECK-DAG:     %[[BYTES:.*]] = arith.constant 16 : i64
// CHECK:         llvm.load %[[ARENAS]]
// CHECK:         llvm.getelementptr %[[ARENAS]][1]
// CHECK:         %[[FRAME:.*]] = llvm.alloca
// CHECK:         %[[BODY0:.*]] = builtin.unrealized_conversion_cast %[[TASK0]]
// CHECK:         llvm.getelementptr %{{.*}}[32]
// CHECK:         llvm.call %{{.*}}(%[[EXEC]], %[[ZERO]], %[[ZERO]], %[[BODY0]], %[[FRAME]])
// CHECK:         llvm.getelementptr %{{.*}}[48]
// CHECK:         llvm.call %{{.*}}(%[[EXEC]], %[[ZERO]], %[[ZERO]]) :
// CHECK:         llvm.getelementptr %{{.*}}[56]
// CHECK:         llvm.call %{{.*}}(%[[EXEC]], %[[ONE]], %[[ZERO]]) :
// CHECK:         %[[TO:.*]] = llvm.inttoptr
// CHECK:         %[[FROM:.*]] = llvm.inttoptr
// CHECK:         llvm.getelementptr %{{.*}}[40]
// CHECK:         llvm.call %{{.*}}(%[[EXEC]], %[[ONE]], %[[ONE]], %[[TO]], %[[FROM]], %[[BYTES]])
// CHECK:         builtin.unrealized_conversion_cast %[[TASK2]]
// CHECK:         llvm.getelementptr %{{.*}}[64]
// CHECK:         %[[STATUS:.*]] = llvm.call %{{.*}}(%[[EXEC]]) : !llvm.ptr, (!llvm.ptr) -> i32
// CHECK:         return %[[STATUS]] : i32

// A task's device has its own execution state; a task finds its buffers from the
// frame.
// CHECK-LABEL: func.func private @orch_task_0
// CHECK-SAME:    (%[[OWN:.*]]: !llvm.ptr, %[[ENV:.*]]: !llvm.ptr)
// CHECK:         llvm.getelementptr %[[ENV]][0, 0]
// CHECK:         llvm.getelementptr %[[ENV]][0, 2]
// CHECK:         call @k(%[[OWN]]
// CHECK-NOT:   @orch_task_1
// CHECK-LABEL: func.func private @orch_task_2
// CHECK:         call @k(

// Sizes of arenas come first, then dimensions.
// CHECK-LABEL: func.func @orch_resolve
// CHECK-SAME:    (%{{.*}}, %{{.*}}, %[[DIMS:.*]]: !llvm.ptr, %[[SIZES:.*]]: !llvm.ptr)
// CHECK:         llvm.store %{{.*}}, %[[SIZES]]
// CHECK:         llvm.getelementptr %[[SIZES]][1]
// CHECK:         llvm.store %{{.*}}, %[[DIMS]]
