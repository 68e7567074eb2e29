//===- Program.cpp - A compiled model that Python calls -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Program.h"
#include "Failure.h"

#include "orchestra/Driver/Machine.h"

#include <algorithm>

namespace nb = nanobind;
using namespace orchestra;
using namespace orchestra::python;

RunState::~RunState() {
  clear();
  orch_context_destroy(context);
}

void RunState::clear() {
  for (orch_tensor &tensor : inputs)
    orch_tensor_release(&tensor);
  for (orch_tensor &tensor : outputs)
    orch_tensor_release(&tensor);
  for (nb::object &object : held)
    object.reset();
}

class Program::Lease {
public:
  explicit Lease(Program &program) : program(program) {
    {
      std::lock_guard<std::mutex> lock(program.mutex);
      if (!program.idle.empty()) {
        state = std::move(program.idle.back());
        program.idle.pop_back();
      }
    }
    if (!state)
      state = program.makeState(/*flags=*/0);
  }
  ~Lease() {
    state->clear();
    std::lock_guard<std::mutex> lock(program.mutex);
    program.idle.push_back(std::move(state));
  }
  Lease(const Lease &) = delete;
  Lease &operator=(const Lease &) = delete;
  RunState &operator*() { return *state; }

private:
  Program &program;
  std::unique_ptr<RunState> state;
};

Program::Program(std::shared_ptr<Model> newModel,
                 std::unique_ptr<CompiledModel> newCompiled, int threads)
    : model(std::move(newModel)), compiled(std::move(newCompiled)),
      threads(threads) {
  for (const TensorDecl &decl : model->getInputs()) {
    places.push_back(
        {orch_program_origin(model->getProgram()), decl.name, decl.dtype});
    names.push_back(nb::steal(PyUnicode_InternFromString(decl.name.c_str())));
    if (!names.back().is_valid())
      throw nb::python_error();
  }
}

Program::~Program() {
  idle.clear();
  orch_device_set_release(devices);
  orch_pool_release(pool);
}

std::unique_ptr<RunState> Program::makeState(uint32_t flags) {
  auto state = std::make_unique<RunState>();
  state->inputs.resize(model->getInputs().size());
  state->held.resize(model->getInputs().size());
  state->outputs.resize(model->getOutputs().size());
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.flags = flags;
  orch_status status = ORCH_OK;
  std::string message;
  {
    nb::gil_scoped_release release; // threads take their time to start
    std::lock_guard<std::mutex> lock(mutex);
    if (!model->getDevices().empty()) {
      if (!devices)
        status =
            orch_device_set_for_program(model->getProgram(), nullptr, &devices);
      options.devices = devices;
    } else {
      if (!pool) {
        orch_pool_options threading = ORCH_POOL_OPTIONS_INIT;
        threading.num_threads = threads;
        status = orch_pool_create(&threading, &pool);
      }
      options.pool = pool;
    }
    if (!status)
      status =
          orch_context_create(model->getProgram(), &options, &state->context);
    if (status)
      message = orch_last_error();
  }
  if (status)
    throw lastFailure("RunError", status, message.c_str());
  return state;
}

int Program::getNumThreads() {
  Lease lease(*this);
  return orch_context_num_threads((*lease).context);
}

//===----------------------------------------------------------------------===//
// Inputs by place and name
//===----------------------------------------------------------------------===//

void Program::explainMismatch(nb::handle positional, nb::handle named) const {
  std::string notes, known;
  size_t given = size_t(PyTuple_GET_SIZE(positional.ptr()));
  for (size_t i = 0; i < places.size(); ++i) {
    const TensorDecl &decl = model->getInputs()[i];
    std::string what = "'" + decl.name + "' (" + decl.describe() + ")";
    known += (i ? ", " : "") + decl.name + ": " + decl.describe();
    bool byName = PyDict_Contains(named.ptr(), names[i].ptr()) == 1;
    if (i >= given && !byName)
      notes += "\n  note: input " + what + " is missing";
    if (i < given && byName)
      notes += "\n  note: input " + what + " is given by place and by name";
  }
  for (auto [key, value] : nb::borrow<nb::dict>(named)) {
    std::string name = nb::cast<std::string>(nb::str(key));
    if (std::none_of(places.begin(), places.end(),
                     [&](const auto &place) { return place.name == name; }))
      notes += "\n  note: the model has no input '" + name + "'";
  }
  if (given > places.size())
    notes += "\n  note: " + std::to_string(given) +
             " inputs are given by place, but the model has " +
             std::to_string(places.size());
  throw Failure("InputError", Fault::Input,
                std::string(orch_program_origin(model->getProgram())) +
                    ": error: the inputs do not fit the model "
                    "[input-mismatch]" +
                    notes + "\n  help: the model takes " +
                    (known.empty() ? "nothing" : known));
}

