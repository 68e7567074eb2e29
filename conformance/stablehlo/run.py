#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the official StableHLO corpus through the `orchestra` program.

    run.py CORPUS                  # a checkout of openxla/stablehlo
    run.py CORPUS --include interpret/add --no-gate --verbose
    run.py CORPUS --write-expected # after a full run: expected.json as things are now

Programs run in batches; what a batch did not finish runs again alone. A program that
does not pass yet stands in expected.json under its reason; there, a pass is an error
too: the list only shrinks. Exit code 1 on any difference.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
from pieces import Piece, pieces

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXPECTED = HERE / "expected.json"


def as_numbers(array: np.ndarray) -> np.ndarray:
    """bfloat16 travels as its bits."""
    if array.dtype.kind == "V" and array.dtype.itemsize == 2:
        bits = array.view(np.uint16).astype(np.uint32) << 16
        return bits.view(np.float32)
    return array


def unit_steps(array: np.ndarray, bits: bool) -> np.ndarray:
    """Floats as integers in their order, so that a difference counts steps."""
    if bits:
        raw = array.view(np.uint16).astype(np.int64)
        width = 16
    else:
        width = 8 * array.dtype.itemsize
        raw = array.view(f"u{array.dtype.itemsize}").astype(object)
        raw = np.vectorize(int, otypes=[object])(raw) if raw.size else raw
    sign = 1 << (width - 1)
    return np.where(raw >= sign, sign - raw, raw)


