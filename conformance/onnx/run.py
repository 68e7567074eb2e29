#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the `onnx` package's conformance suite through the `orchestra` program.

    run.py                         # all 2,033 cases, judged by expected.json
    run.py --sample 150            # a fixed sample, for `make check`
    run.py --include node/test_conv --no-gate --verbose
    run.py --write-expected        # after a full run: expected.json as things are now

Cases run in batches, a process for some dozens; what a batch did not finish, and what
crashed in it, runs again in a process of its own, so that one case that crashes or hangs
is one failure. A case that
is not to pass yet stands in expected.json under its reason; there, a pass is an error too:
the list only shrinks. Exit code 1 on any difference.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import asdict, dataclass

import cases
import numpy as np
import onnx
from onnx.backend.test.runner import Runner

HERE = pathlib.Path(__file__).resolve().parent
EXPECTED = HERE / "expected.json"
STATUSES = ("pass", "refused", "fail", "crash", "timeout", "inexpressible")


@dataclass
class Verdict:
    """refused: a clear error, exit code 1. fail: wrong numbers. crash: a signal or code 3."""

    status: str
    reason: str = ""
    seconds: float = 0.0


def without_paths(text: str) -> str:
    return re.sub(r"(?<![\w.])(?:/[\w.+@-]+){2,}/", "", text)


def refusal(stderr: str) -> str:
    """What an error report says, short enough to group by: unsupported operators first."""
    lines = [without_paths(line.strip()) for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line]
    line = (errors or lines or ["no message"])[0]
    return re.sub(r"^.*?error: ", "", line)[:200]


class Runs:
    """How to run a case: the command, its limits, a folder for its files."""

    def __init__(self, command: list[str], options: list[str], timeout: float, memory_gb: float, scratch: pathlib.Path):
        self.command, self.options, self.scratch = command, options, scratch
        self.timeout, self.memory_gb = timeout, memory_gb

    def program(self, words: list[str], timeout: float, stdout=subprocess.DEVNULL) -> tuple[int, str]:
        """Exit code (negative: the signal) and stderr; raises TimeoutExpired."""
        env = {**os.environ, "XDG_CACHE_HOME": str(self.scratch / "cache")}
        with tempfile.TemporaryFile("w+", errors="replace") as err:
            child = subprocess.Popen(
                [*self.command, *words],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=err,
                start_new_session=True,
                env=env,
            )
            if self.memory_gb:
                bound = int(self.memory_gb * 2**30)
                with contextlib.suppress(ProcessLookupError):  # it may have ended already
                    resource.prlimit(child.pid, resource.RLIMIT_AS, (bound, bound))
            try:
                code = child.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                raise
            err.seek(0)
            return code, err.read()

    def one_set(self, case: cases.Case, folder: pathlib.Path, inputs: dict, outputs: dict) -> Verdict:
        save_inputs(folder / "in.npz", inputs)
        result = folder / "out.npz"
        result.unlink(missing_ok=True)
        words = ["run", str(folder / "model.onnx"), "--inputs", str(folder / "in.npz"), "--outputs", str(result)]
        words += self.options
        try:
            code, stderr = self.program(words, self.timeout)
        except subprocess.TimeoutExpired:
            return Verdict("timeout", f"over {self.timeout:g} s")
        if code < 0:
            return Verdict("crash", f"killed by {signal.Signals(-code).name}")
        if code == 3:
            return Verdict("crash", f"internal error: {refusal(stderr)}")
        if code:
            return Verdict("refused", refusal(stderr))
        return judge_file(case, outputs, result)

    def alone(self, case: cases.Case) -> Verdict:
        start = time.monotonic()
        verdict = Verdict("pass")
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            folder = pathlib.Path(name)
            onnx.save_model(case.model, folder / "model.onnx")
            for inputs, outputs in case.sets:
                verdict = self.one_set(case, folder, inputs, outputs)
                if verdict.status != "pass":
                    break
        verdict.seconds = round(time.monotonic() - start, 3)
        return verdict

    def batch(self, raw: dict) -> dict[str, Verdict]:
        built = {key: cases.build(key, one) for key, one in raw.items()}
        verdicts = {k: Verdict("inexpressible", c.inexpressible) for k, c in built.items() if c.inexpressible}
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            root = pathlib.Path(name)
            lines, places = [], []
            for number, (key, case) in enumerate(built.items()):
                if case.inexpressible:
                    continue
                folder = root / str(number)
                folder.mkdir()
                onnx.save_model(case.model, folder / "model.onnx")
                for index, (inputs, outputs) in enumerate(case.sets):
                    save_inputs(folder / f"in{index}.npz", inputs)
                    files = {"inputs": f"in{index}.npz", "outputs": f"out{index}.npz"}
                    files = {k: str(folder / v) for k, v in files.items()}
                    lines.append(json.dumps({"model": str(folder / "model.onnx"), **files}))
                    places.append((key, case, outputs, pathlib.Path(files["outputs"])))
            if not lines:
                return verdicts
            (root / "list").write_text("\n".join(lines) + "\n", encoding="utf-8")
            with open(root / "report", "w", encoding="utf-8") as report:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.program(["run", "--batch", str(root / "list"), *self.options], 2 * self.timeout, report)
            # The last line may be half of one.
            text = (root / "report").read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
            again = {key for key, *_ in places[len(text) :]}
            for line, (key, case, outputs, result) in zip(text, places, strict=False):
                record = json.loads(line)
                verdict = Verdict("refused", refusal(record.get("error", "")))
                if record["ok"]:
                    verdict = judge_file(case, outputs, result)
                elif record["exit_code"] == 3:
                    again.add(key)
                if key not in verdicts or verdicts[key].status == "pass":
                    verdicts[key] = verdict
                verdicts[key].seconds += round(record["ms"] / 1000, 3)
        for key in again:
            verdicts[key] = self.alone(built[key])
        return verdicts


