//===- Compilation.h - One run of the compiler ------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the state of one compilation and its steps, a file each:
//   Load.cpp     a model file becomes a module, stage 1, and its cache key
//   Kernels.cpp  kernels leave the module and become objects, in parallel
//   Fold.cpp     constant work runs now instead of at each start
//   Host.cpp     the host program, the weights, what the artefact says
//   Plan.cpp     a plan for a machine with several devices
//   Compile.cpp  the steps in order, behind the public functions
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_COMPILATION_H
#define ORCHESTRA_LIB_DRIVER_COMPILATION_H

#include "Diagnostics.h"
#include "Program.h"

#include "orchestra/Driver/Driver.h"
#include "orchestra/Driver/Options.h"
#include "orchestra/Pipeline/Stages.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ThreadPool.h"

struct orch_tensor;

namespace orchestra {

struct PlanRequest;
struct PlannedSchedule;

/// The version and the identity of the compiler's own file: code compiled by
/// another build of it is never reused.
std::string compilerFingerprint();
/// "orchestra 0.1.0".
std::string compilerName();

/// A content hash of the model file and of the files it refers to.
llvm::Expected<std::string> hashModelFiles(llvm::StringRef path);

/// Kernels by name, each a module of its own in which it is the only function.
using KernelModules =
    llvm::MapVector<mlir::StringAttr, mlir::OwningOpRef<mlir::ModuleOp>>;

class Compilation {
public:
  /// Resolves the target and the strategy.
  static llvm::Expected<std::unique_ptr<Compilation>>
  create(llvm::StringRef model, const CompileOptions &options);

  /// Hash of everything the result depends on.
  llvm::Expected<std::string> modelKey();

  /// Stage 1.
  llvm::Error load();
  /// Stages 2 to `last`, at most Structure, on the whole module.
  llvm::Error runModuleStages(Stage last);
  /// Everything after Structure.
  llvm::Expected<Program> compileProgram();

  /// Runs stages up to `last` and prints the IR that leaves it.
  llvm::Error printStage(Stage last, llvm::raw_ostream &os);
  /// Plans the loaded module for a machine; Plan.cpp.
  llvm::Error plan(const PlanRequest &request, PlannedSchedule &out);
  mlir::ModuleOp getModule() { return *module; }

  /// Prints LLVM IR or assembly of all parts.
  llvm::Error printCode(cpu::EmitKind kind, llvm::raw_ostream &os);

  Cache &getCache() { return cache; }
  CompileReport &getReport() { return report; }
  const cpu::MachineTarget &getTarget() const { return target; }
  /// Warnings for the user so far.
  std::vector<std::string> takeWarnings();

  /// Gives back the module, the context and the model's file; what points into
  /// them must be gone.
  void releaseMemory();

  /// Starts a phase of the report; the one before ends.
  void beginPhase(const std::string &name);
  void endPhases();

private:
  Compilation(llvm::StringRef model, const CompileOptions &options);

  void loadDialects();
  /// Fails for tasks on targets that no code can be generated for.
  llvm::Error checkCodegen();
  llvm::Error addTopology(llvm::StringRef file);
  /// Stage Schedule of a module whose machine has several devices; nothing is
  /// left to do if it has a plan already.
  llvm::Error planForDevices();
  bool hasSeveralDevices();
  PipelineOptions pipelineFor(const cpu::MachineTarget &machine) const;
  llvm::Error
  runPipeline(mlir::ModuleOp module, llvm::StringRef doing,
              llvm::function_ref<void(mlir::OpPassManager &)> build);

  /// Moves the kernels' bodies out of the module; declarations stay.
  KernelModules splitKernels(mlir::ModuleOp from);
  /// Compiles kernels with LLVM's effort `optLevel`; objects come in order of
  /// names.
  llvm::Expected<std::vector<Bytes>>
  compileKernels(llvm::ArrayRef<mlir::StringAttr> names,
                 const KernelModules &kernels,
                 const cpu::MachineTarget &machine, unsigned optLevel);
  llvm::Expected<Bytes> compileKernel(mlir::StringAttr name,
                                      mlir::ModuleOp source,
                                      const PipelineOptions &pipeline,
                                      mlir::PassManager &passes,
                                      const cpu::MachineTarget &machine,
                                      unsigned optLevel, bool &cached);
  /// Lowers the host program in `host` and describes it.
  llvm::Expected<Program> compileHost(mlir::ModuleOp host,
                                      const cpu::MachineTarget &machine);
  /// Executes @orchestra_fold, if there is one, and puts constants in place of
  /// its call.
  llvm::Error fold(mlir::ModuleOp host, const KernelModules &kernels);
  /// Puts a constant over the memory of `tensor` in place of a result.
  llvm::Error replaceResult(mlir::OpResult result, orch_tensor &tensor);

  CompileOptions options;
  std::string model; ///< path as the user gave it
  cpu::MachineTarget target;
  std::string strategyText;
  Cache cache;
  CompileReport report;
  double phaseStart = 0;

  std::unique_ptr<llvm::ThreadPoolInterface> pool;
  std::shared_ptr<mlir::MLIRContext> context;
  std::unique_ptr<DiagnosticCollector> diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Results of folding by address: the memory behind weight resources.
  llvm::DenseMap<const char *, std::shared_ptr<const void>> foldedBuffers;
};

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_COMPILATION_H
