#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the ONNX suite for a GPU that is on another machine, and judges what ran there.

    pack.py FOLDER [--target nvidia_hopper] [--include REGEX] [--sample N] [--workers 2]
    (run.py there, which needs the folder, the runtime library and numpy alone)
    pack.py FOLDER --judge RESULTS.tar

FOLDER gets an artefact and the inputs of each case, and `cases.json`: what was refused, and which
kernels run on the host. Exit code 1 if a case fails or crashes there."""

from __future__ import annotations

import argparse
import concurrent.futures
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
from collections import Counter

import numpy as np
import onnx

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "conformance" / "onnx"))

import cases  # noqa: E402
import run as suite  # noqa: E402

LARGEST = 4 << 20  # bytes of an artefact: weights of larger models do not travel


def compile_case(number: int, key: str, raw: object, options: argparse.Namespace) -> dict:
    case = cases.build(key, raw)
    entry = {"key": key, "name": "c%04d" % number}
    if case.inexpressible:
        return entry | {"refused": "inexpressible: " + case.inexpressible}
    folder: pathlib.Path = options.folder
    model = folder / (entry["name"] + ".onnx")
    model.write_bytes(case.model.SerializeToString())
    artefact = folder / (entry["name"] + ".so")
    words = [options.orchestra, "compile", model, "-o", artefact, "--target", options.target, "--cpu", options.cpu, "-j1"]
    command = [str(word) for word in words]
    done = subprocess.run([*command, "--no-cache"], capture_output=True, text=True, timeout=300)
    if done.returncode and "[needs-inputs]" in done.stderr:
        given = folder / (entry["name"] + ".inputs.npz")
        np.savez(given, **{n: cases.bits(a) for n, a in case.sets[0][0].items()})
        command += ["--inputs", str(given)]
        done = subprocess.run([*command, "--no-cache"], capture_output=True, text=True, timeout=300)
        given.unlink()
    model.unlink()
    entry["on_host"] = done.stderr.count("[runs-on-host]")
    entry["reasons"] = re.findall(r"note: .*error: (.*)", done.stderr)[: entry["on_host"]]
    if done.returncode:
        text = done.stderr.strip().splitlines() or ["exit code %d" % done.returncode]
        errors = [line for line in text if "error:" in line]
        return entry | {"refused": (errors or text)[0].split("error: ")[-1][:200]}
    if artefact.stat().st_size > LARGEST:
        artefact.unlink()
        return entry | {"refused": "its weights are too large to travel"}
    entry["sets"] = len(case.sets)
    for i, (inputs, _) in enumerate(case.sets):
        if any(a.dtype.kind == "U" for a in inputs.values()):
            return entry | {"refused": "inputs of strings"}
        np.savez(folder / ("%s.%d.npz" % (entry["name"], i)), **{n: cases.bits(a) for n, a in inputs.items()})
    return entry


def pack(options: argparse.Namespace) -> int:
    options.folder.mkdir(parents=True, exist_ok=True)
    raw = cases.raw_cases(cases.KINDS)
    keys = [key for key in raw if re.search(options.include, key)]
    if options.sample:
        keys = cases.sample(raw, keys, options.sample, set())
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        entries = list(pool.map(lambda pair: compile_case(pair[0], pair[1], raw[pair[1]], options), enumerate(keys)))
    (options.folder / "cases.json").write_text(json.dumps(entries, indent=1))
    refused = Counter(entry["refused"] for entry in entries if "refused" in entry)
    reasons = Counter(reason for entry in entries for reason in entry.get("reasons", []))
    for title, counter in (("refused", refused), ("kernels on the host", reasons)):
        print("%s: %d" % (title, counter.total()))
        for text, count in counter.most_common(options.top):
            print("%6d  %s" % (count, text))
    whole = sum("refused" not in e and not e["on_host"] for e in entries)
    print("%d cases, %d compiled, %d of them for the device alone" % (len(entries), len(entries) - refused.total(), whole))
    return 0


def typed(array: np.ndarray, expected: np.ndarray | None) -> np.ndarray:
    """The array in the type that is expected, if numpy lacks it and its bits came back."""
    if expected is None or expected.dtype == array.dtype or expected.dtype.char in cases.NATIVE:
        return array
    return array.view(expected.dtype) if array.dtype.itemsize == expected.dtype.itemsize else array


def judge(options: argparse.Namespace) -> int:
    """The outputs of run.py against what the suite expects."""
    entries = json.loads((options.folder / "cases.json").read_text())
    raw = cases.raw_cases(cases.KINDS)
    tally: Counter[str] = Counter()
    bad: list[str] = []
    with tarfile.open(options.judge) as tar:
        report = json.load(tar.extractfile("report.json"))
        names = set(tar.getnames())
        for entry in entries:
            if "refused" in entry:
                tally["refused"] += 1
                continue
            said = report.get(entry["name"], "did not run")
            verdict = suite.Verdict("fail", said)
            if said == "ok":
                case = cases.build(entry["key"], raw[entry["key"]])
                for i, (_, outputs) in enumerate(case.sets):
                    name = "%s.%d.out.npz" % (entry["name"], i)
                    if name not in names:
                        verdict = suite.Verdict("fail", "no outputs")
                        break
                    got = dict(np.load(io.BytesIO(tar.extractfile(name).read())))
                    verdict = suite.judge(case, outputs, {n: typed(a, outputs.get(n)) for n, a in got.items()})
                    if verdict.status != "pass":
                        break
            where = "with the host" if entry["on_host"] else "on the device"
            tally["%s, %s" % (verdict.status, where)] += 1
            if verdict.status != "pass":
                bad.append("%s %s: %s" % (entry["name"], entry["key"], verdict.reason))
    for line in bad[: options.top]:
        print(line)
    for text, count in sorted(tally.items()):
        print("%6d  %s" % (count, text))
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--orchestra", default=str(ROOT / "build/bin/orchestra"))
    parser.add_argument("--target", default="nvidia_hopper")
    parser.add_argument("--cpu", default="x86-64-v3", help="of the machine with the GPU")
    parser.add_argument("--include", default="", metavar="REGEX")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--top", type=int, default=40)
    parser.add_argument("--judge", metavar="RESULTS")
    options = parser.parse_args()
    return judge(options) if options.judge else pack(options)


if __name__ == "__main__":
    sys.exit(main())
