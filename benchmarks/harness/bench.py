#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Orchestra against ONNX Runtime, model by model, and against what the machine can do.

    bench.py                                 # all models, 1 and 2 threads
    bench.py --models resnet50,bert-base --threads 1 --rounds 5
    bench.py --small --seconds 0.2           # tiny models: does the harness work?

Both engines run in processes of their own, in turns, round after round, so a slow minute
of the machine hits both; the figure is a ratio of medians. Peak and bandwidth are measured
in the same run. A model that fails is in the table with its reason, never left out.
Results: benchmarks/results/DATE.json and DATE.md. benchmarks/README.md tells the protocol.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from typing import Any

import compare
import process
import report

HERE = pathlib.Path(__file__).resolve().parent
BENCHMARKS = HERE.parent
ROOT = BENCHMARKS.parent
LOCK = pathlib.Path(tempfile.gettempdir()) / "orchestra-bench.lock"
ENGINES = ("onnxruntime", "orchestra")
ERROR_BOUND = 1e-4  # of an output's scale, its largest magnitude


class Failure(Exception):
    """A stage of one model did not do; the table shows it."""


def checked(stage: str, outcome: process.Outcome) -> process.Outcome:
    if outcome.reason:
        raise Failure(f"{stage}: {outcome.reason}")
    return outcome


def version_of(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return "unknown"
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 and done.stdout else "unknown"


def machine() -> dict[str, Any]:
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "kernel": platform.release(),
        "system": platform.machine(),
        "python": platform.python_version(),
    }


def build_peak() -> pathlib.Path:
    compiler = next((c for c in ("clang-22", "clang", "gcc", "cc") if shutil.which(c)), None)
    if compiler is None:
        raise SystemExit("bench.py: no C compiler for harness/peak.c")
    binary = HERE / ".build" / "peak"
    source = HERE / "peak.c"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        binary.parent.mkdir(exist_ok=True)
        subprocess.run([compiler, "-O2", "-pthread", str(source), "-o", str(binary)], check=True)
    return binary


