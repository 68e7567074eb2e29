//===- Descriptor.h - What an artefact says about itself --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: lays out the `orch_artefact` of orchestra_runtime/format.h, the one
//   symbol an artefact exports, as an object file. The code it points to
//   (orch_run, orch_resolve) and embedded weights come from other objects.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_CPU_DESCRIPTOR_H
#define ORCHESTRA_TARGET_CPU_DESCRIPTOR_H

#include "orchestra/Target/CPU/Codegen.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orchestra::cpu {

/// An input or output of a model.
struct TensorInfo {
  std::string name;
  uint32_t dtype = 0;                ///< orch_dtype
  std::vector<int64_t> dims;         ///< -1: dynamic
  std::vector<std::string> dimNames; ///< one for each dim, "" unnamed
};

/// A kernel call of the host program.
struct CallInfo {
  std::string kernel; ///< content-addressed name
  std::string nodes;  ///< the user's node names, separated by newlines
  double flops = -1;  ///< negative: depends on dynamic dims
  double bytes = -1;
};

/// A device that the program was planned for, as in format.h.
struct DeviceSlot {
  std::string name, arch;
  std::vector<int32_t> cores; ///< empty: any
  int64_t numCores = 0;
  uint64_t numCommands = 0;
  uint64_t memoryBytes = 0;
  int64_t fullestTask = -1;
};

/// A task or copy of the plan, as in format.h.
struct TaskInfo {
  std::string nodes; ///< the user's node names, separated by newlines
  uint32_t device = 0;
  bool isCopy = false;
  double start = -1, finish = -1;
};

enum class WeightsPlace {
  None,     ///< the model has no constants to speak of
  Embedded, ///< the symbol `weightsSymbol` of another object
  External  ///< the safetensors file `weightsFile`
};

/// Everything an artefact says about itself.
struct ArtefactInfo {
  std::string name;
  std::string producer;
  std::vector<TensorInfo> inputs, outputs;
  std::vector<CallInfo> calls;
  std::vector<DeviceSlot> devices; ///< empty: one, the host
  std::vector<TaskInfo> tasks;
  uint32_t numEvents = 0;
  WeightsPlace weights = WeightsPlace::None;
  uint64_t weightsSize = 0;
  /// The runtime's driver and the architecture of the device that the program
  /// runs on, both empty: the host.
  std::string accelerator, acceleratorArch;
  uint32_t flags = 0;      ///< ORCH_ARTEFACT_... of format.h
  std::string weightsHash; ///< hexadecimal content hash
  std::string weightsFile; ///< External: relative to the artefact
  /// The functions of the host program.
  std::string resolveSymbol = "orch_resolve";
  std::string runSymbol = "orch_run";
  std::string weightsSymbol = "orch_weights";
};

/// "f32" and so on for an orch_dtype, "invalid" for others.
llvm::StringRef dtypeName(uint32_t dtype);
/// The reverse, 0 for an unknown name.
uint32_t dtypeFromName(llvm::StringRef name);
/// Bits of one element, 0 for an unknown type.
unsigned dtypeBits(uint32_t dtype);

/// The artefact's JSON metadata.
std::string metadataJson(const ArtefactInfo &info, const MachineTarget &target);

/// An object that defines `orch_artefact_v1`.
llvm::Expected<ByteBuffer> emitDescriptor(const ArtefactInfo &info,
                                          const MachineTarget &target,
                                          EmitKind kind = EmitKind::Object);

/// A small C header that describes the model's inputs and outputs.
std::string emitHeader(const ArtefactInfo &info, const MachineTarget &target);

} // namespace orchestra::cpu

#endif // ORCHESTRA_TARGET_CPU_DESCRIPTOR_H
