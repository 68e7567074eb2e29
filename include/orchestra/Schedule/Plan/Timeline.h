//===- Timeline.h - When one thing at a time is busy ------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PLAN_TIMELINE_H
#define ORCHESTRA_SCHEDULE_PLAN_TIMELINE_H

#include <algorithm>
#include <cstddef>
#include <vector>

namespace orchestra::plan {

/// The busy times of a device or a channel, kept as the idle gaps between them.
/// Work goes into the first gap that holds it. Only the last kMaxGaps gaps are
/// remembered, so each question costs a constant however long the plan is.
class Timeline {
public:
  static constexpr size_t kMaxGaps = 64;

  void clear() {
    gaps.clear();
    busyUntil = 0;
  }
  double end() const { return busyUntil; }

  /// The earliest start, not before `ready`, of work that takes `seconds`.
  double fit(double ready, double seconds) const {
    auto it = std::lower_bound(
        gaps.begin(), gaps.end(), ready,
        [](const Gap &gap, double time) { return gap.end < time; });
    for (; it != gaps.end(); ++it) {
      double start = std::max(ready, it->start);
      if (start + seconds <= it->end)
        return start;
    }
    return std::max(ready, busyUntil);
  }

  /// Takes a time that fit() gave.
  void reserve(double start, double seconds) {
    if (start >= busyUntil) {
      if (start > busyUntil) {
        if (gaps.size() == kMaxGaps)
          gaps.erase(gaps.begin());
        gaps.push_back({busyUntil, start});
      }
      busyUntil = start + seconds;
      return;
    }
    auto it = std::upper_bound(
        gaps.begin(), gaps.end(), start,
        [](double time, const Gap &gap) { return time < gap.start; });
    if (it == gaps.begin())
      return; // work without duration at a busy moment
    --it;
    double finish = start + seconds, gapEnd = it->end;
    if (start >= gapEnd)
      return;
    bool before = start > it->start, after = finish < gapEnd;
    if (before && after) {
      it->end = start;
      gaps.insert(it + 1, {finish, gapEnd});
    } else if (before) {
      it->end = start;
    } else if (after) {
      it->start = finish;
    } else {
      gaps.erase(it);
    }
  }

private:
  struct Gap {
    double start, end;
  };
  std::vector<Gap> gaps;
  double busyUntil = 0;
};

} // namespace orchestra::plan

#endif // ORCHESTRA_SCHEDULE_PLAN_TIMELINE_H
