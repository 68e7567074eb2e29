//===- Options.h - What a user can ask of a compilation ---------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One structure for the command line, C and Python. No LLVM or MLIR header, so
// that bindings stay light.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_OPTIONS_H
#define ORCHESTRA_DRIVER_OPTIONS_H

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace orchestra {

/// What is known of an input before the compilation.
struct GivenInput {
  std::vector<int64_t> dims;
  /// Of small integers and booleans: elements that will not change.
  std::optional<std::vector<int64_t>> values;
};

struct CompileOptions {
  /// The machine: "" or "host", an architecture or a triple.
  std::string target;
  /// CPU and features as LLVM names them; "": the target's default.
  std::string cpu, features;
  /// A strategy script instead of the target's own.
  std::string strategy;
  /// JSON file of a machine with several devices to plan for; "": the one that
  /// the module itself has, else this program's is the only one.
  std::string topology;
  /// Of the plan: "latency" or "throughput", requests under way at the same
  /// time, and NODE=DEVICE.
  std::string objective = "latency";
  int inFlight = 4;
  std::vector<std::string> place;
  /// JSON file of measured seconds by architecture and task.
  std::string taskTimes;
  /// JSON file of how often conditions held in earlier runs.
  std::string branches;
  /// The program tells how its conditions go, in results of their own.
  bool profileBranches = false;
  /// Plain loops only: slow, and the measure of what is right.
  bool reference = false;
  /// Sizes for named dynamic dims, fixed at compile time.
  std::map<std::string, int64_t> dims;
  /// Shapes that get code of their own, chosen at run time by the sizes of the
  /// inputs: named dynamic dims, as "batch=1,seq=128".
  std::vector<std::string> specialize;
  /// Inputs of the runs to come, for ONNX models that have sequences or
  /// optionals as inputs, or whose structure follows from values of inputs.
  std::optional<std::map<std::string, GivenInput>> given;
  /// Fixes all sizes of inputs as `given` has them, for ONNX models that have
  /// operators which no code for all sizes can be made for.
  bool fixShapes = false;
  /// 0 to 3, of LLVM's pipeline.
  unsigned optLevel = 2;
  /// Threads that compile; 0: one for each CPU.
  unsigned jobs = 0;

  /// A command of stablehlo-translate's interface; "": the one that is found.
  std::string stablehloTool;
  /// The vendor's compiler for targets that need one: libtpu.so, neuronx-cc.
  std::string vendorCompiler;
  /// Version of portable artefacts, as "1.9.0"; "": what the consumer reads.
  std::string stablehloVersion;

  bool useCache = true;
  /// "": Cache::defaultFolder().
  std::string cacheFolder;
  /// Bytes the cache may hold; 0: Cache::kDefaultLimit.
  uint64_t cacheLimit = 0;

  /// Called when a phase starts, with its name, on the calling thread.
  std::function<void(const std::string &)> onPhase;
};

/// What `--emit` prints instead of making an artefact.
enum class EmitFormat {
  MLIR,
  LLVMIR,
  Assembly,
  Object,
  Header,
  StableHLO,         ///< text of the whole model
  StableHLOArtefact, ///< the official portable artefact
  HloProto           ///< XLA's HloModuleProto
};

inline bool isStableHLO(EmitFormat format) {
  return format == EmitFormat::StableHLO ||
         format == EmitFormat::StableHLOArtefact ||
         format == EmitFormat::HloProto;
}

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_OPTIONS_H
