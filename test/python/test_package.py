# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python package: compile, call, save, load, explain, and what goes wrong."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import os
import pickle
import subprocess
import sys
import threading
import time

import numpy as np
import onnx
import onnxruntime
import package_models
import pytest
from onnx import TensorProto, helper
from package_models import DIGITS

pytest.importorskip("nanobind", reason="without nanobind the build has no Python package")
import orchestra


@pytest.fixture(scope="module")
def digits() -> orchestra.Program:
    return orchestra.compile(DIGITS)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.load(DIGITS.parent / "test.npz")["image"]


@pytest.fixture(scope="module")
def expected(pictures) -> np.ndarray:
    return onnxruntime.InferenceSession(DIGITS).run(None, {"image": pictures})[0]


def both() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return tuple(generator.standard_normal((3, 4)).astype("float32") for _ in "ab")


# ------------------------------------------------------------ compile and call


def test_numbers(digits, pictures, expected):
    result = digits(image=pictures)
    np.testing.assert_allclose(result["probabilities"], expected, atol=1e-5)
    for batch in (1, 2, 13):
        np.testing.assert_allclose(digits(pictures[:batch])[0], expected[:batch], atol=1e-5)


@pytest.mark.parametrize("form", ["path", "text", "bytes", "bytearray", "proto"])
def test_forms_of_a_model(form, pictures, expected):
    model = {
        "path": lambda: DIGITS,
        "text": lambda: str(DIGITS),
        "bytes": DIGITS.read_bytes,
        "bytearray": lambda: bytearray(DIGITS.read_bytes()),
        "proto": lambda: onnx.load(DIGITS),
    }[form]()
    program = orchestra.compile(model, cache=False)
    del model
    gc.collect()  # weights may lie in the model's own bytes
    np.testing.assert_allclose(program(pictures[:9])[0], expected[:9], atol=1e-5)


def test_what_is_no_model():
    with pytest.raises(TypeError, match="not int"):
        orchestra.compile(7)


def test_what_a_program_says(digits):
    (image,), (probabilities,) = digits.inputs, digits.outputs
    assert (image.name, image.type, image.dtype) == ("image", "f32", np.dtype("float32"))
    assert image.shape == ("batch", 1, 8, 8) and str(image) == "image: f32[batch,1,8,8]"
    assert probabilities.shape == ("batch", 10)
    assert digits.name == "digits" and "image: f32[batch,1,8,8]" in repr(digits)
    assert digits.threads == len(os.sched_getaffinity(0)) and digits.devices == ()
    assert digits.target.split()[0] == os.uname().machine
    assert digits.report.calls == len(digits.explain(runs=1).calls) and digits.report.weight_bytes > 30000
    assert digits.metadata["name"] == "digits"


def test_inputs_by_place_and_name():
    program = orchestra.compile(package_models.two_and_two())
    a, b = both()
    want = a + b
    for result in (program(a, b), program(a=a, b=b), program(a, b=b), program({"a": a, "b": b}), program(b=b, a=a)):
        np.testing.assert_allclose(result[0], want, rtol=1e-6)
        np.testing.assert_allclose(result[1], want * a, rtol=1e-6)


def test_outputs_are_a_tuple_with_names():
    result = orchestra.compile(package_models.two_and_two())(*both())
    assert isinstance(result, tuple) and isinstance(result, orchestra.Outputs) and len(result) == 2
    total, other = result
    assert result["sum"] is total is result[0] and result["/out.1"] is other is result[-1]
    assert result[:1] == (total,) and result.names == ("sum", "/out.1")
    assert dict(result) == result.asdict() == {"sum": total, "/out.1": other}
    assert repr(result) == "Outputs(sum: float32[3, 4], /out.1: float32[3, 4])"
    with pytest.raises(KeyError, match="no output is called 'product'; there are: sum, /out.1"):
        result["product"]
    again = pickle.loads(pickle.dumps(result))
    assert again.names == result.names and np.array_equal(again["sum"], total)


