// Each op parses, prints and parses again: pretty, generic and as bytecode.
// RUN: orchestra-opt %s | FileCheck %s
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --emit-bytecode | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

// Everything inherent is a property.
// GENERIC-DAG: "orchestra.task"() <{target = {arch = "amd_cdna3", device_id = 0 : i64, lds_size = 65536 : i64, mfma = true}}> ({
// GENERIC-DAG: "orchestra.task"() <{nki_source = "nl.load(x)", target = {arch = "aws_trainium2"}}> ({
// GENERIC-DAG: "orchestra.schedule"() <{topology = @machine}> ({
// GENERIC-DAG: "orchestra.device"() <{sym_name = "cpu1", target = {arch = "x86_64", device_id = 1 : i64}}> : () -> ()
// GENERIC-DAG: "orchestra.link"() <{bandwidth = 1.000000e+10 : f64, from = @cpu0, latency = 0.000000e+00 : f64, to = @cpu1}> : () -> ()
// GENERIC-DAG: "orchestra.transfer"(%{{.*}}) <{from = @cpu0, to = @gpu0}> : (tensor<?xf32>) -> tensor<?xf32>
// GENERIC-DAG: "orchestra.commit"(%{{.*}}) <{num_true = 2 : i32}> {note = "kept"} : (i1, tensor<4xf32>, index, tensor<4xf32>, index) -> (tensor<4xf32>, index)

