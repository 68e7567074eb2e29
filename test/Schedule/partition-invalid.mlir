// RUN: orchestra-opt %s --orchestra-partition -verify-diagnostics

// expected-error @+1 {{control flow between blocks must be lifted to scf first}}
func.func @main(%x: f32) -> f32 attributes {orchestra.entry} {
  cf.br ^bb1
^bb1:
  return %x : f32
}