def test_dims_are_fixed(pictures, expected):
    program = orchestra.compile(DIGITS, dims={"batch": 3})
    assert program.inputs[0].shape == (3, 1, 8, 8)
    np.testing.assert_allclose(program(pictures[:3])[0], expected[:3], atol=1e-5)
    with pytest.raises(orchestra.InputError, match="is 2, but the model has 3") as raised:
        program(pictures[:2])
    assert raised.value.slug == "tensor-shape"
    with pytest.raises(orchestra.CompileError) as raised:
        orchestra.compile(DIGITS, dims={"batches": 3})
    assert raised.value.slug == "unknown-dimension"


def test_shapes_with_code_of_their_own(pictures, expected):
    program = orchestra.compile(DIGITS, specialize=[{"batch": 1}, {"batch": 8}])
    assert program.inputs[0].shape == ("batch", 1, 8, 8)
    for batch in (1, 2, 8, 13):
        np.testing.assert_allclose(program(pictures[:batch])[0], expected[:batch], atol=1e-5)
    # Only in code for a given shape is the work of a call known.
    known = {batch: all(call.flops is not None for call in program.explain(dims={"batch": batch}, runs=1).calls) for batch in (1, 2, 8)}
    assert known == {1: True, 2: False, 8: True}
    general = orchestra.compile(DIGITS)
    assert program.report.weight_bytes < 1.5 * general.report.weight_bytes
    with pytest.raises(orchestra.CompileError, match="no input has a dynamic size 'batches'") as raised:
        orchestra.compile(DIGITS, specialize=[{"batches": 1}])
    assert raised.value.slug == "invalid-hot-shape"


@pytest.mark.parametrize(
    ("body", "constant", "good", "bad", "words"),
    [
        ("(float[a,b] x) => (float[c,b] y, float[d,b] z) { y, z = Split (x, s) }", [2, 3], (5, 2), (2, 2), "the parts do not fit"),
        ("(float[n] x) => (float[4,4] y) { y = Reshape (x, s) }", [4, 4], (16,), (2,), "numbers of elements differ"),
        ("(float[n] x) => (float[a,4] y) { y = Reshape (x, s) }", [-1, 4], (16,), (6,), "numbers of elements differ"),
        ("(float[n] x) => (float[k] y, int64[k] i) { y, i = TopK (x, s) }", [7], (9,), (2,), "k is out of range"),
        ("(float[1,c,2,2] x) => (float[1,d,4,4] y) { y = DepthToSpace <blocksize = 2> (x) }", None, (1, 8, 2, 2), (1, 5, 2, 2), "blocksize"),
        ("(float[t,n] x) => (float[t,n] y) { y = ReverseSequence (x, s) }", [2, 2], (3, 2), (3, 5), "each batch needs a length"),
    ],
)
def test_constant_sizes_that_do_not_fit_an_open_input(body, constant, good, bad, words):
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 20]> g {body}')
    if constant:
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(constant), "s"))
    for options in ({}, {"reference": True}):
        program = orchestra.compile(model, **options)
        program(np.ones(good, "float32"))
        with pytest.raises(orchestra.RunError, match=words):
            program(np.ones(bad, "float32"))


def test_hot_shapes_of_a_branch():
    branches = "then_branch = f () => (float[n,4] a) { a = Relu (x) }, else_branch = h () => (float[n,4] b) { b = Neg (x) }"
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 20]> g (float[n,4] x, bool c) => (float[n,4] y) {{ y = If (c) <{branches}> }}')
    program = orchestra.compile(model, specialize=[{"n": 1}])
    for size in (1, 3):
        x = np.linspace(-1, 1, 4 * size, dtype="float32").reshape(size, 4)
        for yes in (True, False):
            np.testing.assert_array_equal(program(x, np.array(yes))[0], np.maximum(x, 0) if yes else -x)


