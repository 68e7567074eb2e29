#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures how far plans are from the optimum, as a mixed-integer program solved by HiGHS.

    benchmarks/schedule/optimum.py --models MODEL.onnx ... -o benchmarks/results/optimum.json

The planner's own oracle (unittests/Schedule/Exact.cpp) shares its view of time with it; this one
shares nothing but the costs and routes that `plan-corpus` prints. Real graphs are windows of
tasks cut from the models. Where the time limit ends a search there is a bound, but no gap."""

import argparse
import datetime
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import plans

MACHINES = ("cpu2", "cpu-gpu", "cpu-2gpu", "mixed")


class Program:
    """A mixed-integer program, row by row."""

    def __init__(self):
        import highspy

        self.solver = highspy.Highs()
        self.solver.silent()
        self.infinity = highspy.kHighsInf
        self.integer = highspy.HighsVarType.kInteger
        self.optimal = highspy.HighsModelStatus.kOptimal
        self.columns = 0

    def number(self, low=0.0, high=None, cost=0.0):
        self.solver.addVar(low, self.infinity if high is None else high)
        self.solver.changeColCost(self.columns, cost)
        self.columns += 1
        return self.columns - 1

    def binary(self):
        column = self.number(0, 1)
        self.solver.changeColIntegrality(column, self.integer)
        return column

    def at_least(self, low, terms, high=None):
        """low <= sum of factor * column (<= high)"""
        merged = {}
        for factor, column in terms:
            merged[column] = merged.get(column, 0) + factor
        top = self.infinity if high is None else high
        self.solver.addRow(low, top, len(merged), list(merged), list(merged.values()))

    def solve(self, seconds):
        """The best value found, the proved bound, and whether they are the same."""
        self.solver.setOptionValue("time_limit", float(seconds))
        self.solver.setOptionValue("mip_rel_gap", 1e-6)
        self.solver.run()
        info = self.solver.getInfo()
        proved = self.solver.getModelStatus() == self.optimal
        return info.objective_function_value, info.mip_dual_bound, proved


def ordered_pairs(problem):
    """Pairs of tasks of which the first must end before the second starts."""
    count = len(problem["costs"])
    after = [set() for _ in range(count)]
    for value in problem["values"]:
        if value["producer"] >= 0:
            after[value["producer"]].update(value["users"])
    for _ in range(count):
        for task in range(count):
            for other in list(after[task]):
                after[task] |= after[other]
    return {(a, b) for a in range(count) for b in after[a]}


def build(problem):
    """The shortest makespan. Time is in units of the planner's, which bounds the optimum."""
    p = Program()
    unit = problem["latency"]
    horizon = 1.0 + 1e-5
    costs, hops, host = problem["costs"], problem["hops"], problem["host"]
    tasks, devices = range(len(costs)), range(len(hops))
    end = p.number(0, horizon, cost=1)
    on = [{d: p.binary() for d in devices if costs[t][d] is not None} for t in tasks]
    start = [p.number(0, horizon) for _ in tasks]
    length = [[(costs[t][d] / unit, on[t][d]) for d in on[t]] for t in tasks]
    for t in tasks:
        p.at_least(1, [(1, column) for column in on[t].values()], 1)
        p.at_least(0, [(1, end), (-1, start[t])] + [(-f, c) for f, c in length[t]])

    copies = []  # (start, end, {channel: [columns that say it is taken]})
    for value in problem["values"]:
        producer = value["producer"]
        homes = {host: None} if producer < 0 else on[producer]
        needs = {d: [on[u][d] for u in value["users"] if d in on[u]] for d in devices}
        made = {(o, d): p.number(0, 1) for o in homes for d in devices if o != d}
        begin = {d: p.number(0, horizon) for d in devices}
        there = {d: p.number(0, horizon) for d in devices}
        for (o, d), copied in made.items():
            home = [] if homes[o] is None else [(-1, homes[o])]
            base = 0 if homes[o] is None else -1
            for need in needs[d]:
                p.at_least(base, [(1, copied), (-1, need)] + home)
            if value["output"] and d == host:
                p.at_least(base + 1, [(1, copied)] + home)
            before, _, latency, bandwidth = hops[o][d]
            seconds = (latency + value["bytes"] / bandwidth) / unit
            # On the way: after the step before, which must be made too.
            if before != o:
                p.at_least(0, [(1, made[o, before]), (-1, copied)])
                p.at_least(-horizon, [(1, begin[d]), (-1, there[before]), (-horizon, copied)])
            elif producer >= 0:
                late = [(-f, c) for f, c in length[producer]]
                p.at_least(-horizon, [(1, begin[d]), (-1, start[producer]), (-horizon, copied), *late])
            p.at_least(-horizon, [(1, there[d]), (-1, begin[d]), (-seconds - horizon, copied)])
        for d in devices:
            for user in value["users"]:
                if d in on[user]:
                    p.at_least(-horizon, [(1, start[user]), (-1, there[d]), (-horizon, on[user][d])])
            taken = {}
            for o in homes:
                if o != d:
                    taken.setdefault(hops[o][d][1], []).append((made[o, d], d))
            copies.append((begin[d], there[d], taken))
        for user in value["users"]:
            if producer >= 0:
                late = [(-f, c) for f, c in length[producer]]
                p.at_least(0, [(1, start[user]), (-1, start[producer]), *late])
        if value["output"]:
            p.at_least(0, [(1, end), (-1, there[host])])

    # One task at a time on a device, one copy at a time on a channel.
    ordered = ordered_pairs(problem)
    for a in tasks:
        for b in range(a):
            if (a, b) in ordered or (b, a) in ordered:
                continue
            first = p.binary()
            for d in devices:
                if d not in on[a] or d not in on[b]:
                    continue
                both = [(-horizon, on[a][d]), (-horizon, on[b][d])]
                after_a = [(1, start[b]), (-1, start[a]), (-horizon, first), (-costs[a][d] / unit, on[a][d])]
                after_b = [(1, start[a]), (-1, start[b]), (horizon, first), (-costs[b][d] / unit, on[b][d])]
                p.at_least(-3 * horizon, after_a + both)
                p.at_least(-2 * horizon, after_b + both)
    for i, (begin_a, end_a, taken_a) in enumerate(copies):
        for begin_b, end_b, taken_b in copies[:i]:
            shared = [(x, y) for c in taken_a if c in taken_b for x, _ in taken_a[c] for y, _ in taken_b[c]]
            if not shared:
                continue
            first = p.binary()
            for x, y in shared:
                both = [(-horizon, x), (-horizon, y)]
                p.at_least(-3 * horizon, [(1, begin_b), (-1, end_a), (-horizon, first), *both])
                p.at_least(-2 * horizon, [(1, begin_a), (-1, end_b), (horizon, first), *both])
    return p


