// The function of computed sizes gets memory from the runtime and ends where
// something fails; functions of the runtime are called by name.
// RUN: orchestra-opt %s --orchestra-cpu-host-entry | FileCheck %s

func.func private @orch_k_1(memref<4xf32>, memref<i64>)
func.func private @orch_host_spell()

func.func @orch_sizes(%x: memref<4xf32>, %weights: memref<?xi8>) -> i64 {
  %yes = arith.constant true
  cf.assert %yes, "no good"
  %n = memref.alloc() : memref<i64>
  orchestra.dispatch @orch_k_1(%x : memref<4xf32>) outs(%n : memref<i64>)
  %count = memref.load %n[] : memref<i64>
  return %count : i64
}
func.func @orch_shapes(%x: memref<4xf32>, %n: i64) -> (index, index) {
  %c0 = arith.constant 0 : index
  %size = arith.index_cast %n : i64 to index
  return %c0, %size : index, index
}
func.func @main(%x: memref<4xf32>, %n: i64, %y: memref<?xi64>, %arena: memref<?xi8>, %weights: memref<?xi8>)
    attributes {orchestra.entry} {
  orchestra.dispatch @orch_host_spell(%x, %n : memref<4xf32>, i64) outs(%y : memref<?xi64>)
  return
}

// CHECK:       module attributes {orchestra.calls_host, orchestra.computes_sizes, orchestra.sizes_from_values}
// CHECK-LABEL: func.func private @orch_sizes
// CHECK-SAME:    (%[[EXEC:.*]]: !llvm.ptr, %[[X:.*]]: memref<4xf32>, %{{.*}}: memref<?xi8>) -> i64
// CHECK:         cf.cond_br %{{.*}}, ^[[GOOD:.*]], ^[[LEAVE:.*]]
// CHECK:       ^[[GOOD]]:
// The table's `allocate` is at byte 72.
// CHECK:         llvm.getelementptr %{{.*}}[72]
// CHECK:         %[[DATA:.*]] = llvm.call %{{.*}}(%[[EXEC]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, i64) -> !llvm.ptr
// CHECK:         llvm.icmp "ne" %[[DATA]]
// CHECK:         cf.cond_br
// CHECK:         call @orch_k_1(%[[EXEC]], %[[X]],
// CHECK:         return %{{.*}} : i64
// CHECK:       ^[[LEAVE]]:
// CHECK:         return %c0_i64

// `call` is at byte 80; operands are 3 words each.
// CHECK-LABEL: func.func private @orchestra_program
// CHECK:         llvm.alloca {{.*}} x i64
// CHECK:         llvm.getelementptr %{{.*}}[80]
// CHECK:         %[[NAME:.*]] = llvm.mlir.addressof @orch_message_{{.*}}
// CHECK:         llvm.call %{{.*}}(%{{.*}}, %[[NAME]], %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()

// The numbers are at byte 32 of the state: resolve writes them, run reads them.
// CHECK-LABEL: func.func @orch_run
// CHECK:         llvm.getelementptr %{{.*}}[32]
// CHECK-LABEL: func.func @orch_resolve
// CHECK:         %[[COUNT:.*]] = call @orch_sizes
// CHECK:         llvm.getelementptr %{{.*}}[32]
// CHECK:         llvm.store %[[COUNT]]
// CHECK:         call @orch_shapes
