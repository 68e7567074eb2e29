// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Integer ops whose sign is in the op, gathered in one number by a hash.
#id = affine_map<(d0) -> (d0)>
func.func private @orch_k_bits(%a: tensor<4096xi8>, %b: tensor<4096xi8>, %out: tensor<4096xi32>) -> tensor<4096xi32> attributes {orchestra.kernel} {
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%a, %b : tensor<4096xi8>, tensor<4096xi8>) outs(%out : tensor<4096xi32>) {
  ^bb0(%x: i8, %y: i8, %o: i32):
    %one = arith.constant 1 : i8
    %two = arith.constant 2 : i8
    %third = arith.constant 0.333 : f32
    %k = arith.constant 31 : i32
    %d = arith.ori %y, %one : i8
    %0 = arith.divui %x, %d : i8
    %e0 = arith.extui %0 : i8 to i32
    %1 = arith.divsi %x, %d : i8
    %e1 = arith.extsi %1 : i8 to i32
    %2 = arith.remui %x, %d : i8
    %e2 = arith.extui %2 : i8 to i32
    %3 = arith.remsi %x, %d : i8
    %e3 = arith.extsi %3 : i8 to i32
    %4 = arith.maxui %x, %y : i8
    %e4 = arith.extsi %4 : i8 to i32
    %5 = arith.minsi %x, %y : i8
    %e5 = arith.extsi %5 : i8 to i32
    %6 = arith.cmpi ult, %x, %y : i8
    %e6 = arith.extui %6 : i1 to i32
    %7 = arith.cmpi slt, %x, %y : i8
    %e7 = arith.extsi %7 : i1 to i32
    %8 = arith.shrsi %x, %two : i8
    %e8 = arith.extsi %8 : i8 to i32
    %9 = arith.shrui %x, %two : i8
    %e9 = arith.extui %9 : i8 to i32
    %f10 = arith.uitofp %x : i8 to f32
    %g10 = arith.mulf %f10, %third : f32
    %e10 = arith.fptosi %g10 : f32 to i32
    %f11 = arith.sitofp %y : i8 to f32
    %g11 = arith.mulf %f11, %third : f32
    %e11 = arith.fptosi %g11 : f32 to i32
    %12 = arith.trunci %x : i8 to i1
    %e12 = arith.extui %12 : i1 to i32
    %13 = arith.select %6, %x, %y : i8
    %e13 = arith.extsi %13 : i8 to i32
    %14 = arith.cmpf olt, %f10, %f11 : f32
    %e14 = arith.extui %14 : i1 to i32
    %h0 = arith.muli %e0, %k : i32
    %s0 = arith.addi %h0, %e1 : i32
    %h1 = arith.muli %s0, %k : i32
    %s1 = arith.addi %h1, %e2 : i32
    %h2 = arith.muli %s1, %k : i32
    %s2 = arith.addi %h2, %e3 : i32
    %h3 = arith.muli %s2, %k : i32
    %s3 = arith.addi %h3, %e4 : i32
    %h4 = arith.muli %s3, %k : i32
    %s4 = arith.addi %h4, %e5 : i32
    %h5 = arith.muli %s4, %k : i32
    %s5 = arith.addi %h5, %e6 : i32
    %h6 = arith.muli %s5, %k : i32
    %s6 = arith.addi %h6, %e7 : i32
    %h7 = arith.muli %s6, %k : i32
    %s7 = arith.addi %h7, %e8 : i32
    %h8 = arith.muli %s7, %k : i32
    %s8 = arith.addi %h8, %e9 : i32
    %h9 = arith.muli %s8, %k : i32
    %s9 = arith.addi %h9, %e10 : i32
    %h10 = arith.muli %s9, %k : i32
    %s10 = arith.addi %h10, %e11 : i32
    %h11 = arith.muli %s10, %k : i32
    %s11 = arith.addi %h11, %e12 : i32
    %h12 = arith.muli %s11, %k : i32
    %s12 = arith.addi %h12, %e13 : i32
    %h13 = arith.muli %s12, %k : i32
    %s13 = arith.addi %h13, %e14 : i32
    linalg.yield %s13 : i32
  } -> tensor<4096xi32>
  return %r : tensor<4096xi32>
}