// CHECK-LABEL: func.func @schedule
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>)
func.func @schedule(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[R:.*]] = orchestra.schedule -> (tensor<4xf32>) {
  %r = orchestra.schedule -> (tensor<4xf32>) {
    // A task captures values from outside, and another task's results.
    // CHECK: %[[SUM:.*]] = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
    // CHECK:   arith.addf %[[X]], %[[Y]]
    %sum = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.addf %x, %y : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    // CHECK: orchestra.task -> (tensor<4xf32>) target = {arch = "amd_cdna3", device_id = 1 : i64, mfma = true} {
    %neg = orchestra.task -> (tensor<4xf32>)
        target = {arch = "amd_cdna3", device_id = 1, mfma = true} {
      // CHECK: arith.negf %[[SUM]]
      %0 = arith.negf %sum : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    orchestra.yield %neg : tensor<4xf32>
  }
  // CHECK: return %[[R]]
  return %r : tensor<4xf32>
}

// Nothing yielded: the terminator is implicit and the arrow is left out.
// CHECK-LABEL: func.func @no_results
func.func @no_results() {
  // CHECK: orchestra.schedule {
  // CHECK-NEXT: orchestra.task target = {arch = "x86_64"} {
  // CHECK-NEXT: }
  // CHECK-NEXT: }
  orchestra.schedule {
    orchestra.task target = {arch = "x86_64"} {
    }
  }
  return
}

// Values of any kind may leave a task, and several at once; attributes that the
// op does not know are kept.
// CHECK-LABEL: func.func @any_values
func.func @any_values(%m: memref<?xi8>, %i: index) -> (memref<?xi8>, index) {
  // CHECK: %{{.*}}:2 = orchestra.task -> (memref<?xi8>, index) target = {arch = "x86_64"} attributes {note = "kept"} {
  // CHECK:   orchestra.yield %{{.*}}, %{{.*}} : memref<?xi8>, index
  %r:2 = orchestra.task -> (memref<?xi8>, index) target = {arch = "x86_64"}
      attributes {note = "kept"} {
    orchestra.yield %m, %i : memref<?xi8>, index
  }
  return %r#0, %r#1 : memref<?xi8>, index
}

// CHECK-LABEL: func.func private @orch_k_add
func.func private @orch_k_add(%a: tensor<?xf32>, %b: tensor<?xf32>,
                              %out: tensor<?xf32>) -> tensor<?xf32>
    attributes {orchestra.kernel} {
  return %out : tensor<?xf32>
}

// CHECK-LABEL: func.func private @orch_k_declared()
func.func private @orch_k_declared()

// CHECK-LABEL: func.func @dispatch_tensors
func.func @dispatch_tensors(%a: tensor<?xf32>, %out: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: %{{.*}} = orchestra.dispatch @orch_k_add(%{{.*}}, %{{.*}} : tensor<?xf32>, tensor<?xf32>) outs(%{{.*}} : tensor<?xf32>) {orchestra.flops = 4.000000e+00 : f64} -> (tensor<?xf32>)
  %r = orchestra.dispatch @orch_k_add(%a, %a : tensor<?xf32>, tensor<?xf32>)
      outs(%out : tensor<?xf32>) {orchestra.flops = 4.0 : f64} -> (tensor<?xf32>)
  return %r : tensor<?xf32>
}

// After bufferization nothing is returned. The declaration's types belong to
// the lowering, so a dispatch does not compare itself with them.
// CHECK-LABEL: func.func @dispatch_memrefs
func.func @dispatch_memrefs(%a: memref<4xf32>, %n: index, %out: memref<4xf32>) {
  // CHECK: orchestra.dispatch @orch_k_declared(%{{.*}}, %{{.*}} : memref<4xf32>, index) outs(%{{.*}} : memref<4xf32>){{$}}
  orchestra.dispatch @orch_k_declared(%a, %n : memref<4xf32>, index)
      outs(%out : memref<4xf32>)
  // CHECK: orchestra.dispatch @orch_k_declared() outs(%{{.*}} : memref<4xf32>)
  orchestra.dispatch @orch_k_declared() outs(%out : memref<4xf32>)
  return
}

// The form that issue trackers, papers and people quote.
// CHECK-LABEL: func.func @quoted
func.func @quoted(%v: tensor<256x256xf32>) -> tensor<256x256xf32> {
  // CHECK: orchestra.task -> (tensor<256x256xf32>) target = {arch = "amd_cdna3", device_id = 0 : i64, lds_size = 65536 : i64, mfma = true} {
  // CHECK-NEXT: orchestra.yield %{{.*}} : tensor<256x256xf32>
  %r = orchestra.task -> (tensor<256x256xf32>) target = {arch = "amd_cdna3", device_id = 0, mfma = true, lds_size = 65536} {
    orchestra.yield %v : tensor<256x256xf32>
  }
  // CHECK: target = {arch = "google_tpu_v5e", logical_core_count = 4 : i64} {
  %s = orchestra.task -> (tensor<256x256xf32>) target = {arch = "google_tpu_v5e", logical_core_count = 4} {
    orchestra.yield %r : tensor<256x256xf32>
  }
  return %s : tensor<256x256xf32>
}

// CHECK-LABEL: func.func @sources
func.func @sources() {
  // CHECK: target = {arch = "aws_trainium2"} attributes {nki_source = "nl.load(x)"} {
  orchestra.task target = {arch = "aws_trainium2"} attributes {nki_source = "nl.load(x)"} {
  }
  // CHECK: target = {arch = "nvidia_hopper"} attributes {ptx_source = "ret;"} {
  orchestra.task target = {arch = "nvidia_hopper"} attributes {ptx_source = "ret;"} {
  }
  // CHECK: target = {arch = "amd_cdna4"} attributes {gcn_source = "s_endpgm"} {
  orchestra.task target = {arch = "amd_cdna4"} attributes {gcn_source = "s_endpgm"} {
  }
  return
}

// CHECK-LABEL: orchestra.topology @machine {
// CHECK-NEXT: orchestra.device @cpu0 {arch = "x86_64", cores = [0, 1], memory_bytes = 1024 : i64}
// CHECK-NEXT: orchestra.device @cpu1 {arch = "x86_64", device_id = 1 : i64}
// CHECK-NEXT: orchestra.device @gpu0 {arch = "nvidia_hopper", peak_flops = {bf16 = 9.000000e+14 : f64, i8 = 1 : i64}}
// CHECK-NEXT: orchestra.link @cpu0, @cpu1 {bandwidth = 1.000000e+10 : f64, latency = 0.000000e+00 : f64}
// CHECK-NEXT: orchestra.link @cpu0, @gpu0 {bandwidth = 6.400000e+10 : f64, latency = 1.000000e-05 : f64, note = "kept"}
orchestra.topology @machine {
  orchestra.device @cpu0 {arch = "x86_64", cores = [0, 1], memory_bytes = 1024}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.device @gpu0 {arch = "nvidia_hopper", peak_flops = {bf16 = 9.0e14, i8 = 1}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 0.0}
  orchestra.link @cpu0, @gpu0 {bandwidth = 6.4e10, latency = 1.0e-5, note = "kept"}
}

// CHECK-LABEL: orchestra.topology @empty attributes {sym_visibility = "private"} {
orchestra.topology @empty attributes {sym_visibility = "private"} {
}

// CHECK-LABEL: func.func @on_a_machine
func.func @on_a_machine(%x: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: orchestra.schedule on @machine -> (tensor<?xf32>) attributes {note = "kept"} {
  %r = orchestra.schedule on @machine -> (tensor<?xf32>) attributes {note = "kept"} {
    // CHECK: %[[Y:.*]] = orchestra.transfer %{{.*}} from @cpu0 to @gpu0 : tensor<?xf32>
    %y = orchestra.transfer %x from @cpu0 to @gpu0 : tensor<?xf32>
    // CHECK: orchestra.barrier
    orchestra.barrier
    // CHECK: orchestra.transfer %[[Y]] from @machine::@gpu0 to @machine::@cpu1 {note = "kept"} : tensor<?xf32>
    %z = orchestra.transfer %y from @machine::@gpu0 to @machine::@cpu1 {note = "kept"} : tensor<?xf32>
    // Over cpu0: cpu1 and gpu0 have no link of their own.
    orchestra.yield %z : tensor<?xf32>
  }
  return %r : tensor<?xf32>
}

// Shaped values of any kind.
// CHECK-LABEL: func.func @transfers
func.func @transfers(%t: tensor<*xf32>, %v: vector<4xi8>, %m: memref<4x?xf16, strided<[8, 1]>>,
                     %u: memref<*xf16>) {
  // CHECK: orchestra.transfer %{{.*}} from @machine::@cpu0 to @machine::@gpu0 : tensor<*xf32>
  %0 = orchestra.transfer %t from @machine::@cpu0 to @machine::@gpu0 : tensor<*xf32>
  // CHECK: orchestra.transfer %{{.*}} : vector<4xi8>
  %1 = orchestra.transfer %v from @machine::@cpu0 to @machine::@gpu0 : vector<4xi8>
  // CHECK: orchestra.transfer %{{.*}} : memref<4x?xf16, strided<[8, 1]>>{{$}}
  %2 = orchestra.transfer %m from @machine::@cpu0 to @machine::@gpu0 : memref<4x?xf16, strided<[8, 1]>>
  // CHECK: orchestra.transfer %{{.*}} : memref<4x?xf16, strided<[8, 1]>> to memref<4x?xf16, 1>
  %3 = orchestra.transfer %m from @machine::@cpu0 to @machine::@gpu0
      : memref<4x?xf16, strided<[8, 1]>> to memref<4x?xf16, 1>
  // CHECK: orchestra.transfer %{{.*}} : memref<*xf16> to memref<*xf16, 1>
  %4 = orchestra.transfer %u from @machine::@cpu0 to @machine::@gpu0
      : memref<*xf16> to memref<*xf16, 1>
  return
}

// CHECK-LABEL: func.func @commits
func.func @commits(%c: i1, %a: tensor<4xf32>, %b: tensor<4xf32>, %i: index, %j: index) {
  // CHECK: orchestra.commit %{{.*}} then(%{{.*}}) else(%{{.*}}) : tensor<4xf32>
  %0 = orchestra.commit %c then(%a) else(%b) : tensor<4xf32>
  // CHECK: %{{.*}}:2 = orchestra.commit %{{.*}} then(%{{.*}}, %{{.*}}) else(%{{.*}}, %{{.*}}) {note = "kept"} : tensor<4xf32>, index
  %1:2 = orchestra.commit %c then(%a, %i) else(%b, %j) {note = "kept"} : tensor<4xf32>, index
  // CHECK: orchestra.commit %{{.*}} then() else()
  orchestra.commit %c then() else()
  return
}

// A module with one topology is a scope for the devices' own names, one without
// any leaves names open, as in a fragment that has no machine yet.
// CHECK-LABEL: module @fragment
module @fragment {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    // CHECK: orchestra.transfer %{{.*}} from @a to @b : tensor<4xf32>
    %0 = orchestra.transfer %x from @a to @b : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
