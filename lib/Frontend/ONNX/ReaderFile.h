//===- ReaderFile.h - Mapped files and the weights in them ------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_READERFILE_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_READERFILE_H

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace orchestra::onnx {

/// A regular file, mapped read-only and private.
class MappedFile {
public:
  /// Null with the reason in `error`.
  static std::shared_ptr<const MappedFile> open(const std::string &path,
                                                std::string &error);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  std::string_view bytes() const { return view; }

private:
  MappedFile() = default;
  std::string_view view;
};

/// The key of an external_data entry that says: the bytes lie in the model's
/// own file, at "offset", for "length".
inline constexpr const char *kInPlaceKey = "orchestra.in-place";

/// Copies a serialised ModelProto without the raw data of large initialisers,
/// each of which becomes external data with kInPlaceKey, so that parsing does
/// not copy weights. Returns false if the bytes are not well formed; the caller
/// then lets protobuf say so.
bool stripWeights(std::string_view model, std::string &stripped);

/// The files that tensors of one model refer to, confined to its folder.
class ExternalFiles {
public:
  explicit ExternalFiles(std::string folder) : folder(std::move(folder)) {}
  /// The mapped file `location` names, relative to the folder. Refuses absolute
  /// paths, and any that leaves the folder, also by a symbolic link.
  std::shared_ptr<const MappedFile> get(const std::string &location,
                                        std::string &error);

private:
  std::string folder;
  std::map<std::string, std::shared_ptr<const MappedFile>> open;
};

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_READERFILE_H