def save_inputs(path: pathlib.Path, inputs: dict) -> None:
    with zipfile.ZipFile(path, "w") as archive:  # np.savez's own parameters cannot be names of arrays
        for name, array in inputs.items():
            with archive.open(name + ".npy", "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(cases.bits(array)).reshape(array.shape))


def judge_file(case: cases.Case, outputs: dict, result: pathlib.Path) -> Verdict:
    try:
        with np.load(result) as file:
            got = dict(file)
    except (OSError, ValueError) as error:
        return Verdict("fail", f"no readable outputs: {type(error).__name__}")
    return judge(case, outputs, got)


def judge(case: cases.Case, want: dict, got: dict) -> Verdict:
    """By the suite's own comparison and the case's own bounds."""
    if extra := [n for n in got if n not in want]:
        return Verdict("fail", f"outputs that are not expected: {', '.join(extra)}")
    if missing := [n for n in want if n not in got]:
        return Verdict("fail", f"outputs missing: {', '.join(missing)}")
    for name, array in want.items():
        mine = got[name]
        if mine.dtype != array.dtype and mine.dtype.kind == "V" and mine.dtype.itemsize == array.dtype.itemsize:
            mine = mine.view(array.dtype)  # a type numpy lacks came back as its bits
        if array.dtype.kind == "U":
            array, mine = array.astype(object), mine.astype(object)
        try:
            Runner.assert_similar_outputs([array], [mine], rtol=case.rtol, atol=case.atol)
        except AssertionError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            return Verdict("fail", f"output {name}: " + " | ".join(lines[:3])[:200])
    return Verdict("pass")


# ---------------------------------------------------------------- expectations


def load_expected(path: pathlib.Path) -> dict[str, tuple[str, str]]:
    """case -> (status, reason) of those that do not pass. The file groups by both."""
    if not path.exists():
        return {}
    groups = json.loads(path.read_text(encoding="utf-8"))["not_passing"]
    return {
        key: (status, reason) for status, reasons in groups.items() for reason, keys in reasons.items() for key in keys
    }


def write_expected(path: pathlib.Path, verdicts: dict[str, Verdict]) -> None:
    groups: dict[str, dict[str, list[str]]] = {}
    for key, verdict in sorted(verdicts.items()):
        if verdict.status != "pass":
            groups.setdefault(verdict.status, {}).setdefault(verdict.reason, []).append(key)
    record = {
        "what": "cases that do not pass yet, by outcome and reason; a pass here is an error: remove it",
        "onnx": onnx.__version__,
        "cases": len(verdicts),
        "passing": sum(v.status == "pass" for v in verdicts.values()),
        "not_passing": {s: dict(sorted(groups[s].items())) for s in STATUSES if s in groups},
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def differences(verdicts: dict[str, Verdict], expected: dict[str, tuple[str, str]], whole: bool) -> list[str]:
    changes = []
    for key, verdict in verdicts.items():
        status, reason = expected.get(key, ("pass", ""))
        if verdict.status != status:
            was = f"{status} ({reason})" if reason else status
            hint = "; it passes now: remove it from expected.json" if verdict.status == "pass" else ""
            changes.append(f"{key}: expected {was}, got {verdict.status} {verdict.reason}{hint}")
    if whole:
        changes += [f"{key}: in expected.json, but there is no such case" for key in expected if key not in verdicts]
    return changes


def summary(verdicts: dict[str, Verdict], top: int) -> str:
    kinds: dict[str, collections.Counter] = {}
    for key, verdict in verdicts.items():
        kinds.setdefault(key.partition("/")[0], collections.Counter())[verdict.status] += 1
    form = "{:<20}{:>7}" + "{:>15}" * len(STATUSES)
    lines = [form.format("", "cases", *STATUSES)]
    for kind, counts in [*kinds.items(), ("all", sum(kinds.values(), collections.Counter()))]:
        lines.append(form.format(kind, counts.total(), *(counts[s] for s in STATUSES)))
    reasons = collections.Counter((v.status, v.reason) for v in verdicts.values() if v.status != "pass")
    lines += [f"{n:>6}  {status:<14}{reason}" for (status, reason), n in reasons.most_common(top)]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--orchestra",
        default=str(HERE.parent.parent / "build" / "bin" / "orchestra"),
        help="the command, with options if need be",
    )
    parser.add_argument("--options", default="", help="more words for `orchestra run`: --strategy=reference.mlir")
    parser.add_argument("--kinds", default=",".join(cases.KINDS))
    parser.add_argument("--include", action="append", default=[], metavar="REGEX")
    parser.add_argument("--exclude", action="append", default=[], metavar="REGEX")
    parser.add_argument("--sample", type=int, metavar="N", help="N cases, spread over all operators")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--batch", type=int, default=32, help="cases a process")
    parser.add_argument("--timeout", type=float, default=60, help="seconds a process")
    parser.add_argument("--memory-gb", type=float, default=8, help="address space a process; 0: no limit")
    parser.add_argument("--expected", type=pathlib.Path, default=EXPECTED)
    parser.add_argument("--no-gate", action="store_true", help="report only")
    parser.add_argument("--write-expected", action="store_true", help="write --expected from this run")
    parser.add_argument("--out", type=pathlib.Path, help="every verdict, as JSON")
    parser.add_argument("--top", type=int, default=20, help="reasons shown")
    parser.add_argument("--list", action="store_true", help="names of the cases, run nothing")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()

    raw = cases.raw_cases(tuple(args.kinds.split(",")))
    keys = [
        k
        for k in raw
        if (not args.include or any(re.search(p, k) for p in args.include))
        and not any(re.search(p, k) for p in args.exclude)
    ]
    expected = load_expected(args.expected)
    if args.sample:
        keys = cases.sample(raw, keys, args.sample, set(keys) - set(expected))
    if args.list or not keys:
        print("\n".join(keys))
        return 0 if keys else 2

    start = time.monotonic()
    verdicts: dict[str, Verdict] = {}
    with tempfile.TemporaryDirectory(prefix="orchestra-onnx-") as scratch:
        runs = Runs(
            shlex.split(args.orchestra), shlex.split(args.options), args.timeout, args.memory_gb, pathlib.Path(scratch)
        )
        with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
            parts = [keys[at : at + args.batch] for at in range(0, len(keys), args.batch)]
            waiting = [pool.submit(runs.batch, {key: raw[key] for key in part}) for part in parts]
            for done in concurrent.futures.as_completed(waiting):
                for key, verdict in done.result().items():
                    verdicts[key] = verdict
                    if args.verbose or verdict.status in ("crash", "timeout"):
                        print(f"{verdict.status:<14}{key}  {verdict.reason}", flush=True)
    verdicts = dict(sorted(verdicts.items()))

    print(summary(verdicts, args.top))
    print(f"{time.monotonic() - start:.0f} s with {args.workers} workers")
    if args.out:
        args.out.write_text(json.dumps({k: asdict(v) for k, v in verdicts.items()}, indent=1) + "\n", encoding="utf-8")
    if args.write_expected:
        if len(keys) != len(raw) or args.kinds != ",".join(cases.KINDS):
            parser.error("--write-expected wants a run of all cases")
        write_expected(args.expected, verdicts)
        return 0
    if args.no_gate:
        return 0
    changes = differences(verdicts, expected, len(keys) == len(raw) and args.kinds == ",".join(cases.KINDS))
    print("\n".join(changes) if changes else "as expected")
    print(f"{len(keys) - len(changes)} as expected, {len(changes)} not")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
