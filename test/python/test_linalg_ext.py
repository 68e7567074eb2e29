# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators that become linalg_ext ops, at sizes that conformance cases do not have, against
NumPy; and norms and activations as exporters write them, which become the ops' own kernels."""

from __future__ import annotations

import re

import numpy as np
import onnx
import pytest
from conftest import ROOT
from onnx import helper, numpy_helper

F = np.float32
ENGINES = {"optimised": [], "plain": ["--strategy", str(ROOT / "strategies" / "reference.mlir")]}
RANDOM = np.random.default_rng(11)


def build(nodes: list, inputs: dict, outputs: dict, constants: dict | None = None, opset: int = 23) -> onnx.ModelProto:
    """`inputs`: arrays, or element type and shape; `outputs`: element types."""
    infos = []
    for name, value in inputs.items():
        dtype, shape = value if isinstance(value, tuple) else (value.dtype, value.shape)
        infos.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape))
    results = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), None)
        for name, dtype in outputs.items()
    ]
    values = [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "ext", infos, results, values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def run(orchestra, folder, model: onnx.ModelProto, arrays: dict, engine: str) -> dict:
    onnx.save(model, folder / "model.onnx")
    np.savez(folder / "in.npz", **arrays)
    orchestra(
        "run", folder / "model.onnx", *ENGINES[engine], "--inputs", folder / "in.npz", "--outputs", folder / "out.npz"
    )
    return dict(np.load(folder / "out.npz"))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "shape, axis", [((3, 5000), 1), ((5000, 3), 0), ((4, 1500, 2), 1), ((2, 1024, 1), 1), ((1023,), 0), ((2, 0), 1)]
)
def test_scan(orchestra, tmp_path, shape, axis, engine):
    """Chunks, slices, short rows, each way round, with a shape that only a run tells."""
    x = RANDOM.standard_normal(shape).astype(F)
    nodes, want = [], {}
    for exclusive in (0, 1):
        for reverse in (0, 1):
            name = f"y{exclusive}{reverse}"
            nodes.append(helper.make_node("CumSum", ["x", "a"], [name], exclusive=exclusive, reverse=reverse))
            sums = np.flip(x, axis) if reverse else x
            sums = np.cumsum(sums.astype(np.float64), axis) - (sums if exclusive else 0)
            want[name] = np.flip(sums, axis) if reverse else sums
    for sizes in (shape, tuple(f"d{i}" for i in range(len(shape)))):
        model = build(nodes, {"x": (F, sizes)}, dict.fromkeys(want, F), {"a": np.int64(axis)})
        got = run(orchestra, tmp_path, model, {"x": x}, engine)
        # Sums of n terms: n roundings at most of what the sums grow to.
        bound = 2 * np.finfo(F).eps * np.sqrt(x.shape[axis]) * np.abs(x).sum(axis, keepdims=True)
        for name, sums in want.items():
            assert got[name].shape == sums.shape
            assert (np.abs(got[name] - sums) <= bound).all(), name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.int64, np.uint8])
@pytest.mark.parametrize("shape, k", [((3, 1000), 7), ((2, 700), 700), ((2, 3000), 130), ((40, 3), 40)])
def test_top_k(orchestra, tmp_path, shape, k, dtype, engine):
    """With many ties, with values that are no number, along either axis."""
    axis = int(np.argmax(shape))
    x = (RANDOM.standard_normal(shape) * 40).astype(dtype) if dtype != np.uint8 else RANDOM.integers(0, 256, shape)
    x = x.astype(dtype)
    if np.issubdtype(dtype, np.floating):
        x = np.where(RANDOM.random(shape) < 0.01, np.nan, np.round(x)).astype(dtype)
        x.flat[3] = -0.0
    for largest in (0, 1):
        node = helper.make_node("TopK", ["x", "k"], ["v", "i"], axis=axis, largest=largest)
        wide = x.astype(np.float64) if np.issubdtype(dtype, np.floating) else x.astype(object)
        keys = -wide if largest else wide
        keys = np.where(wide != wide, -np.inf, keys)  # no numbers come first
        order = np.argsort(keys, axis=axis, kind="stable")
        order = np.take(order, np.arange(k), axis=axis)
        for sizes in (shape, ("a", "b"))[: 1 + (engine == "optimised")]:
            model = build([node], {"x": (dtype, sizes)}, {"v": dtype, "i": np.int64}, {"k": np.array([k])})
            got = run(orchestra, tmp_path, model, {"x": x}, engine)
            np.testing.assert_array_equal(got["i"], order)
            np.testing.assert_array_equal(got["v"], np.take_along_axis(x, order, axis))


@pytest.mark.parametrize("engine", ENGINES)
def test_scatter(orchestra, tmp_path, engine):
    """Updates of the same place add up, in slices and single elements."""
    data = RANDOM.integers(-9, 9, (50, 33)).astype(F)
    rows = RANDOM.integers(-50, 50, (400, 1))
    updates = RANDOM.integers(-9, 9, (400, 33)).astype(F)
    columns = RANDOM.integers(-33, 33, (50, 90))
    more = RANDOM.integers(-9, 9, (50, 90)).astype(F)
    nodes = [
        helper.make_node("ScatterND", ["d", "r", "u"], ["y"], reduction="add"),
        helper.make_node("ScatterElements", ["d", "c", "m"], ["z"], axis=1, reduction="add"),
    ]
    arrays = {"d": data, "r": rows, "u": updates, "c": columns, "m": more}
    got = run(orchestra, tmp_path, build(nodes, arrays, {"y": F, "z": F}), arrays, engine)
    want = data.copy()
    np.add.at(want, rows[:, 0], updates)
    np.testing.assert_array_equal(got["y"], want)
    want = data.copy()
    np.add.at(want, (np.arange(50)[:, None], columns), more)
    np.testing.assert_array_equal(got["z"], want)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("length, have", [(128, None), (512, 300), (600, None), (1009, 1500)])
