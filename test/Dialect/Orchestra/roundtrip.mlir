// Each op parses, prints and parses again: pretty, generic and as bytecode.
// RUN: orchestra-opt %s | FileCheck %s
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --emit-bytecode | orchestra-opt | FileCheck %s

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
