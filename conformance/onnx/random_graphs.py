#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random graphs: the optimised program against the plain one and against ONNX Runtime.

    random_graphs.py --count 200 --start 0
    random_graphs.py --start 1234 --count 1 --keep failing/

A graph is a function of its number. It mixes convolutions, products, norms, reductions,
broadcasts and data movement; sizes include 0, 1 and primes, and half the graphs have
dynamic leading dimensions. By construction values stay of order one and no output jumps
(no rounding, comparisons on inputs only), so one bound holds for all of them. A graph that
fails is kept, with inputs, under --keep: `orchestra-reduce` or --nodes N shrink it.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
OPSET = 18
BOUND = 1e-4  # of the larger of 1 and the output's largest magnitude
SIZES = (1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 33)
Shape = tuple[int, ...]
UNARY = ("Relu", "Sigmoid", "Tanh", "Erf", "Neg", "Abs", "LeakyRelu", "Clip", "Sqrt", "Exp", "Gelu")


@dataclass
class Builder:
    """A graph under construction; `values` are tensors that later nodes may use."""

    random: np.random.Generator
    nodes: list = field(default_factory=list)
    constants: list = field(default_factory=list)
    values: list[tuple[str, Shape]] = field(default_factory=list)
    inputs: dict[str, np.ndarray] = field(default_factory=dict)
    count: int = 0

    def size(self) -> int:
        return int(self.random.choice(SIZES))

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def among(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def constant(self, array) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape: int, scale: float = 1.0) -> str:
        return self.constant((self.random.standard_normal(shape) * scale).astype(np.float32))

    def add(self, op: str, inputs: list[str], shape: Shape | None = None, **attributes) -> str:
        """A node. With a shape its result may be used further."""
        out = self.name()
        self.nodes.append(helper.make_node(op, inputs, [out], name=f"{op}_{self.count}", **attributes))
        if shape is not None:
            self.values.append((out, shape))
        return out

    def pick(self, want: Callable[[Shape], bool] = lambda s: True) -> tuple[str, Shape] | None:
        fitting = [v for v in self.values if want(v[1])]
        if not fitting:
            return None
        recent = fitting[-4:] if self.chance(0.6) else fitting  # chains are what gets fused
        return recent[self.among(0, len(recent) - 1)]


def unary(b: Builder) -> None:
    x, shape = b.pick()
    op = str(b.random.choice(UNARY))
    if op == "Sqrt":  # away from 0, where its slope has no bound
        x = b.add("Add", [b.add("Abs", [x]), b.constant(np.float32(0.5))])
    elif op == "Exp":
        x = b.add("Tanh", [x])
    elif op == "Gelu":
        half = b.add("Mul", [x, b.constant(np.float32(0.5))])
        erf = b.add("Erf", [b.add("Mul", [x, b.constant(np.float32(2**-0.5))])])
        b.add("Mul", [half, b.add("Add", [erf, b.constant(np.float32(1))])], shape)
        return
    inputs = [x, b.constant(np.float32(-0.5)), b.constant(np.float32(0.75))] if op == "Clip" else [x]
    b.add(op, inputs, shape)


def binary(b: Builder) -> None:
    """With a value of the same shape, or a constant that broadcasts."""
    x, shape = b.pick()
    other = b.pick(lambda s: s == shape) if b.chance(0.5) else None
    if other is None:
        dims = [d if b.chance(0.6) and d else 1 for d in shape][b.among(0, len(shape)) :]
        other = (b.weight(*dims), tuple(dims))
    op = str(b.random.choice(["Add", "Sub", "Mul", "Max", "Min", "Div", "Where"]))
    y = other[0]
    if op == "Mul":
        y = b.add("Tanh", [y])
    elif op == "Div":
        y = b.add("Add", [b.add("Abs", [y]), b.constant(np.float32(1))])
    if op == "Where":
        source = next(iter(b.inputs))  # an input: comparing computed values would jump
        if b.inputs[source].shape == shape:
            b.add("Where", [b.add("Greater", [source, b.constant(np.float32(0))]), x, y], shape)
        return
    b.add(op, [x, y] if b.chance(0.5) or op == "Div" else [y, x], shape)


