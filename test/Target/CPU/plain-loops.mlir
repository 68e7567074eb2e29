// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-cpu-plain-loops))' | FileCheck %s

// CHECK-LABEL: func.func @matmul
// CHECK-COUNT-3: scf.for
// CHECK:         arith.mulf %{{.*}}, %{{.*}} fastmath<reassoc,contract>
// CHECK:         arith.addf %{{.*}}, %{{.*}} fastmath<reassoc,contract>
// CHECK-NOT:     linalg
func.func @matmul(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  return
}

// Elementwise arithmetic keeps its order: results are those of IEEE 754.
// CHECK-LABEL: func.func @elementwise
// CHECK-NOT:     fastmath
// CHECK:         return
func.func @elementwise(%a: memref<8xf32>, %c: memref<8xf32>) {
  linalg.add ins(%a, %a : memref<8xf32>, memref<8xf32>) outs(%c : memref<8xf32>)
  return
}

// A maximum is not reassociated: there is nothing to gain, and NaN to lose.
// CHECK-LABEL: func.func @maximum
// CHECK:         arith.maximumf %{{[^ ]*}}, %{{[^ ]*}} : f32
func.func @maximum(%x: memref<4x8xf32>, %y: memref<4xf32>) {
  linalg.reduce { arith.maximumf } ins(%x : memref<4x8xf32>) outs(%y : memref<4xf32>) dimensions = [1]
  return
}

// Functions of single precision are polynomials that loops can be vectorised
// with; sine and cosine of large arguments would be wrong, and stay.
// CHECK-LABEL: func.func @functions
// CHECK-NOT:     math.exp
// CHECK-NOT:     math.tanh
// CHECK-NOT:     math.erf
// CHECK-NOT:     math.log
// CHECK:         math.sin %{{.*}} : f32
// CHECK:         math.cos %{{.*}} : f32
// CHECK:         math.exp %{{.*}} : f64
func.func @functions(%x: memref<8xf32>, %y: memref<8xf32>, %z: memref<8xf64>) {
  linalg.exp ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  linalg.tanh ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  linalg.erf ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  linalg.log ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  linalg.map { math.sin } ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  linalg.map { math.cos } ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  linalg.exp ins(%z : memref<8xf64>) outs(%z : memref<8xf64>)
  return
}

// A copy is a loop nest of its own, in any layout.
// CHECK-LABEL: func.func @copy
// CHECK-COUNT-2: scf.for
// CHECK:         memref.load %{{.*}} : memref<4x8xf32, strided<[16, 2]>>
// CHECK:         memref.store %{{.*}} : memref<4x8xf32>
// CHECK-NOT:     memref.copy
func.func @copy(%x: memref<4x8xf32, strided<[16, 2]>>, %y: memref<4x8xf32>) {
  memref.copy %x, %y : memref<4x8xf32, strided<[16, 2]>> to memref<4x8xf32>
  return
}

// A copy of a buffer to itself is nothing.
// CHECK-LABEL: func.func @self_copy
// CHECK-NEXT:    return
func.func @self_copy(%x: memref<4x8xf32>) {
  memref.copy %x, %x : memref<4x8xf32> to memref<4x8xf32>
  return
}

// Accesses go to the buffer itself, past its slices.
// CHECK-LABEL: func.func @slice
// CHECK-SAME:    (%[[X:.*]]: memref<16xf32>, %[[Y:.*]]: memref<4xf32>)
// CHECK:         memref.load %[[X]]
func.func @slice(%x: memref<16xf32>, %y: memref<4xf32>) {
  %s = memref.subview %x[8] [4] [1] : memref<16xf32> to memref<4xf32, strided<[1], offset: 8>>
  linalg.exp ins(%s : memref<4xf32, strided<[1], offset: 8>>) outs(%y : memref<4xf32>)
  return
}

// No dimensions, no loops.
// CHECK-LABEL: func.func @scalar
// CHECK-NOT:     scf.for
// CHECK:         arith.negf
func.func @scalar(%x: memref<f32>, %y: memref<f32>) {
  linalg.negf ins(%x : memref<f32>) outs(%y : memref<f32>)
  return
}

// What a kernel copies is divided among threads by its first dimension of more
// than one slice: a slice of 64 x 32 is a quarter of what is worth a thread.
// CHECK-LABEL: func.func @divided_copy
// CHECK:         scf.forall (%[[I:.*]]) in (20)
// CHECK:           scf.for
// CHECK:           memref.load
// CHECK:           memref.store
// CHECK:         } {orchestra.grain = 4 : i64}
func.func @divided_copy(%x: memref<1x20x64x32xf32>, %y: memref<1x20x64x32xf32>) attributes {orchestra.kernel} {
  memref.copy %x, %y : memref<1x20x64x32xf32> to memref<1x20x64x32xf32>
  return
}

// A small one is not, nor one of the host program.
// CHECK-LABEL: func.func @small_copy
// CHECK-NOT:     scf.forall
func.func @small_copy(%x: memref<8x64xf32>, %y: memref<8x64xf32>) attributes {orchestra.kernel} {
  memref.copy %x, %y : memref<8x64xf32> to memref<8x64xf32>
  return
}

// CHECK-LABEL: func.func @host_copy
// CHECK-NOT:     scf.forall
func.func @host_copy(%x: memref<20x64x32xf32>, %y: memref<20x64x32xf32>) {
  memref.copy %x, %y : memref<20x64x32xf32> to memref<20x64x32xf32>
  return
}
