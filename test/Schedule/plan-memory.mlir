// Buffers of the host program become places in one arena.
// RUN: orchestra-opt %s --orchestra-plan-memory --canonicalize --cse -split-input-file | FileCheck %s

func.func private @k()

// The result's buffer is the caller's; the arena has one buffer of 256 bytes.
// CHECK-LABEL: func.func @orch_shapes
// CHECK-SAME:    (%{{.*}}: memref<64xf32>) -> (index, index)
// CHECK:         return %c256, %c64
// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%[[X:.*]]: memref<64xf32>, %[[Y:.*]]: memref<64xf32>{{.*}}, %[[ARENA:.*]]: memref<?xi8>, %{{.*}}: memref<?xi8>)
func.func @main(%x: memref<64xf32>) -> memref<64xf32> attributes {orchestra.entry} {
  // CHECK-NOT: memref.alloc
  // CHECK: %[[A:.*]] = memref.view %[[ARENA]][%c0][]
  // CHECK: orchestra.dispatch @k(%[[X]] : memref<64xf32>) outs(%[[A]]
  // CHECK: orchestra.dispatch @k(%[[A]] : memref<64xf32>) outs(%[[Y]]
  // CHECK: return{{$}}
  %a = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  %b = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%a : memref<64xf32>) outs(%b : memref<64xf32>)
  return %b : memref<64xf32>
}

// -----

func.func private @k()

// Of four buffers in a chain only neighbours live at once: two places suffice.
// CHECK-LABEL: func.func @orch_shapes
// CHECK:         return %c512,
// CHECK-LABEL: func.func @sharing
func.func @sharing(%x: memref<64xf32>) -> memref<64xf32> attributes {orchestra.entry} {
  // CHECK: %[[P:.*]] = memref.view %{{.*}}[%c0][]
  // CHECK: orchestra.dispatch @k(%{{.*}}) outs(%[[P]] : memref<64xf32>)
  // CHECK: %[[Q:.*]] = memref.view %{{.*}}[%c256][]
  // CHECK: orchestra.dispatch @k(%[[P]] : memref<64xf32>) outs(%[[Q]] : memref<64xf32>)
  // CHECK: orchestra.dispatch @k(%[[Q]] : memref<64xf32>) outs(%[[P]] : memref<64xf32>)
  // CHECK: orchestra.dispatch @k(%[[P]] : memref<64xf32>) outs(%[[Q]] : memref<64xf32>)
  // CHECK: orchestra.dispatch @k(%[[Q]] : memref<64xf32>) outs(%{{.*}} : memref<64xf32>)
  %a = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  %b = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%a : memref<64xf32>) outs(%b : memref<64xf32>)
  %c = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%b : memref<64xf32>) outs(%c : memref<64xf32>)
  %d = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%c : memref<64xf32>) outs(%d : memref<64xf32>)
  %y = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%d : memref<64xf32>) outs(%y : memref<64xf32>)
  return %y : memref<64xf32>
}

// -----

func.func private @k()

// A residual keeps its buffer alive beside two others, also through a view.
// CHECK-LABEL: func.func @orch_shapes
// CHECK:         return %c768,
// CHECK-LABEL: func.func @residual
func.func @residual(%x: memref<64xf32>) -> memref<64xf32> attributes {orchestra.entry} {
  %a = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  %view = memref.expand_shape %a [[0, 1]] output_shape [8, 8]
      : memref<64xf32> into memref<8x8xf32>
  %b = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%x : memref<64xf32>) outs(%b : memref<64xf32>)
  %c = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%b : memref<64xf32>) outs(%c : memref<64xf32>)
  %y = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%c, %view : memref<64xf32>, memref<8x8xf32>) outs(%y : memref<64xf32>)
  return %y : memref<64xf32>
}

// -----

func.func private @k()

// Sizes are rounded up to 64 bytes, so that every buffer is aligned.
// CHECK-LABEL: func.func @orch_shapes
// CHECK:         return %c128,
// CHECK-LABEL: func.func @alignment
func.func @alignment(%x: memref<3xf32>) -> memref<3xf32> attributes {orchestra.entry} {
  // CHECK-DAG: memref.view %{{.*}}[%c0][]
  // CHECK-DAG: memref.view %{{.*}}[%c64][]
  %a = memref.alloc() : memref<3xf32>
  orchestra.dispatch @k(%x : memref<3xf32>) outs(%a : memref<3xf32>)
  %b = memref.alloc() : memref<1xi8>
  orchestra.dispatch @k(%a : memref<3xf32>) outs(%b : memref<1xi8>)
  %y = memref.alloc() : memref<3xf32>
  orchestra.dispatch @k(%a, %b : memref<3xf32>, memref<1xi8>) outs(%y : memref<3xf32>)
  return %y : memref<3xf32>
}

// -----

func.func private @k()

