# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python package behind other interfaces, its types, its documentation, its installed form."""

from __future__ import annotations

import doctest
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import unittest

import numpy as np
import onnx
import onnx.backend.test
import onnxruntime
import package_models
import pytest
from onnx import TensorProto, helper
from package_models import DIGITS

pytest.importorskip("nanobind", reason="without nanobind the build has no Python package")
import orchestra
import orchestra.onnx_backend

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "python" / "orchestra"
F32, I64 = TensorProto.FLOAT, TensorProto.INT64


# ------------------------------------------------------------ as ONNX Runtime


def typed_model() -> onnx.ModelProto:
    """Inputs and outputs of several types, with named, unnamed and fixed dims."""
    return package_models.make(
        [
            helper.make_node("Gather", ["table", "rows"], ["picked"], "pick"),
            helper.make_node("Add", ["picked", "bias"], ["y"], "add"),
            helper.make_node("Greater", ["y", "bias"], ["mask"], "greater"),
            helper.make_node("ArgMax", ["y"], ["best"], "best", axis=1, keepdims=0),
        ],
        [("table", F32, ["entries", 8]), ("rows", I64, ["count"]), ("bias", F32, [8])],
        [("y", F32, ["count", 8]), ("mask", TensorProto.BOOL, ["count", 8]), ("best", I64, ["count"])],
    )


def feed() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(3)
    return {
        "table": generator.standard_normal((5, 8)).astype("float32"),
        "rows": np.array([4, 0, -1, 2], "int64"),
        "bias": generator.standard_normal(8).astype("float32"),
    }


@pytest.mark.parametrize("make", [typed_model, package_models.two_and_two, lambda: onnx.load(DIGITS)])
def test_session_says_what_onnxruntime_says(make):
    data = make().SerializeToString()
    theirs = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    ours = orchestra.InferenceSession(data, providers=["CPUExecutionProvider"])
    for method in ("get_inputs", "get_outputs"):
        want = [(arg.name, arg.type, arg.shape) for arg in getattr(theirs, method)()]
        assert [(arg.name, arg.type, arg.shape) for arg in getattr(ours, method)()] == want
    assert ours.get_providers() == theirs.get_providers()
    assert len(ours.get_overridable_initializers()) == len(theirs.get_overridable_initializers())


def test_session_gives_what_onnxruntime_gives():
    data = typed_model().SerializeToString()
    theirs, ours = onnxruntime.InferenceSession(data), orchestra.InferenceSession(data)
    for names in (None, [], ["best"], ["mask", "y"]):
        got, want = ours.run(names, feed()), theirs.run(names or None, feed())
        assert isinstance(got, list) and len(got) == len(want)
        for mine, other in zip(got, want, strict=True):
            assert mine.dtype == other.dtype
            np.testing.assert_allclose(mine, other, rtol=1e-6)
    with pytest.raises(ValueError, match="no output worst; it has y, mask, best"):
        ours.run(["worst"], feed())
    for program, kind in ((theirs, Exception), (ours, orchestra.InputError)):
        with pytest.raises(kind):
            program.run(None, {"table": feed()["table"]})


def test_session_options():
    options = orchestra.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = orchestra.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = orchestra.ExecutionMode.ORT_SEQUENTIAL
    options.add_free_dimension_override_by_name("batch", 2)
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    session = orchestra.InferenceSession(str(DIGITS), options)
    assert session.program.threads == 1 and session.get_inputs()[0].shape == [2, 1, 8, 8]
    assert session.get_session_options() is options
    assert options.get_session_config_entry("session.set_denormal_as_zero") == "1"
    with pytest.raises(AttributeError):
        options.no_such_option = 1
    with pytest.raises(NotImplementedError):
        options.register_custom_ops_library("ops.so")
    for name, value in (("enable_profiling", True), ("optimized_model_filepath", "model.onnx")):
        options = orchestra.SessionOptions()
        setattr(options, name, value)
        with pytest.raises(NotImplementedError, match=name):
            orchestra.InferenceSession(DIGITS, options)


def test_every_option_is_onnxruntime_s():
    """A user's own option names must not fail only here, nor exist only here."""
    theirs = onnxruntime.SessionOptions()
    for name in orchestra.SessionOptions.__slots__:
        assert name.startswith("_") or hasattr(theirs, name), name


