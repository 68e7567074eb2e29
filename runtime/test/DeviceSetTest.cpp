//===- DeviceSetTest.cpp - Programs on several devices --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs are built here by hand, as the compiler would: `Plan` is an artefact
// whose run enqueues what a test says.
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include "orchestra_runtime/orchestra_runtime.h"

#include <atomic>
#include <cstring>
#include <functional>
#include <random>
#include <set>

using namespace orchestra::runtime::test;

namespace {

struct DropSet {
  void operator()(orch_device_set *set) const { orch_device_set_release(set); }
};
using SetPtr = std::unique_ptr<orch_device_set, DropSet>;

/// A program without inputs and outputs. Its devices have `arenaBytes` each.
struct Plan {
  using Run = std::function<int32_t(orch_exec *, void *const *)>;

  Plan(uint32_t numDevices, uint32_t numTasks, uint32_t numEvents,
       uint32_t numCommands, Run given)
      : run(std::move(given)), names(numDevices), nodes(numTasks),
        slots(numDevices), tasks(numTasks) {
    for (uint32_t i = 0; i < numDevices; ++i) {
      names[i] = "cpu" + std::to_string(i);
      slots[i] = {names[i].c_str(), arch(), nullptr, 0, numCommands, 0, -1};
    }
    for (uint32_t i = 0; i < numTasks; ++i) {
      nodes[i] = "node" + std::to_string(i);
      tasks[i] = {nodes[i].c_str(), 0, ORCH_TASK_KERNELS, -1, -1};
    }
    artefact.magic = ORCH_ARTEFACT_MAGIC;
    artefact.abi_version = ORCH_ARTEFACT_ABI_VERSION;
    artefact.struct_size = sizeof(orch_artefact);
    artefact.flags = ORCH_ARTEFACT_USES_DEVICES;
    artefact.name = "plan";
    artefact.devices = slots.data();
    artefact.tasks = tasks.data();
    artefact.num_devices = numDevices;
    artefact.num_tasks = numTasks;
    artefact.num_events = numEvents;
    self = this;
    artefact.weights = &self;
    artefact.weights_size = sizeof(self);
    artefact.resolve = [](orch_exec *, const int64_t *, int64_t *,
                          int64_t *arenaBytes) -> int32_t {
      for (uint32_t i = 0; i < devicesOfResolve; ++i)
        arenaBytes[i] = bytesOfResolve;
      return 0;
    };
    artefact.run = [](orch_exec *exec, const void *const *, const int64_t *,
                      void *const *, void *arenas,
                      const void *weights) -> int32_t {
      return (*static_cast<Plan *const *>(weights))
          ->run(exec, static_cast<void *const *>(arenas));
    };
    devicesOfResolve = numDevices;
    bytesOfResolve = 4096;
  }
  Plan(const Plan &) = delete;

  static const char *arch() {
    static orch_device_info info = [] {
      orch_device_info found = {};
      found.struct_size = sizeof(found);
      orch_device *device = nullptr;
      EXPECT_OK(orch_device_open("cpu", 0, nullptr, &device));
      EXPECT_OK(orch_device_query(device, &found));
      EXPECT_OK(orch_device_close(device));
      return found;
    }();
    return info.arch;
  }

