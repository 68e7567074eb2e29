// Measured seconds replace estimates, from a file or from attributes; the task
// graph goes to a file; sizes that only a request knows are assumed.
// RUN: rm -rf %t && mkdir -p %t
// RUN: echo '{"x86_64": {"left": 0.5, "right": 0.25}}' > %t/profile.json
// RUN: orchestra-opt %s --orchestra-partition --orchestra-schedule="profile=%t/profile.json write-graph=%t/graph.json" | FileCheck %s
// RUN: FileCheck %s --check-prefix=GRAPH < %t/graph.json
// RUN: orchestra-opt %s --orchestra-partition --orchestra-schedule="assumed-size=256 write-graph=%t/graph.json" | FileCheck %s --check-prefix=MODEL
// RUN: FileCheck %s --check-prefix=LARGER < %t/graph.json

// Half a second and a quarter of one on two devices.
// CHECK: orchestra.plan = {interval = 5.000000e-01 : f64, latency = 5.000000e-01 : f64
// CHECK-DAG: orchestra.estimate = array<f64: {{.*}}>, orchestra.reason = "{{.*}}", orchestra.unmeasured = array<f64:
// MODEL-NOT: orchestra.unmeasured

// GRAPH: "name":"left","flops":{"f32":16777216},"bytes":{{[0-9]+}},"launches":1,"known":{"x86_64":0.5}
// GRAPH: "kind":"input"
// GRAPH: "output":true
// LARGER: "name":"left","flops":{"f32":33554432}
// LARGER-NOT: known

// RUN: echo '{"x86_64": 3}' > %t/flat.json
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="profile=%t/flat.json" 2>&1 | FileCheck %s --check-prefix=FLAT
// FLAT: error: profile {{.*}}: 'x86_64' must map names of tasks to seconds [cannot-read]
// RUN: echo '{"x86_64": {"left": 0}}' > %t/zero.json
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="profile=%t/zero.json" 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: error: profile {{.*}}: 'left' must have seconds above 0 [cannot-read]
// RUN: echo '[]' > %t/list.json
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="profile=%t/list.json" 2>&1 | FileCheck %s --check-prefix=LIST
// LIST: error: profile {{.*}}: expected seconds by architecture and name of a task [cannot-read]
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="profile=%s" 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: error: profile {{.*}} [cannot-read]
// RUN: not orchestra-opt %s --orchestra-partition --orchestra-schedule="write-graph=%t/no/graph.json" 2>&1 | FileCheck %s --check-prefix=WRITE
// WRITE: error: cannot write {{.*}} [cannot-read]

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

func.func @main(%x: tensor<?x256xf32>, %y: tensor<?x256xf32>, %w: tensor<256x256xf32>)
    -> (tensor<?x256xf32>, tensor<?x256xf32>) attributes {orchestra.entry} {
  %z = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x256xf32>
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<?x256xf32>) -> tensor<?x256xf32>
  %a = linalg.matmul ins(%x, %w : tensor<?x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<?x256xf32>) -> tensor<?x256xf32> loc("left")
  %b = linalg.matmul ins(%y, %w : tensor<?x256xf32>, tensor<256x256xf32>)
      outs(%f : tensor<?x256xf32>) -> tensor<?x256xf32> loc("right")
  return %a, %b : tensor<?x256xf32>, tensor<?x256xf32>
}
