//===- CPUFeatures.cpp - What the CPU under us can do ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a table from LLVM's feature names to CPUID bits (x86-64) or kernel
//   hardware capabilities (AArch64).
// Why not __builtin_cpu_supports: it takes literals only, and knows fewer
// names. Where the bits are from: Intel SDM volume 2A (CPUID) and AMD APM
// volume 3,
//   appendix E. A feature with registers of its own also needs the system's
//   support, which XCR0 tells (SDM volume 1, chapter 13).
//
//===----------------------------------------------------------------------===//
#include "CPUFeatures.h"

#include "orchestra_runtime/program.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace orchestra::runtime {

#if defined(__x86_64__)

namespace {

enum Register : uint8_t { EAX, EBX, ECX, EDX };

// State components that must be on in XCR0.
enum State : uint8_t { None, YMM, ZMM, Tile };
constexpr uint64_t stateMask[] = {0, 0x6, 0xe6, 0x60000};

struct Feature {
  const char *name;
  uint32_t leaf;
  uint32_t subleaf;
  Register reg;
  uint8_t bit;
  State state;
};

constexpr uint32_t ext = 0x80000000u;

constexpr Feature features[] = {
    {"x87", 1, 0, EDX, 0, None},
    {"cx8", 1, 0, EDX, 8, None},
    {"cmov", 1, 0, EDX, 15, None},
    {"mmx", 1, 0, EDX, 23, None},
    {"fxsr", 1, 0, EDX, 24, None},
    {"sse", 1, 0, EDX, 25, None},
    {"sse2", 1, 0, EDX, 26, None},
    {"sse3", 1, 0, ECX, 0, None},
    {"pclmul", 1, 0, ECX, 1, None},
    {"ssse3", 1, 0, ECX, 9, None},
    {"fma", 1, 0, ECX, 12, YMM},
    {"cx16", 1, 0, ECX, 13, None},
    {"sse4.1", 1, 0, ECX, 19, None},
    {"sse4.2", 1, 0, ECX, 20, None},
    {"crc32", 1, 0, ECX, 20, None},
    {"movbe", 1, 0, ECX, 22, None},
    {"popcnt", 1, 0, ECX, 23, None},
    {"aes", 1, 0, ECX, 25, None},
    {"xsave", 1, 0, ECX, 27, None},
    {"avx", 1, 0, ECX, 28, YMM},
    {"f16c", 1, 0, ECX, 29, YMM},
    {"rdrnd", 1, 0, ECX, 30, None},

    {"fsgsbase", 7, 0, EBX, 0, None},
    {"sgx", 7, 0, EBX, 2, None},
    {"bmi", 7, 0, EBX, 3, None},
    {"avx2", 7, 0, EBX, 5, YMM},
    {"bmi2", 7, 0, EBX, 8, None},
    {"invpcid", 7, 0, EBX, 10, None},
    {"rtm", 7, 0, EBX, 11, None},
    {"avx512f", 7, 0, EBX, 16, ZMM},
    {"avx512dq", 7, 0, EBX, 17, ZMM},
    {"rdseed", 7, 0, EBX, 18, None},
    {"adx", 7, 0, EBX, 19, None},
    {"avx512ifma", 7, 0, EBX, 21, ZMM},
    {"clflushopt", 7, 0, EBX, 23, None},
    {"clwb", 7, 0, EBX, 24, None},
    {"avx512cd", 7, 0, EBX, 28, ZMM},
    {"sha", 7, 0, EBX, 29, None},
    {"avx512bw", 7, 0, EBX, 30, ZMM},
    {"avx512vl", 7, 0, EBX, 31, ZMM},
    {"avx512vbmi", 7, 0, ECX, 1, ZMM},
    {"pku", 7, 0, ECX, 4, None},
    {"waitpkg", 7, 0, ECX, 5, None},
    {"avx512vbmi2", 7, 0, ECX, 6, ZMM},
    {"shstk", 7, 0, ECX, 7, None},
    {"gfni", 7, 0, ECX, 8, None},
    {"vaes", 7, 0, ECX, 9, YMM},
    {"vpclmulqdq", 7, 0, ECX, 10, YMM},
    {"avx512vnni", 7, 0, ECX, 11, ZMM},
    {"avx512bitalg", 7, 0, ECX, 12, ZMM},
    {"avx512vpopcntdq", 7, 0, ECX, 14, ZMM},
    {"rdpid", 7, 0, ECX, 22, None},
    {"kl", 7, 0, ECX, 23, None},
    {"cldemote", 7, 0, ECX, 25, None},
    {"movdiri", 7, 0, ECX, 27, None},
    {"movdir64b", 7, 0, ECX, 28, None},
    {"enqcmd", 7, 0, ECX, 29, None},
    {"uintr", 7, 0, EDX, 5, None},
    {"avx512vp2intersect", 7, 0, EDX, 8, ZMM},
    {"serialize", 7, 0, EDX, 14, None},
    {"tsxldtrk", 7, 0, EDX, 16, None},
    {"pconfig", 7, 0, EDX, 18, None},
    {"amx-bf16", 7, 0, EDX, 22, Tile},
    {"avx512fp16", 7, 0, EDX, 23, ZMM},
    {"amx-tile", 7, 0, EDX, 24, Tile},
    {"amx-int8", 7, 0, EDX, 25, Tile},

    {"sha512", 7, 1, EAX, 0, YMM},
    {"sm3", 7, 1, EAX, 1, YMM},
    {"sm4", 7, 1, EAX, 2, YMM},
    {"raoint", 7, 1, EAX, 3, None},
    {"avxvnni", 7, 1, EAX, 4, YMM},
    {"avx512bf16", 7, 1, EAX, 5, ZMM},
    {"cmpccxadd", 7, 1, EAX, 7, None},
    {"amx-fp16", 7, 1, EAX, 21, Tile},
    {"hreset", 7, 1, EAX, 22, None},
    {"avxifma", 7, 1, EAX, 23, YMM},
    {"movrs", 7, 1, EAX, 31, None},
    {"avxvnniint8", 7, 1, EDX, 4, YMM},
    {"avxneconvert", 7, 1, EDX, 5, YMM},
    {"amx-complex", 7, 1, EDX, 8, Tile},
    {"avxvnniint16", 7, 1, EDX, 10, YMM},
    {"prefetchi", 7, 1, EDX, 14, None},
    {"usermsr", 7, 1, EDX, 15, None},

    {"xsaveopt", 0xd, 1, EAX, 0, None},
    {"xsavec", 0xd, 1, EAX, 1, None},
    {"xsaves", 0xd, 1, EAX, 3, None},
    {"ptwrite", 0x14, 0, EBX, 4, None},
    {"widekl", 0x19, 0, EBX, 2, None},
    {"amx-fp8", 0x1e, 1, EAX, 4, Tile},
    {"amx-tf32", 0x1e, 1, EAX, 6, Tile},
    {"amx-avx512", 0x1e, 1, EAX, 7, Tile},
    {"amx-movrs", 0x1e, 1, EAX, 8, Tile},

    {"sahf", ext + 1, 0, ECX, 0, None},
    {"lzcnt", ext + 1, 0, ECX, 5, None},
    {"sse4a", ext + 1, 0, ECX, 6, None},
    {"prfchw", ext + 1, 0, ECX, 8, None},
    {"xop", ext + 1, 0, ECX, 11, YMM},
    {"lwp", ext + 1, 0, ECX, 15, None},
    {"fma4", ext + 1, 0, ECX, 16, YMM},
    {"tbm", ext + 1, 0, ECX, 21, None},
    {"mwaitx", ext + 1, 0, ECX, 29, None},
    {"64bit", ext + 1, 0, EDX, 29, None},
    {"clzero", ext + 8, 0, EBX, 0, None},
    {"rdpru", ext + 8, 0, EBX, 4, None},
    {"wbnoinvd", ext + 8, 0, EBX, 9, None},
};

uint64_t enabledState() {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE))
    return 0;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

