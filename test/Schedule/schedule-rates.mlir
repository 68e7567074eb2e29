// Measured rates of kernels make estimates: of a product with what follows it,
// of a softmax behind that, of a transpose.
// RUN: orchestra-opt %s --orchestra-partition --orchestra-schedule="place=product=cpu0" | FileCheck %s

#map = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// 2 * 512^3 at 1e11 is 2684 us, 1 MB in and 1 MB out at 2e10 is 105 us, and 1 MB
// of constants 52 us; the softmax moves 2 MB at 2e10, 105 us, and there are 512^2
// exps and as many divisions at 1e9, 524 us. In all 3471 us.
// CHECK: orchestra.task {{.*}}device_id = 0{{.*}}orchestra.estimate = array<f64: 0.000000e+00, 0.0034707
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}, kernel_rates = {matmul = [[1.0, 1.0e11]], convolution = [[1.0, 1.0e11]], window = [[1.0, 1.0e10]], rows = [[1.0, 2.0e10]], elementwise = [[1.0, 2.0e10]], copy = [[1.0, 1.0e10]], read = [[1.0, 2.0e10]], math = [[1.0, 1.0e9]]}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

func.func @main(%x: tensor<512x512xf32>) -> tensor<512x512xf32> attributes {orchestra.entry} {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense_resource<w> : tensor<512x512xf32>
  %e = tensor.empty() : tensor<512x512xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<512x512xf32>) -> tensor<512x512xf32>
  %p = linalg.matmul ins(%x, %w : tensor<512x512xf32>, tensor<512x512xf32>) outs(%f : tensor<512x512xf32>) -> tensor<512x512xf32> loc("product")
  %n = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<512x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } -> tensor<512x512xf32>
  %re = tensor.empty() : tensor<512xf32>
  %rf = linalg.fill ins(%zero : f32) outs(%re : tensor<512xf32>) -> tensor<512xf32>
  %x1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%n : tensor<512x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<512x512xf32>
  %s = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x1 : tensor<512x512xf32>) outs(%rf : tensor<512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %o : f32
    linalg.yield %0 : f32
  } -> tensor<512xf32>
  %d = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x1, %s : tensor<512x512xf32>, tensor<512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<512x512xf32>
  return %d : tensor<512x512xf32>
}

{-# dialect_resources: {builtin: {w: "0x04000000"}} #-}
