//===- Run.cpp - orchestra run --------------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "RunBatch.h"
#include "RunInputs.h"
#include "Tool.h"

#include "orchestra/Driver/BranchProfile.h"
#include "orchestra/Driver/DriverError.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <numeric>

using namespace orchestra;
using namespace orchestra::tool;

namespace {
struct Arguments {
  std::string model, outputs, compare, profile, branchProfile, labels, batch;
  InputArguments inputs;
  CompileOptions compile;
  int threads = 0;
  int top = 0;
  int warmup = 0;
  double rtol = 1e-4, atol = 1e-5;
  bool poison = false;
};
} // namespace

static std::string shortNumber(double value) {
  return value == std::floor(value) && std::fabs(value) < 1e15
             ? llvm::formatv("{0:f0}", value).str()
             : llvm::formatv("{0:f4}", value).str();
}

/// Shape, range and the first elements; or the largest ones, with --top.
static void printTensor(llvm::StringRef name, const Tensor &tensor, int top,
                        llvm::ArrayRef<std::string> labels) {
  llvm::raw_ostream &os = llvm::outs();
  os << name << ": " << describeType(tensor.getDtype(), tensor.getDims());
  int64_t count = tensor.getNumElements();
  if (tensor.isStrings()) {
    os << "\n ";
    for (int64_t i = 0; i < std::min<int64_t>(count, 8); ++i)
      os << " '" << tensor.getString(i) << "'";
    os << (count > 8 ? " ...\n" : "\n");
    return;
  }
  double low = INFINITY, high = -INFINITY, sum = 0;
  int64_t strange = 0;
  for (int64_t i = 0; i < count; ++i) {
    double value = tensor.getElement(i);
    if (!std::isfinite(value)) {
      ++strange;
      continue;
    }
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
  }
  if (count > strange)
    os << ", from " << shortNumber(low) << " to " << shortNumber(high)
       << ", mean " << shortNumber(sum / double(count - strange));
  if (strange)
    os << ", " << strange << " not finite";
  os << "\n";
  if (top > 0 && !tensor.getDims().empty() && tensor.getDims().back() > 0) {
    // The largest along the last dim, row by row: scores of classes.
    int64_t row = tensor.getDims().back();
    for (int64_t start = 0; start < std::min<int64_t>(count, 8 * row);
         start += row) {
      std::vector<int64_t> order(static_cast<size_t>(row));
      std::iota(order.begin(), order.end(), 0);
      int64_t shown = std::min<int64_t>(top, row);
      std::partial_sort(order.begin(), order.begin() + shown, order.end(),
                        [&](int64_t a, int64_t b) {
                          double x = tensor.getElement(start + a);
                          double y = tensor.getElement(start + b);
                          return x > y || (x == y && a < b);
                        });
      if (count > row)
        os << "  row " << start / row << "\n";
      for (int64_t i = 0; i < shown; ++i) {
        size_t index = size_t(order[size_t(i)]);
        os << llvm::formatv("  {0,5}  {1,10:f4}  {2}\n", index,
                            tensor.getElement(start + int64_t(index)),
                            index < labels.size() ? labels[index] : "");
      }
    }
    return;
  }
  os << " ";
  for (int64_t i = 0; i < std::min<int64_t>(count, 8); ++i)
    os << " " << shortNumber(tensor.getElement(i));
  os << (count > 8 ? " ...\n" : "\n");
}

