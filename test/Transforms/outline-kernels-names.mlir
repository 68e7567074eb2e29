// Names of kernels follow from content and salt alone: two runs agree, another
// salt gives another name.
// RUN: orchestra-opt %s --orchestra-outline-kernels > %t.first
// RUN: orchestra-opt %s --orchestra-outline-kernels > %t.second
// RUN: diff %t.first %t.second
// RUN: orchestra-opt %s --orchestra-outline-kernels=salt=other > %t.other
// RUN: not diff %t.first %t.other
// RUN: orchestra-opt %s --orchestra-outline-kernels --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC

// The call is located at all nodes of the kernel; the kernel itself nowhere, as
// it may serve others too.
// LOC-DAG: #[[EXP:loc[0-9]*]] = loc("/Exp")
// LOC-DAG: #[[NEG:loc[0-9]*]] = loc("/Neg")
// LOC-DAG: #[[CALL:loc[0-9]*]] = loc(fused[#[[EXP]], #[[NEG]]])
// LOC-DAG: orchestra.dispatch {{.*}} loc(#[[CALL]])
// LOC-DAG: #[[NOWHERE:loc[0-9]*]] = loc(unknown)
// LOC-DAG: math.exp %{{.*}} : f32 loc(#[[NOWHERE]])
// LOC-DAG: ^bb0(%{{.*}}: f32 loc(unknown), %{{.*}}: f32 loc(unknown)):
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = math.exp %p : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32> loc("/Exp")
  %b = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.negf %p : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32> loc("/Neg")
  return %b : tensor<4xf32>
}
