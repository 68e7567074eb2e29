// A kernel that orchestra 0.1.0 could not compile. To see it fail:
// orchestra-opt --pass-pipeline='builtin.module(orchestra-kernel-pipeline{arch=x86_64 cpu=rocketlake})' THIS_FILE
#loc = loc(unknown)
#map = affine_map<(d0) -> (d0)>
module @orch_k_706b0f657e457bc871ad21dab02ce4c3 {
  func.func @orch_k_706b0f657e457bc871ad21dab02ce4c3(%arg0: tensor<3xi64> loc(unknown), %arg1: tensor<3xi64> loc(unknown), %arg2: tensor<3xi64> loc(unknown)) -> tensor<3xi64> attributes {orchestra.kernel, orchestra.kind = "rows"} {
    %0 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]} ins(%arg0, %arg1 : tensor<3xi64>, tensor<3xi64>) outs(%arg2 : tensor<3xi64>) {
    ^bb0(%in: i64 loc(unknown), %in_0: i64 loc(unknown), %out: i64 loc(unknown)):
      %1 = math.ipowi %in, %in_0 : i64 loc(#loc)
      linalg.yield %1 : i64 loc(#loc)
    } -> tensor<3xi64> loc(#loc)
    return %0 : tensor<3xi64> loc(#loc)
  } loc(#loc)
} loc(#loc)

