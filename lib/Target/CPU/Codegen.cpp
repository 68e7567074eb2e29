//===- Codegen.cpp - LLVM dialect to machine code for CPUs ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Codegen.h"

#include "orchestra_runtime/format.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/ArmNeon/ArmNeonToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/ArmSVE/ArmSVEToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopUnrollPass.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;
using namespace orchestra;
using namespace orchestra::cpu;

void cpu::registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerArmNeonDialectTranslation(registry);
  mlir::registerArmSVEDialectTranslation(registry);
}

/// Gives each defined function the attributes that the vectorisers and the
/// code generator read from functions and not from the target machine.
static void setFunctionAttributes(Module &module, const MachineTarget &target) {
  for (Function &function : llvm::make_early_inc_range(module)) {
    // Kernels that only constants needed: a hidden declaration would become an
    // undefined symbol even though nothing refers to it.
    if (function.isDeclaration() && function.use_empty()) {
      function.eraseFromParent();
      continue;
    }
    // Parts of one artefact see each other; nobody else sees them.
    if (!function.hasLocalLinkage() &&
        function.getName().starts_with("orch_") &&
        function.getName() != ORCH_ARTEFACT_SYMBOL)
      function.setVisibility(GlobalValue::HiddenVisibility);
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.featureString.empty())
      function.addFnAttr("target-features", target.featureString);
    // Intel models prefer 256 bits by default; our tiles are made for 512.
    if (target.vectorBits >= 512)
      function.addFnAttr("prefer-vector-width", "512");
    // Generated code never unwinds: no tables, no personality.
    function.setDoesNotThrow();
  }
}

/// Descriptors of buffers are built field by field and read field by field: to
/// see through them costs less than to select instructions for them.
static void takeDescriptorsApart(Module &module) {
  for (Function &function : module) {
    for (BasicBlock &block : function)
      for (Instruction &instruction : make_early_inc_range(block))
        if (auto *extract = dyn_cast<ExtractValueInst>(&instruction))
          if (Value *field = FindInsertedValue(extract->getAggregateOperand(),
                                               extract->getIndices())) {
            extract->replaceAllUsesWith(field);
            extract->eraseFromParent();
          }
    for (BasicBlock &block : reverse(function))
      for (Instruction &instruction : make_early_inc_range(reverse(block)))
        if (isInstructionTriviallyDead(&instruction))
          instruction.eraseFromParent();
  }
}

static void optimize(Module &module, TargetMachine &machine,
                     unsigned optLevel) {
  if (optLevel == 0)
    return takeDescriptorsApart(module);
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = optLevel >= 2;
  tuning.LoopInterleaving = optLevel >= 2;
  // Tiles are unrolled before they come here. Unrolling what remains at run
  // time makes code and compile time 1.6 times as large and no model faster.
  tuning.LoopUnrolling = false;
  tuning.SLPVectorization = optLevel >= 3;
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine, tuning);
  // Loops of few iterations (windows of a convolution) do gain: 2.2 times for
  // the depthwise ones of MobileNet. Level 2 bounds their size to half of 3's.
  builder.registerLateLoopOptimizationsEPCallback(
      [](LoopPassManager &passes, OptimizationLevel) {
        passes.addPass(LoopFullUnrollPass(/*OptLevel=*/2));
      });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  // Kernels come as few loops over registers, already free of what level 2
  // looks for beyond level 1: it takes a fifth longer and makes no model
  // faster.
  OptimizationLevel level =
      optLevel <= 2 ? OptimizationLevel::O1 : OptimizationLevel::O3;
  builder.buildPerModuleDefaultPipeline(level).run(module, modules);
}

Expected<ByteBuffer> cpu::emit(Module &module, const MachineTarget &target,
                               const EmitOptions &options) {
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(target, options.optLevel);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  setFunctionAttributes(module, target);
  optimize(module, **machine, options.optLevel);

  ByteBuffer bytes;
  raw_svector_ostream os(bytes);
  if (options.kind == EmitKind::LLVMIR) {
    module.print(os, /*AAW=*/nullptr);
    return bytes;
  }
  legacy::PassManager codegen;
  CodeGenFileType fileType = options.kind == EmitKind::Object
                                 ? CodeGenFileType::ObjectFile
                                 : CodeGenFileType::AssemblyFile;
  if ((*machine)->addPassesToEmitFile(codegen, os, /*DwoOut=*/nullptr, fileType,
                                      /*DisableVerify=*/true))
    return createStringError("LLVM cannot emit this file type for '" +
                             target.triple + "' [internal]");
  codegen.run(module);
  return bytes;
}

Expected<ByteBuffer> cpu::emit(mlir::ModuleOp module,
                               const MachineTarget &target,
                               const EmitOptions &options) {
  LLVMContext context;
  std::unique_ptr<Module> translated = mlir::translateModuleToLLVMIR(
      module, context, module.getName().value_or("orchestra"));
  if (!translated)
    return createStringError("the module cannot be translated to LLVM IR "
                             "[internal]");
  return emit(*translated, target, options);
}
