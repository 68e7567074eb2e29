//===- TPU.cpp - Google's compiler for TPUs -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libtpu is a PJRT plugin that compiles for topologies which are not here. It
// runs in `orchestra-pjrt`, and the variables it needs to be left alone are set
// for that process only.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/TPU/TPU.h"

#include "orchestra/Support/Subprocess.h"
#include "orchestra/Support/ToolError.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cstdlib>

using namespace llvm;
using namespace orchestra;

using Kind = ToolError::Kind;

namespace {
/// A slice of chips as libtpu names it.
struct Slice {
  std::string name; ///< "v5e:2x2"
  /// Chips of a host by dimension, where libtpu's default does not fit.
  std::string chipsPerHost;
};
} // namespace

/// The smallest slices, and names in libtpu, by architecture.
static Expected<Slice> sliceOf(StringRef arch, StringRef details) {
  StringRef name = StringSwitch<StringRef>(arch)
                       .Case("google_tpu_v7", "tpu7x")
                       .Default(arch.drop_front(strlen("google_tpu_")));
  bool isFlat = name == "v5e" || name == "v6e";
  StringRef chips = !details.empty() ? details : isFlat ? "1x1" : "2x2x1";
  SmallVector<StringRef> sizes;
  chips.split(sizes, 'x');
  bool wellFormed = sizes.size() == (isFlat ? 2u : 3u);
  for (StringRef size : sizes) {
    unsigned number = 0;
    wellFormed &= !size.getAsInteger(10, number) && number > 0;
  }
  if (!wellFormed)
    return makeToolError(
        Kind::Refused,
        "'" + details + "' is no topology of " + arch + " [unknown-target]",
        {isFlat ? "note: it is two numbers of chips, such as 2x2"
                : "note: it is three numbers of chips, such as 2x2x1"});
  Slice slice{(name + ":" + chips).str(), ""};
  if (chips == "1x1")
    slice.chipsPerHost = "1,1,1";
  return slice;
}

/// The library as the user gave it, else of the Python environment, or "".
static std::string findLibrary(const std::string &given) {
  if (!given.empty())
    return given;
  // The variable that Google's own software reads.
  if (const char *path = std::getenv("TPU_LIBRARY_PATH"))
    return path;
  SmallString<128> python("python3");
  if (const char *environment = std::getenv("VIRTUAL_ENV")) {
    python = environment;
    sys::path::append(python, "bin", "python3");
  }
  SubprocessOptions options;
  options.timeLimitSeconds = 30;
  // Without importing it, which would load it.
  Expected<SubprocessResult> found = runSubprocess(
      {python.str().str(), "-c",
       "import importlib.util, os\n"
       "spec = importlib.util.find_spec('libtpu')\n"
       "print(os.path.join(os.path.dirname(spec.origin), 'libtpu.so') "
       "if spec else '')"},
      options);
  if (!found) {
    consumeError(found.takeError());
    return "";
  }
  StringRef path = StringRef(found->output).trim();
  return found->succeeded() && sys::fs::exists(path) ? path.str() : "";
}

static std::string megabytes(double bytes) {
  return formatv("{0:f1} MB", bytes / 1e6).str();
}

/// Whether the program fits into a chip's memory, by the compiler's own
/// figures.
static Error checkMemory(const json::Object &figures, uint64_t memoryBytes) {
  auto get = [&](StringRef key) {
    return double(figures.getInteger(key).value_or(0));
  };
  double needed = get("code") + get("arguments") + get("outputs") +
                  get("temporaries") - get("aliased");
  if (memoryBytes == 0 || needed <= double(memoryBytes))
    return Error::success();
  return makeToolError(
      Kind::Refused, "the model does not fit into the device [does-not-fit]",
      {"note: it needs " + megabytes(needed) + ": " +
           megabytes(get("arguments")) + " of inputs and weights, " +
           megabytes(get("temporaries")) + " of temporaries, " +
           megabytes(get("code")) + " of code",
       "note: a device has " + megabytes(double(memoryBytes))});
}

