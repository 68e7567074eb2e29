// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func private @orch_k_gather(%t: tensor<100x64xf32>, %i: tensor<10xi64>, %out: tensor<10x64xf32>) -> tensor<10x64xf32> attributes {orchestra.kernel} {
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%i : tensor<10xi64>) outs(%out : tensor<10x64xf32>) {
  ^bb0(%a: i64, %o: f32):
    %row = arith.index_cast %a : i64 to index
    %col = linalg.index 1 : index
    %v = tensor.extract %t[%row, %col] : tensor<100x64xf32>
    linalg.yield %v : f32
  } -> tensor<10x64xf32>
  return %r : tensor<10x64xf32>
}
