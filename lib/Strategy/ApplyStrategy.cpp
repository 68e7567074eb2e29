//===- ApplyStrategy.cpp - Runs a strategy script on kernels --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Strategy/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Transform/IR/TransformOps.h"
#include "mlir/Dialect/Transform/Transforms/TransformInterpreterUtils.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_APPLYSTRATEGYPASS
#include "orchestra/Strategy/Passes.h.inc"
} // namespace orchestra

namespace {
struct ApplyStrategy : orchestra::impl::ApplyStrategyPassBase<ApplyStrategy> {
  using Base::Base;

  OwningOpRef<ModuleOp> parse() {
    MLIRContext *ctx = &getContext();
    if (!script.empty())
      return parseSourceString<ModuleOp>(
          script, ctx, file.empty() ? StringRef("strategy") : StringRef(file));
    auto buffer = llvm::MemoryBuffer::getFile(file);
    if (!buffer) {
      getOperation().emitError("cannot read strategy '")
          << file << "': " << buffer.getError().message();
      return nullptr;
    }
    return parseSourceString<ModuleOp>((*buffer)->getBuffer(), ctx, file);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    OwningOpRef<ModuleOp> strategy = parse();
    if (!strategy)
      return signalPassFailure();
    auto main = strategy->lookupSymbol<transform::NamedSequenceOp>(
        transform::TransformDialect::kTransformEntryPointSymbolName);
    if (!main) {
      strategy->emitError("a strategy needs a named sequence '@")
          << transform::TransformDialect::kTransformEntryPointSymbolName << "'";
      return signalPassFailure();
    }
    Builder builder(&getContext());
    for (auto kernel : module.getOps<func::FuncOp>())
      kernel->setAttr(kVectorBitsAttrName,
                      builder.getI64IntegerAttr(vectorBits));
    transform::TransformOptions options;
    options.enableExpensiveChecks(false);
    if (failed(transform::applyTransformNamedSequence(module, main, *strategy,
                                                      options)))
      return signalPassFailure();
    for (auto kernel : module.getOps<func::FuncOp>())
      kernel->removeAttr(kVectorBitsAttrName);
    RewritePatternSet patterns(&getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    if (failed(applyPatternsGreedily(module, std::move(patterns))))
      return signalPassFailure();
  }
};
} // namespace