bool hasState(State state) {
  uint64_t needed = stateMask[state];
  return needed == 0 || (enabledState() & needed) == needed;
}

/// AVX10 has a version instead of bits; 0: none.
unsigned avx10Version() {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || eax < 1 ||
      !__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) || !(edx >> 19 & 1) ||
      !__get_cpuid_count(0x24, 0, &eax, &ebx, &ecx, &edx) || !hasState(ZMM))
    return 0;
  return ebx & 0xff;
}

} // namespace

const char *hostArchitecture() { return "x86_64"; }

int cpuHasFeature(const char *name) {
  if (strcmp(name, "avx10.1") == 0)
    return avx10Version() >= 1;
  if (strcmp(name, "avx10.2") == 0)
    return avx10Version() >= 2;
  for (const Feature &feature : features) {
    if (strcmp(feature.name, name) != 0)
      continue;
    unsigned values[4];
    // A subleaf above the highest one reads as zero on some CPUs and repeats
    // the last one on others.
    if (feature.leaf == 7 && feature.subleaf > 0) {
      if (!__get_cpuid_count(7, 0, &values[EAX], &values[EBX], &values[ECX],
                             &values[EDX]) ||
          values[EAX] < feature.subleaf)
        return 0;
    }
    if (!__get_cpuid_count(feature.leaf, feature.subleaf, &values[EAX],
                           &values[EBX], &values[ECX], &values[EDX]))
      return 0;
    if (!(values[feature.reg] >> feature.bit & 1))
      return 0;
    return hasState(feature.state);
  }
  return -1;
}

