// Which ops share a kernel, and what is left on the host.
// RUN: orchestra-opt %s --orchestra-outline-kernels --canonicalize -split-input-file | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>

// A matmul with its fill, bias and ReLU is one kernel, in the manner of
// destinations, told apart by its kind. The node names stay on the call.
// CHECK-LABEL: func.func @matmul_relu
// CHECK-SAME:    (%[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x16xf32>, %[[B:.*]]: tensor<16xf32>)
// CHECK-NOT:     linalg
// CHECK:         %[[E:.*]] = tensor.empty() : tensor<4x16xf32>
// CHECK:         %[[R:.*]] = orchestra.dispatch @[[K:orch_k_[0-9a-f]*]](%[[X]], %[[W]], %[[B]] : tensor<4x8xf32>, tensor<8x16xf32>, tensor<16xf32>) outs(%[[E]] : tensor<4x16xf32>) {orchestra.bytes = 9.600000e+02 : f64, orchestra.flops = 1.152000e+03 : f64}
// CHECK-NEXT:    return %[[R]]
// CHECK:       func.func private @[[K]](%[[X:.*]]: tensor<4x8xf32>{{.*}}, %[[W:.*]]: tensor<8x16xf32>{{.*}}, %[[B:.*]]: tensor<16xf32>{{.*}}, %[[OUT:.*]]: tensor<4x16xf32>) -> tensor<4x16xf32> attributes {orchestra.kernel, orchestra.kind = "contraction"}
// CHECK:         linalg.fill
// CHECK:         %[[M:.*]] = linalg.matmul ins(%[[X]], %[[W]]
// CHECK:         %[[A:.*]] = linalg.generic {{.*}} ins(%[[M]], %[[B]] {{.*}} outs(%[[OUT]]
// CHECK:         return %[[A]]
func.func @matmul_relu(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %bias: tensor<16xf32>) -> tensor<4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %m = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %a = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %bias : tensor<4x16xf32>, tensor<16xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.addf %p, %q : f32
    %1 = arith.maximumf %0, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<4x16xf32>
  return %a : tensor<4x16xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// The four ops of a softmax share their rows: one kernel.