def test_inputs_that_decide_about_structure():
    graph = "<ir_version: 10, opset_import: ['': 20]> g (float[n,m] x, int64[k] axes) => (float y) { y = ReduceSum <keepdims = 0> (x, axes) }"
    model = onnx.parser.parse_model(graph.replace("'", '"'))
    with pytest.raises(orchestra.CompileError) as raised:
        orchestra.compile(model)
    assert raised.value.slug == "needs-inputs"
    x = np.arange(6, dtype="float32").reshape(2, 3)
    program = orchestra.compile(model, inputs={"x": x, "axes": np.array([0, 1])})
    assert program(x, np.array([0, 1]))[0] == 15 and program(x[:, :2], np.array([0, 1]))[0] == 8
    with pytest.raises(orchestra.RunError, match="other values than those the program is compiled for"):
        program(x, np.array([1, 0]))
    fixed = orchestra.compile(model, inputs={"x": x, "axes": np.array([0, 1])}, fix_shapes=True)
    assert fixed.inputs[0].shape == (2, 3)
    with pytest.raises(ValueError, match="fix_shapes needs inputs"):
        orchestra.compile(model, fix_shapes=True)


def test_reference_and_threads_agree(digits, pictures, expected):
    reference = orchestra.compile(DIGITS, reference=True, threads=1)
    assert reference.threads == 1
    np.testing.assert_allclose(reference(pictures[:20])[0], expected[:20], atol=1e-5)
    one = orchestra.compile(DIGITS, threads=1)
    assert np.array_equal(one(pictures)[0], digits(pictures)[0])


def test_cache_folder(tmp_path):
    first = orchestra.compile(DIGITS, cache=tmp_path / "cache")
    second = orchestra.compile(DIGITS, cache=str(tmp_path / "cache"))
    assert not first.report.from_cache and second.report.from_cache
    assert not orchestra.compile(DIGITS, cache=False).report.from_cache
    third = orchestra.compile(DIGITS.read_bytes(), cache=tmp_path / "cache", name="digits.onnx")
    fourth = orchestra.compile(DIGITS.read_bytes(), cache=tmp_path / "cache", name="digits.onnx")
    assert not third.report.from_cache and third.report.kernels_from_cache > 0 and fourth.report.from_cache


def test_several_devices(orchestra_tool, tmp_path, pictures, expected):
    machine = tmp_path / "machine.json"
    machine.write_text(orchestra_tool("targets", "--emit-topology", "--cpu-devices=2").stdout)
    program = orchestra.compile(DIGITS, topology=machine, dims={"batch": 4})
    assert len(program.devices) == 2
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: program(pictures[:4])[0], range(8)):
            np.testing.assert_allclose(result, expected[:4], atol=1e-5)


def test_emulated_gpu():
    """Its code calls functions of a library that only this extension has loaded."""
    program = orchestra.compile(package_models.unary("Relu", TensorProto.FLOAT, [3]), target="emulated:nvidia_hopper")
    np.testing.assert_array_equal(program(np.float32([-1, 0, 2]))[0], [0, 0, 2])


# ------------------------------------------------------------ files


def test_save_and_load(digits, pictures, expected, tmp_path):
    path = tmp_path / "digits.so"
    assert digits.save(path) == [str(path)]
    loaded = orchestra.load(path, threads=1)
    assert loaded.inputs == digits.inputs and loaded.report is None and loaded.threads == 1
    assert np.array_equal(loaded(pictures)[0], digits(pictures)[0])
    copy = tmp_path / "folder" / "copy.so"
    copy.parent.mkdir()
    loaded.save(copy)
    assert copy.read_bytes() == path.read_bytes()
    # The command line reads it too: it is the same file.
    np.testing.assert_allclose(orchestra.load(copy)(pictures[:5])[0], expected[:5], atol=1e-5)


def test_save_with_external_weights(digits, pictures, tmp_path):
    written = digits.save(tmp_path / "digits.so", external_weights=True)
    assert written == [str(tmp_path / "digits.so"), str(tmp_path / "digits.safetensors")]
    loaded = orchestra.load(written[0])
    assert np.array_equal(loaded(pictures[:7])[0], digits(pictures[:7])[0])
    (tmp_path / "copy").mkdir()
    assert len(loaded.save(tmp_path / "copy" / "digits.so")) == 2
    os.unlink(written[0])
    os.unlink(written[1])
    again = orchestra.load(tmp_path / "copy" / "digits.so")
    assert np.array_equal(again(pictures[:7])[0], digits(pictures[:7])[0])
    with pytest.raises(orchestra.SaveError, match="compile the model again"):
        loaded.save(tmp_path / "other.so", external_weights=True)


