//===- Kernels.cpp - Kernels become objects, in parallel ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: each kernel is cloned into a module of its own, in the one context, and
//   goes through its pipeline and LLVM on one of a few threads. Large kernels
//   start first, so that no thread is left with a long one at the end. The
//   caller's thread goes on with the constants and the host program, and helps
//   when it has nothing else to do.
// Cache: by name, which is the kernel's content, with target and compiler.
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace orchestra;
using llvm::Expected;

llvm::SetVector<StringAttr> orchestra::calledKernels(Operation *caller,
                                                     Operation *except) {
  llvm::SetVector<StringAttr> names;
  caller->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (except && op == except)
      return WalkResult::skip();
    if (auto dispatch = dyn_cast<DispatchOp>(op))
      if (!dispatch.getKernel().starts_with(kHostFunctionPrefix))
        names.insert(dispatch.getKernelAttr().getAttr());
    return WalkResult::advance();
  });
  return names;
}

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
      << (pipeline.target.features.empty()
              ? ""
              : " features=" + pipeline.target.features)
      << (pipeline.strategyFile.empty() ? ""
                                        : " strategy=" + pipeline.strategyFile)
      << (pipeline.emulates.empty() ? "" : " emulates=" + pipeline.emulates)
      << (pipeline.reference ? " reference=1" : "") << "})' THIS_FILE\n";
  OpPrintingFlags flags;
  flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  source->print(*os, flags);
  *os << "\n";
  return llvm::make_error<DriverError>(
      Fault::Internal, driver.getText() + "\n  note: the kernel is in " + path +
                           "; please report this with that file");
}

class Compilation::KernelPasses {
public:
  KernelPasses(MLIRContext *context, const PipelineOptions &pipeline)
      : pipeline(pipeline), passes(makePasses(context, pipeline)) {}

  PassManager &get() { return *passes; }
  bool hasFallback() const {
    return !pipeline.accelerator.empty() && !pipeline.onHost;
  }
  /// Those for kernels that the accelerator cannot run.
  PassManager &getFallback() {
    if (!fallback) {
      pipeline.onHost = true;
      fallback = makePasses(passes->getContext(), pipeline);
      pipeline.onHost = false;
    }
    return *fallback;
  }

private:
  static std::unique_ptr<PassManager>
  makePasses(MLIRContext *context, const PipelineOptions &pipeline) {
    auto made = std::make_unique<PassManager>(context);
    // The input was verified once; between our own passes the tests verify.
    made->enableVerifier(false);
    buildKernelPipeline(*made, pipeline);
    return made;
  }

  PipelineOptions pipeline;
  std::unique_ptr<PassManager> passes, fallback;
};

LogicalResult Compilation::lowerKernel(OwningOpRef<ModuleOp> &work,
                                       ModuleOp source, KernelPasses &passes) {
  if (succeeded(passes.get().run(*work)))
    return success();
  if (!passes.hasFallback())
    return failure();
  std::string reasons = diagnostics->takeReasons();
  diagnostics->addWarning(
      describeLocation(source.getLoc(), model) +
      ": warning: the kernel runs on the host, on copies of its values "
      "[runs-on-host]" +
      (reasons.empty() ? "" : "\n  note: " + reasons));
  work = source.clone();
  return passes.getFallback().run(*work);
}

