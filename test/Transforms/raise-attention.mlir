// Decomposed attention becomes one op; what only looks like it does not.
// RUN: orchestra-opt %s --orchestra-raise-attention --canonicalize --split-input-file | FileCheck %s
// RUN: orchestra-opt %s --orchestra-raise-attention --split-input-file --remarks-filter=orchestra-raise-attention --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: RaiseAttention{{.*}}raised=1

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// The scale of scores, an added mask, three dimensions.
// CHECK-LABEL: func.func @added
// CHECK-SAME: %[[Q:.*]]: tensor<2x3x8xf32>, %[[K:.*]]: tensor<2x8x5xf32>, %[[V:.*]]: tensor<2x5x4xf32>, %[[M:.*]]: tensor<3x5xf32>
// CHECK: %[[C:.*]] = arith.constant 2.500000e-01 : f32
// CHECK-NOT: batch_matmul
// CHECK: %[[R:.*]] = linalg_ext.attention {indexing_maps = [{{.*}}]} ins(%[[Q]], %[[K]], %[[V]] : {{.*}}) scale(%[[C]] : f32) mask(%[[M]] : tensor<3x5xf32>) outs(%{{.*}} : tensor<2x3x4xf32>)
// CHECK: return %[[R]]
func.func @added(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>, %m: tensor<3x5xf32>) -> tensor<2x3x4xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.addf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%fo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// Somebody reads the weights: they have to be computed anyway.
// CHECK-LABEL: func.func @weights_used
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @weights_used(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>, %m: tensor<3x5xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x5xf32>) {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.addf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%fo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r, %p : tensor<2x3x4xf32>, tensor<2x3x5xf32>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// Scores below zero would be compared with zero.
// CHECK-LABEL: func.func @greatest_of_zero
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @greatest_of_zero(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>, %m: tensor<3x5xf32>) -> tensor<2x3x4xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0.0 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.addf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%fo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// The sum is of something else than the weights.
// CHECK-LABEL: func.func @other_sum
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @other_sum(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>, %m: tensor<3x5xf32>) -> tensor<2x3x4xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.addf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%d : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%fo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// Sums of narrow types are not what exporters write there.
// CHECK-LABEL: func.func @half
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @half(%q: tensor<2x3x8xf16>, %k: tensor<2x8x5xf16>, %v: tensor<2x5x4xf16>, %m: tensor<3x5xf16>) -> tensor<2x3x4xf16> {
  %zero = arith.constant 0.0 : f16
  %low = arith.constant 0xFC00 : f16
  %c = arith.constant dense<0.25> : tensor<f16>
  %e = tensor.empty() : tensor<2x3x5xf16>
  %er = tensor.empty() : tensor<2x3xf16>
  %eo = tensor.empty() : tensor<2x3x4xf16>
  %f = linalg.fill ins(%zero : f16) outs(%e : tensor<2x3x5xf16>) -> tensor<2x3x5xf16>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf16>, tensor<2x8x5xf16>) outs(%f : tensor<2x3x5xf16>) -> tensor<2x3x5xf16>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf16>, tensor<f16>) outs(%e : tensor<2x3x5xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.mulf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<2x3x5xf16>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf16>, tensor<3x5xf16>) outs(%e : tensor<2x3x5xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.addf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<2x3x5xf16>
  %fl = linalg.fill ins(%low : f16) outs(%er : tensor<2x3xf16>) -> tensor<2x3xf16>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf16>) outs(%fl : tensor<2x3xf16>) {
  ^bb0(%a: f16, %o: f16):
    %x = arith.maximumf %a, %o : f16
    linalg.yield %x : f16
  } -> tensor<2x3xf16>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf16>, tensor<2x3xf16>) outs(%e : tensor<2x3x5xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.subf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<2x3x5xf16>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf16>) outs(%e : tensor<2x3x5xf16>) {
  ^bb0(%a: f16, %o: f16):
    %x = math.exp %a : f16
    linalg.yield %x : f16
  } -> tensor<2x3x5xf16>
  %fz = linalg.fill ins(%zero : f16) outs(%er : tensor<2x3xf16>) -> tensor<2x3xf16>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf16>) outs(%fz : tensor<2x3xf16>) {
  ^bb0(%a: f16, %o: f16):
    %x = arith.addf %a, %o : f16
    linalg.yield %x : f16
  } -> tensor<2x3xf16>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf16>, tensor<2x3xf16>) outs(%e : tensor<2x3x5xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<2x3x5xf16>
  %fo = linalg.fill ins(%zero : f16) outs(%eo : tensor<2x3x4xf16>) -> tensor<2x3x4xf16>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf16>, tensor<2x5x4xf16>) outs(%fo : tensor<2x3x4xf16>) -> tensor<2x3x4xf16>
  return %r : tensor<2x3x4xf16>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// A product that adds to something is more than attention.
