// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-overlap-products | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-overlap-products --remarks-filter=nvidia --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!k = memref<64x64xf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<2, !k>
// The first iteration without its second product; in others the next first one
// runs beside the second one of the iteration before; the last second one behind
// the loop. Two consumers take turns, of which the second gives the first one.
// CHECK-LABEL: func.func private @turns
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: memref<128x64xf16, {{[^,]*}}>, %[[N:[a-z0-9]+]]: index
//       CHECK:   %[[KEYS:.*]] = nvtile.channel
//       CHECK:   %[[VALUES:.*]] = nvtile.channel
//       CHECK:   consumer {
//       CHECK:     nvtile.pass_turn first
//       CHECK:     %[[K0:.*]] = nvtile.await %[[KEYS]]
//       CHECK:     nvtile.mma %[[Q]], %[[K0]], %{{.*}} transpose_b :
//       CHECK:     nvtile.release %[[KEYS]]
//       CHECK:     %[[W0:.*]] = arith.truncf
//       CHECK:     %[[A0:.*]] = arith.mulf
//       CHECK:     %[[ALL:.*]]:2 = scf.for %[[S:[a-z0-9]+]] = %{{.*}} to %[[N]] step %{{.*}} iter_args(%[[W:.*]] = %[[W0]], %[[A:.*]] = %[[A0]])
//       CHECK:       nvtile.take_turn
//       CHECK:       %[[K:.*]] = nvtile.await %[[KEYS]][%[[S]]]
//       CHECK:       %[[P1:.*]] = nvtile.mma %[[Q]], %[[K]], %{{.*}} transpose_b pending
//       CHECK:       %[[BEFORE:.*]] = arith.subi %[[S]]
//       CHECK:       %[[V:.*]] = nvtile.await %[[VALUES]][%[[BEFORE]]]
//       CHECK:       %[[P2:.*]] = nvtile.mma %[[W]], %[[V]], %[[A]] pending
//       CHECK:       nvtile.pass_turn{{$}}
//       CHECK:       %[[SCORES:.*]] = nvtile.wait %[[P1]] younger = 1
//       CHECK:       nvtile.release %[[KEYS]][%[[S]]]
//       CHECK:       %[[NEXT:.*]] = arith.truncf %[[SCORES]]
//       CHECK:       %[[SUM:.*]] = nvtile.wait %[[P2]] younger = 0
//       CHECK:       nvtile.release %[[VALUES]][%[[BEFORE]]]
//       CHECK:       %[[SCALED:.*]] = arith.mulf %[[SUM]],
//       CHECK:       scf.yield %[[NEXT]], %[[SCALED]]
//       CHECK:     %[[VL:.*]] = nvtile.await %[[VALUES]]
//       CHECK:     %[[LAST:.*]] = nvtile.mma %[[ALL]]#0, %[[VL]], %[[ALL]]#1 :
//       CHECK:     nvtile.release %[[VALUES]]
//       CHECK:     nvtile.store %[[LAST]]
// REMARK: Remark="products run beside what is computed between them"
func.func private @turns(%q: memref<128x64xf16, #gpu.address_space<workgroup>>, %n: index, %by: vector<128x64xf32>, %out: memref<128x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 2, consumers = 2, group = 8, blocks = 4, store_bytes = 128, overlap = true>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : vector<128x64xf32>
  %keys = nvtile.channel : !channel
  %values = nvtile.channel : !channel
  nvtile.roles consumers = 2 producer {
  } consumer {
    %acc = scf.for %s = %c0 to %n step %c1 iter_args(%c = %zero) -> (vector<128x64xf32>) {
      %k = nvtile.await %keys[%s] : !channel -> !k
      %scores = nvtile.mma %q, %k, %zero transpose_b : memref<128x64xf16, #gpu.address_space<workgroup>>, !k, vector<128x64xf32>
      nvtile.release %keys[%s] : !channel
      %w = arith.truncf %scores : vector<128x64xf32> to vector<128x64xf16>
      %scaled = arith.mulf %c, %by : vector<128x64xf32>
      %v = nvtile.await %values[%s] : !channel -> !k
      %d = nvtile.mma %w, %v, %scaled : vector<128x64xf16>, !k, vector<128x64xf32>
      nvtile.release %values[%s] : !channel
      scf.yield %d : vector<128x64xf32>
    }
    nvtile.store %acc, %out[%c0, %c0] : vector<128x64xf32>, memref<128x64xf32>
  }
  return
}

// -----

