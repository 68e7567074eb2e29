//===- Passes.td - Conversions between dialects ---------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_CONVERSION_PASSES
#define ORCHESTRA_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def OrchestraToLinalgPass
    : Pass<"orchestra-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "Inlines schedules and tasks of the host's own device.";
  let description = [{
    Before: tasks in a schedule. After: the bodies of tasks whose architecture
    is `arch` stand in the host program, in the schedule's place. A task for
    another architecture is an error that names it.
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"x86_64\"",
           "Architecture of the host.">
  ];
}

#endif // ORCHESTRA_CONVERSION_PASSES
