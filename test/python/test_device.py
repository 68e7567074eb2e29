# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX models whose memory is a device's: on the host as a device, and compiled for a GPU that is not here."""

from __future__ import annotations

import glob

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Concatenation, product and softmax, in open sizes only."""
    path = tmp_path_factory.mktemp("device")
    random = np.random.default_rng(1)
    a, b, w = (random.standard_normal(shape, dtype=np.float32) for shape in ((3, 5), (3, 9), (14, 6)))

    def info(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    nodes = [
        helper.make_node("Concat", ["a", "b"], ["c"], name="join", axis=1),
        helper.make_node("MatMul", ["c", "w"], ["d"], name="product"),
        helper.make_node("Softmax", ["d"], ["y"], name="probabilities", axis=-1),
    ]
    inputs = [info("a", "n", "m"), info("b", "n", "k"), info("w", "q", "r")]
    graph = helper.make_graph(nodes, "model", inputs, [info("c", "n", "p"), info("y", "n", "r")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, path / "model.onnx")
    joined = np.concatenate([a, b], axis=1)
    scores = joined.astype(np.float64) @ w
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    np.savez(path / "in.npz", a=a, b=b, w=w)
    np.savez(path / "want.npz", c=joined, y=(scores / scores.sum(axis=-1, keepdims=True)).astype(np.float32))
    return path


def test_numbers_are_right(orchestra, folder):
    orchestra(
        "run",
        folder / "model.onnx",
        "--target=device:cpu",
        "--poison-arena",
        *("--inputs", folder / "in.npz", "--compare", folder / "want.npz", "--rtol", 1e-4, "--atol", 1e-5),
    )


def test_compiles_without_a_gpu(orchestra, folder):
    """What the GPU cannot run is said; where there is none, the artefact says so."""
    artefact = folder / "model.so"
    said = orchestra("compile", folder / "model.onnx", "--target=nvidia_hopper", "-o", artefact).stderr
    assert "warning: the kernel runs on the host, on copies of its values [runs-on-host]" in said
    if glob.glob("/dev/nvidia[0-9]*"):
        pytest.skip("there is a GPU")
    error = orchestra("run", artefact, "--inputs", folder / "in.npz", code=4).stderr
    assert "[device-missing]" in error


def test_strategy_is_refused(orchestra, folder):
    words = ["compile", folder / "model.onnx", "--target=nvidia_hopper", "-o", folder / "no.so"]
    error = orchestra(*words, f"--strategy={folder / 'mine.mlir'}", code=2).stderr
    assert "take no strategy script yet [unsupported-by-target]" in error


def test_unknown_gpu(orchestra, folder):
    error = orchestra("compile", folder / "model.onnx", "--target=nvidia_turing", "-o", folder / "no.so", code=2).stderr
    assert "unknown target 'nvidia_turing'" in error
    assert "[unknown-target]" in error
