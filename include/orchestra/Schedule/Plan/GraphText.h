//===- GraphText.h - Task graphs as JSON -------------------------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For benchmarks and tests of planning, which take graphs of real models
// without the compiler around them.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PLAN_GRAPHTEXT_H
#define ORCHESTRA_SCHEDULE_PLAN_GRAPHTEXT_H

#include "orchestra/Schedule/Plan/TaskGraph.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace orchestra::plan {

/// Writes tasks and values, indices standing for references.
void writeGraph(const TaskGraph &graph, llvm::raw_ostream &os);

/// Reads what writeGraph() wrote and finishes the graph.
llvm::Expected<TaskGraph> readGraph(llvm::StringRef text);

} // namespace orchestra::plan

#endif // ORCHESTRA_SCHEDULE_PLAN_GRAPHTEXT_H
