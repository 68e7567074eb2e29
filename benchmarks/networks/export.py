# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a network as `model.onnx`, `inputs.npz` and more input sets, in a folder of its own.

Weights above a bound go to `model.onnx.data` beside the model, as ONNX wants for anything
near protobuf's 2 GB; below it the model is one file.
"""

from __future__ import annotations

import contextlib
import io
import logging
import pathlib
import warnings

import numpy as np
import onnx

from . import Network

OPSET = 18
EXTERNAL_ABOVE = 100 * 2**20  # bytes of weights
OUTLINE_FROM = 1024  # bytes; smaller tensors (shapes, axes) stay in the model


def export_torch(network: Network):
    """The torch module through torch's dynamo exporter; returns its ONNXProgram."""
    import torch

    arguments = tuple(torch.from_numpy(a) for a in network.inputs.values())
    shapes = None
    if network.dynamic:
        shapes = tuple(
            {axis: torch.export.Dim.DYNAMIC for axis in network.dynamic.get(name, {})} or None
            for name in network.inputs
        )
        shapes = nested(network, shapes)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return torch.onnx.export(
            network.module,
            arguments,
            dynamo=True,
            opset_version=OPSET,
            verbose=False,
            input_names=list(network.inputs),
            output_names=network.outputs,
            dynamic_shapes=shapes,
            optimize=True,
        )


def nested(network: Network, shapes: tuple) -> tuple:
    """torch.export wants the shapes of `*args` as one tuple in the signature's place."""
    import inspect

    for i, parameter in enumerate(inspect.signature(network.module.forward).parameters.values()):
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return (*shapes[:i], tuple(shapes[i:]))
    return shapes


def name_axes(proto: onnx.ModelProto, network: Network) -> None:
    """Gives the dynamic axes our names instead of the exporter's `s12`."""
    renamed: dict[str, str] = {}
    for value in proto.graph.input:
        for axis, name in network.dynamic.get(value.name, {}).items():
            renamed[value.type.tensor_type.shape.dim[axis].dim_param] = name
    for value in (*proto.graph.input, *proto.graph.output, *proto.graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in renamed:
                dim.dim_param = renamed[dim.dim_param]


def write(network: Network, folder: pathlib.Path) -> pathlib.Path:
    """Returns the path of the model; the folder holds it with its inputs."""
    folder.mkdir(parents=True, exist_ok=True)
    proto = network.proto
    if proto is None:
        proto = export_torch(network).model_proto
    name_axes(proto, network)
    path = folder / "model.onnx"
    for stale in (path, folder / "model.onnx.data"):
        stale.unlink(missing_ok=True)
    weights = sum(len(t.raw_data) for t in proto.graph.initializer)
    if weights > EXTERNAL_ABOVE:
        onnx.save_model(
            proto,
            path,
            save_as_external_data=True,
            all_tensors_to_one_file=True,
            location="model.onnx.data",
            size_threshold=OUTLINE_FROM,
        )
    else:
        onnx.save_model(proto, path)
    np.savez(folder / "inputs.npz", **network.inputs)
    for label, inputs in network.more_inputs.items():
        np.savez(folder / f"inputs-{label}.npz", **inputs)
    return path
