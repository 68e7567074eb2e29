//===- Futex.h - Spinning and sleeping on a word ----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_FUTEX_H
#define ORCHESTRA_RUNTIME_LIB_FUTEX_H

#include <atomic>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace orchestra::runtime {

/// Polls between two looks at the clock: about a microsecond.
constexpr int pollsPerClock = 32;
/// How long threads spin if nobody says.
constexpr int32_t defaultSpinMicroseconds = 200;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

inline uint64_t monotonicNanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000u + uint64_t(time.tv_nsec);
}

inline void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE,
          expected, nullptr, nullptr, 0);
}
inline void futexWake(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, 1,
          nullptr, nullptr, 0);
}

/// Polls `done` for at most `spinNs`; whether it came true.
template <typename Done> bool spinUntil(uint64_t spinNs, Done done) {
  uint64_t start = 0;
  while (true) {
    for (int poll = 0; poll < pollsPerClock; ++poll) {
      if (done())
        return true;
      relax();
    }
    uint64_t time = monotonicNanoseconds();
    if (start == 0)
      start = time;
    if (time - start >= spinNs)
      return false;
  }
}

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_FUTEX_H
