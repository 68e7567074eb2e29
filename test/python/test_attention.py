# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention as exporters write it: recognised, and right against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

F = np.float32
RANDOM = np.random.default_rng(5)


class Graph:
    """An ONNX graph under construction; every operator has one output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def __call__(self, operator: str, *inputs: object, **attributes: object) -> str:
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        name = f"{operator}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [name], name=name, **attributes))
        return name

    def constant(self, value: object) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def model(self, inputs: dict[str, list[object]], result: str, types: dict[str, int]) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "attention",
            [helper.make_tensor_value_info(n, types.get(n, TensorProto.FLOAT), s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)],
            self.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def heads(g: Graph, x: str, count: int, columns: int, perm: list[int]) -> str:
    return g("Transpose", g("Reshape", x, np.array([0, -1, count, columns])), perm=perm)


def merge(g: Graph, y: str, width: int) -> str:
    return g("Reshape", g("Transpose", y, perm=[0, 2, 1, 3]), np.array([0, -1, width]))


def plain(g: Graph, h: int, d: int, mask: str | None) -> str:
    """As the older exporter has it: scores divided, a mask added."""
    q, k = heads(g, "q", h, d, [0, 2, 1, 3]), heads(g, "k", h, d, [0, 2, 3, 1])
    s = g("Div", g("MatMul", q, k), F(np.sqrt(d)))
    if mask:
        s = g("Add", s, mask)
    return merge(g, g("MatMul", g("Softmax", s, axis=-1), heads(g, "v", h, d, [0, 2, 1, 3])), h * d)


def guarded(g: Graph, h: int, d: int, mask: str | None) -> str:
    """As the newer exporter has it: both operands scaled, no weight that is no number."""
    root = F(d**-0.25)
    q, k = (heads(g, x, h, d, [0, 2, 1, 3]) for x in "qk")
    s = g("MatMul", g("Mul", q, root), g("Mul", g("Transpose", k, perm=[0, 1, 3, 2]), root))
    if mask:
        s = g("Add", s, mask)
    p = g("Softmax", s, axis=-1)
    p = g("Where", g("IsNaN", p), F(0), p)
    return merge(g, g("MatMul", p, heads(g, "v", h, d, [0, 2, 1, 3])), h * d)


def selected(g: Graph, h: int, d: int, mask: str | None) -> str:
    """A condition chooses between scores and minus infinity; K comes transposed."""
    assert mask
    q, k = heads(g, "q", h, d, [0, 2, 1, 3]), heads(g, "k", h, d, [0, 2, 3, 1])
    s = g("Where", mask, g("Mul", g("MatMul", q, k), F(d**-0.5)), F(-np.inf))
    return merge(g, g("MatMul", g("Softmax", s, axis=-1), heads(g, "v", h, d, [0, 2, 1, 3])), h * d)


def draw(b: int, h: int, m: int, s: int, d: int) -> dict[str, np.ndarray]:
    return {
        name: RANDOM.uniform(-2, 2, (b, rows, h * d)).astype(F) for name, rows in (("q", m), ("k", s), ("v", s))
    }


def is_raised(orchestra, path) -> bool:
    waist = path.with_suffix(".mlir")
    orchestra("compile", path, "--stop-after=optimize", "--emit=mlir", "-o", waist)
    return "linalg_ext.attention" in waist.read_text()


def check(orchestra, path, model: onnx.ModelProto, inputs: dict[str, np.ndarray], tag: str = "") -> None:
    """Tuned and plain loops, against ONNX Runtime."""
    expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)[0]
    given, got = path.with_suffix(f"{tag}.in.npz"), path.with_suffix(f"{tag}.out.npz")
    np.savez(given, **inputs)
    for how in ([], ["--reference"]):
        orchestra("run", path, "--inputs", given, "--outputs", got, *how)
        (result,) = np.load(got).values()
        # Weights are at most 1 and add up to 1; scores err by a few units in the last place.
        np.testing.assert_allclose(result, expected, rtol=0, atol=2e-5, err_msg=f"{how} {tag}")


SHAPES = [
    (1, 12, 128, 128, 64),  # one block of keys
    (2, 3, 1, 37, 16),  # one row
    (1, 2, 197, 300, 32),  # ragged, two blocks of keys
    (1, 1, 5, 7, 3),  # less than a register tile
    (2, 2, 33, 600, 40),  # three blocks, heads of an odd width
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))
@pytest.mark.parametrize("style", [plain, guarded])
@pytest.mark.parametrize("mask", ["none", "keys", "rows", "causal"])
def test_static(orchestra, tmp_path, style, shape, mask):
    b, h, m, s, d = shape
    g, inputs = Graph(), draw(*shape)
    name: str | None = None
    if mask == "keys":
        inputs["mask"] = np.where(RANDOM.random((b, 1, 1, s)) < 0.3, np.finfo(F).min, 0).astype(F)
        name = "mask"
    elif mask == "rows":
        inputs["mask"] = RANDOM.uniform(-1, 1, (m, s)).astype(F)
        name = "mask"
    elif mask == "causal":
        name = g.constant(np.where(np.tri(m, s, max(s - m, 0), bool), 0, -np.inf).astype(F))
    result = style(g, h, d, name)
    model = g.model({n: list(x.shape) for n, x in inputs.items()}, result, {})
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    assert is_raised(orchestra, path)
    check(orchestra, path, model, inputs)


@pytest.mark.parametrize("style", [plain, guarded, selected])
def test_hidden_rows(orchestra, tmp_path, style):
    """A row that sees no key is NaN as ONNX defines Softmax; exporters' guard makes it zero."""
    b, h, m, s, d = 1, 2, 21, 300, 16
    inputs = draw(b, h, m, s, d)
    shown = RANDOM.random((m, s)) < 0.5
    shown[3] = shown[17] = False
    shown[5, :256] = False  # nothing in the first block of keys
    is_condition = style is selected
    inputs["mask"] = shown if is_condition else np.where(shown, 0, -np.inf).astype(F)
    g = Graph()
    result = style(g, h, d, "mask")
    types = {"mask": TensorProto.BOOL} if is_condition else {}
    model = g.model({n: list(x.shape) for n, x in inputs.items()}, result, types)
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    assert is_raised(orchestra, path)
    check(orchestra, path, model, inputs)


