//===- Safetensors.cpp - External weights from a mapped file --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a safetensors file is an 8-byte little-endian length, a JSON header of
//   that length, and the data. The artefact addresses its weights by offset, so
//   of the header only __metadata__ matters here: it names the content.
// Not done: hashing the data. That would read gigabytes at each start; the hash
//   in the header ties the file to the artefact that was written with it.
//
//===----------------------------------------------------------------------===//
#include "Safetensors.h"

#include "HugePages.h"

#include "orchestra_runtime/format.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace orchestra::runtime {

namespace {

// The limit of the safetensors library itself.
constexpr uint64_t maxHeader = 100u << 20;
constexpr int maxDepth = 64;

/// A reader of JSON that keeps nothing: it skips values and copies strings.
class JSONReader {
public:
  JSONReader(const char *begin, const char *end) : at(begin), end(end) {}

  bool take(char expected) {
    skipSpace();
    if (at == end || *at != expected)
      return false;
    ++at;
    return true;
  }
  bool peek(char expected) {
    skipSpace();
    return at != end && *at == expected;
  }
  bool atEnd() {
    skipSpace();
    return at == end;
  }

  /// Reads a string; copies what fits of it to `value`, with a final zero.
  bool string(char *value, size_t capacity) {
    if (!take('"'))
      return false;
    size_t used = 0;
    auto put = [&](char c) {
      if (used + 1 < capacity)
        value[used++] = c;
    };
    while (at != end && *at != '"') {
      unsigned char c = static_cast<unsigned char>(*at++);
      if (c < 0x20)
        return false;
      if (c != '\\') {
        put(char(c));
        continue;
      }
      if (at == end)
        return false;
      char escape = *at++;
      static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
      if (escape == 'u') {
        uint32_t code = 0;
        if (!hexadecimal(code))
          return false;
        // What we look for is ASCII: anything else only has to differ.
        put(code < 0x80 ? char(code) : char(0x80));
      } else if (const char *found = static_cast<const char *>(
                     memchr(from, escape, sizeof(from) - 1))) {
        put(to[found - from]);
      } else {
        return false;
      }
    }
    if (capacity)
      value[used] = 0;
    return at++ != end;
  }

