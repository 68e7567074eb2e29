// RUN: orchestra-opt %s --orchestra-apply-strategy=file=%S/Inputs/contraction.mlir --canonicalize --cse -split-input-file | FileCheck %s

// Register tiles of 14 x 32: the rows of this matmul are cut evenly (28 = 2 x
// 14), its fill is fused, the loop runs over columns first, so that a tile of
// the right operand stays in the cache while all rows use it.
// CHECK-LABEL: func.func private @matmul
// CHECK-SAME:    (%[[X:.*]]: tensor<28x8xf32>, %[[W:.*]]: tensor<8x64xf32>, %[[OUT:.*]]: tensor<28x64xf32>)
// CHECK:         scf.forall (%[[I:.*]], %[[J:.*]]) = (0, 0) to (28, 64) step (14, 32) shared_outs(%[[O:.*]] = %[[OUT]])
// CHECK-DAG:       tensor.extract_slice %[[X]][%[[I]], 0] [14, 8]
// CHECK-DAG:       tensor.extract_slice %[[W]][0, %[[J]]] [8, 32]
// CHECK:           linalg.fill
// CHECK:           linalg.generic
// CHECK-SAME:        orchestra.columns = 32 : i64
// CHECK-SAME:        orchestra.register_tile = array<i64: 0, 1, 14>
// CHECK:           tensor.parallel_insert_slice
// CHECK:         } {orchestra.grain = {{.*}} : i64, orchestra.loop_order = array<i64: 1, 0>}
func.func private @matmul(%x: tensor<28x8xf32>, %w: tensor<8x64xf32>, %out: tensor<28x64xf32>) -> tensor<28x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<28x64xf32>) -> tensor<28x64xf32>
  %m = linalg.matmul ins(%x, %w : tensor<28x8xf32>, tensor<8x64xf32>) outs(%f : tensor<28x64xf32>) -> tensor<28x64xf32>
  return %m : tensor<28x64xf32>
}

// -----

// Threads divide the rows if the streamed operand (1,024 elements) is smaller
// than what rows are of (140 x 16 + 140 x 64) and there are enough tiles: each
// tile of rows, over all columns, is worth a thread if it has 2e5 operations.
// CHECK-LABEL: func.func private @rows_divided
// CHECK:         orchestra.grain = 7 : i64, orchestra.loop_order = array<i64: 1, 0>, orchestra.split_dims = 1 : i64
func.func private @rows_divided(%x: tensor<140x16xf32>, %w: tensor<16x64xf32>, %out: tensor<140x64xf32>) -> tensor<140x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<140x16xf32>, tensor<16x64xf32>) outs(%out : tensor<140x64xf32>) -> tensor<140x64xf32>
  return %m : tensor<140x64xf32>
}

// -----

// They divide everything if it is larger.
// CHECK-LABEL: func.func private @columns_divided
// CHECK:         orchestra.loop_order
// CHECK-NOT:     orchestra.split_dims
func.func private @columns_divided(%x: tensor<140x512xf32>, %w: tensor<512x512xf32>, %out: tensor<140x512xf32>) -> tensor<140x512xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<140x512xf32>, tensor<512x512xf32>) outs(%out : tensor<140x512xf32>) -> tensor<140x512xf32>
  return %m : tensor<140x512xf32>
}

// -----

// 33 rows go into three tiles of 11; 40 columns into one of 32 and one of 8.
// CHECK-LABEL: func.func private @ragged
// CHECK:         scf.forall {{.*}} to (33, 40) step (11, 32)
// CHECK:           orchestra.register_tile = array<i64: 0, 1, 11>
func.func private @ragged(%x: tensor<33x8xf32>, %w: tensor<8x40xf32>, %out: tensor<33x40xf32>) -> tensor<33x40xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<33x8xf32>, tensor<8x40xf32>) outs(%out : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %m : tensor<33x40xf32>
}

// -----

// A prime number of rows cannot be cut evenly: the tiles of 13 and the last one
// of 11 have code of their own.
// CHECK-LABEL: func.func private @prime
// CHECK:         scf.forall {{.*}} step (13, 32)
// CHECK:           orchestra.register_tile = array<i64: 0, 1, 13, 11>
func.func private @prime(%x: tensor<37x8xf32>, %w: tensor<8x64xf32>, %out: tensor<37x64xf32>) -> tensor<37x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<37x8xf32>, tensor<8x64xf32>) outs(%out : tensor<37x64xf32>) -> tensor<37x64xf32>
  return %m : tensor<37x64xf32>
}

