// The stages of a module of kernels, one by one and as one pipeline.
// RUN: orchestra-opt %s --orchestra-stage-strategy=cpu=x86-64-v4 > %t.strategy
// RUN: FileCheck %s --check-prefix=STRATEGY < %t.strategy
// RUN: orchestra-opt %t.strategy --orchestra-stage-bufferize=cpu=x86-64-v4 > %t.bufferize
// RUN: FileCheck %s --check-prefix=BUFFERIZE < %t.bufferize
// RUN: orchestra-opt %t.bufferize --orchestra-stage-accelerate=cpu=x86-64-v4 > %t.accelerate
// RUN: FileCheck %s --check-prefix=ACCELERATE < %t.accelerate
// RUN: orchestra-opt %s --orchestra-kernel-pipeline=cpu=x86-64-v4 > %t.pipeline
// RUN: diff %t.accelerate %t.pipeline
// RUN: orchestra-opt %s --orchestra-kernel-pipeline=cpu=x86-64-v3 | FileCheck %s --check-prefix=AVX2
// RUN: orchestra-opt %s --orchestra-kernel-pipeline='cpu=x86-64-v4 reference=true' | FileCheck %s --check-prefix=REFERENCE

// STRATEGY: scf.forall
// STRATEGY: orchestra.register_tile

// Nothing is allocated for a matmul: tiles are written in place.
// BUFFERIZE: func.func private @orch_k_1({{.*}}) attributes
// BUFFERIZE-NOT: memref.alloc
// BUFFERIZE: return{{$}}

// ACCELERATE: llvm.func internal @orch_k_1_body0
// ACCELERATE: llvm.intr.fm{{.*}}vector<16xf32>
// ACCELERATE: llvm.func @orch_k_1(%{{.*}}: !llvm.ptr,
// AVX2-NOT: vector<16xf32>
// AVX2: vector<8xf32>
// REFERENCE: llvm.func
// REFERENCE-NOT: vector<
// REFERENCE-NOT: orch_k_1_body
func.func private @orch_k_1(%x: tensor<28x8xf32>, %w: tensor<8x64xf32>, %out: tensor<28x64xf32>) -> tensor<28x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<28x64xf32>) -> tensor<28x64xf32>
  %m = linalg.matmul ins(%x, %w : tensor<28x8xf32>, tensor<8x64xf32>) outs(%f : tensor<28x64xf32>) -> tensor<28x64xf32>
  return %m : tensor<28x64xf32>
}
