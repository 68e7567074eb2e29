//===- PlanGantt.cpp - A picture of a plan --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row for each device and for each direction of a link; in a row, one lane of
// estimated and one of measured times. What a bar is stands in its <title>,
// which browsers show under the pointer.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Plan.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <map>

using namespace orchestra;
using llvm::formatv;
using llvm::StringRef;

static constexpr double kLeft = 170, kWidth = 1000, kRight = 30, kTop = 56;
static constexpr double kLane = 20, kGap = 12;
/// A character of a label, in pixels.
static constexpr double kCharacter = 6.2;

static std::string escape(StringRef text) {
  std::string result;
  llvm::raw_string_ostream os(result);
  // Also what no XML may hold.
  for (char c : text)
    if (static_cast<unsigned char>(c) >= 0x20)
      llvm::printHTMLEscaped(StringRef(&c, 1), os);
  return result;
}

static std::string timeText(double seconds) {
  double size = std::fabs(seconds);
  if (size == 0)
    return "0";
  if (size < 1e-3)
    return formatv("{0:f1} us", seconds * 1e6);
  if (size < 1)
    return formatv("{0:f2} ms", seconds * 1e3);
  return formatv("{0:f2} s", seconds);
}

/// 1, 2 or 5 times a power of ten, so that there are at most ten marks.
static double tickOf(double length) {
  double power = std::pow(10, std::floor(std::log10(length / 10)));
  for (double factor : {1., 2., 5.})
    if (length / (power * factor) <= 10)
      return power * factor;
  return power * 10;
}

namespace {
struct Row {
  std::string name;
  std::vector<const PlannedWork *> work;
  double top = 0;
};

class Gantt {
public:
  explicit Gantt(const PlannedSchedule &plan) : plan(plan) {
    for (const PlannedDevice &device : plan.devices)
      rows["d" + device.name].name = device.name + " (" + device.arch + ")";
    for (const PlannedWork &work : plan.work)
      rowOf(work).work.push_back(&work);
    for (const PlannedWork &work : plan.work) {
      for (const auto &time : {estimateOf(work), measurementOf(work)})
        if (time)
          length = std::max(length, time->second);
      hasMeasured |= measurementOf(work).has_value();
    }
    if (length <= 0)
      length = 1e-6;
    height = kTop;
    for (auto &row : rows) {
      row.second.top = height;
      height += rowHeight() + kGap;
    }
    height += 20;
  }

  void draw(llvm::raw_ostream &os, StringRef title) const;

private:
  Row &rowOf(const PlannedWork &work) {
    if (!work.isTransfer)
      return rows["d" + work.device];
    Row &row = rows["l" + work.source + ">" + work.device];
    row.name = work.source + " to " + work.device;
    return row;
  }
  /// A run is the best measurement; else measured costs that entered the plan.
  static std::optional<PlannedTime> measurementOf(const PlannedWork &work) {
    if (work.measured)
      return work.measured;
    return work.unmeasured ? work.time : std::nullopt;
  }
  static std::optional<PlannedTime> estimateOf(const PlannedWork &work) {
    return work.unmeasured ? work.unmeasured : work.time;
  }
  double rowHeight() const { return hasMeasured ? 2 * kLane : kLane; }
  double xOf(double seconds) const { return kLeft + seconds / length * kWidth; }
  void drawAxis(llvm::raw_ostream &os) const;
  void drawBar(llvm::raw_ostream &os, const PlannedWork &work, PlannedTime time,
               double y, bool isMeasured) const;

  const PlannedSchedule &plan;
  /// Devices, then links.
  std::map<std::string, Row> rows;
  double length = 0, height = 0;
  bool hasMeasured = false;
};
} // namespace

