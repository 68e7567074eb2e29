//===- Stages.h - The stages of compilation ---------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of passes is written in lib/Pipeline/Stages.cpp and nowhere else.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_PIPELINE_STAGES_H
#define ORCHESTRA_PIPELINE_STAGES_H

#include "orchestra/Support/TargetDescription.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace orchestra {

/// The stages of docs/architecture.md, in order.
enum class Stage {
  Ingest,
  Schedule,
  Optimize,
  Structure,
  Strategy,
  Bufferize,
  Accelerate,
  Emit
};

/// The name users give a stage by: "ingest", "schedule", "optimize",
/// "structure", "strategy", "bufferize", "accelerate", "emit".
llvm::StringRef getStageName(Stage stage);
/// The stage of that name, or none.
std::optional<Stage> parseStage(llvm::StringRef name);
/// All stages in order.
llvm::ArrayRef<Stage> getStages();

/// What the passes of a compilation depend on.
struct PipelineOptions {
  TargetDescription target;
  /// File of the strategy script, for reading or for error messages.
  std::string strategyFile;
  /// Text of the strategy script. Empty: read `strategyFile`.
  std::string strategyText;
  /// Plain loops only: no layout changes, packing or fusion.
  bool reference = false;
  /// The GPU that kernels are compiled for, to run emulated on `target`; empty:
  /// kernels run on `target` itself.
  std::string emulates;
  /// The GPU that the program runs on, `target` being its host; empty: the host
  /// alone.
  std::string accelerator;
  /// With `accelerator`: kernels run on the host all the same, on copies.
  bool onHost = false;
  /// File of how often conditions held, for speculation; empty: not known.
  std::string branches;
  /// Shapes that get code of their own: "batch=1,seq=128;batch=8".
  std::string hotShapes;
};

/// GPUs that whole programs can be compiled for.
llvm::ArrayRef<llvm::StringRef> getAcceleratorArchitectures();

/// GPUs whose kernels can be compiled and run emulated.
llvm::ArrayRef<llvm::StringRef> getEmulatedArchitectures();

/// Text of the strategy that is built in for `arch`, or empty if there is none.
llvm::StringRef getBuiltinStrategy(llvm::StringRef arch, bool reference);

/// Adds the passes of one of the stages on the whole module: Schedule,
/// Optimize, Structure. The module holds one entry function on tensors.
void buildModuleStage(mlir::OpPassManager &pm, Stage stage,
                      const PipelineOptions &options);

/// Adds the passes of one of the stages on a module of kernels: Strategy,
/// Bufferize, Accelerate.
void buildKernelStage(mlir::OpPassManager &pm, Stage stage,
                      const PipelineOptions &options);

/// Adds the passes of one of the stages on the host program, whose kernels are
/// declarations: Bufferize, Accelerate.
void buildHostStage(mlir::OpPassManager &pm, Stage stage,
                    const PipelineOptions &options);

/// Strategy, Bufferize and Accelerate of a module of kernels.
void buildKernelPipeline(mlir::OpPassManager &pm,
                         const PipelineOptions &options);

/// Bufferize and Accelerate of the host program.
void buildHostPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Registers `orchestra-stage-*`, `orchestra-kernel-pipeline` and
/// `orchestra-host-pipeline` for textual pipelines.
void registerStagePipelines();

} // namespace orchestra

#endif // ORCHESTRA_PIPELINE_STAGES_H
