# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models as StableHLO, on PJRT's CPU plugin, and for vendors' compilers.

What comes from outside is named by variables, or found in the Python that runs the tests:
$ORCHESTRA_JAXLIB_PYTHON (a Python with jaxlib), $ORCHESTRA_PJRT_PLUGIN (xla_cpu_pjrt.so of the package
xla-cpu-pjrt 0.0.1, and nothing else), $ORCHESTRA_LIBTPU (libtpu.so). What is not there is a skip."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import ROOT
from onnx import TensorProto, helper

SCRIPT = ROOT / "python" / "orchestra" / "stablehlo_translate.py"
# Of the library in the package's RECORD: a plugin of thin provenance runs in tests only, and only this one.
PLUGIN_SHA256 = "iMPyjFkA9IrUqCyrnnm7qVN4CXQzleNBSF-HlCaIINw"


def beside(module: str, name: str) -> pathlib.Path | None:
    """A file in the folder of an installed module, which is not imported."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    folders = list(spec.submodule_search_locations or []) if spec else []
    return next((path for folder in folders if (path := pathlib.Path(folder) / name).exists()), None)


@pytest.fixture(scope="module")
def tool():
    """The command line of the official library."""
    python = os.environ.get("ORCHESTRA_JAXLIB_PYTHON") or sys.executable
    if subprocess.run([python, "-c", "import jaxlib"], capture_output=True, check=False).returncode:
        pytest.skip("no Python with jaxlib (requirements-stablehlo.txt)")
    return f"{python} {SCRIPT}"


@pytest.fixture(scope="module")
def plugin():
    path = os.environ.get("ORCHESTRA_PJRT_PLUGIN") or beside("xla_plugins.xla_cpu_pjrt", "xla_cpu_pjrt.so")
    if not path:
        pytest.skip("no xla-cpu-pjrt 0.0.1 (requirements-stablehlo.txt)")
    digest = hashlib.sha256(pathlib.Path(path).read_bytes()).digest()
    if base64.urlsafe_b64encode(digest).decode().rstrip("=") != PLUGIN_SHA256:
        pytest.fail(f"{path} is not the library that these tests were written for", pytrace=False)
    return path


@pytest.fixture(scope="module")
def libtpu():
    path = os.environ.get("ORCHESTRA_LIBTPU") or beside("libtpu", "libtpu.so")
    if not path:
        pytest.skip("no libtpu (pip install libtpu==0.0.42.1)")
    return path


def value(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small network of what networks have: lookup, convolutions, pooling, normalisation, product, softmax.
    The wanted results are ONNX Runtime's."""
    path = tmp_path_factory.mktemp("stablehlo")
    random = np.random.default_rng(7)
    weights = {
        "table": random.standard_normal((11, 36), dtype=np.float32),
        "k1": random.standard_normal((8, 2, 3, 3), dtype=np.float32),
        "k2": random.standard_normal((8, 1, 3, 3), dtype=np.float32),
        "scale": random.random(8, dtype=np.float32) + 0.5,
        "shift": random.standard_normal(8, dtype=np.float32),
        "mean": random.standard_normal(8, dtype=np.float32),
        "variance": random.random(8, dtype=np.float32) + 0.5,
        "w": random.standard_normal((72, 5), dtype=np.float32),
        "shape": np.array([-1, 2, 6, 6], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"], name="lookup"),
        helper.make_node("Reshape", ["rows", "shape"], ["image"], name="image"),
        helper.make_node("Conv", ["image", "k1"], ["c1"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["c1", "k2"], ["c2"], name="depthwise", group=8, pads=[1, 1, 1, 1]),
        helper.make_node(
            "BatchNormalization", ["c2", "scale", "shift", "mean", "variance"], ["n"], name="normalise"
        ),
        helper.make_node("Relu", ["n"], ["r"], name="relu"),
        helper.make_node("MaxPool", ["r"], ["m"], name="maximum", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("AveragePool", ["m"], ["a"], name="average", kernel_shape=[2, 2], pads=[0, 0, 1, 1]),
        helper.make_node("Flatten", ["a"], ["f"], name="flatten"),
        helper.make_node("MatMul", ["f", "w"], ["d"], name="product"),
        helper.make_node("Softmax", ["d"], ["y"], name="probabilities"),
    ]
    graph = helper.make_graph(
        nodes,
        "model",
        [value("ids", "batch", 2, kind=TensorProto.INT64)],
        [value("y", "batch", 5)],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, path / "model.onnx")
    ids = random.integers(-11, 11, (3, 2))
    np.savez(path / "in.npz", ids=ids)
    session = onnxruntime.InferenceSession(path / "model.onnx", providers=["CPUExecutionProvider"])
    np.savez(path / "want.npz", y=session.run(None, {"ids": ids})[0])
    return path


def test_text_needs_no_tool(orchestra, folder):
    text = orchestra("compile", folder / "model.onnx", "--emit=stablehlo", "--dim", "batch=3").stdout
    for name in ("convolution", "reduce_window", "gather", "dot_general"):
        assert f"stablehlo.{name}" in text
    assert "dense_resource" not in text and "linalg" not in text and "orchestra" not in text


def test_open_sizes_are_named(orchestra, folder):
    error = orchestra("compile", folder / "model.onnx", "--emit=stablehlo", code=2).stderr
    assert "[needs-sizes]" in error and "--dim batch=SIZE" in error


@pytest.mark.parametrize("version", ["1.0.0", "1.9.0"])
def test_artefact_has_the_version(version, orchestra, folder, tool, tmp_path):
    out = tmp_path / "model.bc"
    words = ["--emit=stablehlo-artefact", "--stablehlo-version", version, "--stablehlo-translate", tool, "-o", out]
    orchestra("compile", folder / "model.onnx", "--inputs", folder / "in.npz", *words)
    head = out.read_bytes()[:64]
    assert head.startswith(b"ML\xefR") and b"StableHLO_v" + version.encode() in head


def test_a_version_of_the_future_is_refused(orchestra, folder, tool, tmp_path):
    out = tmp_path / "model.bc"
    words = ["--emit=stablehlo-artefact", "--stablehlo-version", "99.0.0", "--stablehlo-translate", tool, "-o", out]
    error = orchestra("compile", folder / "model.onnx", "--dim", "batch=3", *words, code=1).stderr
    assert "[tool-failed]" in error and not out.exists()


def test_missing_tool(orchestra, folder, tmp_path):
    words = ["--emit=hlo-proto", "--stablehlo-translate", "/nowhere/stablehlo-translate", "-o", tmp_path / "m.pb"]
    error = orchestra("compile", folder / "model.onnx", "--dim", "batch=3", *words, code=4).stderr
    assert "[missing-tool]" in error and "pip install jaxlib" in error


def largest_id(proto: bytes) -> int:
    """The largest number of an instruction in an HloModuleProto."""
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        import stablehlo_translate as script
    finally:
        del sys.path[0]
    return max(
        number
        for field, _, computation in script.fields(proto)
        if field == script.MODULE_COMPUTATIONS
        for inner, _, instruction in script.fields(computation)
        if inner == script.COMPUTATION_INSTRUCTIONS
        for key, _, number in script.fields(instruction)
        if key == script.INSTRUCTION_ID
    )


def test_hlo_is_numbered_from_one_and_means_the_same(orchestra, folder, tool, tmp_path):
    out = tmp_path / "model.pb"
    words = ["--emit=hlo-proto", "--stablehlo-translate", tool, "-o", out]
    orchestra("compile", folder / "model.onnx", "--dim", "batch=3", *words)
    assert largest_id(out.read_bytes()) < 10000
    # The official library reads it back, and its CPU client runs it.
    code = f"""
import numpy as np, sys
from jaxlib import _jax
module = _jax.mlir.hlo_to_stablehlo(open({str(out)!r}, "rb").read())
assert b"stablehlo" in module or len(module) > 100
"""
    done = subprocess.run([tool.split()[0], "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_runs_on_the_plugin(orchestra, folder, tool, plugin):
    """Numbers of the whole model against ONNX Runtime's."""
    orchestra(
        "run",
        folder / "model.onnx",
        f"--target=pjrt:{plugin}",
        *("--stablehlo-translate", tool, "--inputs", folder / "in.npz", "--warmup", 2),
        *("--compare", folder / "want.npz", "--rtol", 1e-4, "--atol", 1e-5),
    )


def test_what_is_no_plugin(orchestra, folder, tool, tmp_path):
    words = ["--stablehlo-translate", tool, "--inputs", folder / "in.npz"]
    model = folder / "model.onnx"
    error = orchestra("run", model, "--target=pjrt:/nowhere/plugin.so", *words, code=4).stderr
    assert "[device-missing]" in error
    text = tmp_path / "plugin.so"
    text.write_text("not a library")
    assert "[device-missing]" in orchestra("run", model, f"--target=pjrt:{text}", *words, code=4).stderr
    source = tmp_path / "other.c"
    stand_ins = {
        "int nothing;": "no function GetPjrtApi",
        "void *GetPjrtApi(void) { return 0; }": "GetPjrtApi returned nothing",
        "long api[200] = {1600, 0, 24, 0, 1}; void *GetPjrtApi(void) { return api; }": "another major version",
        "long api[200] = {1600, 0, 24, 0, 1L << 32}; void *GetPjrtApi(void) { return api; }": "too old",
        "#include <stdlib.h>\nvoid *GetPjrtApi(void) { abort(); }": "killed by signal 6",
    }
    for text, reason in stand_ins.items():
        source.write_text(text)
        library = tmp_path / "stand_in_plugin.so"
        subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
        error = orchestra("run", model, f"--target=pjrt:{library}", *words, code=4).stderr
        assert "[plugin-unusable]" in error and reason in error, error


@pytest.mark.parametrize("target", ["google_tpu_v5e:2x2", "google_tpu_v5e", "google_tpu_v6e:2x2"])
def test_compiles_for_a_tpu(target, orchestra, folder, tool, libtpu, tmp_path):
    out = tmp_path / "model.tpu"
    words = [f"--target={target}", "--stablehlo-translate", tool, "--vendor-compiler", libtpu, "-o", out]
    said = orchestra("compile", folder / "model.onnx", "--dim", "batch=3", *words).stderr
    assert "compiled, not executed" in said
    report = json.loads((tmp_path / "model.tpu.json").read_text())
    assert report["compiled"] and not report["executed"] and report["figures"]["arguments"] > 0
    assert [entry["name"] for entry in report["inputs"]] == ["ids"]
    assert out.stat().st_size > 1000 and (tmp_path / "model.stablehlo").exists()


def test_tpu_refusals(orchestra, folder, tool, libtpu, tmp_path):
    words = ["--dim", "batch=3", "--stablehlo-translate", tool, "-o", tmp_path / "model.tpu", "--vendor-compiler"]
    model = folder / "model.onnx"
    error = orchestra("compile", model, "--target=google_tpu_v5e:axb", *words, libtpu, code=1).stderr
    assert "[unknown-target]" in error
    nothing = tmp_path / "libtpu.so"
    nothing.write_text("")
    error = orchestra("compile", model, "--target=google_tpu_v5e:2x2", *words, nothing, code=1).stderr
    assert "[vendor-compiler-failed]" in error
    assert [path.name for path in tmp_path.iterdir()] == ["libtpu.so"]


def test_more_than_a_tpu_holds_is_refused(orchestra, tool, libtpu, tmp_path):
    """19.6 GB of a result, of next to no inputs; a chip has 16 GB."""
    size = 70000
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["y"], name="product")],
        "large",
        [value("a", size, 1), value("b", 1, size)],
        [value("y", size, size)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), tmp_path / "m.onnx")
    words = ["--stablehlo-translate", tool, "--vendor-compiler", libtpu, "-o", tmp_path / "m.tpu"]
    error = orchestra("compile", tmp_path / "m.onnx", "--target=google_tpu_v5e", *words, code=1).stderr
    assert "[does-not-fit]" in error
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


# A stand-in for Amazon's compiler: the documented command line, and no more.
STAND_IN_NEURONX_CC = """#!/bin/sh
echo "$@" > {folder}/arguments
[ "$1" = compile ] && [ -s "$2" ] || exit 9
{behaviour}
while [ $# -gt 0 ]; do [ "$1" = --output ] && echo neff > "$2"; shift; done
"""


def stand_in_neuronx_cc(folder, behaviour=""):
    path = folder / "stand-in-neuronx-cc"
    path.write_text(STAND_IN_NEURONX_CC.format(folder=folder, behaviour=behaviour))
    path.chmod(0o755)
    return path


def test_contract_with_neuronx_cc(orchestra, folder, tool, tmp_path):
    out = tmp_path / "model.neff"
    words = ["--dim", "batch=3", "--stablehlo-translate", tool, "-o", out]
    compiler = stand_in_neuronx_cc(tmp_path)
    model = folder / "model.onnx"
    orchestra("compile", model, "--target=aws_trainium2", *words, "--vendor-compiler", compiler)
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments[:2] == ["compile", str(tmp_path / "model.hlo.pb")]
    options = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    assert options["--framework"] == "XLA" and options["--target"] == "trn2" and options["--output"] == str(out)
    assert out.read_text() == "neff\n" and largest_id((tmp_path / "model.hlo.pb").read_bytes()) < 10000


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("echo 'ERROR: op is not supported' >&2; exit 70", "ERROR: op is not supported"),
        ("exit 0", "it wrote no program"),
        ("kill -SEGV $$", "killed by signal 11"),
    ],
)
def test_neuronx_cc_fails(behaviour, reason, orchestra, folder, tool, tmp_path):
    out = tmp_path / "model.neff"
    words = ["--dim", "batch=3", "--stablehlo-translate", tool, "-o", out, "--target=aws_trainium1"]
    compiler = stand_in_neuronx_cc(tmp_path, behaviour)
    code = 4 if "SEGV" in behaviour or behaviour == "exit 0" else 1
    error = orchestra("compile", folder / "model.onnx", *words, "--vendor-compiler", compiler, code=code).stderr
    assert "[vendor-compiler-failed]" in error and reason in error
    assert not out.exists() and not (tmp_path / "model.hlo.pb").exists()


