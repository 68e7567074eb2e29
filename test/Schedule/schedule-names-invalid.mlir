// Names that lead nowhere.
// RUN: not orchestra-opt %s --orchestra-partition="place=nowhere=cpu1" 2>&1 | FileCheck %s --check-prefix=NODE
// RUN: not orchestra-opt %s --orchestra-partition="place=left=gpu7" 2>&1 | FileCheck %s --check-prefix=DEVICE
// RUN: not orchestra-opt %s --orchestra-partition="place=left" 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not orchestra-opt %s --orchestra-partition="topology=other" 2>&1 | FileCheck %s --check-prefix=TOPOLOGY
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="objective=beauty" 2>&1 | FileCheck %s --check-prefix=OBJECTIVE
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="place=nowhere=cpu1" 2>&1 | FileCheck %s --check-prefix=TASK
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="in-flight=0" 2>&1 | FileCheck %s --check-prefix=FLIGHT
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="profile=no-such-file.json" 2>&1 | FileCheck %s --check-prefix=PROFILE

// NODE: error: no node is named 'nowhere', which is to run on 'cpu1' [unknown-node]
// DEVICE: error: loc("left"): no device is named 'gpu7' [unknown-device]
// DEVICE: note: loc("left"): 'm' has 'cpu0', 'cpu1'
// FORM: error: 'left' does not say where a node goes; write NODE=DEVICE [unknown-device]
// TOPOLOGY: error: no topology is named 'other' [unknown-device]
// OBJECTIVE: error: the objective is latency or throughput, not 'beauty' [cannot-place]
// TASK: error: no task holds a node named 'nowhere', which is to run on 'cpu1' [unknown-node]
// FLIGHT: error: at least one request must be under way, not 0 [cannot-place]
// PROFILE: error: profile 'no-such-file.json': {{.*}} [cannot-read]
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

func.func @main(%x: tensor<256x256xf32>, %y: tensor<256x256xf32>) -> tensor<256x256xf32>
    attributes {orchestra.entry} {
  %w = arith.constant dense<2.0> : tensor<256x256xf32>
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<256x256xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32>
  %a = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("left")
  %b = linalg.matmul ins(%y, %w : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("right")
  %s = linalg.add ins(%a, %b : tensor<256x256xf32>, tensor<256x256xf32>)
      outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32> loc("sum")
  return %s : tensor<256x256xf32>
}
