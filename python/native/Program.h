//===- Program.h - A compiled model that Python calls -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a loaded model with contexts of the runtime, one for each run under
//   way, on one pool of threads (or one set of devices).
// Threads: everything may be called from any number of Python threads at once;
//   runs, profiles and saves go on without Python's lock.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_PYTHON_PROGRAM_H
#define ORCHESTRA_PYTHON_PROGRAM_H

#include "Arrays.h"

#include "orchestra/Driver/Driver.h"
#include "orchestra/Driver/Session.h"
#include "orchestra_runtime/context.h"

#include <nanobind/nanobind.h>

#include <memory>
#include <mutex>
#include <vector>

namespace orchestra::python {

/// What one run needs for itself.
struct RunState {
  orch_context *context = nullptr;
  std::vector<orch_tensor> inputs, outputs;
  std::vector<nanobind::object> held; ///< owners of the inputs' memory

  RunState() = default;
  RunState(const RunState &) = delete;
  RunState &operator=(const RunState &) = delete;
  ~RunState();
  /// Lets go of all tensors. Needs Python's lock.
  void clear();
};

class Program {
public:
  /// `compiled` may be null: a program from an artefact. `threads` 0: one for
  /// each CPU.
  Program(std::shared_ptr<Model> model, std::unique_ptr<CompiledModel> compiled,
          int threads);
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;
  ~Program();

  /// Runs with a tuple of inputs in order and a dict of others by name; a
  /// single dict in the tuple is the dict. `outputs` is a subclass of tuple;
  /// returns one of it.
  nanobind::object run(nanobind::handle positional, nanobind::handle named,
                       nanobind::handle outputs);

  /// Runs several times and returns what `explain` shows: (seconds of a run,
  /// threads, GFLOP/s and GB/s of this machine, [(seconds, device) of a call]).
  /// No inputs at all: random ones, with named dims as in `dims`.
  nanobind::tuple profile(nanobind::handle positional, nanobind::handle named,
                          const std::map<std::string, int64_t> &dims, int runs);

  /// Writes an artefact; only for a model compiled here.
  std::vector<std::string> save(const std::string &path, bool externalWeights);

  const Model &getModel() const { return *model; }
  const CompileReport *getReport() const {
    return compiled ? &compiled->getReport() : nullptr;
  }
  /// Threads of one run; starts them.
  int getNumThreads();

private:
  /// A state from those at rest, back when it goes.
  class Lease;

  std::unique_ptr<RunState> makeState(uint32_t flags);
  void bind(RunState &state, nanobind::handle positional,
            nanobind::handle named);
  [[noreturn]] void explainMismatch(nanobind::handle positional,
                                    nanobind::handle named) const;

  std::shared_ptr<Model> model;
  std::unique_ptr<CompiledModel> compiled;
  int threads;
  std::vector<InputPlace> places;
  std::vector<nanobind::object> names; ///< of inputs, as Python strings

  std::mutex mutex; ///< of what follows; its holder never waits for Python
  std::vector<std::unique_ptr<RunState>> idle;
  orch_pool *pool = nullptr;
  orch_device_set *devices = nullptr;
  std::mutex saving;
};

} // namespace orchestra::python

#endif // ORCHESTRA_PYTHON_PROGRAM_H
