// RUN: orchestra-opt %s --orchestra-cpu-parallel-loops -split-input-file | FileCheck %s

// The loop's body becomes a function of a slice of its iterations; the kernel
// gets the execution state and calls it for all of them.
// CHECK-LABEL: func.func private @kernel_body0
// CHECK-SAME:    (%[[EXEC:.*]]: !llvm.ptr, %[[BEGIN:.*]]: index, %[[END:.*]]: index, %[[X:.*]]: memref<8xf32>, %[[Y:.*]]: memref<8xf32>)
// CHECK-SAME:    llvm.linkage = #llvm.linkage<internal>
// CHECK:         scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step %{{.*}} iter_args(%[[I:.*]] = %[[BEGIN]])
// CHECK:           memref.load %[[X]]
// CHECK:           memref.store %{{.*}}, %[[Y]]
// CHECK-LABEL: func.func private @kernel(
// CHECK-SAME:    %[[EXEC:.*]]: !llvm.ptr, %[[X:.*]]: memref<8xf32>, %[[Y:.*]]: memref<8xf32>)
// CHECK:         call @kernel_body0(%[[EXEC]], %{{.*}}, %{{.*}}, %[[X]], %[[Y]]) {orchestra.grain = 5 : i64, orchestra.parallel}
// CHECK-NOT:     scf.forall
func.func private @kernel(%x: memref<8xf32>, %y: memref<8xf32>) attributes {orchestra.kernel} {
  scf.forall (%i) in (8) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %y[%i] : memref<8xf32>
  } {orchestra.grain = 5 : i64}
  return
}

// -----

// Two dimensions: the slice's first iteration is divided once, then counters
// step, the last one fastest. Steps scale them; the grain is 1 unless said.
// CHECK-LABEL: func.func private @kernel_body0
// CHECK-SAME:    %[[BEGIN:[a-z0-9]*]]: index, %[[END:[a-z0-9]*]]: index, %[[Y:[a-z0-9]*]]: memref<40x60xf32>
// CHECK:         %[[FAST:.*]] = arith.remui %[[BEGIN]], %[[THREE:.*]] :
// CHECK:         %[[SLOW:.*]] = arith.divui %[[BEGIN]], %[[THREE]]
// CHECK:         scf.for {{.*}} iter_args(%[[I:.*]] = %[[SLOW]], %[[J:.*]] = %[[FAST]])
// CHECK:           %[[ROW:.*]] = arith.muli %[[I]], %{{.*}}
// CHECK:           %[[COL:.*]] = arith.muli %[[J]], %{{.*}}
// CHECK:           memref.store %{{.*}}, %[[Y]][%{{.*}}, %{{.*}}]
// CHECK:           arith.cmpi eq
// CHECK:           scf.yield
// CHECK:         orchestra.grain = 1 : i64
func.func private @kernel(%y: memref<40x60xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i, %j) = (0, 0) to (40, 60) step (10, 20) {
    memref.store %zero, %y[%i, %j] : memref<40x60xf32>
  }
  return
}

// -----

// With a loop order the first dimension is fastest.
// CHECK-LABEL: func.func private @kernel_body0
// CHECK-SAME:    %[[BEGIN:[a-z0-9]*]]: index, %[[END:[a-z0-9]*]]: index
// CHECK:         %[[FIRST:.*]] = arith.remui %[[BEGIN]]
// CHECK:         %[[SECOND:.*]] = arith.divui %[[BEGIN]]
// CHECK:         scf.for {{.*}} iter_args(%{{.*}} = %[[SECOND]], %{{.*}} = %[[FIRST]])
func.func private @kernel(%y: memref<4x6xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i, %j) in (4, 6) {
    memref.store %zero, %y[%i, %j] : memref<4x6xf32>
  } {orchestra.loop_order = array<i64: 1, 0>}
  return
}

// -----