// CHECK-LABEL: func.func @grown
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @grown(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>, %m: tensor<3x5xf32>, %start: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.addf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%start : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// A selected mask is a number to add.
// CHECK-LABEL: func.func @selected
// CHECK: %[[M:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<3x5xi1>) outs(%{{.*}} : tensor<3x5xf32>)
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : f32
// CHECK: linalg_ext.attention {{.*}} mask(%[[M]] : tensor<3x5xf32>)
func.func @selected(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>, %m: tensor<3x5xi1>) -> tensor<2x3x4xf32> {
  %hide = arith.constant -1.0e+38 : f32
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xi1>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: i1, %o: f32):
    %x = arith.select %b, %a, %hide : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%fo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// Beside so small a number the scores still count.
// CHECK-LABEL: func.func @selected_small
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @selected_small(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>, %m: tensor<3x5xi1>) -> tensor<2x3x4xf32> {
  %hide = arith.constant -1.0e+4 : f32
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xi1>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: i1, %o: f32):
    %x = arith.select %b, %a, %hide : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%fo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// A constant triangle is a causal bound.
// CHECK-LABEL: func.func @causal
// CHECK: %[[P:.*]] = arith.constant 2 : index
// CHECK: linalg_ext.attention
// CHECK-NOT: mask
// CHECK-SAME: causal(%[[P]])
func.func @causal(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>) -> tensor<2x3x4xf32> {
  %m = arith.constant dense<[[0.0, 0.0, 0.0, 0xFF800000, 0xFF800000],
                             [0.0, 0.0, 0.0, 0.0, 0xFF800000],
                             [0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<3x5xf32>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.addf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%fo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}

// -----

#id3 = affine_map<(a, b, c) -> (a, b, c)>
#row3 = affine_map<(a, b, c) -> (a, b)>
#none3 = affine_map<(a, b, c) -> ()>
#mask3 = affine_map<(a, b, c) -> (b, c)>

// This one hides a key that a row before it sees.
// CHECK-LABEL: func.func @no_triangle
// CHECK: linalg_ext.attention {{.*}} mask(
func.func @no_triangle(%q: tensor<2x3x8xf32>, %k: tensor<2x8x5xf32>, %v: tensor<2x5x4xf32>) -> tensor<2x3x4xf32> {
  %m = arith.constant dense<[[0.0, 0.0, 0.0, 0xFF800000, 0xFF800000],
                             [0.0, 0.0, 0xFF800000, 0.0, 0xFF800000],
                             [0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<3x5xf32>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<0.25> : tensor<f32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %eo = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s0 = linalg.batch_matmul ins(%q, %k : tensor<2x3x8xf32>, tensor<2x8x5xf32>) outs(%f : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %s1 = linalg.generic {indexing_maps = [#id3, #none3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<2x3x5xf32>, tensor<f32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.mulf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #mask3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<2x3x5xf32>, tensor<3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.addf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s2 : tensor<2x3x5xf32>) outs(%fl : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %d = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s2, %g : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %w = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%d : tensor<2x3x5xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %sum = linalg.generic {indexing_maps = [#id3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%w : tensor<2x3x5xf32>) outs(%fz : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<2x3xf32>
  %p = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w, %sum : tensor<2x3x5xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%fo : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>
}
