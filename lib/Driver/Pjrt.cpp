//===- Pjrt.cpp - Whole models on PJRT devices ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model is one executable. Weights are its arguments: they are uploaded
// when the model is loaded and stay on the device; inputs and outputs travel
// with each run. A plugin that this machine has never seen is tried in a
// process of its own first, since one that crashes or hangs would take this one
// along.
//
//===----------------------------------------------------------------------===//
#include "Pjrt.h"

#include "Compilation.h"
#include "StableHLO.h"

#include "orchestra/Driver/Session.h"
#include "orchestra/Support/Subprocess.h"
#include "orchestra_runtime/pjrt.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>

using namespace orchestra;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static Error runtimeError(orch_status status) {
  return llvm::make_error<DriverError>(faultOfStatus(status),
                                       orch_last_error());
}

namespace {
template <typename T, void (*destroy)(T *)> struct Destroyer {
  void operator()(T *object) const { destroy(object); }
};
template <typename T, void (*destroy)(T *)>
using Handle = std::unique_ptr<T, Destroyer<T, destroy>>;
using PluginHandle = Handle<orch_pjrt_plugin, orch_pjrt_close>;
using ClientHandle = Handle<orch_pjrt_client, orch_pjrt_client_destroy>;
using ExecutableHandle =
    Handle<orch_pjrt_executable, orch_pjrt_executable_destroy>;
using BufferHandle = Handle<orch_pjrt_buffer, orch_pjrt_buffer_release>;

/// A program on a device, with its weights. Handles go in reverse order.
class PjrtModel final : public Model {
public:
  PjrtModel(StableHLOModel source, std::string target)
      : source(std::move(source)), target(std::move(target)) {
    // The text has been compiled; the weights may be in use on the device.
    this->source.text.clear();
  }

  const std::vector<TensorDecl> &getInputs() const override {
    return source.inputs;
  }
  const std::vector<TensorDecl> &getOutputs() const override {
    return source.outputs;
  }
  const std::vector<KernelCall> &getCalls() const override { return calls; }
  const std::vector<std::string> &getDevices() const override {
    return devices;
  }
  const std::vector<PlannedTask> &getTasks() const override { return tasks; }
  std::string getName() const override { return source.name; }
  std::string getTarget() const override { return target; }
  std::string getMetadata() const override { return "{}"; }
  uint64_t getWeightBytes() const override {
    uint64_t bytes = 0;
    for (const StableHLOModel::Weight &weight : source.weights)
      bytes += weight.bytes.bytes.size();
    return bytes;
  }
  orch_program *getProgram() const override { return nullptr; }
  Expected<std::unique_ptr<Session>>
  startSession(std::shared_ptr<Model> self,
               const SessionOptions &options) const override;

  StableHLOModel source;
  std::string target;
  PluginHandle plugin;
  ClientHandle client;
  ExecutableHandle executable;
  std::vector<BufferHandle> weights;
  /// An executable is used by one thread at a time.
  mutable std::mutex mutex;

private:
  std::vector<KernelCall> calls;
  std::vector<std::string> devices;
  std::vector<PlannedTask> tasks;
};

class PjrtSession final : public Session {
public:
  explicit PjrtSession(std::shared_ptr<Model> owner)
      : owner(std::move(owner)),
        model(static_cast<const PjrtModel &>(*this->owner)) {}

  Expected<std::vector<Tensor>> run(llvm::ArrayRef<Tensor> inputs) override {
    std::vector<Tensor> outputs;
    for (const TensorDecl &decl : model.getOutputs()) {
      Expected<Tensor> output = Tensor::allocate(decl.dtype, decl.dims);
      if (!output)
        return output.takeError();
      outputs.push_back(std::move(*output));
    }
    if (Error error = runInto(inputs, outputs))
      return std::move(error);
    return outputs;
  }

