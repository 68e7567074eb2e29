// The host program becomes the two functions of an artefact.
// RUN: orchestra-opt %s --orchestra-host-pipeline | FileCheck %s

// CHECK: orchestra.weights = [{offset = 0 : i64, size = 8 : i64,
// CHECK-NOT: unrealized_conversion_cast
// CHECK-DAG: llvm.func @orch_k_1(
// CHECK-DAG: llvm.func @orch_run(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CHECK-DAG: llvm.func @orch_resolve(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CHECK-NOT: @malloc
func.func private @orch_k_1()
func.func @main(%x: tensor<?x2xf32> {orchestra.name = "x"}) -> (tensor<?x2xf32> {orchestra.name = "y"})
    attributes {orchestra.entry} {
  %c0 = arith.constant 0 : index
  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %n = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %a = orchestra.dispatch @orch_k_1(%x, %w : tensor<?x2xf32>, tensor<2xf32>) outs(%e : tensor<?x2xf32>) -> (tensor<?x2xf32>)
  %b = orchestra.dispatch @orch_k_1(%a, %w : tensor<?x2xf32>, tensor<2xf32>) outs(%e : tensor<?x2xf32>) -> (tensor<?x2xf32>)
  return %b : tensor<?x2xf32>
}
