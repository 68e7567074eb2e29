//===- main.cpp - The orchestra command -----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: parses the command line, runs one subcommand, and keeps the promises
//   about exit codes: 0 done, 1 the input is at fault, 2 usage, 3 a bug of
//   ours, with a reproducer written, 4 the environment lacks something.
//
//===----------------------------------------------------------------------===//
#include "CrashHandler.h"
#include "Tool.h"

#include "llvm/Support/raw_ostream.h"

using namespace orchestra;
using namespace orchestra::tool;

int main(int argc, char **argv) {
  installCrashHandler(argc, argv);
  CLI::App app(
      "Compiles machine learning models to native code and runs them.\n\n"
      "  orchestra run model.onnx --random       compile and run, to try it\n"
      "  orchestra compile model.onnx -o m.so    make a library to ship\n"
      "  orchestra bench model.onnx              how fast is it?\n"
      "  orchestra explain model.onnx            where does the time go?\n"
      "  orchestra plan model.onnx --topology m.json   what runs where?\n");
  app.name("orchestra");
  app.set_version_flag("--version", compilerVersion());
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 the input is at fault, 2 usage, 3 internal "
             "error, 4 the\nenvironment lacks something. 'orchestra COMMAND "
             "--help' has examples.");
  Tool tool;
  addCompile(app, tool);
  addRun(app, tool);
  addBench(app, tool);
  addExplain(app, tool);
  addPlan(app, tool);
  addTargets(app, tool);
  addCompletion(app, tool);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    CLI::App *command = &app;
    for (CLI::App *sub : app.get_subcommands())
      command = sub;
    std::string name = "orchestra";
    if (command != &app)
      name += " " + command->get_name();
    llvm::errs() << name << ": error: " << error.what() << " [usage]\n  help: '"
                 << name << " --help' lists what it takes\n";
    return 2;
  }
  return tool.action ? tool.action() : 2;
}
