# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX's own backend interface (`onnx.backend.base`), for its test suite and for tools:

    import onnx.backend.test
    import orchestra.onnx_backend

    tests = onnx.backend.test.BackendTest(orchestra.onnx_backend, __name__)

Needs the package `onnx`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
import onnx.backend.base
import onnx.defs
import onnx.helper
import numpy

from orchestra.outputs import Outputs
from orchestra.program import Program, compile


class OrchestraBackendRep(onnx.backend.base.BackendRep):
    """A compiled model, ready to run."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def run(self, inputs: Any, **kwargs: Any) -> Outputs:
        """Runs with a sequence of inputs in the model's order, a mapping by name, or one array."""
        if isinstance(inputs, Mapping):
            return self.program(dict(inputs))
        if isinstance(inputs, (list, tuple)):
            return self.program(*inputs)
        return self.program(inputs)


class OrchestraBackend(onnx.backend.base.Backend):
    """Compiles ONNX models for the CPU. Keyword arguments are those of `orchestra.compile`."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether the model compiles."""
        from orchestra.errors import CompileError

        try:
            cls.prepare(model, device, **kwargs)
        except CompileError:
            return False
        return True

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> OrchestraBackendRep:
        """Compiles a model."""
        if not cls.supports_device(device):
            raise ValueError(f"models run on the CPU, not on {device!r}")
        onnx.checker.check_model(model)
        return OrchestraBackendRep(compile(model, **kwargs))

    @classmethod
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> Outputs:
        """Compiles a model and runs it once."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[numpy.dtype[Any], tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> Outputs:
        """Runs one node. `inputs` by place, for the names that are not empty, or by name.

        Types and shapes of the outputs are inferred; `outputs_info` says them where ONNX cannot.
        `opset_version` is that of the node's operator set, else the newest.
        """
        opset = kwargs.pop("opset_version", None) or onnx.defs.onnx_opset_version()
        names = [name for name in dict.fromkeys(node.input) if name]
        if isinstance(inputs, Mapping):
            arrays = [numpy.asarray(inputs[name]) for name in names]
        else:
            arrays = [numpy.asarray(array) for array in inputs]
        given = [
            onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in zip(names, arrays, strict=True)
        ]
        outputs = [name for name in node.output if name]
        if outputs_info is not None:
            results = [
                onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype)), shape)
                for name, (dtype, shape) in zip(outputs, outputs_info, strict=True)
            ]
        else:
            results = [onnx.helper.make_empty_tensor_value_info(name) for name in outputs]
        graph = onnx.helper.make_graph([node], node.name or node.op_type, given, results)
        imports = [onnx.helper.make_opsetid(node.domain, opset)]
        model = onnx.helper.make_model(graph, opset_imports=imports)
        if outputs_info is None:
            model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        return cls.run_model(model, arrays, device, **kwargs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether models run on this device: on "CPU", with or without a number."""
        return device.split(":")[0].upper() == "CPU"


is_compatible = OrchestraBackend.is_compatible
prepare = OrchestraBackend.prepare
run_model = OrchestraBackend.run_model
run_node = OrchestraBackend.run_node
supports_device = OrchestraBackend.supports_device
