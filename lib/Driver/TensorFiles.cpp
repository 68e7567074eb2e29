//===- TensorFiles.cpp - NumPy's files, raw files -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Format: numpy.lib.format, versions 1 to 3: "\x93NUMPY", two version bytes, a
//   header length of 2 or 4 bytes, a Python dict literal padded with spaces to
//   64 bytes, the elements. An .npz is a zip of such files.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Tensor.h"
#include "orchestra_runtime/format.h"
#include "orchestra_runtime/tensor.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <minizip/unzip.h>
#include <minizip/zip.h>

using namespace llvm;
using namespace orchestra;

namespace {
struct NumpyType {
  uint32_t dtype;
  StringLiteral code; ///< without the byte order
};
} // namespace
static constexpr NumpyType kNumpyTypes[] = {
    {ORCH_DTYPE_F32, "f4"},  {ORCH_DTYPE_F64, "f8"}, {ORCH_DTYPE_F16, "f2"},
    {ORCH_DTYPE_BF16, "V2"}, {ORCH_DTYPE_I8, "i1"},  {ORCH_DTYPE_I16, "i2"},
    {ORCH_DTYPE_I32, "i4"},  {ORCH_DTYPE_I64, "i8"}, {ORCH_DTYPE_U8, "u1"},
    {ORCH_DTYPE_U16, "u2"},  {ORCH_DTYPE_U32, "u4"}, {ORCH_DTYPE_U64, "u8"},
    {ORCH_DTYPE_BOOL, "b1"}};

static Error badNpy(StringRef where, const Twine &why) {
  return makeError(Fault::Input, where,
                   "this is not a NumPy array that can be read [bad-npy]",
                   {"note: " + why.str()});
}

namespace {
/// The header's dict, read strictly: NumPy writes it in one way only.
struct NpyHeader {
  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;

  static std::optional<NpyHeader> parse(StringRef text) {
    NpyHeader header;
    bool hasDescr = false, hasOrder = false, hasShape = false;
    text = text.trim();
    if (!text.consume_front("{"))
      return std::nullopt;
    for (text = text.ltrim(); !text.consume_front("}"); text = text.ltrim()) {
      std::optional<StringRef> key = quoted(text);
      text = text.ltrim();
      if (!key || !text.consume_front(":"))
        return std::nullopt;
      text = text.ltrim();
      if (*key == "descr") {
        std::optional<StringRef> value = quoted(text);
        if (!value)
          return std::nullopt;
        header.descr = value->str();
        hasDescr = true;
      } else if (*key == "fortran_order") {
        header.fortran = text.consume_front("True");
        if (!header.fortran && !text.consume_front("False"))
          return std::nullopt;
        hasOrder = true;
      } else if (*key == "shape") {
        if (!text.consume_front("("))
          return std::nullopt;
        for (text = text.ltrim(); !text.consume_front(")");
             text = text.ltrim()) {
          uint64_t dim;
          if (text.consumeInteger(10, dim) || dim > (uint64_t(1) << 48))
            return std::nullopt;
          text.consume_front("L"); // Python 2
          text = text.ltrim();
          text.consume_front(",");
          header.shape.push_back(int64_t(dim));
        }
        hasShape = true;
      } else {
        return std::nullopt;
      }
      text = text.ltrim();
      text.consume_front(",");
    }
    if (!hasDescr || !hasOrder || !hasShape)
      return std::nullopt;
    return header;
  }

private:
  static std::optional<StringRef> quoted(StringRef &text) {
    for (StringRef quote : {"'", "\""})
      if (text.consume_front(quote)) {
        size_t end = text.find(quote);
        if (end == StringRef::npos)
          return std::nullopt;
        StringRef value = text.take_front(end);
        text = text.drop_front(end + 1);
        return value;
      }
    return std::nullopt;
  }
};
} // namespace

/// Copies column-major elements into row-major order.
static void transposeInto(Tensor &tensor, const char *from, size_t size) {
  const std::vector<int64_t> &dims = tensor.getDims();
  std::vector<int64_t> index(dims.size(), 0), strides(dims.size(), 1);
  for (size_t i = 1; i < dims.size(); ++i)
    strides[i] = strides[i - 1] * dims[i - 1];
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    int64_t source = 0;
    for (size_t d = 0; d < dims.size(); ++d)
      source += index[d] * strides[d];
    memcpy(tensor.getData() + i * size, from + source * size, size);
    for (size_t d = dims.size(); d-- > 0;) {
      if (++index[d] < dims[d])
        break;
      index[d] = 0;
    }
  }
}

