//===- Session.cpp - Run a compiled model ---------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Session.h"
#include "LoadedModel.h"

#include "orchestra/Driver/DriverError.h"
#include "orchestra_runtime/orchestra_runtime.h"
#include "orchestra_runtime/tensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <set>

using namespace llvm;
using namespace orchestra;

static_assert(kMaxThreads == ORCH_MAX_THREADS);

Model::~Model() = default;
Expected<std::unique_ptr<Session>>
Model::startSession(std::shared_ptr<Model>, const SessionOptions &) const {
  return makeError(Fault::Internal, getName(),
                   "the model has no sessions of its own [internal]");
}
Session::~Session() = default;

Fault orchestra::faultOfStatus(int32_t status) {
  switch (status) {
  case ORCH_ERROR_OUT_OF_MEMORY:
  case ORCH_ERROR_UNSUPPORTED:
  case ORCH_ERROR_SYSTEM:
  case ORCH_ERROR_VERSION:
    return Fault::Environment;
  case ORCH_ERROR_BUSY:
  case ORCH_ERROR_INVALID_ARGUMENT:
    return Fault::Internal;
  case ORCH_ERROR_NOT_FOUND: // A file, or a device.
    return StringRef(orch_last_error()).contains("[device-missing]")
               ? Fault::Environment
               : Fault::Input;
  default:
    return Fault::Input;
  }
}

/// The runtime's message is in the house form already.
static Error runtimeError(orch_status status) {
  return make_error<DriverError>(faultOfStatus(status), orch_last_error());
}

namespace {
class RuntimeModel final : public Model {
public:
  explicit RuntimeModel(orch_program *program) : program(program) {
    for (uint32_t i = 0; i < orch_program_num_inputs(program); ++i)
      inputs.push_back(specOf(*orch_program_input(program, i)));
    for (uint32_t i = 0; i < orch_program_num_outputs(program); ++i)
      outputs.push_back(specOf(*orch_program_output(program, i)));
    for (uint32_t i = 0; i < orch_program_num_calls(program); ++i) {
      const orch_call_info *info = orch_program_call(program, i);
      KernelCall call;
      call.kernel = info->kernel ? info->kernel : "";
      call.nodes = linesOf(info->nodes);
      call.flops = info->flops;
      call.bytes = info->bytes;
      calls.push_back(std::move(call));
    }
    for (uint32_t i = 0; i < orch_program_num_devices(program); ++i)
      devices.emplace_back(orch_program_device(program, i)->name);
    for (uint32_t i = 0; i < orch_program_num_tasks(program); ++i) {
      const orch_task_info *info = orch_program_task(program, i);
      tasks.push_back({linesOf(info->nodes), info->device,
                       info->kind == ORCH_TASK_COPY, info->start,
                       info->finish});
    }
  }
  ~RuntimeModel() override { orch_program_release(program); }

  const std::vector<TensorDecl> &getInputs() const override { return inputs; }
  const std::vector<TensorDecl> &getOutputs() const override { return outputs; }
  const std::vector<KernelCall> &getCalls() const override { return calls; }
  const std::vector<std::string> &getDevices() const override {
    return devices;
  }
  const std::vector<PlannedTask> &getTasks() const override { return tasks; }
  std::string getName() const override { return orch_program_name(program); }
  std::string getTarget() const override {
    const char *target = orch_program_artefact(program)->target;
    return target ? target : "";
  }
  std::string getMetadata() const override {
    return orch_program_metadata(program);
  }
  uint64_t getWeightBytes() const override {
    uint64_t size = 0;
    (void)orch_program_weights(program, &size);
    return size;
  }
  orch_program *getProgram() const override { return program; }

private:
  static std::vector<std::string> linesOf(const char *text) {
    SmallVector<StringRef> lines;
    StringRef(text ? text : "").split(lines, '\n', -1, /*KeepEmpty=*/false);
    return std::vector<std::string>(lines.begin(), lines.end());
  }
  static TensorDecl specOf(const orch_tensor_info &info) {
    TensorDecl spec;
    spec.name = info.name ? info.name : "";
    spec.dtype = info.dtype;
    for (uint32_t i = 0; i < info.rank; ++i) {
      spec.dims.push_back(info.dims[i]);
      const char *name = info.dim_names ? info.dim_names[i] : nullptr;
      spec.dimNames.emplace_back(name ? name : "");
    }
    return spec;
  }

