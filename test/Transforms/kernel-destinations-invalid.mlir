// RUN: orchestra-opt %s --orchestra-kernel-destinations -verify-diagnostics

// expected-error @+1 {{kernel has control flow between blocks}}
func.func private @blocks(%y: memref<4xf32>) -> memref<4xf32> attributes {orchestra.kernel} {
  cf.br ^bb1
^bb1:
  return %y : memref<4xf32>
}
