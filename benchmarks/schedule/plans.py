#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the planner: distance to the optimum of small graphs, time of large ones.

    benchmarks/schedule/plans.py --build build -o benchmarks/results/plans.json

The optimum comes from branch and bound (unittests/Schedule/Exact.cpp), which shares the
planner's model of a machine but no part of its search."""

import argparse
import datetime
import json
import platform
import subprocess
from pathlib import Path


def run(program, *words):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--graphs", type=int, default=280, help="small graphs")
    parser.add_argument("--limit", type=int, default=3000000, help="nodes of the exact search")
    parser.add_argument("-o", "--out", type=Path, help="also write the figures here, as JSON")
    options = parser.parse_args()
    program = options.build / "unittests" / "plan-corpus"

    rows = run(program, "gap", options.graphs, options.limit)
    proved = [row for row in rows if row["proved"]]
    gaps = [row["latency"] / row["exact"] - 1 for row in proved]
    small = {
        "graphs": len(rows),
        "optimum_proved": len(proved),
        "optimal": sum(gap < 1e-6 for gap in gaps),
        "largest_gap": max(gaps),
        "mean_gap": sum(gaps) / len(gaps),
        "above_5_percent": sum(gap > 0.05 for gap in gaps),
        "worse_than_one_device": sum(row["latency"] > row["single"] * (1 + 1e-9) for row in rows),
        "several_devices": sum(row["latency"] < row["single"] * 0.999 for row in rows),
    }
    large = []
    for tasks in (1000, 3000, 10000, 30000, 100000):
        for machine in ("cpu-gpu", "cpu-8gpu"):
            large += run(program, "scale", "random", tasks, machine)
        large += run(program, "scale", "random", tasks, "mixed", "throughput")
    result = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "threads": 1,
        "small_graphs": small,
        "large_graphs": large,
    }
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    return 0 if small["above_5_percent"] == 0 and small["worse_than_one_device"] == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
