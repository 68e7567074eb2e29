// RUN: orchestra-opt %s --orchestra-outline-kernels -verify-diagnostics

// expected-error @+1 {{control flow between blocks must be lifted to scf before kernels are outlined}}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^bb1
^bb1:
  return %x : tensor<4xf32>
}
