//===- ProfileBranches.cpp - Runs that tell how conditions went -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Passes.h"

#include "Work.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Support/BranchProfile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_PROFILEBRANCHESPASS
#include "orchestra/Schedule/Passes.h.inc"
} // namespace orchestra

namespace {
struct ProfileBranches
    : orchestra::impl::ProfileBranchesPassBase<ProfileBranches> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kEntryAttrName) &&
          llvm::hasSingleElement(function.getBody()))
        addResults(function);
  }

  void addResults(func::FuncOp function) {
    Block &block = function.getBody().front();
    auto ret = cast<func::ReturnOp>(block.getTerminator());
    llvm::StringSet<> names;
    OpBuilder b(ret);
    function.walk([&](scf::IfOp conditional) {
      SmallVector<StringRef> nodes;
      collectNames(conditional.getLoc(), nodes);
      if (conditional->getBlock() != &block || nodes.empty() ||
          !names.insert(nodes.front()).second) {
        remark::missed(
            conditional.getLoc(),
            remark::RemarkOpts::name("ProfileBranches").category("schedule"))
            << remark::reason("{0}", nodes.empty() ? "it has no name"
                                     : conditional->getBlock() == &block
                                         ? "another one has its name"
                                         : "it does not run once a request");
        return;
      }
      Location loc = conditional.getLoc();
      auto type = RankedTensorType::get({}, b.getI1Type());
      Value empty = tensor::EmptyOp::create(b, loc, type, ValueRange());
      Value held =
          linalg::FillOp::create(b, loc, conditional.getCondition(), empty)
              .getResult(0);
      ret->insertOperands(ret->getNumOperands(), held);
      auto name =
          b.getStringAttr(kBranchResultPrefix.str() + nodes.front().str());
      (void)function.insertResult(
          function.getNumResults(), type,
          b.getDictionaryAttr(b.getNamedAttr(kTensorNameAttrName, name)));
    });
  }
};
} // namespace