def mismatch(got: np.ndarray, want: np.ndarray, how: str, tolerance: float) -> str:
    """Empty where a check holds."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{got.dtype}{list(got.shape)} where {want.dtype}{list(want.shape)} is expected"
    bits = got.dtype.kind == "V"
    x, y = as_numbers(got), as_numbers(want)
    if x.dtype.kind != "f" or how in ("eq", "serialized_eq"):
        same = (x == y) | ((x != x) & (y != y))
        return "" if np.all(same) else f"{int(np.sum(~same))} of {x.size} elements differ"
    with np.errstate(all="ignore"):
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        if how == "close":
            steps = unit_steps(got, bits) - unit_steps(want, bits)
            near = np.abs(steps) <= 3 if x.size else same
            near = near.astype(bool) & ~np.isnan(x) & ~np.isnan(y)
        else:
            wide_x, wide_y = x.astype(np.float64), y.astype(np.float64)
            near = np.abs(wide_x - wide_y) <= tolerance * (1 + np.abs(wide_y))
    good = same | near
    if np.all(good):
        return ""
    worst = np.nanmax(np.abs(np.where(good, 0, x.astype(np.float64) - y.astype(np.float64))))
    return f"{int(np.sum(~good))} of {x.size} elements differ, by up to {worst:.3g}"


def reason_of(text: str) -> str:
    """The first line of an error, without what names one program."""
    line = next((l for l in text.splitlines() if "error:" in l), text.strip().split("\n")[0])
    return re.sub(r"^.*?error: ", "", line)[:160]


class Runner:
    def __init__(self, args: argparse.Namespace):
        self.args = args

    def start(self, work: pathlib.Path, cases: list[Piece]) -> dict[str, tuple[str, str]]:
        lines = []
        for number, piece in enumerate(cases):
            path = work / f"{number}.mlir"
            path.write_text(piece.text)
            lines.append(json.dumps({"model": str(path), "outputs": str(work / f"{number}.npz")}))
        (work / "list").write_text("\n".join(lines) + "\n")
        command = [self.args.orchestra, "run", "--batch", str(work / "list"), "--threads=1"]
        limit = 20 + 5 * len(cases)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
            output, end = done.stdout, f"crash {done.returncode}"
        except subprocess.TimeoutExpired as error:
            output, end = (error.stdout or b"").decode(), "timeout"
        verdicts = {}
        for line in output.splitlines():
            try:
                report = json.loads(line)
            except json.JSONDecodeError:
                continue
            number = int(pathlib.Path(report["model"]).stem)
            piece = cases[number]
            if report["ok"]:
                verdicts[piece.name] = self.judge(piece, work / f"{number}.npz")
            else:
                kind = "crash" if report.get("exit_code") == 3 else "refused"
                verdicts[piece.name] = (kind, reason_of(report["error"]))
        for piece in cases:
            verdicts.setdefault(piece.name, ("again" if len(cases) > 1 else end.split()[0], end))
        return verdicts

    def judge(self, piece: Piece, path: pathlib.Path) -> tuple[str, str]:
        with np.load(path) as archive:
            arrays = [archive[key] for key in archive.files]
        if len(arrays) != 2 * len(piece.checks):
            return "fail", f"{len(arrays)} results for {len(piece.checks)} checks"
        for i, (how, tolerance) in enumerate(piece.checks):
            problem = mismatch(arrays[2 * i], arrays[2 * i + 1], how, tolerance)
            if problem:
                return "fail", problem
        return "pass", ""

    def read(self, path: pathlib.Path) -> tuple[str, str]:
        """A program that gives no expected values: whether it becomes a program of the waist."""
        command = [self.args.orchestra, "compile", str(path), "--stop-after=ingest", "--emit=mlir"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "timeout", "timeout"
        if done.returncode == 0:
            return "pass", ""
        return ("refused" if done.returncode == 1 else "crash"), reason_of(done.stderr)

    def batch(self, cases: list[Piece]) -> dict[str, tuple[str, str]]:
        with tempfile.TemporaryDirectory() as folder:
            verdicts = self.start(pathlib.Path(folder), cases)
        for piece in cases:
            if verdicts[piece.name][0] == "again":
                with tempfile.TemporaryDirectory() as folder:
                    verdicts.update(self.start(pathlib.Path(folder), [piece]))
        return verdicts


def collect(corpus: pathlib.Path, include: str) -> list[Piece]:
    root = corpus / "stablehlo" if (corpus / "stablehlo").is_dir() else corpus
    files = [("interpret", p) for p in sorted((root / "tests" / "interpret").rglob("*.mlir"))]
    files += [("testdata", p) for p in sorted((root / "testdata").glob("*.mlir"))]
    found = []
    for folder, path in files:
        if re.search(include, f"{folder}/{path.stem}"):
            found += pieces(path.read_text(), f"{folder}/{path.stem}")
    return found


def collect_dynamic(corpus: pathlib.Path, include: str) -> dict[str, pathlib.Path]:
    """Programs of open sizes."""
    root = corpus / "stablehlo" if (corpus / "stablehlo").is_dir() else corpus
    paths = sorted((root / "testdata" / "dynamic").glob("*.mlir"))
    return {f"dynamic/{p.stem}": p for p in paths if re.search(include, f"dynamic/{p.stem}")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--orchestra", default=str(ROOT / "build" / "bin" / "orchestra"))
    parser.add_argument("--include", default="", help="a regular expression")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--no-gate", action="store_true")
    parser.add_argument("--write-expected", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    cases = collect(args.corpus, args.include)
    dynamic = collect_dynamic(args.corpus, args.include)
    if not cases and not dynamic:
        parser.error(f"no program with a check in {args.corpus}")
    start = time.time()
    verdicts = {p.name: ("inexpressible", p.refusal) for p in cases if p.refusal}
    todo = [p for p in cases if not p.refusal]
    parts = [todo[at : at + args.batch] for at in range(0, len(todo), args.batch)]
    runner = Runner(args)
    with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
        for result in pool.map(runner.batch, parts):
            verdicts.update(result)
        verdicts.update(zip(dynamic, pool.map(runner.read, dynamic.values())))
    counts = collections.Counter(status for status, _ in verdicts.values())
    table: dict = collections.defaultdict(lambda: collections.defaultdict(list))
    for name, (status, reason) in sorted(verdicts.items()):
        if status != "pass":
            table[status][reason].append(name)
            if args.verbose:
                print(f"{status} {name}: {reason}")
    for status, reasons in table.items():
        for reason, names in sorted(reasons.items(), key=lambda item: -len(item[1]))[:40]:
            print(f"{len(names):5} {status}: {reason}")
    for folder in ("interpret", "testdata", "dynamic"):
        of = [status for name, (status, _) in verdicts.items() if name.startswith(folder + "/")]
        if of:
            passing = of.count("pass")
            print(f"{folder}: {passing} of {len(of)}, {100 * passing / len(of):.1f} %")
    print(f"{counts['pass']} of {len(verdicts)} pass, {time.time() - start:.0f} s: {dict(counts)}")
    if args.write_expected:
        EXPECTED.write_text(
            json.dumps(
                {
                    "what": "programs that do not pass yet, by outcome and reason; a pass here "
                    "is an error: remove it",
                    "programs": len(verdicts),
                    "passing": counts["pass"],
                    "not_passing": table,
                },
                indent=1,
            )
            + "\n"
        )
        return 0
    if args.no_gate:
        return 0
    listed = {}
    if EXPECTED.exists():
        for status, reasons in json.loads(EXPECTED.read_text())["not_passing"].items():
            for names in reasons.values():
                listed.update(dict.fromkeys(names, status))
    wrong = 0
    for name, (status, reason) in sorted(verdicts.items()):
        if status != listed.get(name, "pass"):
            wrong += 1
            print(f"DIFFERS {name}: expected {listed.get(name, 'pass')}, got {status} {reason}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
