# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random schedules on two to four CPU devices give the bits that one device gives.

A graph is written twice: flat, as one function for the host alone, and as a schedule whose
tasks are on random devices, with the transfers that they need. Arenas are poisoned before each
run, so a value that is read where nobody brought it is a NaN.
"""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import random_graphs

SIZE = 24  # no multiple of a vector
TYPE = f"tensor<{SIZE}x{SIZE}xf32>"


def topology(count: int) -> dict:
    names = [f"cpu{i}" for i in range(count)]
    return {
        "orchestra_topology": 1,
        "name": "machine",
        "devices": [
            {
                "name": name,
                "arch": "x86_64",
                "device_id": i,
                "core_count": 1,
                "memory_bytes": 1 << 30,
                "memory_bandwidth": 1e10,
                "peak_flops": {"f32": 1e11, "f64": 5e10, "i32": 1e11, "i8": 1e11},
            }
            for i, name in enumerate(names)
        ],
        "links": [
            {"from": a, "to": b, "bandwidth": 1e10, "latency": 1e-6} for a in names for b in names if a < b
        ],
    }


def topology_op(count: int) -> str:
    lines = ["orchestra.topology @m {"]
    for i in range(count):
        lines.append(f'  orchestra.device @cpu{i} {{arch = "x86_64", device_id = {i}, core_count = 1}}')
    for i in range(count):
        for j in range(i + 1, count):
            lines.append(f"  orchestra.link @cpu{i}, @cpu{j} {{bandwidth = 1.0e10, latency = 1.0e-6}}")
    return "\n".join([*lines, "}"])


class Graph:
    """Random tasks of a few ops; each reads up to three earlier values or inputs."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.devices = self.random.randint(2, 4)
        self.inputs = self.random.randint(1, 3)
        self.tasks = [self.task(i) for i in range(self.random.randint(3, 25))]
        count = min(len(self.tasks), self.random.randint(1, 3))
        self.results = self.random.sample(range(len(self.tasks)), count)

    def task(self, index: int) -> dict:
        pool = [f"x{i}" for i in range(self.inputs)] + [f"t{i}" for i in range(index)]
        # Young values more often: deep graphs, and arenas whose places are used again.
        reads = [pool[-1 - min(int(self.random.expovariate(0.5)), len(pool) - 1)] for _ in range(3)]
        kinds = [self.random.choice(["matmul", "add", "exp", "transpose", "rows"]) for _ in range(self.random.randint(1, 3))]
        return {"reads": reads, "kinds": kinds, "device": self.random.randrange(self.devices)}

    def body(self, index: int, values: dict[str, str]) -> list[str]:
        """The ops of a task; the last value is %t<index>."""
        task, lines = self.tasks[index], []
        current = values[task["reads"][0]]
        for step, kind in enumerate(task["kinds"]):
            name = f"%t{index}_{step}"
            other = values[task["reads"][1 + step % 2]]
            lines.append(f"{name}e = tensor.empty() : {TYPE}")
            if kind in ("matmul", "rows"):
                lines.append(f"{name}z = arith.constant 0.0 : f32")
            if kind == "matmul":
                lines.append(f"{name}f = linalg.fill ins({name}z : f32) outs({name}e : {TYPE}) -> {TYPE}")
                lines.append(
                    f"{name}m = linalg.matmul ins({current}, {other} : {TYPE}, {TYPE}) outs({name}f : {TYPE}) -> {TYPE}"
                )
                # Keeps values finite.
                lines.append(f"{name} = linalg.tanh ins({name}m : {TYPE}) outs({name}e : {TYPE}) -> {TYPE}")
            elif kind == "add":
                lines.append(f"{name} = linalg.add ins({current}, {other} : {TYPE}, {TYPE}) outs({name}e : {TYPE}) -> {TYPE}")
            elif kind == "exp":
                lines.append(f"{name}t = linalg.tanh ins({current} : {TYPE}) outs({name}e : {TYPE}) -> {TYPE}")
                lines.append(f"{name} = linalg.exp ins({name}t : {TYPE}) outs({name}e : {TYPE}) -> {TYPE}")
            elif kind == "transpose":
                lines.append(f"{name} = linalg.transpose ins({current} : {TYPE}) outs({name}e : {TYPE}) permutation = [1, 0]")
            else:
                row = f"tensor<{SIZE}xf32>"
                lines.append(f"{name}r = tensor.empty() : {row}")
                lines.append(f"{name}f = linalg.fill ins({name}z : f32) outs({name}r : {row}) -> {row}")
                lines.append(
                    f"{name}s = linalg.reduce ins({current} : {TYPE}) outs({name}f : {row}) dimensions = [1]\n"
                    f"      (%in: f32, %out: f32) {{ %sum = arith.addf %in, %out : f32 linalg.yield %sum : f32 }}"
                )
                lines.append(f"{name} = linalg.broadcast ins({name}s : {row}) outs({name}e : {TYPE}) dimensions = [1]")
            current = name
        return [*lines, f"// {current}"]

    def signature(self) -> str:
        arguments = ", ".join(f'%x{i}: {TYPE} {{orchestra.name = "x{i}"}}' for i in range(self.inputs))
        results = ", ".join(f'{TYPE} {{orchestra.name = "y{i}"}}' for i in range(len(self.results)))
        return f"func.func @main({arguments}) -> ({results}) attributes {{orchestra.entry}} {{"

    def flat(self) -> str:
        values = {f"x{i}": f"%x{i}" for i in range(self.inputs)}
        lines = [self.signature()]
        for index in range(len(self.tasks)):
            body = self.body(index, values)
            lines += body[:-1]
            values[f"t{index}"] = body[-1][3:]
        types = ", ".join([TYPE] * len(self.results))
        lines.append(f"return {', '.join(values[f't{i}'] for i in self.results)} : {types}")
        return "\n".join([*lines, "}"])

    def scheduled(self) -> str:
        places: dict[tuple[str, int], str] = {(f"x{i}", 0): f"%x{i}" for i in range(self.inputs)}
        home = {f"x{i}": 0 for i in range(self.inputs)}
        types = ", ".join([TYPE] * len(self.results))
        lines = [topology_op(self.devices), self.signature()]
        lines.append(f"%r:{len(self.results)} = orchestra.schedule on @m -> ({types}) {{")

        def bring(value: str, device: int) -> str:
            if (value, device) not in places:
                source = places[value, home[value]]
                name = f"%{value}_on{device}"
                lines.append(f"{name} = orchestra.transfer {source} from @cpu{home[value]} to @cpu{device} : {TYPE}")
                places[value, device] = name
            return places[value, device]

        for index, task in enumerate(self.tasks):
            device = task["device"]
            body = self.body(index, {value: bring(value, device) for value in task["reads"]})
            lines.append(f'%t{index} = orchestra.task -> ({TYPE}) target = {{arch = "x86_64", device_id = {device}}} {{')
            lines += [*body[:-1], f"orchestra.yield {body[-1][3:]} : {TYPE}", "}"]
            places[f"t{index}", device] = f"%t{index}"
            home[f"t{index}"] = device
            if self.random.random() < 0.05:
                lines.append("orchestra.barrier")
        results = [bring(f"t{i}", 0) for i in self.results]
        lines += [f"orchestra.yield {', '.join(results)} : {types}", "}"]
        returned = ", ".join(f"%r#{i}" for i in range(len(results)))
        return "\n".join([*lines, f"return {returned} : {types}", "}"])


