// From blocks to a commit: control flow is lifted, the function cut and placed,
// then the conditional speculated.
// RUN: orchestra-opt %s --lift-cf-to-scf --orchestra-partition --orchestra-schedule --divergence-to-speculation | FileCheck %s
// Without a machine there is nowhere to go.
// RUN: sed '/orchestra.device/d; /orchestra.link/d; /^orchestra.topology/d; /^} .. m$/d' %s | orchestra-opt --lift-cf-to-scf --orchestra-partition --divergence-to-speculation --remarks-filter=schedule 2>&1 | FileCheck %s --check-prefix=NOWHERE

// CHECK: orchestra.commit
// CHECK-NOT: cf.cond_br
// NOWHERE: [Missed] Speculation {{.*}}Reason="there is no topology to plan for"
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
} // m

func.func @main(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> attributes {orchestra.entry} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %empty = tensor.empty() : tensor<256x256xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
  %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
  %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
  %condition = arith.cmpf ogt, %first, %zero : f32
  cf.cond_br %condition, ^then, ^after(%x : tensor<256x256xf32>)
^then:
  %exp = linalg.exp ins(%x : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
  cf.br ^after(%exp : tensor<256x256xf32>)
^after(%chosen: tensor<256x256xf32>):
  return %chosen : tensor<256x256xf32>
}
