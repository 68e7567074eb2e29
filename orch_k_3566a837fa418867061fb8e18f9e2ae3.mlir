// A kernel that orchestra 0.1.0 could not compile. To see it fail:
// orchestra-opt --pass-pipeline='builtin.module(orchestra-kernel-pipeline{arch=x86_64 cpu=rocketlake})' THIS_FILE
#loc = loc(unknown)
#map = affine_map<(d0) -> (d0)>
module @orch_k_3566a837fa418867061fb8e18f9e2ae3 {
  func.func @orch_k_3566a837fa418867061fb8e18f9e2ae3(%arg0: tensor<3xi32> loc(unknown), %arg1: tensor<3xi32> loc(unknown), %arg2: tensor<3xi32> loc(unknown)) -> tensor<3xi32> attributes {orchestra.kernel, orchestra.kind = "rows"} {
    %0 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]} ins(%arg0, %arg1 : tensor<3xi32>, tensor<3xi32>) outs(%arg2 : tensor<3xi32>) {
    ^bb0(%in: i32 loc(unknown), %in_0: i32 loc(unknown), %out: i32 loc(unknown)):
      %1 = math.ipowi %in, %in_0 : i32 loc(#loc)
      linalg.yield %1 : i32 loc(#loc)
    } -> tensor<3xi32> loc(#loc)
    return %0 : tensor<3xi32> loc(#loc)
  } loc(#loc)
} loc(#loc)