  orch_program *program;
  std::vector<TensorDecl> inputs, outputs;
  std::vector<KernelCall> calls;
  std::vector<std::string> devices;
  std::vector<PlannedTask> tasks;
};

class RuntimeSession final : public Session {
public:
  RuntimeSession(std::shared_ptr<Model> model, orch_context *context)
      : model(std::move(model)), context(context) {}
  ~RuntimeSession() override { orch_context_destroy(context); }

  Expected<std::vector<Tensor>> run(ArrayRef<Tensor> inputs) override {
    std::vector<orch_tensor> views = viewsOf(inputs);
    size_t count = model->getOutputs().size();
    std::vector<orch_tensor> made(count); // without memory: the run allocates
    if (orch_status status = orch_context_run(context, views.data(),
                                              views.size(), made.data(), count))
      return runtimeError(status);
    std::vector<Tensor> outputs;
    for (orch_tensor &tensor : made) {
      auto owner = std::shared_ptr<orch_tensor>(new orch_tensor(tensor),
                                                [](orch_tensor *tensor) {
                                                  orch_tensor_release(tensor);
                                                  delete tensor;
                                                });
      outputs.push_back(Tensor::over(
          tensor.dtype,
          std::vector<int64_t>(tensor.dims, tensor.dims + tensor.rank),
          std::shared_ptr<char>(owner, static_cast<char *>(tensor.data))));
    }
    return outputs;
  }

  Error runInto(ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs) override {
    std::vector<orch_tensor> in = viewsOf(inputs), out = viewsOf(outputs);
    if (orch_status status = orch_context_run(context, in.data(), in.size(),
                                              out.data(), out.size()))
      return runtimeError(status);
    return Error::success();
  }

  int getNumThreads() const override {
    return orch_context_num_threads(context);
  }

  uint64_t arenaBytes(ArrayRef<Tensor> inputs) override {
    std::vector<orch_tensor> views = viewsOf(inputs);
    uint64_t bytes = 0;
    if (orch_context_resolve(context, views.data(), views.size(), nullptr,
                             model->getOutputs().size(), &bytes))
      return 0;
    return bytes;
  }

  std::vector<CallTime> callTimes() const override {
    std::vector<CallTime> times;
    for (size_t i = 0; i < model->getCalls().size(); ++i) {
      orch_call_profile profile = {};
      if (orch_context_call_profile(context, i, &profile))
        break;
      times.push_back(timeOf(profile));
      times.back().device = orch_context_call_device(context, i);
    }
    return times;
  }
  std::vector<CallTime> taskTimes() const override {
    std::vector<CallTime> times;
    for (size_t i = 0; i < model->getTasks().size(); ++i) {
      orch_call_profile profile = {};
      if (orch_context_task_profile(context, i, &profile))
        break;
      times.push_back(timeOf(profile));
      times.back().device = int(model->getTasks()[i].device);
    }
    return times;
  }
  orch_device_set *getDevices() const { return orch_context_devices(context); }
  CallTime runTime() const override {
    orch_call_profile profile = {};
    if (orch_context_run_profile(context, &profile))
      return {};
    return timeOf(profile);
  }
  void resetTimes() override { orch_context_reset_profile(context); }
  Error setProfiling(bool on) override {
    if (orch_status status = orch_context_set_profiling(context, on))
      return runtimeError(status);
    return Error::success();
  }

private:
  static std::vector<orch_tensor> viewsOf(ArrayRef<Tensor> tensors) {
    std::vector<orch_tensor> views;
    for (const Tensor &tensor : tensors)
      views.push_back(orch_tensor_view(tensor.getData(), tensor.getDtype(),
                                       tensor.getDims().size(),
                                       tensor.getDims().data()));
    return views;
  }
  static CallTime timeOf(const orch_call_profile &profile) {
    return {profile.count, profile.total_ns, profile.min_ns, profile.last_ns,
            profile.last_start_ns};
  }

