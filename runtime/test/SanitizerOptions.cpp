//===- SanitizerOptions.cpp - How the tests run under sanitizers ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: tests ask for more memory than there is, and want null, not an abort.
//   Kernels' local variables lie on the stacks of the emulation, where it looks
//   for them, and not in memory of the sanitizer's own.
//   The sanitizers' libraries call these; without one they are not used.
//
//===----------------------------------------------------------------------===//

extern "C" __attribute__((visibility("default"), used)) const char *
__asan_default_options() {
  return "allocator_may_return_null=1:detect_stack_use_after_return=0";
}

extern "C" __attribute__((visibility("default"), used)) const char *
__tsan_default_options() {
  return "allocator_may_return_null=1";
}
