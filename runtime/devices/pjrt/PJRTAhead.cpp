//===- PJRTAhead.cpp - Compiling for devices that are elsewhere -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "PJRT.h"

using namespace orchestra::runtime;
using namespace orchestra::runtime::pjrt;

/// The devices of a topology, by number and kind.
static orch_status describe(orch_pjrt_plugin *plugin, const Topology *topology,
                            orch_pjrt_aot &result) {
  auto devices = makeArgs<TopologyDevicesArgs>();
  devices.topology = topology;
  if (orch_status status = check(plugin, plugin->api->topologyDevices(&devices),
                                 "listing the topology's devices"))
    return status;
  result.num_devices = int32_t(devices.numDescriptions);
  if (devices.numDescriptions == 0)
    return ORCH_OK;
  auto kind = makeArgs<DeviceKindArgs>();
  kind.description = devices.descriptions[0];
  if (orch_status status =
          check(plugin, plugin->api->deviceKind(&kind), "describing a device"))
    return status;
  size_t most = sizeof(result.device_kind) - 1;
  size_t length = kind.kindSize < most ? kind.kindSize : most;
  std::memcpy(result.device_kind, kind.kind, length);
  result.device_kind[length] = 0;
  return ORCH_OK;
}

/// Figures and bytes of a compiled program.
static orch_status take(orch_pjrt_plugin *plugin, Executable *executable,
                        orch_pjrt_aot &result) {
  auto stats = makeArgs<MemoryStatsArgs>();
  stats.executable = executable;
  if (orch_status status = check(plugin, plugin->api->memoryStats(&stats),
                                 "telling what memory it needs"))
    return status;
  result.code_bytes = stats.code;
  result.argument_bytes = stats.arguments;
  result.output_bytes = stats.outputs;
  result.temporary_bytes = stats.temporaries;
  result.aliased_bytes = stats.aliased;
  auto serialize = makeArgs<SerializeArgs>();
  serialize.executable = executable;
  if (orch_status status =
          check(plugin, plugin->api->executableSerialize(&serialize),
                "writing the program"))
    return status;
  orch_status status = ORCH_OK;
  if (serialize.size == 0) {
    status = orch_set_error(ORCH_ERROR_EXECUTION,
                            "error: the PJRT plugin wrote an empty program "
                            "[plugin-failed]");
  } else {
    result.bytes =
        allocate(plugin->allocator, serialize.size, ORCH_BUFFER_ALIGNMENT);
    if (result.bytes) {
      std::memcpy(result.bytes, serialize.bytes, serialize.size);
      result.size = serialize.size;
    } else {
      status = outOfMemory(serialize.size, "the program");
    }
  }
  if (serialize.deleter)
    serialize.deleter(serialize.serialized);
  return status;
}

static orch_status compileFor(orch_pjrt_plugin *plugin, Topology *topology,
                              const Program &program, orch_pjrt_aot &result) {
  if (orch_status status = describe(plugin, topology, result))
    return status;
  auto args = makeArgs<CompileArgs>();
  args.topology = topology;
  args.program = &program;
  args.options = kCompileOptions;
  args.optionsSize = kCompileOptionsSize;
  if (orch_status status =
          check(plugin, plugin->api->compile(&args), "compiling the model"))
    return status;
  orch_status status = take(plugin, args.executable, result);
  auto dropped = makeArgs<ExecutableArgs>();
  dropped.executable = args.executable;
  orch_status other = check(plugin, plugin->api->executableDestroy(&dropped),
                            "dropping a program");
  return status ? status : other;
}

orch_status orch_pjrt_compile_ahead(orch_pjrt_plugin *plugin,
                                    const char *topology,
                                    const orch_pjrt_option *options,
                                    size_t num_options, const void *code,
                                    size_t size, const char *format,
                                    orch_pjrt_aot *result) {
  *result = {};
  Array<NamedValue> values;
  if (!values.allocate(plugin->allocator, num_options))
    return outOfMemory(num_options * sizeof(NamedValue), "options");
  for (size_t i = 0; i < num_options; ++i) {
    NamedValue &value = values[i];
    value.header.size = sizeof(NamedValue);
    value.name = options[i].name;
    value.nameSize = std::strlen(options[i].name);
    if (options[i].text) {
      value.type = ValueType::String;
      value.string = options[i].text;
      value.valueSize = std::strlen(options[i].text);
    } else {
      value.type = ValueType::Int64List;
      value.int64List = options[i].integers;
      value.valueSize = options[i].num_integers;
    }
  }
  auto args = makeArgs<TopologyCreateArgs>();
  args.name = topology;
  args.nameSize = std::strlen(topology);
  args.options = values.data();
  args.numOptions = num_options;
  if (orch_status status = check(plugin, plugin->api->topologyCreate(&args),
                                 "making the topology"))
    return status;
  orch_status status = compileFor(plugin, args.topology,
                                  makeProgram(code, size, format), *result);
  auto dropped = makeArgs<TopologyArgs>();
  dropped.topology = args.topology;
  orch_status other = check(plugin, plugin->api->topologyDestroy(&dropped),
                            "dropping the topology");
  status = status ? status : other;
  if (status)
    orch_pjrt_aot_release(plugin, result);
  return status;
}

void orch_pjrt_aot_release(orch_pjrt_plugin *plugin, orch_pjrt_aot *result) {
  deallocate(plugin->allocator, result->bytes, result->size,
             ORCH_BUFFER_ALIGNMENT);
  result->bytes = nullptr;
  result->size = 0;
}