@pytest.mark.parametrize("style", [plain, guarded])
def test_dynamic(orchestra, tmp_path, style):
    """One artefact for all sizes; a mask of keys, as padding makes it."""
    h, d = 3, 16
    g = Graph()
    result = style(g, h, d, "mask")
    width = h * d
    shapes = {"q": ["b", "m", width], "k": ["b", "s", width], "v": ["b", "s", width], "mask": ["b", 1, 1, "s"]}
    model = g.model(shapes, result, {})
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    assert is_raised(orchestra, path)
    for b, m, s in [(1, 1, 1), (2, 17, 5), (3, 130, 257), (1, 64, 512), (2, 0, 4)]:
        inputs = draw(b, h, m, s, d)
        inputs["mask"] = np.where(RANDOM.random((b, 1, 1, s)) < 0.3, np.finfo(F).min, 0).astype(F)
        check(orchestra, path, model, inputs, f".{b}-{m}-{s}")


@pytest.mark.parametrize("rows", [1, 40])
def test_grouped_queries(orchestra, tmp_path, rows):
    """Heads of keys and values are repeated: the repetition is none of the kernel's."""
    groups, shared, d, s = 2, 3, 16, 300
    g = Graph()

    def repeat(x: str, perm: list[int]) -> str:
        x = heads(g, x, groups, d, [0, 2, 1, 3])
        x = g("Expand", g("Unsqueeze", x, np.array([2])), np.array([1, groups, shared, s, d]))
        return g("Transpose", g("Reshape", x, np.array([1, groups * shared, s, d])), perm=perm)

    q = heads(g, "q", groups * shared, d, [0, 2, 1, 3])
    scores = g("Mul", g("MatMul", q, repeat("k", [0, 1, 3, 2])), F(0.25))
    product = g("MatMul", g("Softmax", scores, axis=-1), repeat("v", [0, 1, 2, 3]))
    result = merge(g, product, groups * shared * d)
    inputs = draw(1, groups, s, s, d)
    inputs["q"] = RANDOM.uniform(-2, 2, (1, rows, groups * shared * d)).astype(F)
    model = g.model({n: list(x.shape) for n, x in inputs.items()}, result, {})
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    assert is_raised(orchestra, path)
    waist = path.with_suffix(".mlir").read_text()
    assert f"tensor<{groups}x{s}x{d}xf32>" in waist or f"tensor<{s}x{groups}x{d}xf32>" in waist
    check(orchestra, path, model, inputs)
