# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions of f16 from ONNX on the emulated GPU: layouts, frames and windows
that reach tensor cores in different ways, beside ONNX Runtime in f32."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import orchestra

# Channels, filters, window, stride, frame, picture.
CASES = {
    "windows": (64, 32, 3, 1, 1, (1, 9, 7)),
    "strided": (24, 16, 3, 2, 1, (2, 9, 11)),
    "pointwise": (32, 24, 1, 1, 0, (1, 5, 6)),
    "joined": (3, 16, 7, 2, 3, (2, 19, 21)),
    "dense": (3, 8, 3, 1, 1, (1, 8, 10)),
    "patches": (3, 16, 16, 16, 0, (1, 32, 48)),
}


def model(kind, weights, bias, stride, frame):
    """Conv, Relu and a pool with a frame, of elements of `kind`."""
    element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], strides=[stride] * 2, pads=[frame] * 4),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2]),
        helper.make_node("Cast", ["p"], ["y"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("x", element, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(a.astype(kind), n) for a, n in ((weights, "w"), (bias, "b"))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.mark.parametrize("name", CASES)
def test_equals_onnx_runtime(name):
    channels, filters, window, stride, frame, (batch, height, width) = CASES[name]
    rng = np.random.default_rng(1)
    x = rng.standard_normal((batch, channels, height, width)).astype(np.float16)
    weights = rng.standard_normal((filters, channels, window, window)).astype(np.float16) / np.float16(window)
    bias = rng.standard_normal(filters).astype(np.float16)
    proto = model("float16", weights, bias, stride, frame)
    proto.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT16, x.shape))
    got = orchestra.compile(proto, target="emulated:nvidia_hopper")(x=x)[0]
    wide = model("float32", weights, bias, stride, frame).SerializeToString()
    want = onnxruntime.InferenceSession(wide).run(None, {"x": x.astype(np.float32)})[0]
    assert got.shape == want.shape
    # Sums of f32, rounded to f16 twice: after the product, and with the bias.
    np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-3 * np.abs(want).max())
