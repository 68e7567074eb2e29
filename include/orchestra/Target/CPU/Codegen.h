//===- Codegen.h - LLVM dialect to machine code for CPUs --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the last stage for CPUs: which machine to compile for, and a module in
//   the LLVM dialect turned into an object file, assembly or LLVM IR in memory.
// Threads: every function may be called from any thread; each emission has an
//   LLVM context and a target machine of its own.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_CPU_CODEGEN_H
#define ORCHESTRA_TARGET_CPU_CODEGEN_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm
namespace mlir {
class DialectRegistry;
class ModuleOp;
} // namespace mlir

namespace orchestra::cpu {

/// A machine to compile for, with every default filled in.
struct MachineTarget {
  std::string arch;   ///< "x86_64" or "aarch64"
  std::string triple; ///< "x86_64-unknown-linux-gnu"
  std::string cpu;    ///< as LLVM spells it: "znver4"
  /// Instruction set extensions that generated code may use, sorted, as LLVM
  /// spells them and as the artefact lists them ("avx512f").
  std::vector<std::string> features;
  /// What the user asked for or the host says, for the target machine:
  /// "+avx2,-avx512f".
  std::string featureString;
  unsigned vectorBits = 128; ///< widest vector register to use
  /// The GPU whose kernels run emulated on this machine, or empty.
  std::string emulates;
  /// The device that the program runs on, of which this machine is the host, or
  /// empty: "nvidia_hopper"; "cpu" for the runtime's device of that name, whose
  /// kernels are the host's.
  std::string accelerator;

  bool hasFeature(llvm::StringRef name) const;
  /// "x86_64 znver4 +avx,+avx2,...": part of cache keys and of the artefact.
  std::string describe() const;
};

/// Fills in a target. `target` is "" or "host", an architecture or a triple;
/// `cpu` and `features` ("+a,-b") as LLVM takes them, "" for the default: the
/// host's own for the host, else a generic one. Fails on unknown names, with
/// the known ones in the message.
llvm::Expected<MachineTarget> resolveTarget(llvm::StringRef target,
                                            llvm::StringRef cpu,
                                            llvm::StringRef features);

/// Architectures that this build can compile for.
llvm::ArrayRef<llvm::StringRef> supportedArchitectures();

/// Adds the translations from MLIR to LLVM IR that emission needs.
void registerTranslations(mlir::DialectRegistry &registry);

enum class EmitKind { Object, Assembly, LLVMIR };

struct EmitOptions {
  EmitKind kind = EmitKind::Object;
  unsigned optLevel = 3; ///< 0 to 3, of LLVM's pipeline and code generator
};

using ByteBuffer = llvm::SmallVector<char, 0>;

/// Compiles a module that holds only the LLVM dialect (and what
/// registerTranslations covers).
llvm::Expected<ByteBuffer> emit(mlir::ModuleOp module,
                                const MachineTarget &target,
                                const EmitOptions &options = {});

/// Compiles an LLVM module; sets its triple, data layout and the target
/// attributes of its functions first.
llvm::Expected<ByteBuffer> emit(llvm::Module &module,
                                const MachineTarget &target,
                                const EmitOptions &options = {});

/// A target machine: position-independent, fused multiply-adds allowed.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const MachineTarget &target, unsigned optLevel);

} // namespace orchestra::cpu

#endif // ORCHESTRA_TARGET_CPU_CODEGEN_H
