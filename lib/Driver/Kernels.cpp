//===- Kernels.cpp - Kernels become objects, in parallel ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: each kernel is cloned into a module of its own, in the one context, and
//   goes through its pipeline and LLVM on a thread of the pool. Large kernels
//   start first, so that no thread is left with a long one at the end.
// Cache: by name, which is the kernel's content, with target and compiler.
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <thread>

using namespace mlir;
using namespace orchestra;
using llvm::Expected;

KernelModules Compilation::splitKernels(ModuleOp from) {
  KernelModules kernels;
  for (func::FuncOp function :
       llvm::make_early_inc_range(from.getOps<func::FuncOp>())) {
    if (!function->hasAttr(kKernelAttrName) || function.isDeclaration())
      continue;
    OwningOpRef<ModuleOp> own =
        ModuleOp::create(function.getLoc(), function.getSymName());
    // A declaration stays for the host program; the body moves.
    func::FuncOp declaration =
        cast<func::FuncOp>(function->cloneWithoutRegions());
    declaration.setPrivate();
    declaration.removeArgAttrsAttr();
    function->getBlock()->getOperations().insert(function->getIterator(),
                                                 declaration);
    function->remove();
    function.setPublic();
    own->push_back(function);
    kernels[function.getSymNameAttr()] = std::move(own);
  }
  return kernels;
}

/// Writes a kernel that could not be compiled to a file that orchestra-opt
/// takes, and adds its path to the error.
static llvm::Error withReproducer(llvm::Error error, StringAttr name,
                                  ModuleOp source,
                                  const PipelineOptions &pipeline) {
  DriverError driver =
      toDriverError(std::move(error), name.getValue(), Fault::Internal);
  if (driver.getFault() != Fault::Internal)
    return llvm::make_error<DriverError>(driver);
  std::string path = (name.getValue() + ".mlir").str();
  std::error_code failed;
  auto os = std::make_unique<llvm::raw_fd_ostream>(path, failed);
  if (failed) {
    llvm::SmallString<128> temporary;
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/false, temporary);
    llvm::sys::path::append(temporary, path);
    path = std::string(temporary);
    os = std::make_unique<llvm::raw_fd_ostream>(path, failed);
  }
  if (failed)
    return llvm::make_error<DriverError>(driver);
  *os << "// A kernel that " << compilerName()
      << " could not compile. To see it fail:\n// orchestra-opt "
         "--pass-pipeline='builtin.module(orchestra-kernel-pipeline{arch="
      << pipeline.target.arch << " cpu=" << pipeline.target.cpu
      << (pipeline.reference ? " reference=1" : "") << "})' THIS_FILE\n";
  OpPrintingFlags flags;
  flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  source->print(*os, flags);
  *os << "\n";
  return llvm::make_error<DriverError>(
      Fault::Internal, driver.getText() + "\n  note: the kernel is in " + path +
                           "; please report this with that file");
}

Expected<Bytes> Compilation::compileKernel(StringAttr name, ModuleOp source,
                                           const PipelineOptions &pipeline,
                                           PassManager &passes,
                                           const cpu::MachineTarget &machine,
                                           unsigned optLevel, bool &cached) {
  ContentHash hash;
  hash.add(name.getValue());
  hash.add(machine.describe() + machine.featureString);
  hash.add(compilerFingerprint());
  hash.add(std::to_string(optLevel));
  hash.add(strategyText);
  std::string key = hash.hex();
  if (options.useCache)
    if (std::shared_ptr<CacheEntry> entry = cache.find("kernel", key)) {
      cached = true;
      return Bytes{entry->bytes(), entry};
    }
  // A kernel's ops have no locations; the kernel has that of its first node.
  diagnostics->setPlace(describeLocation(source.getLoc(), model));
  auto done = llvm::scope_exit([&] { diagnostics->setPlace(""); });
  OwningOpRef<ModuleOp> work = source.clone();
  if (failed(passes.run(*work)))
    return withReproducer(
        diagnostics->takeError("compiling a kernel", /*afterImport=*/true),
        name, source, pipeline);
  cpu::EmitOptions emit;
  emit.optLevel = optLevel;
  Expected<cpu::ByteBuffer> object = cpu::emit(*work, machine, emit);
  if (!object)
    return withReproducer(
        llvm::joinErrors(diagnostics->takeErrorIfAny(), object.takeError()),
        name, source, pipeline);
  Bytes bytes = ownedBytes(std::move(*object));
  if (options.useCache)
    if (llvm::Error error =
            cache.store("kernel", key, [&](llvm::raw_ostream &os) {
              os.write(bytes.bytes.data(), bytes.bytes.size());
            }))
      // Slower next time, right all the same.
      llvm::consumeError(std::move(error));
  return bytes;
}

Expected<std::vector<Bytes>> Compilation::compileKernels(
    llvm::ArrayRef<StringAttr> names, const KernelModules &kernels,
    const cpu::MachineTarget &machine, unsigned optLevel) {
  struct Job {
    StringAttr name;
    ModuleOp source;
    size_t weight = 0;
    bool cached = false;
    std::optional<Bytes> object;
    std::optional<llvm::Error> error;
  };
  std::vector<Job> jobs;
  for (StringAttr name : names) {
    const auto *found = kernels.find(name);
    if (found == kernels.end())
      return makeError(Fault::Internal, model,
                       "kernel '" + name.getValue() +
                           "' is missing [internal]");
    Job &job = jobs.emplace_back();
    job.name = name;
    job.source = found->second.get();
    job.source->walk([&](Operation *) { ++job.weight; });
  }
  std::vector<Job *> order;
  order.reserve(jobs.size());
  for (Job &job : jobs)
    order.push_back(&job);
  llvm::sort(order, [](Job *a, Job *b) {
    return std::pair(b->weight, a) < std::pair(a->weight, b);
  });
  PipelineOptions pipeline = pipelineFor(machine);
  auto compile = [&](Job *job, PassManager &passes) {
    Expected<Bytes> object =
        compileKernel(job->name, job->source, pipeline, passes, machine,
                      optLevel, job->cached);
    if (object)
      job->object = std::move(*object);
    else
      job->error = object.takeError();
  };
  // Threads of our own, not those of the context's pool: a thread of the pool
  // that waits inside a pass would start another kernel on top of this one, and
  // so on, until its stack ends. (MLIR's parallelForEach has that, and holds
  // diagnostics back until all are done.)
  size_t numThreads =
      pool ? std::min<size_t>(pool->getMaxConcurrency(), order.size()) : 1;
  std::atomic<size_t> next{0};
  auto work = [&] {
    // One for all kernels of a thread: passes prepare their patterns once.
    PassManager passes(context.get());
    // The input was verified once; between our own passes the tests verify.
    passes.enableVerifier(false);
    buildKernelPipeline(passes, pipeline);
    for (size_t index = next++; index < order.size(); index = next++)
      compile(order[index], passes);
  };
  context->enterMultiThreadedExecution();
  std::vector<std::thread> threads;
  for (size_t i = 1; i < numThreads; ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  context->exitMultiThreadedExecution();
  llvm::Error errors = llvm::Error::success();
  std::vector<Bytes> objects;
  for (Job &job : jobs) {
    if (job.error)
      errors = llvm::joinErrors(std::move(errors), std::move(*job.error));
    else
      objects.push_back(std::move(*job.object));
    report.kernelsFromCache += job.cached;
  }
  report.kernels += jobs.size();
  if (errors)
    return std::move(errors);
  return objects;
}
