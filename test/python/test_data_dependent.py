# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators whose results are as large as their data says, strings, sequences.

On random ragged shapes, against ONNX's reference, with fast code and with plain loops.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest
from conftest import ROOT
from onnx import helper
from onnx.reference import ReferenceEvaluator

ENGINES = {"optimised": [], "plain": ["--strategy", str(ROOT / "strategies" / "reference.mlir")]}
WORDS = np.array(["", "a", "b c", "Monday", "monday", "Äpfel", "x,y,,z", " two  spaces "], dtype=object)


def model(graph: str, opset: int = 23) -> onnx.ModelProto:
    made = onnx.parser.parse_graph(graph.replace("<>", ""))
    return helper.make_model(
        made, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 4)], ir_version=10
    )


def save(path, arrays: dict) -> None:
    flat = {}
    for name, value in arrays.items():
        items = {f"{name}.{i}": a for i, a in enumerate(value)} if isinstance(value, list) else {name: value}
        flat |= {k: a.astype(str) if a.dtype == object else a for k, a in items.items()}
    np.savez(path, **flat)


def run(orchestra, tmp_path, graph, inputs, options, opset=23) -> dict[str, np.ndarray]:
    onnx.save_model(model(graph, opset), tmp_path / "model.onnx")
    save(tmp_path / "in.npz", inputs)
    orchestra(
        "run", str(tmp_path / "model.onnx"), "--inputs", str(tmp_path / "in.npz"),
        "--outputs", str(tmp_path / "out.npz"), "--poison-arena", *options,
    )  # fmt: skip
    with np.load(tmp_path / "out.npz") as file:
        return dict(file)


def agree(orchestra, tmp_path, graph, inputs, options, opset=23) -> None:
    got = run(orchestra, tmp_path, graph, inputs, options, opset)
    made = model(graph, opset)
    wanted = ReferenceEvaluator(made).run(None, inputs)
    for info, array in zip(made.graph.output, wanted, strict=True):
        values = {info.name: array}
        if isinstance(array, list):
            values = {f"{info.name}.{i}": item for i, item in enumerate(array)}
        for name, value in values.items():
            value, mine = np.asarray(value), got.pop(name)
            assert mine.shape == value.shape, name
            if value.dtype.kind in "OU":
                assert mine.tolist() == value.tolist(), name
            else:
                assert mine.dtype == value.dtype
                np.testing.assert_array_equal(mine, value, err_msg=name)
    assert not got


def in_onnxruntime(graph: str, inputs: dict) -> dict[str, np.ndarray]:
    ort = pytest.importorskip("onnxruntime")
    made = model(graph)
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in made.graph.output], session.run(None, inputs), strict=True))


def draws(random: np.random.Generator, rank: int) -> tuple[int, ...]:
    return tuple(int(n) for n in random.choice([1, 2, 3, 5, 7], rank))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(4))
def test_nonzero(seed, engine, orchestra, tmp_path):
    random = np.random.default_rng(seed)
    x = random.integers(-1, 2, draws(random, seed % 3 + 1)).astype(np.float32)
    dims = ",".join("nmk"[: x.ndim])
    agree(orchestra, tmp_path, f"g (float[{dims}] x) => (int64[r,c] y) {{ y = NonZero(x) }}", {"x": x}, ENGINES[engine])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_compress(axis, engine, orchestra, tmp_path):
    random = np.random.default_rng(7)
    x = random.standard_normal((3, 5)).astype(np.float32)
    length = 11 if axis is None else x.shape[axis] - 1
    condition = random.random(length) < 0.6
    how = "" if axis is None else f"<axis={axis}>"
    graph = f"g (float[n,m] x, bool[k] c) => (float[...] y) {{ y = Compress {how} (x, c) }}"
    graph = graph.replace("float[...] y", "float[p] y" if axis is None else "float[p,q] y")
    agree(orchestra, tmp_path, graph, {"x": x, "c": condition}, ENGINES[engine])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("form", ["", "axis=0", "axis=1", "sorted=0", "axis=-1, sorted=0"])
def test_unique(form, engine, orchestra, tmp_path):
    random = np.random.default_rng(len(form))
    x = random.integers(0, 3, (7, 4)).astype(np.int64)
    if "axis" not in form:
        x = x.reshape(-1)[:17]
    else:
        x[3] = x[1]
    dims, out = ("n", "k") if x.ndim == 1 else ("n,m", "k,l")
    graph = f"""g (int64[{dims}] x) => (int64[{out}] y, int64[a] i, int64[b] j, int64[c] n) {{
        y, i, j, n = Unique <{form}> (x) }}"""
    got = run(orchestra, tmp_path, graph, {"x": x}, ENGINES[engine])
    for name, value in in_onnxruntime(graph, {"x": x}).items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


