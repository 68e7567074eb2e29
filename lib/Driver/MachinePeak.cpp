//===- MachinePeak.cpp - Measured limits of this machine ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: how many multiply-adds and how many bytes a second this machine really
//   does, so that "share of peak" means something: virtual machines and clocks
//   make data sheets useless.
// How: a loop of twelve independent fused multiply-adds on the widest vectors,
//   compiled for this CPU by the same code generator as the models; and a sum
//   over a block of memory that no cache holds. The best of several passes.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Machine.h"

#include "Jit.h"
#include "Program.h"

#include "orchestra/Target/CPU/Codegen.h"
#include "orchestra_runtime/format.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <chrono>
#include <numeric>
#include <thread>

using namespace llvm;
using namespace orchestra;

static constexpr unsigned kChains = 12;

using PeakFunction = void (*)(int64_t rounds, float *sink);

/// Defines a function in the place of the artefact: the image exports nothing
/// else.
static std::unique_ptr<JitImage> compileLoop(unsigned &lanes) {
  Expected<cpu::MachineTarget> target = cpu::resolveTarget("host", "", "");
  if (!target) {
    consumeError(target.takeError());
    return nullptr;
  }
  lanes = target->vectorBits / 32;
  LLVMContext context;
  Module module("peak", context);
  IRBuilder<> b(context);
  auto *vector = FixedVectorType::get(b.getFloatTy(), lanes);
  auto *function = Function::Create(
      FunctionType::get(b.getVoidTy(), {b.getInt64Ty(), b.getPtrTy()}, false),
      GlobalValue::ExternalLinkage, ORCH_ARTEFACT_SYMBOL, module);
  auto *entry = BasicBlock::Create(context, "entry", function);
  auto *loop = BasicBlock::Create(context, "loop", function);
  auto *exit = BasicBlock::Create(context, "exit", function);
  b.SetInsertPoint(entry);
  // From memory, so that nothing is known about them.
  Value *factor = b.CreateAlignedLoad(vector, function->getArg(1), Align(4));
  b.CreateBr(loop);
  b.SetInsertPoint(loop);
  PHINode *count = b.CreatePHI(b.getInt64Ty(), 2);
  count->addIncoming(b.getInt64(0), entry);
  SmallVector<PHINode *> chains;
  for (unsigned i = 0; i < kChains; ++i) {
    chains.push_back(b.CreatePHI(vector, 2));
    chains.back()->addIncoming(ConstantFP::get(vector, double(i + 1)), entry);
  }
  SmallVector<Value *> next;
  for (PHINode *chain : chains)
    next.push_back(
        b.CreateIntrinsic(Intrinsic::fma, {vector}, {chain, factor, factor}));
  for (unsigned i = 0; i < kChains; ++i)
    chains[i]->addIncoming(next[i], loop);
  Value *more = b.CreateAdd(count, b.getInt64(1));
  count->addIncoming(more, loop);
  b.CreateCondBr(b.CreateICmpSLT(more, function->getArg(0)), loop, exit);
  b.SetInsertPoint(exit);
  Value *sum = next[0];
  for (unsigned i = 1; i < kChains; ++i)
    sum = b.CreateFAdd(sum, next[i]);
  b.CreateAlignedStore(sum, function->getArg(1), Align(4));
  b.CreateRetVoid();

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
  return std::move(*image);
}

/// Seconds that `work(thread)` takes on all threads at once.
static double timeThreads(int threads, function_ref<void(int)> work) {
  auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i)
    others.emplace_back([&work, i] { work(i); });
  work(0);
  for (std::thread &thread : others)
    thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

MachinePeak orchestra::measurePeak(int threads) {
  MachinePeak peak;
  threads = std::max(threads, 1);
  unsigned lanes = 0;
  if (std::unique_ptr<JitImage> image = compileLoop(lanes)) {
    auto function = reinterpret_cast<PeakFunction>(
        reinterpret_cast<uintptr_t>(image->getArtefact()));
    // About 10 ms a pass on a core of 2 GHz or more.
    constexpr int64_t rounds = 2000000;
    for (int pass = 0; pass < 6; ++pass) {
      double seconds = timeThreads(threads, [&](int) {
        float sink[64] = {};
        function(rounds, sink);
      });
      double operations = double(rounds) * kChains * lanes * 2 * threads;
      peak.gflops = std::max(peak.gflops, operations / seconds / 1e9);
    }
  }
  // Far larger than a core's share of any cache.
  constexpr size_t words = size_t(128) << 17; // 128 MiB
  std::vector<uint64_t> block(words, 1);
  std::vector<uint64_t> sums(static_cast<size_t>(threads) * 8);
  for (int pass = 0; pass < 3; ++pass) {
    double seconds = timeThreads(threads, [&](int thread) {
      size_t begin = words * size_t(thread) / size_t(threads);
      size_t end = words * size_t(thread + 1) / size_t(threads);
      sums[size_t(thread) * 8] = std::accumulate(
          block.begin() + begin, block.begin() + end, uint64_t(0));
    });
    peak.gbytes = std::max(peak.gbytes, double(words) * 8 / seconds / 1e9);
  }
  // The sums must be used, or the loop may go.
  if (std::accumulate(sums.begin(), sums.end(), uint64_t(0)) != words)
    peak.gbytes = 0;
  return peak;
}
