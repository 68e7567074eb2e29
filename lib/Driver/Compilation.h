//===- Compilation.h - One run of the compiler ------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the state of one compilation and its steps, a file each:
//   ModelHash.cpp  what is in a model file, for the cache's key
//   Load.cpp     a model file becomes a module, stage 1
//   LoadMlir.cpp  ... one that is MLIR, or StableHLO's portable artefact
//   Kernels.cpp  kernels leave the module and become objects, in parallel
//   Fold.cpp     constant work runs now instead of at each start
//   Host.cpp     the host program, the weights, what the artefact says
//   StableHLO.cpp  the model as StableHLO, for other compilers
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
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ThreadPool.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

struct orch_tensor;

namespace orchestra {

struct PlanRequest;
struct PlannedSchedule;
struct StableHLOModel;

/// The version and the identity of the compiler's own file: code compiled by
/// another build of it is never reused.
std::string compilerFingerprint();
/// "orchestra 0.1.0".
std::string compilerName();

/// Maps a model file, or says why it cannot be read.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
openModelFile(llvm::StringRef path);
/// Whether these are bytes of MLIR's bytecode, whatever it holds.
bool isMlirBytecode(llvm::StringRef bytes);
/// A content hash of the model file and of the files it refers to. `cache`, if
/// given, remembers it for as long as the files do not change.
llvm::Expected<std::string> hashModelFiles(llvm::StringRef path, Cache *cache);

/// The device whose kernels are the host's: the runtime's driver "cpu".
constexpr llvm::StringLiteral kHostAccelerator = "cpu";

/// Kernels by name, each a module of its own in which it is the only function.
using KernelModules =
    llvm::MapVector<mlir::StringAttr, mlir::OwningOpRef<mlir::ModuleOp>>;

/// Kernels dispatched in `caller`, but not in `except`, in the order of their
/// first calls.
llvm::SetVector<mlir::StringAttr>
calledKernels(mlir::Operation *caller, mlir::Operation *except = nullptr);

/// The runtime's number of an element type; `given`, its name, tells signs that
/// the type does not.
uint32_t dtypeOfElement(mlir::Type type, mlir::Attribute given = {});
/// Inputs, outputs and calls of the entries, for `info`.
llvm::Error describeEntries(llvm::ArrayRef<mlir::func::FuncOp> entries,
                            llvm::StringRef model, cpu::ArtefactInfo &info);

/// @orchestra_fold of a host program, if it has work on constants.
mlir::func::FuncOp findFold(mlir::ModuleOp host);
/// The machine that folding runs on: the target when this machine can execute
/// its code, else this machine.
llvm::Expected<cpu::MachineTarget>
getFoldingMachine(const cpu::MachineTarget &target);

class Compilation;

/// Kernels on their way to objects, on threads of their own while the caller
/// does something else.
class KernelJobs {
public:
  explicit KernelJobs(Compilation &compilation);
  /// Drops what has not begun and waits for the rest.
  ~KernelJobs();
  KernelJobs(const KernelJobs &) = delete;
  KernelJobs &operator=(const KernelJobs &) = delete;

  /// Adds kernels, to be compiled for `machine` with LLVM's effort `optLevel`,
  /// after the batches added before. Returns the number of the batch.
  llvm::Expected<unsigned> add(const llvm::SetVector<mlir::StringAttr> &names,
                               const KernelModules &kernels,
                               const cpu::MachineTarget &machine,
                               unsigned optLevel);
  /// Starts the threads; nothing is added afterwards.
  void start();
  /// Helps until the batch is done. The objects come in the order of the names.
  llvm::Expected<std::vector<Bytes>> finish(unsigned batch);

private:
  struct Job;
  struct Batch;

  void work(size_t end);
  void cancel();

