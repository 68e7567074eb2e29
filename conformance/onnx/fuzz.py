#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential fuzzing: random nodes and small graphs against ONNX Runtime.

    fuzz.py --count 2000 --workers 2
    fuzz.py --start 4711 --count 1 --keep failing/ -v
    fuzz.py --graphs --count 500

A case is a function of its number. What ONNX Runtime refuses (types it has no kernel for)
is counted and left out; where it and ONNX's own reference disagree, either is right. A case that fails is made again with smaller and smaller sizes and
kept, with its inputs, under --keep; `--again FOLDER` runs what is kept there.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import fuzz_ops
import numpy as np
import onnx
import random_graphs

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Of the larger of 1 and the output's largest magnitude.
BOUNDS = {"float64": 1e-6, "float32": 5e-5, "float16": 4e-3}
TIMEOUT = 30.0  # seconds a case, on average over a batch


@dataclass
class Prepared:
    number: int
    op: str
    folder: pathlib.Path
    want: dict[str, np.ndarray]
    loose: float = 1.0


@dataclass
class Tally:
    right: int = 0
    refused: collections.Counter = field(default_factory=collections.Counter)
    unsupported: collections.Counter = field(default_factory=collections.Counter)
    disputed: collections.Counter = field(default_factory=collections.Counter)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    ops: collections.Counter = field(default_factory=collections.Counter)

    def add(self, other: Tally) -> None:
        self.right += other.right
        self.refused += other.refused
        self.unsupported += other.unsupported
        self.disputed += other.disputed
        self.wrong += other.wrong
        self.ops += other.ops


def oracle(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray] | str:
    """ONNX Runtime's outputs, its own optimiser off; or why it refuses."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        names = [o.name for o in session.get_outputs()]
        return dict(zip(names, session.run(names, feeds), strict=True))
    except Exception as refusal:  # noqa: BLE001 - its errors have no common type
        return str(refusal).splitlines()[0][:160]


def build(number: int, graphs: bool, small: int) -> tuple[onnx.ModelProto, dict[str, np.ndarray], str, float]:
    if graphs:
        model, feeds = random_graphs.build(number, 2 + 3 * small)
        return model, feeds, "graph", 2.0
    model, feeds, case = fuzz_ops.build(number, small)
    return model, feeds, case.op, case.loose


def prepare(number: int, graphs: bool, small: int, folder: pathlib.Path) -> Prepared | tuple[str, str]:
    """Writes the case's files; or the operator and why there is nothing to compare with."""
    with np.errstate(all="ignore"):
        model, feeds, op, loose = build(number, graphs, small)
    want = oracle(model, feeds)
    if isinstance(want, str):
        return op, want
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save_model(model, folder / "model.onnx")
    np.savez(folder / "inputs.npz", **feeds)
    return Prepared(number, op, folder, want, loose)


def reference_agrees(case: Prepared) -> bool:
    """Whether ONNX's reference implementation computes what the case computed."""
    import onnx.reference

    out = case.folder / "out.npz"
    if not out.exists():
        return False
    try:
        with np.load(case.folder / "inputs.npz") as feeds, np.errstate(all="ignore"):
            session = onnx.reference.ReferenceEvaluator(str(case.folder / "model.onnx"))
            want = dict(zip(case.want, session.run(list(case.want), dict(feeds)), strict=True))
    except Exception:  # noqa: BLE001 - it has gaps of its own
        return False
    with np.load(out) as got:
        return all(name in got and not difference(want[name], got[name], case.loose) for name in want)


def runtime_errs(case: Prepared) -> bool:
    """Whether it is known that ONNX Runtime is wrong: it gives the input's shape where it reduces an
    empty tensor to an empty one, and says itself that this is not the model's."""
    return case.op.startswith("Reduce") and all(not np.asarray(value).size for value in case.want.values())


def difference(want: np.ndarray, got: np.ndarray, loose: float) -> str:
    """What is wrong, or nothing."""
    want = np.asarray(want)
    if want.shape != got.shape or want.dtype != got.dtype:
        return f"{got.dtype}{list(got.shape)} instead of {want.dtype}{list(want.shape)}"
    if not want.size:
        return ""
    if want.dtype.kind != "f":
        bad = int((want != got).sum())
        return f"{bad} of {want.size} elements differ" if bad else ""
    w, g = want.astype(np.float64), got.astype(np.float64)
    if (np.isnan(w) != np.isnan(g)).any() or (np.isinf(w) != np.isinf(g)).any():
        return "NaN or infinity in other places"
    finite = np.isfinite(w)
    if (w[~finite & ~np.isnan(w)] != g[~finite & ~np.isnan(w)]).any():
        return "infinity of the other sign"
    error = float(np.abs(w[finite] - g[finite]).max(initial=0))
    bound = BOUNDS[want.dtype.name] * loose * max(1.0, float(np.abs(w[finite]).max(initial=0)))
    return "" if error <= bound else f"off by {error:.3g}, bound {bound:.3g}"