def test_providers_are_answered_honestly():
    assert orchestra.get_available_providers() == ["CPUExecutionProvider"] and orchestra.get_device() == "CPU"
    wanted = [("CUDAExecutionProvider", {"device_id": 0}), "CPUExecutionProvider"]
    with pytest.warns(UserWarning, match="no provider CUDAExecutionProvider here: the model runs on the CPU"):
        session = orchestra.InferenceSession(DIGITS, providers=wanted)
    assert session.get_providers() == ["CPUExecutionProvider"] and list(session.get_provider_options()) == session.get_providers()


def test_session_run_async():
    session = orchestra.InferenceSession(typed_model())
    done, seen = threading.Event(), []

    def callback(results, user_data, error):
        seen.append((results, user_data, error))
        done.set()

    session.run_async(["best"], feed(), callback, "mine")
    assert done.wait(30)
    results, user_data, error = seen.pop()
    assert user_data == "mine" and not error
    np.testing.assert_array_equal(results[0], session.run(["best"], feed())[0])
    done.clear()
    session.run_async(["best"], {}, callback, None)
    assert done.wait(30) and "input-mismatch" in seen[0][2] and seen[0][0] == []


def test_session_of_a_compiled_model(tmp_path):
    orchestra.compile(DIGITS).save(tmp_path / "digits.so")
    session = orchestra.InferenceSession(tmp_path / "digits.so")
    assert session.run(None, {"image": np.zeros((1, 1, 8, 8), "float32")})[0].shape == (1, 10)
    options = orchestra.SessionOptions()
    options.add_free_dimension_override_by_name("batch", 2)
    with pytest.raises(ValueError, match="cannot be overridden"):
        orchestra.InferenceSession(tmp_path / "digits.so", options)


# ------------------------------------------------------------ as an ONNX backend

# Node tests of every kind, in ONNX's own runner: names as onnx.backend.test has them.
SAMPLE = re.compile(
    r"test_(abs|add_bcast|and2d|argmax_no_keepdims_random|averagepool_2d_default|batchnorm_example|cast_FLOAT_to_FLOAT16"
    r"|clip_example|concat_2d_axis_0|conv_with_strides_padding|cumsum_1d|einsum_transpose|equal|erf|expand_dim_changed"
    r"|flatten_axis1|gather_0|gelu_tanh_1|gemm_all_attributes|greater|layer_normalization_default_axis|matmul_3d"
    r"|maxpool_2d_default|mod_mixed_sign_int8|pow|reduce_mean_keepdims_random|relu|reshape_reordered_all_dims|resize_upsample_scales_nearest"
    r"|slice|softmax_axis_1|split_equal_parts_1d_opset18|squeeze|tanh|top_k|transpose_all_permutations_2|where_example"
    r"|quantizelinear|if)_cpu$"
)


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")  # as the suite makes its cases
def test_backend_runs_onnx_s_own_tests():
    everything = onnx.backend.test.BackendTest(orchestra.onnx_backend, __name__).test_suite
    suite = unittest.TestSuite(test for test in everything if SAMPLE.search(test.id()))
    count = suite.countTestCases()
    assert count >= 35, "names of the suite have changed"
    result = unittest.TestResult()
    suite.run(result)
    problems = [f"{test.id()}\n{text}" for test, text in result.failures + result.errors]
    assert not problems and not result.skipped, "\n".join(problems)
    assert result.testsRun == count


def test_backend_functions():
    backend = orchestra.onnx_backend
    assert backend.supports_device("CPU") and backend.supports_device("CPU:0") and not backend.supports_device("CUDA")
    node = helper.make_node("Sub", ["a", "a2"], ["c"])
    a, b = np.float32([5, 6]), np.float32([1, 2])
    np.testing.assert_array_equal(backend.run_node(node, [a, b])[0], [4, 4])
    np.testing.assert_array_equal(backend.run_node(node, {"a": a, "a2": b})["c"], [4, 4])
    info = [(np.dtype("float32"), (2,))]
    np.testing.assert_array_equal(backend.run_node(node, [a, b], outputs_info=info, opset_version=13)[0], [4, 4])
    square = helper.make_node("Mul", ["x", "x"], ["y"])
    np.testing.assert_array_equal(backend.run_node(square, [a])[0], [25, 36])
    model = package_models.two_and_two()
    x = np.ones((2, 4), "float32")
    prepared = backend.prepare(model, threads=1)
    for inputs in ([x, x], {"a": x, "b": x}):
        np.testing.assert_array_equal(prepared.run(inputs)[0], x + x)
    np.testing.assert_array_equal(backend.run_model(package_models.unary("Neg", F32), x[0])[0], -x[0])
    with pytest.raises(ValueError, match="not on 'CUDA'"):
        backend.prepare(model, "CUDA")
    strange = package_models.make([helper.make_node("Odd", ["x"], ["y"], domain="my.own")], [("x", F32, [1])], [("y", F32, [1])])
    strange.opset_import.append(helper.make_opsetid("my.own", 1))
    assert backend.is_compatible(model) and not backend.is_compatible(strange)