/// Strings, which NumPy keeps as UTF-32 in elements of one size, padded with
/// zeros.
static Expected<Tensor> parseStrings(StringRef text, const NpyHeader &header,
                                     uint64_t length, bool bigEndian,
                                     StringRef where) {
  uint64_t count = 1;
  bool over = false;
  for (int64_t dim : header.shape)
    count = SaturatingMultiply(count, uint64_t(dim), &over);
  uint64_t size = SaturatingMultiply<uint64_t>(length, 4);
  if (over || SaturatingMultiply(count, size) > text.size())
    return badNpy(where, "its elements are cut off");
  if (header.fortran && header.shape.size() > 1)
    return badNpy(where, "strings in column-major order");
  std::vector<std::string> strings(count);
  for (uint64_t i = 0; i < count; ++i)
    for (uint64_t k = 0; k < length; ++k) {
      const char *at = text.data() + i * size + 4 * k;
      uint32_t code = bigEndian ? support::endian::read32be(at)
                                : support::endian::read32le(at);
      if (code == 0)
        break;
      char bytes[UNI_MAX_UTF8_BYTES_PER_CODE_POINT], *end = bytes;
      if (!ConvertCodePointToUTF8(code, end))
        return badNpy(where, "a string has a character that is none");
      strings[i].append(bytes, end);
    }
  return Tensor::ofStrings(header.shape, strings);
}

Expected<Tensor> orchestra::parseNpy(ArrayRef<char> bytes, StringRef where) {
  StringRef text(bytes.data(), bytes.size());
  if (!text.consume_front("\x93NUMPY") || text.size() < 4)
    return badNpy(where, "it does not start like one");
  unsigned major = (unsigned char)text[0];
  text = text.drop_front(2);
  uint64_t length;
  if (major == 1) {
    length = support::endian::read16le(text.data());
    text = text.drop_front(2);
  } else if ((major == 2 || major == 3) && text.size() >= 4) {
    length = support::endian::read32le(text.data());
    text = text.drop_front(4);
  } else {
    return badNpy(where, "version " + Twine(major) + " of the format");
  }
  if (length > text.size())
    return badNpy(where, "its header is cut off");
  std::optional<NpyHeader> header = NpyHeader::parse(text.take_front(length));
  if (!header)
    return badNpy(where, "its header does not parse: " +
                             text.take_front(std::min<uint64_t>(length, 80)));
  text = text.drop_front(length);
  StringRef code = header->descr;
  bool bigEndian = code.starts_with(">");
  code = code.ltrim("<>|=");
  uint64_t characters;
  if (StringRef number = code;
      number.consume_front("U") && !number.getAsInteger(10, characters))
    return parseStrings(text, *header, characters, bigEndian, where);
  uint32_t dtype = 0;
  for (const NumpyType &type : kNumpyTypes)
    if (type.code == code)
      dtype = type.dtype;
  if (code == "V1") // bits of a type NumPy lacks
    dtype = ORCH_DTYPE_U8;
  if (!dtype)
    return badNpy(where,
                  "its element type '" + header->descr + "' is not supported");
  Expected<Tensor> tensor = Tensor::allocate(dtype, header->shape);
  if (!tensor)
    return tensor.takeError();
  if (text.size() < tensor->getNumBytes())
    return badNpy(where, Twine(tensor->getNumBytes()) +
                             " bytes of elements are needed, " +
                             Twine(text.size()) + " are there");
  size_t size = orch_dtype_bits(dtype) / 8;
  if (header->fortran && header->shape.size() > 1)
    transposeInto(*tensor, text.data(), size);
  else
    memcpy(tensor->getData(), text.data(), tensor->getNumBytes());
  if (bigEndian)
    for (int64_t i = 0; i < tensor->getNumElements(); ++i)
      std::reverse(tensor->getData() + i * size,
                   tensor->getData() + (i + 1) * size);
  return tensor;
}

static Expected<std::unique_ptr<MemoryBuffer>> openData(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError(Fault::Input, path,
                     "the file cannot be read [unreadable-file]",
                     {"note: " + buffer.getError().message()});
  return std::move(*buffer);
}

Expected<Tensor> orchestra::readNpy(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = openData(path);
  if (!buffer)
    return buffer.takeError();
  return parseNpy(
      ArrayRef((*buffer)->getBufferStart(), (*buffer)->getBufferSize()), path);
}

static SmallVector<UTF32> codesOf(StringRef text) {
  SmallVector<UTF32> codes;
  const auto *at = reinterpret_cast<const UTF8 *>(text.begin());
  const auto *end = reinterpret_cast<const UTF8 *>(text.end());
  while (at < end) {
    UTF32 code;
    if (convertUTF8Sequence(&at, end, &code, strictConversion) != conversionOK)
      code = *at++; // no UTF-8: bytes as they are
    codes.push_back(code);
  }
  return codes;
}

