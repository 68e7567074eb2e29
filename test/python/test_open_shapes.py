# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One program for all sizes: the same numbers whatever tiles they are divided into."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

pytest.importorskip("nanobind", reason="without nanobind the build has no Python package")
import orchestra

EPSILON = 2.0**-24


@pytest.mark.parametrize(("columns", "cpu"), [(64, ""), (40, ""), (40, "x86-64-v3")])
def test_any_number_of_rows(columns, cpu):
    generator = np.random.default_rng(columns)
    w = generator.standard_normal((33, columns)).astype("float32")
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 21]>'
        f"rows (float[n,33] x, float[{columns}] b) => (float[n,{columns}] y) <float[33,{columns}] w>"
        "{ p = MatMul (x, w)  s = Add (p, b)  y = Relu (s) }"
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(w, "w"))
    program = orchestra.compile(model, cpu=cpu)
    for rows in (*range(33), 43, 99, 197):
        x, b = generator.standard_normal((rows, 33)).astype("float32"), generator.standard_normal(columns).astype("float32")
        wide = x.astype("float64"), w.astype("float64")
        want = np.maximum(wide[0] @ wide[1] + b, 0)
        # Sums of k products: C eps sqrt(k) sum |x||w|, and the rounding of the addition.
        bound = 8 * EPSILON * np.sqrt(33) * (np.abs(wide[0]) @ np.abs(wide[1]) + np.abs(b))
        got = program(x, b)[0]
        assert got.shape == want.shape and (np.abs(got - want) <= bound).all()


def test_any_number_of_rows_of_a_batch():
    generator = np.random.default_rng(1)
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 21]> rows (float[b,m,k] x, float[b,k,n] w) => (float[b,m,n] y) { y = MatMul (x, w) }'
    )
    program = orchestra.compile(model)
    for batch, rows, columns in ((1, 1, 1), (2, 3, 70), (3, 8, 31), (2, 15, 32), (1, 29, 33), (2, 0, 5), (0, 3, 5)):
        x, w = generator.standard_normal((batch, rows, 9)), generator.standard_normal((batch, 9, columns))
        x, w = x.astype("float32").astype("float64"), w.astype("float32").astype("float64")
        bound = 8 * EPSILON * 3 * (np.abs(x) @ np.abs(w))
        got = program(x.astype("float32"), w.astype("float32"))[0]
        assert got.shape == (batch, rows, columns) and (np.abs(got - x @ w) <= bound).all()


def parse(graph: str, **weights: np.ndarray) -> onnx.ModelProto:
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 21]> {graph}')
    model.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in weights.items())
    return model