def measure(problem, seconds):
    """One row: the plan, the best single device, and the optimum or a bound of it."""
    started = time.perf_counter()
    best, bound, proved = build(problem).solve(seconds)
    unit = problem["latency"]
    least = (best if proved else bound) * unit
    return {
        "name": problem["name"],
        "machine": problem["machine"],
        "tasks": problem["tasks"],
        "plan": problem["latency"],
        "single": problem["single"],
        "optimum": least if proved else None,
        "proved": proved,
        "gap": problem["latency"] / least - 1 if proved else None,
        "branch_and_bound": problem["exact"] if problem["proved"] else None,
        "solver_seconds": round(time.perf_counter() - started, 3),
    }


def windows(graph, size):
    """Pieces of `size` tasks in a row; what crosses their edges becomes input and output."""
    for first in range(0, len(graph["tasks"]) - size + 1, size):
        chosen = range(first, first + size)
        tasks, values, index = [], [], {}

        def number(old, index=index, values=values):
            if old not in index:
                index[old] = len(values)
                values.append(dict(graph["values"][old]))
            return index[old]

        made = {v for t in chosen for v in graph["tasks"][t]["outputs"]}
        outside = {v for t, task in enumerate(graph["tasks"]) if t not in chosen for v in task["inputs"]}
        for t in chosen:
            task = dict(graph["tasks"][t])
            task["inputs"] = [number(v) for v in task["inputs"]]
            task["outputs"] = [number(v) for v in task["outputs"]]
            tasks.append(task)
        for old, new in index.items():
            value = values[new]
            if value.get("kind", "computed") == "constant":
                continue
            value["kind"] = "computed" if old in made else "input"
            value["output"] = old in made and (value.get("output", False) or old in outside)
        yield {"tasks": tasks, "values": values}


