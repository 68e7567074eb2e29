// RUN: orchestra-opt %s --orchestra-cpu-to-llvm --reconcile-unrealized-casts -split-input-file | FileCheck %s

// A parallel call: captures go through a structure on the stack to a thunk of
// the type that the host API's parallel_for (at byte 8 of the table) takes.
// CHECK-LABEL: llvm.func internal @body(
// CHECK-LABEL: llvm.func @kernel(
// CHECK-SAME:    %[[EXEC:[a-z0-9]*]]: !llvm.ptr,
// CHECK:         %[[ENV:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>, f32)>
// CHECK:         llvm.getelementptr %[[ENV]][0, 0]
// CHECK:         llvm.store
// CHECK:         llvm.getelementptr %[[ENV]][0, 1]
// CHECK:         llvm.store
// CHECK:         %[[API:.*]] = llvm.load %[[EXEC]]
// CHECK:         %[[SLOT:.*]] = llvm.getelementptr %[[API]][8] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:         %[[FOR:.*]] = llvm.load %[[SLOT]]
// CHECK:         %[[GRAIN:.*]] = llvm.mlir.constant(5 : i64)
// CHECK:         %[[THUNK:.*]] = llvm.mlir.addressof @body_thunk
// CHECK:         llvm.call %[[FOR]](%[[EXEC]], %{{.*}}, %[[GRAIN]], %[[THUNK]], %[[ENV]]) : !llvm.ptr, (!llvm.ptr, i64, i64, !llvm.ptr, !llvm.ptr) -> ()
// CHECK:       llvm.func internal @body_thunk(%[[EXEC:[a-z0-9]*]]: !llvm.ptr, %[[ENV:[a-z0-9]*]]: !llvm.ptr, %[[BEGIN:[a-z0-9]*]]: i64, %[[END:[a-z0-9]*]]: i64)
// CHECK:         llvm.getelementptr %[[ENV]][0, 0]
// CHECK:         llvm.getelementptr %[[ENV]][0, 1]
// CHECK:         llvm.call @body(%[[EXEC]], %[[BEGIN]], %[[END]],
func.func private @body(%exec: !llvm.ptr, %begin: index, %end: index, %x: memref<8xf32>, %v: f32)
    attributes {llvm.linkage = #llvm.linkage<internal>} {
  memref.store %v, %x[%begin] : memref<8xf32>
  return
}
func.func @kernel(%exec: !llvm.ptr, %x: memref<8xf32>, %v: f32) attributes {orchestra.kernel} {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  func.call @body(%exec, %c0, %c8, %x, %v) {orchestra.parallel, orchestra.grain = 5 : i64}
      : (!llvm.ptr, index, index, memref<8xf32>, f32) -> ()
  return
}

// -----

// Other calls are calls.
// CHECK-LABEL: llvm.func @caller
// CHECK:         llvm.call @callee(%{{.*}}) : (!llvm.ptr) -> ()
func.func private @callee(!llvm.ptr)
func.func @caller(%exec: !llvm.ptr) {
  func.call @callee(%exec) : (!llvm.ptr) -> ()
  return
}

// -----

// A kernel's buffers do not overlap; nor do those that a parallel body gets,
// unless two of them are views of one. The host's functions promise nothing.
// CHECK-LABEL: llvm.func internal @apart(
// CHECK-SAME:    %{{[a-z0-9]*}}: !llvm.ptr, %{{[a-z0-9]*}}: i64, %{{[a-z0-9]*}}: i64, %{{[a-z0-9]*}}: !llvm.ptr, %{{[a-z0-9]*}}: !llvm.ptr {llvm.noalias}, %{{.*}} !llvm.ptr {llvm.noalias},
// CHECK-LABEL: llvm.func internal @together(
// CHECK-NOT:     llvm.noalias
// CHECK-LABEL: llvm.func @kernel(
// CHECK-SAME:    %{{[a-z0-9]*}}: !llvm.ptr, %{{[a-z0-9]*}}: !llvm.ptr, %{{[a-z0-9]*}}: !llvm.ptr {llvm.noalias}, %{{.*}} !llvm.ptr {llvm.noalias},
// CHECK-LABEL: llvm.func @host(
// CHECK-NOT:     llvm.noalias
func.func private @apart(%exec: !llvm.ptr, %begin: index, %end: index, %x: memref<8xf32>, %y: memref<8xf32>)
    attributes {llvm.linkage = #llvm.linkage<internal>} {
  return
}
func.func private @together(%exec: !llvm.ptr, %begin: index, %end: index, %x: memref<8xf32>, %y: memref<2x4xf32>)
    attributes {llvm.linkage = #llvm.linkage<internal>} {
  return
}
func.func @kernel(%exec: !llvm.ptr, %x: memref<8xf32>, %y: memref<8xf32>) attributes {orchestra.kernel} {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %v = memref.reinterpret_cast %x to offset: [0], sizes: [2, 4], strides: [4, 1] : memref<8xf32> to memref<2x4xf32>
  func.call @apart(%exec, %c0, %c8, %x, %y) {orchestra.parallel, orchestra.grain = 1 : i64}
      : (!llvm.ptr, index, index, memref<8xf32>, memref<8xf32>) -> ()
  func.call @together(%exec, %c0, %c8, %x, %v) {orchestra.parallel, orchestra.grain = 1 : i64}
      : (!llvm.ptr, index, index, memref<8xf32>, memref<2x4xf32>) -> ()
  return
}
func.func @host(%x: memref<8xf32>) {
  return
}

// -----

// Masks of ragged columns, of known and of unknown size.
// CHECK-LABEL: llvm.func @masks
// CHECK-NOT:     vector.
// CHECK:         llvm.intr.masked.load
// CHECK:         llvm.intr.masked.store
func.func @masks(%x: memref<32xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %known = vector.create_mask %c3 : vector<16xi1>
  %constant = vector.constant_mask [5] : vector<16xi1>
  %both = arith.andi %known, %constant : vector<16xi1>
  %left = vector.create_mask %n : vector<16xi1>
  %v = vector.maskedload %x[%c0], %left, %zero : memref<32xf32>, vector<16xi1>, vector<16xf32> into vector<16xf32>
  vector.maskedstore %x[%c0], %both, %v : memref<32xf32>, vector<16xi1>, vector<16xf32>
  return
}

// -----

// Functions are intrinsics where LLVM has them: it can vectorise those. Others
// are calls of libm; rsqrt is neither.
// CHECK-LABEL: llvm.func @functions
// CHECK:         llvm.intr.sqrt
// CHECK:         llvm.intr.exp
// CHECK:         llvm.intr.floor
// CHECK:         llvm.intr.sqrt
// CHECK:         llvm.fdiv
// CHECK:         llvm.call @erf(
func.func @functions(%x: f32, %y: f64) -> (f32, f32, f32, f32, f64) {
  %0 = math.sqrt %x : f32
  %1 = math.exp %x : f32
  %2 = math.floor %x : f32
  %3 = math.rsqrt %x : f32
  %4 = math.erf %y : f64
  return %0, %1, %2, %3, %4 : f32, f32, f32, f32, f64
}