// CHECK-LABEL: func.func @softmax
// CHECK-COUNT-1: orchestra.dispatch
// CHECK-NOT:     orchestra.dispatch
// CHECK:       func.func private @orch_k_
// CHECK-SAME:    orchestra.kind = "rows"
// CHECK:         arith.maximumf
// CHECK:         math.exp
// CHECK:         arith.addf
// CHECK:         arith.divf
func.func @softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %r = tensor.empty() : tensor<4xf32>
  %lows = linalg.fill ins(%low : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %max = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%lows : tensor<4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.maximumf %p, %o : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %exp = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.subf %p, %q : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<4x8xf32>) outs(%zeros : tensor<4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.addf %p, %o : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %div = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.divf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  return %div : tensor<4x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// The sum of a residual is used later too: the kernel of the norm yields both.
// Its two reductions start from one fill, which each has for itself.
// CHECK-LABEL: func.func @norm_with_residual
// CHECK:         %[[R:.*]]:2 = orchestra.dispatch @[[K:.*]](%{{.*}}) outs(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<4xf32>)
// CHECK:         return %[[R]]#0, %[[R]]#1
// CHECK:       func.func private @[[K]]
// CHECK-COUNT-2: linalg.fill
// CHECK:         return %{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<4xf32>
func.func @norm_with_residual(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %r = tensor.empty() : tensor<4xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %z = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%z : tensor<4x8xf32>) outs(%zeros : tensor<4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.addf %p, %o : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %square = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%z, %sum : tensor<4x8xf32>, tensor<4xf32>) outs(%zeros : tensor<4xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.subf %p, %q : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %1, %o : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  return %z, %square : tensor<4x8xf32>, tensor<4xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// A value that leaves a kernel does not come back into it: the last op, which
// reads %a and what the matmul makes of it, is not of %a's kernel.
// CHECK-LABEL: func.func @no_cycle
// CHECK:         %[[A:.*]] = orchestra.dispatch
// CHECK:         %[[M:.*]] = orchestra.dispatch {{.*}}(%[[A]],
// CHECK:         return %[[M]]
func.func @no_cycle(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = math.exp %p : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %m = linalg.matmul ins(%a, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %m : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// Two matmuls are two kernels; the sum joins the second, which is youngest.
// CHECK-LABEL: func.func @two_matmuls
// CHECK:         %[[A:.*]] = orchestra.dispatch @{{.*}}(%{{.*}}, %{{.*}} : tensor<8x8xf32>, tensor<8x8xf32>)
// CHECK:         %[[B:.*]] = orchestra.dispatch @{{.*}}(%{{.*}}, %{{.*}}, %[[A]]
// CHECK:         return %[[B]]
func.func @two_matmuls(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %a = linalg.matmul ins(%x, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  %b = linalg.matmul ins(%w, %x : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// Equal work is one kernel, called twice, whatever the nodes are called.
// CHECK-LABEL: func.func @equal_kernels
// CHECK:         orchestra.dispatch @[[K:orch_k_[0-9a-f]*]](
// CHECK:         orchestra.dispatch @[[K]](
// CHECK:       func.func private @[[K]]
// CHECK-NOT:   func.func
func.func @equal_kernels(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %e = tensor.empty() : tensor<4x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = math.exp %p : f32 loc("first")
    linalg.yield %0 : f32
  } -> tensor<4x8xf32> loc("first")
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = math.exp %p : f32 loc("second")
    linalg.yield %0 : f32
  } -> tensor<4x8xf32> loc("second")
  return %a, %b : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// Shapes differ: so do the kernels.
// CHECK-LABEL: func.func @unequal_kernels
// CHECK:         orchestra.dispatch @[[K:orch_k_[0-9a-f]*]](
// CHECK-NOT:     orchestra.dispatch @[[K]](
// CHECK:         orchestra.dispatch @orch_k_
func.func @unequal_kernels(%x: tensor<4xf32>, %y: tensor<8xf32>) -> (tensor<4xf32>, tensor<8xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %f = tensor.empty() : tensor<8xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.exp ins(%y : tensor<8xf32>) outs(%f : tensor<8xf32>) -> tensor<8xf32>
  return %a, %b : tensor<4xf32>, tensor<8xf32>
}

// -----

// Views and shape arithmetic stay on the host; a destination's size is told by
// the inputs, never by a value that a kernel makes.
// CHECK-LABEL: func.func @dynamic
// CHECK-SAME:    (%[[X:.*]]: tensor<?x8xf32>)
// CHECK:         %[[N:.*]] = tensor.dim %[[X]], %{{.*}}
// CHECK:         %[[E:.*]] = tensor.empty(%[[N]]) : tensor<?x8xf32>
// CHECK:         %[[R:.*]] = orchestra.dispatch @{{.*}}(%[[X]], {{.*}} outs(%[[E]] : tensor<?x8xf32>) ->
// CHECK:         tensor.collapse_shape %[[R]]
func.func @dynamic(%x: tensor<?x8xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = tensor.collapse_shape %a [[0, 1]] : tensor<?x8xf32> into tensor<?xf32>
  return %c : tensor<?xf32>
}

// -----

// Padding writes the border and the inside straight into the destination.
// CHECK-LABEL: func.func @pad
// CHECK:       func.func private @orch_k_
// CHECK-SAME:    (%[[X:[a-z0-9]*]]: tensor<4xf32>{{.*}}, %[[OUT:[a-z0-9]*]]: tensor<7xf32>)
// CHECK-SAME:    orchestra.kind = "copy"
// CHECK:         %[[A:.*]] = tensor.extract_slice %[[OUT]][0] [1] [1]
// CHECK:         linalg.fill {{.*}} outs(%[[A]]
// CHECK:         %[[B:.*]] = tensor.extract_slice %{{.*}}[5] [2] [1]
// CHECK:         linalg.fill {{.*}} outs(%[[B]]
// CHECK:         %[[F:.*]] = tensor.insert_slice %{{.*}} into %{{.*}}[5] [2] [1]
// CHECK:         %[[R:.*]] = tensor.insert_slice %[[X]] into %[[F]][1] [4] [1]
// CHECK:         return %[[R]]
func.func @pad(%x: tensor<4xf32>) -> tensor<7xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[2] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<4xf32> to tensor<7xf32>
  return %p : tensor<7xf32>
}

// -----

// A concatenation is slices of its destination; one without elements is left
// out, as there is no place for it behind the last element.
// CHECK-LABEL: func.func @concat
// CHECK:       func.func private @orch_k_
// CHECK:         tensor.insert_slice {{.*}}[0, 0] [4, 3] [1, 1]
// CHECK:         tensor.insert_slice {{.*}}[0, 3] [4, 5] [1, 1]
// CHECK-NOT:     tensor.insert_slice
func.func @concat(%x: tensor<4x3xf32>, %y: tensor<4x5xf32>, %z: tensor<4x0xf32>) -> tensor<4x8xf32> {
  %c = tensor.concat dim(1) %x, %y, %z : (tensor<4x3xf32>, tensor<4x5xf32>, tensor<4x0xf32>) -> tensor<4x8xf32>
  return %c : tensor<4x8xf32>
}

// -----

// A slice is copied: kernels read dense buffers only.
// CHECK-LABEL: func.func @slice
// CHECK:         orchestra.dispatch
// CHECK:       func.func private @orch_k_
// CHECK:         tensor.extract_slice
// CHECK:         linalg.copy
func.func @slice(%x: tensor<4x8xf32>) -> tensor<4x2xf32> {
  %s = tensor.extract_slice %x[0, 3] [4, 2] [1, 1] : tensor<4x8xf32> to tensor<4x2xf32>
  return %s : tensor<4x2xf32>
}

// -----

// An update in place becomes an update of a copy: kernels overwrite what they
// are given as a destination, and inputs stay as they are.
// CHECK-LABEL: func.func @insert
// CHECK:       func.func private @orch_k_
// CHECK-SAME:    (%[[X:[a-z0-9]*]]: tensor<2xf32>{{.*}}, %[[Y:[a-z0-9]*]]: tensor<8xf32>{{.*}}, %[[OUT:[a-z0-9]*]]: tensor<8xf32>)
// CHECK:         %[[C:.*]] = linalg.copy ins(%[[Y]] {{.*}} outs(%[[OUT]]
// CHECK:         tensor.insert_slice %[[X]] into %[[C]]
func.func @insert(%x: tensor<2xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = tensor.insert_slice %x into %y[3] [2] [1] : tensor<2xf32> into tensor<8xf32>
  return %s : tensor<8xf32>
}

// -----

// A matmul that adds to a given matrix starts from a copy of it.
// CHECK-LABEL: func.func @accumulate
// CHECK:       func.func private @orch_k_
// CHECK-SAME:    %[[OUT:[a-z0-9]*]]: tensor<4x4xf32>) ->
// CHECK:         %[[C:.*]] = linalg.copy {{.*}} outs(%[[OUT]]
// CHECK:         linalg.matmul {{.*}} outs(%[[C]]
func.func @accumulate(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %m = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%y : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %m : tensor<4x4xf32>
}

// -----

// Constants of one value are made by the kernels; others are passed to them.
// CHECK-LABEL: func.func @constants
// CHECK:         %[[W:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]>
// CHECK-NOT:     arith.constant dense<3
// CHECK:         orchestra.dispatch @{{.*}}(%{{.*}}, %[[W]] : tensor<2xf32>, tensor<2xf32>)
// CHECK:       func.func private
// CHECK:         arith.constant dense<3.000000e+00>
func.func @constants(%x: tensor<2xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %s = arith.constant dense<3.0> : tensor<2xf32>
  %e = tensor.empty() : tensor<2xf32>
  %a = linalg.add ins(%x, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %b = linalg.mul ins(%a, %s : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  return %b : tensor<2xf32>
}

// -----

// There is nothing to do for tensors without elements.
// CHECK-LABEL: func.func @no_elements
// CHECK-NOT:     orchestra.dispatch
// CHECK:         %[[E:.*]] = tensor.empty(%{{.*}}) : tensor<0x?xf32>
// CHECK:         return %[[E]]
func.func @no_elements(%x: tensor<0x?xf32>) -> tensor<0x?xf32> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c1 : tensor<0x?xf32>
  %e = tensor.empty(%n) : tensor<0x?xf32>
  %a = linalg.exp ins(%x : tensor<0x?xf32>) outs(%e : tensor<0x?xf32>) -> tensor<0x?xf32>
  return %a : tensor<0x?xf32>
}

// -----

// A table that the body reads is an input of the kernel.
// CHECK-LABEL: func.func @gather
// CHECK-SAME:    (%[[T:.*]]: tensor<10x8xf32>, %[[I:.*]]: tensor<4xi64>)
// CHECK:         orchestra.dispatch @{{.*}}(%[[T]], %[[I]] : tensor<10x8xf32>, tensor<4xi64>)
func.func @gather(%table: tensor<10x8xf32>, %at: tensor<4xi64>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%at : tensor<4xi64>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%p: i64, %o: f32):
    %i = arith.index_cast %p : i64 to index
    %j = linalg.index 1 : index
    %0 = tensor.extract %table[%i, %j] : tensor<10x8xf32>
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  return %a : tensor<4x8xf32>
}

// -----

// What is only padded is computed inside of its frame, which the kernel fills
// first: above, below, left and right of it.
// CHECK-LABEL: func.func @padded
// CHECK:         orchestra.dispatch @[[K:orch_k_[0-9a-f]*]]
// CHECK-NOT:     orchestra.dispatch
// CHECK:         return
// CHECK:       func.func private @[[K]](%[[X:[a-z0-9]*]]: tensor<4x6xf32>{{.*}}, %[[OUT:[a-z0-9]*]]: tensor<6x9xf32>) -> tensor<6x9xf32>
// CHECK:         tensor.extract_slice %[[OUT]][0, 0] [1, 9]
// CHECK:         linalg.fill
// CHECK:         tensor.extract_slice %{{.*}}[5, 0] [1, 9]
// CHECK:         linalg.fill
// CHECK:         tensor.extract_slice %{{.*}}[1, 0] [4, 1]
// CHECK:         linalg.fill
// CHECK:         tensor.extract_slice %{{.*}}[1, 7] [4, 2]
// CHECK:         linalg.fill
// CHECK:         %[[FRAME:.*]] = tensor.insert_slice %{{.*}}[1, 7] [4, 2]
// CHECK:         %[[IN:.*]] = tensor.extract_slice %[[FRAME]][1, 1] [4, 6]
// CHECK:         %[[R:.*]] = linalg.generic {{.*}} ins(%[[X]] {{.*}} outs(%[[IN]]
// CHECK:         tensor.insert_slice %[[R]] into %[[FRAME]][1, 1] [4, 6]
func.func @padded(%x: tensor<4x6xf32>) -> tensor<6x9xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x6xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x6xf32>) outs(%e : tensor<4x6xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = math.exp %p : f32
    linalg.yield %0 : f32
  } -> tensor<4x6xf32>
  %p = tensor.pad %a low[1, 1] high[1, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<4x6xf32> to tensor<6x9xf32>
  return %p : tensor<6x9xf32>
}

// -----

// With another use the value exists without the frame, too: two kernels.
// CHECK-LABEL: func.func @padded_and_used
// CHECK-COUNT-2: orchestra.dispatch
func.func @padded_and_used(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<6x9xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x6xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x6xf32>) outs(%e : tensor<4x6xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = math.exp %p : f32
    linalg.yield %0 : f32
  } -> tensor<4x6xf32>
  %p = tensor.pad %a low[1, 1] high[1, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<4x6xf32> to tensor<6x9xf32>
  return %a, %p : tensor<4x6xf32>, tensor<6x9xf32>
}

// -----

// A loop is one kernel with all that is in it; its states live in the
// destination. A result that is no tensor goes through one.
// CHECK-LABEL: func.func @loop
// CHECK:         %[[D:.*]]:2 = orchestra.dispatch
// CHECK:         %[[COUNT:.*]] = tensor.extract %[[D]]#1[] : tensor<i64>
// CHECK:       func.func private @orch_k_
// CHECK-SAME:    %[[OUT:[a-z0-9]*]]: tensor<4xf32>, %[[SCALAR:[a-z0-9]*]]: tensor<i64>)
// CHECK:         %[[C:.*]] = linalg.copy {{.*}} outs(%[[OUT]]
// CHECK:         %[[F:.*]]:2 = scf.for {{.*}} iter_args({{.*}} = %[[C]]
// CHECK:           tensor.insert
// CHECK:         %[[I:.*]] = arith.index_cast %[[F]]#1 : index to i64
// CHECK:         %[[S:.*]] = tensor.insert %[[I]] into %[[SCALAR]][]
// CHECK:         return %[[F]]#0, %[[S]]
func.func @loop(%x: tensor<4xf32>, %n: index) -> (tensor<4xf32>, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%s = %x, %k = %c0) -> (tensor<4xf32>, index) {
    %t = tensor.insert %zero into %s[%i] : tensor<4xf32>
    %l = arith.addi %k, %i : index
    scf.yield %t, %l : tensor<4xf32>, index
  }
  return %r#0, %r#1 : tensor<4xf32>, index
}

// -----

// The size of a kernel's result is said by its destination.
// CHECK-LABEL: func.func @sizes
// CHECK-SAME:    %[[N:[a-z0-9]*]]: index
// CHECK:         orchestra.dispatch
// CHECK:         %[[M:.*]] = affine.apply {{.*}}()[%[[N]]]
// CHECK:         return %{{.*}}, %[[M]]
func.func @sizes(%n: index, %x: tensor<?x4xf32>) -> (tensor<?xf32>, index) {
  %c0 = arith.constant 0 : index
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %f = tensor.collapse_shape %y [[0, 1]] : tensor<?x4xf32> into tensor<?xf32>
  %d = tensor.dim %f, %c0 : tensor<?xf32>
  return %f, %d : tensor<?xf32>, index
}

// -----

// The padding may be a scalar that the kernel gets.
// CHECK-LABEL: func.func @pad_with_argument
// CHECK:       func.func private @orch_k_
// CHECK-SAME:    %[[V:[a-z0-9]*]]: f32
// CHECK-COUNT-2: linalg.fill ins(%[[V]] : f32)
func.func @pad_with_argument(%x: tensor<4xf32>, %v: f32) -> tensor<7xf32> {
  %p = tensor.pad %x low[1] high[2] {
  ^bb0(%i: index):
    tensor.yield %v : f32
  } : tensor<4xf32> to tensor<7xf32>
  return %p : tensor<7xf32>
}
