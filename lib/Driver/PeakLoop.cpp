//===- PeakLoop.cpp - A loop that does nothing but arithmetic -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: twelve accumulators, enough to hide the latency of two units of four
//   cycles, each added to the same product again and again. The factor comes
//   from memory, so that nothing is known about it. Narrow types use the dot
//   products that processors have for them.
//
//===----------------------------------------------------------------------===//
#include "PeakLoop.h"

#include "Program.h"

#include "orchestra/Target/CPU/Codegen.h"
#include "orchestra_runtime/format.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace orchestra;

static constexpr unsigned kChains = 12;

namespace {
/// One step: accumulator + factor * factor, over all lanes.
struct Step {
  Type *accumulator = nullptr;
  Type *factor = nullptr;
  /// Dot product intrinsic, or none: plain multiplication and addition.
  Intrinsic::ID dot = Intrinsic::not_intrinsic;

  double operations() const {
    return 2.0 * cast<FixedVectorType>(factor)->getNumElements();
  }
};
} // namespace

static Type *getVector(Type *element, unsigned bits) {
  return FixedVectorType::get(element,
                              bits / unsigned(element->getScalarSizeInBits()));
}

/// The step for a type, or none if the machine has no arithmetic for it.
static std::optional<Step> getStep(StringRef type,
                                   const cpu::MachineTarget &target,
                                   LLVMContext &context) {
  unsigned bits = target.vectorBits;
  bool isX86 = target.arch == "x86_64";
  auto plain = [&](Type *element) {
    Type *vector = getVector(element, bits);
    return Step{vector, vector, Intrinsic::not_intrinsic};
  };
  if (type == "f64")
    return plain(Type::getDoubleTy(context));
  if (type == "f32")
    return plain(Type::getFloatTy(context));
  if (type == "i32")
    return plain(Type::getInt32Ty(context));
  if (type == "f16" && target.hasFeature(isX86 ? "avx512fp16" : "fullfp16"))
    return plain(Type::getHalfTy(context));
  if (!isX86 || bits < 256)
    return std::nullopt;
  if (type == "bf16" && target.hasFeature("avx512bf16"))
    return Step{getVector(Type::getFloatTy(context), bits),
                getVector(Type::getBFloatTy(context), bits),
                bits == 512 ? Intrinsic::x86_avx512bf16_dpbf16ps_512
                            : Intrinsic::x86_avx512bf16_dpbf16ps_256};
  if (type == "i8" && target.hasFeature("avx512vnni"))
    return Step{getVector(Type::getInt32Ty(context), bits),
                getVector(Type::getInt8Ty(context), bits),
                bits == 512 ? Intrinsic::x86_avx512_vpdpbusd_512
                            : Intrinsic::x86_avx512_vpdpbusd_256};
  return std::nullopt;
}

static Value *add(IRBuilder<> &b, Value *left, Value *right) {
  return left->getType()->isFPOrFPVectorTy() ? b.CreateFAdd(left, right)
                                             : b.CreateAdd(left, right);
}

static Value *createStep(IRBuilder<> &b, const Step &step, Value *accumulator,
                         Value *factor) {
  if (step.dot != Intrinsic::not_intrinsic)
    return b.CreateIntrinsic(step.dot, {}, {accumulator, factor, factor});
  if (step.accumulator->isFPOrFPVectorTy())
    return b.CreateIntrinsic(Intrinsic::fma, {step.accumulator},
                             {accumulator, factor, factor});
  return b.CreateAdd(b.CreateMul(accumulator, factor), factor);
}

static Constant *getStart(Type *type, unsigned chain) {
  return type->isFPOrFPVectorTy() ? ConstantFP::get(type, double(chain + 1))
                                  : ConstantInt::get(type, chain + 1);
}

/// Defines the loop in the place of the artefact: an image exports nothing
/// else.
static void buildLoop(Module &module, const Step &step) {
  IRBuilder<> b(module.getContext());
  auto *function = Function::Create(
      FunctionType::get(b.getVoidTy(), {b.getInt64Ty(), b.getPtrTy()}, false),
      GlobalValue::ExternalLinkage, ORCH_ARTEFACT_SYMBOL, module);
  LLVMContext &context = module.getContext();
  auto *entry = BasicBlock::Create(context, "entry", function);
  auto *loop = BasicBlock::Create(context, "loop", function);
  auto *exit = BasicBlock::Create(context, "exit", function);
  b.SetInsertPoint(entry);
  Value *factor =
      b.CreateAlignedLoad(step.factor, function->getArg(1), Align(4));
  b.CreateBr(loop);
  b.SetInsertPoint(loop);
  PHINode *count = b.CreatePHI(b.getInt64Ty(), 2);
  count->addIncoming(b.getInt64(0), entry);
  SmallVector<PHINode *> chains;
  for (unsigned i = 0; i < kChains; ++i) {
    chains.push_back(b.CreatePHI(step.accumulator, 2));
    chains.back()->addIncoming(getStart(step.accumulator, i), entry);
  }
  SmallVector<Value *> next;
  for (PHINode *chain : chains)
    next.push_back(createStep(b, step, chain, factor));
  for (unsigned i = 0; i < kChains; ++i)
    chains[i]->addIncoming(next[i], loop);
  Value *more = b.CreateAdd(count, b.getInt64(1));
  count->addIncoming(more, loop);
  b.CreateCondBr(b.CreateICmpSLT(more, function->getArg(0)), loop, exit);
  b.SetInsertPoint(exit);
  Value *sum = next[0];
  for (unsigned i = 1; i < kChains; ++i)
    sum = add(b, sum, next[i]);
  b.CreateAlignedStore(sum, function->getArg(1), Align(4));
  b.CreateRetVoid();
}

std::unique_ptr<PeakLoop> PeakLoop::compile(StringRef type) {
  Expected<cpu::MachineTarget> target = cpu::resolveTarget("host", "", "");
  if (!target) {
    consumeError(target.takeError());
    return nullptr;
  }
  LLVMContext context;
  Module module("peak", context);
  std::optional<Step> step = getStep(type, *target, context);
  if (!step)
    return nullptr;
  buildLoop(module, *step);
  Expected<cpu::ByteBuffer> object = cpu::emit(module, *target);
  if (!object) {
    consumeError(object.takeError());
    return nullptr;
  }
  Expected<std::unique_ptr<JitImage>> image =
      JitImage::link({ownedBytes(std::move(*object))}, "", Bytes());
  if (!image) {
    consumeError(image.takeError());
    return nullptr;
  }
  auto peak = std::make_unique<PeakLoop>();
  peak->image = std::move(*image);
  peak->operationsPerRound = kChains * step->operations();
  return peak;
}

void PeakLoop::run(int64_t rounds) const {
  using Function = void (*)(int64_t rounds, void *factorAndSum);
  auto function = reinterpret_cast<Function>(
      reinterpret_cast<uintptr_t>(image->getArtefact()));
  char memory[256] = {};
  function(rounds, memory);
}