static Expected<HandOffResult> compile(const HandOffRequest &request) {
  Expected<Slice> slice = sliceOf(request.arch, request.details);
  if (!slice)
    return slice.takeError();
  std::string library = findLibrary(request.vendorCompiler);
  HandOffResult result;
  if (library.empty()) {
    result.notes = {"note: there is no libtpu here: the StableHLO for it was "
                    "written to " +
                        request.program,
                    "help: pip install libtpu==0.0.42.1, and compile again"};
    return result;
  }
  if (request.helper.empty())
    return makeToolError(Kind::Missing,
                         "the program orchestra-pjrt is missing [missing-tool]",
                         {"note: it lies beside the program orchestra"});
  std::vector<std::string> command{request.helper,  "compile",
                                   library,         slice->name,
                                   request.program, request.output};
  if (!slice->chipsPerHost.empty())
    command.push_back("chips_per_host_bounds=" + slice->chipsPerHost);
  Expected<TemporaryFolder> logs = TemporaryFolder::create("orchestra-tpu");
  if (!logs)
    return logs.takeError();
  SubprocessOptions options;
  options.timeLimitSeconds = request.timeLimitSeconds;
  options.environment = {
      {"TPU_SKIP_MDS_QUERY", "1"}, // else it asks the cloud for minutes
      {"ALLOW_MULTIPLE_LIBTPU_LOAD", "1"},
      {"TPU_ACCELERATOR_TYPE", "v5litepod-4"},
      {"TPU_WORKER_HOSTNAMES", "localhost"},
      {"TPU_LOG_DIR", logs->file("log")}};
  Expected<SubprocessResult> ended = runSubprocess(command, options);
  if (!ended)
    return makeToolError(Kind::Missing,
                         "orchestra-pjrt cannot be run [missing-tool]",
                         {"note: " + toString(ended.takeError())});
  StringRef said = ended->errors;
  if (!ended->succeeded()) {
    sys::fs::remove(request.output);
    std::vector<std::string> notes{"note: " +
                                   ended->describe(request.timeLimitSeconds)};
    size_t note = said.rfind("note: the plugin says: ");
    std::string message = note == StringRef::npos
                              ? lastLines(said, 4)
                              : said.drop_front(note).take_front(1500).str();
    if (!message.empty())
      notes.push_back(StringRef(message).starts_with("note: ")
                          ? message
                          : "note: it said: " + message);
    bool tooLarge = said.contains("RESOURCE_EXHAUSTED") ||
                    said.contains("Ran out of memory");
    if (tooLarge)
      return makeToolError(Kind::Refused,
                           "the model does not fit into the device "
                           "[does-not-fit]",
                           notes);
    return makeToolError(ended->exitCode == 1 ? Kind::Refused : Kind::Broken,
                         "Google's compiler failed [vendor-compiler-failed]",
                         notes);
  }
  Expected<json::Value> figures =
      json::parse(StringRef(ended->output).rtrim().rsplit('\n').second.empty()
                      ? StringRef(ended->output).trim()
                      : StringRef(ended->output).rtrim().rsplit('\n').second);
  if (!figures || !figures->getAsObject()) {
    if (!figures)
      consumeError(figures.takeError());
    sys::fs::remove(request.output);
    return makeToolError(Kind::Broken,
                         "Google's compiler printed no figures "
                         "[vendor-compiler-failed]",
                         {"note: it said: " + lastLines(said, 4)});
  }
  result.compiled = true;
  result.figures = std::move(*figures->getAsObject());
  result.figures["topology"] = slice->name;
  if (Error error = checkMemory(result.figures, request.memoryBytes)) {
    sys::fs::remove(request.output);
    return std::move(error);
  }
  result.notes = {"note: compiled, not executed: this machine has no TPU"};
  return result;
}

const HandOff &tpu::getHandOff() {
  static const HandOff handOff{"google_tpu", ".tpu", /*takesHlo=*/false,
                               compile};
  return handOff;
}
