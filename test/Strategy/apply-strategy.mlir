// Scripts see the target's facts as attributes, which are gone afterwards.
// RUN: orchestra-opt %s --orchestra-apply-strategy='file=%strategies/x86_64_strategy.mlir vector-bits=512' | FileCheck %s --check-prefix=WIDE
// RUN: orchestra-opt %s --orchestra-apply-strategy='file=%strategies/x86_64_strategy.mlir vector-bits=256' | FileCheck %s --check-prefix=NARROW
// RUN: orchestra-opt %s --orchestra-apply-strategy='file=%strategies/reference.mlir' | FileCheck %s --check-prefix=PLAIN

// WIDE-NOT: orchestra.vector_bits
// WIDE: orchestra.columns = 32 : i64
// WIDE-SAME: orchestra.register_tile = array<i64: 0, 1, 14>
// NARROW: orchestra.columns = 16 : i64
// NARROW-SAME: orchestra.register_tile = array<i64: 0, 1, 6, 4>
// PLAIN-NOT: scf.forall
// PLAIN-NOT: orchestra.register_tile
func.func private @matmul(%x: tensor<28x8xf32>, %w: tensor<8x64xf32>, %out: tensor<28x64xf32>) -> tensor<28x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<28x8xf32>, tensor<8x64xf32>) outs(%out : tensor<28x64xf32>) -> tensor<28x64xf32>
  return %m : tensor<28x64xf32>
}
