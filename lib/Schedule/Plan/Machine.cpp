//===- Machine.cpp - Devices, routes and costs ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Plan/Machine.h"

#include <algorithm>
#include <cmath>

using namespace orchestra::plan;

/// The type whose units compute what a device has no units for.
static Element widen(Element element) {
  switch (element) {
  case Element::F8:
    return Element::F16;
  case Element::F16:
  case Element::BF16:
  case Element::I32:
    return Element::F32;
  case Element::I8:
    return Element::I32;
  case Element::F32:
  case Element::F64:
    return Element::F64;
  }
  return Element::F64;
}

static void fillPeaks(PerElement &peak) {
  PerElement given = peak;
  for (unsigned i = 0; i < kElements; ++i) {
    Element element = Element(i);
    while (given[unsigned(element)] <= 0 && element != Element::F64)
      element = widen(element);
    peak[i] = given[unsigned(element)];
  }
}

std::optional<std::string> Machine::finish() {
  size_t n = devices.size();
  if (n == 0)
    return "the machine has no device";
  if (host < 0 || host >= int32_t(n))
    return "the machine's host is none of its devices";
  for (Device &device : devices) {
    fillPeaks(device.peak);
    if (device.bandwidth <= 0)
      return "device '" + device.name + "' has no memory bandwidth";
  }
  for (const Link &link : links)
    if (link.bandwidth <= 0 || link.latency < 0)
      return "the link of '" + devices[link.a].name + "' and '" +
             devices[link.b].name + "' has no bandwidth";

  // Dijkstra from every device; n is small.
  hops.assign(n * n, Hop());
  for (size_t source = 0; source < n; ++source) {
    std::vector<double> distance(n, kInfinity);
    std::vector<bool> done(n, false);
    distance[source] = 0;
    for (size_t round = 0; round < n; ++round) {
      int32_t best = -1;
      for (size_t d = 0; d < n; ++d)
        if (!done[d] && distance[d] < kInfinity &&
            (best < 0 || distance[d] < distance[best]))
          best = d;
      if (best < 0)
        break;
      done[best] = true;
      for (size_t i = 0; i < links.size(); ++i) {
        const Link &link = links[i];
        if (link.a != best && link.b != best)
          continue;
        int32_t next = link.a == best ? link.b : link.a;
        double through =
            distance[best] + link.latency + kRouteBytes / link.bandwidth;
        if (through >= distance[next])
          continue;
        distance[next] = through;
        int32_t direction = link.fullDuplex && link.b == best;
        hops[source * n + next] = {best, int32_t(2 * i + direction),
                                   int32_t(i)};
      }
    }
  }
  for (size_t d = 0; d < n; ++d)
    if (int32_t(d) != host && (hop(host, d).from < 0 || hop(d, host).from < 0))
      return "device '" + devices[d].name + "' has no way to '" +
             devices[host].name + "'";
  return std::nullopt;
}

double Machine::routeTime(int32_t source, int32_t device, double bytes) const {
  double seconds = 0;
  while (device != source) {
    const Hop &step = hop(source, device);
    if (step.from < 0)
      return kInfinity;
    seconds += copyTime(step, bytes);
    device = step.from;
  }
  return seconds;
}

//===----------------------------------------------------------------------===//
// Estimates
//===----------------------------------------------------------------------===//

double RateTable::at(double size) const {
  if (size <= points.front().first)
    return points.front().second;
  for (size_t i = 1; i < points.size(); ++i) {
    const auto &[low, lowRate] = points[i - 1];
    const auto &[high, highRate] = points[i];
    if (size > high)
      continue;
    double share = std::log(size / low) / std::log(high / low);
    return lowRate * std::pow(highRate / lowRate, share);
  }
  return points.back().second;
}

double RateTable::seconds(double size) const {
  size = std::max(size, points.front().first);
  return size / at(size);
}

static double estimateSeconds(const Kernel &kernel, const Device &device,
                              double constantBytes) {
  const RateTable &read = device.rate(KernelKind::Read);
  const RateTable &rate = device.rate(kernel.kind);
  double seconds = 0;
  switch (kernel.kind) {
  case KernelKind::Matmul:
  case KernelKind::Convolution:
  case KernelKind::Window: {
    // Rates were measured with f32; other types have their share of it.
    double share = device.peak[unsigned(kernel.element)] /
                   device.peak[unsigned(Element::F32)];
    seconds =
        rate.seconds(kernel.flops) / (share > 0 ? share : 1) +
        kernel.bytes / device.rate(KernelKind::Elementwise).at(kernel.bytes);
    break;
  }
  default:
    seconds = rate.seconds(kernel.bytes);
  }
  if (kernel.math > 0)
    seconds += kernel.math / device.rate(KernelKind::Math).at(kernel.math);
  return seconds +
         kernel.constants / read.at(std::max(constantBytes, kernel.constants));
}

double orchestra::plan::estimateSeconds(const Task &task, const Device &device,
                                        double constantBytes) {
  if (device.isMeasured() && !task.kernels.empty()) {
    double seconds = 0;
    for (const Kernel &kernel : task.kernels)
      seconds += ::estimateSeconds(kernel, device, constantBytes);
    return seconds;
  }
  double compute = 0;
  for (unsigned i = 0; i < kElements; ++i)
    if (task.flops[i] > 0)
      compute +=
          device.peak[i] > 0 ? task.flops[i] / device.peak[i] : kInfinity;
  return task.launches * device.launch +
         std::max(compute, task.bytes / device.bandwidth);
}

CostTable::CostTable(const TaskGraph &graph, const Machine &machine)
    : devices(machine.devices.size()) {
  seconds.reserve(graph.tasks.size() * devices);
  double constants = graph.constantBytes();
  for (const Task &task : graph.tasks) {
    for (size_t d = 0; d < devices; ++d) {
      const Device &device = machine.devices[d];
      double cost = -1;
      for (const KnownCost &known : task.known)
        if (known.arch == device.arch)
          cost = known.seconds;
      if (cost < 0)
        cost = estimateSeconds(task, device, constants);
      if (task.pin >= 0 && task.pin != int32_t(d))
        cost = kInfinity;
      seconds.push_back(cost);
    }
  }
}

double CostTable::least(int32_t task) const {
  const double *row = &seconds[size_t(task) * devices];
  return *std::min_element(row, row + devices);
}

double CostTable::mean(int32_t task) const {
  double sum = 0;
  int count = 0;
  for (size_t d = 0; d < devices; ++d) {
    double cost = (*this)(task, d);
    if (cost < kInfinity) {
      sum += cost;
      ++count;
    }
  }
  return count ? sum / count : kInfinity;
}
