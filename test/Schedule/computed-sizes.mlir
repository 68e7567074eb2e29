// Sizes that kernels compute: a function of their own, and arguments.
// RUN: orchestra-opt %s --orchestra-plan-memory --canonicalize --cse -split-input-file | FileCheck %s

func.func private @count()
func.func private @scale()
func.func private @fill()

// What the count follows from runs first, in memory of its own; the kernel
// behind it does not.
// CHECK-LABEL: func.func @orch_sizes
// CHECK-SAME:    (%[[X:.*]]: memref<?xf32>, %{{.*}}: memref<?xi8>) -> i64
// CHECK:         %[[S:.*]] = memref.alloc
// CHECK:         orchestra.dispatch @scale(%[[X]] : memref<?xf32>) outs(%[[S]]
// CHECK:         %[[N:.*]] = memref.alloc() : memref<i64>
// CHECK:         orchestra.dispatch @count(%[[S]] : memref<?xf32>) outs(%[[N]]
// CHECK-NOT:     orchestra.dispatch
// CHECK:         %[[READ:.*]] = memref.load %[[N]]
// CHECK:         return %[[READ]] : i64
// CHECK-LABEL: func.func @orch_shapes
// CHECK-SAME:    (%{{.*}}: memref<?xf32>, %[[COUNT:.*]]: i64) -> (index, index)
// CHECK:         %[[SIZE:.*]] = arith.index_cast %[[COUNT]] : i64 to index
// CHECK:         return %{{.*}}, %[[SIZE]]
// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%{{.*}}: memref<?xf32>, %{{.*}}: i64, %[[Y:.*]]: memref<?xi64>, %{{.*}}: memref<?xi8>, %{{.*}}: memref<?xi8>)
// CHECK-NOT:     memref.load
// CHECK:         orchestra.dispatch @fill({{.*}}) outs(%[[Y]] : memref<?xi64>)
func.func @main(%x: memref<?xf32>) -> memref<?xi64> attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %length = memref.dim %x, %c0 : memref<?xf32>
  %s = memref.alloc(%length) : memref<?xf32>
  orchestra.dispatch @scale(%x : memref<?xf32>) outs(%s : memref<?xf32>)
  %n = memref.alloc() : memref<i64>
  orchestra.dispatch @count(%s : memref<?xf32>) outs(%n : memref<i64>)
  %count = memref.load %n[] : memref<i64>
  %size = arith.index_cast %count : i64 to index
  %y = memref.alloc(%size) : memref<?xi64>
  orchestra.dispatch @fill(%s : memref<?xf32>) outs(%y : memref<?xi64>)
  return %y : memref<?xi64>
}

// -----

func.func private @count()
func.func private @fill()

// What has been written is read, what is written later is not; conditions in
// front are tested first, and weights come with the function.
// CHECK-LABEL: func.func @orch_sizes
// CHECK-SAME:    (%[[X:.*]]: memref<4xf32>, %[[F:.*]]: memref<i1>, %[[W:.*]]: memref<?xi8>) -> i64
// CHECK:         cf.assert %{{.*}}, "no flag"
// CHECK:         %[[C:.*]] = memref.view %[[W]]
// CHECK:         orchestra.dispatch @count(%[[X]], %[[C]]
// CHECK-NOT:     orchestra.dispatch
// CHECK:         return
// CHECK-LABEL: func.func @orch_shapes
memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func @order(%x: memref<4xf32>, %f: memref<i1>) -> memref<?xf32> attributes {orchestra.entry} {
  %flag = memref.load %f[] : memref<i1>
  cf.assert %flag, "no flag"
  %t = memref.get_global @table : memref<4xf32>
  %n = memref.alloc() : memref<i64>
  orchestra.dispatch @count(%x, %t : memref<4xf32>, memref<4xf32>) outs(%n : memref<i64>)
  %count = memref.load %n[] : memref<i64>
  orchestra.dispatch @fill(%x : memref<4xf32>) outs(%n : memref<i64>)
  %size = arith.index_cast %count : i64 to index
  %y = memref.alloc(%size) : memref<?xf32>
  orchestra.dispatch @fill(%n : memref<i64>) outs(%y : memref<?xf32>)
  return %y : memref<?xf32>
}