def product(b: Builder) -> None:
    x, shape = b.pick(lambda s: len(s) >= 2 and s[-1] > 0) or (None, None)
    if x is None:
        return
    columns = b.size()
    if len(shape) == 2 and b.chance(0.3):
        transposed = b.chance(0.5)
        w = b.weight(*((columns, shape[1]) if transposed else (shape[1], columns)), scale=shape[1] ** -0.5)
        b.add("Gemm", [x, w, b.weight(columns)], (shape[0], columns), transB=int(transposed))
        return
    y = b.add("MatMul", [x, b.weight(shape[-1], columns, scale=shape[-1] ** -0.5)], (*shape[:-1], columns))
    if b.chance(0.5):
        b.add("Add", [y, b.weight(columns)], (*shape[:-1], columns))


def attention(b: Builder) -> None:
    x, shape = b.pick(lambda s: len(s) >= 2 and s[-1] > 0 and s[-2] > 0) or (None, None)
    if x is None:
        return
    order = list(range(len(shape)))
    order[-1], order[-2] = order[-2], order[-1]
    flipped = b.add("Transpose", [x], perm=order)
    scores = b.add("Mul", [b.add("MatMul", [x, flipped]), b.constant(np.float32(shape[-1] ** -0.5))])
    b.add("MatMul", [b.add("Softmax", [b.add("Tanh", [scores])], axis=-1), x], shape)


def picture(shape: Shape) -> bool:
    return len(shape) == 4 and all(d > 0 for d in shape[1:])


