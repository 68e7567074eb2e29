//===- TopologyTranslations.cpp - Machines from JSON to IR and back -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/TopologyConversion.h"
#include "orchestra/Pipeline/Registration.h"
#include "orchestra/Target/Architectures.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace orchestra;

static OwningOpRef<Operation *>
importTopology(const std::shared_ptr<llvm::SourceMgr> &sources,
               MLIRContext *context) {
  const llvm::MemoryBuffer *buffer =
      sources->getMemoryBuffer(sources->getMainFileID());
  auto *dialect = context->getOrLoadDialect<OrchestraDialect>();
  StringRef file = buffer->getBufferIdentifier();
  llvm::Expected<Topology> topology =
      parseTopology(buffer->getBuffer(), file, dialect->getTargets());
  if (!topology) {
    llvm::errs() << llvm::toString(topology.takeError()) << "\n";
    return nullptr;
  }
  Location loc = FileLineColLoc::get(context, file, 1, 1);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  createTopology(builder, loc, *topology);
  return OwningOpRef<Operation *>(module.release());
}

static LogicalResult exportTopology(Operation *op, llvm::raw_ostream &os) {
  SmallVector<TopologyOp> topologies;
  op->walk([&](TopologyOp topology) { topologies.push_back(topology); });
  if (topologies.size() != 1)
    return op->emitError("needs one topology, but has ") << topologies.size();
  printTopology(getTopology(topologies.front()), os);
  return success();
}

void orchestra::registerTopologyTranslations() {
  static TranslateToMLIRRegistration read(
      "topology-to-mlir", "Read a machine's JSON form", importTopology,
      [](DialectRegistry &registry) {
        registry.insert<OrchestraDialect>();
        registerArchitectures(registry);
      });
  static TranslateFromMLIRRegistration write(
      "mlir-to-topology", "Write a machine's JSON form", exportTopology,
      orchestra::registerDialects);
}
