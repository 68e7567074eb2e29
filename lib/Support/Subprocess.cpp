//===- Subprocess.cpp - Other people's programs ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Why not llvm::sys::ExecuteAndWait: its time limit is an alarm of the whole
// process, which another thread may receive, and it kills the child alone.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/Subprocess.h"

#include "orchestra/Support/ToolError.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

extern char **environ;

using namespace llvm;
using namespace orchestra;

char ToolError::ID = 0;
void ToolError::log(raw_ostream &os) const { os << message; }
std::error_code ToolError::convertToErrorCode() const {
  return inconvertibleErrorCode();
}

Error orchestra::makeToolError(ToolError::Kind kind, const Twine &message,
                               std::vector<std::string> notes) {
  return make_error<ToolError>(kind, message.str(), std::move(notes));
}

std::string SubprocessResult::describe(unsigned timeLimitSeconds) const {
  if (timedOut)
    return "it did not end within " + std::to_string(timeLimitSeconds) +
           " seconds and was stopped";
  if (signal)
    return "it was killed by signal " + std::to_string(signal);
  return "it ended with exit code " + std::to_string(exitCode);
}

std::string orchestra::lastLines(StringRef text, unsigned lines) {
  SmallVector<StringRef> all;
  text.split(all, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  ArrayRef<StringRef> last = ArrayRef(all).take_back(lines);
  return join(last, "\n");
}

Expected<TemporaryFolder> TemporaryFolder::create(StringRef prefix) {
  SmallString<128> path;
  if (std::error_code error = sys::fs::createUniqueDirectory(prefix, path))
    return createStringError(error, "no temporary folder can be made: %s",
                             error.message().c_str());
  return TemporaryFolder(path.str().str());
}

TemporaryFolder::TemporaryFolder(TemporaryFolder &&other) noexcept
    : path(std::exchange(other.path, "")) {}

TemporaryFolder::~TemporaryFolder() {
  if (!path.empty())
    sys::fs::remove_directories(path);
}

std::string TemporaryFolder::file(StringRef name) const {
  SmallString<128> result(path);
  sys::path::append(result, name);
  return result.str().str();
}

/// The last 64 KB of a file.
static std::string readEnd(const std::string &path) {
  constexpr size_t most = 64 << 10;
  auto buffer = MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().take_back(most).str() : "";
}

/// The environment of this process with some variables set.
static std::vector<std::string>
mergeEnvironment(ArrayRef<std::pair<std::string, std::string>> changes) {
  std::vector<std::string> merged;
  for (char **entry = environ; *entry; ++entry) {
    StringRef name = StringRef(*entry).split('=').first;
    if (none_of(changes,
                [&](const auto &change) { return name == change.first; }))
      merged.emplace_back(*entry);
  }
  for (const auto &[name, value] : changes)
    merged.push_back(name + "=" + value);
  return merged;
}

static std::vector<char *> pointersTo(std::vector<std::string> &strings) {
  std::vector<char *> pointers;
  for (std::string &string : strings)
    pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Waits, and stops the child's group when the time is over.
static SubprocessResult waitFor(pid_t child, unsigned seconds) {
  using Clock = std::chrono::steady_clock;
  SubprocessResult result;
  auto deadline = Clock::now() + std::chrono::seconds(seconds);
  auto pause = std::chrono::microseconds(500);
  int status = 0;
  while (true) {
    pid_t done = waitpid(child, &status, result.timedOut ? 0 : WNOHANG);
    if (done == child || (done < 0 && errno != EINTR))
      break;
    if (result.timedOut)
      continue;
    if (Clock::now() >= deadline) {
      result.timedOut = true;
      kill(-child, SIGKILL);
      continue;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(20000));
  }
  if (WIFSIGNALED(status))
    result.signal = WTERMSIG(status);
  else
    result.exitCode = WEXITSTATUS(status);
  return result;
}

Expected<SubprocessResult>
orchestra::runSubprocess(ArrayRef<std::string> command,
                         const SubprocessOptions &options) {
  std::string program = command.front();
  if (!sys::path::has_parent_path(program)) {
    ErrorOr<std::string> found = sys::findProgramByName(program);
    if (!found)
      return createStringError(found.getError(), "there is no program '%s'",
                               program.c_str());
    program = *found;
  }
  Expected<TemporaryFolder> folder =
      TemporaryFolder::create("orchestra-subprocess");
  if (!folder)
    return folder.takeError();
  std::string output = folder->file("stdout"), errors = folder->file("stderr");

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY,
                                   0);
  constexpr int writing = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(),
                                   writing, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors.c_str(),
                                   writing, 0600);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);

  std::vector<std::string> words(command.begin(), command.end());
  std::vector<std::string> environment = mergeEnvironment(options.environment);
  pid_t child = 0;
  int failed =
      posix_spawn(&child, program.c_str(), &files, &attributes,
                  pointersTo(words).data(), pointersTo(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (failed)
    return createStringError(std::error_code(failed, std::generic_category()),
                             "'%s' cannot be started: %s", program.c_str(),
                             std::system_category().message(failed).c_str());
  SubprocessResult result = waitFor(child, options.timeLimitSeconds);
  result.output = readEnd(output);
  result.errors = readEnd(errors);
  return result;
}
