//===- Assert.h - Assertions that stay on -----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The packaged LLVM is built with NDEBUG, and so must we be, which makes plain
// assert() dead. ORCH_ASSERT is on unless ORCHESTRA_ASSERTIONS is off.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_ASSERT_H
#define ORCHESTRA_SUPPORT_ASSERT_H

namespace orchestra {
/// Prints the failed condition with its place and reason to stderr, then
/// aborts, so that the crash handler can write a reproducer.
[[noreturn]] void assertionFailed(const char *condition, const char *why,
                                  const char *file, int line);
} // namespace orchestra

#ifdef ORCHESTRA_ASSERTIONS
#define ORCH_ASSERT(condition, why)                                            \
  ((condition)                                                                 \
       ? (void)0                                                               \
       : ::orchestra::assertionFailed(#condition, why, __FILE__, __LINE__))
#else
#define ORCH_ASSERT(condition, why) ((void)0)
#endif

#endif // ORCHESTRA_SUPPORT_ASSERT_H