def test_computed_size_of_a_computed_tensor(orchestra, tmp_path):
    """What is counted is itself computed, and other kernels read the result."""
    x = np.random.default_rng(1).standard_normal((4, 6)).astype(np.float32)
    graph = """g (float[n,m] x) => (int64[k,r] y, float[p] z) {
        h = Relu(x)
        t = Transpose(h)
        w = MatMul(h, t)
        i = NonZero(w)
        y = Transpose(i)
        z = GatherND(w, y)
    }"""
    got = run(orchestra, tmp_path, graph, {"x": x}, [])
    h = np.maximum(x, 0)
    w = h @ h.T
    np.testing.assert_array_equal(got["y"], np.argwhere(w))
    np.testing.assert_allclose(got["z"], w[w != 0], rtol=1e-5)


def test_size_of_nothing(orchestra, tmp_path):
    graph = "g (float[n] x) => (int64[r,c] y) { y = NonZero(x) }"
    assert run(orchestra, tmp_path, graph, {"x": np.zeros(5, np.float32)}, [])["y"].shape == (1, 0)
    assert run(orchestra, tmp_path, graph, {"x": np.zeros(0, np.float32)}, [])["y"].shape == (1, 0)


@pytest.mark.parametrize("seed", range(3))
def test_suppression(seed, orchestra, tmp_path):
    random = np.random.default_rng(seed)
    boxes = random.random((2, 13, 4)).astype(np.float32)
    scores = random.random((2, 3, 13)).astype(np.float32)
    scores[:, :, 4] = scores[:, :, 9]
    graph = f"""g (float[b,n,4] boxes, float[b,c,n] scores, int64[1] most, float[1] iou, float[1] least)
        => (int64[k,3] y) {{ y = NonMaxSuppression <center_point_box={seed % 2}> (boxes, scores, most, iou, least) }}"""
    inputs = {
        "boxes": boxes, "scores": scores, "most": np.array([4 + seed]),
        "iou": np.array([0.3], np.float32), "least": np.array([0.2], np.float32),
    }  # fmt: skip
    got = run(orchestra, tmp_path, graph, inputs, [])["y"]
    np.testing.assert_array_equal(got, in_onnxruntime(graph, inputs)["y"])


@pytest.mark.parametrize("seed", range(3))
def test_strings(seed, orchestra, tmp_path):
    random = np.random.default_rng(seed)
    x, y = random.choice(WORDS, (3, 4)), random.choice(WORDS, (4,))
    agree(
        orchestra, tmp_path,
        """g (string[n,m] x, string[m] y) => (string[n,m] z, bool[n,m] e, string[m,n] t) {
            z = StringConcat(x, y)
            e = Equal(x, y)
            t = Transpose(z)
        }""",
        {"x": x, "y": y}, [],
    )  # fmt: skip
    for form in ("", 'delimiter=","', 'delimiter=",", maxsplit=1', "maxsplit=1"):
        how = f"<{form}>" if form else ""
        graph = f"g (string[n,m] x) => (string[n,m,k] z, int64[n,m] c) {{ z, c = StringSplit {how} (x) }}"
        if "delimiter" in form:  # an empty string has one part; for ONNX Runtime none
            agree(orchestra, tmp_path, graph, {"x": x}, [])
            continue
        # The reference keeps the space behind the last part.
        got = run(orchestra, tmp_path, graph, {"x": x}, [])
        for name, value in in_onnxruntime(graph, {"x": x}).items():
            assert got[name].tolist() == value.tolist(), (form, name)


@pytest.mark.parametrize(
    "pattern",
    [r"a|b c", r"[^,]*", r"\w+", r"(?:[A-Z]\w{2,})?", r"M.*y", r"x(,y?){3}z", r"\S*", r".*\bspaces\b.*", r"[\w ä-üÄ]*"],
)
def test_regular_expressions(pattern, orchestra, tmp_path):
    words = np.array([w for w in WORDS if w.isascii()] + ["x,,,z", "x,y,y,z", "Mondays", "a" * 50], dtype=object)
    text = pattern.replace("\\", "\\\\")
    graph = f'g (string[n] x) => (bool[n] y) {{ y = RegexFullMatch <pattern="{text}"> (x) }}'
    agree(orchestra, tmp_path, graph, {"x": words}, [])


NUMBERS = {
    "float": np.array([1, -2.5, np.pi, 1e10, 1e-7, 123456789, np.nan, np.inf, -np.inf, -0.0, 1 / 3, 1e5, 1e8], np.float32),
    "float16": np.array([0.1, 65504, -1], np.float16),
    "int64": np.array([1, -5, 2**62]),
    "uint8": np.array([200, 0], np.uint8),
    "bool": np.array([True, False]),
}


def as_onnxruntime(orchestra, tmp_path, graph, x):
    """The reference writes numbers as Python does."""
    got, want = run(orchestra, tmp_path, graph, {"x": x}, [])["y"], in_onnxruntime(graph, {"x": x})["y"]
    if want.dtype == object:
        assert got.tolist() == want.tolist()
    else:
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_as_strings(kind, orchestra, tmp_path):
    as_onnxruntime(orchestra, tmp_path, f"g ({kind}[n] x) => (string[n] y) {{ y = Cast <to = 8> (x) }}", NUMBERS[kind])