// Buffers of dynamic size lie behind those of known size; sizes come from the
// inputs' dimensions, once, at the entry. Both share one slot.
// CHECK-LABEL: func.func @orch_shapes
// CHECK-SAME:    (%[[X:.*]]: memref<?x8xf32>) -> (index, index, index)
// CHECK:         %[[N:.*]] = memref.dim %[[X]], %c0
// CHECK:         %[[BYTES:.*]] = arith.muli %[[N]], %c32
// CHECK:         %[[MORE:.*]] = arith.addi %[[BYTES]], %c63
// CHECK:         %[[SLOT:.*]] = arith.andi %[[MORE]], %c-64
// CHECK:         return %{{.*}}, %[[N]], %c8
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: memref<?x8xf32>) -> memref<?x8xf32> attributes {orchestra.entry} {
  // CHECK-NOT: memref.alloc
  // CHECK: memref.view %{{.*}}[%[[AT:.*]]][%{{.*}}] : memref<?xi8> to memref<?x8xf32>
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  %s = memref.alloc() : memref<16xf32>
  orchestra.dispatch @k() outs(%s : memref<16xf32>)
  %a = memref.alloc(%n) : memref<?x8xf32>
  orchestra.dispatch @k(%x, %s : memref<?x8xf32>, memref<16xf32>) outs(%a : memref<?x8xf32>)
  %b = memref.alloc(%n) : memref<?x8xf32>
  orchestra.dispatch @k(%a : memref<?x8xf32>) outs(%b : memref<?x8xf32>)
  %c = memref.alloc(%n) : memref<?x8xf32>
  orchestra.dispatch @k(%b : memref<?x8xf32>) outs(%c : memref<?x8xf32>)
  %y = memref.alloc(%n) : memref<?x8xf32>
  orchestra.dispatch @k(%c : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
  return %y : memref<?x8xf32>
}

// -----

func.func private @k()

// A slot is as large as the largest of its buffers.
// CHECK-LABEL: func.func @orch_shapes
// CHECK:         arith.maxui
// CHECK-LABEL: func.func @slot_of_two_sizes
func.func @slot_of_two_sizes(%x: memref<?xf32>, %z: memref<?xf32>) -> memref<4xf32>
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %m = memref.dim %z, %c0 : memref<?xf32>
  %a = memref.alloc(%n) : memref<?xf32>
  orchestra.dispatch @k(%x : memref<?xf32>) outs(%a : memref<?xf32>)
  %s = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%a : memref<?xf32>) outs(%s : memref<4xf32>)
  %b = memref.alloc(%m) : memref<?xf32>
  orchestra.dispatch @k(%s : memref<4xf32>) outs(%b : memref<?xf32>)
  %y = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%b : memref<?xf32>) outs(%y : memref<4xf32>)
  return %y : memref<4xf32>
}

// -----

// An input that is a result is copied; the caller's buffers never alias.
// CHECK-LABEL: func.func @input_is_result
// CHECK-SAME:    (%[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>, %{{.*}}: memref<?xi8>, %{{.*}}: memref<?xi8>)
func.func @input_is_result(%x: memref<4xf32>) -> memref<4xf32> attributes {orchestra.entry} {
  // CHECK: memref.copy %[[X]], %[[Y]]
  return %x : memref<4xf32>
}

// -----

func.func private @k()

// One value given back twice: computed into one result, copied to the other.
// CHECK-LABEL: func.func @twice
// CHECK-SAME:    (%{{.*}}: memref<4xf32>, %[[Y0:.*]]: memref<4xf32>, %[[Y1:.*]]: memref<4xf32>, %{{.*}}: memref<?xi8>, %{{.*}}: memref<?xi8>)
func.func @twice(%x: memref<4xf32>) -> (memref<4xf32>, memref<4xf32>) attributes {orchestra.entry} {
  // CHECK: orchestra.dispatch @k(%{{.*}}) outs(%[[Y0]]
  // CHECK: memref.copy %[[Y0]], %[[Y1]]
  %a = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  return %a, %a : memref<4xf32>, memref<4xf32>
}

// -----

func.func private @k()

