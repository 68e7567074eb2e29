//===- Compile.cpp - The steps of a compilation, in order -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"
#include "LoadedModel.h"
#include "Pjrt.h"

#include "emulated.h"
#include "orchestra/Dialect/Orchestra/HostProgram.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Support/Assert.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <dlfcn.h>

using namespace mlir;
using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

std::string orchestra::compilerVersion() { return ORCHESTRA_VERSION; }
std::string orchestra::compilerName() {
  return "orchestra " + compilerVersion();
}

std::string orchestra::compilerFingerprint() {
  static const std::string fingerprint = [] {
    std::string text = compilerName();
    Dl_info info;
    llvm::sys::fs::file_status status;
    if (dladdr(reinterpret_cast<void *>(&compilerName), &info) &&
        info.dli_fname &&
        !llvm::sys::fs::status(llvm::sys::path::is_absolute(info.dli_fname)
                                   ? info.dli_fname
                                   : "/proc/self/exe",
                               status))
      text += " " + std::to_string(status.getSize()) + " " +
              std::to_string(
                  status.getLastModificationTime().time_since_epoch().count());
    return text;
  }();
  return fingerprint;
}

static double now() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

static std::string cacheFolderOf(const CompileOptions &options) {
  if (!options.useCache)
    return "";
  return options.cacheFolder.empty() ? Cache::defaultFolder()
                                     : options.cacheFolder;
}

Compilation::Compilation(StringRef model, const CompileOptions &options)
    : options(options), model(model.str()),
      cache(cacheFolderOf(options),
            options.cacheLimit ? options.cacheLimit : Cache::kDefaultLimit) {}

/// The target whose programs run on the runtime's device "cpu".
static constexpr llvm::StringLiteral kHostDevice = "device:cpu";

/// Refuses what cannot be emulated; otherwise the device is there afterwards.
static llvm::Error prepareEmulation(StringRef arch,
                                    const CompileOptions &options) {
  llvm::ArrayRef<StringRef> known = getEmulatedArchitectures();
  if (!llvm::is_contained(known, arch))
    return makeError(Fault::Usage, "",
                     "there is no emulation of models for '" + arch +
                         "' [unknown-target]",
                     {"note: there is: " + llvm::join(known, ", ")});
  if (!options.strategy.empty())
    return makeError(Fault::Usage, options.strategy,
                     "kernels for '" + arch +
                         "' are not compiled by a strategy script "
                         "[unsupported-by-target]");
  if (orch_emulated_register() != ORCH_OK)
    return makeError(Fault::Internal, "", orch_last_error());
  return llvm::Error::success();
}

Expected<std::unique_ptr<Compilation>>
Compilation::create(StringRef model, const CompileOptions &options) {
  if (isHandOffTarget(options.target) ||
      StringRef(options.target).starts_with(kPjrtPrefix))
    return makeError(Fault::Usage, model,
                     "'" + options.target +
                         "' takes a whole model as "
                         "StableHLO and has no stages [unsupported-by-target]",
                     {"help: 'orchestra compile -o' hands over to a vendor's "
                      "compiler, 'orchestra run' runs on a PJRT plugin"});
  std::unique_ptr<Compilation> result(new Compilation(model, options));
  StringRef machine = options.target;
  std::string emulates;
  if (machine.consume_front("emulated:")) {
    emulates = machine.str();
    machine = "host";
    if (llvm::Error error = prepareEmulation(emulates, options))
      return std::move(error);
  }
  std::string accelerator;
  if (machine == kHostDevice ||
      llvm::is_contained(getAcceleratorArchitectures(), machine)) {
    accelerator =
        machine == kHostDevice ? kHostAccelerator.str() : machine.str();
    machine = "host";
    if (!options.strategy.empty())
      return makeError(Fault::Usage, options.strategy,
                       "programs for '" + options.target +
                           "' take no strategy script yet "
                           "[unsupported-by-target]");
  }
  Expected<cpu::MachineTarget> target =
      cpu::resolveTarget(machine, options.cpu, options.features);
  if (!target)
    return llvm::make_error<DriverError>(
        toDriverError(target.takeError(), "", Fault::Usage));
  result->target = std::move(*target);
  result->target.emulates = emulates;
  result->target.accelerator = accelerator;
  result->report.target = result->target.describe();
  if (!options.strategy.empty()) {
    auto buffer = llvm::MemoryBuffer::getFile(options.strategy);
    if (!buffer)
      return makeError(Fault::Usage, options.strategy,
                       "the strategy script cannot be read [unreadable-file]",
                       {"note: " + buffer.getError().message()});
    result->strategyText = (*buffer)->getBuffer().str();
    if (llvm::StringRef(result->strategyText).trim().empty())
      return makeError(Fault::Usage, options.strategy,
                       "the strategy script is empty [unreadable-file]");
  } else if (!options.reference &&
             getBuiltinStrategy(result->target.arch, false).empty()) {
    return makeError(Fault::Usage, options.target,
                     "there is no strategy for " + result->target.arch +
                         " yet [no-codegen]",
                     {"help: --reference compiles plain loops for it; "
                      "--strategy=FILE takes a script of your own"});
  }
  return result;
}

