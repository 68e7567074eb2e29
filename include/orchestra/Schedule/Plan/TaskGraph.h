//===- TaskGraph.h - What a planner places on machines ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An abstract program: tasks with work, values with bytes. It knows nothing of
// IR, so planning is fast and can be tested alone.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PLAN_TASKGRAPH_H
#define ORCHESTRA_SCHEDULE_PLAN_TASKGRAPH_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace orchestra::plan {

/// Kinds of arithmetic that devices have different rates for.
enum class Element : uint8_t { F64, F32, F16, BF16, F8, I32, I8 };
constexpr unsigned kElements = 7;
constexpr std::array<const char *, kElements> kElementNames = {
    "f64", "f32", "f16", "bf16", "f8", "i32", "i8"};
/// A number per element kind: operations, or operations per second.
using PerElement = std::array<double, kElements>;

/// A task that runs on devices of `arch` for `seconds`, measured or known;
/// infinite: it cannot run there.
struct KnownCost {
  std::string arch;
  double seconds;
};

/// What a kernel spends its time with. Devices that were measured have a rate
/// for each, by size: operations a second by operations for the first three,
/// elements a second by elements for Math, bytes a second by bytes for the
/// others.
enum class KernelKind : uint8_t {
  Matmul,      ///< contractions, convolutions with a window of one
  Convolution, ///< with a larger window
  Window,      ///< depthwise convolutions, pooling
  Rows,        ///< softmax, normalisations: rows are reduced
  Elementwise, ///< as it is in memory
  Copy,        ///< in another order
  Read,        ///< only looks at memory
  Math         ///< divisions, exp, tanh and the like
};
constexpr unsigned kKernelKinds = 8;
constexpr std::array<const char *, kKernelKinds> kKernelKindNames = {
    "matmul",      "convolution", "window", "rows",
    "elementwise", "copy",        "read",   "math"};

/// One kernel that a task launches.
struct Kernel {
  KernelKind kind = KernelKind::Elementwise;
  /// What contractions and windows compute in.
  Element element = Element::F32;
  /// Operations of a contraction or over windows.
  double flops = 0;
  /// Divisions, exp, tanh and the like.
  double math = 0;
  /// Bytes of values that it reads and writes, and of constants that it reads.
  double bytes = 0, constants = 0;
};

struct Task {
  std::string name;
  /// Arithmetic operations by the type they compute in.
  PerElement flops{};
  /// Bytes that its kernels read and write.
  double bytes = 0;
  /// Kernels that it launches.
  double launches = 1;
  /// The same in more detail, for devices whose rates were measured; empty: not
  /// known.
  std::vector<Kernel> kernels;
  /// Bytes of scratch memory while it runs.
  double workspace = 0;
  /// The device it must run on, or -1.
  int32_t pin = -1;
  /// Values it reads and writes, without repetition.
  std::vector<int32_t> inputs, outputs;
  /// What replaces the estimate.
  std::vector<KnownCost> known;
};

enum class ValueKind : uint8_t {
  /// Made by a task.
  Computed,
  /// Given by the caller in the host's memory when a request starts.
  Input,
  /// In place on every device that uses it before the first request starts.
  Constant
};

struct Value {
  std::string name;
  ValueKind kind = ValueKind::Computed;
  double bytes = 0;
  /// Wanted in the host's memory when the request ends.
  bool isOutput = false;
  /// Filled by TaskGraph::finish().
  int32_t producer = -1;
  std::vector<int32_t> users;
};

struct TaskGraph {
  std::vector<Task> tasks;
  std::vector<Value> values;

  int32_t addTask(Task task) {
    tasks.push_back(std::move(task));
    return tasks.size() - 1;
  }
  int32_t addValue(Value value) {
    values.push_back(std::move(value));
    return values.size() - 1;
  }

  /// Drops repeated inputs, fills producers, users and the order. Returns what
  /// is wrong with the graph: a cycle, a value with two producers or none.
  std::optional<std::string> finish();

  /// Tasks, each after those it depends on; among the ready ones, first come
  /// those added first. Valid after finish().
  const std::vector<int32_t> &order() const { return topological; }
  /// Tasks plus uses of values: what one look at the graph costs.
  size_t size() const;
  /// Bytes of all constants.
  double constantBytes() const;

private:
  std::vector<int32_t> topological;
};

} // namespace orchestra::plan

#endif // ORCHESTRA_SCHEDULE_PLAN_TASKGRAPH_H