/// In characters; NumPy has no strings of none.
static size_t longestString(const Tensor &tensor) {
  size_t length = 1;
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    length = std::max(length, codesOf(tensor.getString(i)).size());
  return length;
}

/// The elements as NumPy has them: packed ones take a byte each.
static ArrayRef<char> numpyBytes(const Tensor &tensor,
                                 std::vector<char> &unpacked) {
  if (tensor.getDtype() == ORCH_DTYPE_STRING) {
    size_t length = longestString(tensor);
    unpacked.assign(4 * length * size_t(tensor.getNumElements()), 0);
    for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
      char *to = unpacked.data() + 4 * length * size_t(i);
      for (UTF32 code : codesOf(tensor.getString(i))) {
        support::endian::write32le(to, code);
        to += 4;
      }
    }
    return unpacked;
  }
  if (orch_dtype_bits(tensor.getDtype()) >= 8)
    return ArrayRef(tensor.getData(), tensor.getNumBytes());
  unpacked.resize(size_t(tensor.getNumElements()));
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    unpacked[size_t(i)] = char(tensor.getCode(i));
  return unpacked;
}

std::vector<char> orchestra::formatNpyHeader(const Tensor &tensor) {
  StringRef code;
  for (const NumpyType &type : kNumpyTypes)
    if (type.dtype == tensor.getDtype())
      code = type.code;
  std::string text;
  if (tensor.getDtype() == ORCH_DTYPE_STRING)
    code = text = "U" + std::to_string(longestString(tensor));
  std::string dict;
  raw_string_ostream os(dict);
  unsigned size = std::max(1u, orch_dtype_bits(tensor.getDtype()) / 8);
  os << "{'descr': '" << (size == 1 || code.starts_with("V") ? "|" : "<")
     << (code.empty() ? "V1" : code) << "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : tensor.getDims())
    os << dim << (tensor.getDims().size() == 1 ? "," : ", ");
  os << "), }";
  std::string header("\x93NUMPY\x01\x00\0\0", 10);
  size_t total = alignTo(header.size() + dict.size() + 1, 64);
  dict.append(total - header.size() - dict.size() - 1, ' ');
  dict += '\n';
  support::endian::write16le(header.data() + 8, dict.size());
  header += dict;
  return std::vector<char>(header.begin(), header.end());
}