  Run run;
  std::vector<std::string> names, nodes;
  std::vector<orch_device_slot> slots;
  std::vector<orch_task_info> tasks;
  orch_artefact artefact = {};
  alignas(ORCH_BUFFER_ALIGNMENT) Plan *self;
  // A shape function has no way to its plan; tests run one at a time.
  static uint32_t devicesOfResolve;
  static int64_t bytesOfResolve;
};
uint32_t Plan::devicesOfResolve;
int64_t Plan::bytesOfResolve;

using Body = std::function<void(orch_exec *)>;

void launch(orch_exec *exec, uint32_t device, uint32_t task, Body &body) {
  exec->api->launch(
      exec, device, task,
      [](orch_exec *own, void *env) { (*static_cast<Body *>(env))(own); },
      &body);
}

SetPtr makeSet(uint32_t count, uint64_t memory = 0) {
  static const char *const names[] = {"cpu0", "cpu1", "cpu2", "cpu3"};
  orch_core_set cores[4] = {};
  for (uint32_t i = 0; i < count; ++i)
    cores[i] = {names[i], nullptr, 0, memory};
  orch_device_set_options options = ORCH_DEVICE_SET_OPTIONS_INIT;
  options.num_devices = count;
  options.devices = cores;
  orch_device_set *set = nullptr;
  EXPECT_OK(orch_device_set_create(&options, &set));
  return SetPtr(set);
}

ContextPtr makeDeviceContext(const ProgramPtr &program,
                             const SetPtr &set = nullptr) {
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.flags = ORCH_CONTEXT_POISON_ARENA;
  options.devices = set.get();
  return makeContext(program.get(), &options);
}

orch_status run(const ContextPtr &context) {
  return orch_context_run(context.get(), nullptr, 0, nullptr, 0);
}

TEST(DeviceSet, CopiesAndEventsOrderTwoDevices) {
  static std::atomic<float> seen;
  Plan plan(2, 3, 2, 8, [](orch_exec *exec, void *const *arenas) {
    auto *a = static_cast<float *>(arenas[0]),
         *b = static_cast<float *>(arenas[1]);
    EXPECT_NE(a, b);
    EXPECT_TRUE(std::isnan(a[0]) && std::isnan(b[0]));
    Body first = [&](orch_exec *) { a[0] = 42; };
    Body second = [&](orch_exec *) { b[1] = b[0] + 1; };
    launch(exec, 0, 0, first);
    exec->api->record(exec, 0, 0);
    exec->api->wait(exec, 1, 0);
    exec->api->copy(exec, 1, 1, b, a, sizeof(float));
    launch(exec, 1, 2, second);
    int32_t failed = exec->api->finish(exec);
    seen = b[1];
    return failed;
  });
  ProgramPtr program = makeProgram(plan.artefact);
  ContextPtr context = makeDeviceContext(program);
  ASSERT_NE(orch_context_devices(context.get()), nullptr);
  for (int i = 0; i < 200; ++i) {
    seen = 0;
    ASSERT_OK(run(context));
    ASSERT_EQ(seen, 43);
  }
}

/// Random tasks on random devices, each the sum of some earlier ones' values,
/// plus one; events only where devices differ.
TEST(DeviceSet, RandomGraphsEqualTheirSerialOrder) {
  std::mt19937 random(7);
  auto below = [&](uint32_t n) { return uint32_t(random() % n); };
  for (int round = 0; round < 100; ++round) {
    uint32_t devices = 1 + below(4), count = 1 + below(60);
    std::vector<uint32_t> device(count);
    std::vector<std::vector<uint32_t>> reads(count);
    std::vector<uint64_t> expected(count);
    for (uint32_t i = 0; i < count; ++i) {
      device[i] = below(devices);
      expected[i] = 1;
      for (uint32_t j = 0; i && j < below(4); ++j) {
        reads[i].push_back(below(i));
        expected[i] += expected[reads[i].back()];
      }
    }
    std::vector<uint64_t> values(count);
    std::vector<Body> bodies(count);
    Plan plan(devices, count, count, 8 * count,
              [&](orch_exec *exec, void *const *) {
                for (uint32_t i = 0; i < count; ++i) {
                  std::set<uint32_t> before;
                  for (uint32_t read : reads[i])
                    if (device[read] != device[i] && before.insert(read).second)
                      exec->api->wait(exec, device[i], read);
                  bodies[i] = [&, i](orch_exec *) {
                    values[i] = 1;
                    for (uint32_t read : reads[i])
                      values[i] += values[read];
                  };
                  launch(exec, device[i], i, bodies[i]);
                  exec->api->record(exec, device[i], i);
                }
                return exec->api->finish(exec);
              });
    ProgramPtr program = makeProgram(plan.artefact);
    ContextPtr context = makeDeviceContext(program);
    for (int repeat = 0; repeat < 3; ++repeat) {
      std::fill(values.begin(), values.end(), 0);
      ASSERT_OK(run(context));
      ASSERT_EQ(values, expected);
    }
  }
}

TEST(DeviceSet, LoopsUseTheDevicesThreads) {
  static std::atomic<int64_t> sum;
  Plan plan(1, 1, 0, 1, [](orch_exec *exec, void *const *) {
    Body body = [](orch_exec *own) {
      EXPECT_EQ(own->num_threads, 3);
      own->api->parallel_for(
          own, 1000, 1,
          [](orch_exec *, void *, int64_t begin, int64_t end) {
            for (; begin < end; ++begin)
              sum += begin;
          },
          nullptr);
    };
    launch(exec, 0, 0, body);
    return exec->api->finish(exec);
  });
  plan.slots[0].num_cores = 3;
  ProgramPtr program = makeProgram(plan.artefact);
  ContextPtr context = makeDeviceContext(program);
  EXPECT_EQ(orch_context_num_threads(context.get()), 3);
  sum = 0;
  ASSERT_OK(run(context));
  EXPECT_EQ(sum, 499500);
}

TEST(DeviceSet, AFailureNamesTaskAndDeviceAndEndsTheRun) {
  static std::atomic<bool> fails;
  static std::atomic<int> later;
  Plan plan(2, 3, 2, 8, [](orch_exec *exec, void *const *) {
    Body bad = [](orch_exec *own) {
      if (fails)
        own->api->fail(own, 7, "an index is outside its table");
    };
    Body next = [](orch_exec *) { ++later; };
    launch(exec, 1, 1, bad);
    exec->api->record(exec, 1, 0);
    exec->api->wait(exec, 0, 0);
    launch(exec, 0, 2, next);
    // Nobody records it: a failed run does not wait for ever.
    if (fails)
      exec->api->wait(exec, 1, 1);
    return exec->api->finish(exec);
  });
  ProgramPtr program = makeProgram(plan.artefact);
  SetPtr set = makeSet(2);
  ContextPtr context = makeDeviceContext(program, set),
             other = makeDeviceContext(program, set);
  for (int i = 0; i < 20; ++i) {
    fails = true;
    later = 0;
    EXPECT_EQ(run(context), ORCH_ERROR_EXECUTION);
    expectMessage("an index is outside its table", "[execution-failed]",
                  "task 1 ('node1')", "device 'cpu1'", "code 7");
    EXPECT_EQ(later, 0);
    fails = false;
    ASSERT_OK(run(other));
    ASSERT_OK(run(context));
    EXPECT_EQ(later, 2);
  }
}

TEST(DeviceSet, TooLittleMemoryNamesTheDeviceAndGivesAllBack) {
  Plan plan(2, 2, 0, 1, [](orch_exec *exec, void *const *) {
    return exec->api->finish(exec);
  });
  plan.slots[1].fullest_task = 1;
  ProgramPtr program = makeProgram(plan.artefact);
  SetPtr set = makeSet(2, /*memory=*/6000);
  {
    ContextPtr first = makeDeviceContext(program, set),
               second = makeDeviceContext(program, set);
    ASSERT_OK(run(first));
    EXPECT_EQ(run(second), ORCH_ERROR_OUT_OF_MEMORY);
    expectMessage("device 'cpu0'", "[out-of-memory]", "4096 bytes are needed",
                  "it has 6000, of which 4096 are in use");
    ASSERT_OK(run(first));
    first.reset();
    ASSERT_OK(run(second));
  }
  orch_core_set cores[2] = {{"big", nullptr, 0, 0}, {"small", nullptr, 0, 64}};
  orch_device_set_options options = ORCH_DEVICE_SET_OPTIONS_INIT;
  options.num_devices = 2;
  options.devices = cores;
  orch_device_set *made = nullptr;
  ASSERT_OK(orch_device_set_create(&options, &made));
  SetPtr uneven(made);
  ContextPtr context = makeDeviceContext(program, uneven);
  EXPECT_EQ(run(context), ORCH_ERROR_OUT_OF_MEMORY);
  expectMessage("device 'small'", "most of them by task 'node1'");
}

TEST(DeviceSet, AFailingAllocatorNamesTheDevice) {
  static std::atomic<int64_t> alive;
  static std::atomic<int> left;
  alive = 0;
  left = 1;
  orch_allocator allocator = {
      nullptr,
      [](void *, size_t size, size_t alignment) -> void * {
        if (size == 4096 && left-- == 0)
          return nullptr;
        ++alive;
        return orch_system_allocator().allocate(nullptr, size, alignment);
      },
      [](void *, void *pointer, size_t size, size_t alignment) {
        --alive;
        orch_system_allocator().deallocate(nullptr, pointer, size, alignment);
      }};
  Plan plan(2, 0, 0, 1, [](orch_exec *exec, void *const *) {
    return exec->api->finish(exec);
  });
  ProgramPtr program = makeProgram(plan.artefact);
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.allocator = &allocator;
  ContextPtr context = makeContext(program.get(), &options);
  EXPECT_EQ(run(context), ORCH_ERROR_OUT_OF_MEMORY);
  expectMessage("device 'cpu1'", "4096 bytes");
  context.reset();
  EXPECT_EQ(alive, 0);
}

TEST(DeviceSet, AGivenArenaIsSharedOut) {
  Plan plan(2, 0, 0, 1, [](orch_exec *exec, void *const *arenas) {
    EXPECT_EQ(static_cast<char *>(arenas[1]),
              static_cast<char *>(arenas[0]) + 4096);
    return exec->api->finish(exec);
  });
  ProgramPtr program = makeProgram(plan.artefact);
  ContextPtr context = makeDeviceContext(program);
  uint64_t bytes = 0;
  ASSERT_OK(
      orch_context_resolve(context.get(), nullptr, 0, nullptr, 0, &bytes));
  ASSERT_EQ(bytes, 8192u);
  alignas(64) static char arena[8192];
  ASSERT_OK(orch_context_set_arena(context.get(), arena, sizeof(arena)));
  ASSERT_OK(run(context));
  ASSERT_OK(orch_context_set_arena(context.get(), arena, 8191));
  EXPECT_EQ(run(context), ORCH_ERROR_OUT_OF_MEMORY);
  expectMessage("[arena-size]");
}

TEST(DeviceSet, ManyRequestsShareTheDevices) {
  static std::atomic<uint64_t> total;
  Plan plan(2, 4, 2, 8, [](orch_exec *exec, void *const *arenas) {
    auto *a = static_cast<uint64_t *>(arenas[0]),
         *b = static_cast<uint64_t *>(arenas[1]);
    Body first = [=](orch_exec *) { *a = 1; };
    Body second = [=](orch_exec *) { *b += 1; };
    Body third = [=](orch_exec *) { total += *a; };
    launch(exec, 0, 0, first);
    exec->api->record(exec, 0, 0);
    exec->api->wait(exec, 1, 0);
    exec->api->copy(exec, 1, 1, b, a, 8);
    launch(exec, 1, 2, second);
    exec->api->record(exec, 1, 1);
    exec->api->wait(exec, 0, 1);
    exec->api->copy(exec, 0, 3, a, b, 8);
    launch(exec, 0, 3, third);
    return exec->api->finish(exec);
  });
  ProgramPtr program = makeProgram(plan.artefact);
  SetPtr set = makeSet(2);
  total = 0;
  inThreads(4, [&](int) {
    for (int i = 0; i < 3; ++i) {
      ContextPtr context = makeDeviceContext(program, set);
      for (int j = 0; j < 50; ++j)
        ASSERT_OK(run(context));
    }
  });
  EXPECT_EQ(total, 4u * 3 * 50 * 2);
}

TEST(DeviceSet, WrongProgramsFailAndDoNotHang) {
  struct Case {
    const char *message;
    std::function<void(orch_exec *)> wrong;
  };
  Body nothing = [](orch_exec *) {};
  const Case cases[] = {
      {"enqueues more than it says",
       [&](orch_exec *exec) {
         for (int i = 0; i < 9; ++i)
           launch(exec, 0, 0, nothing);
       }},
      {"a device that it does not have",
       [&](orch_exec *exec) { launch(exec, 2, 0, nothing); }},
      {"a task or event that it does not have",
       [&](orch_exec *exec) { launch(exec, 0, 1, nothing); }},
      {"a task or event that it does not have",
       [&](orch_exec *exec) { exec->api->wait(exec, 0, 5); }},
  };
  for (const Case &wrong : cases) {
    // Without `finish`, too.
    Plan plan(2, 1, 1, 8, [&](orch_exec *exec, void *const *) {
      exec->api->wait(exec, 1, 0);
      wrong.wrong(exec);
      return 0;
    });
    ProgramPtr program = makeProgram(plan.artefact);
    ContextPtr context = makeDeviceContext(program);
    EXPECT_EQ(run(context), ORCH_ERROR_EXECUTION);
    expectMessage(wrong.message);
  }
}

TEST(DeviceSet, TimesOfTasks) {
  Plan plan(2, 2, 0, 2, [](orch_exec *exec, void *const *) {
    Body body = [](orch_exec *own) { EXPECT_NE(own->profiling, 0); };
    Body calling = [](orch_exec *own) {
      own->api->on_call(own, 0, 0);
      own->api->on_call(own, 0, 1);
    };
    launch(exec, 0, 0, body);
    launch(exec, 1, 1, calling);
    return exec->api->finish(exec);
  });
  orch_call_info call = {"orch_k", "", -1, -1};
  plan.artefact.calls = &call;
  plan.artefact.num_calls = 1;
  ProgramPtr program = makeProgram(plan.artefact);
  EXPECT_EQ(orch_program_num_tasks(program.get()), 2u);
  EXPECT_STREQ(orch_program_task(program.get(), 1)->nodes, "node1");
  EXPECT_EQ(orch_program_task(program.get(), 2), nullptr);
  EXPECT_EQ(orch_program_num_devices(program.get()), 2u);
  EXPECT_STREQ(orch_program_device(program.get(), 0)->name, "cpu0");
  EXPECT_EQ(orch_program_device(program.get(), 2), nullptr);
  ContextPtr context = makeDeviceContext(program);
  EXPECT_EQ(orch_context_call_device(context.get(), 0), -1);
  ASSERT_OK(orch_context_set_profiling(context.get(), 1));
  ASSERT_OK(run(context));
  ASSERT_OK(run(context));
  orch_call_profile profile = {};
  ASSERT_OK(orch_context_task_profile(context.get(), 1, &profile));
  EXPECT_EQ(profile.count, 2u);
  EXPECT_EQ(orch_context_call_device(context.get(), 0), 1);
  orch_context_reset_profile(context.get());
  ASSERT_OK(orch_context_task_profile(context.get(), 1, &profile));
  EXPECT_EQ(profile.count, 0u);
  EXPECT_EQ(orch_context_task_profile(context.get(), 2, &profile),
            ORCH_ERROR_INVALID_ARGUMENT);
}

TEST(DeviceSet, Refusals) {
  orch_device_set_options options = ORCH_DEVICE_SET_OPTIONS_INIT;
  orch_device_set *set = nullptr;
  EXPECT_EQ(orch_device_set_create(&options, &set),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("1 to 64 devices");
  int32_t core = 100000;
  orch_core_set cores = {"far", &core, 1, 0};
  options.num_devices = 1;
  options.devices = &cores;
  EXPECT_EQ(orch_device_set_create(&options, &set), ORCH_ERROR_NOT_FOUND);
  expectMessage("device 'far'", "CPU 100000", "[device-missing]");
  cores = {nullptr, nullptr, 1, 0};
  EXPECT_EQ(orch_device_set_create(&options, &set),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("has no name");
  EXPECT_EQ(set, nullptr);

  Plan plan(2, 0, 0, 1, [](orch_exec *exec, void *const *) {
    return exec->api->finish(exec);
  });
  ProgramPtr program = makeProgram(plan.artefact);
  orch_context *context = nullptr;
  orch_context_options contextOptions = ORCH_CONTEXT_OPTIONS_INIT;
  contextOptions.num_threads = 2;
  EXPECT_EQ(orch_context_create(program.get(), &contextOptions, &context),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("num_threads and pool must not be given");
  SetPtr one = makeSet(1);
  contextOptions.num_threads = 0;
  contextOptions.devices = one.get();
  EXPECT_EQ(orch_context_create(program.get(), &contextOptions, &context),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("planned for 2 devices, and the set has 1");
  ProgramPtr plain = makeProgram(affine_artefact);
  EXPECT_EQ(orch_context_create(plain.get(), &contextOptions, &context),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("was not planned for several devices");
  EXPECT_EQ(orch_device_set_for_program(plain.get(), nullptr, &set),
            ORCH_ERROR_INVALID_ARGUMENT);
}

TEST(DeviceSet, DescriptorsAreChecked) {
  Plan plan(2, 1, 0, 1, [](orch_exec *, void *const *) { return 0; });
  auto refuse = [&](orch_status status, const char *message, auto change) {
    orch_artefact artefact = plan.artefact;
    std::vector<orch_device_slot> slots = plan.slots;
    std::vector<orch_task_info> tasks = plan.tasks;
    artefact.devices = slots.data();
    artefact.tasks = tasks.data();
    change(artefact, slots, tasks);
    orch_program *program = nullptr;
    EXPECT_EQ(orch_program_from_artefact(&artefact, nullptr, &program), status);
    expectMessage(message);
  };
  refuse(ORCH_ERROR_BAD_ARTEFACT, "too small for its version",
         [](auto &artefact, auto &, auto &) {
           artefact.struct_size = ORCH_ARTEFACT_BASE_SIZE;
         });
  refuse(ORCH_ERROR_BAD_ARTEFACT, "the list of devices is missing",
         [](auto &artefact, auto &, auto &) { artefact.devices = nullptr; });
  refuse(ORCH_ERROR_BAD_ARTEFACT, "the list of tasks is missing",
         [](auto &artefact, auto &, auto &) { artefact.tasks = nullptr; });
  refuse(ORCH_ERROR_BAD_ARTEFACT, "a device is not described",
         [](auto &, auto &slots, auto &) { slots[1].name = nullptr; });
  refuse(ORCH_ERROR_BAD_ARTEFACT, "a task is on a device that there is not",
         [](auto &, auto &, auto &tasks) { tasks[0].device = 2; });
  refuse(ORCH_ERROR_UNSUPPORTED, "device 'cpu1' is 'amd_cdna3'",
         [](auto &, auto &slots, auto &) { slots[1].arch = "amd_cdna3"; });
}

} // namespace
