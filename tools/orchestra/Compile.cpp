//===- Compile.cpp - orchestra compile ------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Tool.h"

#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Session.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace orchestra;
using namespace orchestra::tool;

namespace {
struct Arguments {
  std::string model, output, stopAfter, emit, weights = "embedded", inputs;
  CompileOptions compile;
};
} // namespace

static llvm::json::Object toJson(const CompileReport &report) {
  llvm::json::Array phases;
  for (const PhaseTime &phase : report.phases)
    phases.push_back(
        llvm::json::Object{{"name", phase.name}, {"ms", phase.milliseconds}});
  return llvm::json::Object{{"ok", true},
                            {"compile_ms", report.milliseconds},
                            {"phases", std::move(phases)},
                            {"from_cache", report.fromCache},
                            {"kernels", report.kernels},
                            {"kernels_from_cache", report.kernelsFromCache},
                            {"calls", report.calls},
                            {"code_bytes", report.codeBytes},
                            {"weight_bytes", report.weightBytes},
                            {"target", report.target}};
}

static void printSummary(const CompileReport &report,
                         const std::vector<std::string> &files) {
  llvm::raw_ostream &os = llvm::errs();
  for (const PhaseTime &phase : report.phases)
    if (phase.milliseconds >= 1)
      os << llvm::formatv("  {0,-16} {1,10}\n", phase.name,
                          formatMilliseconds(phase.milliseconds));
  os << llvm::formatv(
      "  {0,-16} {1,10}   {2} kernels, {3} calls, code {4}, weights {5}{6}\n",
      "total", formatMilliseconds(report.milliseconds), report.kernels,
      report.calls, formatBytes(double(report.codeBytes)),
      formatBytes(double(report.weightBytes)),
      report.fromCache ? ", from the cache" : "");
  for (const std::string &file : files) {
    uint64_t size = 0;
    if (!llvm::sys::fs::file_size(file, size))
      os << "wrote " << file << " (" << formatBytes(double(size)) << ")\n";
  }
}

/// Text and IR: to the output file, or to stdout.
static llvm::Error emitText(Arguments &args) {
  EmitFormat format = args.emit == "llvm"        ? EmitFormat::LLVMIR
                      : args.emit == "asm"       ? EmitFormat::Assembly
                      : args.emit == "header"    ? EmitFormat::Header
                      : args.emit == "stablehlo" ? EmitFormat::StableHLO
                      : args.emit == "stablehlo-artefact"
                          ? EmitFormat::StableHLOArtefact
                      : args.emit == "hlo-proto" ? EmitFormat::HloProto
                                                 : EmitFormat::MLIR;
  if (args.output.empty() || args.output == "-")
    return emitModel(args.model, args.compile, args.stopAfter, format,
                     llvm::outs());
  // A file that is there stays as it is until there is something to write.
  std::string text;
  llvm::raw_string_ostream buffer(text);
  if (llvm::Error error =
          emitModel(args.model, args.compile, args.stopAfter, format, buffer))
    return error;
  return writeText(args.output, text);
}

/// The inputs of an archive, or one array, whose name is that of the only
/// input.
static llvm::Expected<NamedTensors> readGiven(llvm::StringRef path) {
  if (!path.ends_with_insensitive(".npy"))
    return readNpz(path);
  llvm::Expected<Tensor> tensor = readNpy(path);
  if (!tensor)
    return tensor.takeError();
  NamedTensors inputs;
  inputs.emplace_back("", std::move(*tensor));
  return inputs;
}

/// To a vendor's compiler.
static int handOver(Arguments &args, const Common &common) {
  if (args.compile.given)
    args.compile.fixShapes = true;
  auto compileIt = [&] {
    Progress progress(common, args.compile);
    return compileHandOff(args.model, args.compile, args.output);
  };
  llvm::Expected<HandOffReport> result = compileIt();
  if (!result)
    return report(result.takeError(), common);
  if (common.json) {
    llvm::outs() << llvm::json::Value(llvm::json::Object{
                        {"ok", true},
                        {"compiled", result->compiled},
                        {"files", llvm::json::Array(result->files)},
                        {"notes", llvm::json::Array(result->notes)}})
                 << "\n";
  } else if (!common.quiet) {
    for (const std::string &file : result->files)
      llvm::errs() << "wrote " << file << "\n";
    for (const std::string &note : result->notes)
      llvm::errs() << "  " << note << "\n";
  }
  return 0;
}

