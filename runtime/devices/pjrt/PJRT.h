//===- PJRT.h - A plugin and what is made with it ---------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_DEVICES_PJRT_PJRT_H
#define ORCHESTRA_RUNTIME_DEVICES_PJRT_PJRT_H

#include "PJRTApi.h"

#include "Memory.h"
#include "orchestra_runtime/pjrt.h"

struct orch_pjrt_plugin {
  const orchestra::runtime::pjrt::Api *api;
  orch_allocator allocator;
};

namespace orchestra::runtime::pjrt {

/// Arguments of a call: zeros, with their size.
template <typename Args> Args makeArgs() {
  Args args = {};
  args.header.size = sizeof(Args);
  return args;
}

/// Turns an error of the plugin into ours and destroys it; null is success.
orch_status check(const orch_pjrt_plugin *plugin, Error *error,
                  const char *doing);

/// Waits for an event, if there is one, and destroys it.
orch_status await(const orch_pjrt_plugin *plugin, Event *event,
                  const char *doing);

/// A program as a plugin takes it.
Program makeProgram(const void *code, size_t size, const char *format);

/// A CompileOptionsProto for one device, as it lies on the wire.
extern const char kCompileOptions[];
extern const size_t kCompileOptionsSize;

} // namespace orchestra::runtime::pjrt

#endif // ORCHESTRA_RUNTIME_DEVICES_PJRT_PJRT_H