void Compilation::endPhases() {
  if (report.phases.empty())
    return;
  PhaseTime &last = report.phases.back();
  if (last.milliseconds < 0)
    last.milliseconds = now() - phaseStart;
}

void Compilation::beginPhase(const std::string &name) {
  endPhases();
  phaseStart = now();
  report.phases.push_back({name, -1});
  if (options.onPhase)
    options.onPhase(name);
}

void Compilation::releaseMemory() {
  foldedBuffers.clear();
  module = nullptr;
  diagnostics.reset();
  context.reset();
}

std::vector<std::string> Compilation::takeWarnings() {
  return diagnostics ? diagnostics->takeWarnings() : std::vector<std::string>();
}

PipelineOptions
Compilation::pipelineFor(const cpu::MachineTarget &machine) const {
  PipelineOptions pipeline;
  pipeline.target.arch = machine.arch;
  pipeline.target.cpu = machine.cpu;
  pipeline.target.features = machine.featureString;
  pipeline.target.vectorBits = machine.vectorBits;
  pipeline.target.vectorRegisters =
      machine.arch == "aarch64" || machine.vectorBits == 512 ? 32 : 16;
  pipeline.strategyFile = options.strategy;
  pipeline.strategyText = strategyText;
  pipeline.reference = options.reference;
  pipeline.emulates = machine.emulates;
  pipeline.accelerator = machine.accelerator;
  pipeline.onHost = machine.accelerator == kHostAccelerator;
  pipeline.branches = options.branches;
  pipeline.hotShapes = llvm::join(options.specialize, ";");
  return pipeline;
}

llvm::Error
Compilation::runPipeline(ModuleOp module, StringRef doing,
                         llvm::function_ref<void(OpPassManager &)> build) {
  PassManager passes(context.get());
  // The input was verified once; between our own passes the tests verify.
  passes.enableVerifier(false);
  build(passes);
  if (succeeded(passes.run(module)))
    return llvm::Error::success();
  return diagnostics->takeError(doing, /*afterImport=*/true);
}

Expected<std::string> Compilation::modelKey() {
  ContentHash hash;
  if (source) {
    hash.add("in memory");
    hash.addLarge(StringRef(source->bytes.data(), source->bytes.size()));
  } else {
    Expected<std::string> files =
        hashModelFiles(model, options.useCache ? &cache : nullptr);
    if (!files)
      return files.takeError();
    hash.add(*files);
  }
  // The name becomes the model's, the extension chooses the reader.
  hash.add(llvm::sys::path::filename(model));
  hash.add(compilerFingerprint());
  hash.add(target.describe() + " " + target.featureString);
  hash.add(strategyText);
  for (const std::string &file :
       {options.topology, options.taskTimes, options.branches})
    if (auto text = llvm::MemoryBuffer::getFile(file))
      hash.add((*text)->getBuffer());
  std::string rest = std::to_string(options.optLevel) +
                     (options.reference ? " reference" : "") +
                     (options.profileBranches ? " branches" : "");
  if (!options.topology.empty())
    rest += " " + options.objective + " " + std::to_string(options.inFlight);
  for (const std::string &place : options.place)
    rest += " " + place;
  for (const auto &[name, size] : options.dims)
    rest += " " + name + "=" + std::to_string(size);
  for (const std::string &shape : options.specialize)
    rest += " specialize " + shape + ";";
  if (options.given)
    rest += options.fixShapes ? " given, fixed" : " given";
  for (const auto &[name, input] :
       options.given.value_or(std::map<std::string, GivenInput>())) {
    rest += " " + name + ":";
    for (int64_t dim : input.dims)
      rest += std::to_string(dim) + "x";
    for (int64_t value : input.values.value_or(std::vector<int64_t>()))
      rest += " " + std::to_string(value);
  }
  hash.add(rest);
  return hash.hex();
}

