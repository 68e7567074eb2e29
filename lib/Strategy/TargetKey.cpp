//===- TargetKey.cpp - What scripts may ask of a target -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Strategy/StrategyOps.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Dialect/Orchestra/TopologyConversion.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace orchestra;

/// The target of the op, or of the first op around it that has one.
static DictionaryAttr findTarget(Operation *op) {
  for (; op; op = op->getParentOp()) {
    if (auto task = dyn_cast<TaskOp>(op))
      return task.getTarget();
    if (auto target = op->getAttrOfType<DictionaryAttr>(kTargetAttrName))
      return target;
  }
  return nullptr;
}

/// The names that can be asked for, in order.
static std::string listKeys(DictionaryAttr target, const TargetArch *arch) {
  std::vector<std::string> names;
  for (NamedAttribute entry : target)
    names.push_back(entry.getName().str());
  if (arch) {
    for (const TargetKey &key : arch->keys)
      if (arch->lookup(key.name))
        names.push_back(key.name);
    for (const auto &figure : arch->figures)
      names.push_back(figure.first.str());
  }
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return llvm::join(names, ", ");
}

DiagnosedSilenceableFailure transform::TargetKeyOp::applyToOne(
    transform::TransformRewriter &, Operation *op,
    transform::ApplyToEachResultList &results, transform::TransformState &) {
  DictionaryAttr target = findTarget(op);
  if (!target) {
    auto diag = emitSilenceableError() << "finds no target: no task is around "
                                          "the op, and no '"
                                       << kTargetAttrName << "'";
    diag.attachNote(op->getLoc()) << "this op";
    return diag;
  }
  const TargetArch *arch = lookupArch(target);
  Attribute value = target.get(getKey());
  if (!value && arch)
    if (const llvm::json::Value *known = arch->lookup(getKey()))
      value = fromJson(*known, getContext());
  if (!value)
    return emitSilenceableError()
           << "target " << target << " has no '" << getKey() << "'; it has "
           << listKeys(target, arch);
  results.push_back(value);
  return DiagnosedSilenceableFailure::success();
}

void transform::TargetKeyOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  producesHandle(getOperation()->getOpResults(), effects);
  onlyReadsPayload(effects);
}