static int compile(Arguments &args, const Common &common) {
  if (!args.inputs.empty()) {
    llvm::Expected<NamedTensors> inputs = readGiven(args.inputs);
    if (!inputs)
      return report(inputs.takeError(), common);
    args.compile.given = describeInputs(*inputs);
  }
  if (args.emit.empty() && !args.stopAfter.empty())
    args.emit = "mlir";
  if (!args.emit.empty() && args.emit != "obj" && args.emit != "so") {
    // StableHLO is for one set of sizes: those of the inputs, if there are any.
    if (args.compile.given && args.emit != "mlir")
      args.compile.fixShapes = true;
    Progress progress(common, args.compile);
    llvm::Error error = emitText(args);
    return error ? report(std::move(error), common) : 0;
  }
  if (!args.stopAfter.empty())
    return report(makeError(Fault::Usage, "",
                            "only MLIR leaves the stage '" + args.stopAfter +
                                "' [unknown-stage]",
                            {"help: use --emit=mlir, or drop --stop-after"}),
                  common);
  if (args.output.empty())
    args.output = llvm::sys::path::stem(args.model).str() +
                  (isHandOffTarget(args.compile.target)
                       ? handOffExtension(args.compile.target).str()
                   : args.emit == "obj" ? ".o"
                                        : ".so");
  llvm::StringRef folder = llvm::sys::path::parent_path(args.output);
  if (!folder.empty() && !llvm::sys::fs::is_directory(folder))
    return report(makeError(Fault::Environment, args.output,
                            "the file cannot be written [unwritable-file]",
                            {"note: there is no folder " + folder.str()}),
                  common);
  if (isHandOffTarget(args.compile.target))
    return handOver(args, common);
  llvm::StringRef extension = llvm::sys::path::extension(args.output);
  if ((args.emit == "obj" && extension == ".so") ||
      (args.emit == "so" && extension == ".o"))
    return report(makeError(Fault::Usage, args.output,
                            "--emit=" + args.emit +
                                " is not what the file's name says "
                                "[unknown-format]",
                            {"help: name it " +
                             std::string(args.emit == "obj" ? ".o" : ".so") +
                             ", or drop --emit"}),
                  common);
  if (extension != ".so" && extension != ".o")
    return report(makeError(Fault::Usage, args.output,
                            "the kind of output is not known [unknown-format]",
                            {"help: name it .so (a shared library) or .o (an "
                             "object to link), or use --emit"}),
                  common);
  auto compileIt = [&] {
    Progress progress(common, args.compile);
    return compileModel(args.model, args.compile);
  };
  std::string warning;
  llvm::Expected<std::unique_ptr<CompiledModel>> compiled = compileIt();
  if (!compiled && args.compile.given) {
    // As `run` does: no code for all sizes, but some for these.
    DriverError error = toDriverError(compiled.takeError(), args.model);
    if (!dependsOnInputs(error))
      return report(llvm::make_error<DriverError>(error), common);
    warning = onlyTheseSizes(error);
    args.compile.fixShapes = true;
    compiled = compileIt();
  }
  if (!compiled)
    return report(compiled.takeError(), common);
  CompileReport result = (*compiled)->getReport();
  if (!warning.empty())
    result.warnings.push_back(warning);
  printWarnings(result, common);
  llvm::Expected<std::vector<std::string>> files =
      (*compiled)->writeArtefact(args.output, args.weights == "external");
  if (!files)
    return report(files.takeError(), common);
  if (common.json) {
    llvm::json::Object object = toJson(result);
    object["files"] = llvm::json::Array(*files);
    llvm::outs() << llvm::json::Value(std::move(object)) << "\n";
  } else if (!common.quiet) {
    printSummary(result, *files);
  }
  return 0;
}

void tool::addCompile(CLI::App &app, Tool &tool) {
  auto args = std::make_shared<Arguments>();
  CLI::App *command =
      app.add_subcommand("compile", "Compile a model to a library");
  command->footer(
      "Examples:\n"
      "  orchestra compile model.onnx -o model.so\n"
      "  orchestra compile model.onnx -o model.so --weights=external\n"
      "  orchestra compile model.onnx --cpu=x86-64-v3 -o portable.so\n"
      "  orchestra compile model.onnx --emit=header -o model.h\n"
      "  orchestra compile model.onnx --emit=stablehlo -o model.mlir\n"
      "  orchestra compile model.onnx --target=google_tpu_v5e:2x2 -o m.tpu\n"
      "  orchestra compile model.onnx --stop-after=structure --emit=mlir");
  command->add_option("model", args->model, "An .onnx, .mlir or .mlirbc file")
      ->required();
  command->add_option("-o,--output", args->output,
                      "File to write: .so or .o (default: the model's name)");
  command->add_option("--emit", args->emit, "What to write instead")
      ->check(CLI::IsMember({"so", "obj", "mlir", "llvm", "asm", "header",
                             "stablehlo", "stablehlo-artefact", "hlo-proto"}));
  command
      ->add_option("--stop-after", args->stopAfter,
                   "Stop after this stage and print what leaves it")
      ->check(CLI::IsMember(stageNames()));
  command
      ->add_option("--weights", args->weights,
                   "Weights inside, or in a .safetensors file beside it")
      ->check(CLI::IsMember({"embedded", "external"}));
  addDimFlag(*command, args->compile.dims,
             "Fix a dynamic dimension at compile time: NAME=SIZE");
  command->add_option("--inputs", args->inputs,
                      "Compile for the inputs in this .npz file (or .npy, of a "
                      "model with one input): as many items of sequences, the "
                      "same small integers where the structure follows from "
                      "them, the same sizes where there is no code for all");
  command->add_option("--stablehlo-version", args->compile.stablehloVersion,
                      "Version of the portable artefact, such as 1.9.0");
  addCompileFlags(*command, args->compile);
  addPlanFlags(*command, args->compile);
  addCommonFlags(*command, tool.common);
  command->callback([args, &tool] {
    tool.action = [args, &tool] { return compile(*args, tool.common); };
  });
}