/// Compares with the reference; an Input error if something is beyond bounds.
static llvm::Error compareOutputs(const Arguments &args, const Model &model,
                                  const std::vector<Tensor> &outputs,
                                  llvm::json::Object &json, bool print) {
  llvm::Expected<NamedTensors> reference = readNpz(args.compare);
  if (!reference)
    return reference.takeError();
  std::vector<std::string> notes;
  unsigned compared = 0;
  for (auto [decl, got] : llvm::zip(model.getOutputs(), outputs)) {
    auto wanted =
        llvm::find_if(*reference, [&, &decl = decl](const auto &entry) {
          return entry.first == decl.name;
        });
    if (wanted == reference->end()) {
      json[decl.name] = nullptr;
      if (print)
        llvm::outs() << decl.name
                     << ": not compared, the reference does not have it\n";
      continue;
    }
    ++compared;
    llvm::Expected<Difference> difference =
        compare(got, wanted->second, args.rtol, args.atol, decl.name);
    if (!difference)
      return difference.takeError();
    json[decl.name] =
        llvm::json::Object{{"max_abs", difference->maxAbsolute},
                           {"relative_to_scale", difference->relativeToScale},
                           {"violations", difference->violations},
                           {"index", difference->index},
                           {"got", difference->got},
                           {"wanted", difference->wanted}};
    std::string text = llvm::formatv(
        "{0}: largest difference {1:e3}, {2:e3} of the scale; "
        "worst element {3}: got {4}, wanted {5}",
        decl.name, difference->maxAbsolute, difference->relativeToScale,
        difference->index, llvm::formatv("{0:e9}", difference->got).str(),
        llvm::formatv("{0:e9}", difference->wanted).str());
    if (!difference->withinBounds)
      notes.push_back("note: " + text + "; " +
                      std::to_string(difference->violations) + " of " +
                      std::to_string(got.getNumElements()) +
                      " elements are beyond the bound");
    else if (print)
      llvm::outs() << text << "\n";
  }
  if (compared == 0)
    return makeError(Fault::Input, args.compare,
                     "the reference has none of the model's outputs "
                     "[compare-failed]");
  if (notes.empty())
    return llvm::Error::success();
  notes.push_back(llvm::formatv("note: the bound is {0:e1} + {1:e1} * |wanted|",
                                args.atol, args.rtol)
                      .str());
  return makeError(Fault::Input, args.model,
                   "results differ from the reference [compare-failed]", notes);
}

static llvm::Error runOnce(Arguments &args, const Common &common) {
  NamedTensors archive;
  if (!args.inputs.archive.empty()) {
    llvm::Expected<NamedTensors> read = readNpz(args.inputs.archive);
    if (!read)
      return read.takeError();
    archive = std::move(*read);
  }
  args.compile.profileBranches = !args.branchProfile.empty();
  if (args.compile.profileBranches &&
      llvm::StringRef(args.model).ends_with(".so"))
    return makeError(Fault::Usage, args.model,
                     "a compiled program does not tell how its conditions go "
                     "[usage]",
                     {"help: run the model that it was made of"});
  fixDims(args.inputs, args.model, args.compile);
  llvm::Expected<Loaded> loaded =
      loadModelFor(args.model, args.compile, common, archive);
  if (!loaded)
    return loaded.takeError();
  printWarnings(loaded->report, common);
  const Model &model = *loaded->model;
  if (args.inputs.archive.empty() && args.inputs.files.empty() &&
      args.inputs.seed.empty() && !model.getInputs().empty()) {
    std::string names;
    for (const TensorDecl &decl : model.getInputs())
      names += "\n        " + decl.name + ": " + decl.describe();
    return makeError(Fault::Usage, args.model, "the model needs inputs [usage]",
                     {"note: it takes" + names,
                      "help: give --inputs=FILE.npz, --input NAME=FILE, or "
                      "--random to try it"});
  }
  llvm::Expected<std::vector<Tensor>> inputs = readInputs(model, args.inputs);
  if (!inputs)
    return inputs.takeError();
  SessionOptions options;
  options.threads = args.threads;
  options.profile = !args.profile.empty();
  options.poisonArena = args.poison;
  llvm::Expected<std::unique_ptr<Session>> session =
      Session::create(loaded->model, options);
  if (!session)
    return session.takeError();
  for (int i = 0; i < args.warmup; ++i)
    if (auto outputs = (*session)->run(*inputs); !outputs)
      return outputs.takeError();
  double start = nowMilliseconds();
  llvm::Expected<std::vector<Tensor>> outputs = (*session)->run(*inputs);
  if (!outputs)
    return outputs.takeError();
  double milliseconds = nowMilliseconds() - start;
  if (!args.profile.empty())
    if (llvm::Error error =
            writeText(args.profile, formatTrace(model, **session)))
      return error;
  NamedTensors named;
  for (auto [decl, tensor] : llvm::zip(model.getOutputs(), *outputs))
    named.emplace_back(decl.name, tensor);
  NamedTensors branches = takeBranches(named);
  if (!args.branchProfile.empty())
    if (llvm::Error error = addBranchCounts(args.branchProfile, branches))
      return error;
  if (!args.outputs.empty())
    if (llvm::Error error = writeNpz(args.outputs, named))
      return error;
  llvm::json::Object comparison;
  llvm::Error compared = llvm::Error::success();
  if (!args.compare.empty())
    compared = compareOutputs(args, model, *outputs, comparison,
                              !common.quiet && !common.json);
  if (compared)
    return compared;
  if (common.json) {
    llvm::json::Array list;
    for (const auto &[name, tensor] : named)
      list.push_back(llvm::json::Object{
          {"name", name},
          {"type", describeType(tensor.getDtype(), tensor.getDims())}});
    llvm::outs() << llvm::json::Value(llvm::json::Object{
                        {"ok", true},
                        {"compile_ms", loaded->report.milliseconds},
                        {"from_cache", loaded->report.fromCache},
                        {"load_ms", loaded->loadMilliseconds},
                        {"run_ms", milliseconds},
                        {"outputs", std::move(list)},
                        {"compare", std::move(comparison)}})
                 << "\n";
    return llvm::Error::success();
  }
  std::vector<std::string> labels;
  if (!args.labels.empty()) {
    auto buffer = llvm::MemoryBuffer::getFile(args.labels);
    if (!buffer)
      return makeError(Fault::Input, args.labels,
                       "the file cannot be read [unreadable-file]");
    llvm::SmallVector<llvm::StringRef> lines;
    (*buffer)->getBuffer().split(lines, '\n');
    for (llvm::StringRef line : lines)
      labels.push_back(line.trim().str());
  }
  if (args.outputs.empty() && args.compare.empty())
    for (const auto &[name, tensor] : named)
      printTensor(name, tensor, args.top, labels);
  if (!common.quiet)
    llvm::errs() << "compiled in "
                 << formatMilliseconds(loaded->report.milliseconds)
                 << (loaded->report.fromCache ? " (cached)" : "")
                 << ", loaded in "
                 << formatMilliseconds(loaded->loadMilliseconds)
                 << (args.warmup ? ", run " : ", first run ")
                 << formatMilliseconds(milliseconds) << "\n";
  return llvm::Error::success();
}

