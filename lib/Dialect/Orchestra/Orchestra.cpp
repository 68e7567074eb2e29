//===- Orchestra.cpp - The orchestra dialect ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect as a whole. Its ops: Topology.cpp, ScheduleOps.cpp, ValueOps.cpp,
// DispatchOp.cpp; docs/dialect-orchestra.md says why they are as they are.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace orchestra;

#include "orchestra/Dialect/Orchestra/OrchestraDialect.cpp.inc"

/// `type`, or `type to type` if a transfer changes layout or memory space.
static ParseResult parseTransferTypes(OpAsmParser &parser, Type &source,
                                      Type &result) {
  if (parser.parseType(source))
    return failure();
  result = source;
  if (succeeded(parser.parseOptionalKeyword("to")))
    return parser.parseType(result);
  return success();
}

static void printTransferTypes(OpAsmPrinter &printer, TransferOp, Type source,
                               Type result) {
  printer << source;
  if (result != source)
    printer << " to " << result;
}

#define GET_OP_CLASSES
#include "orchestra/Dialect/Orchestra/OrchestraOps.cpp.inc"

namespace {
struct OrchestraInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;

  /// A function's body may go into a task or schedule.
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const override {
    return true;
  }

  /// Schedules, and what only they hold, do not go into a task: tasks do not
  /// nest.
  bool isLegalToInline(Operation *op, Region *dest, bool,
                       IRMapping &) const override {
    if (isa<DispatchOp, YieldOp>(op))
      return true;
    Operation *parent = dest->getParentOp();
    return !isa<TaskOp>(parent) && !parent->getParentOfType<TaskOp>();
  }
};
} // namespace

void OrchestraDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "orchestra/Dialect/Orchestra/OrchestraOps.cpp.inc"
      >();
  addInterfaces<OrchestraInliner>();
}