def test_doubles_as_strings_say_all_their_digits(orchestra, tmp_path):
    x = np.array([0.1, 1 / 3, 1e300, 123456789.123, -2.5])
    y = run(orchestra, tmp_path, "g (double[n] x) => (string[n] y) { y = Cast <to = 8> (x) }", {"x": x}, [])["y"]
    assert [float(text) for text in y.tolist()] == x.tolist() and y.tolist()[0] == "0.1"


@pytest.mark.parametrize(
    ("kind", "to", "words"),
    [
        ("float", 1, ["1.5", "-2e3", "NaN", "INF", "-INF", " 3 ", "0.1"]),
        ("double", 11, ["0.1", "1e300"]),
        ("int64", 7, ["12", "-3", "+7", " 8", "1.5"]),
        ("int32", 6, ["12", "-3"]),
        ("uint8", 2, ["200"]),
    ],
)
def test_strings_as_numbers(kind, to, words, orchestra, tmp_path):
    graph = f"g (string[n] x) => ({kind}[n] y) {{ y = Cast <to = {to}> (x) }}"
    as_onnxruntime(orchestra, tmp_path, graph, np.array(words, dtype=object))


def test_strings_that_are_no_numbers(orchestra, tmp_path):
    for to, kind, words in ((1, "float", "no number"), (7, "int64", "no whole number")):
        model = f"g (string[n] x) => ({kind}[n] y) {{ y = Cast <to = {to}> (x) }}"
        onnx.save(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 20]> {model}'), tmp_path / "model.onnx")
        save(tmp_path / "in.npz", {"x": np.array(["1", "abc"], dtype=object)})
        done = orchestra("run", str(tmp_path / "model.onnx"), "--inputs", str(tmp_path / "in.npz"), code=1)
        assert f"a string to be cast is {words}" in done.stderr


def test_sequences(orchestra, tmp_path):
    random = np.random.default_rng(3)
    items = [random.standard_normal((n, 2)).astype(np.float32) for n in (1, 3, 2)]
    graph = """g (seq(float[n,2]) s, float[n,2] x, int64 at) => (seq(float[n,2]) t, float[m,2] c, int64 l) {
        t = SequenceInsert(s, x, at)
        c = ConcatFromSequence <axis=0> (t)
        l = SequenceLength(t)
    }"""
    agree(orchestra, tmp_path, graph, {"s": items, "x": items[0] * 2, "at": np.array(1)}, [])
    # A program for three items and position 1 refuses another position.
    save(tmp_path / "in.npz", {"s": items, "x": items[0], "at": np.array(1)})
    save(tmp_path / "other.npz", {"s": items, "x": items[0], "at": np.array(2)})
    program = str(tmp_path / "model.so")
    inputs = ["--inputs", str(tmp_path / "in.npz")]
    orchestra("compile", str(tmp_path / "model.onnx"), *inputs, "-o", program)
    orchestra("run", program, *inputs)
    refused = orchestra("run", program, "--inputs", str(tmp_path / "other.npz"), code=1)
    assert "input 'at' has other values than those the program is compiled for" in refused.stderr


def test_dropout_draws_as_numpy_does(orchestra, tmp_path):
    x = np.random.default_rng(5).standard_normal((3, 5, 7)).astype(np.float32)
    graph = """g (float[a,b,c] x, float r, bool t) => (float[a,b,c] y, bool[a,b,c] m) {
        y, m = Dropout <seed=11> (x, r, t) }"""
    inputs = {"x": x, "r": np.array(0.3, np.float32), "t": np.array(True)}
    got = run(orchestra, tmp_path, graph, inputs, [])
    mask = np.random.RandomState(11).uniform(0, 1, x.shape) >= np.float32(0.3)
    np.testing.assert_array_equal(got["m"], mask)
    np.testing.assert_allclose(got["y"], mask * x / (1 - np.float32(0.3)), rtol=1e-6)


def test_random_numbers_have_their_distribution(orchestra, tmp_path):
    graph = """g (float[n,3] x) => (float[100,100] u, float[100,100] v, int32[n,1000] m) {
        u = RandomUniform <shape=[100,100], low=2.0, high=4.0, seed=1.0> ()
        v = RandomNormal <shape=[100,100], mean=1.0, scale=0.5> ()
        m = Multinomial <sample_size=1000> (x)
    }"""
    shares = np.array([[0.2, 0.3, 0.5]], np.float32)
    got = run(orchestra, tmp_path, graph, {"x": np.log(shares)}, [])
    u, v, m = got["u"], got["v"], got["m"]
    # Five standard errors of each mean and of each share.
    assert 2 <= u.min() and u.max() < 4
    assert abs(u.mean() - 3) < 5 * (2 / np.sqrt(12)) / 100
    assert abs(v.mean() - 1) < 5 * 0.5 / 100
    assert abs(v.std() - 0.5) < 5 * 0.5 / np.sqrt(2) / 100
    counts = np.bincount(m.reshape(-1), minlength=3) / 1000
    assert (np.abs(counts - shares[0]) < 5 * np.sqrt(shares[0] * (1 - shares[0]) / 1000)).all()
