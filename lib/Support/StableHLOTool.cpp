//===- StableHLOTool.cpp - The official StableHLO library -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/StableHLOTool.h"

#include "orchestra/Support/Subprocess.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/StringSaver.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace llvm;
using namespace orchestra;

using Kind = ToolError::Kind;

static constexpr const char *kHowToGet =
    "help: pip install jaxlib==0.10.2 into the Python that runs the command, "
    "or name another with --stablehlo-translate or "
    "ORCHESTRA_STABLEHLO_TRANSLATE";

//===----------------------------------------------------------------------===//
// Finding it
//===----------------------------------------------------------------------===//

/// The programs' folder of the active Python environment, or "".
static std::string environmentFolder() {
  const char *environment = std::getenv("VIRTUAL_ENV");
  if (!environment || !*environment)
    return "";
  SmallString<128> folder(environment);
  sys::path::append(folder, "bin");
  return folder.str().str();
}

static std::string findProgram(StringRef name, StringRef folder) {
  if (!folder.empty())
    if (ErrorOr<std::string> found = sys::findProgramByName(name, {folder}))
      return *found;
  ErrorOr<std::string> found = sys::findProgramByName(name);
  return found ? *found : "";
}

/// The script of the Python package: beside this library in a package, in
/// `python/` of a build folder.
static std::string findScript() {
  std::string self = sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(&findScript));
  for (const char *relative :
       {"../stablehlo_translate.py",
        "../../python/orchestra/stablehlo_translate.py"}) {
    SmallString<256> path(self);
    sys::path::append(path, relative);
    sys::path::remove_dots(path, /*remove_dot_dot=*/true);
    if (sys::fs::exists(path))
      return path.str().str();
  }
  return "";
}

Expected<StableHLOTool> StableHLOTool::find(StringRef given) {
  StableHLOTool tool;
  const char *variable = std::getenv("ORCHESTRA_STABLEHLO_TRANSLATE");
  if (given.empty() && variable)
    given = variable;
  if (!given.trim().empty()) {
    BumpPtrAllocator memory;
    StringSaver saver(memory);
    SmallVector<const char *> words;
    cl::TokenizeGNUCommandLine(given, saver, words);
    tool.command.assign(words.begin(), words.end());
    return tool;
  }
  std::string folder = environmentFolder();
  for (const char *name :
       {"stablehlo-translate", "orchestra-stablehlo-translate"})
    if (std::string path = findProgram(name, folder); !path.empty()) {
      tool.command = {path};
      return tool;
    }
  std::string script = findScript();
  std::string python = findProgram("python3", folder);
  if (script.empty() || python.empty())
    return makeToolError(
        Kind::Missing,
        "the official StableHLO library is needed, but there is no command "
        "stablehlo-translate [missing-tool]",
        {"note: looked for stablehlo-translate and "
         "orchestra-stablehlo-translate in PATH and the Python environment",
         kHowToGet});
  tool.command = {python, script};
  return tool;
}

//===----------------------------------------------------------------------===//
// Running it
//===----------------------------------------------------------------------===//

bool orchestra::isPortableArtefact(StringRef bytes) {
  return bytes.starts_with("ML\xefR") &&
         bytes.take_front(64).contains("StableHLO_v");
}

StringRef orchestra::versionOfArtefact(StringRef bytes) {
  if (!isPortableArtefact(bytes))
    return "";
  StringRef text = bytes.take_front(64);
  text = text.drop_front(text.find("StableHLO_v") + strlen("StableHLO_v"));
  return text.take_while([](char c) { return isDigit(c) || c == '.'; });
}

static Error writeFile(const std::string &path, StringRef bytes) {
  std::error_code error;
  raw_fd_ostream os(path, error);
  if (!error) {
    os << bytes;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return createStringError(error, "%s cannot be written: %s", path.c_str(),
                             error.message().c_str());
  return Error::success();
}

Expected<std::string> StableHLOTool::run(StringRef input,
                                         std::vector<std::string> flags) const {
  Expected<TemporaryFolder> folder =
      TemporaryFolder::create("orchestra-stablehlo");
  if (!folder)
    return folder.takeError();
  std::string in = folder->file("in"), out = folder->file("out");
  if (Error error = writeFile(in, input))
    return std::move(error);
  std::vector<std::string> words = command;
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {in, "-o", out});
  SubprocessOptions options;
  options.timeLimitSeconds = timeLimitSeconds;
  std::string name = "'" + join(command, " ") + "'";
  Expected<SubprocessResult> result = runSubprocess(words, options);
  if (!result)
    return makeToolError(Kind::Missing, name + " cannot be run [missing-tool]",
                         {"note: " + toString(result.takeError()), kHowToGet});
  if (!result->succeeded()) {
    std::vector<std::string> notes{"note: " +
                                   result->describe(timeLimitSeconds)};
    if (std::string said = lastLines(result->errors, 4); !said.empty())
      notes.push_back("note: it said: " + said);
    if (result->exitCode == 4 && StringRef(result->errors).contains("jaxlib")) {
      notes.push_back(kHowToGet);
      return makeToolError(Kind::Missing, name + " lacks jaxlib [missing-tool]",
                           std::move(notes));
    }
    bool refused = result->exitCode > 0 && !result->timedOut;
    return makeToolError(refused ? Kind::Refused : Kind::Broken,
                         name + " failed [tool-failed]", std::move(notes));
  }
  auto buffer = MemoryBuffer::getFile(out, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer || (*buffer)->getBuffer().empty())
    return makeToolError(Kind::Broken, name + " wrote nothing [tool-failed]",
                         {"note: its arguments were " + join(flags, " ")});
  return (*buffer)->getBuffer().str();
}

Expected<std::string> StableHLOTool::serialize(StringRef text,
                                               StringRef version) const {
  Expected<std::string> artefact =
      run(text, {"--serialize", "--target=" + version.str()});
  if (!artefact)
    return artefact.takeError();
  std::string name = "'" + join(command, " ") + "'";
  if (!isPortableArtefact(*artefact))
    return makeToolError(
        Kind::Broken, name + " did not write a portable artefact [tool-failed]",
        {"note: it wrote " + std::to_string(artefact->size()) +
         " bytes of something else"});
  Expected<std::string> back = deserialize(*artefact);
  if (!back)
    return back.takeError();
  return artefact;
}

Expected<std::string> StableHLOTool::deserialize(StringRef artefact) const {
  Expected<std::string> text = run(artefact, {"--deserialize"});
  if (text && !StringRef(*text).contains("module"))
    return makeToolError(Kind::Broken,
                         "'" + join(command, " ") +
                             "' did not write a module [tool-failed]",
                         {"note: it wrote " + std::to_string(text->size()) +
                          " bytes of something else"});
  return text;
}

Expected<std::string> StableHLOTool::toHlo(StringRef program) const {
  return run(program, {"--to-hlo"});
}