// -----

// What is one tile needs no loop.
// CHECK-LABEL: func.func private @one_tile
// CHECK-NOT:     scf.forall
// CHECK:         linalg.generic
// CHECK-SAME:      orchestra.register_tile = array<i64: 0, 1, 3>
func.func private @one_tile(%x: tensor<3x8xf32>, %w: tensor<8x20xf32>, %out: tensor<3x20xf32>) -> tensor<3x20xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<3x8xf32>, tensor<8x20xf32>) outs(%out : tensor<3x20xf32>) -> tensor<3x20xf32>
  return %m : tensor<3x20xf32>
}

// -----

// Unknown rows: divided as evenly as known ones, at run time, with code for any
// count; unknown columns: whole tiles, and what is left.
// CHECK:         #[[$BOUND:.*]] = affine_map<()[s0] -> (14, s0)>
// CHECK-LABEL: func.func private @dynamic
// CHECK-SAME:    %[[OUT:[a-z0-9]*]]: tensor<?x?xf32>) ->
// CHECK:         %[[SIZE:.*]] = tensor.dim %[[OUT]], %c0
// CHECK:         %[[CEIL:.*]] = arith.ceildivui %[[SIZE]], %c14
// CHECK:         %[[TILES:.*]] = arith.maxui %[[CEIL]], %c1
// CHECK:         %[[EVEN:.*]] = arith.ceildivui %[[SIZE]], %[[TILES]]
// CHECK:         %[[SOME:.*]] = arith.maxui %[[EVEN]], %c1
// CHECK:         %[[ROWS:.*]] = affine.min #[[$BOUND]]()[%[[SOME]]]
// CHECK:         scf.forall {{.*}} to (%{{.*}}, %{{.*}}) step (%[[ROWS]], 32)
// CHECK:           orchestra.register_tile = array<i64: 0, 1, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1>
func.func private @dynamic(%x: tensor<?x?xf32>, %w: tensor<?x?xf32>, %out: tensor<?x?xf32>) -> tensor<?x?xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<?x?xf32>, tensor<?x?xf32>) outs(%out : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %m : tensor<?x?xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>

// The epilogue is tiled and the matmul fused into it.
// CHECK-LABEL: func.func private @epilogue
// CHECK:         scf.forall
// CHECK:           linalg.generic {{.*}} orchestra.register_tile
// CHECK:           linalg.generic
// CHECK:             arith.maximumf
// CHECK:           tensor.parallel_insert_slice
func.func private @epilogue(%x: tensor<28x8xf32>, %w: tensor<8x64xf32>, %b: tensor<64xf32>, %out: tensor<28x64xf32>) -> tensor<28x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<28x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<28x64xf32>) -> tensor<28x64xf32>
  %m = linalg.matmul ins(%x, %w : tensor<28x8xf32>, tensor<8x64xf32>) outs(%f : tensor<28x64xf32>) -> tensor<28x64xf32>
  %r = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %b : tensor<28x64xf32>, tensor<64xf32>) outs(%out : tensor<28x64xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.addf %p, %q : f32
    %1 = arith.maximumf %0, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<28x64xf32>
  return %r : tensor<28x64xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// A matmul whose plain result is wanted too: the loop yields both, and its
// bounds do not depend on what it computes.
// CHECK-LABEL: func.func private @two_results
// CHECK-SAME:    %[[M:[a-z0-9]*]]: tensor<?x64xf32>, %[[R:[a-z0-9]*]]: tensor<?x64xf32>)
// CHECK:         %[[F:.*]]:2 = scf.forall
// CHECK-COUNT-2:   tensor.parallel_insert_slice
// CHECK:         return %[[F]]#{{[01]}}, %[[F]]#{{[01]}}
func.func private @two_results(%x: tensor<?x8xf32>, %w: tensor<8x64xf32>, %a: tensor<?x64xf32>, %b: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x64xf32>) outs(%a : tensor<?x64xf32>) -> tensor<?x64xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<?x64xf32>) outs(%b : tensor<?x64xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = math.exp %p : f32
    linalg.yield %0 : f32
  } -> tensor<?x64xf32>
  return %m, %r : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// A packed operand as wide as the tile is read where it lies.