Error orchestra::writeNpy(StringRef path, const Tensor &tensor) {
  std::error_code error;
  raw_fd_ostream os(path, error);
  if (!error) {
    std::vector<char> header = formatNpyHeader(tensor);
    os.write(header.data(), header.size());
    std::vector<char> unpacked;
    ArrayRef<char> bytes = numpyBytes(tensor, unpacked);
    os.write(bytes.data(), bytes.size());
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return makeError(Fault::Environment, path,
                     "the file cannot be written [unwritable-file]",
                     {"note: " + error.message()});
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Archives
//===----------------------------------------------------------------------===//

static Error badNpz(StringRef path, const Twine &why) {
  return makeError(Fault::Input, path,
                   "this is not a NumPy archive that can be read [bad-npz]",
                   {"note: " + why.str()});
}

Expected<NamedTensors> orchestra::readNpz(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = openData(path);
  if (!buffer)
    return buffer.takeError();
  // The end of a directory and nothing before it: an archive of no arrays, for
  // a model without inputs. minizip takes its place, 0, for none.
  if ((*buffer)->getBufferSize() == 22 &&
      (*buffer)->getBuffer().starts_with("PK\x05\x06"))
    return NamedTensors();
  unzFile archive = unzOpen64(path.str().c_str());
  if (!archive)
    return badNpz(path, "it is not a zip file, or is cut off");
  scope_exit close([&] { unzClose(archive); });
  NamedTensors tensors;
  std::vector<char> bytes;
  for (int status = unzGoToFirstFile(archive);
       status != UNZ_END_OF_LIST_OF_FILE; status = unzGoToNextFile(archive)) {
    char name[1024];
    unz_file_info64 info;
    if (status != UNZ_OK ||
        unzGetCurrentFileInfo64(archive, &info, name, sizeof(name), nullptr, 0,
                                nullptr, 0) != UNZ_OK)
      return badNpz(path, "its directory is damaged");
    if (info.size_filename >= sizeof(name))
      return badNpz(path, "the name of a member is too long");
    // Damage or malice in the directory must not become a huge allocation: a
    // stored member is no larger than the file, deflate gains at most 1032.
    if (info.uncompressed_size > info.compressed_size * 1100 + 4096)
      return badNpz(path, Twine(name) + " claims an impossible size");
    if (unzOpenCurrentFile(archive) != UNZ_OK)
      return badNpz(path, Twine(name) + " cannot be opened");
    bytes.resize(info.uncompressed_size);
    size_t done = 0;
    while (done < bytes.size()) {
      int read = unzReadCurrentFile(
          archive, bytes.data() + done,
          unsigned(std::min<size_t>(bytes.size() - done, 1u << 30)));
      if (read <= 0)
        break;
      done += size_t(read);
    }
    if (unzCloseCurrentFile(archive) != UNZ_OK || done != bytes.size())
      return badNpz(path, Twine(name) + " is damaged");
    StringRef stem(name);
    stem.consume_back(".npy");
    Expected<Tensor> tensor = parseNpy(bytes, (path + ":" + stem).str());
    if (!tensor)
      return tensor.takeError();
    tensors.emplace_back(stem.str(), std::move(*tensor));
  }
  return tensors;
}

Error orchestra::writeNpz(StringRef path, const NamedTensors &tensors) {
  auto failed = [&](const Twine &why) {
    return makeError(Fault::Environment, path,
                     "the file cannot be written [unwritable-file]",
                     {"note: " + why.str()});
  };
  sys::fs::file_status there;
  if (!sys::fs::status(path, there) && !sys::fs::is_regular_file(there))
    return failed("it is there already and no regular file");
  // Beside the target and renamed, so that nobody reads half an archive.
  std::string temporary =
      (path + "." + Twine(sys::Process::getProcessId()) + ".tmp").str();
  zipFile archive = zipOpen64(temporary.c_str(), APPEND_STATUS_CREATE);
  if (!archive)
    return failed("it cannot be created");
  bool good = true;
  for (const auto &[name, tensor] : tensors) {
    zip_fileinfo info = {};
    info.tmz_date.tm_year = 1980; // the same bytes on every day
    info.tmz_date.tm_mday = 1;
    std::vector<char> header = formatNpyHeader(tensor), unpacked;
    ArrayRef<char> bytes = numpyBytes(tensor, unpacked);
    good = good && zipOpenNewFileInZip64(archive, (name + ".npy").c_str(),
                                         &info, nullptr, 0, nullptr, 0, nullptr,
                                         /*method=*/0, /*level=*/0,
                                         bytes.size() > 0xf0000000u) == ZIP_OK;
    good = good && zipWriteInFileInZip(archive, header.data(),
                                       unsigned(header.size())) == ZIP_OK;
    for (uint64_t done = 0; good && done < bytes.size();) {
      uint64_t part = std::min<uint64_t>(bytes.size() - done, 1u << 30);
      good = zipWriteInFileInZip(archive, bytes.data() + done,
                                 unsigned(part)) == ZIP_OK;
      done += part;
    }
    good = good && zipCloseFileInZip(archive) == ZIP_OK;
  }
  good &= zipClose(archive, nullptr) == ZIP_OK;
  if (good && !sys::fs::rename(temporary, path))
    return Error::success();
  (void)sys::fs::remove(temporary);
  return failed("the disk may be full");
}

Expected<Tensor> orchestra::readRaw(StringRef path, const TensorDecl &spec) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = openData(path);
  if (!buffer)
    return buffer.takeError();
  uint64_t size = (*buffer)->getBufferSize();
  std::vector<int64_t> dims = spec.dims;
  uint64_t known = 1, bits = orch_dtype_bits(spec.dtype);
  int64_t *open = nullptr;
  unsigned dynamic = 0;
  for (int64_t &dim : dims) {
    if (dim < 0) {
      open = &dim;
      ++dynamic;
    } else {
      known *= uint64_t(dim);
    }
  }
  if (dynamic == 1 && known * bits != 0)
    *open = int64_t(size * 8 / (known * bits));
  if (dynamic > 1)
    return makeError(Fault::Input, path,
                     "the shape of a raw file is not known [raw-size]",
                     {"note: input '" + spec.name + "' is " + spec.describe(),
                      "help: use a .npy file, which has a shape"});
  Expected<Tensor> tensor = Tensor::allocate(spec.dtype, dims);
  if (!tensor)
    return tensor.takeError();
  if (tensor->getNumBytes() != size)
    return makeError(Fault::Input, path,
                     "a raw file of another size is needed [raw-size]",
                     {"note: input '" + spec.name + "' is " + spec.describe() +
                      ", which is " + std::to_string(tensor->getNumBytes()) +
                      " bytes; the file has " + std::to_string(size)});
  memcpy(tensor->getData(), (*buffer)->getBufferStart(), size);
  return tensor;
}