llvm::Error Compilation::runModuleStages(Stage last) {
  if (!options.topology.empty())
    if (llvm::Error error = addTopology(options.topology))
      return error;
  PipelineOptions pipeline = pipelineFor(target);
  for (Stage stage : {Stage::Schedule, Stage::Optimize, Stage::Structure}) {
    if (stage > last)
      break;
    beginPhase(getStageName(stage).str());
    bool planned = stage == Stage::Schedule && hasSeveralDevices();
    if (planned)
      if (llvm::Error error = planForDevices())
        return error;
    if (!planned)
      if (llvm::Error error =
              runPipeline(*module, ("stage " + getStageName(stage)).str(),
                          [&](OpPassManager &pm) {
                            buildModuleStage(pm, stage, pipeline);
                          }))
        return error;
    if (stage == Stage::Schedule && last >= Stage::Structure)
      if (llvm::Error error = checkCodegen())
        return error;
  }
  if (failed(verify(*module)))
    return diagnostics->takeError("verifying the module",
                                  /*afterImport=*/true);
  return llvm::Error::success();
}

Expected<Program> Compilation::compileProgram() {
  KernelModules kernels = splitKernels(*module);
  func::FuncOp constants = findFold(*module);
  KernelJobs jobs(*this);
  std::optional<cpu::MachineTarget> folding;
  unsigned constantBatch = 0;
  if (constants) {
    Expected<cpu::MachineTarget> machine = getFoldingMachine(target);
    if (!machine)
      return machine.takeError();
    folding = std::move(*machine);
    Expected<unsigned> batch = jobs.add(calledKernels(constants), kernels,
                                        *folding, getFoldOptLevel());
    if (!batch)
      return batch.takeError();
    constantBatch = *batch;
  }
  Expected<unsigned> batch =
      jobs.add(calledKernels(*module, /*except=*/constants), kernels, target,
               options.optLevel);
  if (!batch)
    return batch.takeError();
  size_t dialects = context->getLoadedDialects().size();
  jobs.start();
  if (constants)
    if (llvm::Error error =
            fold(*module, constants, *folding, jobs, constantBatch))
      return std::move(error);
  beginPhase("host program");
  Expected<Program> program = compileHost(*module, target);
  if (!program)
    return program.takeError();
  beginPhase("kernels");
  Expected<std::vector<Bytes>> objects = jobs.finish(*batch);
  if (!objects)
    return objects.takeError();
  program->objects.insert(program->objects.end(), objects->begin(),
                          objects->end());
  ORCH_ASSERT(context->getLoadedDialects().size() == dialects,
              "a dialect was loaded while several threads used the context: "
              "loadDialects() must name it");
  return program;
}

//===----------------------------------------------------------------------===//
// What users print
//===----------------------------------------------------------------------===//

llvm::Error Compilation::printStage(Stage last, llvm::raw_ostream &os) {
  if (llvm::Error error = load())
    return error;
  if (llvm::Error error = runModuleStages(last))
    return error;
  OpPrintingFlags flags;
  if (last <= Stage::Structure) {
    module->print(os, flags);
    os << "\n";
    return llvm::Error::success();
  }
  KernelModules kernels = splitKernels(*module);
  if (llvm::Error error = fold(*module, kernels))
    return error;
  PipelineOptions pipeline = pipelineFor(target);
  llvm::SetVector<StringAttr> called = calledKernels(*module);
  for (Stage stage : {Stage::Strategy, Stage::Bufferize, Stage::Accelerate}) {
    if (stage > last)
      break;
    std::string doing = ("stage " + getStageName(stage)).str();
    if (llvm::Error error = runPipeline(*module, doing, [&](OpPassManager &pm) {
          buildHostStage(pm, stage, pipeline);
        }))
      return error;
    for (StringAttr name : called)
      if (llvm::Error error =
              runPipeline(*kernels[name], doing, [&](OpPassManager &pm) {
                buildKernelStage(pm, stage, pipeline);
              }))
        return error;
  }
  module->print(os, flags);
  os << "\n";
  for (StringAttr name : called) {
    os << "// -----\n";
    kernels[name]->print(os, flags);
    os << "\n";
  }
  return llvm::Error::success();
}

