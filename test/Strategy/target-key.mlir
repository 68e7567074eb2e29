// Scripts ask for keys of the target: of the task around an op, of the kernel.
// RUN: orchestra-opt %s --transform-interpreter -verify-diagnostics -o /dev/null
// RUN: orchestra-opt %S/Inputs/negate.mlir --orchestra-apply-strategy="file=%S/Inputs/target-key.strategy.mlir arch=x86_64 vector-bits=256" | FileCheck %s
// RUN: not orchestra-opt %S/Inputs/negate.mlir --orchestra-apply-strategy="file=%S/Inputs/target-key.strategy.mlir" 2>&1 | FileCheck %s --check-prefix=NONE

// RUN: orchestra-opt %S/Inputs/negate.mlir --orchestra-apply-strategy="file=%S/Inputs/target-key.strategy.mlir arch=x86_64 vector-bits=512" | FileCheck %s --check-prefix=WIDE
// WIDE-NOT: scf.forall

// The script tiles where vectors have 256 bits; what it asked by is gone after.
// CHECK-NOT: orchestra.target
// CHECK: scf.forall
// NONE: error: finds no target: no task is around the op, and no 'orchestra.target'

module attributes {transform.with_named_sequence} {
  func.func @work(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = orchestra.task -> (tensor<4xf32>) target = {arch = "amd_cdna3", lds_size = 4096} {
      // expected-remark @+4 {{"amd_cdna3"}}
      // expected-remark @+3 {{4096 : i64}}
      // expected-remark @+2 {{0 : i64}}
      // expected-remark @+1 {{304 : i64}}
      %n = arith.negf %x : tensor<4xf32>
      orchestra.yield %n : tensor<4xf32>
    }
    return %0 : tensor<4xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["arith.negf"]} in %root : (!transform.any_op) -> !transform.any_op
    // The task's own keys, a default, a figure of the architecture.
    %arch = transform.orchestra.target_key %op "arch" : (!transform.any_op) -> !transform.any_param
    %lds = transform.orchestra.target_key %op "lds_size" : (!transform.any_op) -> !transform.param<i64>
    %id = transform.orchestra.target_key %op "device_id" : (!transform.any_op) -> !transform.param<i64>
    %cores = transform.orchestra.target_key %op "core_count" : (!transform.any_op) -> !transform.param<i64>
    transform.debug.emit_param_as_remark %arch at %op : !transform.any_param, !transform.any_op
    transform.debug.emit_param_as_remark %lds at %op : !transform.param<i64>, !transform.any_op
    transform.debug.emit_param_as_remark %id at %op : !transform.param<i64>, !transform.any_op
    transform.debug.emit_param_as_remark %cores at %op : !transform.param<i64>, !transform.any_op
    transform.yield
  }
}