void Gantt::drawAxis(llvm::raw_ostream &os) const {
  double tick = tickOf(length);
  for (int i = 0; i * tick <= length * (1 + 1e-9); ++i) {
    double x = xOf(i * tick);
    os << formatv("<line class=\"tick\" x1=\"{0:f1}\" y1=\"{1:f0}\" "
                  "x2=\"{0:f1}\" y2=\"{2:f0}\"/>\n",
                  x, kTop - 6, height - 20)
       << formatv("<text class=\"mark\" x=\"{0:f1}\" y=\"{1:f0}\">{2}</text>\n",
                  x, kTop - 12, timeText(i * tick));
  }
}

void Gantt::drawBar(llvm::raw_ostream &os, const PlannedWork &work,
                    PlannedTime time, double y, bool isMeasured) const {
  double x = xOf(time.first);
  double width = std::max(xOf(time.second) - x, 0.5);
  os << formatv("<g><rect class=\"{0}\" x=\"{1:f2}\" y=\"{2:f1}\" "
                "width=\"{3:f2}\" height=\"{4:f1}\" rx=\"2\"/>",
                isMeasured        ? "measured"
                : work.isTransfer ? "transfer"
                                  : "task",
                x, y, width, kLane - 2)
     << "<title>" << escape(work.name) << (isMeasured ? " (measured)" : "")
     << "\n"
     << timeText(time.first) << " to " << timeText(time.second) << ", "
     << timeText(time.second - time.first) << "\n";
  if (work.isTransfer)
    os << formatv("{0:f0} bytes from {1} to {2}, ", work.bytes,
                  escape(work.source), escape(work.device));
  os << escape(work.reason) << "</title>";
  size_t fits = size_t(std::max(0., (width - 6) / kCharacter));
  if (fits >= 3) {
    StringRef label(work.name);
    os << formatv("<text class=\"label\" x=\"{0:f1}\" y=\"{1:f1}\">{2}</text>",
                  x + 3, y + kLane - 7,
                  escape(label.size() <= fits ? label : label.take_back(fits)));
  }
  os << "</g>\n";
}

void Gantt::draw(llvm::raw_ostream &os, StringRef title) const {
  double width = kLeft + kWidth + kRight;
  os << formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:f0}\" "
                "height=\"{1:f0}\" viewBox=\"0 0 {0:f0} {1:f0}\">\n",
                width, height)
     << "<style>text{font:11px sans-serif;fill:#222}"
        ".title{font-weight:bold;font-size:13px}.mark{text-anchor:middle}"
        ".tick{stroke:#ddd}.row{fill:#f6f6f6}.task{fill:#8db8e8}"
        ".transfer{fill:#f2b872}.measured{fill:#9fd39f}"
        ".name{text-anchor:end}</style>\n"
     << formatv("<text class=\"title\" x=\"8\" y=\"18\">{0}</text>\n",
                escape(title))
     << formatv("<text x=\"8\" y=\"34\">{0}</text>\n",
                hasMeasured ? "above: as estimated; below: as measured"
                            : "estimated times");
  for (const auto &[key, row] : rows)
    os << formatv("<rect class=\"row\" x=\"{0:f0}\" y=\"{1:f1}\" "
                  "width=\"{2:f0}\" height=\"{3:f1}\"/>\n"
                  "<text class=\"name\" x=\"{4:f0}\" y=\"{5:f1}\">{6}</text>\n",
                  kLeft, row.top - 2, kWidth, rowHeight() + 2, kLeft - 8,
                  row.top + rowHeight() / 2 + 3, escape(row.name));
  drawAxis(os);
  for (const auto &[key, row] : rows)
    for (const PlannedWork *work : row.work) {
      if (auto time = estimateOf(*work))
        drawBar(os, *work, *time, row.top, /*isMeasured=*/false);
      if (auto time = measurementOf(*work))
        drawBar(os, *work, *time, row.top + kLane, /*isMeasured=*/true);
    }
  os << "</svg>\n";
}

std::string orchestra::drawGantt(const PlannedSchedule &plan, StringRef title,
                                 bool asPage) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (asPage)
    os << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
       << "<title>" << escape(title) << "</title></head>\n<body>\n";
  Gantt(plan).draw(os, title);
  if (asPage)
    os << "</body></html>\n";
  return text;
}