def run(orchestra, model, inputs, outputs, *words: object) -> dict[str, np.ndarray]:
    orchestra("run", model, "--inputs", inputs, "--outputs", outputs, "--poison-arena", "-q", *words)
    return dict(np.load(outputs))


def expect_same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].dtype == right[name].dtype and left[name].shape == right[name].shape
        assert left[name].tobytes() == right[name].tobytes(), name


@pytest.mark.parametrize("seed", range(16))
def test_schedule_equals_flat(seed, orchestra, tmp_path):
    graph = Graph(seed)
    generator = np.random.default_rng(seed)
    feeds = {f"x{i}": generator.standard_normal((SIZE, SIZE), dtype=np.float32) for i in range(graph.inputs)}
    np.savez(tmp_path / "in.npz", **feeds)
    (tmp_path / "flat.mlir").write_text(graph.flat())
    (tmp_path / "scheduled.mlir").write_text(graph.scheduled())
    flat = run(orchestra, tmp_path / "flat.mlir", tmp_path / "in.npz", tmp_path / "flat.npz")
    assert all(np.isfinite(value).all() for value in flat.values())
    for attempt in range(2):
        out = tmp_path / f"scheduled{attempt}.npz"
        expect_same(flat, run(orchestra, tmp_path / "scheduled.mlir", tmp_path / "in.npz", out))


@pytest.mark.parametrize("seed", range(6))
def test_onnx_graph_on_devices(seed, orchestra, tmp_path):
    """Graphs of many ops, cut and placed by the compiler, some nodes pinned at random."""
    model, feeds = random_graphs.build(seed, 12)[:2]
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    np.savez(tmp_path / "in.npz", **feeds)
    choose = random.Random(seed)
    count = choose.randint(2, 4)
    (tmp_path / "machine.json").write_text(json.dumps(topology(count)))
    machine = ["--topology", tmp_path / "machine.json"]
    alone = run(orchestra, tmp_path / "model.onnx", tmp_path / "in.npz", tmp_path / "alone.npz")
    plan = json.loads(orchestra("plan", tmp_path / "model.onnx", *machine, "--json").stdout)
    pins = []
    for work in plan["work"]:
        if work["kind"] == "task" and work["nodes"] and choose.random() < 0.7:
            pins += ["--place", f"{choose.choice(work['nodes'])}=cpu{choose.randrange(count)}"]
    placed = run(orchestra, tmp_path / "model.onnx", tmp_path / "in.npz", tmp_path / "placed.npz", *machine, *pins)
    expect_same(alone, placed)