class Bench:
    """One run of the benchmark."""

    def __init__(self, args: argparse.Namespace, scratch: pathlib.Path):
        self.args, self.scratch = args, scratch
        self.orchestra = shlex.split(args.orchestra)
        self.env = {"XDG_CACHE_HOME": str(scratch / "cache")}

    def ours(self, *words: str, env: dict[str, str] | None = None) -> process.Outcome:
        return process.run([*self.orchestra, *words], self.args.timeout, {**self.env, **(env or {})})

    def theirs(self, *words: str) -> process.Outcome:
        return process.run([sys.executable, str(HERE / "ort_worker.py"), *words], self.args.timeout)

    def compile_figures(self, model: pathlib.Path) -> dict[str, Any]:
        """Cold and warm compile, into a cache that was empty; memory; sizes."""
        cache = pathlib.Path(self.env["XDG_CACHE_HOME"])
        shutil.rmtree(cache, ignore_errors=True)
        out = self.scratch / "model.so"
        with process.alone(self.args.lock):
            cold = checked("compile", self.ours("compile", str(model), "-o", str(out)))
            warm = checked("compile, warm", self.ours("compile", str(model), "-o", str(out)))
        figures = {
            "compile_cold_s": round(cold.seconds, 3),
            "compile_warm_s": round(warm.seconds, 3),
            "compile_peak_rss_mb": round(cold.peak_rss_bytes / 1e6, 1),
            "artefact_mb": round(out.stat().st_size / 1e6, 3),
        }
        out.unlink()
        bare = self.ours("compile", str(model), "-o", str(out), "--weights=external")
        if not bare.reason:  # a size to know, not a stage that the model needs
            figures["artefact_without_weights_mb"] = round(out.stat().st_size / 1e6, 3)
        for leftover in self.scratch.glob("model.*"):
            leftover.unlink()
        return figures

    def numbers(self, model: pathlib.Path, inputs: pathlib.Path) -> dict[str, Any]:
        """Largest error of our outputs, as a share of each output's scale."""
        reference, mine = self.scratch / "reference.npz", self.scratch / "mine.npz"
        checked(
            "onnxruntime",
            self.theirs(str(model), "--inputs", str(inputs), "--seconds", "0", "--outputs", str(reference)),
        )
        checked("run", self.ours("run", str(model), "--inputs", str(inputs), "--outputs", str(mine)))
        verdict = compare.compare_files(reference, mine)
        if verdict["problem"]:
            raise Failure(f"numbers: {verdict['problem']}")
        return verdict

    def one_turn(self, engine: str, model: str, common: list[str]) -> dict[str, Any]:
        if engine == "onnxruntime":
            return checked(engine, self.theirs(model, *common)).json()
        outcome = checked("bench", self.ours("bench", model, *common, "--json"))
        try:
            ours = outcome.json()
            float(ours["latency_ms"]["median"]), float(ours["latency_ms"]["min"])
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f"bench: not the JSON of benchmarks/README.md: {error!r}") from None
        ours["peak_rss_bytes"] = outcome.peak_rss_bytes
        return ours

    def latencies(self, model: pathlib.Path, inputs: pathlib.Path, threads: int) -> dict[str, Any]:
        """Both engines in turns. Medians of each round are kept."""
        common = ["--inputs", str(inputs), "--threads", str(threads), "--seconds", str(self.args.seconds)]
        rounds: list[dict[str, Any]] = []
        with process.alone(self.args.lock):
            before = os.getloadavg()[0]
            for turn in range(self.args.rounds):
                measured: dict[str, Any] = {}
                for engine in ENGINES if turn % 2 == 0 else reversed(ENGINES):
                    measured[engine] = self.one_turn(engine, str(model), common)
                rounds.append(measured)
        medians = {e: statistics.median(r[e]["latency_ms"]["median"] for r in rounds) for e in ENGINES}
        least = {e: min(r[e]["latency_ms"]["min"] for r in rounds) for e in ENGINES}
        each = [r["orchestra"]["latency_ms"]["median"] / r["onnxruntime"]["latency_ms"]["median"] for r in rounds]
        return {
            "ort_ms": round(medians["onnxruntime"], 4),
            "orchestra_ms": round(medians["orchestra"], 4),
            "ratio": round(medians["orchestra"] / medians["onnxruntime"], 4),
            "ratio_rounds": [round(min(each), 4), round(max(each), 4)],
            "ratio_of_minima": round(least["orchestra"] / least["onnxruntime"], 4),
            "run_peak_rss_mb": round(rounds[-1]["orchestra"]["peak_rss_bytes"] / 1e6, 1),
            "load_before": round(before, 2),
            "rounds": rounds,
        }

    def model(self, name: str) -> dict[str, Any]:
        """All figures of one model; what failed is said in `failed`, the rest is kept."""
        folder = self.args.dir / ("small" if self.args.small else "full") / name
        model, inputs = folder / "model.onnx", folder / "inputs.npz"
        result: dict[str, Any] = {"model": name, "threads": {}, "failed": []}

        def attempt(stage) -> None:
            try:
                result.update(stage())
            except Failure as failure:
                result["failed"].append(str(failure))

        made = process.run(
            [
                sys.executable,
                str(BENCHMARKS / "models.py"),
                name,
                "-o",
                str(self.args.dir),
                *(["--small"] if self.args.small else []),
            ],
            900,
        )
        if made.reason:
            result["failed"].append(f"making the model: {made.reason}")
            return result
        result["model_mb"] = round(sum(f.stat().st_size for f in folder.glob("model.onnx*")) / 1e6, 3)
        size = process.run([sys.executable, str(HERE / "flops.py"), str(model), str(inputs)], 300)
        if not size.reason:
            result.update(size.json())
        attempt(lambda: self.compile_figures(model))
        attempt(lambda: self.numbers(model, inputs))
        for threads in self.args.threads:

            def timed(threads: int = threads) -> dict[str, Any]:
                result["threads"][str(threads)] = self.latencies(model, inputs, threads)
                return {}

            attempt(timed)
        if result.get("error", 0) > ERROR_BOUND:
            result["failed"].append(
                f"numbers: off by {result['error']:.2g} of the scale of "
                f"`{result['error_output']}`, above {ERROR_BOUND:g}"
            )
        return result

    def start_to_exit(self) -> dict[str, Any]:
        """`orchestra run` of the digits model with a warm cache, from start to exit."""
        digits = ROOT / "examples" / "digits"
        words = [
            "run",
            str(digits / "digits.onnx"),
            "--inputs",
            str(digits / "test.npz"),
            "--outputs",
            str(self.scratch / "digits.npz"),
        ]
        with process.alone(self.args.lock):
            outcomes = [self.ours(*words) for _ in range(6)][1:]  # the first fills the cache
        if outcomes[0].reason:
            return {"failed": outcomes[0].reason}
        return {"median_ms": round(statistics.median(o.seconds for o in outcomes) * 1e3, 1)}