  bool skipValue(int depth = 0) {
    skipSpace();
    if (at == end || depth > maxDepth)
      return false;
    if (*at == '"')
      return string(nullptr, 0);
    if (*at == '{' || *at == '[') {
      bool object = *at++ == '{';
      char close = object ? '}' : ']';
      if (take(close))
        return true;
      do {
        if (object && !(string(nullptr, 0) && take(':')))
          return false;
        if (!skipValue(depth + 1))
          return false;
      } while (take(','));
      return take(close);
    }
    // A number or a word; its spelling does not matter here.
    const char *start = at;
    while (at != end && (isWord(*at) || *at == '.' || *at == '+' || *at == '-'))
      ++at;
    return at != start;
  }

private:
  static bool isWord(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  }
  void skipSpace() {
    while (at != end &&
           (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
      ++at;
  }
  bool hexadecimal(uint32_t &code) {
    for (int i = 0; i < 4; ++i) {
      if (at == end)
        return false;
      char c = *at++;
      uint32_t digit;
      if (c >= '0' && c <= '9')
        digit = uint32_t(c - '0');
      else if (c >= 'a' && c <= 'f')
        digit = uint32_t(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        digit = uint32_t(c - 'A' + 10);
      else
        return false;
      code = code << 4 | digit;
    }
    return true;
  }

  const char *at;
  const char *end;
};

orch_status notSafetensors(const char *path, const char *why) {
  return orch_set_error(
      ORCH_ERROR_BAD_ARTEFACT,
      "%s: error: this is not a whole safetensors file [weights-damaged]\n"
      "  note: %s\n  help: copy the file again, or compile the model again",
      path, why);
}

} // namespace

Mapping::~Mapping() {
  if (address)
    munmap(address, size);
}

int findMetadata(const char *header, size_t length, const char *key,
                 char *value, size_t capacity) {
  JSONReader reader(header, header + length);
  char name[64];
  int found = 0;
  if (!reader.take('{'))
    return -1;
  if (!reader.take('}')) {
    do {
      if (!reader.string(name, sizeof(name)) || !reader.take(':'))
        return -1;
      if (strcmp(name, "__metadata__") != 0) {
        if (!reader.skipValue())
          return -1;
        continue;
      }
      if (!reader.take('{'))
        return -1;
      if (reader.take('}'))
        continue;
      do {
        if (!reader.string(name, sizeof(name)) || !reader.take(':') ||
            !reader.peek('"'))
          return -1;
        bool wanted = strcmp(name, key) == 0;
        if (!reader.string(wanted ? value : nullptr, wanted ? capacity : 0))
          return -1;
        found |= wanted;
      } while (reader.take(','));
      if (!reader.take('}'))
        return -1;
    } while (reader.take(','));
    if (!reader.take('}'))
      return -1;
  }
  return reader.atEnd() ? found : -1;
}

orch_status mapWeights(const char *path, const char *origin, const char *hash,
                       uint64_t size, Mapping &mapping, const void **data) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    bool missing = errno == ENOENT || errno == ENOTDIR;
    return orch_set_error(
        missing ? ORCH_ERROR_NOT_FOUND : ORCH_ERROR_IO,
        "%s: error: the model's weights cannot be opened [weights-missing]\n"
        "  note: %s: %s\n  help: keep the weights beside the artefact, or give "
        "their path (orch_program_options.weights_path)",
        origin, path, strerror(errno));
  }
  struct stat status;
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file);
    return orch_set_error(ORCH_ERROR_IO,
                          "%s: error: the weights are not a regular file "
                          "[weights-missing]",
                          path);
  }
  uint64_t fileSize = uint64_t(status.st_size);
  if (fileSize < 8) {
    close(file);
    return notSafetensors(path, "it is shorter than 8 bytes");
  }
  void *address = mapFile(file, fileSize);
  int error = errno;
  close(file);
  if (!address)
    return orch_set_error(ORCH_ERROR_SYSTEM,
                          "%s: error: the weights cannot be mapped "
                          "[weights-missing]\n  note: %s",
                          path, strerror(error));
  mapping.address = address;
  mapping.size = fileSize;

  const unsigned char *bytes = static_cast<const unsigned char *>(address);
  uint64_t headerSize = 0;
  for (int i = 0; i < 8; ++i)
    headerSize |= uint64_t(bytes[i]) << (8 * i);
  if (headerSize > fileSize - 8 || headerSize > maxHeader)
    return notSafetensors(path, "its header is longer than the file");

  char found[256] = "";
  int result =
      findMetadata(reinterpret_cast<const char *>(bytes) + 8, headerSize,
                   ORCH_WEIGHTS_HASH_KEY, found, sizeof(found));
  if (result < 0)
    return notSafetensors(path, "its header is not valid");
  if (result == 0 || strcmp(found, hash) != 0)
    return orch_set_error(
        ORCH_ERROR_MISMATCH,
        "%s: error: these are not the weights the model was compiled with "
        "[weights-mismatch]\n  note: %s wants " ORCH_WEIGHTS_HASH_KEY
        " %s; the file has %s\n  help: keep an artefact and its weights "
        "together",
        path, origin, hash, result ? found : "none");

  uint64_t dataSize = fileSize - 8 - headerSize;
  if (dataSize != size)
    return orch_set_error(
        ORCH_ERROR_BAD_ARTEFACT,
        "%s: error: the weights are not whole [weights-damaged]\n"
        "  note: %s needs %llu bytes of data; the file has %llu\n"
        "  help: copy the file again, or compile the model again",
        path, origin, static_cast<unsigned long long>(size),
        static_cast<unsigned long long>(dataSize));
  uint64_t start = 8 + headerSize;
  if (start % ORCH_BUFFER_ALIGNMENT)
    return orch_set_error(
        ORCH_ERROR_BAD_ARTEFACT,
        "%s: error: the weights are not aligned [weights-damaged]\n"
        "  note: the data starts at byte %llu, which is not a multiple of %d\n"
        "  help: use the file the compiler wrote; other tools may drop the "
        "padding of its header",
        path, static_cast<unsigned long long>(start), ORCH_BUFFER_ALIGNMENT);
  *data = bytes + start;
  return ORCH_OK;
}

} // namespace orchestra::runtime
