//===- TestSupport.h - What the runtime's tests share -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_TEST_TESTSUPPORT_H
#define ORCHESTRA_RUNTIME_TEST_TESTSUPPORT_H

#include "orchestra_runtime/orchestra_runtime.h"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

extern "C" const orch_artefact affine_artefact;
extern "C" const orch_artefact gather_artefact;

namespace orchestra::runtime::test {

/// The last error contains each of `parts`.
template <typename... Parts> void expectMessage(Parts... parts) {
  for (const char *part : {parts...})
    EXPECT_THAT(orch_last_error(), testing::HasSubstr(part));
}

#define EXPECT_OK(call) EXPECT_EQ(call, ORCH_OK) << orch_last_error()
#define ASSERT_OK(call) ASSERT_EQ(call, ORCH_OK) << orch_last_error()

struct Drop {
  void operator()(orch_program *p) const { orch_program_release(p); }
  void operator()(orch_context *c) const { orch_context_destroy(c); }
  void operator()(orch_pool *p) const { orch_pool_release(p); }
};
using ProgramPtr = std::unique_ptr<orch_program, Drop>;
using ContextPtr = std::unique_ptr<orch_context, Drop>;
using PoolPtr = std::unique_ptr<orch_pool, Drop>;

inline ProgramPtr makeProgram(const orch_artefact &artefact) {
  orch_program *program = nullptr;
  EXPECT_OK(orch_program_from_artefact(&artefact, nullptr, &program));
  return ProgramPtr(program);
}

inline PoolPtr makePool(int threads) {
  orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
  options.num_threads = threads;
  orch_pool *pool = nullptr;
  EXPECT_OK(orch_pool_create(&options, &pool));
  return PoolPtr(pool);
}

inline ContextPtr makeContext(orch_program *program,
                              const orch_context_options *options = nullptr) {
  orch_context_options two = ORCH_CONTEXT_OPTIONS_INIT;
  two.num_threads = 2;
  two.flags = ORCH_CONTEXT_POISON_ARENA;
  orch_context *context = nullptr;
  EXPECT_OK(orch_context_create(program, options ? options : &two, &context));
  return ContextPtr(context);
}

template <typename T>
orch_tensor view(std::vector<T> &values, uint32_t dtype,
                 std::vector<int64_t> dims) {
  return orch_tensor_view(values.data(), dtype, uint32_t(dims.size()),
                          dims.data());
}

/// relu(x * w + b) of affine.c for one element, computed apart from it.
inline float affine(float x, int column, float scale = 1) {
  const float w[] = {1.0f, 2.0f, -1.0f, 0.5f}, b[] = {0.5f, -1.0f, 0.0f, 3.0f};
  float value = scale * x * w[column] + b[column];
  return value > 0 ? value : 0;
}

/// Runs body(0) ... body(count - 1) at once, each on a thread of its own.
template <typename Body> void inThreads(int count, Body body) {
  std::vector<std::thread> threads;
  threads.reserve(size_t(count));
  for (int i = 0; i < count; ++i)
    threads.emplace_back(body, i);
  for (std::thread &thread : threads)
    thread.join();
}

/// A folder that is gone with the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    const char *base = getenv("TMPDIR");
    folder = std::string(base ? base : "/tmp") + "/orch-test-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
  }
  ~TemporaryFolder() {
    for (const std::string &file : files)
      unlink(file.c_str());
    rmdir(folder.c_str());
  }
  std::string path(const std::string &name) {
    files.push_back(folder + "/" + name);
    return files.back();
  }
  std::string write(const std::string &name, const std::string &content) {
    std::string file = path(name);
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

private:
  std::string folder;
  std::vector<std::string> files;
};

inline std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace orchestra::runtime::test

#endif // ORCHESTRA_RUNTIME_TEST_TESTSUPPORT_H