def same_as_onnxruntime(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> None:
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    for got, right in zip(orchestra.compile(model)(feeds), want, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("op", "gates", "states"), [("LSTM", 4, 2), ("GRU", 3, 1), ("RNN", 1, 1)])
@pytest.mark.parametrize("lengths", [False, True])
def test_constant_states_fix_an_open_batch(op, gates, states, lengths):
    generator = np.random.default_rng(2)
    sizes = {"w": (2, gates * 4, 3), "r": (2, gates * 4, 4), "h": (2, 2, 4)}
    model = parse(
        "net (float[s,b,3] x, int32[b] n) => (float[s,2,b,4] y, float[2,b,4] z)"
        f"<float[2,{gates * 4},3] w, float[2,{gates * 4},4] r, float[2,2,4] h>"
        f'{{ y, z = {op} <hidden_size = 4, direction = "bidirectional"> (x, w, r, "", {"n" if lengths else chr(34) * 2}{", h" * states}) }}',
        **{name: generator.standard_normal(size).astype("float32") for name, size in sizes.items()},
    )
    x = generator.standard_normal((5, 2, 3)).astype("float32")
    same_as_onnxruntime(model, {"x": x, "n": np.array([5, 3], "int32")})
    with pytest.raises(orchestra.RunError, match="sizes of an initial state do not agree: 2 and b"):
        orchestra.compile(model)(x[:, :1], np.array([5], "int32"))


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_padding_of_an_open_size(mode):
    model = parse(f'pad (float[n,3] x, int64[4] p) => (float[a,b] y) {{ y = Pad <mode = "{mode}"> (x, p) }}')
    x = np.arange(12, dtype="float32").reshape(4, 3)
    same_as_onnxruntime(model, {"x": x, "p": np.array([3, 2, 1, 0], "int64")})
    program = orchestra.compile(model)
    if mode == "reflect":
        with pytest.raises(orchestra.RunError, match="more is padded by reflection than there is"):
            program(x[:3], np.array([3, 2, 1, 0], "int64"))
    else:
        same_as_onnxruntime(model, {"x": x[:2], "p": np.array([3, 2, 1, 0], "int64")})
    with pytest.raises(orchestra.RunError, match="Pad: "):
        program(x[:0], np.array([0, 0, 1, 0], "int64"))
    assert program(x[:0], np.array([0, 1, 0, 1], "int64"))[0].shape == (0, 5)


def test_padding_of_a_known_size():
    model = parse('pad (float[3] x) => (float[7] y) <int64[2] p = {4,0}> { y = Pad <mode = "reflect"> (x, p) }')
    with pytest.raises(orchestra.CompileError, match="more is padded by reflection than there is") as raised:
        orchestra.compile(model)
    assert raised.value.slug == "invalid-shape" and "3 elements, 4 are added" in str(raised.value)


def test_a_squeezed_size_is_one():
    x = np.ones((3, 2), "float32")
    with pytest.raises(orchestra.CompileError, match="Squeeze: a dimension is not 1") as raised:
        orchestra.compile(parse("squeeze (float[3,2] x) => (float[3] y) <int64[1] a = {1}> { y = Squeeze (x, a) }"))
    assert raised.value.slug == "shape-mismatch"
    program = orchestra.compile(parse("squeeze (float[3,n] x) => (float[3] y) <int64[1] a = {1}> { y = Squeeze (x, a) }"))
    assert program(x[:, :1])[0].shape == (3,)
    with pytest.raises(orchestra.RunError, match="dimension 1 is not 1"):
        program(x)


def test_equal_hot_shapes_are_one():
    model = parse("relu (float[n,m] x) => (float[n,m] y) { y = Relu (x) }")
    one = orchestra.compile(model, specialize=[{"n": 2, "m": 3}], cache=False)
    two = orchestra.compile(model, specialize=[{"n": 2, "m": 3}, {"m": 3, "n": 2}], cache=False)
    assert two.report.calls == one.report.calls


RESHAPE = "reshape (float[b,3] x, int64[2] s) => (float[u,v] y) { y = Reshape (x, s) }"


@pytest.mark.parametrize(
    ("inputs", "slug", "says"),
    [
        ({"z": np.ones((2, 3), "float32")}, "input-mismatch", "the model has no input 'z'"),
        ({"x": np.ones((2, 3, 4), "float32")}, "tensor-shape", "input 'x' has another number of dimensions"),
        ({"x": np.ones((2, 4), "float32")}, "tensor-shape", "input 'x' has another shape"),
        ({"s": np.ones(2, "float32")}, "tensor-type", "input 's' has another element type"),
        ({"x": None}, "tensor-shape", "input 'x' has another number of dimensions"),
    ],
)
def test_inputs_of_a_compilation_that_do_not_fit(inputs, slug, says):
    with pytest.raises(orchestra.InputError, match=says) as raised:
        orchestra.compile(parse(RESHAPE), inputs=inputs)
    assert raised.value.slug == slug


def test_arguments_of_a_compilation_of_other_types():
    model = parse(RESHAPE)
    assert orchestra.compile(model, inputs={"s": [3, 2]}).outputs[0].shape == (3, 2)
    for name in ("inputs", "dims"):
        with pytest.raises(TypeError, match=f"{name} must be a dict"):
            orchestra.compile(model, **{name: [3, 2]})
    with pytest.raises(TypeError, match="specialize must be a list of dicts"):
        orchestra.compile(model, specialize=["b=2"])


def test_compile_for_one_array(orchestra_tool, tmp_path):
    """The command, as `run` does it: where no code for all sizes can be made, code for these."""
    onnx.save(parse("squeeze (float[n,m] x) => (float[k] y) { y = Squeeze (x) }"), tmp_path / "model.onnx")
    np.save(tmp_path / "x.npy", np.arange(5, dtype="float32").reshape(1, 5))
    command = ("compile", tmp_path / "model.onnx", "-o", tmp_path / "model.so")
    assert "[unsupported-form]" in orchestra_tool(*command, code=1).stderr
    assert "for inputs of these sizes only" in orchestra_tool(*command, "--inputs", tmp_path / "x.npy").stderr
    assert orchestra.load(tmp_path / "model.so")(np.arange(5, dtype="float32").reshape(1, 5))[0].shape == (5,)
    onnx.save(parse(RESHAPE), tmp_path / "model.onnx")
    done = orchestra_tool(*command, "--inputs", tmp_path / "x.npy", code=1)
    assert "an input is given without its name" in done.stderr and "its inputs are x, s" in done.stderr