def test_what_save_and_load_refuse(digits, tmp_path):
    with pytest.raises(orchestra.SaveError) as saving:
        digits.save(tmp_path / "nowhere" / "digits.so")
    assert saving.value.fault is orchestra.Fault.ENVIRONMENT and saving.value.slug
    with pytest.raises(orchestra.LoadError) as loading:
        orchestra.load(tmp_path / "none.so")
    assert loading.value.slug == "artefact-not-found"
    (tmp_path / "text.so").write_text("not a library")
    with pytest.raises(orchestra.LoadError):
        orchestra.load(tmp_path / "text.so")


# ------------------------------------------------------------ errors


def test_compile_errors_are_whole():
    f32 = TensorProto.FLOAT
    model = package_models.make(
        [
            helper.make_node("Add", ["x", "w"], ["s"], "bad_sizes"),
            helper.make_node("Frobnicate", ["x"], ["t"], "unheard_of", domain="my.own"),
        ],
        [("x", f32, [2, 3])],
        [("s", f32, None), ("t", f32, None)],
        {"w": np.zeros((4, 5), "float32")},
    )
    model.opset_import.append(helper.make_opsetid("my.own", 1))
    with pytest.raises(orchestra.CompileError) as raised:
        orchestra.compile(model, name="mine.onnx")
    error = raised.value
    assert isinstance(error, orchestra.OrchestraError) and error.fault is orchestra.Fault.INPUT
    assert len(error.diagnostics) == 2 and {item.where for item in error.diagnostics} == {
        "mine.onnx:/bad_sizes",
        "mine.onnx:/unheard_of",
    } or {item.where.split(":")[1].strip("/") for item in error.diagnostics} == {"bad_sizes", "unheard_of"}
    assert all(item.slug and item.message for item in error.diagnostics)
    assert any(item.notes or item.help for item in error.diagnostics)
    assert str(error) == error.text and error.slug == error.diagnostics[0].slug
    copy = pickle.loads(pickle.dumps(error))
    assert copy.text == error.text and copy.fault is error.fault


@pytest.mark.parametrize(
    ("options", "slug", "fault"),
    [
        ({"target": "commodore64"}, "unknown-target", "USAGE"),
        ({"strategy": "/no/such/script.mlir"}, "unreadable-file", "USAGE"),
    ],
)
def test_options_the_compiler_refuses(options, slug, fault):
    with pytest.raises(orchestra.CompileError) as raised:
        orchestra.compile(DIGITS, **options)
    assert raised.value.slug == slug and raised.value.fault is orchestra.Fault[fault]


def test_files_the_compiler_refuses(tmp_path):
    with pytest.raises(orchestra.CompileError) as raised:
        orchestra.compile(tmp_path / "none.onnx")
    assert raised.value.slug == "unreadable-file"
    with pytest.raises(orchestra.CompileError) as raised:
        orchestra.compile(b"this is no protobuf")
    assert raised.value.slug == "invalid-model" and "model.onnx" in raised.value.text


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"threads": -1}, ValueError, "threads must be from 0"),
        ({"threads": 5000}, ValueError, "threads must be from 0 to 1024"),
        ({"threads": 1.5}, TypeError, "threads must be a whole number"),
        ({"opt_level": 4}, ValueError, "opt_level must be from 0 to 3"),
        ({"dims": {"batch": -1}}, ValueError, r"dims\['batch'\]"),
        ({"objective": "beauty"}, ValueError, "objective must be"),
    ],
)
def test_arguments_that_make_no_sense(options, kind, words):
    with pytest.raises(kind, match=words):
        orchestra.compile(DIGITS, **options)


def test_inputs_that_do_not_fit():
    program = orchestra.compile(package_models.two_and_two())
    a, b = both()
    for arguments, named, words in [
        ((a,), {}, "input 'b' .f32.rows,4.. is missing"),
        ((), {"a": a, "c": b}, "the model has no input 'c'"),
        ((a, b), {"b": b}, "'b' .* is given by place and by name"),
        ((a, b, a), {}, "3 inputs are given by place, but the model has 2"),
    ]:
        with pytest.raises(orchestra.InputError, match=words) as raised:
            program(*arguments, **named)
        assert raised.value.slug == "input-mismatch" and "the model takes a: f32[rows,4]" in raised.value.text
        assert isinstance(raised.value, ValueError)
    for other, words in [(b[:, :3], "dimension 1 of input 'b' is 3"), (b[:2], "rows"), (b[0], "rank 1")]:
        with pytest.raises(orchestra.InputError, match=words) as raised:
            program(a, other)
        assert raised.value.slug == "tensor-shape"
    np.testing.assert_allclose(program(a, b)[0], a + b)  # and it still works


