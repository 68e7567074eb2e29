# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the `orchestra` program promises on its command line, tried with the digits model."""

from __future__ import annotations

import json
import os
import shutil
import stat
import time

import evaluate
import numpy as np
import onnx
import pytest
from conftest import ROOT
from onnx import TensorProto, helper

DIGITS = evaluate.HERE
MODEL = DIGITS / "digits.onnx"


@pytest.fixture(scope="module")
def reference(orchestra, tmp_path_factory):
    """Outputs of the program itself: these tests are about comparing, not about numbers."""
    path = tmp_path_factory.mktemp("reference") / "reference.npz"
    orchestra("run", MODEL, "--inputs", DIGITS / "test.npz", "--outputs", path)
    return path


def test_compare_within_the_bound(orchestra, reference):
    orchestra("run", MODEL, "--inputs", DIGITS / "test.npz", "--compare", reference, "--rtol", "1e-6", "--atol", "1e-7")


def test_compare_beyond_the_bound(orchestra, reference, tmp_path):
    off = tmp_path / "off.npz"
    np.savez(off, probabilities=np.load(reference)["probabilities"] + np.float32(1e-2))
    words = ["run", MODEL, "--inputs", DIGITS / "test.npz", "--compare", off, "--rtol", "1e-6", "--atol", "1e-3"]
    done = orchestra(*words, code=1)
    assert "probabilities" in done.stdout + done.stderr


@pytest.mark.parametrize("broken", ["nan", "shape", "missing"])
def test_compare_forgives_nothing_else(broken, orchestra, reference, tmp_path):
    values = np.load(reference)["probabilities"]
    if broken == "nan":
        values[3, 3] = np.nan
    arrays = {"probabilities": values[:5] if broken == "shape" else values}
    if broken == "missing":
        arrays = {"something_else": values}
    np.savez(tmp_path / "off.npz", **arrays)
    words = ["run", MODEL, "--inputs", DIGITS / "test.npz", "--compare", tmp_path / "off.npz"]
    orchestra(*words, "--rtol", "1", "--atol", "1", code=1)


def test_random_inputs_are_seeded(orchestra, tmp_path):
    def run(name, seed):
        orchestra("run", MODEL, f"--random={seed}", "--outputs", tmp_path / name)
        return np.load(tmp_path / name)["probabilities"]

    first, again, other = run("a.npz", 1), run("b.npz", 1), run("c.npz", 2)
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_bench_json(orchestra):
    """benchmarks/README.md names the fields."""
    words = ["--inputs", DIGITS / "test.npz", "--threads", "1", "--seconds", "0.1", "--json"]
    report = json.loads(orchestra("bench", MODEL, *words).stdout)
    assert report["threads"] == 1 and report["runs"] >= 1
    latency = report["latency_ms"]
    assert 0 < latency["min"] <= latency["median"] <= latency["p90"] <= latency["p99"]


@pytest.mark.parametrize("wrong", ["name", "shape", "type", "no-file", "no-npz"])
def test_wrong_inputs_are_said(wrong, orchestra, tmp_path):
    image = np.load(DIGITS / "test.npz")["image"]
    path = tmp_path / "in.npz"
    if wrong == "name":
        np.savez(path, picture=image)
    elif wrong == "shape":
        np.savez(path, image=image[:, :, :5])
    elif wrong == "type":
        np.savez(path, image=image.astype(np.float64))
    elif wrong == "no-npz":
        path.write_bytes(b"not a zip file")
    done = orchestra("run", MODEL, "--inputs", path, "--outputs", tmp_path / "out.npz", code=1)
    assert "error" in done.stderr
    assert ("in.npz" if wrong.startswith("no-") else "image") in done.stderr


@pytest.mark.parametrize("words", [["frobnicate"], ["run"], ["run", MODEL, "--no-such-flag"], []])
def test_usage_errors(words, orchestra):
    orchestra(*words, code=2)


def test_equal_from_the_cache(orchestra, reference, tmp_path):
    """The second process finds the kernels of the first; the numbers are the same bits."""
    out = tmp_path / "again.npz"
    orchestra("run", MODEL, "--inputs", DIGITS / "test.npz", "--outputs", out)
    assert np.array_equal(np.load(out)["probabilities"], np.load(reference)["probabilities"])


def test_threads_do_not_change_numbers(orchestra, reference, tmp_path):
    out = tmp_path / "two.npz"
    orchestra("run", MODEL, "--inputs", DIGITS / "test.npz", "--outputs", out, "--threads", "2")
    assert np.array_equal(np.load(out)["probabilities"], np.load(reference)["probabilities"])


