//===- CrashHandler.cpp - What remains after a crash ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a shell script in the current folder (or the temporary one) that runs
//   the same command again in the same folder, with the version and the stack
//   of the crash in comments.
//
//===----------------------------------------------------------------------===//
#include "CrashHandler.h"

#include "orchestra/Driver/Driver.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <new>
#include <string>
#include <unistd.h>
#include <vector>

using namespace orchestra;

namespace {
struct Crash {
  std::vector<std::string> command;
  std::string folder, version;
};
} // namespace

/// Never destroyed: a crash may come during exit.
static Crash *crash = nullptr;

/// A word as a POSIX shell reads it.
static std::string quoted(const std::string &word) {
  std::string result = "'";
  for (char c : word)
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

static void onCrash(void *) {
  // A second crash in here must end it.
  std::signal(SIGSEGV, SIG_DFL);
  std::signal(SIGABRT, SIG_DFL);
  std::string path =
      crash->folder + "/orchestra-crash-" + std::to_string(getpid()) + ".sh";
  std::error_code error;
  auto os = std::make_unique<llvm::raw_fd_ostream>(path, error);
  if (error) {
    llvm::SmallString<128> temporary;
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/false, temporary);
    path =
        (temporary + "/orchestra-crash-" + llvm::Twine(getpid()) + ".sh").str();
    os = std::make_unique<llvm::raw_fd_ostream>(path, error);
  }
  if (!error) {
    *os << "#!/bin/sh\n# orchestra " << crash->version
        << " crashed while it ran this.\ncd " << quoted(crash->folder)
        << " &&\n ";
    for (const std::string &word : crash->command)
      *os << " " << quoted(word);
    *os << "\n: <<'STACK'\n";
    llvm::sys::PrintStackTrace(*os);
    *os << "STACK\n";
    os->close();
  }
  llvm::errs() << "orchestra: error: internal error, please report it "
                  "[internal]\n";
  if (!error)
    llvm::errs() << "  note: a reproducer is in " << path
                 << "; send it with the model\n";
  _exit(3);
}

static void onOutOfMemory() {
  static const char message[] =
      "orchestra: error: there is not enough memory [out-of-memory]\n";
  (void)!write(2, message, sizeof(message) - 1);
  _exit(4);
}

void orchestra::tool::installCrashHandler(int argc, char **argv) {
  crash = new Crash;
  crash->command.assign(argv, argv + argc);
  crash->version = compilerVersion();
  llvm::SmallString<128> folder;
  if (!llvm::sys::fs::current_path(folder))
    crash->folder = std::string(folder);
  llvm::sys::AddSignalHandler(onCrash, nullptr);
  std::set_new_handler(onOutOfMemory);
}