# ------------------------------------------------------------ threads


def ticks_during(call) -> tuple[float, list[float]]:
    """Seconds of a call, and the moments in its middle half when another thread ran Python."""
    moments: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            moments.append(time.perf_counter())
            time.sleep(0.0005)

    ticker = threading.Thread(target=tick)
    ticker.start()
    time.sleep(0.02)
    start = time.perf_counter()
    call()
    end = time.perf_counter()
    stop.set()
    ticker.join()
    quarter = (end - start) / 4
    return end - start, [moment for moment in moments if start + quarter < moment < end - quarter]


def test_python_runs_while_a_model_compiles():
    """Whoever keeps Python's lock keeps the other thread from its moments."""
    seconds, moments = ticks_during(lambda: orchestra.compile(DIGITS, cache=False))
    assert seconds > 0.02, "too short to tell"
    assert len(moments) >= 3


def test_python_runs_while_a_program_runs():
    program = orchestra.compile(package_models.product(1536), threads=1)
    square = np.ones((1536, 1536), "float32")
    seconds, moments = ticks_during(lambda: program(square, square))
    assert seconds > 0.015, "too short to tell"
    assert len(moments) >= 3


def test_many_threads_call_one_program(digits, pictures, expected):
    def work(seed: int) -> float:
        generator = np.random.default_rng(seed)
        worst = 0.0
        for _ in range(25):
            rows = generator.integers(0, len(pictures), generator.integers(1, 40))
            got = digits(image=pictures[rows])[0]
            worst = max(worst, float(np.abs(got - expected[rows]).max()))
        return worst

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert max(pool.map(work, range(8))) < 1e-5


def test_run_async(digits, pictures, expected):
    futures = [digits.run_async(pictures[i : i + 3]) for i in range(0, 60, 3)]
    for i, future in zip(range(0, 60, 3), futures, strict=True):
        assert isinstance(future, concurrent.futures.Future)
        np.testing.assert_allclose(future.result(30)["probabilities"], expected[i : i + 3], atol=1e-5)
    with pytest.raises(orchestra.InputError):
        digits.run_async(nonsense=pictures).result(30)

    async def both_at_once() -> list:
        return await asyncio.gather(*(asyncio.wrap_future(digits.run_async(pictures[:n])) for n in (1, 2)))

    assert [len(result[0]) for result in asyncio.run(both_at_once())] == [1, 2]


FORKING = """
import os, sys, numpy, orchestra
program = orchestra.compile(sys.argv[1])
picture = numpy.zeros((40, 1, 8, 8), "float32")
want = program(picture)[0]
program.run_async(picture).result()
child = os.fork()
if child == 0:
    same = numpy.array_equal(program(picture)[0], want) and numpy.array_equal(program.run_async(picture).result()[0], want)
    os._exit(7 if same else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""


def test_a_program_works_after_a_fork():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(DIGITS)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------ explain


def test_explain(digits, pictures):
    explanation = digits.explain(dims={"batch": 8}, runs=3)
    nodes = {node for call in explanation.calls for node in call.nodes}
    assert any("conv" in node for node in nodes)
    assert 0 < sum(call.seconds for call in explanation.calls) <= explanation.seconds * 1.01
    assert explanation.threads == digits.threads and explanation.peak_gflops > 1 and explanation.peak_gbytes > 0.1
    slowest = explanation.slowest(2)
    assert len(slowest) == 2 and slowest[0].seconds >= slowest[1].seconds
    table = str(explanation).splitlines()
    assert len(table) == 2 + len(explanation.calls) and "GFLOP/s" in table[0]
    assert digits.explain({"image": pictures[:2]}, runs=1).seconds > 0
    with pytest.raises(ValueError, match="runs"):
        digits.explain(runs=0)