  Error runInto(llvm::ArrayRef<Tensor> inputs,
                llvm::ArrayRef<Tensor> outputs) override {
    std::lock_guard<std::mutex> lock(model.mutex);
    auto start = std::chrono::steady_clock::now();
    std::vector<BufferHandle> uploaded;
    std::vector<orch_pjrt_buffer *> arguments;
    for (const Tensor &input : inputs) {
      orch_tensor view = viewOf(input);
      orch_pjrt_buffer *buffer = nullptr;
      // The caller's memory outlives the run, and so the buffer.
      if (orch_status status = orch_pjrt_upload(model.client.get(), &view,
                                                /*borrow=*/1, &buffer))
        return runtimeError(status);
      uploaded.emplace_back(buffer);
      arguments.push_back(buffer);
    }
    for (const BufferHandle &weight : model.weights)
      arguments.push_back(weight.get());
    std::vector<orch_pjrt_buffer *> results(outputs.size(), nullptr);
    if (orch_status status =
            orch_pjrt_run(model.executable.get(), arguments.data(),
                          arguments.size(), results.data()))
      return runtimeError(status);
    std::vector<BufferHandle> owned(results.begin(), results.end());
    for (auto [result, output] : llvm::zip_equal(results, outputs)) {
      orch_tensor view = viewOf(output);
      if (orch_status status = orch_pjrt_download(result, &view))
        return runtimeError(status);
    }
    uint64_t spent = uint64_t(
        std::chrono::nanoseconds(std::chrono::steady_clock::now() - start)
            .count());
    time.least = time.count ? std::min(time.least, spent) : spent;
    time.last = spent;
    time.total += spent;
    ++time.count;
    return Error::success();
  }

  int getNumThreads() const override { return 1; }
  uint64_t arenaBytes(llvm::ArrayRef<Tensor>) override { return 0; }
  std::vector<CallTime> callTimes() const override { return {}; }
  std::vector<CallTime> taskTimes() const override { return {}; }
  CallTime runTime() const override { return time; }
  void resetTimes() override { time = {}; }
  Error setProfiling(bool) override { return Error::success(); }

private:
  static orch_tensor viewOf(const Tensor &tensor) {
    return orch_tensor_view(tensor.getData(), tensor.getDtype(),
                            uint32_t(tensor.getDims().size()),
                            tensor.getDims().data());
  }

  std::shared_ptr<Model> owner;
  const PjrtModel &model;
  CallTime time;
};

/// Compiled, and on the device.
class CompiledForPjrt final : public CompiledModel {
public:
  CompiledForPjrt(std::shared_ptr<PjrtModel> model, CompileReport report)
      : model(std::move(model)), report(std::move(report)) {}
  const CompileReport &getReport() const override { return report; }
  Expected<std::shared_ptr<Model>> load() override { return model; }
  Expected<std::vector<std::string>> writeArtefact(StringRef path,
                                                   bool) override {
    return makeError(
        Fault::Usage, path,
        "a program in a PJRT plugin is no artefact "
        "[unsupported-by-target]",
        {"help: run it where it was compiled: orchestra run; or "
         "write what the plugin reads: --emit=stablehlo-artefact"});
  }
  std::string header() const override { return ""; }

private:
  std::shared_ptr<PjrtModel> model;
  CompileReport report;
};
} // namespace

Expected<std::unique_ptr<Session>>
PjrtModel::startSession(std::shared_ptr<Model> self,
                        const SessionOptions &options) const {
  if (options.profile || options.poisonArena)
    return makeError(Fault::Usage, source.name,
                     "a program in a PJRT plugin is a whole to us: its kernels "
                     "cannot be timed, nor its memory filled [usage]");
  return std::make_unique<PjrtSession>(std::move(self));
}

//===----------------------------------------------------------------------===//
// Plugins
//===----------------------------------------------------------------------===//

std::string orchestra::findPjrtHelper() {
  std::string self = llvm::sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(&findPjrtHelper));
  llvm::SmallString<256> path(llvm::sys::path::parent_path(self));
  llvm::sys::path::append(path, "orchestra-pjrt");
  return llvm::sys::fs::can_execute(path) ? path.str().str() : "";
}

/// Opens the plugin in another process. One that fails there with a message of
/// its own is left to fail here, where the message is ours.
static Error tryPlugin(const std::string &path) {
  std::string helper = findPjrtHelper();
  if (helper.empty())
    return Error::success();
  SubprocessOptions options;
  options.timeLimitSeconds = 60;
  Expected<SubprocessResult> result =
      runSubprocess({helper, "probe", path}, options);
  if (!result) {
    llvm::consumeError(result.takeError());
    return Error::success();
  }
  if (!result->timedOut && !result->signal)
    return Error::success();
  std::vector<std::string> notes{"note: " +
                                 result->describe(options.timeLimitSeconds)};
  if (std::string said = lastLines(result->errors, 4); !said.empty())
    notes.push_back("note: it said: " + said);
  return makeError(Fault::Environment, path,
                   "the PJRT plugin fails when it is opened [plugin-unusable]",
                   notes);
}

