// How often a condition held decides.
// RUN: rm -rf %t && mkdir -p %t
// RUN: echo '{"branches": {"choice": {"true": 90, "false": 10}}}' > %t/often.json
// RUN: echo '{"branches": {"choice": {"true": 1, "false": 99}}}' > %t/seldom.json
// RUN: echo '{"branches": {"choice": {"true": 0, "false": 0}, "other": {"true": 9, "false": 0}}}' > %t/never-run.json
// RUN: orchestra-opt %s --divergence-to-speculation="profile=%t/often.json" --remarks-filter=schedule 2>&1 | FileCheck %s --check-prefix=OFTEN
// RUN: orchestra-opt %s --divergence-to-speculation="profile=%t/seldom.json" --remarks-filter=schedule 2>&1 | FileCheck %s --check-prefix=SELDOM
// RUN: orchestra-opt %s --divergence-to-speculation --remarks-filter=schedule 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: orchestra-opt %s --divergence-to-speculation="profile=%t/never-run.json" --remarks-filter=schedule 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: orchestra-opt %s --divergence-to-speculation="profile=%t/seldom.json allowance=1" | FileCheck %s --check-prefix=ALLOWED

// OFTEN: loc("choice"): [Passed] Speculation {{.*}}probability=9.000000e-01
// OFTEN: orchestra.commit
// SELDOM: loc("choice"): [Missed] Speculation {{.*}}Reason="waiting for the condition takes {{[0-9]+}} ns, speculating {{[0-9]+}} ns"
// SELDOM: scf.if
// UNKNOWN: loc("choice"): [Passed] Speculation {{.*}}probability=5.000000e-01
// ALLOWED: orchestra.commit

// RUN: not orchestra-opt %s --divergence-to-speculation="profile=%t/none.json" 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: branch profile '{{.*}}none.json': {{.*}} [cannot-read]
// RUN: not orchestra-opt %s --divergence-to-speculation="profile=%s" 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: error: branch profile {{.*}} [cannot-read]
// RUN: echo '[]' > %t/list.json
// RUN: not orchestra-opt %s --divergence-to-speculation="profile=%t/list.json" 2>&1 | FileCheck %s --check-prefix=LIST
// LIST: error: branch profile {{.*}}: expected counts by name of a node in 'branches' [cannot-read]
// RUN: echo '{"branches": {"choice": {"true": -1, "false": 0}}}' > %t/below.json
// RUN: not orchestra-opt %s --divergence-to-speculation="profile=%t/below.json" 2>&1 | FileCheck %s --check-prefix=BELOW
// BELOW: error: branch profile {{.*}}: 'choice' must have counts 'true' and 'false', not below 0 [cannot-read]
// RUN: not orchestra-opt %s --divergence-to-speculation="topology=other" 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: no topology is named 'other' [unknown-device]

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

// The branch takes as long as the condition: beside it on another device it is
// done soon after, but where it is never needed that is a loss.
func.func @main(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %p = linalg.matmul ins(%x, %x : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %p : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("choice")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}