def convolution(b: Builder) -> None:
    x, shape = b.pick(picture) or (None, None)
    if x is None:
        return
    channels, window = shape[1], [b.among(1, min(4, d)) for d in shape[2:]]
    dilations = [b.among(1, 2) if (k - 1) * 2 < d else 1 for k, d in zip(window, shape[2:], strict=True)]
    strides, pads = [b.among(1, 2) for _ in window], [b.among(0, k - 1) for k in window * 2]
    groups = channels if b.chance(0.3) else 1
    out_channels = channels if groups > 1 else b.size()
    w = b.weight(out_channels, channels // groups, *window, scale=(channels // groups * window[0] * window[1]) ** -0.5)
    sizes = tuple(
        (d + pads[i] + pads[i + 2] - dilations[i] * (window[i] - 1) - 1) // strides[i] + 1
        for i, d in enumerate(shape[2:])
    )
    y_shape = (shape[0], out_channels, *sizes)
    inputs = [x, w, b.weight(out_channels)] if b.chance(0.7) else [x, w]
    y = b.add(
        "Conv", inputs, y_shape, strides=strides, pads=pads, dilations=dilations, group=groups, kernel_shape=window
    )
    if b.chance(0.4):
        positive = b.constant(b.random.uniform(0.5, 1.5, out_channels).astype(np.float32))
        y = b.add(
            "BatchNormalization",
            [y, b.weight(out_channels), b.weight(out_channels), b.weight(out_channels), positive],
            y_shape,
        )
    if b.chance(0.5):
        b.add("Relu", [y], y_shape)


def pooling(b: Builder) -> None:
    x, shape = b.pick(picture) or (None, None)
    if x is None:
        return
    op = str(b.random.choice(["MaxPool", "AveragePool", "GlobalAveragePool"]))
    if op == "GlobalAveragePool":
        b.add(op, [x], (*shape[:2], 1, 1))
        return
    window, strides = [b.among(1, min(3, d)) for d in shape[2:]], [b.among(1, 2), b.among(1, 2)]
    pads = [b.among(0, k - 1) for k in window * 2]
    extra = {"count_include_pad": b.among(0, 1)} if op == "AveragePool" else {}
    sizes = tuple((d + pads[i] + pads[i + 2] - window[i]) // strides[i] + 1 for i, d in enumerate(shape[2:]))
    b.add(op, [x], (*shape[:2], *sizes), kernel_shape=window, strides=strides, pads=pads, **extra)


def reduction(b: Builder) -> None:
    x, shape = b.pick(lambda s: bool(s) and all(s)) or (None, None)
    if x is None:
        return
    axes = sorted(int(a) for a in b.random.choice(len(shape), b.among(1, len(shape)), replace=False))
    keep = b.chance(0.5)
    out = tuple(1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes)
    op = str(b.random.choice(["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"]))
    given = [a - len(shape) if b.chance(0.3) else a for a in axes]
    b.add(op, [x, b.constant(np.array(given, np.int64))], out, keepdims=int(keep))


def norm(b: Builder) -> None:
    x, shape = b.pick(lambda s: bool(s) and s[-1] > 1) or (None, None)
    if x is None:
        return
    if b.chance(0.5):
        b.add("LayerNormalization", [x, b.weight(shape[-1]), b.weight(shape[-1])], shape, axis=-1, epsilon=1e-2)
    else:
        axis = b.among(0, len(shape) - 1)
        if shape[axis]:
            b.add("Softmax", [x], shape, axis=axis - len(shape) if b.chance(0.5) else axis)


def movement(b: Builder) -> None:
    x, shape = b.pick(bool) or (None, None)
    if x is None:
        return
    axis = b.among(0, len(shape) - 1)
    kind = b.among(0, 6)
    integers = lambda *v: b.constant(np.array(v, np.int64))  # noqa: E731
    if kind == 0:
        order = [int(i) for i in b.random.permutation(len(shape))]
        b.add("Transpose", [x], tuple(shape[i] for i in order), perm=order)
    elif kind == 1 and len(shape) > 1:  # the leading dimension may be dynamic: 0 keeps it
        b.add(
            "Reshape",
            [x, integers(0, -1)] if shape[0] else [x, integers(*shape)],
            (shape[0], int(np.prod(shape[1:]))) if shape[0] else shape,
        )
    elif kind == 2:
        other = b.pick(lambda s: len(s) == len(shape) and all(i == axis or s[i] == d for i, d in enumerate(shape)))
        sizes = list(shape)
        sizes[axis] += other[1][axis]
        b.add("Concat", [x, other[0]], tuple(sizes), axis=axis)
    elif kind == 3 and axis > 0 and shape[axis] > 1:
        start, step = b.among(0, shape[axis] - 1), b.among(1, 2)
        sizes = list(shape)
        sizes[axis] = len(range(start, shape[axis], step))
        b.add("Slice", [x, integers(start), integers(2**31), integers(axis), integers(step)], tuple(sizes))
    elif kind == 4:
        b.add("Unsqueeze", [x, integers(axis)], (*shape[:axis], 1, *shape[axis:])) if len(shape) < 4 else None
    elif kind == 5 and axis > 0 and shape[axis]:
        picks = b.random.integers(-shape[axis], shape[axis], b.among(1, 5))
        b.add("Gather", [x, b.constant(picks)], (*shape[:axis], len(picks), *shape[axis + 1 :]), axis=axis)
    elif kind == 6 and axis > 0:
        before, after = b.among(0, 2), b.among(0, 2)
        pads = [0] * (2 * len(shape))
        pads[axis], pads[axis + len(shape)] = before, after
        sizes = list(shape)
        sizes[axis] += before + after
        b.add("Pad", [x, integers(*pads), b.constant(np.float32(0.25))], tuple(sizes))


STEPS = (
    unary,
    unary,
    binary,
    binary,
    product,
    attention,
    convolution,
    convolution,
    pooling,
    reduction,
    norm,
    movement,
    movement,
)


def build(seed: int, nodes: int) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    b = Builder(np.random.default_rng(seed))
    dynamic = b.chance(0.5)
    batch = 0 if b.chance(0.04) else b.size()
    shapes: list[Shape] = [(batch, b.among(1, 8), b.among(1, 20), b.among(1, 20))] if b.chance(0.5) else []
    shapes += [(batch, *(b.size() for _ in range(b.among(1, 2)))) for _ in range(b.among(1, 2))]
    for i, shape in enumerate(shapes):
        b.inputs[f"x{i}"] = b.random.standard_normal(shape).astype(np.float32)
        b.values.append((f"x{i}", shape))
    while len(b.nodes) < nodes:
        STEPS[b.among(0, len(STEPS) - 1)](b)
    used = {n for node in b.nodes for n in node.input}
    ends = [(n, s) for n, s in b.values if n not in used and n not in b.inputs] or [b.values[-1]]
    graph = helper.make_graph(
        b.nodes,
        f"random_{seed}",
        [
            helper.make_tensor_value_info(
                n, TensorProto.FLOAT, [("batch" if dynamic and i == 0 else d) for i, d in enumerate(a.shape)]
            )
            for n, a in b.inputs.items()
        ],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None] * len(s)) for n, s in ends],
        b.constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10), b.inputs


