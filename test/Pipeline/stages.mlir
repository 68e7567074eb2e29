// Each stage can be run alone on what the one before it left.
// RUN: orchestra-opt %s --orchestra-stage-schedule=cpu=x86-64-v3 > %t.schedule
// RUN: FileCheck %s --check-prefix=SCHEDULE < %t.schedule
// RUN: orchestra-opt %t.schedule --orchestra-stage-optimize=cpu=x86-64-v3 > %t.optimize
// RUN: FileCheck %s --check-prefix=OPTIMIZE < %t.optimize
// RUN: orchestra-opt %t.optimize --orchestra-stage-structure=cpu=x86-64-v3 > %t.structure
// RUN: FileCheck %s --check-prefix=STRUCTURE < %t.structure

#id = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>

// SCHEDULE: orchestra.schedule
// SCHEDULE: orchestra.task {{.*}} target = {arch = "x86_64"
// SCHEDULE: linalg.matmul

// One elementwise op is left of two.
// OPTIMIZE: orchestra.task
// OPTIMIZE: linalg.matmul
// OPTIMIZE-COUNT-1: linalg.generic
// OPTIMIZE-NOT: linalg.generic

// The weight is packed at compile time, once for all runs; the host calls.
// STRUCTURE-LABEL: func.func @orchestra_fold() -> tensor<2x8x16xf32>
// STRUCTURE: orchestra.dispatch @orch_k_
// STRUCTURE-LABEL: func.func @main
// STRUCTURE: %[[W:.*]] = call @orchestra_fold()
// STRUCTURE: orchestra.dispatch @[[MATMUL:orch_k_[0-9a-f]*]]({{.*}}%[[W]]
// STRUCTURE-NOT: orchestra.dispatch
// STRUCTURE: func.func private @{{.*}} attributes {orchestra.kernel, orchestra.kind = "copy"}
// STRUCTURE: func.func private @[[MATMUL]]({{.*}}orchestra.kind = "contraction"
func.func @main(%x: tensor<4x8xf32> {orchestra.name = "x"}) -> (tensor<4x24xf32> {orchestra.name = "y"})
    attributes {orchestra.entry} {
  %w = arith.constant dense<"0x000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF000000000000803F0000004000004040000040C0000000C0000080BF"> : tensor<8x24xf32>
  %b = arith.constant dense<1.0> : tensor<24xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x24xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x24xf32>) -> tensor<4x24xf32>
  %m = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x24xf32>) outs(%f : tensor<4x24xf32>) -> tensor<4x24xf32>
  %a = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %b : tensor<4x24xf32>, tensor<24xf32>) outs(%e : tensor<4x24xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<4x24xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<4x24xf32>) outs(%e : tensor<4x24xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.maximumf %p, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<4x24xf32>
  return %r : tensor<4x24xf32>
}
