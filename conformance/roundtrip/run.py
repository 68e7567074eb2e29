#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the `onnx` package's cases by way of StableHLO: `orchestra compile --emit=stablehlo`, then jaxlib.

    run.py                                # all cases that the frontend supports
    run.py --sample 100                   # a fixed sample, for `make check`
    run.py --include node/test_conv --no-gate --verbose
    run.py --with interpreter             # the official interpreter instead of XLA's client
    run.py --write-expected               # after a full run: expected.json as things are now

jaxlib is that of $ORCHESTRA_JAXLIB_PYTHON, or of this Python. A model whose sizes are open is made for the
sizes of the case. What runs programs is a process of its own, a batch at a time; where one crashes or hangs, the
next goes on behind it, so that a crash is one failure. A case that is not to pass yet stands in expected.json under
its reason; there, a pass is an error too: the list only shrinks. Exit code 1 on any difference.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "onnx"))

import cases  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import run as suite  # noqa: E402
from run import Verdict  # noqa: E402

EXPECTED = HERE / "expected.json"
# rejected: the official library or XLA does not take the text. The others as in conformance/onnx.
suite.STATUSES = ("pass", "refused", "rejected", "fail", "crash", "timeout", "inexpressible", "unsupported")


def reason_of(stderr: str) -> str:
    """The first gap, which is what an error's first note names."""
    lines = [suite.without_paths(line.strip()) for line in stderr.splitlines() if line.strip()]
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if "error: StableHLO cannot" in line and "note: " in after:
            return re.sub(r"^.*?note: ", "", after)[:160]
    return suite.refusal(stderr)


