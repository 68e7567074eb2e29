//===- PJRTApi.h - What we use of the PJRT C API ----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Our own declarations: the interface only grows at its ends within a major
// version, so what is here stays right, and the runtime builds without any
// package that happens to contain the official header. A test compares these
// with that header where one is installed (test/python/test_stablehlo.py).
// The interface: https://github.com/openxla/xla, xla/pjrt/c/pjrt_c_api.h,
// version 0.81.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_DEVICES_PJRT_PJRTAPI_H
#define ORCHESTRA_RUNTIME_DEVICES_PJRT_PJRTAPI_H

#include <cstddef>
#include <cstdint>

namespace orchestra::runtime::pjrt {

constexpr int kMajor = 0;
/// The oldest minor version with all that is used here, memory statistics being
/// the youngest.
constexpr int kMinMinor = 40;

struct Error;
struct Event;
struct Client;
struct Device;
struct Buffer;
struct Executable;
struct LoadedExecutable;
struct Topology;
struct DeviceDescription;
struct SerializedExecutable;

/// Every structure begins so.
struct Header {
  size_t size;
  void *extension = nullptr;
};

struct Version {
  Header header;
  int major, minor;
};

enum class ValueType : int { String, Int64, Int64List, Float, Bool };
struct NamedValue {
  Header header;
  const char *name;
  size_t nameSize;
  ValueType type;
  union {
    const char *string;
    int64_t int64;
    const int64_t *int64List;
    float number;
    bool boolean;
  };
  size_t valueSize;
};

struct ErrorDestroyArgs {
  Header header;
  Error *error;
};
struct ErrorMessageArgs {
  Header header;
  const Error *error;
  const char *message;
  size_t messageSize;
};
struct PluginInitializeArgs {
  Header header;
};
struct PluginAttributesArgs {
  Header header;
  const NamedValue *attributes;
  size_t numAttributes;
};
struct EventArgs { // of await and destroy
  Header header;
  Event *event;
};
struct ClientCreateArgs {
  Header header;
  const NamedValue *options;
  size_t numOptions;
  void *getCallback, *getUser, *putCallback, *putUser;
  Client *client;
  void *tryGetCallback, *tryGetUser;
};
struct ClientArgs {
  Header header;
  Client *client;
};
struct ClientPlatformNameArgs {
  Header header;
  Client *client;
  const char *name;
  size_t nameSize;
};
struct ClientDevicesArgs {
  Header header;
  Client *client;
  Device *const *devices;
  size_t numDevices;
};
struct Program {
  Header header;
  char *code;
  size_t codeSize;
  const char *format;
  size_t formatSize;
};
struct ClientCompileArgs {
  Header header;
  Client *client;
  const Program *program;
  const char *options;
  size_t optionsSize;
  LoadedExecutable *executable;
};
enum class BufferType : int {
  Invalid,
  Pred,
  S8,
  S16,
  S32,
  S64,
  U8,
  U16,
  U32,
  U64,
  F16,
  F32,
  F64,
  BF16
};
enum class HostBuffer : int { OnlyDuringCall, UntilTransferred, ZeroCopy };
struct BufferFromHostArgs {
  Header header;
  Client *client;
  const void *data;
  BufferType type;
  const int64_t *dims;
  size_t numDims;
  const int64_t *byteStrides;
  size_t numByteStrides;
  HostBuffer semantics;
  Device *device;
  void *memory, *layout;
  Event *doneWithHostBuffer;
  Buffer *buffer;
};
struct LoadedArgs {
  Header header;
  LoadedExecutable *executable;
};
struct LoadedGetExecutableArgs {
  Header header;
  LoadedExecutable *loaded;
  Executable *executable;
};
struct ExecutableArgs {
  Header header;
  Executable *executable;
};
struct ExecutableNumOutputsArgs {
  Header header;
  Executable *executable;
  size_t numOutputs;
};
struct ExecuteOptions {
  Header header;
  void *sendCallbacks, *receiveCallbacks;
  size_t numSend, numReceive;
  int launchId;
  const int64_t *notDonatable;
  size_t numNotDonatable;
  void *context;
  const char *callLocation;
  size_t numTasks;
  int *taskIds;
  int64_t *incarnationIds;
};
struct ExecuteArgs {
  Header header;
  LoadedExecutable *executable;
  ExecuteOptions *options;
  Buffer *const *const *arguments;
  size_t numDevices, numArguments;
  Buffer **const *outputs;
  Event **done;
  Device *device;
};
struct BufferArgs {
  Header header;
  Buffer *buffer;
};
struct BufferElementTypeArgs {
  Header header;
  Buffer *buffer;
  BufferType type;
};
struct BufferDimensionsArgs {
  Header header;
  Buffer *buffer;
  const int64_t *dims;
  size_t numDims;
};
struct BufferToHostArgs {
  Header header;
  Buffer *buffer;
  void *layout;
  void *target;
  size_t targetSize;
  Event *event;
};
struct TopologyCreateArgs {
  Header header;
  const char *name;
  size_t nameSize;
  const NamedValue *options;
  size_t numOptions;
  Topology *topology;
};
struct TopologyArgs {
  Header header;
  Topology *topology;
};
struct TopologyDevicesArgs {
  Header header;
  const Topology *topology;
  DeviceDescription *const *descriptions;
  size_t numDescriptions;
};
struct DeviceKindArgs {
  Header header;
  DeviceDescription *description;
  const char *kind;
  size_t kindSize;
};
struct CompileArgs {
  Header header;
  const Topology *topology;
  const Program *program;
  const char *options;
  size_t optionsSize;
  Client *client;
  Executable *executable;
};
struct MemoryStatsArgs {
  Header header;
  Executable *executable;
  int64_t code, arguments, outputs, aliased, temporaries;
  int64_t hostCode, hostArguments, hostOutputs, hostAliased, hostTemporaries;
  int64_t peak;
};
struct SerializeArgs {
  Header header;
  const Executable *executable;
  const char *bytes;
  size_t size;
  SerializedExecutable *serialized;
  void (*deleter)(SerializedExecutable *);
};

/// A function that is not used here keeps its place.
using Unused = void *;
template <typename Args> using Call = Error *(*)(Args *);

/// The table that GetPjrtApi returns; later functions are not declared.
struct Api {
  Header header;
  Version version;
  void (*errorDestroy)(ErrorDestroyArgs *);
  void (*errorMessage)(ErrorMessageArgs *);
  Unused errorGetCode;
  Call<PluginInitializeArgs> pluginInitialize;
  Call<PluginAttributesArgs> pluginAttributes;
  Call<EventArgs> eventDestroy;
  Unused eventIsReady, eventError;
  Call<EventArgs> eventAwait;
  Unused eventOnReady;
  Call<ClientCreateArgs> clientCreate;
  Call<ClientArgs> clientDestroy;
  Call<ClientPlatformNameArgs> clientPlatformName;
  Unused clientProcessIndex, clientPlatformVersion, clientDevices;
  Call<ClientDevicesArgs> clientAddressableDevices;
  Unused clientLookupDevice, clientLookupAddressable, clientMemories;
  Call<ClientCompileArgs> clientCompile;
  Unused clientDefaultAssignment;
  Call<BufferFromHostArgs> bufferFromHost;
  Unused descriptionId, descriptionProcess, descriptionAttributes;
  Call<DeviceKindArgs> deviceKind;
  Unused descriptionDebugString, descriptionToString;
  Unused device[6], memory[5];
  Call<ExecutableArgs> executableDestroy;
  Unused executableName, executableReplicas, executablePartitions;
  Call<ExecutableNumOutputsArgs> executableNumOutputs;
  Unused executableCodeSize, executableCost, executableMemoryKinds;
  Unused executableOptimized;
  Call<SerializeArgs> executableSerialize;
  Call<LoadedArgs> loadedDestroy;
  Call<LoadedGetExecutableArgs> loadedGetExecutable;
  Unused loadedDevices, loadedDelete, loadedIsDeleted;
  Call<ExecuteArgs> loadedExecute;
  Unused deserializeAndLoad, loadedFingerprint;
  Call<BufferArgs> bufferDestroy;
  Call<BufferElementTypeArgs> bufferElementType;
  Call<BufferDimensionsArgs> bufferDimensions;
  Unused bufferUnpadded, bufferDynamic, bufferLayout, bufferSize, bufferDevice;
  Unused bufferMemory, bufferDelete, bufferIsDeleted, bufferCopyToDevice;
  Call<BufferToHostArgs> bufferToHost;
  Unused buffer[6], stream[5];
  Call<TopologyCreateArgs> topologyCreate;
  Call<TopologyArgs> topologyDestroy;
  Unused topologyPlatformName, topologyPlatformVersion;
  Call<TopologyDevicesArgs> topologyDevices;
  Unused topologySerialize, topologyAttributes;
  Call<CompileArgs> compile;
  Unused outputTypes, outputDims, copyToMemory, viewOfDevice, fingerprint;
  Unused clientTopology;
  Call<MemoryStatsArgs> memoryStats;
};

} // namespace orchestra::runtime::pjrt

#endif // ORCHESTRA_RUNTIME_DEVICES_PJRT_PJRTAPI_H
