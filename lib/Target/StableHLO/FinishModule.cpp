//===- FinishModule.cpp - A module that other compilers read --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/StableHLO/Passes.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

namespace orchestra::stablehlo {
#define GEN_PASS_DEF_STABLEHLOFINISHMODULEPASS
#include "orchestra/Target/StableHLO/Passes.h.inc"
} // namespace orchestra::stablehlo

using namespace mlir;
using namespace orchestra;

constexpr StringLiteral kMainName = "main";

/// The function marked as entry, else the only kernel.
static FailureOr<func::FuncOp> findEntry(ModuleOp module) {
  SmallVector<func::FuncOp> entries, kernels;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function->hasAttr(kEntryAttrName))
      entries.push_back(function);
    if (function->hasAttr(kKernelAttrName))
      kernels.push_back(function);
  }
  ArrayRef<func::FuncOp> candidates = entries.empty() ? kernels : entries;
  if (candidates.size() == 1)
    return candidates.front();
  InFlightDiagnostic diagnostic =
      emitError(module.getLoc(),
                "a StableHLO module has one entry, but this one "
                "has ")
      << candidates.size() << " functions that could be it "
      << "[unsupported-by-target]";
  for (func::FuncOp candidate : candidates)
    diagnostic.attachNote(candidate.getLoc())
        << "'" << candidate.getSymName() << "' is one";
  return diagnostic;
}

/// Removes the attributes that only Orchestra understands.
static void stripAttributes(Operation *op) {
  auto isOurs = [](NamedAttribute attribute) {
    return attribute.getName().getValue().starts_with("orchestra.");
  };
  auto stripped = [&](DictionaryAttr attributes) {
    SmallVector<NamedAttribute> kept;
    for (NamedAttribute attribute : attributes)
      if (!isOurs(attribute))
        kept.push_back(attribute);
    return DictionaryAttr::get(op->getContext(), kept);
  };
  op->setDiscardableAttrs(stripped(op->getDiscardableAttrDictionary()));
  auto function = dyn_cast<func::FuncOp>(op);
  if (!function)
    return;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (DictionaryAttr attributes = function.getArgAttrDict(i))
      function.setArgAttrs(i, stripped(attributes));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (DictionaryAttr attributes = function.getResultAttrDict(i))
      function.setResultAttrs(i, stripped(attributes));
}

namespace {
struct StableHLOFinishModulePass
    : public stablehlo::impl::StableHLOFinishModulePassBase<
          StableHLOFinishModulePass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<func::FuncOp> entry = findEntry(module);
    if (failed(entry))
      return signalPassFailure();
    if (entry->getSymName() != kMainName) {
      SymbolTable symbols(module);
      if (symbols.lookup(kMainName)) {
        emitError(entry->getLoc(), "the entry cannot be named 'main': another "
                                   "function has the name");
        return signalPassFailure();
      }
      if (!module.getSymName())
        module.setSymName(entry->getSymName());
      if (failed(symbols.rename(*entry, kMainName)))
        return signalPassFailure();
    }
    entry->setPublic();
    module.walk(stripAttributes);
  }
};
} // namespace
