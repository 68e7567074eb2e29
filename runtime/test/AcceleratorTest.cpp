//===- AcceleratorTest.cpp - Programs in the memory of a device -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: artefacts with ORCH_ARTEFACT_ON_DEVICE, written as the compiler writes
//   them, on a device whose memory the host cannot reach and whose queue is
//   lazy (IsolatedDevice.h); what needs no kernels also on "cpu".
//     y[n] = x[n] * 3, the 3 being the weights
//
//===----------------------------------------------------------------------===//
#include "IsolatedDevice.h"
#include "TestSupport.h"

#include "orchestra_runtime/kernel.h"

#include <cmath>
#include <cstring>

using namespace orchestra::runtime::test;

namespace {

//===----------------------------------------------------------------------===//
// The artefact
//===----------------------------------------------------------------------===//

alignas(ORCH_BUFFER_ALIGNMENT) const float weights[16] = {3.0f};
const int64_t dims[] = {-1};
const char *const dimNames[] = {"n"};
const orch_tensor_info input = {"x", ORCH_DTYPE_F32, 1, dims, dimNames};
const orch_tensor_info output = {"y", ORCH_DTYPE_F32, 1, dims, dimNames};
const orch_call_info callInfo = {"orch_k_scale", "Mul_0", -1.0, -1.0};

/// Device code with what belongs to it behind it.
struct Code {
  orch_device_code header = {};
  orch_kernel_parameter parameters[4] = {};
  char name[8] = "scale";
  char code[4] = {'c', 'o', 'd', 'e'};

