// A result more for each conditional that runs once a request.
// RUN: orchestra-opt %s --orchestra-profile-branches | FileCheck %s
// RUN: orchestra-opt %s --orchestra-profile-branches --remarks-filter=schedule 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: func.func @main
// CHECK-SAME:    -> (tensor<4xf32>, tensor<i1> {orchestra.name = "orchestra.branch:choice"})
// CHECK:         %[[R:.*]] = scf.if %[[C:.*]] ->
// CHECK:         %[[E:.*]] = tensor.empty() : tensor<i1>
// CHECK:         %[[H:.*]] = linalg.fill ins(%[[C]] : i1) outs(%[[E]]
// CHECK:         return %[[R]], %[[H]]
// REMARK: ProfileBranches{{.*}}it does not run once a request
func.func @main(%x: tensor<4xf32>, %p: tensor<2xi1>) -> tensor<4xf32> attributes {orchestra.entry} {
  %i = arith.constant 0 : index
  %j = arith.constant 1 : index
  %c = tensor.extract %p[%i] : tensor<2xi1>
  %d = tensor.extract %p[%j] : tensor<2xi1>
  %r = scf.if %c -> (tensor<4xf32>) {
    %n = scf.if %d -> (tensor<4xf32>) {
      %0 = arith.negf %x : tensor<4xf32>
      scf.yield %0 : tensor<4xf32>
    } else {
      scf.yield %x : tensor<4xf32>
    } loc("inner")
    scf.yield %n : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  } loc("choice")
  return %r : tensor<4xf32>
}

// Only the entry function is asked.
// CHECK-NOT:   orchestra.branch
// CHECK-LABEL: func.func private @other
// CHECK-NOT:     orchestra.branch
// CHECK-SAME:    -> tensor<4xf32> {
func.func private @other(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %r = scf.if %c -> (tensor<4xf32>) {
    %0 = arith.negf %x : tensor<4xf32>
    scf.yield %0 : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  } loc("choice")
  return %r : tensor<4xf32>
}
