// A broken script is a located error, never a crash.
// RUN: not orchestra-opt %s --orchestra-apply-strategy=file=%t.none 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: echo 'module attributes {transform.with_named_sequence} { transform.named_sequence @other() { transform.yield } }' > %t.noentry
// RUN: not orchestra-opt %s --orchestra-apply-strategy=file=%t.noentry 2>&1 | FileCheck %s --check-prefix=NOENTRY
// RUN: echo 'module { transform.' > %t.syntax
// RUN: not orchestra-opt %s --orchestra-apply-strategy=file=%t.syntax 2>&1 | FileCheck %s --check-prefix=SYNTAX
// RUN: echo 'func.func @f() { return }' > %t.notransform
// RUN: not orchestra-opt %s --orchestra-apply-strategy=file=%t.notransform 2>&1 | FileCheck %s --check-prefix=NOENTRY
// RUN: not orchestra-opt %s --orchestra-apply-strategy=file=%S/Inputs/contraction.mlir 2>&1 | FileCheck %s --check-prefix=TILE

// MISSING: apply-strategy-invalid.mlir:{{.*}} error: cannot read strategy '{{.*}}.none': No such file or directory
// NOENTRY: .no{{.*}}:{{[01]:[01]}}: error: a strategy needs a named sequence '@__transform_main'
// SYNTAX: .syntax:1:10: error:
// TILE: contraction.mlir:6:5: error: could not tile kernel 'nothing_to_tile'
module {
  func.func private @nothing_to_tile(%x: tensor<4xf32>) -> tensor<4xf32>
      attributes {orchestra.kernel, orchestra.kind = "contraction"} {
    return %x : tensor<4xf32>
  }
}