# ------------------------------------------------------------ types and words


def test_types_are_strict():
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--no-incremental"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_of_a_user(tmp_path):
    """What a caller sees is typed: a wrong call is found without running it."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    (tmp_path / "user.py").write_text(
        "import numpy, orchestra\n"
        "p: orchestra.Program = orchestra.compile('m.onnx', threads=2)\n"
        "a: numpy.ndarray = p(1)['y']\n"
        "t: tuple[numpy.ndarray, ...] = p(1)\n"
        "s: str = p.run_async(1).result().names[0]\n"
        "orchestra.compile('m.onnx', thread=2)\n"
        "n: int = p(1)[0]\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "user.py"],
        cwd=tmp_path, env={**os.environ, "MYPYPATH": str(SOURCES.parent)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    found = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line.split(":")[1] for line in found] == ["6", "7"], done.stdout


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.py")), ids=lambda path: path.stem)
def test_examples_in_docstrings(path):
    if path.stem in ("jax", "keras", "tensorflow"):
        pytest.importorskip(path.stem)
    module = importlib.import_module("orchestra" if path.stem == "__init__" else f"orchestra.{path.stem}")
    names = {"orchestra": orchestra, "numpy": np, "digits": str(DIGITS)}
    outcome = doctest.testmod(module, extraglobs=names)
    assert outcome.failed == 0
    has_examples = ">>> " in path.read_text()
    assert outcome.attempted > 0 or not has_examples


def test_everything_public_is_documented():
    for name in orchestra.__all__:
        thing = getattr(orchestra, name)
        if callable(thing):
            assert thing.__doc__, name
        members = vars(thing) if isinstance(thing, type) else {}
        for member, value in members.items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{member}"


def test_tutorial(tmp_path):
    """docs/tutorial/python.md is cut from this program (utils/docs.py checks that)."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(ROOT / "examples" / "python" / "digits.py"), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("done\n")
    # The error that the page shows is the one that comes.
    page = (ROOT / "docs" / "tutorial" / "python.md").read_text()
    shown = re.search(r"```\n(.*?: error: .*?)```", page, re.S)[1].split("digits.onnx:", 1)[1]
    assert shown in done.stdout


# ------------------------------------------------------------ installed

INSTALLED = """
import sys, numpy, orchestra
assert orchestra.__file__.startswith(sys.argv[1]), orchestra.__file__
program = orchestra.compile(sys.argv[2])
program.save(sys.argv[1] + "/digits.so")
loaded = orchestra.load(sys.argv[1] + "/digits.so")
picture = numpy.ones((1, 1, 8, 8), "float32")
assert numpy.array_equal(loaded(picture)[0], program(picture)[0])
own = [line.split()[-1] for line in open("/proc/self/maps") if "liborchestra" in line or "_native" in line]
assert own and all(path.startswith(sys.argv[1]) for path in own), own
assert any("libMLIR" in line for line in open("/proc/self/maps"))
"""


def test_installed_form(tmp_path):
    """What a wheel holds: complete, and finds its own libraries beside itself."""
    build = pathlib.Path(os.environ.get("ORCHESTRA_BUILD_DIR", ROOT / "build"))
    command = ["cmake", "--install", str(build), "--component", "python", "--prefix", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    names = {path.name for path in (tmp_path / "orchestra").iterdir()}
    assert {path.name for path in SOURCES.iterdir() if path.name != "__pycache__"} <= names
    assert not any("LLVM" in name or "MLIR" in name for name in names)
    site = [path for path in sys.path if not path.startswith(str(build))]
    done = subprocess.run(
        [sys.executable, "-c", INSTALLED, str(tmp_path), str(DIGITS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *site])},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_without_llvm_the_import_says_what_is_missing(tmp_path):
    """The loader's own message, with what to do."""
    package = tmp_path / "orchestra"
    shutil.copytree(SOURCES, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "_native.py").write_text(
        'raise ImportError("libMLIR.so.22.1: cannot open shared object file: No such file or directory")\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", "import orchestra"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0 and "help: install them (on Debian: libmlir-22 and libllvm22)" in done.stderr