// A reshaped result is computed in the caller's buffer, seen in the kernel's
// shape.
// CHECK-LABEL: func.func @reshaped
// CHECK-SAME:    (%{{.*}}: memref<8xf32>, %[[Y:.*]]: memref<2x4xf32>
func.func @reshaped(%x: memref<8xf32>) -> memref<2x4xf32> attributes {orchestra.entry} {
  // CHECK: %[[FLAT:.*]] = memref.reinterpret_cast %[[Y]] to offset: [0], sizes: [8], strides: [1]
  // CHECK: orchestra.dispatch @k(%{{.*}}) outs(%[[FLAT]]
  // CHECK-NOT: memref.copy
  %a = memref.alloc() : memref<8xf32>
  orchestra.dispatch @k(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  %r = memref.expand_shape %a [[0, 1]] output_shape [2, 4] : memref<8xf32> into memref<2x4xf32>
  return %r : memref<2x4xf32>
}

// -----

// Constants are views of the weights: each once, aligned, listed on the module
// with its place.
// CHECK: module attributes {orchestra.weights = [
// CHECK-SAME: {offset = 0 : i64, size = 12 : i64, value = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>}
// CHECK-SAME: {offset = 64 : i64, size = 4 : i64, value = dense<7> : tensor<4xi8>}
// CHECK-SAME: orchestra.weights_size = 128 : i64
// CHECK-NOT: memref.global
memref.global "private" constant @a : memref<3xf32> = dense<[1.0, 2.0, 3.0]>
memref.global "private" constant @b : memref<4xi8> = dense<7>
memref.global "private" constant @unused : memref<4xi8> = dense<9>
func.func private @k()

// CHECK-LABEL: func.func @constants
// CHECK-SAME:    %[[WEIGHTS:[a-z0-9]*]]: memref<?xi8>)
func.func @constants() -> (memref<3xf32>, memref<3xf32>) attributes {orchestra.entry} {
  // CHECK-DAG: %[[A:.*]] = memref.view %[[WEIGHTS]][%c0][] : memref<?xi8> to memref<3xf32>
  // CHECK-DAG: %[[B:.*]] = memref.view %[[WEIGHTS]][%c64][] : memref<?xi8> to memref<4xi8>
  // CHECK: orchestra.dispatch @k(%[[A]], %[[B]], %[[A]]
  // CHECK: memref.copy %[[A]], %{{.*}}
  %a = memref.get_global @a : memref<3xf32>
  %b = memref.get_global @b : memref<4xi8>
  %again = memref.get_global @a : memref<3xf32>
  %y = memref.alloc() : memref<3xf32>
  orchestra.dispatch @k(%a, %b, %again : memref<3xf32>, memref<4xi8>, memref<3xf32>)
      outs(%y : memref<3xf32>)
  return %y, %again : memref<3xf32>, memref<3xf32>
}

// -----

func.func private @k()

// A buffer without elements still has a place of its own.
// CHECK-LABEL: func.func @no_elements
func.func @no_elements(%x: memref<4xf32>) -> memref<4xf32> attributes {orchestra.entry} {
  // CHECK-NOT: memref.alloc
  %a = memref.alloc() : memref<0x4xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<0x4xf32>)
  %y = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%a : memref<0x4xf32>) outs(%y : memref<4xf32>)
  return %y : memref<4xf32>
}

// -----

func.func private @k()

// An input may say a size: the shape function reads it, and tests the program's
// conditions on it.
// CHECK-LABEL: func.func @orch_shapes
// CHECK-SAME:    (%[[N:.*]]: memref<1xindex>, %{{.*}}: memref<4xf32>) -> (index, index)
// CHECK:         %[[SIZE:.*]] = memref.load %[[N]]
// CHECK:         %[[GOOD:.*]] = arith.cmpi sge, %[[SIZE]]
// CHECK:         cf.assert %[[GOOD]], "a size is negative"
// CHECK:         return %{{.*}}, %[[SIZE]] : index, index
// CHECK-LABEL: func.func @size_from_input
// CHECK-NOT:     cf.assert
func.func @size_from_input(%n: memref<1xindex>, %x: memref<4xf32>) -> memref<?xf32>
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %size = memref.load %n[%c0] : memref<1xindex>
  %good = arith.cmpi sge, %size, %c0 : index
  cf.assert %good, "a size is negative"
  %a = memref.alloc(%size) : memref<?xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<?xf32>)
  return %a : memref<?xf32>
}

// -----

func.func private @k()

// Packed elements have their own dimensions, not those of the bytes.
// CHECK-LABEL: func.func @orch_shapes
// CHECK-DAG:     %[[ROWS:.*]] = arith.constant 3 : index
// CHECK-DAG:     %[[COLUMNS:.*]] = arith.constant 5 : index
// CHECK:         return %{{.*}}, %[[ROWS]], %[[COLUMNS]] : index, index, index
func.func @packed(%x: memref<4xf32>)
    -> (memref<1x8xi8> {orchestra.packed_dims = array<i64: 3, 5>})
    attributes {orchestra.entry} {
  %a = memref.alloc() : memref<1x8xi8>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<1x8xi8>)
  return %a : memref<1x8xi8>
}

// -----

func.func private @k()

// A result seen in another shape: the kernel writes with its own strides, though
// both have one dynamic type.
// CHECK-LABEL: func.func @seen_otherwise
// CHECK-SAME:    %[[Y:[a-z0-9]*]]: memref<?x?xf32>, %{{[a-z0-9]*}}: memref<?xi8>, %{{[a-z0-9]*}}: memref<?xi8>)
// CHECK:         %[[OWN:.*]] = memref.reinterpret_cast %[[Y]]
// CHECK:         orchestra.dispatch @k({{.*}}) outs(%[[OWN]]
func.func @seen_otherwise(%x: memref<?x?xf32>) -> memref<?x?xf32>
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = memref.dim %x, %c0 : memref<?x?xf32>
  %n = memref.dim %x, %c1 : memref<?x?xf32>
  %a = memref.alloc(%m, %n) : memref<?x?xf32>
  orchestra.dispatch @k(%x : memref<?x?xf32>) outs(%a : memref<?x?xf32>)
  %flat = memref.collapse_shape %a [[0, 1]] : memref<?x?xf32> into memref<?xf32>
  %y = memref.expand_shape %flat [[0, 1]] output_shape [%n, %m]
      : memref<?xf32> into memref<?x?xf32>
  return %y : memref<?x?xf32>
}
