// What the planner cannot place is refused.
// RUN: orchestra-opt %s --orchestra-plan-memory -verify-diagnostics -split-input-file

// expected-error @+1 {{result 0 is no dense buffer}}
func.func @strided(%x: memref<4x4xf32, strided<[8, 1]>>) -> memref<4x4xf32, strided<[8, 1]>>
    attributes {orchestra.entry} {
  return %x : memref<4x4xf32, strided<[8, 1]>>
}

// -----

func.func private @k()

// A kernel computes the size: known only while the model runs.
func.func @size_from_data(%x: memref<4xf32>) -> memref<4xf32>
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %n = memref.alloc() : memref<1xi64>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%n : memref<1xi64>)
  %read = memref.load %n[%c0] : memref<1xi64>
  %size = arith.index_cast %read : i64 to index
  // expected-error @+1 {{the size of a value depends on more than the inputs, which is not supported yet}}
  %a = memref.alloc(%size) : memref<?xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%a : memref<?xf32>)
  %y = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%a : memref<?xf32>) outs(%y : memref<4xf32>)
  return %y : memref<4xf32>
}

// -----

func.func private @k()

// So it is where the value is a result: its buffer cannot be given in advance.
func.func @result_size_from_data(%x: memref<4xf32>) -> memref<?xf32>
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %n = memref.alloc() : memref<1xi64>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%n : memref<1xi64>)
  %read = memref.load %n[%c0] : memref<1xi64>
  %size = arith.index_cast %read : i64 to index
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

// A condition on what a kernel computes comes too late to refuse the inputs.
func.func @late_condition(%x: memref<4xf32>) -> memref<4xf32>
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %n = memref.alloc() : memref<1xi1>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%n : memref<1xi1>)
  %good = memref.load %n[%c0] : memref<1xi1>
  // expected-error @+1 {{a condition depends on more than the inputs, which is not supported yet}}
  cf.assert %good, "no good"
  %y = memref.alloc() : memref<4xf32>
  orchestra.dispatch @k(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  return %y : memref<4xf32>
}
