#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a second device brings: two CPU devices of one core each against one of them.

    devices.py --seconds 3 benchmarks/.models/full/*/model.onnx > benchmarks/results/DATE-devices.json

Two towers (a compute-bound model whose halves do not need each other) by latency, a transformer
by throughput with several requests under way, and how far the plan's estimates are from what
tasks took. One device is one thread bound to the first core; figures are medians of rounds
that alternate, so that a busy machine hits both.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Network:
    """An ONNX graph under construction."""

    def __init__(self, seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.nodes: list = []
        self.weights: list = []

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        value = self.random.standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(shape[0]))
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def op(self, kind: str, *inputs: str, name: str = "", **attributes) -> str:
        result = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [result], name=result, **attributes))
        return result

    def save(self, path: pathlib.Path, inputs: dict[str, tuple[int, ...]], output: str, shape: tuple) -> None:
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
            self.weights,
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


def make_towers(path: pathlib.Path, batch: int = 256, width: int = 768, layers: int = 4) -> None:
    net = Network()
    ends = []
    for tower in ("user", "item"):
        value = tower
        for layer in range(layers):
            value = net.op("MatMul", value, net.weight(width, width), name=f"{tower}{layer}")
            value = net.op("Relu", net.op("Add", value, net.weight(width)))
        ends.append(value)
    score = net.op("Mul", *ends, name="score")
    net.save(path, {"user": (batch, width), "item": (batch, width)}, score, (batch, width))


def make_transformer(path: pathlib.Path, seq: int = 128, width: int = 384, heads: int = 6, layers: int = 6) -> None:
    net = Network()

    def linear(value: str, columns: int, rows: int = width) -> str:
        return net.op("Add", net.op("MatMul", value, net.weight(rows, columns)), net.weight(columns))

    def norm(value: str) -> str:
        return net.op("LayerNormalization", value, net.constant(np.ones(width, np.float32)), net.weight(width), axis=-1)

    split = net.constant(np.array([1, seq, heads, width // heads], np.int64))
    join = net.constant(np.array([1, seq, width], np.int64))
    scale = net.constant(np.array(1 / np.sqrt(width // heads), np.float32))
    value = "x"
    for _ in range(layers):
        parts = []
        for perm in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]):
            parts.append(net.op("Transpose", net.op("Reshape", linear(value, width), split), perm=perm))
        scores = net.op("Softmax", net.op("Mul", net.op("MatMul", parts[0], parts[1]), scale), axis=-1)
        mixed = net.op("Transpose", net.op("MatMul", scores, parts[2]), perm=[0, 2, 1, 3])
        value = norm(net.op("Add", value, linear(net.op("Reshape", mixed, join), width)))
        hidden = net.op("Relu", linear(value, 4 * width))
        value = norm(net.op("Add", value, linear(hidden, width, 4 * width)))
    net.save(path, {"x": (1, seq, width)}, value, (1, seq, width))


class Bench:
    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path):
        self.program = arguments.orchestra
        self.seconds = arguments.seconds
        self.warmup = arguments.warmup
        self.folder = folder
        self.env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}

    def __call__(self, *words: object, core: int | None = None) -> str:
        command = [str(self.program), *map(str, words)]
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=self.env).stdout

    def median_round(self, model: pathlib.Path, rounds: int) -> dict:
        found = sorted((summary(self.estimates(model)) for _ in range(rounds)), key=lambda e: e["within_25_percent"])
        return {**found[len(found) // 2], "of_rounds": found}

    def bench(self, model: pathlib.Path, *words: object, core: int | None = None) -> dict:
        return json.loads(self("bench", model, "--json", "--seconds", self.seconds, *words, core=core))

    def compare(self, model: pathlib.Path, rounds: int, *words: object) -> tuple[list[dict], list[dict]]:
        """One core, and two devices with `words`, in turns."""
        one, two = [], []
        for _ in range(rounds):
            one.append(self.bench(model, "--threads", 1, core=0))
            two.append(self.bench(model, *words))
        return one, two

    def estimates(self, model: pathlib.Path) -> list[dict]:
        """Estimated and measured microseconds of each task, the latter the least of some runs.

        The machine is measured just before: clocks change by the minute.
        """
        trace, file = self.folder / "trace.json", self.folder / "now.json"
        file.write_text(self("targets", "--emit-topology", "--cpu-devices=2", "--measure"))
        machine = ["--topology", file]
        archive = model.parent / "inputs.npz"
        inputs = ["--inputs", archive] if archive.exists() else ["--random=0"]
        self("run", model, *inputs, "-q", "--warmup", self.warmup, "--profile", trace, *machine)
        tasks = []
        for event in json.loads(trace.read_text())["traceEvents"]:
            about = event.get("args", {})
            if "estimated_us" in about and "nodes" not in about:
                tasks.append({"estimated_us": about["estimated_us"], "measured_us": about["least_us"]})
        return tasks


def summary(tasks: list[dict]) -> dict:
    """Shares of tasks whose estimate holds; at the clock of the run, when what all tasks have in common is left out.

    On virtual machines the clock changes between measuring the machine and running the model.
    """
    ratios = [task["measured_us"] / task["estimated_us"] for task in tasks if task["estimated_us"] > 0]
    common = statistics.median(ratios)

    def share(scale: float) -> float:
        return sum(abs(ratio / scale - 1) <= 0.25 for ratio in ratios) / len(ratios)

    return {
        "tasks": len(ratios),
        "within_25_percent": share(1),
        "within_25_percent_at_its_clock": share(common),
        "median_measured_over_estimated": common,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orchestra", type=pathlib.Path, default=ROOT / "build" / "bin" / "orchestra")
    parser.add_argument("--task-benchmark", type=pathlib.Path, help="orchestra_runtime_device_benchmark")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=4)
    parser.add_argument("--estimate-rounds", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=10, help="runs of which estimates are compared with the least")
    parser.add_argument("models", nargs="*", type=pathlib.Path, help="further models for the estimates, .onnx")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bench = Bench(arguments, folder)
        machine = folder / "machine.json"
        machine.write_text(bench("targets", "--emit-topology", "--cpu-devices=2", "--measure"))
        towers, transformer = folder / "towers.onnx", folder / "transformer.onnx"
        make_towers(towers)
        make_transformer(transformer)
        result: dict = {"machine": json.loads(machine.read_text()), "orchestra": bench("--version").strip()}
        plan = ["--topology", machine]
        one, two = bench.compare(towers, arguments.rounds, *plan)
        first, second = ([entry["latency_ms"]["median"] for entry in side] for side in (one, two))
        result["towers"] = {
            "one_ms": statistics.median(first),
            "two_ms": statistics.median(second),
            "speed_up": statistics.median(a / b for a, b in zip(first, second, strict=True)),
        }
        plan += ["--objective", "throughput", "--in-flight", arguments.requests]
        one, two = bench.compare(transformer, arguments.rounds, *plan, "--requests", arguments.requests)
        first, second = ([entry["throughput_per_s"] for entry in side] for side in (one, two))
        result["transformer"] = {
            "one_per_s": statistics.median(first),
            "two_per_s": statistics.median(second),
            "speed_up": statistics.median(b / a for a, b in zip(first, second, strict=True)),
            "latency_ms": statistics.median(entry["latency_ms"]["median"] for entry in two),
        }
        result["estimates"] = {
            model.parent.name if model.stem == "model" else model.stem: bench.median_round(model, arguments.estimate_rounds)
            for model in (towers, transformer, *arguments.models)
        }
        if arguments.task_benchmark:
            text = subprocess.run([arguments.task_benchmark, "bind"], check=True, capture_output=True, text=True).stdout
            result["cost_of_a_task"] = text.splitlines()
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
