// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-cpu-stack-buffers{max-bytes=4096 max-total-bytes=4096}))' | FileCheck %s

// A tile lies on the stack, once, whatever loop it is made in.
// CHECK-LABEL: func.func @tile
// CHECK:         %[[FLAT:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128xf32>
// CHECK:         scf.for
// CHECK:           %[[A:.*]] = memref.reinterpret_cast %[[FLAT]] to offset: [0], sizes: [4, 32], strides: [32, 1]
// CHECK:           linalg.exp {{.*}} outs(%[[A]]
// CHECK-NOT:     memref.alloc()
func.func @tile(%n: index, %x: memref<4x32xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloc() : memref<4x32xf32>
    linalg.exp ins(%x : memref<4x32xf32>) outs(%a : memref<4x32xf32>)
  }
  return
}

// A dynamic size with a bound takes as much as it could need.
// CHECK-LABEL: func.func @bounded
// CHECK:         memref.alloca() {alignment = 64 : i64} : memref<14xf32>
// CHECK:         %[[N:.*]] = affine.min
// CHECK:         memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%[[N]]], strides: [1]
func.func @bounded(%i: index, %x: memref<?xf32>) {
  %n = affine.min affine_map<(d0) -> (-d0 + 100, 14)>(%i)
  %a = memref.alloc(%n) : memref<?xf32>
  memref.copy %x, %a : memref<?xf32> to memref<?xf32>
  return
}

// Two dynamic dimensions: the shape's strides follow the sizes.
// CHECK-LABEL: func.func @bounded_twice
// CHECK:         memref.alloca() {alignment = 64 : i64} : memref<96xf32>
// CHECK:         memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%{{.*}}, %[[M:.*]]], strides: [%[[M]], 1]
func.func @bounded_twice(%i: index, %x: memref<?x?xf32>) {
  %n = affine.min affine_map<(d0) -> (-d0 + 100, 12)>(%i)
  %m = affine.min affine_map<(d0) -> (-d0 + 100, 8)>(%i)
  %a = memref.alloc(%n, %m) : memref<?x?xf32>
  memref.copy %x, %a : memref<?x?xf32> to memref<?x?xf32>
  return
}

// Too large for the stack: from the heap, and back to it at the block's end.
// CHECK-LABEL: func.func @large
// CHECK:         %[[A:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1025xf32>
// CHECK:         linalg.exp
// CHECK:         memref.dealloc %[[A]]
// CHECK-NEXT:    return
func.func @large(%x: memref<1025xf32>) {
  %a = memref.alloc() : memref<1025xf32>
  linalg.exp ins(%x : memref<1025xf32>) outs(%a : memref<1025xf32>)
  return
}

// The limit itself still fits.
// CHECK-LABEL: func.func @at_the_limit
// CHECK:         memref.alloca() {alignment = 64 : i64} : memref<1024xf32>
func.func @at_the_limit(%x: memref<1024xf32>) {
  %a = memref.alloc() : memref<1024xf32>
  linalg.exp ins(%x : memref<1024xf32>) outs(%a : memref<1024xf32>)
  return
}

// No bound is known: taken once a call where the size is, not once a step.
// CHECK-LABEL: func.func @unbounded
// CHECK:         %[[A:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xf32>
// CHECK:         scf.for
// CHECK-NOT:       memref.alloc
// CHECK:         }
// CHECK-NEXT:    memref.dealloc %[[A]]
func.func @unbounded(%n: index, %x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloc(%n) : memref<?xf32>
    memref.copy %x, %a : memref<?xf32> to memref<?xf32>
  }
  return
}

// Together they stay within the limit: what comes after it is from the heap.
// CHECK-LABEL: func.func @many
// CHECK-COUNT-2: memref.alloca() {{.*}} : memref<512xf32>
// CHECK-NOT:     memref.alloca
// CHECK:         memref.alloc() {{.*}} : memref<512xf32>
func.func @many(%x: memref<512xf32>) {
  %a = memref.alloc() : memref<512xf32>
  linalg.exp ins(%x : memref<512xf32>) outs(%a : memref<512xf32>)
  %b = memref.alloc() : memref<512xf32>
  linalg.exp ins(%a : memref<512xf32>) outs(%b : memref<512xf32>)
  %c = memref.alloc() : memref<512xf32>
  linalg.exp ins(%b : memref<512xf32>) outs(%c : memref<512xf32>)
  return
}

// Empty buffers have an address too.
// CHECK-LABEL: func.func @no_elements
// CHECK:         memref.alloca() {{.*}} : memref<1xf32>
func.func @no_elements(%x: memref<0xf32>) {
  %a = memref.alloc() : memref<0xf32>
  linalg.exp ins(%x : memref<0xf32>) outs(%a : memref<0xf32>)
  return
}
