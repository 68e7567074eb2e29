# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The nine light networks that the `onnx` package carries, with weights one can test by.

As shipped, each weight is a ConstantOfShape of 0.02 and each initialiser a graph input
(IR 3): all channels are equal, so a wrong channel order would go unseen, and a runtime
may not fold anything. Here weights become seeded initialisers; batch norms get statistics
measured on the input. The graph, its operators and its opset (9) stay. The shipped form
is run by conformance/onnx. A small one has its channels divided, nothing else.
"""

from __future__ import annotations

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import Network

FOLDER = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


def shipped(stem: str) -> pathlib.Path:
    return FOLDER / f"light_{stem}.onnx"


def thin_shape(op: str, slot: int, shape: list[int], by: int) -> list[int]:
    """The shape of a parameter with its channels divided; pictures keep three planes."""
    if op == "Conv" and slot == 1:
        out, into, *window = shape
        return [out // by, into if into in (1, 3) else into // by, *window]
    return [d if d == 1 else d // by for d in shape]


def thin_reshape(target: list[int], by: int) -> list[int]:
    """Targets are [1, C], [1, C, H, W], or [1, groups, C, H, W] of a channel shuffle.

    One network also gives its classifier's weights, [1, 1, C, D], their matrix form.
    """
    if target[0] != 1:
        return [d // by for d in target]
    channel = 2 if len(target) == 5 else 1
    return [d // by if i == channel else d for i, d in enumerate(target)]


def draw(random, op: str, slot: int, shape: list[int]) -> np.ndarray:
    if op in ("Conv", "Gemm") and slot == 1:  # He: activations keep their size through a ReLU
        fan_in = shape[-1] if op == "Gemm" else int(np.prod(shape[1:]))
        return random.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
    if (op == "BatchNormalization" and slot in (1, 4)) or op == "Mul":
        return random.uniform(0.7, 1.3, shape).astype(np.float32)
    return random.normal(0, 0.1, shape).astype(np.float32)


def measure_norms(model: onnx.ModelProto, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One run in which each batch norm takes the statistics of its own input."""
    import onnxruntime

    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    nodes, names = [], {}
    for i, node in enumerate(probe.graph.node):
        if node.op_type == "BatchNormalization":
            mean, gap, square, var = (f"norm{i}_{s}" for s in ("mean", "gap", "square", "var"))
            flat = {"axes": [0, 2, 3]}
            nodes += [
                helper.make_node("ReduceMean", [node.input[0]], [mean], keepdims=0, **flat),
                helper.make_node("ReduceMean", [node.input[0]], [mean + "_kept"], keepdims=1, **flat),
                helper.make_node("Sub", [node.input[0], mean + "_kept"], [gap]),
                helper.make_node("Mul", [gap, gap], [square]),
                helper.make_node("ReduceMean", [square], [var], keepdims=0, **flat),
            ]
            names[node.input[3]], names[node.input[4]] = mean, var
            node.input[3], node.input[4] = mean, var
        nodes.append(node)
    if not names:
        return {}
    del probe.graph.node[:]
    probe.graph.node.extend(nodes)
    probe.graph.output.extend(helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names.values())
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns of each statistic that it no longer needs
    session = onnxruntime.InferenceSession(probe.SerializeToString(), options)
    values = session.run(list(names.values()), feed)
    return dict(zip(names, values, strict=True))


def seeded_weights(stem: str, divide: int) -> Network:
    model = onnx.load(shipped(stem))
    graph = model.graph
    random = np.random.default_rng(0)
    shipped_values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    shapes = {n: list(v.shape) for n, v in shipped_values.items() if v.dtype == np.float32}
    for node in graph.node:
        if node.op_type == "ConstantOfShape":
            shapes[node.output[0]] = shipped_values[node.input[0]].tolist()
    uses: dict[str, tuple[str, int]] = {}  # a parameter -> the operator and slot that take it
    behind: dict[str, str] = {}  # a parameter's view -> the parameter
    for node in graph.node:
        for slot, name in enumerate(node.input):
            if node.op_type in ("Unsqueeze", "Reshape") and name in shapes:
                behind[node.output[0]] = name
            elif name in shapes or name in behind:
                uses.setdefault(behind.get(name, name), (node.op_type, slot))

    values: dict[str, np.ndarray] = {}
    for node in graph.node:
        if node.op_type == "Reshape":
            target = shipped_values[node.input[1]]
            values[node.input[1]] = np.array(thin_reshape(target.tolist(), divide), np.int64)
        if node.op_type == "Conv" and shapes[node.input[1]][1] == 1:  # depthwise
            for attribute in node.attribute:
                if attribute.name == "group":
                    attribute.i //= divide
    for name, (op, slot) in uses.items():
        values[name] = draw(random, op, slot, thin_shape(op, slot, shapes[name], divide))

    kept = [n for n in graph.node if n.op_type != "ConstantOfShape"]
    pictures = [v for v in graph.input if v.name not in shipped_values]
    del graph.node[:], graph.input[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.input.extend(pictures)
    graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in values.items())
    for value in graph.output:
        value.type.tensor_type.shape.dim[1].dim_value //= divide
    model.ir_version = 8  # initialisers need not be inputs, so they are constants

    shape = [d.dim_value for d in pictures[0].type.tensor_type.shape.dim]
    feed = {pictures[0].name: random.standard_normal(shape, dtype=np.float32)}
    measured = measure_norms(model, feed)
    for tensor in graph.initializer:
        if tensor.name in measured:
            tensor.CopyFrom(numpy_helper.from_array(measured[tensor.name], tensor.name))
    return Network(feed, proto=model)


def alexnet(small: bool) -> Network:
    return seeded_weights("bvlc_alexnet", 8 if small else 1)


def densenet121(small: bool) -> Network:
    return seeded_weights("densenet121", 8 if small else 1)


def inception_v1(small: bool) -> Network:
    return seeded_weights("inception_v1", 8 if small else 1)


def inception_v2(small: bool) -> Network:
    return seeded_weights("inception_v2", 8 if small else 1)


def resnet50(small: bool) -> Network:
    return seeded_weights("resnet50", 8 if small else 1)


def shufflenet(small: bool) -> Network:
    return seeded_weights("shufflenet", 2 if small else 1)


def squeezenet(small: bool) -> Network:
    return seeded_weights("squeezenet", 8 if small else 1)


def vgg19(small: bool) -> Network:
    return seeded_weights("vgg19", 8 if small else 1)


def zfnet512(small: bool) -> Network:
    return seeded_weights("zfnet512", 8 if small else 1)
