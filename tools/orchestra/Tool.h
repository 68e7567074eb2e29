//===- Tool.h - What the subcommands share ----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A subcommand is a file: it adds its flags to the application and sets the
// action that main() runs after parsing. Everything it does is in the Driver.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TOOLS_ORCHESTRA_TOOL_H
#define ORCHESTRA_TOOLS_ORCHESTRA_TOOL_H

#include "orchestra/Driver/Driver.h"
#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Session.h"

#include <CLI/CLI.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace orchestra::tool {

/// Flags of every subcommand.
struct Common {
  bool quiet = false;
  bool json = false;
};

struct Tool {
  Common common;
  /// What the chosen subcommand does; the result is the exit code.
  std::function<int()> action;
};

void addCompile(CLI::App &app, Tool &tool);
void addRun(CLI::App &app, Tool &tool);
void addBench(CLI::App &app, Tool &tool);
void addExplain(CLI::App &app, Tool &tool);
void addPlan(CLI::App &app, Tool &tool);
void addTargets(CLI::App &app, Tool &tool);
void addCompletion(CLI::App &app, Tool &tool);

/// -q and --json.
void addCommonFlags(CLI::App &command, Common &common);
/// --target, --cpu, --strategy, --cache-dir and so on.
void addCompileFlags(CLI::App &command, CompileOptions &options);
/// --topology and what goes with it, of commands that compile and run.
void addPlanFlags(CLI::App &command, CompileOptions &options);
/// --dim NAME=SIZE, repeatable, into `dims`.
CLI::Option *addDimFlag(CLI::App &command, std::map<std::string, int64_t> &dims,
                        const std::string &help);

/// Writes a whole file; fails if not all of it could be written.
llvm::Error writeText(llvm::StringRef path, llvm::StringRef text);

/// Shows the current phase on stderr when a compilation takes over a second.
class Progress {
public:
  Progress(const Common &common, CompileOptions &options);
  ~Progress();

private:
  void watch();

  std::mutex mutex;
  std::condition_variable changed;
  std::string phase;
  bool done = false;
  bool shown = false;
  std::thread watcher;
};

/// A model to run: an artefact as it is, anything else compiled first.
struct Loaded {
  std::shared_ptr<Model> model;
  CompileReport report; ///< empty for an artefact
  double loadMilliseconds = 0;
};
llvm::Expected<Loaded> loadModel(const std::string &path,
                                 CompileOptions options, const Common &common);
/// The same for a run with these inputs. A model whose structure follows from
/// inputs, and which cannot be compiled without knowing them, is compiled for
/// them alone.
/// Whether a program for given sizes may be had where one for all is not.
bool dependsOnInputs(const DriverError &error);
/// What a user is told who has such a program, because of `error`.
std::string onlyTheseSizes(const DriverError &error);
llvm::Expected<Loaded> loadModelFor(const std::string &path,
                                    const CompileOptions &options,
                                    const Common &common,
                                    const NamedTensors &inputs);

/// Prints an error to stderr (and, with --json, JSON to stdout) and returns the
/// exit code that goes with it.
int report(llvm::Error error, const Common &common);
void printWarnings(const CompileReport &report, const Common &common);

/// "1.5 MB".
std::string formatBytes(double bytes);
/// "1.24 ms".
std::string formatMilliseconds(double milliseconds);

/// Checks of flags: a number of threads (0: one for each CPU), a finite number
/// of at least `least`.
CLI::Validator threadCounts();
CLI::Validator finiteNumber(double least);

double nowMilliseconds();

} // namespace orchestra::tool

#endif // ORCHESTRA_TOOLS_ORCHESTRA_TOOL_H