def gap(want: np.ndarray, got: np.ndarray) -> str:
    """What is wrong, or nothing."""
    if want.shape != got.shape:
        return f"shape {list(got.shape)} instead of {list(want.shape)}"
    if not want.size:
        return ""
    error = float(np.abs(want.astype(np.float64) - got).max())
    bound = BOUND * max(1.0, float(np.abs(want).max()))
    return "" if error <= bound else f"off by {error:.3g}, bound {bound:.3g}"


def check(
    seed: int,
    nodes: int,
    command: list[str],
    engines: dict[str, list[str]],
    folder: pathlib.Path,
    env: dict[str, str] | None = None,
) -> list[str]:
    """Failures of one graph, against ONNX Runtime. An engine is a label and its options."""
    import onnxruntime

    model, inputs = build(seed, nodes)
    onnx.save_model(model, folder / "model.onnx")
    np.savez(folder / "inputs.npz", **inputs)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Its own optimiser off: as an oracle it should be as plain as it can be.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [o.name for o in session.get_outputs()]
    want = dict(zip(names, session.run(names, inputs), strict=True))
    problems = []
    for label, extra in engines.items():
        out = folder / "out.npz"
        out.unlink(missing_ok=True)
        words = [
            *command,
            "run",
            str(folder / "model.onnx"),
            "--inputs",
            str(folder / "inputs.npz"),
            "--outputs",
            str(out),
            *extra,
        ]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, env=env)
        except subprocess.TimeoutExpired:
            problems.append(f"{label}: over 120 s")
            continue
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [""])[0]
            problems.append(f"{label}: exit code {done.returncode}: {said[:200]}")
            continue
        got = dict(np.load(out))
        for name in names:
            if name not in got:
                problems.append(f"{label}: output {name} missing")
            elif wrong := gap(want[name], got[name]):
                problems.append(f"{label}: output {name}: {wrong}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = HERE.parent.parent
    parser.add_argument("--orchestra", default=str(root / "build" / "bin" / "orchestra"))
    parser.add_argument("--plain", metavar="OPTIONS", help="run each again with these: --strategy=reference.mlir")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--nodes", type=int, default=12)
    parser.add_argument("--keep", type=pathlib.Path, help="where failing graphs are kept")
    args = parser.parse_args()
    engines: dict[str, list[str]] = {"optimised": []} | ({"plain": shlex.split(args.plain)} if args.plain else {})
    bad = 0
    with tempfile.TemporaryDirectory(prefix="orchestra-random-") as scratch:
        env = {**os.environ, "XDG_CACHE_HOME": f"{scratch}/cache"}
        for seed in range(args.start, args.start + args.count):
            folder = pathlib.Path(scratch) if args.keep is None else args.keep / str(seed)
            folder.mkdir(parents=True, exist_ok=True)
            problems = check(seed, args.nodes, shlex.split(args.orchestra), engines, folder, env)
            if problems:
                bad += 1
                print(f"graph {seed}: " + "; ".join(problems), flush=True)
            elif args.keep is not None:
                for file in folder.iterdir():
                    file.unlink()
                folder.rmdir()
    print(f"{args.count - bad} graphs right, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
