#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Floating-point operations of a model's matrix products and convolutions.

    flops.py MODEL INPUTS.npz    # one JSON object: {"flops": ..., "weight_bytes": ...}

A multiply-add counts as two. Everything else (norms, softmax) is left out, so shares of
the peak computed from this are a little low, for every engine alike.
"""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import onnx
from onnx import shape_inference

PRODUCTS = ("Conv", "MatMul", "Gemm")


def shapes_of(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> dict[str, list[int]]:
    """All shapes that follow from the inputs' real ones; the unknown are left out."""
    for value in model.graph.input:
        if value.name in inputs:
            for dim, size in zip(value.type.tensor_type.shape.dim, inputs[value.name].shape, strict=True):
                dim.dim_value = size
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {t.name: list(t.dims) for t in inferred.initializer}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(d.HasField("dim_value") for d in dims):
            shapes[value.name] = [d.dim_value for d in dims]
    return shapes


def watched_shapes(path: str, names: set[str], inputs: dict[str, np.ndarray]) -> dict[str, list[int]]:
    """The shapes of these tensors in a real run: for what inference cannot tell."""
    import onnxruntime

    model = onnx.load(path)
    known = {v.name for v in model.graph.output} | {t.name for t in model.graph.initializer}
    wanted = sorted(names - known - set(inputs))
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(n) for n in wanted)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return {n: list(v.shape) for n, v in zip(wanted, session.run(wanted, inputs), strict=True)}


def count(path: str, inputs: dict[str, np.ndarray]) -> tuple[int, int]:
    """Operations, and how many products had no known shape."""
    model = onnx.load(path, load_external_data=False)
    shapes = shapes_of(model, inputs)
    tensors = {
        name for node in model.graph.node if node.op_type in PRODUCTS for name in (*node.input[:2], node.output[0])
    }
    if not tensors <= shapes.keys():
        shapes |= watched_shapes(path, tensors - shapes.keys(), inputs)
    total = unknown = 0
    for node in model.graph.node:
        if node.op_type not in PRODUCTS:
            continue
        left, right = shapes.get(node.input[0]), shapes.get(node.input[1])
        out = shapes.get(node.output[0])
        if node.op_type == "Conv" and out and right:
            total += 2 * math.prod(out) * math.prod(right[1:])
        elif node.op_type == "MatMul" and out and left:
            total += 2 * math.prod(out) * left[-1]
        elif node.op_type == "Gemm" and out and left:
            transposed = any(a.name == "transA" and a.i for a in node.attribute)
            total += 2 * math.prod(out) * left[0 if transposed else 1]
        else:
            unknown += 1
    return total, unknown


def main() -> None:
    model = onnx.load(sys.argv[1], load_external_data=False)
    weights = sum(
        math.prod(t.dims) * onnx.helper.tensor_dtype_to_np_dtype(t.data_type).itemsize for t in model.graph.initializer
    )
    total, unknown = count(sys.argv[1], dict(np.load(sys.argv[2])))
    print(json.dumps({"flops": total, "products_unknown": unknown, "weight_bytes": weights}))


if __name__ == "__main__":
    main()
