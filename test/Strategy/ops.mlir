// The transform ops parse, print and parse again: pretty, generic, as bytecode.
// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s --emit-bytecode | orchestra-opt | FileCheck %s

module attributes {transform.with_named_sequence} {
  // CHECK-LABEL: transform.named_sequence @__transform_main
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    // CHECK: transform.orchestra.tile_contraction %{{.*}} rows = 14 columns = 32 : !transform.any_op
    transform.orchestra.tile_contraction %root rows = 14 columns = 32 : !transform.any_op
    // CHECK: transform.orchestra.tile_attention %{{.*}} queries = 128 keys = 256 rows = 14 columns = 32 : !transform.any_op
    transform.orchestra.tile_attention %root queries = 128 keys = 256 rows = 14 columns = 32 : !transform.any_op
    // CHECK: transform.orchestra.tile_rows %{{.*}} elements = 8192 : !transform.any_op
    transform.orchestra.tile_rows %root elements = 8192 : !transform.any_op
    // CHECK: transform.orchestra.target_key %{{.*}} "l1_bytes" : (!transform.any_op) -> !transform.param<i64>
    %bytes = transform.orchestra.target_key %root "l1_bytes" : (!transform.any_op) -> !transform.param<i64>
    transform.yield
  }
}
