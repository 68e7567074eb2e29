// RUN: orchestra-opt %s --orchestra-cpu-host-entry -verify-diagnostics -split-input-file

// expected-error @+1 {{needs an entry function with planned memory}}
module {
  func.func @main(%x: memref<4xf32>) {
    return
  }
}

// -----

// expected-error @+1 {{needs an entry function with planned memory}}
module {
  func.func @main(%x: memref<4xf32>) attributes {orchestra.entry} {
    return
  }
}
