//===- PJRTClient.cpp - Programs and buffers of a plugin's device ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "PJRT.h"

using namespace orchestra::runtime;
using namespace orchestra::runtime::pjrt;

struct orch_pjrt_client {
  orch_pjrt_plugin *plugin;
  Client *client;
  Device *device;
  char platform[32];
};

struct orch_pjrt_executable {
  orch_pjrt_plugin *plugin;
  LoadedExecutable *loaded;
  size_t numOutputs;
};

struct orch_pjrt_buffer {
  orch_pjrt_plugin *plugin;
  Buffer *buffer;
};

/// Types by their bits; StableHLO of ours has signless integers, which plugins
/// call signed.
static BufferType typeOf(uint32_t dtype) {
  switch (dtype) {
  case ORCH_DTYPE_BOOL:
    return BufferType::Pred;
  case ORCH_DTYPE_I8:
  case ORCH_DTYPE_U8:
    return BufferType::S8;
  case ORCH_DTYPE_I16:
  case ORCH_DTYPE_U16:
    return BufferType::S16;
  case ORCH_DTYPE_I32:
  case ORCH_DTYPE_U32:
    return BufferType::S32;
  case ORCH_DTYPE_I64:
  case ORCH_DTYPE_U64:
    return BufferType::S64;
  case ORCH_DTYPE_F16:
    return BufferType::F16;
  case ORCH_DTYPE_BF16:
    return BufferType::BF16;
  case ORCH_DTYPE_F32:
    return BufferType::F32;
  case ORCH_DTYPE_F64:
    return BufferType::F64;
  default:
    return BufferType::Invalid;
  }
}

//===----------------------------------------------------------------------===//
// Clients
//===----------------------------------------------------------------------===//

orch_status orch_pjrt_client_create(orch_pjrt_plugin *plugin,
                                    orch_pjrt_client **client) {
  *client = nullptr;
  auto args = makeArgs<ClientCreateArgs>();
  if (orch_status status = check(plugin, plugin->api->clientCreate(&args),
                                 "looking for its devices"))
    return status;
  auto *made =
      create<orch_pjrt_client>(plugin->allocator, plugin, args.client, nullptr);
  if (!made) {
    auto dropped = makeArgs<ClientArgs>();
    dropped.client = args.client;
    (void)check(plugin, plugin->api->clientDestroy(&dropped), "stopping");
    return outOfMemory(sizeof(orch_pjrt_client), "a client");
  }
  auto name = makeArgs<ClientPlatformNameArgs>();
  auto devices = makeArgs<ClientDevicesArgs>();
  name.client = devices.client = args.client;
  orch_status status = check(plugin, plugin->api->clientPlatformName(&name),
                             "telling its platform");
  if (!status)
    status = check(plugin, plugin->api->clientAddressableDevices(&devices),
                   "listing its devices");
  if (!status && devices.numDevices == 0)
    status = orch_set_error(ORCH_ERROR_NOT_FOUND,
                            "error: the PJRT plugin has no device here "
                            "[device-missing]");
  if (status) {
    orch_pjrt_client_destroy(made);
    return status;
  }
  made->device = devices.devices[0];
  size_t length = name.nameSize < sizeof(made->platform) - 1
                      ? name.nameSize
                      : sizeof(made->platform) - 1;
  std::memcpy(made->platform, name.name, length);
  made->platform[length] = 0;
  *client = made;
  return ORCH_OK;
}

void orch_pjrt_client_destroy(orch_pjrt_client *client) {
  if (!client)
    return;
  auto args = makeArgs<ClientArgs>();
  args.client = client->client;
  (void)check(client->plugin, client->plugin->api->clientDestroy(&args),
              "stopping");
  destroy(client->plugin->allocator, client);
}