  std::shared_ptr<Model> model;
  orch_context *context;
};
} // namespace

Expected<std::shared_ptr<Model>>
orchestra::loadImage(std::unique_ptr<JitImage> image,
                     const std::string &origin) {
  orch_program_options options = ORCH_PROGRAM_OPTIONS_INIT;
  options.origin = origin.c_str();
  options.destroy = [](void *user) { delete static_cast<JitImage *>(user); };
  options.destroy_user = image.get();
  orch_program *program = nullptr;
  if (orch_status status =
          orch_program_from_artefact(image->getArtefact(), &options, &program))
    return runtimeError(status);
  (void)image.release(); // `destroy` does it
  return std::make_shared<RuntimeModel>(program);
}

Expected<std::shared_ptr<Model>> orchestra::loadArtefact(StringRef path) {
  orch_program *program = nullptr;
  if (orch_status status = orch_program_load(path.str().c_str(),
                                             /*options=*/nullptr, &program))
    return runtimeError(status);
  return std::make_shared<RuntimeModel>(program);
}

Expected<std::unique_ptr<Session>>
Session::create(std::shared_ptr<Model> model, const SessionOptions &options) {
  if (!model->getProgram()) {
    const Model &started = *model;
    return started.startSession(std::move(model), options);
  }
  orch_context_options given = ORCH_CONTEXT_OPTIONS_INIT;
  given.num_threads = options.threads;
  given.flags = (options.profile ? ORCH_CONTEXT_PROFILING : 0) |
                (options.poisonArena ? ORCH_CONTEXT_POISON_ARENA : 0);
  if (options.shareDevices)
    given.devices =
        static_cast<const RuntimeSession *>(options.shareDevices)->getDevices();
  orch_context *context = nullptr;
  if (orch_status status =
          orch_context_create(model->getProgram(), &given, &context))
    return runtimeError(status);
  return std::make_unique<RuntimeSession>(std::move(model), context);
}

/// Types that NumPy lacks arrive as their bits, in unsigned integers or raw
/// bytes; those of fewer than 8 bits as a byte an element.
static Expected<Tensor> fromBits(const Tensor &tensor, uint32_t dtype) {
  uint32_t bits = orch_dtype_bits(dtype), given = tensor.getDtype();
  bool lacks = dtype == ORCH_DTYPE_BF16 ||
               (dtype >= ORCH_DTYPE_F8E4M3FN && dtype <= ORCH_DTYPE_F8E8M0);
  if (!lacks || given != (bits == 16 ? ORCH_DTYPE_U16 : ORCH_DTYPE_U8))
    return tensor;
  Expected<Tensor> result = Tensor::allocate(dtype, tensor.getDims());
  if (!result)
    return result;
  if (bits >= 8)
    std::memcpy(result->getData(), tensor.getData(), tensor.getNumBytes());
  else
    std::memset(result->getData(), 0, result->getNumBytes());
  for (int64_t i = 0; bits < 8 && i < tensor.getNumElements(); ++i)
    result->setCode(i, tensor.getCode(i));
  return result;
}

std::map<std::string, GivenInput>
orchestra::describeInputs(const NamedTensors &given) {
  constexpr int64_t most = 64; // elements that a shape or a list of axes has
  std::map<std::string, GivenInput> inputs;
  for (const auto &[name, tensor] : given) {
    GivenInput &input = inputs[name];
    input.dims = tensor.getDims();
    if ((tensor.getDtype() != ORCH_DTYPE_I64 &&
         tensor.getDtype() != ORCH_DTYPE_I32 &&
         tensor.getDtype() != ORCH_DTYPE_BOOL) ||
        tensor.getNumElements() > most)
      continue;
    input.values.emplace();
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      input.values->push_back(int64_t(tensor.getElement(i)));
  }
  return inputs;
}