Expected<Bytes> Compilation::compileKernel(StringAttr name, ModuleOp source,
                                           KernelPasses &passes,
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
  if (failed(lowerKernel(work, source, passes)))
    return withReproducer(
        diagnostics->takeError("compiling a kernel", /*afterImport=*/true),
        name, source, pipelineFor(machine));
  cpu::EmitOptions emit;
  emit.optLevel = optLevel;
  Expected<cpu::ByteBuffer> object = cpu::emit(*work, machine, emit);
  if (!object)
    return withReproducer(
        llvm::joinErrors(diagnostics->takeErrorIfAny(), object.takeError()),
        name, source, pipelineFor(machine));
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

//===----------------------------------------------------------------------===//
// Many at a time
//===----------------------------------------------------------------------===//

struct KernelJobs::Job {
  Batch *batch;
  StringAttr name;
  ModuleOp source;
  size_t weight = 0;
  bool cached = false;
  bool done = false; ///< under the mutex
  std::optional<Bytes> object;
  std::optional<llvm::Error> error;
};

struct KernelJobs::Batch {
  cpu::MachineTarget machine;
  unsigned optLevel;
  std::vector<Job> jobs; ///< in order of the first calls
  size_t end = 0;        ///< of its jobs in `order`
};

KernelJobs::KernelJobs(Compilation &compilation) : compilation(compilation) {}

KernelJobs::~KernelJobs() {
  cancel();
  for (std::thread &thread : threads)
    thread.join();
  if (started)
    compilation.context->exitMultiThreadedExecution();
  for (const std::unique_ptr<Batch> &batch : batches)
    for (Job &job : batch->jobs)
      if (job.error)
        llvm::consumeError(std::move(*job.error));
}

Expected<unsigned> KernelJobs::add(const llvm::SetVector<StringAttr> &names,
                                   const KernelModules &kernels,
                                   const cpu::MachineTarget &machine,
                                   unsigned optLevel) {
  batches.push_back(std::make_unique<Batch>());
  Batch &batch = *batches.back();
  batch.machine = machine;
  batch.optLevel = optLevel;
  for (StringAttr name : names) {
    const auto *found = kernels.find(name);
    if (found == kernels.end())
      return makeError(Fault::Internal, compilation.model,
                       "kernel '" + name.getValue() +
                           "' is missing [internal]");
    Job &job = batch.jobs.emplace_back();
    job.batch = &batch;
    job.name = name;
    job.source = found->second.get();
    job.source->walk([&](Operation *) { ++job.weight; });
  }
  size_t begin = order.size();
  for (Job &job : batch.jobs)
    order.push_back(&job);
  std::sort(order.begin() + begin, order.end(), [](Job *a, Job *b) {
    return std::pair(b->weight, a) < std::pair(a->weight, b);
  });
  batch.end = order.size();
  return batches.size() - 1;
}

void KernelJobs::start() {
  started = true;
  compilation.context->enterMultiThreadedExecution();
  // Threads of our own, not those of the context's pool: a thread of the pool
  // that waits inside a pass would start another kernel on top of this one, and
  // so on, until its stack ends. (MLIR's parallelForEach has that, and holds
  // diagnostics back until all are done.)
  size_t numThreads =
      compilation.pool ? std::min<size_t>(compilation.pool->getMaxConcurrency(),
                                          order.size())
                       : 1;
  for (size_t i = 1; i < numThreads; ++i)
    threads.emplace_back([this] { work(order.size()); });
}

/// Compiles one kernel after the other until those before `end` have begun.
void KernelJobs::work(size_t end) {
  // One for all kernels of a thread: passes prepare their patterns once.
  std::unique_ptr<Compilation::KernelPasses> passes;
  Batch *prepared = nullptr;
  while (true) {
    Job *job;
    {
      std::lock_guard lock(mutex);
      if (next >= end)
        return;
      job = order[next++];
    }
    Batch &batch = *job->batch;
    if (prepared != &batch) {
      prepared = &batch;
      passes = std::make_unique<Compilation::KernelPasses>(
          compilation.context.get(), compilation.pipelineFor(batch.machine));
    }
    Expected<Bytes> object =
        compilation.compileKernel(job->name, job->source, *passes,
                                  batch.machine, batch.optLevel, job->cached);
    if (object)
      job->object = std::move(*object);
    else
      job->error = object.takeError();
    std::lock_guard lock(mutex);
    job->done = true;
    changed.notify_all();
  }
}

void KernelJobs::cancel() {
  std::lock_guard lock(mutex);
  next = order.size();
}

Expected<std::vector<Bytes>> KernelJobs::finish(unsigned number) {
  Batch &batch = *batches[number];
  work(batch.end);
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] {
      return llvm::all_of(batch.jobs, [](const Job &job) { return job.done; });
    });
  }
  llvm::Error errors = llvm::Error::success();
  std::vector<Bytes> objects;
  CompileReport &report = compilation.report;
  for (Job &job : batch.jobs) {
    if (job.error) {
      errors = llvm::joinErrors(std::move(errors), std::move(*job.error));
      job.error.reset();
    } else {
      objects.push_back(std::move(*job.object));
    }
    report.kernelsFromCache += job.cached;
  }
  report.kernels += batch.jobs.size();
  if (errors)
    return std::move(errors);
  return objects;
}