  Compilation &compilation;
  std::vector<std::unique_ptr<Batch>> batches;
  std::vector<Job *> order; ///< of all batches, as they are begun
  std::mutex mutex;
  std::condition_variable changed;
  size_t next = 0; ///< in `order`; under the mutex
  std::vector<std::thread> threads;
  bool started = false;
};

class Compilation {
public:
  /// Resolves the target and the strategy.
  static llvm::Expected<std::unique_ptr<Compilation>>
  create(llvm::StringRef model, const CompileOptions &options);
  /// Compiles `bytes` instead of the file.
  void setSource(const ModelBytes &bytes) { source = bytes; }

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

  /// Stage 1 and the way to StableHLO; large weights become arguments, or stay.
  llvm::Expected<StableHLOModel> lowerToStableHLO(bool weightArguments);
  /// Prints StableHLO text, a portable artefact or an HLO proto.
  llvm::Error printStableHLO(EmitFormat format, llvm::raw_ostream &os);

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
  friend class KernelJobs;
  /// Passes of the kernels of one machine, for one thread.
  class KernelPasses;
  Compilation(llvm::StringRef model, const CompileOptions &options);

  void loadDialects();
  /// Reads an ONNX model into `module`.
  llvm::Error importOnnx();
  /// Reads MLIR in any form into `module`; LoadMlir.cpp.
  llvm::Error importMlir(llvm::StringRef bytes);
  llvm::Error parseText(llvm::StringRef text);
  llvm::Error importStableHLO();
  /// What attributes of the context may point to, with the context.
  std::shared_ptr<const void> getContextOwner() const;
  /// Fails for tasks on targets that no code can be generated for.
  llvm::Error checkCodegen();
  llvm::Error addTopology(llvm::StringRef file);
  /// Stage Schedule of a module whose machine has several devices; nothing is
  /// left to do if it has a plan already.
  llvm::Error planForDevices();
  bool hasSeveralDevices();
  PipelineOptions pipelineFor(const cpu::MachineTarget &machine) const;
  /// Lowers a kernel to the LLVM dialect; one that the accelerator cannot run,
  /// for the host, with a warning.
  mlir::LogicalResult lowerKernel(mlir::OwningOpRef<mlir::ModuleOp> &work,
                                  mlir::ModuleOp source, KernelPasses &passes);
  llvm::Error
  runPipeline(mlir::ModuleOp module, llvm::StringRef doing,
              llvm::function_ref<void(mlir::OpPassManager &)> build);

  /// Moves the kernels' bodies out of the module; declarations stay.
  KernelModules splitKernels(mlir::ModuleOp from);
  llvm::Expected<Bytes> compileKernel(mlir::StringAttr name,
                                      mlir::ModuleOp source,
                                      KernelPasses &passes,
                                      const cpu::MachineTarget &machine,
                                      unsigned optLevel, bool &cached);
  /// Lowers the host program in `host` and describes it.
  llvm::Expected<Program> compileHost(mlir::ModuleOp host,
                                      const cpu::MachineTarget &machine);
  /// Kernels of folding run once: time to compile them counts more.
  unsigned getFoldOptLevel() const { return std::min(options.optLevel, 1u); }
  /// Executes @orchestra_fold, if there is one, and puts constants in place of
  /// its call.
  llvm::Error fold(mlir::ModuleOp host, const KernelModules &kernels);
  /// The same with kernels that are being compiled, those of `fold` by `batch`.
  llvm::Error fold(mlir::ModuleOp host, mlir::func::FuncOp function,
                   const cpu::MachineTarget &machine, KernelJobs &jobs,
                   unsigned batch);
  /// Puts a constant over the memory of `tensor` in place of result `index` of
  /// the calls.
  llvm::Error replaceResults(llvm::ArrayRef<mlir::func::CallOp> calls,
                             unsigned index, orch_tensor &tensor);

  CompileOptions options;
  std::string model;                ///< path as the user gave it
  std::optional<ModelBytes> source; ///< the model itself, if not in a file
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
