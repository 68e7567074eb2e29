//===- Stages.cpp - The stages of compilation, in one list ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only place that knows the order of passes.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Pipeline/Stages.h"

#include "orchestra/Conversion/Passes.h"
#include "orchestra/Dialect/LinalgExt/Passes.h"
#include "orchestra/Schedule/Passes.h"
#include "orchestra/Strategy/Passes.h"
#include "orchestra/Target/CPU/Passes.h"
#include "orchestra/Target/Emulated/Passes.h"
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Transforms/Passes.h"

#include "BuiltinStrategies.h.inc"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace orchestra;

static constexpr std::pair<Stage, llvm::StringLiteral> kStageNames[] = {
    {Stage::Ingest, "ingest"},         {Stage::Schedule, "schedule"},
    {Stage::Optimize, "optimize"},     {Stage::Structure, "structure"},
    {Stage::Strategy, "strategy"},     {Stage::Bufferize, "bufferize"},
    {Stage::Accelerate, "accelerate"}, {Stage::Emit, "emit"}};

StringRef orchestra::getStageName(Stage stage) {
  for (const auto &[candidate, name] : kStageNames)
    if (candidate == stage)
      return name;
  return "";
}

std::optional<Stage> orchestra::parseStage(StringRef name) {
  for (const auto &[stage, candidate] : kStageNames)
    if (candidate == name)
      return stage;
  return std::nullopt;
}

ArrayRef<Stage> orchestra::getStages() {
  static constexpr Stage all[] = {
      Stage::Ingest,   Stage::Schedule,  Stage::Optimize,   Stage::Structure,
      Stage::Strategy, Stage::Bufferize, Stage::Accelerate, Stage::Emit};
  return all;
}

StringRef orchestra::getBuiltinStrategy(StringRef arch, bool reference) {
  if (reference)
    return kReferenceStrategy;
  if (arch == "x86_64")
    return kX86_64Strategy;
  if (arch == "nvidia_hopper")
    return kNvidiaHopperStrategy;
  return "";
}

static bufferization::OneShotBufferizePassOptions getBufferizeOptions() {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  return options;
}

/// What besides its text decides a kernel's code.
static std::string getCodeSalt(const PipelineOptions &options) {
  std::string strategy = options.strategyText;
  if (strategy.empty() && options.strategyFile.empty())
    strategy = getBuiltinStrategy(options.target.arch, options.reference).str();
  return options.target.arch + ";" + options.target.cpu + ";" +
         options.target.features + ";" +
         std::to_string(options.target.vectorBits) + ";" +
         options.strategyFile + ";" + strategy + ";" + options.emulates + ";" +
         options.accelerator;
}

/// Whether kernels are compiled for the host.
static bool isForCPU(const PipelineOptions &options) {
  return options.emulates.empty() && options.accelerator.empty();
}

/// Whether kernels are compiled for a GPU, real or emulated.
static bool isForGPU(const PipelineOptions &options) {
  return !options.emulates.empty() ||
         llvm::is_contained(getAcceleratorArchitectures(), options.accelerator);
}

static void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Functions that call others, on memrefs, to the LLVM dialect.
static void addHostLowering(OpPassManager &pm) {
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  addCleanup(pm);
  pm.addPass(createCPUToLLVMPass());
}

//===----------------------------------------------------------------------===//
// The module: from the waist to kernels and a host program
//===----------------------------------------------------------------------===//

