//===- Status.cpp - Error messages, versions, the system's allocator ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the functions of base.h. The message of a thread is a fixed buffer, so
//   that reporting an error cannot fail.
//
//===----------------------------------------------------------------------===//
#include "HugePages.h"
#include "Memory.h"
#include "orchestra_runtime/base.h"
#include "orchestra_runtime/format.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

using namespace orchestra::runtime;

namespace {

thread_local char lastError[2048];

void *systemAllocate(void *, size_t size, size_t alignment) {
  if (size >= hugeBlockSize && alignment <= hugePageSize)
    return allocatePages(size);
  if (alignment < sizeof(void *))
    alignment = sizeof(void *);
  void *pointer = nullptr;
  return posix_memalign(&pointer, alignment, size) == 0 ? pointer : nullptr;
}

void systemDeallocate(void *, void *pointer, size_t size, size_t alignment) {
  if (size >= hugeBlockSize && alignment <= hugePageSize)
    freePages(pointer, size);
  else
    free(pointer);
}

} // namespace

const char *orch_last_error(void) { return lastError; }

orch_status orch_set_error(orch_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(lastError, sizeof(lastError), format, arguments);
  va_end(arguments);
  return status;
}

const char *orch_status_name(int32_t status) {
  switch (status) {
  case ORCH_OK:
    return "ok";
  case ORCH_ERROR_INVALID_ARGUMENT:
    return "invalid-argument";
  case ORCH_ERROR_OUT_OF_MEMORY:
    return "out-of-memory";
  case ORCH_ERROR_NOT_FOUND:
    return "not-found";
  case ORCH_ERROR_IO:
    return "io";
  case ORCH_ERROR_BAD_ARTEFACT:
    return "bad-artefact";
  case ORCH_ERROR_VERSION:
    return "version";
  case ORCH_ERROR_UNSUPPORTED:
    return "unsupported";
  case ORCH_ERROR_MISMATCH:
    return "mismatch";
  case ORCH_ERROR_EXECUTION:
    return "execution";
  case ORCH_ERROR_BUSY:
    return "busy";
  case ORCH_ERROR_SYSTEM:
    return "system";
  }
  return "unknown";
}

const char *orch_runtime_version(void) { return ORCH_RUNTIME_VERSION; }

uint32_t orch_runtime_abi_version(void) { return ORCH_ARTEFACT_ABI_VERSION; }

orch_allocator orch_system_allocator(void) {
  return {nullptr, systemAllocate, systemDeallocate};
}

namespace orchestra::runtime {

orch_allocator allocatorOrSystem(const orch_allocator *allocator) {
  return allocator ? *allocator : orch_system_allocator();
}

orch_status outOfMemory(uint64_t bytes, const char *what) {
  return orch_set_error(
      ORCH_ERROR_OUT_OF_MEMORY,
      "error: no memory for %s [out-of-memory]\n  note: %llu bytes were asked "
      "of the allocator",
      what, static_cast<unsigned long long>(bytes));
}

} // namespace orchestra::runtime