class RoundTrips:
    def __init__(self, args: argparse.Namespace, scratch: pathlib.Path):
        self.args, self.scratch = args, scratch
        self.compile = suite.Runs(shlex.split(args.orchestra), [], args.timeout, args.memory_gb, scratch)

    def raised(self, model: pathlib.Path, inputs: pathlib.Path, text: pathlib.Path) -> Verdict | None:
        """Why there is no text, or nothing."""
        words = ["compile", str(model), "--emit=stablehlo", "-o", str(text), "-q"]
        with np.load(inputs) as archive:
            if archive.files:
                words += ["--inputs", str(inputs)]
        try:
            code, stderr = self.compile.program(words, self.args.timeout)
        except subprocess.TimeoutExpired:
            return Verdict("timeout", f"raising: over {self.args.timeout:g} s")
        if code < 0:
            return Verdict("crash", f"raising: killed by {signal.Signals(-code).name}")
        if code == 3:
            return Verdict("crash", f"internal error: {suite.refusal(stderr)}")
        return Verdict("refused", reason_of(stderr)) if code else None

    def evaluate(self, jobs: list[dict]) -> list[Verdict]:
        """What the jobs came to, as far as they came."""
        lines = "".join(json.dumps(job) + "\n" for job in jobs)
        words = [self.args.python, str(HERE / "evaluate.py"), self.args.runner]
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
            child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=err, text=True,
                                     start_new_session=True)  # fmt: skip
            problem = Verdict("crash", "")
            try:
                child.communicate(lines, self.args.timeout + 2 * len(jobs))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                problem = Verdict("timeout", f"running: over {self.args.timeout:g} s")
            out.seek(0)
            err.seek(0)
            verdicts = []
            for line in out.read().split("\n")[:-1]:
                with contextlib.suppress(json.JSONDecodeError):
                    verdicts.append(Verdict(**json.loads(line)))
            if len(verdicts) < len(jobs):
                if problem.status == "crash":
                    last = suite.without_paths((err.read().strip().splitlines() or [""])[-1])[:120]
                    problem.reason = f"running: exit code {child.returncode}: {last}"
                verdicts.append(problem)
        return verdicts

    def batch(self, raw: dict) -> dict[str, Verdict]:
        verdicts: dict[str, Verdict] = {}
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            root = pathlib.Path(name)
            jobs, places = [], []
            for number, (key, one) in enumerate(raw.items()):
                case = cases.build(key, one)
                if case.inexpressible:
                    verdicts[key] = Verdict("inexpressible", case.inexpressible)
                    continue
                model = root / f"{number}.onnx"
                onnx.save_model(case.model, model)
                for index, (inputs, outputs) in enumerate(case.sets):
                    stem = f"{number}.{index}"
                    files = {"text": f"{stem}.mlir", "inputs": f"{stem}.in.npz", "outputs": f"{stem}.out.npz"}
                    files = {k: str(root / v) for k, v in files.items()}
                    kinds = {a.dtype.kind for a in [*inputs.values(), *outputs.values()]}
                    if "U" in kinds:
                        verdicts[key] = Verdict("inexpressible", "strings: StableHLO has none")
                        break
                    suite.save_inputs(pathlib.Path(files["inputs"]), inputs)
                    files["given"] = files["inputs"]
                    if any(a.dtype.name in NIBBLES for a in inputs.values()):
                        files["given"] = str(root / f"{stem}.packed.npz")
                        suite.save_inputs(pathlib.Path(files["given"]), {k: packed(a) for k, a in inputs.items()})
                    why = self.raised(model, pathlib.Path(files["inputs"]), pathlib.Path(files["text"]))
                    if why:
                        verdicts[key] = why
                        break
                    jobs.append(files)
                    places.append((key, case, outputs))
            done: list[Verdict] = []
            while len(done) < len(jobs):  # a crash ends a process, and is the job's that it was at
                done += self.evaluate(jobs[len(done) :])
            for (key, case, outputs), job, verdict in zip(places, jobs, done, strict=True):
                if verdict.status == "pass":
                    verdict = judge(case, outputs, pathlib.Path(job["outputs"]))
                verdict.reason = shorten(verdict.reason)
                if key not in verdicts or verdicts[key].status == "pass":
                    verdicts[key] = verdict
            if self.args.keep:
                self.keep(root, [*raw])
        return verdicts

    def keep(self, root: pathlib.Path, keys: list[str]) -> None:
        self.args.keep.mkdir(parents=True, exist_ok=True)
        for number, key in enumerate(keys):
            for path in root.glob(f"{number}.*"):
                path.rename(self.args.keep / (key.replace("/", "_") + path.name.removeprefix(str(number))))


def shorten(reason: str) -> str:
    line = next((l.strip() for l in reason.splitlines() if l.strip()), "")
    return re.sub(r'"[^"]*\.mlir":\d+:\d+: |loc\([^)]*\): ', "", suite.without_paths(line))[:160]


NIBBLES = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2, "float4_e2m1fn": 4}


