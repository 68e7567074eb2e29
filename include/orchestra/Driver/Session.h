//===- Session.h - Run a compiled model -------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a loaded model, from the JIT or from an artefact, and sessions that run
//   it. A thin layer over the runtime's C interface, with tensors by name.
// Threads: a Model is immutable; a Session is used by one thread at a time.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_SESSION_H
#define ORCHESTRA_DRIVER_SESSION_H

#include "orchestra/Driver/Options.h"
#include "orchestra/Driver/Tensor.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

struct orch_program;

namespace orchestra {

/// The most threads that a model can run on.
constexpr int kMaxThreads = 1024;

/// A kernel call of a program.
struct KernelCall {
  std::string kernel;
  std::vector<std::string> nodes; ///< the user's names
  double flops = -1, bytes = -1;  ///< negative: not known
};

/// A task or copy of a program that was planned for several devices.
struct PlannedTask {
  std::vector<std::string> nodes; ///< the user's names
  unsigned device = 0;            ///< index into getDevices()
  bool isCopy = false;
  double start = -1, finish = -1; ///< planned seconds; negative: not known
};

class Model {
public:
  virtual ~Model();
  /// Names of the devices that it was planned for; empty: one, the host.
  virtual const std::vector<std::string> &getDevices() const = 0;
  virtual const std::vector<PlannedTask> &getTasks() const = 0;
  virtual const std::vector<TensorDecl> &getInputs() const = 0;
  virtual const std::vector<TensorDecl> &getOutputs() const = 0;
  virtual const std::vector<KernelCall> &getCalls() const = 0;
  virtual std::string getName() const = 0;
  virtual std::string getTarget() const = 0;
  virtual std::string getMetadata() const = 0; ///< JSON
  virtual uint64_t getWeightBytes() const = 0;
  /// The runtime's handle, for callers of its C interface; without a reference.
  /// Null for a model that another runtime runs, such as a PJRT plugin.
  virtual orch_program *getProgram() const = 0;
  /// Of models without a program; `self` is this one.
  virtual llvm::Expected<std::unique_ptr<class Session>>
  startSession(std::shared_ptr<Model> self,
               const struct SessionOptions &options) const;
};

/// Loads an artefact, a `.so` that `orchestra compile` made.
llvm::Expected<std::shared_ptr<Model>> loadArtefact(llvm::StringRef path);

struct SessionOptions {
  int threads = 0; ///< 0: one for each CPU
  bool profile = false;
  bool poisonArena = false; ///< fill scratch memory with NaNs before each run
  /// Run on the devices of this session, of the same model; null: on its own.
  const class Session *shareDevices = nullptr;
};

/// Times of one kernel call over all runs, in nanoseconds.
struct CallTime {
  uint64_t count = 0, total = 0, least = 0, last = 0;
  uint64_t lastStart = 0; ///< since the start of the last run
  int device = -1;        ///< where it ran last; -1: on the host
};

class Session {
public:
  virtual ~Session();
  static llvm::Expected<std::unique_ptr<Session>>
  create(std::shared_ptr<Model> model, const SessionOptions &options);

  /// Runs with inputs in the model's order.
  virtual llvm::Expected<std::vector<Tensor>>
  run(llvm::ArrayRef<Tensor> inputs) = 0;
  /// Runs into outputs that an earlier run with the same shapes gave.
  virtual llvm::Error runInto(llvm::ArrayRef<Tensor> inputs,
                              llvm::ArrayRef<Tensor> outputs) = 0;
  virtual int getNumThreads() const = 0;
  virtual uint64_t arenaBytes(llvm::ArrayRef<Tensor> inputs) = 0;

  virtual std::vector<CallTime> callTimes() const = 0;
  /// Of tasks and copies, in the order of Model::getTasks().
  virtual std::vector<CallTime> taskTimes() const = 0;
  virtual CallTime runTime() const = 0;
  virtual void resetTimes() = 0;
  virtual llvm::Error setProfiling(bool on) = 0;
};

/// What a compilation may know of these inputs: shapes, and the elements of
/// small integers and booleans.
std::map<std::string, GivenInput> describeInputs(const NamedTensors &given);

/// Puts tensors given by name into the model's order. Every problem is named:
/// missing and unknown inputs, types, ranks and dims that do not fit.
llvm::Expected<std::vector<Tensor>> orderInputs(const Model &model,
                                                const NamedTensors &given);

/// Random inputs; named dims as in `dims`, all other dynamic ones 1.
llvm::Expected<NamedTensors>
randomInputs(const Model &model, const std::map<std::string, int64_t> &dims,
             uint64_t seed);

/// A Chrome/Perfetto trace of the last profiled run.
std::string formatTrace(const Model &model, const Session &session);

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_SESSION_H