void Program::bind(RunState &state, nb::handle positional, nb::handle named) {
  auto given = size_t(PyTuple_GET_SIZE(positional.ptr()));
  if (given == 1 && PyDict_GET_SIZE(named.ptr()) == 0) {
    PyObject *only = PyTuple_GET_ITEM(positional.ptr(), 0);
    if (PyDict_Check(only))
      return bind(state, nb::make_tuple(), only);
  }
  auto byName = size_t(PyDict_GET_SIZE(named.ptr()));
  if (given > places.size() || given + byName != places.size())
    explainMismatch(positional, named);
  for (size_t i = 0; i < places.size(); ++i) {
    PyObject *value =
        i < given ? PyTuple_GET_ITEM(positional.ptr(), Py_ssize_t(i))
                  : PyDict_GetItemWithError(named.ptr(), names[i].ptr());
    if (!value && PyErr_Occurred())
      throw nb::python_error();
    if (!value)
      explainMismatch(positional, named);
    takeInput(value, places[i], state.inputs[i], state.held[i]);
  }
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

/// Runs without Python's lock; throws what the runtime reports.
static void runContext(RunState &state) {
  orch_status status = ORCH_OK;
  std::string message;
  {
    nb::gil_scoped_release release;
    status = orch_context_run(
        state.context, state.inputs.data(), uint32_t(state.inputs.size()),
        state.outputs.data(), uint32_t(state.outputs.size()));
    if (status)
      message = orch_last_error();
  }
  if (status)
    throw lastFailure(status == ORCH_ERROR_MISMATCH ? "InputError" : "RunError",
                      status, message.c_str());
}

nb::object Program::run(nb::handle positional, nb::handle named,
                        nb::handle outputs) {
  Lease lease(*this);
  RunState &state = *lease;
  bind(state, positional, named);
  runContext(state);
  auto *type = reinterpret_cast<PyTypeObject *>(outputs.ptr());
  nb::object result =
      nb::steal(type->tp_alloc(type, Py_ssize_t(state.outputs.size())));
  if (!result.is_valid())
    throw nb::python_error();
  for (size_t i = 0; i < state.outputs.size(); ++i)
    PyTuple_SET_ITEM(result.ptr(), Py_ssize_t(i),
                     giveOutput(state.outputs[i]).release().ptr());
  return result;
}

nb::tuple Program::profile(nb::handle positional, nb::handle named,
                           const std::map<std::string, int64_t> &dims,
                           int runs) {
  std::unique_ptr<RunState> state = makeState(/*flags=*/0);
  NamedTensors random;
  if (PyTuple_GET_SIZE(positional.ptr()) + PyDict_GET_SIZE(named.ptr()) == 0) {
    random = valueOf(randomInputs(*model, dims, /*seed=*/0), "RunError");
    for (size_t i = 0; i < random.size(); ++i) {
      const Tensor &tensor = random[i].second;
      state->inputs[i] = orch_tensor_view(tensor.getData(), tensor.getDtype(),
                                          uint32_t(tensor.getDims().size()),
                                          tensor.getDims().data());
    }
  } else {
    bind(*state, positional, named);
  }
  // The first run resolves shapes and makes the outputs; the second is warm.
  runContext(*state);
  runContext(*state);
  if (orch_status status = orch_context_set_profiling(state->context, 1))
    throw lastFailure("RunError", status, orch_last_error());
  for (int i = 0; i < runs; ++i)
    runContext(*state);
  int numThreads = orch_context_num_threads(state->context);
  MachinePeak peak;
  {
    nb::gil_scoped_release release;
    peak = measurePeak(numThreads);
  }
  // The quickest of several runs: the others waited for somebody else.
  nb::list calls;
  for (uint32_t i = 0; i < model->getCalls().size(); ++i) {
    orch_call_profile profile = {};
    if (orch_status status =
            orch_context_call_profile(state->context, i, &profile))
      throw lastFailure("RunError", status, orch_last_error());
    int32_t device = orch_context_call_device(state->context, i);
    calls.append(nb::make_tuple(
        profile.count ? double(profile.min_ns) / 1e9 : -1,
        device < 0 ? std::string() : model->getDevices()[size_t(device)]));
  }
  orch_call_profile whole = {};
  if (orch_status status = orch_context_run_profile(state->context, &whole))
    throw lastFailure("RunError", status, orch_last_error());
  return nb::make_tuple(double(whole.min_ns) / 1e9, numThreads, peak.gflops,
                        peak.gbytes, calls);
}

std::vector<std::string> Program::save(const std::string &path,
                                       bool externalWeights) {
  nb::gil_scoped_release release;
  std::lock_guard<std::mutex> lock(saving);
  return valueOf(compiled->writeArtefact(path, externalWeights), "SaveError");
}
