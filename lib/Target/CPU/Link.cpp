//===- Link.cpp - From objects to a shared library ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: objects go to a private temporary folder, an external linker makes the
//   artefact beside its final place, a rename publishes it.
// Undefined symbols: kernels may call a handful of libc and libm functions. So
//   that the artefact names the libraries it needs, whatever machine it is
//   linked on, the linker is given two stub libraries made here, never the
//   machine's own.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Link.h"

#include "orchestra_runtime/format.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/InterfaceStub/ELFObjHandler.h"
#include "llvm/InterfaceStub/IFSStub.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace orchestra;
using namespace orchestra::cpu;

char MissingToolError::ID = 0;
void MissingToolError::log(raw_ostream &os) const { os << message; }
std::error_code MissingToolError::convertToErrorCode() const {
  return std::make_error_code(std::errc::no_such_file_or_directory);
}

std::optional<Linker> cpu::findLinker(const MachineTarget &target) {
  // LLD links for every architecture; the others for their own.
  for (const char *name : {"ld.lld-22", "ld.lld"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return Linker{*path, false};
  if (Triple(sys::getProcessTriple()).getArchName() == target.arch)
    for (const char *name : {"ld", "cc", "clang-22", "clang", "gcc"})
      if (ErrorOr<std::string> path = sys::findProgramByName(name))
        return Linker{*path, StringRef(name) != "ld"};
  return std::nullopt;
}

namespace {
/// A folder that goes away with everything in it.
class TemporaryFolder {
public:
  static Expected<TemporaryFolder> create() {
    TemporaryFolder folder;
    if (std::error_code error =
            sys::fs::createUniqueDirectory("orchestra-link", folder.path))
      return createFileError("a temporary folder", error);
    return folder;
  }
  TemporaryFolder(TemporaryFolder &&other) : path(std::move(other.path)) {
    other.path.clear();
  }
  ~TemporaryFolder() {
    if (!path.empty())
      sys::fs::remove_directories(path, /*IgnoreErrors=*/true);
  }
  std::string file(const Twine &name) const {
    return (Twine(path) + "/" + name).str();
  }

private:
  TemporaryFolder() = default;
  SmallString<128> path;
};
} // namespace

static Error writeFile(StringRef path, ArrayRef<char> bytes) {
  std::error_code error;
  raw_fd_ostream os(path, error);
  if (error)
    return createFileError(path, error);
  os.write(bytes.data(), bytes.size());
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return createFileError(path, error);
  }
  return Error::success();
}

/// Collects the names that `objects` use and do not define.
static Expected<StringSet<>>
undefinedSymbols(ArrayRef<ArrayRef<char>> objects) {
  StringSet<> undefined, defined;
  for (ArrayRef<char> bytes : objects) {
    auto object = object::ObjectFile::createObjectFile(MemoryBufferRef(
        StringRef(bytes.data(), bytes.size()), "compiled object"));
    if (!object)
      return object.takeError();
    for (const object::SymbolRef &symbol : (*object)->symbols()) {
      Expected<uint32_t> flags = symbol.getFlags();
      Expected<StringRef> name = symbol.getName();
      if (!flags)
        return flags.takeError();
      if (!name)
        return name.takeError();
      if (*flags & object::SymbolRef::SF_Undefined)
        undefined.insert(*name);
      else if (*flags & object::SymbolRef::SF_Global)
        defined.insert(*name);
    }
  }
  for (const auto &entry : defined)
    undefined.erase(entry.getKey());
  undefined.erase("");
  return undefined;
}

static bool isLibcSymbol(StringRef name) {
  // The heap serves temporaries of kernels whose size nothing bounds.
  return is_contained({"memcpy", "memset", "memmove", "memcmp", "bzero",
                       "aligned_alloc", "free"},
                      name);
}

/// Functions of libm, in double precision; the others append f.
static bool isLibmSymbol(StringRef name) {
  static constexpr StringLiteral functions[] = {
      "acos",   "acosh",     "asin",      "asinh",  "atan",      "atan2",
      "atanh",  "cbrt",      "ceil",      "cos",    "cosh",      "erf",
      "erfc",   "exp",       "exp10",     "exp2",   "expm1",     "fabs",
      "floor",  "fma",       "fmax",      "fmin",   "fmod",      "hypot",
      "ldexp",  "log",       "log10",     "log1p",  "log2",      "lgamma",
      "lround", "llround",   "nearbyint", "pow",    "remainder", "rint",
      "round",  "roundeven", "sin",       "sincos", "sinh",      "sqrt",
      "tan",    "tanh",      "tgamma",    "trunc",  "frexp",     "copysign"};
  return is_contained(functions, name) ||
         (name.consume_back("f") && is_contained(functions, name));
}

/// Writes a shared library without code that defines `symbols`.
static Error writeStubLibrary(StringRef path, StringRef soname,
                              const MachineTarget &target,
                              ArrayRef<StringRef> symbols) {
  ifs::IFSStub stub;
  stub.IfsVersion = VersionTuple(3, 0);
  stub.SoName = soname.str();
  stub.Target.Arch = target.arch == "x86_64" ? ELF::EM_X86_64 : ELF::EM_AARCH64;
  stub.Target.BitWidth = ifs::IFSBitWidthType::IFS64;
  stub.Target.Endianness = ifs::IFSEndiannessType::Little;
  for (StringRef name : symbols) {
    ifs::IFSSymbol symbol(name.str());
    symbol.Type = ifs::IFSSymbolType::Func;
    symbol.Size = 0;
    stub.Symbols.push_back(symbol);
  }
  llvm::sort(stub.Symbols);
  return ifs::writeBinaryStub(path, stub);
}

static Error runLinker(const Linker &linker, ArrayRef<std::string> arguments,
                       const TemporaryFolder &folder) {
  SmallVector<StringRef> command{linker.path};
  command.append(arguments.begin(), arguments.end());
  std::string output = folder.file("output.txt"), message;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(output),
                                          StringRef(output)};
  int status = sys::ExecuteAndWait(linker.path, command, /*Env=*/std::nullopt,
                                   redirects, /*SecondsToWait=*/0,
                                   /*MemoryLimit=*/0, &message);
  if (status == 0)
    return Error::success();
  std::string text = message;
  if (auto buffer = MemoryBuffer::getFile(output))
    text += (*buffer)->getBuffer().rtrim().str();
  std::string line = join(command, " ");
  return createStringError("the linker failed [link-failed]\n  note: " + line +
                           "\n  note: exit status " + Twine(status) + ": " +
                           text);
}