const char *orch_pjrt_platform(const orch_pjrt_client *client) {
  return client->platform;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static size_t countOutputs(orch_pjrt_plugin *plugin, LoadedExecutable *loaded,
                           orch_status &status) {
  auto get = makeArgs<LoadedGetExecutableArgs>();
  get.loaded = loaded;
  status = check(plugin, plugin->api->loadedGetExecutable(&get),
                 "describing a program");
  if (status)
    return 0;
  auto count = makeArgs<ExecutableNumOutputsArgs>();
  count.executable = get.executable;
  status = check(plugin, plugin->api->executableNumOutputs(&count),
                 "counting outputs");
  auto dropped = makeArgs<ExecutableArgs>();
  dropped.executable = get.executable;
  orch_status other = check(plugin, plugin->api->executableDestroy(&dropped),
                            "dropping a program");
  status = status ? status : other;
  return count.numOutputs;
}

orch_status orch_pjrt_compile(orch_pjrt_client *client, const void *code,
                              size_t size, const char *format,
                              orch_pjrt_executable **executable) {
  *executable = nullptr;
  orch_pjrt_plugin *plugin = client->plugin;
  Program program = makeProgram(code, size, format);
  auto args = makeArgs<ClientCompileArgs>();
  args.client = client->client;
  args.program = &program;
  args.options = kCompileOptions;
  args.optionsSize = kCompileOptionsSize;
  if (orch_status status = check(plugin, plugin->api->clientCompile(&args),
                                 "compiling the model"))
    return status;
  orch_status status = ORCH_OK;
  size_t outputs = countOutputs(plugin, args.executable, status);
  auto *made = create<orch_pjrt_executable>(plugin->allocator, plugin,
                                            args.executable, outputs);
  if (!made) {
    auto dropped = makeArgs<LoadedArgs>();
    dropped.executable = args.executable;
    (void)check(plugin, plugin->api->loadedDestroy(&dropped),
                "dropping a program");
    return outOfMemory(sizeof(orch_pjrt_executable), "a program");
  }
  if (status) {
    orch_pjrt_executable_destroy(made);
    return status;
  }
  *executable = made;
  return ORCH_OK;
}

void orch_pjrt_executable_destroy(orch_pjrt_executable *executable) {
  if (!executable)
    return;
  auto args = makeArgs<LoadedArgs>();
  args.executable = executable->loaded;
  (void)check(executable->plugin, executable->plugin->api->loadedDestroy(&args),
              "dropping a program");
  destroy(executable->plugin->allocator, executable);
}

size_t orch_pjrt_num_outputs(const orch_pjrt_executable *executable) {
  return executable->numOutputs;
}

orch_status orch_pjrt_run(orch_pjrt_executable *executable,
                          orch_pjrt_buffer *const *inputs, size_t num_inputs,
                          orch_pjrt_buffer **outputs) {
  orch_pjrt_plugin *plugin = executable->plugin;
  size_t count = executable->numOutputs;
  Array<Buffer *> in, out;
  if (!in.allocate(plugin->allocator, num_inputs) ||
      !out.allocate(plugin->allocator, count))
    return outOfMemory((num_inputs + count) * sizeof(Buffer *), "a run");
  for (size_t i = 0; i < num_inputs; ++i)
    in[i] = inputs[i]->buffer;
  for (size_t i = 0; i < count; ++i)
    outputs[i] = nullptr;
  Buffer *const *inList = in.data();
  Buffer **outList = out.data();
  Event *done = nullptr;
  auto options = makeArgs<ExecuteOptions>();
  auto args = makeArgs<ExecuteArgs>();
  args.executable = executable->loaded;
  args.options = &options;
  args.arguments = &inList;
  args.numDevices = 1;
  args.numArguments = num_inputs;
  args.outputs = &outList;
  args.done = &done;
  orch_status status =
      check(plugin, plugin->api->loadedExecute(&args), "running the model");
  if (status)
    return status;
  status = await(plugin, done, "running the model");
  for (size_t i = 0; i < count; ++i) {
    outputs[i] = create<orch_pjrt_buffer>(plugin->allocator, plugin, out[i]);
    if (outputs[i])
      continue;
    auto dropped = makeArgs<BufferArgs>();
    dropped.buffer = out[i];
    (void)check(plugin, plugin->api->bufferDestroy(&dropped),
                "dropping a buffer");
    status = status ? status : outOfMemory(sizeof(orch_pjrt_buffer), "a run");
  }
  for (size_t i = 0; status && i < count; ++i) {
    orch_pjrt_buffer_release(outputs[i]);
    outputs[i] = nullptr;
  }
  return status;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

orch_status orch_pjrt_upload(orch_pjrt_client *client,
                             const orch_tensor *tensor, int32_t borrow,
                             orch_pjrt_buffer **buffer) {
  *buffer = nullptr;
  orch_pjrt_plugin *plugin = client->plugin;
  auto args = makeArgs<BufferFromHostArgs>();
  args.client = client->client;
  args.data = tensor->data;
  args.type = typeOf(tensor->dtype);
  if (args.type == BufferType::Invalid)
    return orch_set_error(ORCH_ERROR_UNSUPPORTED,
                          "error: tensors of type %s cannot go to a PJRT "
                          "device [unsupported-type]",
                          orch_dtype_name(tensor->dtype));
  args.dims = tensor->dims;
  args.numDims = tensor->rank;
  args.semantics = borrow ? HostBuffer::ZeroCopy : HostBuffer::OnlyDuringCall;
  args.device = client->device;
  if (orch_status status =
          check(plugin, plugin->api->bufferFromHost(&args), "taking an input"))
    return status;
  auto *made = create<orch_pjrt_buffer>(plugin->allocator, plugin, args.buffer);
  orch_status status = ORCH_OK;
  if (borrow) { // until the buffer goes, which the caller promised
    auto dropped = makeArgs<EventArgs>();
    dropped.event = args.doneWithHostBuffer;
    if (dropped.event)
      status =
          check(plugin, plugin->api->eventDestroy(&dropped), "taking an input");
  } else {
    status = await(plugin, args.doneWithHostBuffer, "taking an input");
  }
  if (!made)
    return outOfMemory(sizeof(orch_pjrt_buffer), "a buffer");
  if (status) {
    orch_pjrt_buffer_release(made);
    return status;
  }
  *buffer = made;
  return ORCH_OK;
}

void orch_pjrt_buffer_release(orch_pjrt_buffer *buffer) {
  if (!buffer)
    return;
  auto args = makeArgs<BufferArgs>();
  args.buffer = buffer->buffer;
  (void)check(buffer->plugin, buffer->plugin->api->bufferDestroy(&args),
              "dropping a buffer");
  destroy(buffer->plugin->allocator, buffer);
}

orch_status orch_pjrt_download(orch_pjrt_buffer *buffer, orch_tensor *tensor) {
  orch_pjrt_plugin *plugin = buffer->plugin;
  auto type = makeArgs<BufferElementTypeArgs>();
  auto dims = makeArgs<BufferDimensionsArgs>();
  type.buffer = dims.buffer = buffer->buffer;
  if (orch_status status = check(plugin, plugin->api->bufferElementType(&type),
                                 "describing an output"))
    return status;
  if (orch_status status = check(plugin, plugin->api->bufferDimensions(&dims),
                                 "describing an output"))
    return status;
  bool same =
      type.type == typeOf(tensor->dtype) && dims.numDims == tensor->rank;
  for (size_t i = 0; same && i < dims.numDims; ++i)
    same = dims.dims[i] == tensor->dims[i];
  if (!same)
    return orch_set_error(ORCH_ERROR_MISMATCH,
                          "error: the device's output is not of the declared "
                          "type and size [plugin-failed]");
  int64_t elements = 0;
  uint64_t bytes = 0;
  if (orch_status status = orch_tensor_size(tensor, &elements, &bytes))
    return status;
  if (bytes == 0)
    return ORCH_OK;
  auto args = makeArgs<BufferToHostArgs>();
  args.buffer = buffer->buffer;
  args.target = tensor->data;
  args.targetSize = bytes;
  if (orch_status status =
          check(plugin, plugin->api->bufferToHost(&args), "giving an output"))
    return status;
  return await(plugin, args.event, "giving an output");
}
