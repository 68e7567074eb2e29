//===- LoadFile.cpp - An artefact from a shared library -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: dlopen, with two traps around it closed.
// 1. dlopen of a cut file maps pages behind its end, and the process dies of
//   SIGBUS later. So the ELF headers are checked against the file's size first.
// 2. dlopen knows a file by its path: after `model.so` was replaced while the
//   old one is loaded, opening the path again gives the old one. So we open an
//   alias of the path ("dir//././model.so") that spells the file's identity;
//   the loader compares strings first, then device and inode, and gets it
//   right.
//
//===----------------------------------------------------------------------===//
#include "LoadFile.h"

#include "CPUFeatures.h"

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace orchestra::runtime {

namespace {

#if defined(__x86_64__)
constexpr uint16_t hostMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t hostMachine = EM_AARCH64;
#endif

orch_status notArtefact(const char *path, const char *why, const char *help) {
  return orch_set_error(ORCH_ERROR_BAD_ARTEFACT,
                        "%s: error: this is not a compiled model "
                        "[not-an-artefact]\n  note: %s\n  help: %s",
                        path, why, help);
}

orch_status truncated(const char *path, uint64_t size, uint64_t needed) {
  return orch_set_error(
      ORCH_ERROR_BAD_ARTEFACT,
      "%s: error: the artefact is cut short [artefact-damaged]\n"
      "  note: it has %llu bytes; its headers speak of %llu\n"
      "  help: copy the file again, or compile the model again",
      path, static_cast<unsigned long long>(size),
      static_cast<unsigned long long>(needed));
}

const char *const compileHelp =
    "make one with: orchestra compile model.onnx -o model.so";

/// Checks that the ELF file `file` of `size` bytes is a whole shared library.
orch_status checkELF(int file, uint64_t size, const char *path) {
  Elf64_Ehdr header = {};
  ssize_t got = pread(file, &header, sizeof(header), 0);
  if (got < 0)
    return orch_set_error(ORCH_ERROR_IO,
                          "%s: error: the artefact cannot be read "
                          "[artefact-unreadable]\n  note: %s",
                          path, strerror(errno));
  if (got < SELFMAG || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return notArtefact(path, "it is not a shared library", compileHelp);
  if (got < ssize_t(sizeof(header)))
    return truncated(path, size, sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != hostMachine)
    return orch_set_error(
        ORCH_ERROR_UNSUPPORTED,
        "%s: error: the artefact is for another machine [wrong-architecture]\n"
        "  note: its ELF machine is %u; this is %s, %u\n"
        "  help: compile the model for this machine",
        path, header.e_machine, hostArchitecture(), hostMachine);
  if (header.e_type == ET_REL)
    return notArtefact(path, "it is an object file",
                       "link it: cc -shared model.o -o model.so");
  if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr))
    return notArtefact(path, "it is not a shared library", compileHelp);

  auto end = [](uint64_t offset, uint64_t bytes) {
    uint64_t sum;
    return __builtin_add_overflow(offset, bytes, &sum) ? UINT64_MAX : sum;
  };
  uint64_t needed =
      end(header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr));
  uint64_t sections =
      header.e_shnum
          ? end(header.e_shoff, uint64_t(header.e_shnum) * header.e_shentsize)
          : 0;
  if (sections > needed)
    needed = sections;
  if (needed > size)
    return truncated(path, size, needed);
  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (pread(file, &segment, sizeof(segment),
              off_t(header.e_phoff + i * sizeof(segment))) !=
        ssize_t(sizeof(segment)))
      return truncated(path, size, needed);
    if (end(segment.p_offset, segment.p_filesz) > size)
      return truncated(path, size, end(segment.p_offset, segment.p_filesz));
  }
  return ORCH_OK;
}

/// Writes to `alias` a path of the file at `real` that no other file had.
bool identityPath(const char *real, const struct stat &status, char *alias,
                  size_t capacity) {
  // FNV-1a.
  uint64_t hash = 0xcbf29ce484222325u;
  const uint64_t identity[] = {uint64_t(status.st_dev), uint64_t(status.st_ino),
                               uint64_t(status.st_size),
                               uint64_t(status.st_mtim.tv_sec),
                               uint64_t(status.st_mtim.tv_nsec)};
  for (uint64_t value : identity)
    for (int i = 0; i < 8; ++i)
      hash = (hash ^ (value >> (8 * i) & 0xff)) * 0x100000001b3u;
  const char *slash = strrchr(real, '/');
  char steps[3 * 32 + 1];
  size_t used = 0;
  for (int bit = 0; bit < 32; ++bit) {
    steps[used++] = '/';
    if ((hash ^ hash >> 32) >> bit & 1)
      steps[used++] = '.';
  }
  steps[used] = 0;
  int length = snprintf(alias, capacity, "%.*s%s/%s", int(slash - real), real,
                        steps, slash + 1);
  return length > 0 && size_t(length) < capacity;
}

} // namespace

orch_status openArtefact(const char *path, void **library,
                         const orch_artefact **artefact) {
  char real[PATH_MAX], alias[PATH_MAX];
  int file = realpath(path, real) ? open(real, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) {
    bool missing = errno == ENOENT || errno == ENOTDIR;
    return orch_set_error(
        missing ? ORCH_ERROR_NOT_FOUND : ORCH_ERROR_IO,
        "%s: error: the artefact cannot be opened [%s]\n"
        "  note: %s",
        path, missing ? "artefact-not-found" : "artefact-unreadable",
        strerror(errno));
  }
  struct stat status;
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file);
    return notArtefact(path, "it is not a regular file", compileHelp);
  }
  orch_status checked = checkELF(file, uint64_t(status.st_size), path);
  close(file);
  if (checked != ORCH_OK)
    return checked;

  bool hasAlias = identityPath(real, status, alias, sizeof(alias));
  void *handle = dlopen(hasAlias ? alias : real, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    return orch_set_error(ORCH_ERROR_BAD_ARTEFACT,
                          "%s: error: the artefact cannot be loaded "
                          "[artefact-damaged]\n  note: %s",
                          path, reason ? reason : "the loader gives no reason");
  }
  void *symbol = dlsym(handle, ORCH_ARTEFACT_SYMBOL);
  if (!symbol) {
    dlclose(handle);
    return notArtefact(
        path, "it is a shared library without the symbol " ORCH_ARTEFACT_SYMBOL,
        compileHelp);
  }
  *library = handle;
  *artefact = static_cast<const orch_artefact *>(symbol);
  return ORCH_OK;
}

} // namespace orchestra::runtime
