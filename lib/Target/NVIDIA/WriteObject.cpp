//===- WriteObject.cpp - Device code to a file ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/ToolOutputFile.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAWRITEOBJECTPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;

namespace {
struct NVIDIAWriteObjectPass
    : public nvidia::impl::NVIDIAWriteObjectPassBase<NVIDIAWriteObjectPass> {
  using Base::Base;

  void runOnOperation() override {
    auto binaries = llvm::to_vector(getOperation().getOps<gpu::BinaryOp>());
    Location loc = getOperation().getLoc();
    if (binaries.empty()) {
      emitError(loc, "there is no device code to write");
      return signalPassFailure();
    }
    if (binaries.size() > 1 && output != "-") {
      emitError(loc, "one file cannot hold the device code of ")
          << binaries.size() << " kernels";
      return signalPassFailure();
    }
    std::string message;
    std::unique_ptr<llvm::ToolOutputFile> file =
        openOutputFile(output, &message);
    if (!file) {
      emitError(loc, message);
      return signalPassFailure();
    }
    for (gpu::BinaryOp binary : binaries) {
      auto object = dyn_cast<gpu::ObjectAttr>(binary.getObjects()[0]);
      // PTX ends with the zero that the driver wants; a text file does not.
      StringRef code = object.getObject().getValue();
      if (object.getFormat() == gpu::CompilationTarget::Assembly)
        code = code.rtrim('\0');
      file->os() << code;
    }
    file->keep();
    markAllAnalysesPreserved();
  }
};
} // namespace
