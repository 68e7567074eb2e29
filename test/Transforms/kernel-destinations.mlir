// RUN: orchestra-opt %s --orchestra-kernel-destinations | FileCheck %s

// A result that is in its place already needs no copy.
// CHECK-LABEL: func.func private @in_place(%{{.*}}: memref<4xf32>, %{{.*}}: memref<4xf32>) attributes
func.func private @in_place(%x: memref<4xf32>, %y: memref<4xf32>) -> memref<4xf32>
    attributes {orchestra.kernel} {
  // CHECK-NEXT: linalg.copy
  // CHECK-NEXT: return{{$}}
  linalg.copy ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  return %y : memref<4xf32>
}

// CHECK-LABEL: func.func private @elsewhere
// CHECK-SAME:    (%[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>)
func.func private @elsewhere(%x: memref<4xf32>, %y: memref<4xf32>) -> memref<4xf32>
    attributes {orchestra.kernel} {
  // CHECK: %[[A:.*]] = memref.alloc
  // CHECK: memref.copy %[[A]], %[[Y]]
  // CHECK-NEXT: return{{$}}
  %a = memref.alloc() : memref<4xf32>
  linalg.copy ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  return %a : memref<4xf32>
}

// The i-th of the last arguments belongs to the i-th result; a cast of it is it.
// CHECK-LABEL: func.func private @two
// CHECK-SAME:    (%[[X:.*]]: memref<?xf32>, %[[Y:.*]]: memref<?xf32>, %[[Z:.*]]: memref<?xf32>)
func.func private @two(%x: memref<?xf32>, %y: memref<?xf32>, %z: memref<?xf32>) -> (memref<?xf32>, memref<?xf32>)
    attributes {orchestra.kernel} {
  // CHECK-NOT: memref.copy %{{.*}}, %[[Y]]
  // CHECK: memref.copy %[[X]], %[[Z]]
  // CHECK: return{{$}}
  %s = memref.cast %y : memref<?xf32> to memref<?xf32, strided<[1]>>
  %c = memref.cast %s : memref<?xf32, strided<[1]>> to memref<?xf32>
  return %c, %x : memref<?xf32>, memref<?xf32>
}

// Functions that are no kernels keep their results, declarations their types.
// CHECK-LABEL: func.func @host
func.func @host(%x: memref<4xf32>) -> memref<4xf32> {
  // CHECK: return %{{.*}} : memref<4xf32>
  return %x : memref<4xf32>
}
// CHECK: func.func private @declared(memref<4xf32>) -> memref<4xf32>
func.func private @declared(memref<4xf32>) -> memref<4xf32> attributes {orchestra.kernel}