def real_problems(options):
    """Windows of the models' graphs, planned by plan-corpus, on each machine in turn."""
    opt, translate = (options.build / "bin" / f"orchestra-{name}" for name in ("opt", "translate"))
    program = options.build / "unittests" / "plan-corpus"
    topology = options.build / "bin" / "orchestra"
    with tempfile.TemporaryDirectory() as folder:
        machine = Path(folder) / "machine.json"
        text = subprocess.run([topology, "targets", "--emit-topology", "--cpu-devices=2"], capture_output=True, text=True, check=True)
        machine.write_text(text.stdout)
        for model in options.models:
            plan, graph = Path(folder) / "plan.mlirbc", Path(folder) / "graph.json"
            subprocess.run([topology, "plan", model, "--topology", machine, "-o", plan, "-q"], check=True)
            subprocess.run([opt, plan, f"--orchestra-schedule=write-graph={graph}", "-o", "/dev/null"], check=True)
            pieces = list(windows(json.loads(graph.read_text()), options.window))
            for i, piece in enumerate(pieces[: options.per_model]):
                path = Path(folder) / f"{model.parent.name}-{model.stem}-{i}.json"
                path.write_text(json.dumps(piece))
                yield from plans.run(program, "graph", path, MACHINES[i % len(MACHINES)], options.limit)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--graphs", type=int, default=270, help="random graphs")
    parser.add_argument("--most-tasks", type=int, default=8, help="larger random graphs are left out")
    parser.add_argument("--models", type=Path, nargs="*", default=[], help="models to cut graphs from")
    parser.add_argument("--window", type=int, default=6, help="tasks of a piece of a model")
    parser.add_argument("--per-model", type=int, default=16, help="pieces of a model, at most")
    parser.add_argument("--seconds", type=float, default=20, help="limit of one search")
    parser.add_argument("--limit", type=int, default=200000, help="nodes of the other oracle")
    parser.add_argument("-o", "--out", type=Path, help="also write the figures here, as JSON")
    options = parser.parse_args()

    problems = plans.run(options.build / "unittests" / "plan-corpus", "gap", options.graphs, options.limit)
    kinds = [("random", problem) for problem in problems if problem["tasks"] <= options.most_tasks]
    kinds += [("model", problem) for problem in real_problems(options)]
    rows = []
    for i, (kind, problem) in enumerate(kinds):
        rows.append({"kind": kind, **measure(problem, options.seconds)})
        print(f"{i + 1}/{len(kinds)} {problem['name']} {rows[-1]['gap']}", file=sys.stderr)
    proved = [row for row in rows if row["proved"]]
    agree = [row for row in rows if row["proved"] and row["branch_and_bound"] is not None]
    summary = {
        "graphs": len(rows),
        "from_models": sum(row["kind"] == "model" for row in rows),
        "optimum_proved": sum(row["proved"] for row in rows),
        "largest_gap": max(row["gap"] for row in proved),
        "mean_gap": sum(row["gap"] for row in proved) / len(proved),
        "above_5_percent": sum(row["gap"] > 0.05 for row in proved),
        "worse_than_one_device": sum(row["plan"] > row["single"] * (1 + 1e-9) for row in rows),
        "oracles_disagree": sum(abs(row["optimum"] / row["branch_and_bound"] - 1) > 1e-4 for row in agree),
    }
    result = {
        "date": datetime.date.today().isoformat(),
        "processor": plans.processor(),
        "python": platform.python_version(),
        "seconds_a_graph": options.seconds,
        "summary": summary,
        "rows": rows,
    }
    print(json.dumps(summary, indent=1))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    bad = summary["above_5_percent"] or summary["worse_than_one_device"] or summary["oracles_disagree"]
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