// Only the fastest dimension is divided among threads: each walks all of the
// slower one, and its part of the fast one in it.
// CHECK-LABEL: func.func private @kernel_body0
// CHECK-SAME:    %[[BEGIN:[a-z0-9]*]]: index, %[[END:[a-z0-9]*]]: index, %[[Y:[a-z0-9]*]]: memref<4x6xf32>
// CHECK:         scf.for %[[J:.*]] = %{{.*}} to %{{.*}} step
// CHECK:           scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step %{{.*}} iter_args(%[[I:.*]] = %[[BEGIN]])
// CHECK:             memref.store %{{.*}}, %[[Y]]
// CHECK-LABEL: func.func private @kernel(
// CHECK:         call @kernel_body0(%{{.*}}, %{{.*}}, %c4{{[_0-9]*}}, %{{.*}}) {orchestra.grain = 2 : i64
func.func private @kernel(%y: memref<4x6xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i, %j) in (4, 6) {
    memref.store %zero, %y[%i, %j] : memref<4x6xf32>
  } {orchestra.grain = 2 : i64, orchestra.loop_order = array<i64: 1, 0>, orchestra.split_dims = 1 : i64}
  return
}

// -----

// An order of other dimensions than there are (a loop of one iteration was
// folded after the strategy) is the written order.
// CHECK-LABEL: func.func private @kernel_body0
// CHECK:         scf.for
func.func private @kernel(%y: memref<6xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (6) {
    memref.store %zero, %y[%i] : memref<6xf32>
  } {orchestra.loop_order = array<i64: 1, 0>}
  return
}

// -----

// Dynamic bounds: the number of iterations is computed once, before the call.
// CHECK-LABEL: func.func private @kernel_body0
// CHECK-SAME:    (%{{.*}}: !llvm.ptr, %{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<?xf32>, %{{.*}}: index
// CHECK-LABEL: func.func private @kernel(
// CHECK:         %[[N:.*]] = memref.dim
// CHECK:         %[[COUNT:.*]] = affine.apply #{{.*}}()[%[[N]]]
// CHECK:         call @kernel_body0(%{{.*}}, %{{.*}}, %[[COUNT]],
func.func private @kernel(%y: memref<?xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = memref.dim %y, %c0 : memref<?xf32>
  scf.forall (%i) = (0) to (%n) step (16) {
    memref.store %zero, %y[%i] : memref<?xf32>
  }
  return
}

// -----

// Constants are made again in the body; other values are captured.
// CHECK-LABEL: func.func private @kernel_body0
// CHECK-SAME:    (%{{.*}}: !llvm.ptr, %{{.*}}: index, %{{.*}}: index, %[[V:.*]]: f32, %{{.*}}: memref<8xf32>)
// CHECK:         %[[TWO:.*]] = arith.constant 2.0
// CHECK:         arith.mulf %[[V]], %[[TWO]]
func.func private @kernel(%x: memref<1xf32>, %y: memref<8xf32>) attributes {orchestra.kernel} {
  %two = arith.constant 2.0 : f32
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<1xf32>
  scf.forall (%i) in (8) {
    %w = arith.mulf %v, %two : f32
    memref.store %w, %y[%i] : memref<8xf32>
  }
  return
}

// -----

// A parallel loop inside of another runs on the thread that meets it, as does
// one inside of a sequential loop. Two outer loops are two functions.
// CHECK-LABEL: func.func private @kernel_body0
// CHECK-COUNT-2: scf.for
// CHECK-NOT:     scf.for
// CHECK-LABEL: func.func private @kernel_body1
// CHECK-LABEL: func.func private @kernel(
// CHECK:         call @kernel_body0
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:         call @kernel_body1
// CHECK-NOT:     scf.forall
func.func private @kernel(%y: memref<4x8xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.forall (%i) in (4) {
    scf.forall (%j) in (8) {
      memref.store %zero, %y[%i, %j] : memref<4x8xf32>
    }
  }
  scf.for %i = %c0 to %c4 step %c1 {
    scf.forall (%j) in (8) {
      memref.store %zero, %y[%i, %j] : memref<4x8xf32>
    }
  }
  scf.forall (%i) in (4) {
    memref.store %zero, %y[%i, %c0] : memref<4x8xf32>
  }
  return
}

// -----

// A kernel without loops has the state all the same; a function that is no
// kernel has not.
// CHECK-LABEL: func.func private @kernel(%{{.*}}: !llvm.ptr, %{{.*}}: memref<8xf32>)
// CHECK-LABEL: func.func @host(%{{.*}}: memref<8xf32>)
func.func private @kernel(%y: memref<8xf32>) attributes {orchestra.kernel} {
  return
}
func.func @host(%y: memref<8xf32>) {
  return
}