void tool::addRun(CLI::App &app, Tool &tool) {
  auto args = std::make_shared<Arguments>();
  CLI::App *command = app.add_subcommand(
      "run", "Compile a model, or load a compiled one, and run it once");
  command->footer(
      "Examples:\n"
      "  orchestra run model.onnx --random\n"
      "  orchestra run model.onnx --inputs in.npz --outputs out.npz\n"
      "  orchestra run digits.so --input image=seven.png --top 3\n"
      "  orchestra run resnet.onnx --input cat.jpg --crop --top 5 \\\n"
      "      --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225\n"
      "  orchestra run bert.onnx --random --dim batch=2 --dim seq=128\n"
      "  orchestra run model.onnx --inputs in.npz --compare ref.npz\n"
      "  orchestra run model.onnx --random --warmup 3 --profile trace.json");
  command->add_option("model", args->model,
                      "An .onnx, .mlir or .mlirbc file, or a compiled .so");
  addInputFlags(*command, args->inputs);
  command->add_option("--outputs", args->outputs,
                      "Write all outputs to this .npz file");
  command->add_option("--top", args->top,
                      "Show the largest elements of each row");
  command->add_option("--labels", args->labels,
                      "A file with the name of a class on each line");
  command->add_option("--compare", args->compare,
                      "Compare outputs with this .npz file; exit code 1 if "
                      "they differ");
  command->add_option("--rtol", args->rtol,
                      "Relative bound of --compare (default: 1e-4)");
  command->add_option("--atol", args->atol,
                      "Absolute bound of --compare (default: 1e-5)");
  command
      ->add_option("--threads", args->threads,
                   "Threads that run (default: one for each CPU)")
      ->check(threadCounts());
  command->add_option("--profile", args->profile,
                      "Write a trace for ui.perfetto.dev");
  command
      ->add_option("--warmup", args->warmup,
                   "Runs before the one that is shown (default: 0)")
      ->check(CLI::Range(0, 1000000));
  command->add_option("--profile-branches", args->branchProfile,
                      "Count in this JSON file which conditions held, for "
                      "--branches");
  command->add_option("--batch", args->batch,
                      "Run many cases in one process: a file with a JSON "
                      "object a line, {\"model\", \"inputs\", \"outputs\"}");
  command->add_flag("--poison-arena", args->poison,
                    "Fill scratch memory with NaNs first, to find bugs");
  addCompileFlags(*command, args->compile);
  addPlanFlags(*command, args->compile);
  addCommonFlags(*command, tool.common);
  command->callback([args, &tool] {
    if (args->model.empty() == args->batch.empty())
      throw CLI::RequiredError("a model, or --batch,");
    tool.action = [args, &tool] {
      if (!args->batch.empty())
        return runBatch(args->batch, args->compile, args->threads, tool.common);
      llvm::Error error = runOnce(*args, tool.common);
      return error ? report(std::move(error), tool.common) : 0;
    };
  });
}