void orchestra::buildModuleStage(OpPassManager &pm, Stage stage,
                                 const PipelineOptions &options) {
  switch (stage) {
  case Stage::Schedule: {
    if (!options.hotShapes.empty())
      pm.addPass(createSpecializeShapesPass({options.hotShapes}));
    // What becomes one op is better fused with others than kept whole.
    if (!options.reference) {
      linalg_ext::DecomposePassOptions fusable;
      fusable.fusable = true;
      pm.addNestedPass<func::FuncOp>(linalg_ext::createDecomposePass(fusable));
    }
    addCleanup(pm);
    PartitionPassOptions partition;
    partition.arch = options.target.arch;
    pm.addPass(createPartitionPass(partition));
    break;
  }
  case Stage::Optimize: {
    DivergenceToSpeculationPassOptions speculation;
    speculation.profile = options.branches;
    pm.addPass(createDivergenceToSpeculationPass(speculation));
    if (options.reference)
      break;
    if (options.emulates.empty()) {
      RaiseAttentionPassOptions attention;
      attention.narrow = !isForCPU(options);
      pm.addNestedPass<func::FuncOp>(createRaiseAttentionPass(attention));
      if (attention.narrow)
        pm.addNestedPass<func::FuncOp>(
            nvidia::createNVIDIASelectAttentionPass());
      addCleanup(pm);
    }
    ChannelsLastPassOptions layout;
    layout.inMemory = isForGPU(options);
    if (isForGPU(options))
      pm.addNestedPass<func::FuncOp>(createGatherWindowsPass());
    if (isForCPU(options) || isForGPU(options))
      pm.addNestedPass<func::FuncOp>(createChannelsLastPass(layout));
    if (isForGPU(options))
      pm.addNestedPass<func::FuncOp>(createPadOperandsPass());
    pm.addNestedPass<func::FuncOp>(createFuseElementwisePass());
    pm.addNestedPass<func::FuncOp>(createRaiseDivisionsPass());
    pm.addNestedPass<func::FuncOp>(createExpandPaddedPass());
    addCleanup(pm);
    if (!options.accelerator.empty()) {
      pm.addNestedPass<func::FuncOp>(createMergeProductsPass());
      pm.addNestedPass<func::FuncOp>(createSliceOperandsPass());
      addCleanup(pm);
    }
    break;
  }
  case Stage::Structure: {
    OrchestraToLinalgPassOptions inlining;
    inlining.arch = options.target.arch;
    pm.addNestedPass<func::FuncOp>(createOrchestraToLinalgPass(inlining));
    addCleanup(pm);
    if (!options.reference && isForCPU(options)) {
      // Straight before outlining: a pack right beside its unpack would fold.
      PackOperandsPassOptions pack;
      pack.columns = options.target.vectorBits / 32 * 2;
      pm.addNestedPass<func::FuncOp>(createPackOperandsPass(pack));
      pm.addPass(createCSEPass());
    }
    OutlineKernelsPassOptions outline;
    outline.salt = getCodeSalt(options);
    outline.fuse = !options.reference;
    pm.addPass(createOutlineKernelsPass(outline));
    pm.addPass(createSplitConstantsPass());
    addCleanup(pm);
    if (isForCPU(options)) {
      GeneralizeKernelsPassOptions generalize;
      generalize.salt = outline.salt;
      pm.addPass(createGeneralizeKernelsPass(generalize));
    }
    break;
  }
  default:
    break;
  }
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

llvm::ArrayRef<llvm::StringRef> orchestra::getAcceleratorArchitectures() {
  return nvidia::getArchitectures();
}

llvm::ArrayRef<llvm::StringRef> orchestra::getEmulatedArchitectures() {
  return nvidia::getArchitectures();
}

/// The target's own passes until the gpu dialect, then those of the emulation.
static void buildEmulatedKernelStage(OpPassManager &pm, Stage stage,
                                     const PipelineOptions &options) {
  if (stage == Stage::Strategy) {
    nvidia::buildEmulatedKernelPipeline(
        pm, options.reference ? StringRef()
                              : getBuiltinStrategy(options.emulates, false));
  } else if (stage == Stage::Accelerate) {
    emulated::PipelineOptions emulation;
    emulation.arch = options.emulates;
    emulation.program = true;
    emulated::buildPipeline(pm, emulation);
  }
}

void orchestra::buildKernelStage(OpPassManager &pm, Stage stage,
                                 const PipelineOptions &options) {
  if (!options.emulates.empty())
    return buildEmulatedKernelStage(pm, stage, options);
  if (!options.accelerator.empty() && !options.onHost) {
    if (stage == Stage::Strategy)
      nvidia::buildProgramKernelPipeline(
          pm, options.accelerator,
          getBuiltinStrategy(options.accelerator, options.reference));
    else if (stage == Stage::Accelerate)
      addHostLowering(pm);
    return;
  }
  switch (stage) {
  case Stage::Strategy: {
    ApplyStrategyPassOptions strategy;
    strategy.script = options.strategyText;
    strategy.file = options.strategyFile;
    if (strategy.script.empty() && strategy.file.empty()) {
      strategy.script =
          getBuiltinStrategy(options.target.arch, options.reference).str();
      strategy.file = options.target.arch + "_strategy.mlir";
    }
    strategy.vectorBits = options.target.vectorBits;
    strategy.arch = options.target.arch;
    pm.addPass(createApplyStrategyPass(strategy));
    pm.addNestedPass<func::FuncOp>(linalg_ext::createDecomposePass());
    pm.addNestedPass<func::FuncOp>(createLowerPackingPass());
    addCleanup(pm);
    break;
  }
  case Stage::Bufferize:
    pm.addPass(bufferization::createEmptyTensorEliminationPass());
    pm.addPass(
        bufferization::createOneShotBufferizePass(getBufferizeOptions()));
    pm.addPass(createKernelDestinationsPass());
    addCleanup(pm);
    break;
  case Stage::Accelerate: {
    CPURegisterTilesPassOptions tiles;
    tiles.vectorBits = options.target.vectorBits;
    pm.addNestedPass<func::FuncOp>(createCPURegisterTilesPass(tiles));
    pm.addNestedPass<func::FuncOp>(createCPUPlainLoopsPass());
    pm.addPass(createCPUParallelLoopsPass());
    if (!options.accelerator.empty())
      pm.addPass(createCPUBorrowArgumentsPass());
    pm.addNestedPass<func::FuncOp>(createCPUStackBuffersPass());
    addCleanup(pm);
    pm.addPass(memref::createExpandStridedMetadataPass());
    pm.addPass(createLowerAffinePass());
    pm.addPass(createLoopInvariantCodeMotionPass());
    pm.addPass(createSCFToControlFlowPass());
    addCleanup(pm);
    pm.addPass(createCPUToLLVMPass());
    break;
  }
  default:
    break;
  }
}

void orchestra::buildKernelPipeline(OpPassManager &pm,
                                    const PipelineOptions &options) {
  for (Stage stage : {Stage::Strategy, Stage::Bufferize, Stage::Accelerate})
    buildKernelStage(pm, stage, options);
}

//===----------------------------------------------------------------------===//
// The host program
//===----------------------------------------------------------------------===//

void orchestra::buildHostStage(OpPassManager &pm, Stage stage,
                               const PipelineOptions &options) {
  switch (stage) {
  case Stage::Bufferize:
    pm.addPass(bufferization::createEmptyTensorEliminationPass());
    pm.addPass(
        bufferization::createOneShotBufferizePass(getBufferizeOptions()));
    addCleanup(pm);
    pm.addPass(createTransferToDMAPass());
    pm.addPass(createPlanMemoryPass());
    addCleanup(pm);
    break;
  case Stage::Accelerate:
    pm.addPass(createCPUHostEntryPass());
    if (!options.accelerator.empty())
      pm.addPass(createCPUDeviceMemoryPass());
    addHostLowering(pm);
    break;
  default:
    break;
  }
}

void orchestra::buildHostPipeline(OpPassManager &pm,
                                  const PipelineOptions &options) {
  for (Stage stage : {Stage::Bufferize, Stage::Accelerate})
    buildHostStage(pm, stage, options);
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

namespace {
struct StageOptions : PassPipelineOptions<StageOptions> {
  Option<std::string> cpu{*this, "cpu", llvm::cl::desc("processor"),
                          llvm::cl::init("host")};
  Option<std::string> arch{*this, "arch", llvm::cl::desc("architecture"),
                           llvm::cl::init("host")};
  Option<std::string> features{*this, "features",
                               llvm::cl::desc("processor features, as +a,-b")};
  Option<std::string> strategy{*this, "strategy",
                               llvm::cl::desc("strategy script")};
  Option<bool> reference{*this, "reference", llvm::cl::desc("plain loops only"),
                         llvm::cl::init(false)};
  Option<std::string> emulates{
      *this, "emulates", llvm::cl::desc("GPU whose kernels run emulated")};
  Option<std::string> accelerator{
      *this, "accelerator", llvm::cl::desc("GPU that the program runs on")};
  Option<bool> onHost{*this, "on-host",
                      llvm::cl::desc("kernels run on copies, on the host"),
                      llvm::cl::init(false)};
  Option<std::string> branches{
      *this, "branches", llvm::cl::desc("file of how often conditions held")};

  PipelineOptions get() const {
    PipelineOptions options;
    options.target = getTarget(arch, cpu, features);
    options.strategyFile = strategy;
    options.reference = reference;
    options.emulates = emulates;
    options.accelerator = accelerator;
    options.onHost = onHost;
    options.branches = branches;
    return options;
  }
};
} // namespace

void orchestra::registerStagePipelines() {
  for (Stage stage : {Stage::Schedule, Stage::Optimize, Stage::Structure})
    PassPipelineRegistration<StageOptions>(
        ("orchestra-stage-" + getStageName(stage)).str(),
        "stage of the whole module",
        [stage](OpPassManager &pm, const StageOptions &options) {
          buildModuleStage(pm, stage, options.get());
        });
  for (Stage stage : {Stage::Strategy, Stage::Bufferize, Stage::Accelerate}) {
    PassPipelineRegistration<StageOptions>(
        ("orchestra-stage-" + getStageName(stage)).str(),
        "stage of a module of kernels",
        [stage](OpPassManager &pm, const StageOptions &options) {
          buildKernelStage(pm, stage, options.get());
        });
  }
  PassPipelineRegistration<StageOptions>(
      "orchestra-kernel-pipeline", "all stages of a module of kernels",
      [](OpPassManager &pm, const StageOptions &options) {
        buildKernelPipeline(pm, options.get());
      });
  PassPipelineRegistration<StageOptions>(
      "orchestra-host-pipeline", "all stages of a host program",
      [](OpPassManager &pm, const StageOptions &options) {
        buildHostPipeline(pm, options.get());
      });
}