def test_without_neuronx_cc_the_command_is_told(orchestra, folder, tool, tmp_path):
    if not subprocess.run(["sh", "-c", "command -v neuronx-cc"], capture_output=True, check=False).returncode:
        pytest.skip("neuronx-cc is here")
    out = tmp_path / "model.neff"
    words = ["--dim", "batch=3", "--stablehlo-translate", tool, "-o", out]
    said = orchestra("compile", folder / "model.onnx", "--target=aws_trainium2", *words).stderr
    assert f"neuronx-cc compile {tmp_path}/model.hlo.pb --framework XLA --target trn2 --output {out}" in said
    assert (tmp_path / "model.hlo.pb").exists() and not out.exists()


def test_the_real_neuronx_cc(orchestra, folder, tool, tmp_path):
    if subprocess.run(["sh", "-c", "command -v neuronx-cc"], capture_output=True, check=False).returncode:
        pytest.skip("neuronx-cc is not here: it is in Amazon's own package index only")
    out = tmp_path / "model.neff"
    words = ["--dim", "batch=3", "--stablehlo-translate", tool, "-o", out]
    orchestra("compile", folder / "model.onnx", "--target=aws_trainium2", *words)
    assert out.stat().st_size > 0


def test_our_declarations_of_pjrt(plugin):
    """Against the official header, which the plugin's package brings along."""
    header = pathlib.Path(plugin).parent / "include"
    if not (header / "pjrt_c_api.h").exists():
        pytest.skip("the plugin's package has no pjrt_c_api.h")
    words = ["-std=c++17", "-fsyntax-only", "-I", str(header), "-I", str(ROOT / "runtime" / "devices" / "pjrt")]
    source = ROOT / "test" / "python" / "Inputs" / "pjrt_layout.cpp"
    done = subprocess.run(["clang++-22", *words, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_python_refuses_plugins(folder):
    package = pytest.importorskip("orchestra", reason="the build made no Python package")
    with pytest.raises(package.CompileError, match="cannot be run from Python yet"):
        package.compile(folder / "model.onnx", target="pjrt:plugin.so")


# ---- As input ----------------------------------------------------------------

ADD = "func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> { %0 = stablehlo.add %x, %x : tensor<3xf32> return %0 : tensor<3xf32> }"


@pytest.fixture
def artefact(tool, tmp_path):
    """A portable artefact that the official library made."""
    (tmp_path / "add.mlir").write_text(ADD)
    path = tmp_path / "add.stablehlo"
    subprocess.run(
        [*tool.split(), "--serialize", "--target=1.0.0", tmp_path / "add.mlir", "-o", path], check=True
    )
    np.savez(tmp_path / "in.npz", arg0=np.array([1, 2, 3], np.float32))
    return path


def test_an_artefact_is_a_model(orchestra, artefact, tool):
    out = artefact.parent / "out.npz"
    words = ["--inputs", artefact.parent / "in.npz", "--outputs", out, "--stablehlo-translate", tool]
    orchestra("run", artefact, *words)
    with np.load(out) as archive:
        assert archive[archive.files[0]].tolist() == [2, 4, 6]


def test_an_artefact_cut_short_is_refused(orchestra, artefact, tool):
    artefact.write_bytes(artefact.read_bytes()[:200])
    error = orchestra("run", artefact, "--stablehlo-translate", tool, code=1).stderr
    assert "[stablehlo-unreadable]" in error and "version 1.0.0" in error
    artefact.write_bytes(artefact.read_bytes()[:12])  # not even its version is left
    assert "error" in orchestra("run", artefact, "--stablehlo-translate", tool, code=1).stderr


def test_an_artefact_needs_the_tool(orchestra, artefact):
    error = orchestra("run", artefact, "--no-cache", "--stablehlo-translate", "/nowhere/translate", code=4).stderr
    assert "[missing-tool]" in error


def test_bytecode_of_another_build_goes_to_the_tool(orchestra, artefact, tool):
    """JAX's bytecode has encodings of its own; without the tool it is an error, never a crash."""
    path = artefact.parent / "add.mlirbc"
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import stablehlo_translate as s; c = s.make_context();"
        "m = s.read_module(c, open(sys.argv[2], 'rb').read()); m.operation.write_bytecode(open(sys.argv[3], 'wb'))"
    )
    subprocess.run([tool.split()[0], "-c", script, str(SCRIPT.parent), artefact, path], check=True)
    orchestra("run", path, "--inputs", artefact.parent / "in.npz", "--stablehlo-translate", tool)


def test_frameworks_in_their_own_python():
    """Where jax lives in another Python than the one of these tests, its tests run there."""
    python = os.environ.get("ORCHESTRA_JAXLIB_PYTHON")
    if importlib.util.find_spec("jax"):
        pytest.skip("jax is here: test_jax.py runs by itself")
    if not python or subprocess.run([python, "-c", "import jax, pytest"], capture_output=True, check=False).returncode:
        pytest.skip("no Python with jax and pytest ($ORCHESTRA_JAXLIB_PYTHON)")
    tests = [str(pathlib.Path(__file__).with_name(name)) for name in ("test_jax.py", "test_keras.py")]
    done = subprocess.run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