  Code() {
    header.struct_size = sizeof(header);
    header.parameter_count = 4;
    header.parameters = offsetof(Code, parameters);
    header.name = offsetof(Code, name);
    header.code = offsetof(Code, code);
    header.code_size = sizeof(code);
    header.argument_count = 4;
    for (int dim = 0; dim < 3; ++dim)
      header.grid[dim] = header.block[dim] = 1;
    for (uint32_t i = 0; i < 4; ++i)
      parameters[i].argument = i;
    parameters[3].kind = ORCH_PARAMETER_VALUE;
  }
};
const Code scaleCode;
Code otherCode;

int calls; // of the host program

int32_t resolve(orch_exec *, const int64_t *in, int64_t *out, int64_t *arena) {
  out[0] = in[0];
  *arena = in[0] * int64_t(sizeof(float));
  return 0;
}

void scale(orch_exec *exec, const void *from, const void *factor, void *to,
           int64_t size, const Code &code = scaleCode) {
  // In the host's memory: read when it is given.
  int64_t here = size;
  uint32_t grid[3] = {uint32_t((size + 3) / 4), 1, 1};
  void *arguments[] = {const_cast<void *>(from), const_cast<void *>(factor), to,
                       &here};
  exec->api->launch_kernel(exec, &code.header, arguments, grid);
  here = -1;
  grid[0] = 0;
}

using RunFunction = int32_t (*)(orch_exec *, const void *const *,
                                const int64_t *, void *const *, void *,
                                const void *);

/// Through the arena, with a launch and a copy in the device.
int32_t launches(orch_exec *exec, const void *const *in, const int64_t *n,
                 void *const *out, void *arena, const void *factor) {
  ++calls;
  if (exec->profiling)
    exec->api->on_call(exec, 0, 0);
  scale(exec, in[0], factor, arena, n[0]);
  if (exec->profiling)
    exec->api->on_call(exec, 0, 1);
  exec->api->move(exec, out[0], arena, n[0] * int64_t(sizeof(float)));
  return 0;
}

/// Like compiled code around a kernel that only the host can run.
int32_t borrows(orch_exec *exec, const void *const *in, const int64_t *n,
                void *const *out, void *, const void *factor) {
  ++calls;
  int64_t bytes = n[0] * int64_t(sizeof(float));
  float three = 0;
  exec->api->read(exec, &three, factor, sizeof(three));
  auto *x = static_cast<float *>(
      exec->api->borrow(exec, const_cast<void *>(in[0]), bytes));
  auto *y = static_cast<float *>(exec->api->borrow(exec, out[0], bytes));
  if (x && y) {
    for (int64_t i = 0; i < n[0]; ++i) {
      y[i] = x[i] * three;
      x[i] = NAN; // A copy that is not given back is nobody's.
    }
  }
  exec->api->give_back(exec, const_cast<void *>(in[0]), x, bytes, 0);
  exec->api->give_back(exec, out[0], y, bytes, 1);
  return 0;
}

/// Element by element.
int32_t readsAndWrites(orch_exec *exec, const void *const *in, const int64_t *n,
                       void *const *out, void *, const void *factor) {
  ++calls;
  float three = 0, value = 0;
  exec->api->read(exec, &three, factor, sizeof(three));
  for (int64_t i = 0; i < n[0]; ++i) {
    exec->api->read(exec, &value, static_cast<const float *>(in[0]) + i,
                    sizeof(value));
    value *= three;
    exec->api->write(exec, static_cast<float *>(out[0]) + i, &value,
                     sizeof(value));
    value = NAN; // It may change afterwards.
  }
  return 0;
}

/// Through temporaries, the second larger than what is set aside at once.
int32_t usesTemporaries(orch_exec *exec, const void *const *in,
                        const int64_t *n, void *const *out, void *,
                        const void *factor) {
  ++calls;
  int64_t bytes = n[0] * int64_t(sizeof(float));
  void *first = exec->api->temporary(exec, bytes);
  void *second = exec->api->temporary(exec, (3 << 20) + bytes);
  void *none = exec->api->temporary(exec, 0);
  for (void *one : {first, second, none})
    EXPECT_EQ(reinterpret_cast<uintptr_t>(one) % ORCH_BUFFER_ALIGNMENT, 0u);
  EXPECT_NE(first, second);
  EXPECT_NE(second, none);
  scale(exec, in[0], factor, first, n[0]);
  exec->api->move(exec, second, first, bytes);
  exec->api->move(exec, out[0], second, bytes);
  return 0;
}

float seen; // by the function below

/// Computes values to know sizes, in memory that lasts until it returns.
int32_t resolvesByValues(orch_exec *exec, const int64_t *in, int64_t *out,
                         int64_t *arena) {
  int64_t bytes = in[0] * int64_t(sizeof(float));
  void *memory = exec->api->allocate(exec, bytes);
  scale(exec, exec->inputs[0], exec->weights, memory, in[0]);
  exec->api->read(exec, &seen, memory, sizeof(seen));
  return resolve(exec, in, out, arena);
}

int32_t showsArena(orch_exec *exec, const void *const *, const int64_t *n,
                   void *const *out, void *arena, const void *) {
  exec->api->move(exec, out[0], arena, n[0] * int64_t(sizeof(float)));
  return 0;
}

int32_t launchesOther(orch_exec *exec, const void *const *in, const int64_t *n,
                      void *const *out, void *, const void *factor) {
  scale(exec, in[0], factor, out[0], n[0], otherCode);
  return 0;
}

orch_artefact makeArtefact(RunFunction run, const char *driver = "isolated") {
  orch_artefact artefact = {};
  artefact.magic = ORCH_ARTEFACT_MAGIC;
  artefact.abi_version = ORCH_ARTEFACT_ABI_VERSION;
  artefact.struct_size = sizeof(artefact);
  artefact.flags = ORCH_ARTEFACT_ON_DEVICE;
  artefact.name = "scaled";
  artefact.producer = "written by hand";
  artefact.target = "";
  artefact.num_inputs = artefact.num_outputs = artefact.num_calls = 1;
  artefact.inputs = &input;
  artefact.outputs = &output;
  artefact.calls = &callInfo;
  artefact.metadata = "{}";
  artefact.weights = weights;
  artefact.weights_size = sizeof(weights);
  artefact.resolve = resolve;
  artefact.run = run;
  artefact.accelerator = driver;
  artefact.accelerator_arch = "";
  return artefact;
}

//===----------------------------------------------------------------------===//
// Running it
//===----------------------------------------------------------------------===//

class Accelerator : public testing::Test {
protected:
  void SetUp() override {
    resetIsolatedDevice();
    calls = 0;
    otherCode = Code();
  }
  void TearDown() override {
    context.reset();
    program.reset();
    EXPECT_EQ(isolatedAlive.all(), 0);
  }
  void load(RunFunction run, const char *driver = "isolated",
            uint32_t flags = 0) {
    context.reset();
    program.reset(); // It refers to the artefact.
    artefact = makeArtefact(run, driver);
    artefact.flags |= flags;
    program = makeProgram(artefact);
    context = makeContext(program.get());
  }
  orch_status compute(int64_t size) {
    x.resize(size_t(size));
    y.assign(size_t(size), -1.0f);
    for (float &value : x)
      value = next++;
    orch_tensor in = view(x, ORCH_DTYPE_F32, {size});
    orch_tensor out = view(y, ORCH_DTYPE_F32, {size});
    return orch_context_run(context.get(), &in, 1, &out, 1);
  }
  void expectRuns(int64_t size) {
    ASSERT_OK(compute(size));
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(y[i], 3 * x[i]) << "element " << i << " of " << size;
  }
  void expectFails(orch_status status, const char *slug, const char *text) {
    EXPECT_EQ(compute(5), status);
    expectMessage(slug, text);
  }
  /// What a context says when it cannot be made.
  void expectNoContext(orch_status status, const char *slug, const char *text) {
    program = makeProgram(artefact);
    orch_context *made = nullptr;
    EXPECT_EQ(orch_context_create(program.get(), nullptr, &made), status);
    EXPECT_EQ(made, nullptr);
    expectMessage(slug, text);
  }