Expected<std::vector<Tensor>>
orchestra::orderInputs(const Model &model, const NamedTensors &given) {
  std::vector<Tensor> ordered;
  std::vector<std::string> problems;
  std::string known;
  for (const TensorDecl &spec : model.getInputs())
    known += (known.empty() ? "" : ", ") + spec.name + ": " + spec.describe();
  std::map<std::string, std::pair<int64_t, std::string>> sizes;
  for (const TensorDecl &spec : model.getInputs()) {
    auto found = llvm::find_if(
        given, [&](const auto &entry) { return entry.first == spec.name; });
    // One unnamed tensor is the one input.
    if (found == given.end() && given.size() == 1 &&
        model.getInputs().size() == 1 && given[0].first.empty())
      found = given.begin();
    if (found == given.end()) {
      problems.push_back("note: input '" + spec.name + "' (" + spec.describe() +
                         ") is missing");
      continue;
    }
    Expected<Tensor> read = fromBits(found->second, spec.dtype);
    if (!read)
      return read.takeError();
    const Tensor &tensor = *read;
    bool fits = tensor.getDtype() == spec.dtype &&
                tensor.getDims().size() == spec.dims.size();
    for (size_t i = 0; fits && i < spec.dims.size(); ++i) {
      int64_t size = tensor.getDims()[i];
      fits = spec.dims[i] < 0 || spec.dims[i] == size;
      if (!fits || spec.dims[i] >= 0 || spec.dimNames[i].empty())
        continue;
      auto [entry, isNew] =
          sizes.try_emplace(spec.dimNames[i], size, spec.name);
      if (!isNew && entry->second.first != size)
        problems.push_back("note: dimension '" + spec.dimNames[i] + "' is " +
                           std::to_string(entry->second.first) + " in '" +
                           entry->second.second + "' and " +
                           std::to_string(size) + " in '" + spec.name + "'");
    }
    if (!fits)
      problems.push_back("note: input '" + spec.name + "' must be " +
                         spec.describe() + ", not " +
                         describeType(tensor.getDtype(), tensor.getDims()));
    ordered.push_back(tensor);
  }
  for (const auto &[name, tensor] : given)
    if (!name.empty() &&
        llvm::none_of(model.getInputs(), [&, &name = name](const auto &spec) {
          return spec.name == name;
        }))
      problems.push_back("note: the model has no input '" + name + "'");
  if (problems.empty())
    return ordered;
  problems.push_back("help: the model takes " + known);
  return makeError(Fault::Input, model.getName(),
                   "the inputs do not fit the model [input-mismatch]",
                   problems);
}

Expected<NamedTensors>
orchestra::randomInputs(const Model &model,
                        const std::map<std::string, int64_t> &dims,
                        uint64_t seed) {
  std::set<std::string> known;
  for (const TensorDecl &spec : model.getInputs())
    for (size_t i = 0; i < spec.dims.size(); ++i)
      if (spec.dims[i] < 0 && !spec.dimNames[i].empty())
        known.insert(spec.dimNames[i]);
  for (const auto &[name, size] : dims)
    if (!known.count(name))
      return makeError(
          Fault::Usage, model.getName(),
          "no input has a dynamic dimension '" + name + "' [unknown-dimension]",
          {known.empty() ? "note: all sizes are fixed"
                         : "note: there are " + llvm::join(known, ", ")});
  NamedTensors tensors;
  for (const TensorDecl &spec : model.getInputs()) {
    std::vector<int64_t> sizes;
    for (size_t i = 0; i < spec.dims.size(); ++i) {
      auto found = dims.find(spec.dimNames[i]);
      sizes.push_back(spec.dims[i] >= 0     ? spec.dims[i]
                      : found != dims.end() ? found->second
                                            : 1);
    }
    Expected<Tensor> tensor = randomTensor(spec.dtype, sizes, seed++);
    if (!tensor)
      return tensor.takeError();
    tensors.emplace_back(spec.name, std::move(*tensor));
  }
  return tensors;
}
