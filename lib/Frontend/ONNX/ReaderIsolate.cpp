//===- ReaderIsolate.cpp - The onnx library in a process of its own -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape inference of the onnx library trusts attributes: a batch_dims of -100
// makes it read memory that is not its own. Models that need it (old ones, and
// those with operators defined by functions) therefore go through it in a
// forked child, which has nothing to lose: it gets the model without its
// weights, does the step, and sends the result back. Models that need no
// library never fork.
//
//===----------------------------------------------------------------------===//
#include "ReaderProto.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace orchestra::onnx;

namespace {
/// The longest that the library may work on one model.
constexpr int kSeconds = 60;

void put(std::string &out, const std::string &text) {
  uint64_t size = text.size();
  out.append(reinterpret_cast<const char *>(&size), sizeof(size));
  out.append(text);
}

std::string take(std::string_view &in) {
  uint64_t size;
  if (in.size() < sizeof(size))
    throw std::runtime_error("the answer of the library's process is cut off");
  std::memcpy(&size, in.data(), sizeof(size));
  in.remove_prefix(sizeof(size));
  if (in.size() < size)
    throw std::runtime_error("the answer of the library's process is cut off");
  std::string text(in.substr(0, size));
  in.remove_prefix(size);
  return text;
}

void putProblem(std::string &out, const Problem &problem) {
  put(out, problem.isWarning ? "warning" : "error");
  for (const std::string *text :
       {&problem.slug, &problem.node, &problem.message, &problem.help})
    put(out, *text);
  put(out, std::to_string(problem.notes.size()));
  for (const std::string &note : problem.notes)
    put(out, note);
}

Problem takeProblem(std::string_view &in) {
  Problem problem;
  problem.isWarning = take(in) == "warning";
  for (std::string *text :
       {&problem.slug, &problem.node, &problem.message, &problem.help})
    *text = take(in);
  for (size_t left = std::stoul(take(in)); left > 0; --left)
    problem.notes.push_back(take(in));
  return problem;
}

/// Does the step; never returns.
[[noreturn]] void runChild(int out, pb::ModelProto &model, const Step &step) {
  // A crash here is the expected end of a hostile model: nothing to report.
  for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL})
    std::signal(signal, SIG_DFL);
  rlimit none{0, 0}, time{kSeconds, kSeconds};
  ::setrlimit(RLIMIT_CORE, &none);
  ::setrlimit(RLIMIT_CPU, &time);
  std::vector<Problem> problems;
  try {
    step(model, problems);
  } catch (const ReadError &error) {
    problems.push_back(error.problem);
  } catch (const std::exception &error) {
    problems.push_back({"invalid-model",
                        "",
                        "the onnx library refuses the model",
                        {error.what()},
                        ""});
  }
  std::string answer;
  put(answer, std::to_string(problems.size()));
  for (const Problem &problem : problems)
    putProblem(answer, problem);
  put(answer, model.SerializeAsString());
  for (size_t sent = 0; sent < answer.size();) {
    ssize_t count = ::write(out, answer.data() + sent, answer.size() - sent);
    if (count <= 0)
      break;
    sent += static_cast<size_t>(count);
  }
  ::_exit(0);
}

/// All that the child writes until it ends; false if it takes too long.
bool readAll(int in, std::string &answer) {
  std::vector<char> buffer(1 << 16);
  for (;;) {
    pollfd ready{in, POLLIN, 0};
    int got = ::poll(&ready, 1, 2 * kSeconds * 1000);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    ssize_t count = ::read(in, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return true;
    answer.append(buffer.data(), static_cast<size_t>(count));
  }
}
} // namespace

void orchestra::onnx::isolate(pb::ModelProto &model, const Step &step,
                              std::vector<Problem> &problems) {
  int ends[2];
  if (::pipe(ends) != 0) {
    step(model, problems);
    return;
  }
  pid_t child = ::fork();
  if (child < 0) { // no more processes: the library is right for most models
    ::close(ends[0]);
    ::close(ends[1]);
    step(model, problems);
    return;
  }
  if (child == 0)
    runChild(ends[1], model, step);
  ::close(ends[1]);
  std::string answer;
  bool inTime = readAll(ends[0], answer);
  ::close(ends[0]);
  if (!inTime)
    ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  bool timed = WIFSIGNALED(status) &&
               (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
  if (!inTime || timed)
    fail("model-too-large", "",
         "the onnx library takes more than " + std::to_string(kSeconds) +
             " seconds to convert the model");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail("invalid-model", "", "the onnx library fails on the model",
         {"some attribute or shape is out of all range"},
         "check the export, for instance with onnx.checker");
  std::string_view rest = answer;
  for (size_t left = std::stoul(take(rest)); left > 0; --left) {
    Problem problem = takeProblem(rest);
    if (!problem.isWarning)
      throw ReadError{std::move(problem)};
    problems.push_back(std::move(problem));
  }
  pb::ModelProto result;
  if (!result.ParseFromString(take(rest)))
    fail("invalid-model", "", "the onnx library made no model of the model");
  model = std::move(result);
}