bool enableFeature(const char *name) {
  if (strncmp(name, "amx-", 4) != 0)
    return true;
  // ARCH_REQ_XCOMP_PERM for XTILEDATA; see arch_prctl(2) and the kernel's
  // Documentation/arch/x86/xstate.rst.
  constexpr int requestPermission = 0x1023, tileData = 18;
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

#elif defined(__aarch64__)

namespace {

struct Feature {
  const char *name;
  unsigned long type;
  unsigned bit;
};

// Bits of the kernel's asm/hwcap.h, which are ABI.
constexpr Feature features[] = {
    {"fp-armv8", AT_HWCAP, 0},      {"neon", AT_HWCAP, 1},
    {"aes", AT_HWCAP, 3},           {"sha2", AT_HWCAP, 6},
    {"crc", AT_HWCAP, 7},           {"lse", AT_HWCAP, 8},
    {"fullfp16", AT_HWCAP, 10},     {"rdm", AT_HWCAP, 12},
    {"jsconv", AT_HWCAP, 13},       {"complxnum", AT_HWCAP, 14},
    {"rcpc", AT_HWCAP, 15},         {"sha3", AT_HWCAP, 17},
    {"sm4", AT_HWCAP, 19},          {"dotprod", AT_HWCAP, 20},
    {"sve", AT_HWCAP, 22},          {"fp16fml", AT_HWCAP, 23},
    {"sve2", AT_HWCAP2, 1},         {"sve-aes", AT_HWCAP2, 2},
    {"sve2-bitperm", AT_HWCAP2, 4}, {"f32mm", AT_HWCAP2, 10},
    {"f64mm", AT_HWCAP2, 11},       {"i8mm", AT_HWCAP2, 13},
    {"bf16", AT_HWCAP2, 14},        {"sme", AT_HWCAP2, 23},
    {"sve2p1", AT_HWCAP2, 36},      {"sme2", AT_HWCAP2, 37},
};

} // namespace

const char *hostArchitecture() { return "aarch64"; }

int cpuHasFeature(const char *name) {
  for (const Feature &feature : features)
    if (strcmp(feature.name, name) == 0)
      return getauxval(feature.type) >> feature.bit & 1;
  return -1;
}

bool enableFeature(const char *) { return true; }

#else
#error "the runtime knows x86-64 and AArch64"
#endif

} // namespace orchestra::runtime

int32_t orch_cpu_has_feature(const char *name) {
  return name ? orchestra::runtime::cpuHasFeature(name) : -1;
}
