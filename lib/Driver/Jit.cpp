//===- Jit.cpp - Objects into this process --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: an ORC session with nothing but an object layer. LLJIT would add a
//   platform and an IR compiler, which cost time at start and which finished
//   objects do not need.
//
//===----------------------------------------------------------------------===//
#include "Jit.h"

#include "orchestra_runtime/format.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace llvm::orc;
using namespace orchestra;

JitImage::~JitImage() = default;

namespace {
class OrcImage final : public JitImage {
public:
  static Expected<std::unique_ptr<OrcImage>> create() {
    auto control = SelfExecutorProcessControl::Create();
    if (!control)
      return control.takeError();
    auto session = std::make_unique<ExecutionSession>(std::move(*control));
    return std::unique_ptr<OrcImage>(new OrcImage(std::move(session)));
  }

  ~OrcImage() override {
    // Nobody is left to tell, and freeing memory has no reason to fail.
    if (Error error = session->endSession())
      consumeError(std::move(error));
  }

  Error link(ArrayRef<Bytes> objects, StringRef weightsSymbol, Bytes weights) {
    held = std::move(weights);
    JITDylib &library = session->createBareJITDylib("model");
    auto process = DynamicLibrarySearchGenerator::GetForCurrentProcess(
        /*GlobalPrefix=*/'\0');
    if (!process)
      return process.takeError();
    library.addGenerator(std::move(*process));
    if (!held.bytes.empty())
      if (Error error = library.define(
              absoluteSymbols({{session->intern(weightsSymbol),
                                {ExecutorAddr::fromPtr(held.bytes.data()),
                                 JITSymbolFlags::Exported}}})))
        return error;
    for (const Bytes &object : objects) {
      owners.push_back(object.owner);
      if (Error error = layer.add(
              library, MemoryBuffer::getMemBuffer(
                           StringRef(object.bytes.data(), object.bytes.size()),
                           "compiled object",
                           /*RequiresNullTerminator=*/false)))
        return error;
    }
    Expected<ExecutorSymbolDef> symbol =
        session->lookup(makeJITDylibSearchOrder(&library),
                        session->intern(ORCH_ARTEFACT_SYMBOL));
    if (!symbol)
      return symbol.takeError();
    artefact = symbol->getAddress().toPtr<const orch_artefact *>();
    return Error::success();
  }

  const orch_artefact *getArtefact() const override { return artefact; }

private:
  explicit OrcImage(std::unique_ptr<ExecutionSession> newSession)
      : session(std::move(newSession)), layer(*session) {
    // Errors come back from lookup; the default reporter prints them as well.
    session->setErrorReporter(
        [](Error error) { consumeError(std::move(error)); });
  }

  std::vector<std::shared_ptr<const void>> owners;
  Bytes held;
  std::unique_ptr<ExecutionSession> session;
  ObjectLinkingLayer layer;
  const orch_artefact *artefact = nullptr;
};
} // namespace

Expected<std::unique_ptr<JitImage>> JitImage::link(ArrayRef<Bytes> objects,
                                                   StringRef weightsSymbol,
                                                   Bytes weights) {
  Expected<std::unique_ptr<OrcImage>> image = OrcImage::create();
  if (!image)
    return image.takeError();
  if (Error error = (*image)->link(objects, weightsSymbol, std::move(weights)))
    return error;
  return std::move(*image);
}
