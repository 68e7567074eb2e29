# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX models on emulated GPUs: the numbers of NumPy, and errors that name nodes of the file."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ARCHITECTURES = ["nvidia_ampere", "nvidia_hopper", "nvidia_blackwell"]


def write(path, nodes, inputs, output, weights) -> None:
    def info(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes,
        "model",
        [info(name, shape) for name, shape in inputs.items()],
        [info(*output)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two layers with a softmax, in sizes that no tile divides."""
    path = tmp_path_factory.mktemp("emulated")
    random = np.random.default_rng(5)
    x, w, v = (random.standard_normal(shape, dtype=np.float32) for shape in ((7, 20), (20, 33), (33, 5)))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("MatMul", ["b", "v"], ["c"], name="second"),
        helper.make_node("Softmax", ["c"], ["y"], name="probabilities", axis=-1),
    ]
    write(path / "model.onnx", nodes, {"x": ("batch", 20)}, ("y", ("batch", 5)), {"w": w, "v": v})
    scores = np.maximum(x @ w, 0).astype(np.float64) @ v
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    np.savez(path / "in.npz", x=x)
    np.savez(path / "want.npz", y=(scores / scores.sum(axis=-1, keepdims=True)).astype(np.float32))
    return path


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_numbers_are_right(orchestra, folder, arch):
    orchestra(
        "run",
        folder / "model.onnx",
        f"--target=emulated:{arch}",
        *("--dim", "batch=7", "--inputs", folder / "in.npz"),
        *("--compare", folder / "want.npz", "--rtol", 1e-4, "--atol", 1e-5),
    )
