//===- Module.cpp - The extension module orchestra._native ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: what the Python half of the package (python/orchestra) stands on: plain
//   functions and one class, whose types are in _native.pyi. Nobody else uses
//   it.
//
//===----------------------------------------------------------------------===//
#include "Failure.h"
#include "Program.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <dlfcn.h>

namespace nb = nanobind;
using namespace nb::literals;
using namespace orchestra;
using namespace orchestra::python;

/// Compiled code finds functions of libraries that are visible to the whole
/// process; Python loads what an extension needs for itself only.
static void publish(const char *library) {
  dlopen(library, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

static void raise(const char *kind, Fault fault, const char *text) {
  try {
    nb::object type = nb::module_::import_("orchestra.errors").attr(kind);
    PyErr_SetObject(type.ptr(), type(text, int(fault)).ptr());
  } catch (nb::python_error &error) {
    error.restore();
  }
}

/// Keeps Python's bytes alive for the compiler, whichever thread lets go.
static std::shared_ptr<const void> ownerOf(const nb::bytes &bytes) {
  PyObject *object = bytes.ptr();
  Py_INCREF(object);
  return {object, [](const void *held) {
            if (!Py_IsInitialized())
              return;
            nb::gil_scoped_acquire acquire;
            Py_DECREF(static_cast<PyObject *>(const_cast<void *>(held)));
          }};
}

using Dims = std::map<std::string, int64_t>;
/// Sizes of an input, and its elements where these are not to change.
using GivenDims =
    std::tuple<std::vector<int64_t>, std::optional<std::vector<int64_t>>>;

/// Compiles the file at `path`, or `bytes` that `path` stands for.
static std::unique_ptr<Program> compileProgram(const std::string &path,
                                               const nb::object &bytes,
                                               int threads,
                                               const nb::kwargs &given) {
  CompileOptions options;
  auto take = [&](const char *name, auto &value) {
    PyObject *item = PyDict_GetItemString(given.ptr(), name);
    if (item && !nb::try_cast(nb::handle(item), value))
      throw nb::type_error(name);
  };
  take("target", options.target);
  take("cpu", options.cpu);
  take("features", options.features);
  take("strategy", options.strategy);
  take("reference", options.reference);
  take("topology", options.topology);
  take("objective", options.objective);
  take("in_flight", options.inFlight);
  take("place", options.place);
  take("task_times", options.taskTimes);
  take("dims", options.dims);
  take("specialize", options.specialize);
  take("branches", options.branches);
  take("fix_shapes", options.fixShapes);
  std::map<std::string, GivenDims> inputs;
  take("inputs", inputs);
  if (!inputs.empty())
    options.given.emplace();
  for (auto &[name, known] : inputs)
    (*options.given)[name] = {std::get<0>(known), std::get<1>(known)};
  take("opt_level", options.optLevel);
  take("jobs", options.jobs);
  take("use_cache", options.useCache);
  take("cache_folder", options.cacheFolder);
  ModelBytes source;
  if (!bytes.is_none()) {
    auto data = nb::cast<nb::bytes>(bytes);
    source = {{data.c_str(), data.size()}, ownerOf(data), path};
  }
  std::unique_ptr<CompiledModel> compiled;
  std::shared_ptr<Model> model;
  {
    nb::gil_scoped_release release;
    // A Program runs on our runtime; a plugin's programs have none of it.
    if (llvm::StringRef(options.target).starts_with("pjrt:"))
      (void)valueOf(llvm::Expected<int>(makeError(
                        Fault::Usage, path,
                        "models on PJRT plugins cannot be run from Python yet "
                        "[unsupported-by-target]",
                        {"help: orchestra run --target=" + options.target})),
                    "CompileError");
    compiled = valueOf(source.owner ? compileModel(source, options)
                                    : compileModel(path, options),
                       "CompileError");
    model = valueOf(compiled->load(), "CompileError");
  }
  return std::make_unique<Program>(std::move(model), std::move(compiled),
                                   threads);
}

static std::unique_ptr<Program> loadProgram(const std::string &path,
                                            int threads) {
  std::shared_ptr<Model> model;
  {
    nb::gil_scoped_release release;
    model = valueOf(loadArtefact(path), "LoadError");
  }
  return std::make_unique<Program>(std::move(model), nullptr, threads);
}

static nb::list describe(const std::vector<TensorDecl> &decls) {
  nb::list list;
  for (const TensorDecl &decl : decls) {
    nb::list shape;
    for (size_t i = 0; i < decl.dims.size(); ++i)
      if (decl.dims[i] >= 0)
        shape.append(decl.dims[i]);
      else if (decl.dimNames[i].empty())
        shape.append(nb::none());
      else
        shape.append(decl.dimNames[i]);
    list.append(nb::make_tuple(decl.name, orch_dtype_name(decl.dtype),
                               dtypeOf(decl.dtype), nb::tuple(shape)));
  }
  return list;
}

static nb::object reportOf(const Program &program) {
  const CompileReport *report = program.getReport();
  if (!report)
    return nb::none();
  nb::dict result, phases;
  for (const PhaseTime &phase : report->phases)
    phases[phase.name.c_str()] = phase.milliseconds / 1e3;
  result["seconds"] = report->milliseconds / 1e3;
  result["phases"] = phases;
  result["from_cache"] = report->fromCache;
  result["kernels"] = report->kernels;
  result["kernels_from_cache"] = report->kernelsFromCache;
  result["calls"] = report->calls;
  result["code_bytes"] = report->codeBytes;
  result["weight_bytes"] = report->weightBytes;
  result["target"] = report->target;
  result["warnings"] = nb::cast(report->warnings);
  return result;
}

NB_MODULE(_native, module) {
  publish("liborchestra_emulated.so.0");
  publish("libm.so.6");
  importArrays();
  nb::register_exception_translator(
      [](const std::exception_ptr &pointer, void *) {
        try {
          std::rethrow_exception(pointer);
        } catch (const Failure &failure) {
          raise(failure.getKind(), failure.getFault(), failure.what());
        }
      });

  module.attr("MAX_THREADS") = kMaxThreads;
  module.def("version", &compilerVersion);
  module.def("set_dtypes", &setDtypes, "by_name"_a);
  module.def("compile", &compileProgram, "path"_a, "data"_a.none(), "threads"_a,
             "options"_a);
  module.def("load", &loadProgram, "path"_a, "threads"_a);

  nb::class_<Program>(module, "Program")
      .def("run", &Program::run, "positional"_a, "named"_a, "outputs"_a)
      .def("profile", &Program::profile, "positional"_a, "named"_a, "dims"_a,
           "runs"_a)
      .def("save", &Program::save, "path"_a, "external_weights"_a)
      .def_prop_ro(
          "name", [](const Program &self) { return self.getModel().getName(); })
      .def_prop_ro(
          "target",
          [](const Program &self) { return self.getModel().getTarget(); })
      .def_prop_ro(
          "metadata",
          [](const Program &self) { return self.getModel().getMetadata(); })
      .def_prop_ro(
          "weight_bytes",
          [](const Program &self) { return self.getModel().getWeightBytes(); })
      .def_prop_ro(
          "devices",
          [](const Program &self) { return self.getModel().getDevices(); })
      .def_prop_ro("threads", &Program::getNumThreads)
      .def_prop_ro("inputs",
                   [](const Program &self) {
                     return describe(self.getModel().getInputs());
                   })
      .def_prop_ro("outputs",
                   [](const Program &self) {
                     return describe(self.getModel().getOutputs());
                   })
      .def_prop_ro("calls",
                   [](const Program &self) {
                     nb::list calls;
                     for (const KernelCall &call : self.getModel().getCalls())
                       calls.append(nb::make_tuple(call.kernel, call.nodes,
                                                   call.flops, call.bytes));
                     return calls;
                   })
      .def_prop_ro("report", &reportOf);
}