/// Makes hidden symbols of a relocatable file local, so that two models with
/// the same kernel can be linked into one program.
static Error localizeHidden(StringRef from, StringRef to) {
  auto binary = object::createBinary(from);
  if (!binary)
    return binary.takeError();
  objcopy::ConfigManager config;
  config.ELF.LocalizeHidden = true;
  std::error_code error;
  raw_fd_ostream os(to, error);
  if (error)
    return createFileError(to, error);
  return objcopy::executeObjcopyOnBinary(config, *binary->getBinary(), os);
}

/// Puts the weights where their placeholder is; if this linker's layout does
/// not allow that, links them as they are, with the same arguments.
static Error fillOrLinkAgain(const Linker &linker,
                             ArrayRef<std::string> arguments,
                             const TemporaryFolder &folder, StringRef output,
                             const MachineTarget &target,
                             const LinkOptions &options) {
  Expected<bool> filled = fillPlaceholder(output, *options.weights);
  if (!filled)
    return filled.takeError();
  if (*filled)
    return Error::success();
  if (Error error = writeWeightsObject(folder.file("weights.o"), target,
                                       *options.weights, options.weightsSymbol))
    return error;
  return runLinker(linker, arguments, folder);
}

Error cpu::link(ArrayRef<ArrayRef<char>> objects, const MachineTarget &target,
                StringRef path, const LinkOptions &options) {
  std::optional<Linker> linker = findLinker(target);
  if (!linker)
    return make_error<MissingToolError>(
        "no linker for " + target.arch +
        " was found in PATH [missing-linker]\n  note: looked for ld.lld-22, "
        "ld.lld, ld, cc, clang-22, clang, gcc\n  help: install one (on Debian: "
        "apt-get install lld-22); 'orchestra run' needs none");
  Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();

  std::vector<std::string> inputs;
  for (auto [index, bytes] : llvm::enumerate(objects)) {
    inputs.push_back(folder->file(Twine(index) + ".o"));
    if (Error error = writeFile(inputs.back(), bytes))
      return error;
  }
  std::string partial =
      path.str() + ".tmp-" +
      sys::path::filename(sys::path::parent_path(folder->file("x"))).str();
  auto linkerFlag = [&](StringRef flag) {
    return linker->isCompiler ? ("-Wl," + flag).str() : flag.str();
  };

  if (options.relocatable) {
    std::string merged = folder->file("merged.o"), local = folder->file("l.o");
    std::vector<std::string> arguments{"-r", "-o", merged};
    if (linker->isCompiler)
      arguments.push_back("-nostdlib");
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    if (Error error = runLinker(*linker, arguments, *folder))
      return error;
    // With the weights as an object of their own, which stays undefined here,
    // they never pass through objcopy's memory.
    if (Error error = localizeHidden(merged, local))
      return error;
    arguments = {"-r", "-o", partial, local};
    if (linker->isCompiler)
      arguments.push_back("-nostdlib");
    if (options.weights) {
      arguments.push_back(folder->file("weights.o"));
      if (Error error =
              writeWeightsObject(arguments.back(), target, *options.weights,
                                 options.weightsSymbol))
        return error;
    }
    if (Error error = runLinker(*linker, arguments, *folder)) {
      sys::fs::remove(partial);
      return error;
    }
  } else {
    std::string script = folder->file("exports.map");
    StringRef exports = "{ global: " ORCH_ARTEFACT_SYMBOL "; local: *; };\n";
    if (Error error =
            writeFile(script, ArrayRef(exports.data(), exports.size())))
      return error;
    std::vector<std::string> arguments{"-shared", "-o", partial};
    if (linker->isCompiler)
      arguments.push_back("-nostdlib");
    for (StringRef flag :
         {"--gc-sections", "-znoexecstack", "-zrelro", "-znow",
          "--hash-style=gnu", "--build-id=none", "--as-needed", "-zdefs"})
      arguments.push_back(linkerFlag(flag));
    arguments.push_back(linkerFlag("--version-script=" + script));
    arguments.push_back(
        linkerFlag(("-soname=" + sys::path::filename(path)).str()));
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    // Small weights are not worth a page of padding.
    bool placeholder = options.weights && target.arch == "x86_64" &&
                       options.weights->size > (64u << 10);
    if (options.weights) {
      std::string file = folder->file("weights.o");
      arguments.push_back(file);
      Error error = placeholder
                        ? writeWeightsPlaceholder(file, options.weights->size,
                                                  options.weightsSymbol)
                        : writeWeightsObject(file, target, *options.weights,
                                             options.weightsSymbol);
      if (error)
        return error;
    }
    Expected<StringSet<>> undefined = undefinedSymbols(objects);
    if (!undefined)
      return undefined.takeError();
    undefined->erase(options.weightsSymbol);
    SmallVector<StringRef> libc, libm;
    std::string strangers;
    for (const auto &entry : *undefined) {
      StringRef name = entry.getKey();
      if (isLibcSymbol(name))
        libc.push_back(name);
      else if (isLibmSymbol(name))
        libm.push_back(name);
      else
        strangers += (strangers.empty() ? "" : ", ") + name.str();
    }
    if (!strangers.empty())
      return createStringError("compiled code calls what no artefact may: " +
                               strangers + " [internal]");
    struct Stub {
      StringRef file, soname;
      ArrayRef<StringRef> symbols;
    } stubs[] = {{"libc.so", "libc.so.6", libc},
                 {"libm.so", "libm.so.6", libm}};
    for (const Stub &stub : stubs) {
      if (stub.symbols.empty())
        continue;
      std::string file = folder->file(stub.file);
      if (Error error =
              writeStubLibrary(file, stub.soname, target, stub.symbols))
        return error;
      arguments.push_back(file);
    }
    if (Error error = runLinker(*linker, arguments, *folder)) {
      sys::fs::remove(partial);
      return error;
    }
    if (placeholder) {
      Error error = fillOrLinkAgain(*linker, arguments, *folder, partial,
                                    target, options);
      if (error) {
        sys::fs::remove(partial);
        return error;
      }
    }
  }
  return replaceFile(partial, path);
}
