//===- Trainium.cpp - Amazon's compiler for Trainium ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `neuronx-cc` is documented to read an HloModuleProto with the framework
// "XLA". The command:
// https://awsdocs-neuron.readthedocs-hosted.com/en/latest/compiler/
// neuronx-cc/api-reference-guide/neuron-compiler-cli-reference-guide.html
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Trainium/Trainium.h"

#include "orchestra/Support/Subprocess.h"
#include "orchestra/Support/ToolError.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/StringSaver.h"

#include <cstdlib>

using namespace llvm;
using namespace orchestra;

using Kind = ToolError::Kind;

/// The compiler as the user gave it, else in PATH or the Python environment.
static std::vector<std::string> findCompiler(StringRef given) {
  std::vector<std::string> command;
  if (!given.trim().empty()) {
    BumpPtrAllocator memory;
    StringSaver saver(memory);
    SmallVector<const char *> words;
    cl::TokenizeGNUCommandLine(given, saver, words);
    command.assign(words.begin(), words.end());
    return command;
  }
  SmallVector<std::string> folders;
  if (const char *environment = std::getenv("VIRTUAL_ENV"))
    folders.push_back(std::string(environment) + "/bin");
  for (const std::string &folder : folders)
    if (ErrorOr<std::string> found =
            sys::findProgramByName("neuronx-cc", {StringRef(folder)}))
      return {*found};
  if (ErrorOr<std::string> found = sys::findProgramByName("neuronx-cc"))
    return {*found};
  return {};
}

static Expected<HandOffResult> compile(const HandOffRequest &request) {
  StringRef target = StringSwitch<StringRef>(request.arch)
                         .Case("aws_trainium1", "trn1")
                         .Case("aws_trainium2", "trn2")
                         .Case("aws_trainium3", "trn3")
                         .Default("");
  if (target.empty() || !request.details.empty())
    return makeToolError(Kind::Refused,
                         "'" + request.arch + ":" + request.details +
                             "' is no target of neuronx-cc [unknown-target]",
                         {"note: there is no topology to choose"});
  std::vector<std::string> command = findCompiler(request.vendorCompiler);
  bool isHere = !command.empty();
  if (!isHere)
    command = {"neuronx-cc"};
  std::string log = request.output + ".log";
  command.insert(command.end(),
                 {"compile", request.program, "--framework", "XLA", "--target",
                  target.str(), "--output", request.output, "--logfile", log});
  HandOffResult result;
  if (!isHere) {
    result.notes = {"note: there is no neuronx-cc here: the HLO for it was "
                    "written to " +
                        request.program,
                    "help: where it is installed, run: " + join(command, " ")};
    return result;
  }
  SubprocessOptions options;
  options.timeLimitSeconds = request.timeLimitSeconds;
  Expected<SubprocessResult> ended = runSubprocess(command, options);
  if (!ended)
    return makeToolError(
        Kind::Missing, "'" + command.front() + "' cannot be run [missing-tool]",
        {"note: " + toString(ended.takeError())});
  uint64_t size = 0;
  bool wrote = !sys::fs::file_size(request.output, size) && size > 0;
  if (!ended->succeeded() || !wrote) {
    sys::fs::remove(request.output);
    std::vector<std::string> notes{
        ended->succeeded()
            ? std::string("note: it wrote no program")
            : "note: " + ended->describe(request.timeLimitSeconds)};
    std::string said = lastLines(ended->errors, 6);
    if (said.empty())
      said = lastLines(ended->output, 6);
    if (said.empty())
      if (auto buffer = MemoryBuffer::getFile(log))
        said = lastLines((*buffer)->getBuffer(), 6);
    if (!said.empty())
      notes.push_back("note: it said: " + said);
    notes.push_back("note: the command was: " + join(command, " "));
    return makeToolError(ended->exitCode > 0 ? Kind::Refused : Kind::Broken,
                         "Amazon's compiler failed [vendor-compiler-failed]",
                         notes);
  }
  result.compiled = true;
  result.figures["target"] = target;
  result.notes = {"note: compiled, not executed"};
  return result;
}

const HandOff &trainium::getHandOff() {
  static const HandOff handOff{"aws_trainium", ".neff", /*takesHlo=*/true,
                               compile};
  return handOff;
}
