// What the planner cannot place is refused.
// RUN: orchestra-opt %s --orchestra-plan-memory -verify-diagnostics -split-input-file

// expected-error @+1 {{result 0 is no dense buffer}}
func.func @strided(%x: memref<4x4xf32, strided<[8, 1]>>) -> memref<4x4xf32, strided<[8, 1]>>
    attributes {orchestra.entry} {
  return %x : memref<4x4xf32, strided<[8, 1]>>
}

// -----

func.func private @k()

// A size that kernels compute is a whole number.
func.func @size_from_data(%x: memref<4xf32>) -> memref<4xf32>
    attributes {orchestra.entry} {
  %n = memref.alloc() : memref<f64>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%n : memref<f64>)
  // expected-error @+1 {{the size of a value depends on more than the inputs, which is not supported yet}}
  %read = memref.load %n[] : memref<f64>
  %whole = arith.fptosi %read : f64 to i64
  %size = arith.index_cast %whole : i64 to index
  %a = memref.alloc(%size) : memref<?xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<?xf32>)
  %y = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%a : memref<?xf32>) outs(%y : memref<4xf32>)
  return %y : memref<4xf32>
}

// -----

func.func private @k()

// Only a loop knows this size.
func.func @size_from_loop(%x: memref<4xf32>) -> memref<?xf32>
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %size = scf.for %i = %c0 to %c4 step %c1 iter_args(%n = %c0) -> index {
    %next = arith.addi %n, %i : index
    scf.yield %next : index
  }
  // expected-error @+1 {{the size of a value depends on more than the inputs, which is not supported yet}}
  %a = memref.alloc(%size) : memref<?xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<?xf32>)
  return %a : memref<?xf32>
}

// -----

memref.global "private" constant @external : memref<4xf32>

func.func @no_value() -> memref<4xf32> attributes {orchestra.entry} {
  // expected-error @+1 {{constant has no value}}
  %a = memref.get_global @external : memref<4xf32>
  return %a : memref<4xf32>
}

// -----

func.func private @k()

// A buffer made inside of a branch has a lifetime that is not planned.
func.func @nested(%c: i1, %x: memref<4xf32>) -> memref<4xf32> attributes {orchestra.entry} {
  %y = memref.alloc() : memref<4xf32>
  scf.if %c {
    // expected-error @+1 {{a buffer made within control flow cannot be placed yet}}
    %a = memref.alloc() : memref<4xf32>
    orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<4xf32>)
    orchestra.dispatch @k(%a : memref<4xf32>) outs(%y : memref<4xf32>)
  }
  return %y : memref<4xf32>
}

// -----

func.func private @k()

// A value that may be one buffer or another: its lifetime is not that of either.
func.func @either(%c: i1, %x: memref<4xf32>) -> memref<4xf32> attributes {orchestra.entry} {
  %a = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  // expected-error @+1 {{a choice between buffers cannot be placed yet}}
  %b = arith.select %c, %a, %x : memref<4xf32>
  %y = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%b : memref<4xf32>) outs(%y : memref<4xf32>)
  return %y : memref<4xf32>
}

// -----

func.func private @k()

// A condition that only a loop knows comes too late to refuse the inputs.
func.func @late_condition(%x: memref<4xf32>) -> memref<4xf32>
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %yes = arith.constant true
  %good = scf.for %i = %c0 to %c4 step %c1 iter_args(%n = %yes) -> i1 {
    %next = arith.cmpi ne, %i, %c4 : index
    scf.yield %next : i1
  }
  // expected-error @+1 {{a condition depends on more than the inputs, which is not supported yet}}
  cf.assert %good, "no good"
  %y = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  return %y : memref<4xf32>
}
