//===- pjrt_layout.cpp - Our declarations of PJRT against the official ones
//-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles if every field that the runtime uses lies where the header says.
//
//===----------------------------------------------------------------------===//
#include "PJRTApi.h"

#include "pjrt_c_api.h"

using namespace orchestra::runtime::pjrt;

#define SAME(Ours, ours, Theirs, theirs)                                       \
  static_assert(offsetof(Ours, ours) == offsetof(Theirs, theirs),              \
                #Theirs "." #theirs)
#define SAME_SIZE(Ours, Theirs)                                                \
  static_assert(sizeof(Ours) == sizeof(Theirs), #Theirs)
#define CALL(ours, theirs) SAME(Api, ours, PJRT_Api, theirs)

CALL(version, pjrt_api_version);
CALL(errorDestroy, PJRT_Error_Destroy);
CALL(errorMessage, PJRT_Error_Message);
CALL(pluginInitialize, PJRT_Plugin_Initialize);
CALL(pluginAttributes, PJRT_Plugin_Attributes);
CALL(eventDestroy, PJRT_Event_Destroy);
CALL(eventAwait, PJRT_Event_Await);
CALL(clientCreate, PJRT_Client_Create);
CALL(clientDestroy, PJRT_Client_Destroy);
CALL(clientPlatformName, PJRT_Client_PlatformName);
CALL(clientAddressableDevices, PJRT_Client_AddressableDevices);
CALL(clientCompile, PJRT_Client_Compile);
CALL(bufferFromHost, PJRT_Client_BufferFromHostBuffer);
CALL(deviceKind, PJRT_DeviceDescription_Kind);
CALL(executableDestroy, PJRT_Executable_Destroy);
CALL(executableNumOutputs, PJRT_Executable_NumOutputs);
CALL(executableSerialize, PJRT_Executable_Serialize);
CALL(loadedDestroy, PJRT_LoadedExecutable_Destroy);
CALL(loadedGetExecutable, PJRT_LoadedExecutable_GetExecutable);
CALL(loadedExecute, PJRT_LoadedExecutable_Execute);
CALL(bufferDestroy, PJRT_Buffer_Destroy);
CALL(bufferElementType, PJRT_Buffer_ElementType);
CALL(bufferDimensions, PJRT_Buffer_Dimensions);
CALL(bufferToHost, PJRT_Buffer_ToHostBuffer);
CALL(topologyCreate, PJRT_TopologyDescription_Create);
CALL(topologyDestroy, PJRT_TopologyDescription_Destroy);
CALL(topologyDevices, PJRT_TopologyDescription_GetDeviceDescriptions);
CALL(compile, PJRT_Compile);
CALL(memoryStats, PJRT_Executable_GetCompiledMemoryStats);

SAME(Version, minor, PJRT_Api_Version, minor_version);
SAME(NamedValue, type, PJRT_NamedValue, type);
SAME(NamedValue, int64List, PJRT_NamedValue, int64_array_value);
SAME(NamedValue, valueSize, PJRT_NamedValue, value_size);
SAME(ErrorMessageArgs, messageSize, PJRT_Error_Message_Args, message_size);
SAME(PluginAttributesArgs, numAttributes, PJRT_Plugin_Attributes_Args,
     num_attributes);
SAME(EventArgs, event, PJRT_Event_Await_Args, event);
SAME(ClientCreateArgs, client, PJRT_Client_Create_Args, client);
SAME(ClientDevicesArgs, numDevices, PJRT_Client_AddressableDevices_Args,
     num_addressable_devices);
SAME(Program, formatSize, PJRT_Program, format_size);
SAME(ClientCompileArgs, executable, PJRT_Client_Compile_Args, executable);
SAME(BufferFromHostArgs, semantics, PJRT_Client_BufferFromHostBuffer_Args,
     host_buffer_semantics);
SAME(BufferFromHostArgs, device, PJRT_Client_BufferFromHostBuffer_Args, device);
SAME(BufferFromHostArgs, doneWithHostBuffer,
     PJRT_Client_BufferFromHostBuffer_Args, done_with_host_buffer);
SAME(BufferFromHostArgs, buffer, PJRT_Client_BufferFromHostBuffer_Args, buffer);
SAME(LoadedGetExecutableArgs, executable,
     PJRT_LoadedExecutable_GetExecutable_Args, executable);
SAME(ExecutableNumOutputsArgs, numOutputs, PJRT_Executable_NumOutputs_Args,
     num_outputs);
SAME(ExecuteOptions, callLocation, PJRT_ExecuteOptions, call_location);
SAME(ExecuteArgs, outputs, PJRT_LoadedExecutable_Execute_Args, output_lists);
SAME(ExecuteArgs, done, PJRT_LoadedExecutable_Execute_Args,
     device_complete_events);
SAME(BufferElementTypeArgs, type, PJRT_Buffer_ElementType_Args, type);
SAME(BufferDimensionsArgs, numDims, PJRT_Buffer_Dimensions_Args, num_dims);
SAME(BufferToHostArgs, target, PJRT_Buffer_ToHostBuffer_Args, dst);
SAME(BufferToHostArgs, event, PJRT_Buffer_ToHostBuffer_Args, event);
SAME(TopologyCreateArgs, topology, PJRT_TopologyDescription_Create_Args,
     topology);
SAME(TopologyDevicesArgs, numDescriptions,
     PJRT_TopologyDescription_GetDeviceDescriptions_Args, num_descriptions);
SAME(DeviceKindArgs, kindSize, PJRT_DeviceDescription_Kind_Args,
     device_kind_size);
SAME(CompileArgs, executable, PJRT_Compile_Args, executable);
SAME(MemoryStatsArgs, code, PJRT_Executable_GetCompiledMemoryStats_Args,
     generated_code_size_in_bytes);
SAME(MemoryStatsArgs, arguments, PJRT_Executable_GetCompiledMemoryStats_Args,
     argument_size_in_bytes);
SAME(MemoryStatsArgs, outputs, PJRT_Executable_GetCompiledMemoryStats_Args,
     output_size_in_bytes);
SAME(MemoryStatsArgs, aliased, PJRT_Executable_GetCompiledMemoryStats_Args,
     alias_size_in_bytes);
SAME(MemoryStatsArgs, temporaries, PJRT_Executable_GetCompiledMemoryStats_Args,
     temp_size_in_bytes);
SAME(SerializeArgs, deleter, PJRT_Executable_Serialize_Args,
     serialized_executable_deleter);

static_assert(sizeof(Api) <= sizeof(PJRT_Api));
// Plugins refuse structures that are smaller than they know them.
SAME_SIZE(Version, PJRT_Api_Version);
SAME_SIZE(NamedValue, PJRT_NamedValue);
SAME_SIZE(ErrorDestroyArgs, PJRT_Error_Destroy_Args);
SAME_SIZE(ErrorMessageArgs, PJRT_Error_Message_Args);
SAME_SIZE(PluginInitializeArgs, PJRT_Plugin_Initialize_Args);
SAME_SIZE(PluginAttributesArgs, PJRT_Plugin_Attributes_Args);
SAME_SIZE(EventArgs, PJRT_Event_Await_Args);
SAME_SIZE(EventArgs, PJRT_Event_Destroy_Args);
SAME_SIZE(ClientCreateArgs, PJRT_Client_Create_Args);
SAME_SIZE(ClientArgs, PJRT_Client_Destroy_Args);
SAME_SIZE(ClientPlatformNameArgs, PJRT_Client_PlatformName_Args);
SAME_SIZE(ClientDevicesArgs, PJRT_Client_AddressableDevices_Args);
SAME_SIZE(Program, PJRT_Program);
SAME_SIZE(ClientCompileArgs, PJRT_Client_Compile_Args);
SAME_SIZE(BufferFromHostArgs, PJRT_Client_BufferFromHostBuffer_Args);
SAME_SIZE(LoadedArgs, PJRT_LoadedExecutable_Destroy_Args);
SAME_SIZE(LoadedGetExecutableArgs, PJRT_LoadedExecutable_GetExecutable_Args);
SAME_SIZE(ExecutableArgs, PJRT_Executable_Destroy_Args);
SAME_SIZE(ExecutableNumOutputsArgs, PJRT_Executable_NumOutputs_Args);
SAME_SIZE(ExecuteOptions, PJRT_ExecuteOptions);
SAME_SIZE(ExecuteArgs, PJRT_LoadedExecutable_Execute_Args);
SAME_SIZE(BufferArgs, PJRT_Buffer_Destroy_Args);
SAME_SIZE(BufferElementTypeArgs, PJRT_Buffer_ElementType_Args);
SAME_SIZE(BufferDimensionsArgs, PJRT_Buffer_Dimensions_Args);
SAME_SIZE(BufferToHostArgs, PJRT_Buffer_ToHostBuffer_Args);
SAME_SIZE(TopologyCreateArgs, PJRT_TopologyDescription_Create_Args);
SAME_SIZE(TopologyArgs, PJRT_TopologyDescription_Destroy_Args);
SAME_SIZE(TopologyDevicesArgs,
          PJRT_TopologyDescription_GetDeviceDescriptions_Args);
SAME_SIZE(DeviceKindArgs, PJRT_DeviceDescription_Kind_Args);
SAME_SIZE(CompileArgs, PJRT_Compile_Args);
SAME_SIZE(MemoryStatsArgs, PJRT_Executable_GetCompiledMemoryStats_Args);
SAME_SIZE(SerializeArgs, PJRT_Executable_Serialize_Args);

static_assert(kMajor == PJRT_API_MAJOR);
static_assert(int(BufferType::Pred) == PJRT_Buffer_Type_PRED);
static_assert(int(BufferType::S64) == PJRT_Buffer_Type_S64);
static_assert(int(BufferType::F32) == PJRT_Buffer_Type_F32);
static_assert(int(BufferType::BF16) == PJRT_Buffer_Type_BF16);
static_assert(int(HostBuffer::ZeroCopy) ==
              PJRT_HostBufferSemantics_kImmutableZeroCopy);
static_assert(int(ValueType::Int64List) == PJRT_NamedValue_kInt64List);
