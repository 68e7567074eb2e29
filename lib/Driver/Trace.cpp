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
  auto event = [&](StringRef name, double start, double length,
                   function_ref<void()> arguments) {
    out.object([&] {
      out.attribute("name", json::fixUTF8(name));
      out.attribute("ph", "X");
      out.attribute("pid", 1);
      out.attribute("tid", 1);
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
      event("run", 0, double(session.runTime().last) / 1e3,
            [&] { out.attribute("runs", int64_t(session.runTime().count)); });
      std::vector<CallTime> times = session.callTimes();
      for (size_t i = 0; i < times.size(); ++i) {
        const KernelCall &call = model.getCalls()[i];
        std::string nodes = join(call.nodes, " + ");
        double seconds = double(times[i].last) / 1e9;
        event(
            nodes.empty() ? call.kernel : nodes,
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
