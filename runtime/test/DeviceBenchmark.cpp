//===- DeviceBenchmark.cpp - What a task on a device costs ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the time of a run of empty tasks by the number of tasks: all on one
//   device, dealt to two that do not wait for each other, and in turn on two,
//   each waiting for the one before. Not a test.
//
//===----------------------------------------------------------------------===//
#include "orchestra_runtime/orchestra_runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace {

constexpr uint32_t numTasks = 1000;
enum Shape { OneDevice, TwoApart, TwoInTurn, NumShapes };
Shape shape;

double nanoseconds() {
  using namespace std::chrono;
  return double(duration_cast<std::chrono::nanoseconds>(
                    steady_clock::now().time_since_epoch())
                    .count());
}

void nothing(orch_exec *, void *) {}

int32_t resolve(orch_exec *, const int64_t *, int64_t *, int64_t *bytes) {
  bytes[0] = bytes[1] = 0;
  return 0;
}

int32_t run(orch_exec *exec, const void *const *, const int64_t *,
            void *const *, void *, const void *) {
  for (uint32_t i = 0; i < numTasks; ++i) {
    uint32_t device = shape == OneDevice ? 0 : i % 2;
    if (shape == TwoInTurn && i > 0)
      exec->api->wait(exec, device, i - 1);
    exec->api->launch(exec, device, i, nothing, nullptr);
    if (shape == TwoInTurn)
      exec->api->record(exec, device, i);
  }
  return exec->api->finish(exec);
}

} // namespace

int main(int argc, char **argv) {
  // The cores to use, else wherever the system puts the devices.
  int32_t cores[2] = {0, 1};
  orch_device_info info = {};
  info.struct_size = sizeof(info);
  orch_device *cpu = nullptr;
  if (orch_device_open("cpu", 0, nullptr, &cpu) != ORCH_OK ||
      orch_device_query(cpu, &info) != ORCH_OK)
    return 1;
  std::vector<orch_task_info> tasks(numTasks, {"", 0, 0, -1, -1});
  bool bind = argc > 1;
  orch_device_slot slots[2] = {
      {"cpu0", info.arch, bind ? &cores[0] : nullptr, 1, 3 * numTasks, 0, -1},
      {"cpu1", info.arch, bind ? &cores[1] : nullptr, 1, 3 * numTasks, 0, -1}};
  orch_artefact artefact = {};
  artefact.magic = ORCH_ARTEFACT_MAGIC;
  artefact.abi_version = ORCH_ARTEFACT_ABI_VERSION;
  artefact.struct_size = sizeof(artefact);
  artefact.flags = ORCH_ARTEFACT_USES_DEVICES;
  artefact.name = "tasks";
  artefact.resolve = resolve;
  artefact.run = run;
  artefact.devices = slots;
  artefact.tasks = tasks.data();
  artefact.num_devices = 2;
  artefact.num_tasks = numTasks;
  artefact.num_events = numTasks;
  orch_program *program = nullptr;
  orch_context *context = nullptr;
  if (orch_program_from_artefact(&artefact, nullptr, &program) != ORCH_OK ||
      orch_context_create(program, nullptr, &context) != ORCH_OK) {
    fprintf(stderr, "%s\n", orch_last_error());
    return 1;
  }
  const char *const names[] = {"all on one device", "dealt to two devices",
                               "in turn on two devices"};
  for (int s = 0; s < NumShapes; ++s) {
    shape = Shape(s);
    std::vector<double> times;
    for (int round = 0; round < 300; ++round) {
      double start = nanoseconds();
      if (orch_context_run(context, nullptr, 0, nullptr, 0) != ORCH_OK)
        return 1;
      times.push_back((nanoseconds() - start) / numTasks);
    }
    std::sort(times.begin(), times.end());
    printf("%-24s %7.1f ns a task (median), %7.1f (least)\n", names[s],
           times[times.size() / 2], times.front());
  }
  orch_context_destroy(context);
  orch_program_release(program);
  return orch_device_close(cpu) == ORCH_OK ? 0 : 1;
}