def test_fourier(orchestra, tmp_path, length, have, engine):
    """Powers of two, and others by way of a chirp, cut off and filled up, both directions."""
    x = RANDOM.standard_normal((3, have or length, 2))
    real = x[..., :1].astype(F)
    signal = x[..., 0] + 1j * x[..., 1]
    half = np.fft.rfft(real[..., 0].astype(np.float64), n=length, axis=1)
    nodes = [
        helper.make_node("DFT", ["x", "n", "a"], ["y"]),
        helper.make_node("DFT", ["x", "n", "a"], ["z"], inverse=1),
        helper.make_node("DFT", ["r", "n", "a"], ["h"], onesided=1),
    ]
    arrays = {"x": x, "r": real}
    model = build(
        nodes, arrays, {"y": float, "z": float, "h": F}, {"n": np.int64(length), "a": np.int64(1)}, opset=20
    )
    got = run(orchestra, tmp_path, model, arrays, engine)
    for name, want, eps in (
        ("y", np.fft.fft(signal, n=length, axis=1), 1e-12),
        ("z", np.fft.ifft(signal, n=length, axis=1), 1e-12),
        ("h", half, 1e-6),
    ):
        error = np.abs(got[name][..., 0] + 1j * got[name][..., 1] - want)
        assert error.max() <= eps * np.abs(signal).sum(1).max(), name


def node(operator: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


G, B = RANDOM.standard_normal((2, 96)).astype(F)
CONSTANTS = {
    "axis": np.array([-1]), "g": G, "b": B, "half": F(0.5), "one": F(1), "two": F(2), "three": F(3), "eps": F(1e-5),
    "root": F(np.sqrt(2)), "k": F(0.044715), "q": F(np.sqrt(2 / np.pi)),
}  # fmt: skip
WRITTEN_OUT = {
    "softmax": (
        [node("Softmax", "x", "y", axis=-1)],
        [
            node("ReduceMax", "x axis", "m"), node("Sub", "x m", "s"), node("Exp", "s", "e"),
            node("ReduceSum", "e axis", "t"), node("Div", "e t", "y"),
        ],
    ),
    "layer norm": (
        [node("LayerNormalization", "x g b", "y", axis=-1, epsilon=1e-5)],
        [
            node("ReduceMean", "x axis", "m"), node("Sub", "x m", "d"), node("Pow", "d two", "p"),
            node("ReduceMean", "p axis", "v"), node("Add", "v eps", "w"), node("Sqrt", "w", "r"),
            node("Div", "d r", "n"), node("Mul", "n g", "o"), node("Add", "o b", "y"),
        ],
    ),
    "rms norm": (
        [node("RMSNormalization", "x g", "y", axis=-1, epsilon=1e-5)],
        [
            node("Pow", "x two", "p"), node("ReduceMean", "p axis", "v"), node("Add", "v eps", "w"),
            node("Sqrt", "w", "r"), node("Div", "x r", "n"), node("Mul", "n g", "y"),
        ],
    ),
    "gelu": (
        [node("Gelu", "x", "y")],
        [
            node("Div", "x root", "a"), node("Erf", "a", "e"), node("Add", "e one", "s"), node("Mul", "x s", "p"),
            node("Mul", "p half", "y"),
        ],
    ),
    "gelu by tanh": (
        [node("Gelu", "x", "y", approximate="tanh")],
        [
            node("Pow", "x three", "c"), node("Mul", "c k", "d"), node("Add", "x d", "e"), node("Mul", "e q", "f"),
            node("Tanh", "f", "t"), node("Add", "t one", "s"), node("Mul", "x half", "h"), node("Mul", "h s", "y"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("pattern", WRITTEN_OUT)
def test_written_out(orchestra, tmp_path, pattern):
    """One kernel, as the op gives it; where the order of products is the same, the very one."""
    x = RANDOM.standard_normal((4, 12, 96)).astype(F)
    kernels, results = [], []
    for nodes in WRITTEN_OUT[pattern]:
        used = {name for one in nodes for name in one.input}
        constants = {name: value for name, value in CONSTANTS.items() if name in used}
        model = build(nodes, {"x": x}, {"y": F}, constants)
        results.append(run(orchestra, tmp_path, model, {"x": x}, "optimised")["y"])
        text = tmp_path / "structure.mlir"
        orchestra("compile", tmp_path / "model.onnx", "--stop-after=structure", "--emit=mlir", "-o", text)
        kernels.append(re.findall(r"orchestra\.dispatch @(\w+)", text.read_text()))
    assert len(kernels[0]) == len(kernels[1]) == 1
    if "gelu" not in pattern:
        assert kernels[0] == kernels[1]
    np.testing.assert_allclose(results[1], results[0], rtol=0, atol=4 * np.finfo(F).eps * np.abs(results[0]).max())
