//===- ReaderFile.cpp - Mapped files and the weights in them --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// protobuf copies every `bytes` field. A 500 MB model with its weights inside
// would be held twice, so the raw data of large initialisers is cut out of the
// serialised form first: three levels of the wire format (model, graph, tensor)
// are walked here, everything else is copied as it stands.
//
//===----------------------------------------------------------------------===//
#include "ReaderFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace orchestra::onnx;

std::shared_ptr<const MappedFile> MappedFile::open(const std::string &path,
                                                   std::string &error) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    error = std::strerror(errno);
    return nullptr;
  }
  struct stat status;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    error = "not a regular file";
    ::close(fd);
    return nullptr;
  }
  std::shared_ptr<MappedFile> file(new MappedFile());
  if (status.st_size > 0) {
    void *data = ::mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      error = std::strerror(errno);
      ::close(fd);
      return nullptr;
    }
    file->view = {static_cast<const char *>(data),
                  static_cast<size_t>(status.st_size)};
  }
  ::close(fd);
  return file;
}

MappedFile::~MappedFile() {
  if (!view.empty())
    ::munmap(const_cast<char *>(view.data()), view.size());
}

namespace {
/// Smaller tensors stay in the message: shape inference reads them.
constexpr size_t kSmallTensor = 4096;

constexpr unsigned kModelGraph = 7, kGraphInitializer = 5;
constexpr unsigned kTensorRawData = 9, kTensorExternalData = 13,
                   kTensorDataLocation = 14;
constexpr unsigned kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

/// One field of a message: its number, its payload where it has bytes, and all
/// of it as it stands.
struct Field {
  unsigned number = 0, wire = 0;
  std::string_view payload, whole;
};

class FieldReader {
public:
  explicit FieldReader(std::string_view bytes) : rest(bytes) {}
  bool done() const { return rest.empty(); }

  bool next(Field &field) {
    std::string_view start = rest;
    uint64_t tag;
    if (!varint(tag) || (tag >> 3) == 0 || (tag >> 3) > 0x1fffffff)
      return false;
    field.number = static_cast<unsigned>(tag >> 3);
    field.wire = tag & 7;
    field.payload = {};
    uint64_t value = 0;
    switch (field.wire) {
    case kVarint:
      if (!varint(value))
        return false;
      break;
    case kFixed64:
      value = 8;
      break;
    case kFixed32:
      value = 4;
      break;
    case kBytes:
      if (!varint(value))
        return false;
      break;
    default:
      return false;
    }
    if (field.wire != kVarint) {
      if (value > rest.size())
        return false;
      field.payload = rest.substr(0, value);
      rest.remove_prefix(value);
    }
    field.whole = start.substr(0, start.size() - rest.size());
    return true;
  }

private:
  bool varint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest.empty())
        return false;
      uint8_t byte = static_cast<uint8_t>(rest.front());
      rest.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return true;
    }
    return false;
  }

  std::string_view rest;
};

void putVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void putBytes(std::string &out, unsigned number, std::string_view bytes) {
  putVarint(out, number << 3 | kBytes);
  putVarint(out, bytes.size());
  out.append(bytes);
}

void putEntry(std::string &out, std::string_view key, std::string_view value) {
  std::string entry;
  putBytes(entry, 1, key);
  putBytes(entry, 2, value);
  putBytes(out, kTensorExternalData, entry);
}

bool stripTensor(std::string_view tensor, const char *base, std::string &out) {
  std::string_view raw;
  unsigned raws = 0;
  bool external = false;
  Field field;
  for (FieldReader reader(tensor); !reader.done();) {
    if (!reader.next(field))
      return false;
    external |= field.number == kTensorExternalData ||
                field.number == kTensorDataLocation;
    if (field.number == kTensorRawData && field.wire == kBytes) {
      raw = field.payload;
      ++raws;
    }
  }
  // More than one is legal (the last counts); leave that to protobuf.
  if (raws != 1 || external || raw.size() <= kSmallTensor) {
    out.append(tensor);
    return true;
  }
  for (FieldReader reader(tensor); !reader.done();) {
    if (!reader.next(field))
      return false;
    if (field.number != kTensorRawData)
      out.append(field.whole);
  }
  putEntry(out, kInPlaceKey, "1");
  putEntry(out, "offset", std::to_string(raw.data() - base));
  putEntry(out, "length", std::to_string(raw.size()));
  putVarint(out, kTensorDataLocation << 3 | kVarint);
  putVarint(out, 1);
  return true;
}

/// Copies a message, rewriting its fields of one number.
template <typename Rewrite>
bool copyMessage(std::string_view message, unsigned number, std::string &out,
                 Rewrite rewrite) {
  FieldReader reader(message);
  Field field;
  while (!reader.done()) {
    if (!reader.next(field))
      return false;
    if (field.number != number || field.wire != kBytes) {
      out.append(field.whole);
      continue;
    }
    std::string inner;
    if (!rewrite(field.payload, inner))
      return false;
    putBytes(out, number, inner);
  }
  return true;
}
} // namespace

bool orchestra::onnx::stripWeights(std::string_view model,
                                   std::string &stripped) {
  const char *base = model.data();
  return copyMessage(model, kModelGraph, stripped,
                     [&](std::string_view graph, std::string &out) {
                       return copyMessage(
                           graph, kGraphInitializer, out,
                           [&](std::string_view tensor, std::string &inner) {
                             return stripTensor(tensor, base, inner);
                           });
                     });
}

std::shared_ptr<const MappedFile>
ExternalFiles::get(const std::string &location, std::string &error) {
  auto known = open.find(location);
  if (known != open.end())
    return known->second;
  namespace fs = std::filesystem;
  fs::path relative(location);
  if (location.empty() || relative.is_absolute() ||
      location.find('\0') != std::string::npos) {
    error = "the location must be a path relative to the model's folder";
    return nullptr;
  }
  for (const fs::path &part : relative)
    if (part == "..") {
      error = "the location leaves the model's folder";
      return nullptr;
    }
  std::error_code code;
  fs::path root = fs::canonical(folder.empty() ? "." : folder, code);
  fs::path real = code ? fs::path() : fs::canonical(root / relative, code);
  if (code) {
    error = code.message();
    return nullptr;
  }
  // Links were followed: the result must still be below the folder.
  auto [rootEnd, ignored] =
      std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (rootEnd != root.end()) {
    error = "the location leaves the model's folder by a symbolic link";
    return nullptr;
  }
  std::shared_ptr<const MappedFile> file =
      MappedFile::open(real.string(), error);
  if (file)
    open[location] = file;
  return file;
}
