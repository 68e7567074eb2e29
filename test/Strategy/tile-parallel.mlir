// RUN: orchestra-opt %s --orchestra-apply-strategy=file=%S/Inputs/parallel.mlir --canonicalize --cse -split-input-file | FileCheck %s

// Rows are independent; sixteen of them are worth a thread's while.
// CHECK-LABEL: func.func private @rows
// CHECK: scf.forall (%[[I:.*]]) = (0) to (128) step (16)
// CHECK: tensor.extract_slice %arg0[%[[I]], 0] [16, 1024]
// CHECK: linalg_ext.scan axis(1)
// CHECK: } {orchestra.grain = 1 : i64}
func.func private @rows(%x: tensor<128x1024xf32>, %y: tensor<128x1024xf32>, %s: tensor<128xf32>) -> tensor<128x1024xf32>
    attributes {orchestra.kernel, orchestra.kind = "extended"} {
  %r:2 = linalg_ext.scan axis(1) ins(%x : tensor<128x1024xf32>) outs(%y, %s : tensor<128x1024xf32>, tensor<128xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg_ext.yield %c : f32
  } -> tensor<128x1024xf32>, tensor<128xf32>
  return %r#0 : tensor<128x1024xf32>
}

// -----

// Along an outer axis, columns are: whole runs of them.
// CHECK-LABEL: func.func private @columns
// CHECK: scf.forall (%[[I:.*]]) = (0) to (2048) step (512)
// CHECK: tensor.extract_slice %arg0[0, %{{.*}}] [1024, 512]
// CHECK: linalg_ext.scan axis(0)
func.func private @columns(%x: tensor<1024x2048xf32>, %y: tensor<1024x2048xf32>, %s: tensor<2048xf32>) -> tensor<1024x2048xf32>
    attributes {orchestra.kernel, orchestra.kind = "extended"} {
  %r:2 = linalg_ext.scan axis(0) ins(%x : tensor<1024x2048xf32>) outs(%y, %s : tensor<1024x2048xf32>, tensor<2048xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg_ext.yield %c : f32
  } -> tensor<1024x2048xf32>, tensor<2048xf32>
  return %r#0 : tensor<1024x2048xf32>
}

// -----

// Little work, or nothing to divide: no loop.
// CHECK-LABEL: func.func private @small
// CHECK-NOT: scf.forall
// CHECK-LABEL: func.func private @vector
// CHECK-NOT: scf.forall
func.func private @small(%x: tensor<8x100xf32>, %y: tensor<8x100xf32>, %s: tensor<8xf32>) -> tensor<8x100xf32>
    attributes {orchestra.kernel, orchestra.kind = "extended"} {
  %r:2 = linalg_ext.scan axis(1) ins(%x : tensor<8x100xf32>) outs(%y, %s : tensor<8x100xf32>, tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg_ext.yield %c : f32
  } -> tensor<8x100xf32>, tensor<8xf32>
  return %r#0 : tensor<8x100xf32>
}
func.func private @vector(%x: tensor<?xf32>, %y: tensor<?xf32>, %s: tensor<f32>) -> tensor<?xf32>
    attributes {orchestra.kernel, orchestra.kind = "extended"} {
  %r:2 = linalg_ext.scan axis(0) ins(%x : tensor<?xf32>) outs(%y, %s : tensor<?xf32>, tensor<f32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg_ext.yield %c : f32
  } -> tensor<?xf32>, tensor<f32>
  return %r#0 : tensor<?xf32>
}