def runtime_library() -> dict[str, Any]:
    sizes = {
        p.name: round(p.stat().st_size / 1e6, 3)
        for p in sorted((ROOT / "build").glob("**/liborchestra_runtime.so*"))
        if not p.is_symlink()
    }
    return {"runtime_library_mb": sizes}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="all", help="names with commas, or all (models.py --list)")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="measuring time a round and engine")
    parser.add_argument("--small", action="store_true", help="the tiny configurations")
    parser.add_argument("--orchestra", default=str(ROOT / "build" / "bin" / "orchestra"), help="command to measure")
    parser.add_argument("--dir", type=pathlib.Path, default=BENCHMARKS / ".models", help="where models are kept")
    parser.add_argument("--results", type=pathlib.Path, default=BENCHMARKS / "results")
    parser.add_argument("--timeout", type=float, default=300, help="seconds a process")
    parser.add_argument("--lock", type=pathlib.Path, default=LOCK)
    args = parser.parse_args()
    args.threads = [int(t) for t in args.threads.split(",")]
    sys.path.insert(0, str(BENCHMARKS))
    import networks

    names = list(networks.NETWORKS) if args.models == "all" else args.models.split(",")
    if unknown := [n for n in names if n not in networks.NETWORKS]:
        parser.error(f"no such model: {', '.join(unknown)}; models.py --list shows them")

    peak = build_peak()
    with tempfile.TemporaryDirectory(prefix="orchestra-bench-") as scratch:
        bench = Bench(args, pathlib.Path(scratch))
        now = datetime.datetime.now(datetime.UTC)
        result: dict[str, Any] = {
            "date": now.isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": {
                "orchestra": version_of([*bench.orchestra, "--version"]),
                "commit": version_of(["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]),
                "onnxruntime": importlib.metadata.version("onnxruntime"),
            },
            "settings": {
                "small": args.small,
                "rounds": args.rounds,
                "seconds": args.seconds,
                "threads": args.threads,
                "stand_in": "standin.py" in args.orchestra,
            },
            "peak": {},
            "models": [],
        }
        for threads in args.threads:
            with process.alone(args.lock):
                outcome = process.run([str(peak), str(threads)], 120)
            result["peak"][str(threads)] = {"failed": outcome.reason} if outcome.reason else outcome.json()
        for name in names:
            one = bench.model(name)
            result["models"].append(one)
            print(report.progress(one), flush=True)
        result["digits_start_to_exit"] = bench.start_to_exit()
        result |= runtime_library()
    result["summary"] = report.summarise(result)
    args.results.mkdir(parents=True, exist_ok=True)
    stem = args.results / (now.strftime("%Y-%m-%d-%H%M%S") + ("-small" if args.small else ""))
    stem.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    table = report.markdown(result)
    stem.with_suffix(".md").write_text(table, encoding="utf-8")
    print("\n" + table)
    return 1 if any(m["failed"] for m in result["models"]) else 0


if __name__ == "__main__":
    sys.exit(main())