  orch_artefact artefact = {};
  ProgramPtr program;
  ContextPtr context;
  std::vector<float> x, y;
  float next = 1;
};

/// What needs no kernels.
const char *const anyDriver[] = {"cpu", "isolated"};

TEST_F(Accelerator, HostBorrows) {
  for (const char *driver : anyDriver) {
    load(borrows, driver);
    for (int64_t size : {1, 5, 0, 4097, 5})
      expectRuns(size);
  }
  EXPECT_EQ(calls, 10);
}

TEST_F(Accelerator, HostReadsAndWrites) {
  for (const char *driver : anyDriver) {
    load(readsAndWrites, driver);
    for (int64_t size : {1, 5, 0, 70, 5, 5})
      expectRuns(size);
  }
  EXPECT_EQ(calls, 12); // Never recorded: what follows may depend on it.
  EXPECT_EQ(isolatedCounts.captures, 0);
}

TEST_F(Accelerator, ArenaIsPoisoned) {
  for (const char *driver : anyDriver) {
    load(showsArena, driver);
    for (int run = 0; run < 4; ++run) {
      ASSERT_OK(compute(3000));
      for (float value : y)
        ASSERT_TRUE(std::isnan(value));
    }
  }
}

TEST_F(Accelerator, Launches) {
  load(launches);
  for (int64_t size : {5, 1, 64, 1000})
    expectRuns(size);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(isolatedCounts.launches, 4);
  EXPECT_EQ(isolatedAlive.kernels, 1); // loaded once
}

TEST_F(Accelerator, NothingToDo) {
  load(launches);
  for (int run = 0; run < 4; ++run)
    expectRuns(0);
}

TEST_F(Accelerator, TooMuchToStage) {
  load(launches);
  for (int run = 0; run < 3; ++run)
    expectRuns(5 << 20); // 20 MB in, 20 MB out
  EXPECT_EQ(isolatedAlive.pinned, 0);
  expectRuns(7);
  EXPECT_EQ(isolatedAlive.pinned, 1);
}

TEST_F(Accelerator, Temporaries) {
  load(usesTemporaries);
  for (int64_t size : {5, 5, 5, 400000, 5, 400000, 400000, 5})
    expectRuns(size);
  EXPECT_LT(calls, 8); // Some runs were recordings.
}

TEST_F(Accelerator, SizesFromValues) {
  load(launches, "isolated",
       ORCH_ARTEFACT_SIZES_FROM_VALUES | ORCH_ARTEFACT_COMPUTES_SIZES);
  artefact.resolve = resolvesByValues;
  expectRuns(5);
  int alive = isolatedAlive.allocations;
  for (int run = 0; run < 4; ++run) {
    expectRuns(5);
    EXPECT_EQ(seen, 3 * x[0]);
  }
  EXPECT_EQ(isolatedAlive.allocations, alive);
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(isolatedCounts.captures, 0); // What is enqueued may be other.
}

TEST_F(Accelerator, ContextsShareWeights) {
  load(launches);
  int sends = isolatedCounts.sends;
  ContextPtr first = std::move(context);
  context = makeContext(program.get());
  EXPECT_EQ(isolatedCounts.sends, sends);
  expectRuns(9);
  context = std::move(first);
  expectRuns(8);
}

//===----------------------------------------------------------------------===//
// Recordings
//===----------------------------------------------------------------------===//

TEST_F(Accelerator, SecondRunIsRecorded) {
  load(launches);
  for (int run = 0; run < 6; ++run)
    expectRuns(50);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(isolatedCounts.launches, 2);
  EXPECT_EQ(isolatedCounts.captures, 1);
  EXPECT_EQ(isolatedCounts.graphLaunches, 5);
}

TEST_F(Accelerator, RecordingOfEachShape) {
  load(launches);
  expectRuns(60); // The largest first: buffers stay where they are.
  for (int round = 0; round < 3; ++round)
    for (int64_t size : {50, 51, 60})
      expectRuns(size);
  EXPECT_EQ(calls, 6);
  EXPECT_EQ(isolatedAlive.graphs, 3);
}

TEST_F(Accelerator, BuffersThatMoveDropRecordings) {
  load(launches);
  for (int run = 0; run < 3; ++run)
    expectRuns(50);
  EXPECT_EQ(isolatedAlive.graphs, 1);
  expectRuns(5000);
  EXPECT_EQ(isolatedAlive.graphs, 0);
  for (int run = 0; run < 3; ++run)
    expectRuns(50);
  EXPECT_EQ(isolatedAlive.graphs, 1);
}

TEST_F(Accelerator, ManyShapes) {
  load(launches);
  for (int round = 0; round < 3; ++round)
    for (int64_t size = 40; size > 0; --size)
      expectRuns(size);
  EXPECT_LE(isolatedAlive.graphs, 16);
}

TEST_F(Accelerator, NoRecordingWhileProfiling) {
  load(launches);
  ASSERT_OK(orch_context_set_profiling(context.get(), 1));
  for (int run = 0; run < 4; ++run)
    expectRuns(50);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(isolatedCounts.captures, 0);
  orch_call_profile profile;
  ASSERT_OK(orch_context_call_profile(context.get(), 0, &profile));
  EXPECT_EQ(profile.count, 4u);
}

TEST_F(Accelerator, FailureWhileRecording) {
  load(launches);
  expectRuns(5);
  isolatedOptions.launchesBeforeFailure = 1;
  expectFails(ORCH_ERROR_EXECUTION, "[execution-failed]", "the launch failed");
  EXPECT_EQ(isolatedAlive.graphs, 0); // It would be half of a program.
  isolatedOptions.launchesBeforeFailure = -1;
  for (int run = 0; run < 3; ++run)
    expectRuns(5);
}

//===----------------------------------------------------------------------===//
// What goes wrong
//===----------------------------------------------------------------------===//

TEST_F(Accelerator, LaunchFails) {
  load(launches);
  isolatedOptions.launchesBeforeFailure = 0;
  for (int run = 0; run < 3; ++run)
    expectFails(ORCH_ERROR_EXECUTION, "[execution-failed]",
                "the launch failed");
  isolatedOptions.launchesBeforeFailure = -1;
  expectRuns(5);
}

TEST_F(Accelerator, KernelIsNotThere) {
  load(launchesOther);
  otherCode.name[0] = 'X';
  expectFails(ORCH_ERROR_EXECUTION, "[execution-failed]",
              "there is no such kernel");
  otherCode.header.block[1] = 0;
  expectFails(ORCH_ERROR_EXECUTION, "[execution-failed]", "grid");
}

TEST_F(Accelerator, DeviceWithoutKernels) {
  load(launches, "cpu");
  expectFails(ORCH_ERROR_EXECUTION, "[no-device-code]", "'cpu'");
}

TEST_F(Accelerator, MemoryIsFull) {
  load(launches);
  isolatedOptions.allocationsFail = true;
  EXPECT_EQ(compute(5), ORCH_ERROR_OUT_OF_MEMORY);
  expectMessage("the memory is full");
  isolatedOptions.allocationsFail = false;
  expectRuns(5);
  isolatedOptions.allocationsFail = true;
  EXPECT_EQ(compute(5000), ORCH_ERROR_OUT_OF_MEMORY);
  isolatedOptions.allocationsFail = false;
  expectRuns(5);
  expectRuns(5000);
}

TEST_F(Accelerator, TemporaryFails) {
  load([](orch_exec *exec, const void *const *, const int64_t *, void *const *,
          void *, const void *) -> int32_t {
    isolatedOptions.allocationsFail = true;
    EXPECT_EQ(exec->api->temporary(exec, 64), nullptr);
    EXPECT_EQ(exec->api->temporary(exec, 64), nullptr); // It has failed.
    EXPECT_EQ(exec->api->borrow(exec, nullptr, 64), nullptr);
    isolatedOptions.allocationsFail = false;
    return 0;
  });
  expectFails(ORCH_ERROR_EXECUTION, "[execution-failed]", "the memory is full");
}

TEST_F(Accelerator, ReadAfterAFailureIsZero) {
  load([](orch_exec *exec, const void *const *in, const int64_t *,
          void *const *, void *, const void *) -> int32_t {
    exec->api->fail(exec, 3, "on purpose");
    float value = 7;
    exec->api->read(exec, &value, in[0], sizeof(value));
    EXPECT_EQ(value, 0);
    return 3;
  });
  expectFails(ORCH_ERROR_EXECUTION, "[execution-failed]", "on purpose");
}

TEST_F(Accelerator, CopyLeavesTheDevice) {
  load([](orch_exec *exec, const void *const *in, const int64_t *,
          void *const *, void *, const void *) -> int32_t {
    char here[16];
    exec->api->move(exec, here, in[0], sizeof(here));
    return 0;
  });
  expectFails(ORCH_ERROR_EXECUTION, "[execution-failed]",
              "a copy leaves the device");
}

TEST_F(Accelerator, NoPinnedMemory) {
  load(launches);
  isolatedOptions.pinnedFails = true;
  EXPECT_EQ(compute(5), ORCH_ERROR_OUT_OF_MEMORY);
  isolatedOptions.pinnedFails = false;
  expectRuns(5);
}

TEST_F(Accelerator, WeightsDoNotFit) {
  artefact = makeArtefact(launches);
  isolatedOptions.allocationsFail = true;
  expectNoContext(ORCH_ERROR_OUT_OF_MEMORY, "[device-failed]", "full");
  isolatedOptions.allocationsFail = false;
  context = makeContext(program.get());
  expectRuns(5);
}

TEST_F(Accelerator, OtherArchitecture) {
  artefact = makeArtefact(launches);
  artefact.accelerator_arch = "nvidia_hopper";
  isolatedOptions.arch = "nvidia_ampere";
  expectNoContext(ORCH_ERROR_UNSUPPORTED, "[no-device-code]",
                  "--target=nvidia_ampere");
  isolatedOptions.arch = "nvidia_hopper";
  context = makeContext(program.get());
  expectRuns(5);
}

TEST_F(Accelerator, NoSuchDriver) {
  artefact = makeArtefact(launches, "teleporter");
  expectNoContext(ORCH_ERROR_NOT_FOUND, "[device-missing]", "teleporter");
}

TEST_F(Accelerator, Descriptor) {
  auto expectDamaged = [&] {
    orch_program *made = nullptr;
    EXPECT_EQ(orch_program_from_artefact(&artefact, nullptr, &made),
              ORCH_ERROR_BAD_ARTEFACT);
    EXPECT_EQ(made, nullptr);
    expectMessage("[artefact-damaged]");
  };
  artefact = makeArtefact(launches);
  artefact.flags |= ORCH_ARTEFACT_CALLS_HOST;
  expectDamaged();
  artefact = makeArtefact(launches, nullptr);
  expectDamaged();
  artefact = makeArtefact(launches);
  artefact.accelerator_arch = nullptr;
  expectDamaged();
  artefact = makeArtefact(launches);
  artefact.struct_size = offsetof(orch_artefact, accelerator);
  expectDamaged();
  artefact = makeArtefact(launches);
  artefact.flags |= ORCH_ARTEFACT_USES_DEVICES;
  expectDamaged();
}

TEST_F(Accelerator, NoArenaOfTheCaller) {
  load(launches);
  alignas(ORCH_BUFFER_ALIGNMENT) static char memory[4096];
  EXPECT_EQ(orch_context_set_arena(context.get(), memory, sizeof(memory)),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("[invalid-argument]", "runs on a device");
  EXPECT_OK(orch_context_set_arena(context.get(), nullptr, 0));
  expectRuns(5);
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.arena = memory;
  options.arena_size = sizeof(memory);
  orch_context *made = nullptr;
  EXPECT_EQ(orch_context_create(program.get(), &options, &made),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("[invalid-argument]", "runs on a device");
}

} // namespace