static Expected<std::string> versionFor(orch_pjrt_plugin *plugin) {
  std::array<int64_t, 3> version;
  if (orch_pjrt_stablehlo_version(plugin, version.data()))
    return kStableHLOVersion.str(); // it does not say
  std::array<int64_t, 3> ours{1, 9, 0};
  version = std::min(version, ours);
  return std::to_string(version[0]) + "." + std::to_string(version[1]) + "." +
         std::to_string(version[2]);
}

Expected<std::unique_ptr<CompiledModel>>
orchestra::compileForPjrt(StringRef path, const ModelBytes *bytes,
                          const CompileOptions &given) {
  auto start = std::chrono::steady_clock::now();
  CompileOptions options = given;
  std::string library = StringRef(given.target).drop_front(5).str();
  options.target = "host";
  if (!llvm::sys::fs::exists(library))
    return makeError(Fault::Environment, library,
                     "the plugin cannot be opened [device-missing]",
                     {"note: there is no such file"});
  if (Error error = tryPlugin(library))
    return std::move(error);
  orch_pjrt_plugin *opened = nullptr;
  if (orch_status status = orch_pjrt_open(library.c_str(), nullptr, &opened))
    return runtimeError(status);
  PluginHandle plugin(opened);
  orch_pjrt_client *made = nullptr;
  if (orch_status status = orch_pjrt_client_create(opened, &made))
    return runtimeError(status);
  ClientHandle client(made);
  Expected<std::string> version = versionFor(opened);
  if (!version)
    return version.takeError();

  Expected<std::unique_ptr<Compilation>> compilation =
      Compilation::create(path, options);
  if (!compilation)
    return compilation.takeError();
  if (bytes)
    (*compilation)->setSource(*bytes);
  Expected<StableHLOModel> lowered =
      (*compilation)->lowerToStableHLO(/*weightArguments=*/true);
  if (!lowered)
    return lowered.takeError();
  // Text is read by plugins whose MLIR knows ours; the artefact by all.
  std::string program = lowered->text;
  (*compilation)->beginPhase("official StableHLO library");
  Expected<StableHLOTool> tool = StableHLOTool::find(options.stablehloTool);
  if (!tool)
    return toDriverToolError(tool.takeError(), path);
  Expected<std::string> artefact = tool->serialize(program, *version);
  if (!artefact)
    return toDriverToolError(artefact.takeError(), path);
  (*compilation)->beginPhase("plugin");
  orch_pjrt_executable *compiled = nullptr;
  if (orch_status status = orch_pjrt_compile(
          made, artefact->data(), artefact->size(), "mlir", &compiled))
    return runtimeError(status);

  auto model = std::make_shared<PjrtModel>(
      std::move(*lowered), "pjrt:" + std::string(orch_pjrt_platform(made)));
  model->plugin = std::move(plugin);
  model->client = std::move(client);
  model->executable.reset(compiled);
  if (orch_pjrt_num_outputs(compiled) != model->getOutputs().size())
    return makeError(Fault::Environment, library,
                     "the plugin's program has another number of outputs "
                     "[plugin-failed]");
  for (const StableHLOModel::Weight &weight : model->source.weights) {
    orch_tensor view = orch_tensor_view(
        const_cast<char *>(weight.bytes.bytes.data()), weight.decl.dtype,
        uint32_t(weight.decl.dims.size()), weight.decl.dims.data());
    orch_pjrt_buffer *buffer = nullptr;
    if (orch_status status =
            orch_pjrt_upload(made, &view, /*borrow=*/1, &buffer))
      return runtimeError(status);
    model->weights.emplace_back(buffer);
  }
  (*compilation)->endPhases();
  CompileReport report = (*compilation)->getReport();
  report.target = model->target;
  report.weightBytes = model->getWeightBytes();
  report.warnings = (*compilation)->takeWarnings();
  report.milliseconds = std::chrono::duration<double, std::milli>(
                            std::chrono::steady_clock::now() - start)
                            .count();
  return std::make_unique<CompiledForPjrt>(std::move(model), std::move(report));
}