llvm::Error Compilation::printCode(cpu::EmitKind kind, llvm::raw_ostream &os) {
  if (llvm::Error error = load())
    return error;
  if (llvm::Error error = runModuleStages(Stage::Structure))
    return error;
  KernelModules kernels = splitKernels(*module);
  if (llvm::Error error = fold(*module, kernels))
    return error;
  PipelineOptions pipeline = pipelineFor(target);
  llvm::SetVector<StringAttr> called = calledKernels(*module);
  cpu::EmitOptions emit;
  emit.kind = kind;
  emit.optLevel = options.optLevel;
  StringRef comment = kind == cpu::EmitKind::LLVMIR ? "; ----- "
                      : target.arch == "aarch64"    ? "// ----- "
                                                    : "# ----- ";
  auto print = [&](ModuleOp part, StringRef name) -> llvm::Error {
    part->removeAttr("orchestra.weights");
    part->removeAttr("orchestra.weights_size");
    for (StringRef name :
         {kDevicesAttrName, kTasksAttrName, kNumEventsAttrName})
      part->removeAttr(name);
    Expected<cpu::ByteBuffer> text = cpu::emit(part, target, emit);
    if (!text)
      return text.takeError();
    os << comment << name << "\n" << StringRef(text->data(), text->size());
    return llvm::Error::success();
  };
  if (llvm::Error error = runPipeline(
          *module, "lowering the host program",
          [&](OpPassManager &pm) { buildHostPipeline(pm, pipeline); }))
    return error;
  if (llvm::Error error = print(*module, "host program"))
    return error;
  for (StringAttr name : called) {
    if (llvm::Error error = runPipeline(
            *kernels[name], "compiling a kernel",
            [&](OpPassManager &pm) { buildKernelPipeline(pm, pipeline); }))
      return error;
    if (llvm::Error error = print(*kernels[name], name.getValue()))
      return error;
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// The public functions
//===----------------------------------------------------------------------===//

CompiledModel::~CompiledModel() = default;

namespace {
class CompiledProgram final : public CompiledModel {
public:
  CompiledProgram(std::string origin, Program program, CompileReport report)
      : origin(std::move(origin)), program(std::move(program)),
        report(std::move(report)) {}

  const CompileReport &getReport() const override { return report; }

  Expected<std::shared_ptr<Model>> load() override {
    Expected<std::unique_ptr<JitImage>> image = program.loadInProcess();
    if (!image)
      return llvm::make_error<DriverError>(
          toDriverError(image.takeError(), origin, Fault::Internal));
    return loadImage(std::move(*image), origin);
  }

  Expected<std::vector<std::string>>
  writeArtefact(StringRef path, bool externalWeights) override {
    if (!program.target.emulates.empty())
      return makeError(Fault::Usage, origin,
                       "a program for an emulated GPU is no artefact "
                       "[unsupported-by-target]",
                       {"help: run it where it was compiled: orchestra run"});
    std::vector<std::string> written{path.str()};
    bool external = externalWeights && program.weights.size != 0;
    llvm::SmallString<256> weightsPath(path);
    llvm::sys::path::replace_extension(weightsPath, ".safetensors");
    Expected<std::vector<Bytes>> all = program.objectsWith(
        external ? cpu::WeightsPlace::External : cpu::WeightsPlace::Embedded,
        llvm::sys::path::filename(weightsPath));
    if (!all)
      return all.takeError();
    if (external) {
      if (llvm::Error error = cpu::writeSafetensors(
              weightsPath, program.weights, cpu::hashWeights(program.weights)))
        return llvm::make_error<DriverError>(
            toDriverError(std::move(error), path, Fault::Environment));
      written.push_back(std::string(weightsPath));
    }
    std::vector<llvm::ArrayRef<char>> objects;
    for (const Bytes &object : *all)
      objects.push_back(object.bytes);
    cpu::LinkOptions link;
    link.relocatable = llvm::sys::path::extension(path) == ".o";
    link.weightsSymbol = program.info.weightsSymbol;
    if (!external && program.weights.size)
      link.weights = &program.weights;
    if (llvm::Error error = cpu::link(objects, program.target, path, link))
      return llvm::make_error<DriverError>(
          toDriverError(std::move(error), path, Fault::Environment));
    return written;
  }

  std::string header() const override {
    return cpu::emitHeader(program.info, program.target);
  }

private:
  std::string origin;
  Program program;
  CompileReport report;
};
} // namespace

/// The report's figures that follow from the program.
static void describeProgram(const Program &program, CompileReport &report) {
  report.calls = program.info.calls.size();
  report.codeBytes = program.codeBytes();
  report.weightBytes = program.weights.size;
  if (!report.fromCache)
    return; // counted as they were compiled, with those of folding
  llvm::StringSet<> kernels;
  for (const cpu::CallInfo &call : program.info.calls)
    kernels.insert(call.kernel);
  report.kernels = report.kernelsFromCache = kernels.size();
}

/// Compiles `bytes`, if given, else the file at `path`.
static Expected<std::unique_ptr<CompiledModel>>
compile(StringRef path, const ModelBytes *bytes,
        const CompileOptions &options) {
  if (StringRef(options.target).starts_with(kPjrtPrefix))
    return compileForPjrt(path, bytes, options);
  double start = now();
  Expected<std::unique_ptr<Compilation>> made =
      Compilation::create(path, options);
  if (!made)
    return made.takeError();
  Compilation &compilation = **made;
  if (bytes)
    compilation.setSource(*bytes);
  CompileReport &report = compilation.getReport();
  auto finish = [&](Program program) -> std::unique_ptr<CompiledModel> {
    compilation.endPhases();
    describeProgram(program, report);
    report.milliseconds = now() - start;
    return std::make_unique<CompiledProgram>(path.str(), std::move(program),
                                             std::move(report));
  };

  compilation.beginPhase("look up");
  Expected<std::string> key = compilation.modelKey();
  if (!key)
    return key.takeError();
  auto findCached = [&](bool check) -> std::optional<Program> {
    std::shared_ptr<CacheEntry> entry =
        options.useCache ? compilation.getCache().find("model", *key, check)
                         : nullptr;
    if (!entry)
      return std::nullopt;
    Expected<Program> program = Program::fromEntry(entry);
    if (program)
      return std::move(*program);
    llvm::consumeError(program.takeError());
    return std::nullopt;
  };
  if (std::optional<Program> program = findCached(/*check=*/true)) {
    report.fromCache = true;
    return finish(std::move(*program));
  }

  if (llvm::Error error = compilation.load())
    return std::move(error);
  if (llvm::Error error = compilation.runModuleStages(Stage::Structure))
    return std::move(error);
  Expected<Program> program = compilation.compileProgram();
  if (!program)
    return program.takeError();
  report.warnings = compilation.takeWarnings();
  if (options.useCache) {
    compilation.beginPhase("store");
    llvm::Error error = compilation.getCache().store(
        "model", *key, [&](llvm::raw_ostream &os) { program->serialize(os); });
    if (error) {
      report.warnings.push_back(
          "warning: the compiled model was not cached\n  note: " +
          llvm::toString(std::move(error)));
    } else {
      compilation.getCache().trim();
      // From the cache's file the weights need no memory of their own: what
      // they were made of goes first.
      if (std::optional<Program> stored = findCached(/*check=*/false)) {
        *program = Program();
        compilation.releaseMemory();
        return finish(std::move(*stored));
      }
    }
  }
  return finish(std::move(*program));
}

Expected<std::unique_ptr<CompiledModel>>
orchestra::compileModel(StringRef path, const CompileOptions &options) {
  return compile(path, nullptr, options);
}

Expected<std::unique_ptr<CompiledModel>>
orchestra::compileModel(const ModelBytes &model,
                        const CompileOptions &options) {
  return compile(model.name.empty() ? "model.onnx" : model.name, &model,
                 options);
}

llvm::Error orchestra::emitModel(StringRef path, const CompileOptions &options,
                                 StringRef stageName, EmitFormat format,
                                 llvm::raw_ostream &os) {
  std::optional<Stage> stage =
      stageName.empty() ? Stage::Accelerate : parseStage(stageName);
  if (!stage)
    return makeError(Fault::Usage, "",
                     "unknown stage '" + stageName + "' [unknown-stage]",
                     {"note: stages are " + llvm::join(stageNames(), ", ")});
  if (format == EmitFormat::Header) {
    Expected<std::unique_ptr<CompiledModel>> compiled =
        compileModel(path, options);
    if (!compiled)
      return compiled.takeError();
    os << (*compiled)->header();
    return llvm::Error::success();
  }
  Expected<std::unique_ptr<Compilation>> compilation =
      Compilation::create(path, options);
  if (!compilation)
    return compilation.takeError();
  if (isStableHLO(format)) {
    if (!stageName.empty())
      return makeError(Fault::Usage, "",
                       "StableHLO leaves no stage [unknown-stage]",
                       {"help: drop --stop-after"});
    return (*compilation)->printStableHLO(format, os);
  }
  if (format == EmitFormat::MLIR)
    return (*compilation)->printStage(*stage, os);
  if (!stageName.empty() && *stage != Stage::Emit)
    return makeError(Fault::Usage, "",
                     "only MLIR leaves the stage '" + stageName +
                         "' [unknown-stage]",
                     {"help: use --emit=mlir, or drop --stop-after"});
  return (*compilation)
      ->printCode(format == EmitFormat::LLVMIR ? cpu::EmitKind::LLVMIR
                                               : cpu::EmitKind::Assembly,
                  os);
}

std::vector<std::string> orchestra::stageNames() {
  std::vector<std::string> names;
  for (Stage stage : getStages())
    names.push_back(getStageName(stage).str());
  return names;
}
