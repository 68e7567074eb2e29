//===- PJRTPlugin.cpp - Opening a PJRT plugin -----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "PJRT.h"

#include <dlfcn.h>

using namespace orchestra::runtime;
using namespace orchestra::runtime::pjrt;

// executable_build_options (field 3) with device_ordinal (1) = -1,
// num_replicas (4) = 1 and num_partitions (5) = 1.
const char pjrt::kCompileOptions[] =
    "\x1a\x0f\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x20\x01\x28\x01";
const size_t pjrt::kCompileOptionsSize = sizeof(kCompileOptions) - 1;

orch_status pjrt::check(const orch_pjrt_plugin *plugin, Error *error,
                        const char *doing) {
  if (!error)
    return ORCH_OK;
  auto message = makeArgs<ErrorMessageArgs>();
  message.error = error;
  plugin->api->errorMessage(&message);
  constexpr size_t most = 3000; // messages may hold whole programs
  int size = int(message.messageSize < most ? message.messageSize : most);
  orch_set_error(ORCH_ERROR_EXECUTION,
                 "error: the PJRT plugin failed while %s [plugin-failed]\n"
                 "  note: the plugin says: %.*s",
                 doing, size, message.message ? message.message : "");
  auto destroy = makeArgs<ErrorDestroyArgs>();
  destroy.error = error;
  plugin->api->errorDestroy(&destroy);
  return ORCH_ERROR_EXECUTION;
}

orch_status pjrt::await(const orch_pjrt_plugin *plugin, Event *event,
                        const char *doing) {
  if (!event)
    return ORCH_OK;
  auto args = makeArgs<EventArgs>();
  args.event = event;
  orch_status status = check(plugin, plugin->api->eventAwait(&args), doing);
  orch_status destroyed =
      check(plugin, plugin->api->eventDestroy(&args), "dropping an event");
  return status ? status : destroyed;
}

Program pjrt::makeProgram(const void *code, size_t size, const char *format) {
  auto program = makeArgs<Program>();
  // The plugin only reads it; the field is also used for output elsewhere.
  program.code = static_cast<char *>(const_cast<void *>(code));
  program.codeSize = size;
  program.format = format;
  program.formatSize = std::strlen(format);
  return program;
}

static orch_status badPlugin(const char *path, const char *why) {
  return orch_set_error(ORCH_ERROR_VERSION,
                        "%s: error: the library is no PJRT plugin that "
                        "Orchestra can use [plugin-unusable]\n  note: %s",
                        path, why);
}

orch_status orch_pjrt_open(const char *path, const orch_allocator *allocator,
                           orch_pjrt_plugin **plugin) {
  if (!path || !plugin)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: a path and a place for the plugin are needed "
                          "[invalid-argument]");
  *plugin = nullptr;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return orch_set_error(ORCH_ERROR_NOT_FOUND,
                          "%s: error: the plugin cannot be opened "
                          "[device-missing]\n  note: %s",
                          path, dlerror());
  using GetApi = const Api *(*)();
  auto get = reinterpret_cast<GetApi>(dlsym(library, "GetPjrtApi"));
  if (!get) {
    dlclose(library); // nothing of it has run but constructors
    return badPlugin(path, "it has no function GetPjrtApi");
  }
  const Api *api = get();
  if (!api)
    return badPlugin(path, "GetPjrtApi returned nothing");
  if (api->header.size < offsetof(Api, errorDestroy) ||
      api->version.major != kMajor)
    return orch_set_error(
        ORCH_ERROR_VERSION,
        "%s: error: the PJRT plugin has another major version "
        "[plugin-unusable]\n  note: it has version %d.%d; %d.%d or newer with "
        "the same major version is needed",
        path, api->version.major, api->version.minor, kMajor, kMinMinor);
  if (api->version.minor < kMinMinor || api->header.size < sizeof(Api))
    return orch_set_error(
        ORCH_ERROR_VERSION,
        "%s: error: the PJRT plugin is too old [plugin-unusable]\n  note: it "
        "has version %d.%d and a table of %zu bytes; version %d.%d and %zu "
        "bytes are needed",
        path, api->version.major, api->version.minor, api->header.size, kMajor,
        kMinMinor, sizeof(Api));
  auto *made = create<orch_pjrt_plugin>(allocatorOrSystem(allocator), api,
                                        allocatorOrSystem(allocator));
  if (!made)
    return outOfMemory(sizeof(orch_pjrt_plugin), "a plugin");
  auto initialize = makeArgs<PluginInitializeArgs>();
  if (orch_status status =
          check(made, api->pluginInitialize(&initialize), "starting")) {
    orch_pjrt_close(made);
    return status;
  }
  *plugin = made;
  return ORCH_OK;
}

void orch_pjrt_close(orch_pjrt_plugin *plugin) {
  if (plugin)
    destroy(plugin->allocator, plugin);
}

int32_t orch_pjrt_minor_version(const orch_pjrt_plugin *plugin) {
  return plugin->api->version.minor;
}

orch_status orch_pjrt_stablehlo_version(orch_pjrt_plugin *plugin,
                                        int64_t version[3]) {
  auto args = makeArgs<PluginAttributesArgs>();
  if (orch_status status = check(plugin, plugin->api->pluginAttributes(&args),
                                 "telling its attributes"))
    return status;
  static const char wanted[] = "stablehlo_current_version";
  for (size_t i = 0; i < args.numAttributes; ++i) {
    const NamedValue &value = args.attributes[i];
    if (value.nameSize == sizeof(wanted) - 1 &&
        std::memcmp(value.name, wanted, value.nameSize) == 0 &&
        value.type == ValueType::Int64List && value.valueSize == 3) {
      std::memcpy(version, value.int64List, 3 * sizeof(int64_t));
      return ORCH_OK;
    }
  }
  return orch_set_error(ORCH_ERROR_NOT_FOUND,
                        "error: the PJRT plugin does not say which StableHLO "
                        "it reads [plugin-unusable]");
}
