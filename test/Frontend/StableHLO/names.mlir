// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Names of inputs and of their dimensions come with the function; sizes of named
// dimensions can be fixed. A function without an op is a model as well.
// RUN: orchestra compile %s --stop-after=ingest --emit=mlir | FileCheck %s
// RUN: orchestra compile %s --stop-after=ingest --emit=mlir --dim batch=4 | FileCheck %s --check-prefix=FIXED
// RUN: not orchestra compile %s --stop-after=ingest --emit=mlir --dim width=4 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// CHECK: func.func @main(%{{.*}}: tensor<?x3xf32> {orchestra.dim_names = ["batch", ""], orchestra.name = "image"})
// FIXED: func.func @main(%{{.*}}: tensor<4x3xf32> {{.*}}) -> (tensor<4x3xf32>
// UNKNOWN: error: no input has a dimension named 'width' [unknown-dimension]
func.func public @main(%x: tensor<?x3xf32> {orchestra.dim_names = ["batch", ""], orchestra.name = "image"}) -> tensor<?x3xf32> {
  return %x : tensor<?x3xf32>
}