!k = memref<64x64xf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<2, !k>
// One consumer has nobody to take turns with.
// CHECK-LABEL: func.func private @one
//   CHECK-NOT:   _turn
//       CHECK:   nvtile.mma {{.*}} pending
//       CHECK:   nvtile.wait
// REMARK: Remark="products run beside what is computed between them"
func.func private @one(%q: !k, %n: index, %out: memref<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 2, consumers = 1, group = 8, blocks = 4, store_bytes = 128, overlap = true>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %keys = nvtile.channel : !channel
  %values = nvtile.channel : !channel
  nvtile.roles consumers = 1 producer {
  } consumer {
    %acc = scf.for %s = %c0 to %n step %c1 iter_args(%c = %zero) -> (vector<64x64xf32>) {
      %k = nvtile.await %keys[%s] : !channel -> !k
      %scores = nvtile.mma %q, %k, %zero transpose_b : !k, !k, vector<64x64xf32>
      nvtile.release %keys[%s] : !channel
      %w = arith.truncf %scores : vector<64x64xf32> to vector<64x64xf16>
      %v = nvtile.await %values[%s] : !channel -> !k
      %d = nvtile.mma %w, %v, %c : vector<64x64xf16>, !k, vector<64x64xf32>
      nvtile.release %values[%s] : !channel
      scf.yield %d : vector<64x64xf32>
    }
    nvtile.store %acc, %out[%c0, %c0] : vector<64x64xf32>, memref<64x64xf32>
  }
  return
}

// -----

!k = memref<64x64xf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<2, !k>
// Both products read one tile: it cannot be given back between them.
// CHECK-LABEL: func.func private @one_tile
//   CHECK-NOT:   pending
// REMARK-NOT: run beside
func.func private @one_tile(%q: !k, %n: index, %out: memref<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 2, consumers = 1, group = 8, blocks = 4, store_bytes = 128, overlap = true>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %keys = nvtile.channel : !channel
  nvtile.roles consumers = 1 producer {
  } consumer {
    %acc = scf.for %s = %c0 to %n step %c1 iter_args(%c = %zero) -> (vector<64x64xf32>) {
      %k = nvtile.await %keys[%s] : !channel -> !k
      %scores = nvtile.mma %q, %k, %zero transpose_b : !k, !k, vector<64x64xf32>
      %w = arith.truncf %scores : vector<64x64xf32> to vector<64x64xf16>
      %d = nvtile.mma %w, %k, %c : vector<64x64xf16>, !k, vector<64x64xf32>
      nvtile.release %keys[%s] : !channel
      scf.yield %d : vector<64x64xf32>
    }
    nvtile.store %acc, %out[%c0, %c0] : vector<64x64xf32>, memref<64x64xf32>
  }
  return
}

// -----

!k = memref<64x64xf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<2, !k>
// A loop of one product.
// CHECK-LABEL: func.func private @single
//   CHECK-NOT:   pending
func.func private @single(%q: !k, %n: index, %out: memref<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 2, consumers = 1, group = 8, blocks = 4, store_bytes = 128, overlap = true>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %keys = nvtile.channel : !channel
  nvtile.roles consumers = 1 producer {
  } consumer {
    %acc = scf.for %s = %c0 to %n step %c1 iter_args(%c = %zero) -> (vector<64x64xf32>) {
      %k = nvtile.await %keys[%s] : !channel -> !k
      %d = nvtile.mma %q, %k, %c transpose_b : !k, !k, vector<64x64xf32>
      nvtile.release %keys[%s] : !channel
      scf.yield %d : vector<64x64xf32>
    }
    nvtile.store %acc, %out[%c0, %c0] : vector<64x64xf32>, memref<64x64xf32>
  }
  return
}

// -----

!k = memref<64x64xf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<2, !k>
// The policy does not say so.
// CHECK-LABEL: func.func private @unasked
//   CHECK-NOT:   pending
// REMARK-NOT: run beside
func.func private @unasked(%q: !k, %n: index, %out: memref<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 2, consumers = 1, group = 8, blocks = 4, store_bytes = 128>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %keys = nvtile.channel : !channel
  %values = nvtile.channel : !channel
  nvtile.roles consumers = 1 producer {
  } consumer {
    %acc = scf.for %s = %c0 to %n step %c1 iter_args(%c = %zero) -> (vector<64x64xf32>) {
      %k = nvtile.await %keys[%s] : !channel -> !k
      %scores = nvtile.mma %q, %k, %zero transpose_b : !k, !k, vector<64x64xf32>
      nvtile.release %keys[%s] : !channel
      %w = arith.truncf %scores : vector<64x64xf32> to vector<64x64xf16>
      %v = nvtile.await %values[%s] : !channel -> !k
      %d = nvtile.mma %w, %v, %c : vector<64x64xf16>, !k, vector<64x64xf32>
      nvtile.release %values[%s] : !channel
      scf.yield %d : vector<64x64xf32>
    }
    nvtile.store %acc, %out[%c0, %c0] : vector<64x64xf32>, memref<64x64xf32>
  }
  return
}