def test_damaged_cache_is_a_miss(orchestra, reference, tmp_path):
    cache = tmp_path / "cache"
    env, orchestra.env = orchestra.env, {**orchestra.env, "XDG_CACHE_HOME": str(cache)}
    try:
        out = tmp_path / "out.npz"
        words = ["run", MODEL, "--inputs", DIGITS / "test.npz", "--outputs", out]
        orchestra(*words)
        files = [f for f in cache.rglob("*") if f.is_file()]
        assert files, "nothing was cached"
        for file in files:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        orchestra(*words)
        assert np.array_equal(np.load(out)["probabilities"], np.load(reference)["probabilities"])
        shutil.rmtree(cache)
        cache.write_bytes(b"a file where the folder should be")
        orchestra(*words)  # no cache can be written: slower, not wrong
    finally:
        orchestra.env = env


def test_changed_weights_are_seen(orchestra, tmp_path):
    """Weights beside the model change in place, and their file's time is put back: the cache notices."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in "xy")
    weight = onnx.numpy_helper.from_array(np.array([1, 2, 3], np.float32), "w")
    made = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [weight])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    path, data, out = tmp_path / "m.onnx", tmp_path / "m.data", tmp_path / "out.npz"
    onnx.save(model, path, save_as_external_data=True, location="m.data", size_threshold=0)
    np.savez(tmp_path / "in.npz", x=np.zeros(3, np.float32))
    cache = tmp_path / "cache"
    words = ["run", path, "--inputs", tmp_path / "in.npz", "--outputs", out, "--cache-dir", cache]
    orchestra(*words)
    assert not (cache / "v1" / "files").exists(), "a file that may yet change was remembered"
    time.sleep(3.5)
    orchestra(*words)
    assert len([f for f in (cache / "v1" / "files").rglob("*") if f.is_file()]) == 1
    orchestra(*words)
    assert np.array_equal(np.load(out)["y"], [1, 2, 3])
    before = data.stat()
    with open(data, "r+b") as file:
        file.write(np.array([5.0], np.float32).tobytes())
    os.utime(data, ns=(before.st_atime_ns, before.st_mtime_ns))
    orchestra(*words)
    assert np.array_equal(np.load(out)["y"], [5, 2, 3])


@pytest.mark.parametrize(
    "words",
    [
        ("bench", MODEL, "--warmup", "-3"),
        ("bench", MODEL, "--runs", "0"),
        ("bench", MODEL, "--seconds", "nan"),
        ("run", MODEL, "--random", "--threads", "-1"),
        ("run", MODEL, "--random", "--threads", "100000"),
    ],
)
def test_numbers_of_flags_are_checked(words, orchestra):
    assert "[usage]" in orchestra(*words, code=2).stderr


def test_target_without_strategy(orchestra, tmp_path):
    done = orchestra("compile", MODEL, "--target=aarch64", "-o", tmp_path / "a.so", code=2)
    assert "[no-codegen]" in done.stderr and "--reference" in done.stderr


def test_level_zero(orchestra, tmp_path):
    orchestra("compile", MODEL, "-O0", "-o", tmp_path / "zero.so")
    orchestra("run", tmp_path / "zero.so", "--random")


def test_output_into_no_folder(orchestra, tmp_path):
    done = orchestra("compile", MODEL, "-o", tmp_path / "none" / "x.so", code=4)
    assert "[unwritable-file]" in done.stderr


def test_failed_compile_leaves_the_old_file(orchestra, tmp_path):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no model")
    header = tmp_path / "old.h"
    header.write_text("keep")
    orchestra("compile", damaged, "--emit=header", "-o", header, code=1)
    assert header.read_text() == "keep"


def test_outputs_replace_no_device(orchestra, tmp_path):
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    assert "[unwritable-file]" in orchestra("run", MODEL, "--random", "--outputs", fifo, code=4).stderr
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def graph(nodes, inputs, outputs):
    values = [helper.make_tensor_value_info(name, kind, dims) for name, kind, dims in inputs + outputs]
    made = helper.make_graph(nodes, "g", values[: len(inputs)], values[len(inputs) :])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


@pytest.mark.parametrize(
    "op, dims, shapes",
    [
        ("MatMul", (["N", "K"], ["L", "M"]), ((1, 8), (2, 6))),
        ("Add", (["N"], ["M"]), ((3,), (4,))),
        ("Concat", (["N", "K"], ["L", "M"]), ((2, 4), (2, 3))),
    ],
)
def test_sizes_are_compared_at_run_time(op, dims, shapes, orchestra, tmp_path):
    attributes = {"axis": 0} if op == "Concat" else {}
    node = helper.make_node(op, ["x", "z"], ["y"], name="the_node", **attributes)
    result = ["A"] if op == "Add" else ["A", "B"]
    inputs = [("x", TensorProto.FLOAT, dims[0]), ("z", TensorProto.FLOAT, dims[1])]
    onnx.save(graph([node], inputs, [("y", TensorProto.FLOAT, result)]), tmp_path / "m.onnx")
    np.savez(tmp_path / "in.npz", x=np.ones(shapes[0], np.float32), z=np.ones(shapes[1], np.float32))
    done = orchestra("run", tmp_path / "m.onnx", "--inputs", tmp_path / "in.npz", code=1)
    assert "the_node" in done.stderr and "do not agree" in done.stderr


def test_wide_integers_are_compared_exactly(orchestra, tmp_path):
    node = helper.make_node("Identity", ["x"], ["y"])
    model = graph([node], [("x", TensorProto.INT64, [1])], [("y", TensorProto.INT64, [1])])
    onnx.save(model, tmp_path / "m.onnx")
    np.savez(tmp_path / "in.npz", x=np.array([2**60 + 1]))
    np.savez(tmp_path / "ref.npz", y=np.array([2**60]))
    words = ("run", tmp_path / "m.onnx", "--inputs", tmp_path / "in.npz", "--compare", tmp_path / "ref.npz")
    orchestra(*words, "--rtol", 0, "--atol", 0, code=1)


def test_pictures_stay_pixels_for_integers(orchestra, tmp_path):
    node = helper.make_node("Identity", ["x"], ["y"])
    shape = [1, 1, 8, 8]
    model = graph([node], [("x", TensorProto.UINT8, shape)], [("y", TensorProto.UINT8, shape)])
    onnx.save(model, tmp_path / "m.onnx")
    picture = ROOT / "examples/digits/pictures/7.png"
    orchestra("run", tmp_path / "m.onnx", "--input", f"x={picture}", "--outputs", tmp_path / "out.npz")
    assert np.load(tmp_path / "out.npz")["y"].max() > 1


@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_windows_fit_at_run_time(ceil_mode, orchestra, tmp_path):
    node = helper.make_node("MaxPool", ["x"], ["y"], name="the_node", kernel_shape=[3], strides=[2], ceil_mode=ceil_mode)
    model = graph([node], [("x", TensorProto.FLOAT, [1, 1, "W"])], [("y", TensorProto.FLOAT, [1, 1, "V"])])
    onnx.save(model, tmp_path / "m.onnx")
    for size in (3, 4, 5, 6):
        np.savez(tmp_path / "in.npz", x=np.arange(size, dtype=np.float32).reshape(1, 1, size))
        orchestra("run", tmp_path / "m.onnx", "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")
        ends = [min(start + 3, size) for start in range(0, size, 2) if start + 3 <= size or (ceil_mode and start + 1 < size)]
        assert np.load(tmp_path / "out.npz")["y"].ravel().tolist() == [end - 1 for end in ends]
    done = orchestra("run", tmp_path / "m.onnx", "--random", "--dim", "W=2", code=1)
    assert "the_node" in done.stderr and "larger than the input" in done.stderr


@pytest.mark.parametrize(
    "words, said",
    [
        (["compile", MODEL, "--emit=obj", "-o", "m.so"], "[unknown-format]"),
        (["compile", MODEL, "--emit=so", "-o", "m.o"], "[unknown-format]"),
        (["compile", MODEL, "--emit=so", "--stop-after=accelerate", "-o", "m.so"], "[unknown-stage]"),
        (["run", MODEL, "--input", "image=some.npz"], "--inputs=some.npz"),
        (["run", MODEL, "--inputs", DIGITS / "test.npz", "--dim", "n=3"], "--random"),
        (["run", MODEL, "--random", "--dim", "nosuch=3"], "[unknown-dimension]"),
    ],
)
def test_what_contradicts_itself_is_refused(words, said, orchestra):
    assert said in orchestra(*words, code=2).stderr


def test_what_is_not_compared_is_said(orchestra, tmp_path):
    nodes = [helper.make_node("Neg", ["x"], ["y"]), helper.make_node("Abs", ["x"], ["z"])]
    model = graph(nodes, [("x", TensorProto.FLOAT, [2])], [(name, TensorProto.FLOAT, [2]) for name in "yz"])
    onnx.save(model, tmp_path / "m.onnx")
    np.savez(tmp_path / "in.npz", x=np.ones(2, np.float32))
    np.savez(tmp_path / "ref.npz", y=-np.ones(2, np.float32))
    done = orchestra("run", tmp_path / "m.onnx", "--inputs", tmp_path / "in.npz", "--compare", tmp_path / "ref.npz")
    assert "z: not compared" in done.stdout


def test_sizes_that_must_be_known_are_taken_from_the_inputs(orchestra, tmp_path):
    graph = '<ir_version: 10, opset_import: ["": 22]> g (float[n,2] x) => (float[a,2] y, float[b,2] z) { [cut] y, z = Split <axis = 0, num_outputs = 2> (x) }'
    onnx.save(onnx.parser.parse_model(graph), tmp_path / "model.onnx")
    np.savez(tmp_path / "inputs.npz", x=np.ones((5, 2), np.float32))
    refused = orchestra("compile", tmp_path / "model.onnx", "-o", tmp_path / "model.so", code=1)
    assert "[unsupported-form]" in refused.stderr
    done = orchestra("run", tmp_path / "model.onnx", "--inputs", tmp_path / "inputs.npz", "--outputs", tmp_path / "out.npz")
    assert "warning: the program is for inputs of these sizes only" in done.stderr and "cut" in done.stderr
    with np.load(tmp_path / "out.npz") as out:
        assert out["y"].shape == (3, 2) and out["z"].shape == (2, 2)
