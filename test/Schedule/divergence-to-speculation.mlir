// What becomes of the task around a conditional, of captured values, of places.
// RUN: orchestra-opt %s --divergence-to-speculation | FileCheck %s
// RUN: orchestra-opt %s --divergence-to-speculation | orchestra-opt -o /dev/null
// RUN: orchestra-opt %s --divergence-to-speculation --remarks-filter=schedule 2>&1 | FileCheck %s --check-prefix=REMARK

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @far {arch = "x86_64", device_id = 2, memory_bytes = 1000000000, memory_bandwidth = 1.0e11, peak_flops = {f32 = 1.0e13}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
  orchestra.link @cpu1, @far {bandwidth = 1.0e10, latency = 1.0e-6}
}

// What comes before gives the condition and what is read later; what comes after
// reads the choice. Constants are copied, not passed on.
// CHECK-LABEL: func.func @three_parts
// CHECK-SAME:      (%[[X:.*]]: tensor<256x256xf32>, %[[W:.*]]: tensor<256x256xf32>)
// CHECK:         %[[B:.*]]:2 = orchestra.task -> (tensor<256x256xf32>, i1) {{.*}}device_id = 0
// CHECK:           linalg.matmul
// CHECK:           orchestra.yield %{{.*}}, %{{.*}} : tensor<256x256xf32>, i1
// CHECK:         %[[X1:.*]] = orchestra.transfer %[[X]] from @cpu0 to @cpu1
// CHECK:         %[[E:.*]] = orchestra.task {{.*}}device_id = 1
// CHECK:           linalg.exp ins(%[[X1]]
// CHECK:         %[[E0:.*]] = orchestra.transfer %[[E]] from @cpu1 to @cpu0
// CHECK:         %[[V:.*]] = orchestra.commit %[[B]]#1 then(%[[E0]]) else(%[[X]])
// CHECK:         %[[R:.*]] = orchestra.task {{.*}}device_id = 0
// CHECK-NEXT:      tensor.empty
// CHECK-NEXT:      linalg.add ins(%[[V]], %[[B]]#0
// CHECK:         orchestra.yield %[[R]]
// REMARK: loc("three_parts"): [Passed] Speculation {{.*}}probability=5.000000e-01, speculating_ns={{[0-9]+}}, then=cpu1, waiting_ns={{[0-9]+}}
func.func @three_parts(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} attributes {orchestra.estimate = array<f64: 0.0, 1.0>, orchestra.place = "cpu0"} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = linalg.exp ins(%x : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("three_parts")
      %sum = linalg.add ins(%chosen, %gate : tensor<256x256xf32>, tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      orchestra.yield %sum : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// Two results, two devices; the longer branch goes further, over both links.
// CHECK-LABEL: func.func @two_branches
// CHECK-DAG:     orchestra.transfer %{{.*}} from @cpu0 to @cpu1
// CHECK-DAG:     %[[F:.*]] = orchestra.transfer %{{.*}} from @cpu1 to @far
// CHECK:         %[[T:.*]] = orchestra.task {{.*}}device_id = 2
// CHECK:           linalg.matmul
// CHECK:           linalg.matmul
// CHECK:         %[[T1:.*]] = orchestra.transfer %[[T]] from @far to @cpu1
// CHECK:         %[[T0:.*]] = orchestra.transfer %[[T1]] from @cpu1 to @cpu0
// CHECK:         %[[E:.*]] = orchestra.task {{.*}}device_id = {{[12]}}
// CHECK:           linalg.exp
// CHECK:         orchestra.commit %{{.*}} then(%[[T0]], %arg0) else(%{{.*}}, %arg1) : tensor<256x256xf32>, tensor<256x256xf32>
func.func @two_branches(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> (tensor<256x256xf32>, tensor<256x256xf32>) {
  %0:2 = orchestra.schedule on @m -> (tensor<256x256xf32>, tensor<256x256xf32>) {
    %1:2 = orchestra.task -> (tensor<256x256xf32>, tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen:2 = scf.if %condition -> (tensor<256x256xf32>, tensor<256x256xf32>) {
        %p = linalg.matmul ins(%x, %x : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
        %q = linalg.matmul ins(%p, %x : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %q, %x : tensor<256x256xf32>, tensor<256x256xf32>
      } else {
        %exp = linalg.exp ins(%x : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp, %w : tensor<256x256xf32>, tensor<256x256xf32>
      } loc("two_branches")
      orchestra.yield %chosen#0, %chosen#1 : tensor<256x256xf32>, tensor<256x256xf32>
    }
    orchestra.yield %1#0, %1#1 : tensor<256x256xf32>, tensor<256x256xf32>
  }
  return %0#0, %0#1 : tensor<256x256xf32>, tensor<256x256xf32>
}

// A conditional between tasks; its condition comes from one of them. A scalar of
// a task cannot be moved, so the branch that reads it stays.
// CHECK-LABEL: func.func @between_tasks
// CHECK:         %[[C:.*]]:2 = orchestra.task -> (i1, f32)
// CHECK:         %[[T:.*]] = orchestra.task {{.*}}device_id = 0
// CHECK:           linalg.fill ins(%[[C]]#1
// CHECK:         orchestra.commit %[[C]]#0 then(%[[T]]) else(%{{.*}})
func.func @between_tasks(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1:2 = orchestra.task -> (i1, f32) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      orchestra.yield %condition, %first : i1, f32
    }
    %chosen = scf.if %1#0 -> (tensor<256x256xf32>) {
      %empty = tensor.empty() : tensor<256x256xf32>
      %f = linalg.fill ins(%1#1 : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      scf.yield %f : tensor<256x256xf32>
    } else {
      %empty = tensor.empty() : tensor<256x256xf32>
      %d = linalg.exp ins(%x : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %e = linalg.exp ins(%d : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %f = linalg.exp ins(%e : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      scf.yield %f : tensor<256x256xf32>
    } loc("between_tasks")
    orchestra.yield %chosen : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// Loops that end and conditionals go with their branch.
// CHECK-LABEL: func.func @with_loop
// CHECK:         orchestra.task {{.*}}device_id = {{[12]}}
// CHECK:           scf.for
// CHECK:             scf.if
// CHECK:         orchestra.commit
// REMARK-DAG: loc("inner"): [Missed] Speculation {{.*}}Reason="it is in a loop, which is not taken apart"
func.func @with_loop(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %c: i1) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %loop = scf.for %i = %c0 to %c2 step %c1 iter_args(%v = %x) -> (tensor<256x256xf32>) {
          %inner = scf.if %c -> (tensor<256x256xf32>) {
            %exp = linalg.exp ins(%v : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
            scf.yield %exp : tensor<256x256xf32>
          } else {
            scf.yield %v : tensor<256x256xf32>
          } loc("inner")
          scf.yield %inner : tensor<256x256xf32>
        }
        scf.yield %loop : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("with_loop")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// Two in a row: the second is in what remains after the first.
// CHECK-LABEL: func.func @two_in_a_row
// CHECK-COUNT-2: orchestra.commit
// CHECK-NOT:     scf.if
func.func @two_in_a_row(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %a = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = linalg.exp ins(%x : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("first")
      %second = tensor.extract %a[%c0, %c0] : tensor<256x256xf32>
      %again = arith.cmpf olt, %second, %zero : f32
      %b = scf.if %again -> (tensor<256x256xf32>) {
        %exp = linalg.exp ins(%w : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %a : tensor<256x256xf32>
      } loc("second")
      orchestra.yield %b : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}
