# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs random cases of cases.py and compares them with NumPy in float64.

    run_cases.py --group matmul --seeds 0-8 --work DIR [-- orchestra's options]

One process compiles and runs all cases (`orchestra run --batch`). What fails is
named with its seed and kept in the work folder: model.mlir, inputs.npz,
outputs.npz. Exit code 1 if anything failed.
"""

import argparse
import json
import os
import subprocess
import sys

import numpy as np

import cases
from graph import TYPES


def write_case(function, seed, folder):
    graph, results, expected = function(np.random.default_rng(seed))
    os.makedirs(folder, exist_ok=True)
    files = {name: os.path.join(folder, name) for name in ("model.mlir", "inputs.npz", "outputs.npz")}
    with open(files["model.mlir"], "w") as model:
        model.write(graph.text(results))
    given = {name: data for name, data in graph.inputs.items() if name not in graph.constants}
    np.savez(files["inputs.npz"], **given)
    if os.path.exists(files["outputs.npz"]):
        os.remove(files["outputs.npz"])
    line = {"model": files["model.mlir"], "outputs": files["outputs.npz"]}
    if given:
        line["inputs"] = files["inputs.npz"]
    return line, results, expected


def difference(got, wanted, bound):
    """What is wrong with `got`, or nothing."""
    if got.shape != wanted.shape:
        return "shape is %s, not %s" % (got.shape, wanted.shape)
    number = got.astype(np.float64) if got.dtype.kind == "f" else got
    with np.errstate(all="ignore"):
        right = (number == wanted) | (np.abs(number - wanted) <= bound) if number.dtype.kind != "b" else number == wanted
        if number.dtype.kind == "f":
            right |= np.isnan(number) & np.isnan(wanted)
    if right.all():
        return None
    at = tuple(int(i) for i in np.argwhere(~right)[0])
    return "%d of %d elements differ, first at %s: %r, but NumPy says %r (bound %r)" % (
        (~right).sum(), got.size, at, got[at], wanted[at], np.broadcast_to(bound, got.shape)[at])  # fmt: skip


def compare(line, results, expected):
    outputs = np.load(line["outputs"])
    for i, (value, (wanted, bound)) in enumerate(zip(results, expected)):
        got = outputs["y%d" % i]
        if got.dtype != TYPES[value.element]:
            return "result %d has type %s" % (i, got.dtype)
        problem = difference(got, np.asarray(wanted), bound)
        if problem:
            return "result %d: %s" % (i, problem)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", required=True, choices=sorted(cases.GROUPS))
    parser.add_argument("--only", help="one function of the group")
    parser.add_argument("--seeds", default="0-4", help="first and last, as in 0-4")
    parser.add_argument("--work", required=True, help="folder for the models")
    parser.add_argument("--tool", default="orchestra")
    parser.add_argument("options", nargs="*", help="passed to orchestra run")
    args = parser.parse_args()
    first, last = (int(n) for n in args.seeds.split("-"))
    tests = {}
    for function in cases.GROUPS[args.group]:
        if args.only in (None, function.__name__):
            for seed in range(first, last + 1):
                folder = os.path.join(args.work, "%s-%d" % (function.__name__, seed))
                tests["%s, seed %d" % (function.__name__, seed)] = write_case(function, seed, folder)
    listing = os.path.join(args.work, "cases.jsonl")
    with open(listing, "w") as file:
        for line, _, _ in tests.values():
            file.write(json.dumps(line) + "\n")
    command = [args.tool, "run", "--no-cache", "--batch", listing] + args.options
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    reports = {}
    for text in done.stdout.splitlines():
        report = json.loads(text)
        reports[report["model"]] = report
    failed = 0
    for name, (line, results, expected) in tests.items():
        report = reports.get(line["model"])
        if report is None:
            problem = "did not run: '%s' ended with code %d" % (" ".join(command), done.returncode)
        elif not report["ok"]:
            problem = report["error"]
        else:
            problem = compare(line, results, expected)
        if problem:
            failed += 1
            print("FAIL: %s: %s\n  %s" % (name, problem, line["model"]))
    print("%d right, %d wrong" % (len(tests) - failed, failed))
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
