//===- Trace.cpp - Profiles as a Perfetto trace ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Format: the JSON array format of Chrome's trace viewer, which ui.perfetto.dev
//   reads: complete events ("ph": "X") with times in microseconds.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Session.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace orchestra;

std::string orchestra::formatTrace(const Model &model, const Session &session) {
  std::string text;
  raw_string_ostream os(text);
  json::OStream out(os, /*IndentSize=*/1);
  // Thread 1 is the whole run, and calls on the host; devices follow.
  auto trackOf = [](int device) { return int64_t(device) + 2; };
  auto event = [&](StringRef name, int64_t track, double start, double length,
                   function_ref<void()> arguments) {
    out.object([&] {
      out.attribute("name", json::fixUTF8(name));
      out.attribute("ph", "X");
      out.attribute("pid", 1);
      out.attribute("tid", track);
      out.attribute("ts", start);
      out.attribute("dur", length);
      out.attributeObject("args", arguments);
    });
  };
  out.object([&] {
    out.attribute("displayTimeUnit", "ns");
    out.attributeArray("traceEvents", [&] {
      out.object([&] {
        out.attribute("name", "process_name");
        out.attribute("ph", "M");
        out.attribute("pid", 1);
        out.attributeObject("args", [&] {
          out.attribute("name", json::fixUTF8(model.getName()));
        });
      });
      for (size_t i = 0; i < model.getDevices().size(); ++i)
        out.object([&] {
          out.attribute("name", "thread_name");
          out.attribute("ph", "M");
          out.attribute("pid", 1);
          out.attribute("tid", trackOf(int(i)));
          out.attributeObject("args", [&] {
            out.attribute("name", json::fixUTF8(model.getDevices()[i]));
          });
        });
      event("run", 1, 0, double(session.runTime().last) / 1e3,
            [&] { out.attribute("runs", int64_t(session.runTime().count)); });
      std::vector<CallTime> tasks = session.taskTimes();
      for (size_t i = 0; i < tasks.size(); ++i) {
        const PlannedTask &task = model.getTasks()[i];
        std::string nodes = join(task.nodes, " + ");
        event(task.isCopy ? "copy to " + model.getDevices()[task.device]
                          : "task: " + nodes,
              trackOf(tasks[i].device), double(tasks[i].lastStart) / 1e3,
              double(tasks[i].last) / 1e3, [&] {
                out.attribute("task", int64_t(i));
                out.attribute("device",
                              json::fixUTF8(model.getDevices()[task.device]));
                out.attribute("least_us", double(tasks[i].least) / 1e3);
                if (task.isCopy)
                  out.attribute("nodes", json::fixUTF8(nodes));
                if (task.start < 0)
                  return;
                out.attribute("estimated_start_us", task.start * 1e6);
                out.attribute("estimated_us", (task.finish - task.start) * 1e6);
              });
      }
      std::vector<CallTime> times = session.callTimes();
      for (size_t i = 0; i < times.size(); ++i) {
        const KernelCall &call = model.getCalls()[i];
        std::string nodes = join(call.nodes, " + ");
        double seconds = double(times[i].last) / 1e9;
        event(
            nodes.empty() ? call.kernel : nodes, trackOf(times[i].device),
            double(times[i].lastStart) / 1e3, double(times[i].last) / 1e3, [&] {
              out.attribute("kernel", call.kernel);
              out.attribute("call", int64_t(i));
              if (call.flops >= 0 && seconds > 0)
                out.attribute("gflops_per_second", call.flops / seconds / 1e9);
              if (call.bytes >= 0 && seconds > 0)
                out.attribute("gbytes_per_second", call.bytes / seconds / 1e9);
            });
      }
    });
  });
  return text;
}
