# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small ONNX models that the tests of the Python package share."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DIGITS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "digits" / "digits.onnx"

Declaration = tuple[str, int, Sequence[int | str | None]]


def make(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[Declaration],
    outputs: Sequence[Declaration],
    weights: dict[str, np.ndarray[Any, Any]] | None = None,
    name: str = "test",
    opset: int = 22,
) -> onnx.ModelProto:
    """A model of an IR version that ONNX Runtime reads too."""
    graph = helper.make_graph(
        list(nodes),
        name,
        [helper.make_tensor_value_info(*declaration) for declaration in inputs],
        [helper.make_tensor_value_info(*declaration) for declaration in outputs],
        [numpy_helper.from_array(array, key) for key, array in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def two_and_two() -> onnx.ModelProto:
    """Two inputs that share a dim, two outputs, one of a name that is no identifier."""
    f32 = TensorProto.FLOAT
    return make(
        [helper.make_node("Add", ["a", "b"], ["sum"], "first"), helper.make_node("Mul", ["sum", "a"], ["/out.1"], "second")],
        [("a", f32, ["rows", 4]), ("b", f32, ["rows", 4])],
        [("sum", f32, ["rows", 4]), ("/out.1", f32, ["rows", 4])],
    )


def unary(op: str, element: int, dims: Sequence[int | str | None] = ("n",)) -> onnx.ModelProto:
    """One node with one input "x" and one output "y" of the same type."""
    return make([helper.make_node(op, ["x"], ["y"], op.lower())], [("x", element, dims)], [("y", element, dims)])


def product(size: int) -> onnx.ModelProto:
    """size x size by size x size: enough work to look at while it runs."""
    f32 = TensorProto.FLOAT
    square = [size, size]
    return make(
        [helper.make_node("MatMul", ["x", "w"], ["y"], "product")],
        [("x", f32, square), ("w", f32, square)],
        [("y", f32, square)],
    )