// CHECK-LABEL: func.func private @packed
// CHECK-SAME:    %[[P:[a-z0-9]*]]: tensor<2x8x32xf32>
// CHECK:         scf.forall (%{{.*}}, %[[J:.*]]) =
// CHECK:           %[[TILE:.*]] = affine.apply {{.*}}(%[[J]])
// CHECK:           tensor.extract_slice %[[P]][%[[TILE]], 0, 0] [1, 8, %{{.*}}] [1, 1, 1]
// CHECK-NOT:       linalg.unpack
// CHECK:           orchestra.register_tile
func.func private @packed(%x: tensor<28x8xf32>, %p: tensor<2x8x32xf32>, %out: tensor<28x40xf32>) -> tensor<28x40xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %e = tensor.empty() : tensor<8x40xf32>
  %w = linalg.unpack %p outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32] into %e : tensor<2x8x32xf32> -> tensor<8x40xf32>
  %m = linalg.matmul ins(%x, %w : tensor<28x8xf32>, tensor<8x40xf32>) outs(%out : tensor<28x40xf32>) -> tensor<28x40xf32>
  return %m : tensor<28x40xf32>
}

// -----

// So it is where there is no loop to slice in.
// CHECK-LABEL: func.func private @packed_one_tile
// CHECK-NOT:     linalg.unpack
// CHECK:         tensor.extract_slice %{{.*}}[0, 0, 0] [1, 8, 20] [1, 1, 1]
func.func private @packed_one_tile(%x: tensor<4x8xf32>, %p: tensor<1x8x32xf32>, %out: tensor<4x20xf32>) -> tensor<4x20xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %e = tensor.empty() : tensor<8x20xf32>
  %w = linalg.unpack %p outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [32] into %e : tensor<1x8x32xf32> -> tensor<8x20xf32>
  %m = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x20xf32>) outs(%out : tensor<4x20xf32>) -> tensor<4x20xf32>
  return %m : tensor<4x20xf32>
}

// -----

// Tiles of another width are unpacked outside.
// CHECK-LABEL: func.func private @packed_otherwise
// CHECK:         linalg.unpack
// CHECK:         scf.forall
func.func private @packed_otherwise(%x: tensor<28x8xf32>, %p: tensor<4x8x16xf32>, %out: tensor<28x64xf32>) -> tensor<28x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %e = tensor.empty() : tensor<8x64xf32>
  %w = linalg.unpack %p outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [16] into %e : tensor<4x8x16xf32> -> tensor<8x64xf32>
  %m = linalg.matmul ins(%x, %w : tensor<28x8xf32>, tensor<8x64xf32>) outs(%out : tensor<28x64xf32>) -> tensor<28x64xf32>
  return %m : tensor<28x64xf32>
}

// -----

// A convolution: pixels of a line are rows, output channels columns, the other
// dimensions are cut to one.
// CHECK-LABEL: func.func private @convolution
// CHECK:         scf.forall {{.*}} to (2, 12, 64) step (1, 1, 32)
// CHECK:           orchestra.register_tile = array<i64: 2, 3, 12>
func.func private @convolution(%x: tensor<2x14x14x16xf32>, %f: tensor<3x3x16x64xf32>, %out: tensor<2x12x12x64xf32>) -> tensor<2x12x12x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.conv_2d_nhwc_hwcf ins(%x, %f : tensor<2x14x14x16xf32>, tensor<3x3x16x64xf32>) outs(%out : tensor<2x12x12x64xf32>) -> tensor<2x12x12x64xf32>
  return %m : tensor<2x12x12x64xf32>
}

// -----

// Nothing to add up, or no result: plain loops do it.
// CHECK-LABEL: func.func private @empty_reduction
// CHECK-NOT:     scf.forall
// CHECK-LABEL: func.func private @no_rows
// CHECK-NOT:     scf.forall
func.func private @empty_reduction(%x: tensor<28x0xf32>, %w: tensor<0x64xf32>, %out: tensor<28x64xf32>) -> tensor<28x64xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<28x0xf32>, tensor<0x64xf32>) outs(%out : tensor<28x64xf32>) -> tensor<28x64xf32>
  return %m : tensor<28x64xf32>
}
func.func private @no_rows(%x: tensor<0x8xf32>, %w: tensor<8x20xf32>, %out: tensor<0x20xf32>) -> tensor<0x20xf32>
    attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %m = linalg.matmul ins(%x, %w : tensor<0x8xf32>, tensor<8x20xf32>) outs(%out : tensor<0x20xf32>) -> tensor<0x20xf32>
  return %m : tensor<0x20xf32>
}
