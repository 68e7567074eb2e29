//===- RunBatch.cpp - Many cases in one process ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Why: a conformance suite has thousands of tiny models; a process for each
//   would spend its time in the dynamic linker.
// Crashes: a case runs in LLVM's crash recovery, on one thread, so that a crash
//   is a failed case. What the case held is leaked.
//
//===----------------------------------------------------------------------===//
#include "RunBatch.h"

#include "orchestra/Driver/DriverError.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace orchestra;
using namespace orchestra::tool;

namespace {
struct Case {
  std::string model, inputs, outputs;
};
} // namespace

static llvm::Error runCase(const Case &test, const CompileOptions &compile,
                           int threads, CompileReport &result) {
  Common quiet;
  quiet.quiet = true;
  NamedTensors given;
  if (!test.inputs.empty()) {
    llvm::Expected<NamedTensors> archive = readNpz(test.inputs);
    if (!archive)
      return archive.takeError();
    given = std::move(*archive);
  }
  llvm::Expected<Loaded> loaded =
      loadModelFor(test.model, compile, quiet, given);
  if (!loaded)
    return loaded.takeError();
  result = loaded->report;
  llvm::Expected<std::vector<Tensor>> inputs =
      orderInputs(*loaded->model, given);
  if (!inputs)
    return inputs.takeError();
  SessionOptions options;
  options.threads = threads;
  llvm::Expected<std::unique_ptr<Session>> session =
      Session::create(loaded->model, options);
  if (!session)
    return session.takeError();
  llvm::Expected<std::vector<Tensor>> outputs = (*session)->run(*inputs);
  if (!outputs)
    return outputs.takeError();
  if (test.outputs.empty())
    return llvm::Error::success();
  NamedTensors named;
  for (auto [decl, tensor] : llvm::zip(loaded->model->getOutputs(), *outputs))
    named.emplace_back(decl.name, tensor);
  return writeNpz(test.outputs, named);
}

static bool parseCase(llvm::StringRef line, Case &test, std::string &problem) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(line);
  if (!value) {
    problem = llvm::toString(value.takeError());
    return false;
  }
  const llvm::json::Object *object = value->getAsObject();
  std::optional<llvm::StringRef> model =
      object ? object->getString("model") : std::nullopt;
  if (!model) {
    problem = "it is not a JSON object with a \"model\"";
    return false;
  }
  test.model = model->str();
  test.inputs = object->getString("inputs").value_or("").str();
  test.outputs = object->getString("outputs").value_or("").str();
  return true;
}

int tool::runBatch(const std::string &list, const CompileOptions &compile,
                   int threads, const Common &common) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(list);
  if (!buffer)
    return report(makeError(Fault::Input, list,
                            "the file cannot be read [unreadable-file]",
                            {"note: " + buffer.getError().message()}),
                  common);
  CompileOptions options = compile;
  // On this thread only, where a crash can be recovered from.
  options.jobs = 1;
  llvm::CrashRecoveryContext::Enable();
  llvm::SmallVector<llvm::StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n');
  unsigned number = 0, failures = 0;
  for (llvm::StringRef line : lines) {
    ++number;
    line = line.trim();
    if (line.empty())
      continue;
    Case test;
    std::string problem;
    if (!parseCase(line, test, problem))
      return report(makeError(Fault::Usage, list + ":" + llvm::Twine(number),
                              "the line cannot be used [usage]",
                              {"note: " + problem}),
                    common);
    double start = nowMilliseconds();
    CompileReport result;
    std::string text;
    int code = 0;
    bool alive = llvm::CrashRecoveryContext().RunSafely([&] {
      if (llvm::Error error = runCase(test, options, threads, result)) {
        DriverError driver = toDriverError(std::move(error), test.model);
        text = driver.getText();
        code = int(driver.getFault());
      }
    });
    if (!alive) {
      text = test.model + ": error: internal error: it crashed [internal]";
      code = int(Fault::Internal);
    }
    llvm::json::Object object{{"model", test.model},
                              {"ok", code == 0},
                              {"ms", nowMilliseconds() - start},
                              {"from_cache", result.fromCache}};
    if (code) {
      ++failures;
      object["exit_code"] = code;
      object["error"] = llvm::json::fixUTF8(text);
    }
    llvm::outs() << llvm::json::Value(std::move(object)) << "\n";
    llvm::outs().flush();
  }
  return failures ? 1 : 0;
}