def packed(array: np.ndarray) -> np.ndarray:
    """As the ONNX format has them: several narrow elements a byte, the first in the lowest bits."""
    bits = NIBBLES.get(array.dtype.name)
    if not bits:
        return array
    flat = array.reshape(-1).view(np.uint8) & (2**bits - 1)
    flat = np.pad(flat, (0, -len(flat) % (8 // bits))).reshape(-1, 8 // bits)
    return np.bitwise_or.reduce(flat << np.arange(0, 8, bits, dtype=np.uint8), axis=1).astype(np.uint8)


def judge(case: cases.Case, want: dict, path: pathlib.Path) -> Verdict:
    """By the suite's own comparison; results are in the order of the model's outputs."""
    with np.load(path) as archive:
        got = [archive[name] for name in archive.files]
    if len(got) != len(want):
        return Verdict("fail", f"{len(got)} results, {len(want)} expected")
    named, want = {}, {name: packed(array) for name, array in want.items()}
    got = [mine.reshape(array.shape) if mine.size == array.size else mine
           for mine, array in zip(got, want.values(), strict=True)]  # fmt: skip
    for (name, array), mine in zip(want.items(), got, strict=True):
        same_bits = mine.dtype != array.dtype and mine.dtype.itemsize == array.dtype.itemsize
        named[name] = mine.reshape(-1).view(array.dtype).reshape(mine.shape) if same_bits else mine
    return suite.judge(case, want, named)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = HERE.parent.parent / "build" / "bin" / "orchestra"
    parser.add_argument("--orchestra", default=str(default), help="the command")
    parser.add_argument("--python", default=os.environ.get("ORCHESTRA_JAXLIB_PYTHON") or sys.executable)
    parser.add_argument("--with", dest="runner", choices=("cpu", "interpreter"), default="cpu")
    parser.add_argument("--kinds", default=",".join(cases.KINDS))
    parser.add_argument("--include", action="append", default=[], metavar="REGEX")
    parser.add_argument("--again", type=pathlib.Path, help="only what did not pass in an earlier --out")
    parser.add_argument("--sample", type=int, metavar="N", help="N cases, spread over all operators")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--batch", type=int, default=32, help="cases a process")
    parser.add_argument("--timeout", type=float, default=60, help="seconds a case")
    parser.add_argument("--memory-gb", type=float, default=8, help="address space a process; 0: no limit")
    parser.add_argument("--expected", type=pathlib.Path, default=EXPECTED)
    parser.add_argument("--no-gate", action="store_true", help="report only")
    parser.add_argument("--write-expected", action="store_true", help="write --expected from this run")
    parser.add_argument("--out", type=pathlib.Path, help="every verdict, as JSON")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the models and what became of them")
    parser.add_argument("--top", type=int, default=30, help="reasons shown")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    raw = cases.raw_cases(tuple(args.kinds.split(",")))
    keys = [k for k in raw if not args.include or any(re.search(p, k) for p in args.include)]
    if args.again:
        before = json.loads(args.again.read_text(encoding="utf-8"))
        keys = [k for k in keys if before.get(k, {"status": ""})["status"] not in ("pass", "inexpressible")]
    frontend = suite.load_expected(HERE.parent / "onnx" / "expected.json")
    expected = suite.load_expected(args.expected)
    if args.sample:
        keys = cases.sample(raw, keys, args.sample, set(keys) - set(expected))
    if not keys:
        parser.error("no such case")

    start = time.monotonic()
    verdicts = {k: Verdict("unsupported", frontend[k][1]) for k in keys if frontend.get(k, ("",))[0] == "refused"}
    todo = [k for k in keys if k not in verdicts]
    with tempfile.TemporaryDirectory(prefix="orchestra-roundtrip-") as scratch:
        trips = RoundTrips(args, pathlib.Path(scratch))
        with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
            parts = [todo[at : at + args.batch] for at in range(0, len(todo), args.batch)]
            waiting = [pool.submit(trips.batch, {key: raw[key] for key in part}) for part in parts]
            for done in concurrent.futures.as_completed(waiting):
                for key, verdict in done.result().items():
                    verdicts[key] = verdict
                    if args.verbose or verdict.status in ("crash", "timeout"):
                        print(f"{verdict.status:<14}{key}  {verdict.reason}", flush=True)
    verdicts = dict(sorted(verdicts.items()))
    print(suite.summary(verdicts, args.top))
    whole = len(keys) == len(raw) and args.kinds == ",".join(cases.KINDS)
    print(f"{time.monotonic() - start:.0f} s with {args.workers} workers")
    if args.out:
        args.out.write_text(json.dumps({k: asdict(v) for k, v in verdicts.items()}, indent=1) + "\n", encoding="utf-8")
    if args.write_expected:
        if not whole:
            parser.error("--write-expected wants a run of all cases")
        suite.write_expected(args.expected, verdicts)
        return 0
    if args.no_gate:
        return 0
    changes = suite.differences(verdicts, expected, whole)
    print("\n".join(changes) if changes else "as expected")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