def run_batch(cases: list[Prepared], command: list[str], env: dict[str, str]) -> dict[int, str]:
    """Runs them in one process; what is wrong with each that is not right."""
    problems: dict[int, str] = {}
    if not cases:
        return problems
    lines = [{"model": str(c.folder / "model.onnx"), "inputs": str(c.folder / "inputs.npz"), "outputs": str(c.folder / "out.npz")} for c in cases]
    listed = cases[0].folder / "batch.jsonl"
    listed.write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = [*command, "run", "--batch", str(listed), "--no-cache", "--threads", "1"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT * len(cases), check=False, env=env)
        said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    except subprocess.TimeoutExpired as late:
        said = [json.loads(line) for line in (late.stdout or b"").decode().splitlines() if line.startswith("{")]
    for case, answer in zip(cases, said, strict=False):
        if not answer["ok"]:
            problems[case.number] = f"exit code {answer['exit_code']}: " + answer["error"].splitlines()[0].split("model.onnx", 1)[-1]
            continue
        with np.load(case.folder / "out.npz") as got:
            for name, want in case.want.items():
                wrong = difference(want, got[name], case.loose) if name in got else "missing"
                if wrong:
                    problems[case.number] = f"output {name}: {wrong}"
    if len(said) < len(cases):  # the process ended in the middle: crashed, or ran out of time
        problems[cases[len(said)].number] = "the process died"
        problems |= run_batch(cases[len(said) + 1 :], command, env)
    return problems


def work(numbers: range, graphs: bool, command: list[str], env: dict[str, str], keep: str) -> Tally:
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="orchestra-fuzz-") as scratch:
        cases = []
        for number in numbers:
            made = prepare(number, graphs, 3, pathlib.Path(scratch) / str(number))
            if isinstance(made, Prepared):
                cases.append(made)
                tally.ops[made.op] += 1
            else:
                tally.refused[made[0]] += 1
        problems = run_batch(cases, command, env)
        for case in cases:
            problem = problems.get(case.number)
            if problem is None:
                tally.right += 1
            elif "[unsupported" in problem:
                tally.unsupported[f"{case.op}: " + problem.split("error: ", 1)[-1][:140]] += 1
            elif reference_agrees(case) or (problem.startswith("output") and runtime_errs(case)):
                tally.disputed[case.op] += 1
            else:
                small = reduce(case.number, graphs, command, env, pathlib.Path(scratch) / "smaller", case.folder) if keep else case.folder
                if keep:
                    target = pathlib.Path(keep) / f"{case.op}-{case.number}"
                    shutil.rmtree(target, ignore_errors=True)
                    shutil.copytree(small, target)
                tally.wrong.append((case.number, case.op, problem))
    return tally


def reduce(number: int, graphs: bool, command: list[str], env: dict[str, str], scratch: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The folder of the smallest form of the case that still fails."""
    op = build(number, graphs, 3)[2]
    for small in (0, 1, 2):
        made = prepare(number, graphs, small, scratch / str(small))
        if isinstance(made, Prepared) and made.op == op and run_batch([made], command, env):
            return made.folder
    return folder


def again(folder: pathlib.Path, command: list[str], env: dict[str, str]) -> int:
    """Runs kept cases; 1 if one is still wrong."""
    bad = 0
    for model in sorted(folder.rglob("model.onnx")):
        with np.load(model.parent / "inputs.npz") as archive:
            feeds = dict(archive)
        want = oracle(onnx.load(model), feeds)
        if isinstance(want, str):
            print(f"{model.parent.name}: ONNX Runtime refuses: {want}")
            continue
        problem = run_batch([Prepared(0, "", model.parent, want)], command, env).get(0)
        print(f"{model.parent.name}: {problem or 'right'}")
        bad += problem is not None
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orchestra", default=str(ROOT / "build" / "bin" / "orchestra"))
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--graphs", action="store_true", help="graphs of some ten nodes instead of single nodes")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=50, help="cases in one process")
    parser.add_argument("--keep", default="", help="where failing cases are kept, made as small as they still fail")
    parser.add_argument("--again", type=pathlib.Path, help="run what was kept there")
    parser.add_argument("--json", type=pathlib.Path, help="write the totals here")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what was left out")
    args = parser.parse_args()
    command, env = shlex.split(args.orchestra), dict(os.environ)
    if args.again:
        return again(args.again, command, env)
    total, end = Tally(), args.start + args.count
    parts = [range(at, min(at + args.batch, end)) for at in range(args.start, end, args.batch)]
    with concurrent.futures.ProcessPoolExecutor(args.workers) as pool:
        for done in concurrent.futures.as_completed([pool.submit(work, part, args.graphs, command, env, args.keep) for part in parts]):
            tally = done.result()
            total.add(tally)
            for number, op, problem in tally.wrong:
                print(f"case {number} {op}: {problem}", flush=True)
    for what, count in sorted(total.unsupported.items()):
        print(f"not supported, {count}: {what}")
    for op, count in sorted(total.disputed.items()):
        print(f"ONNX Runtime and the reference disagree, {count}: {op}")
    if args.verbose:
        for op, count in sorted(total.refused.items()):
            print(f"ONNX Runtime refuses, {count}: {op}")
    if args.json:
        args.json.write_text(json.dumps({"start": args.start, "count": args.count, "right": total.right, "wrong": len(total.wrong), "unsupported": sum(total.unsupported.values()), "disputed": sum(total.disputed.values()), "left_out": sum(total.refused.values()), "operators": dict(sorted(total.ops.items()))}, indent=1) + "\n")
    print(f"{total.right} right, {len(total.wrong)} wrong, {sum(total.disputed.values())} disputed, {sum(total.unsupported.values())} not supported, {sum(total.refused.values())} left out (ONNX Runtime refuses)")
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
