# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The shape of ONNX Runtime's Python interface, so that a program changes one import:

    import orchestra as onnxruntime

What is there: `InferenceSession` with `run`, `run_async`, `get_inputs`, `get_outputs`,
`get_providers`; `SessionOptions`; `get_available_providers`, `get_device`. What is not
(`OrtValue`, IO binding, training, custom ops, model metadata) is an `AttributeError` or a
`NotImplementedError`, never a silent nothing. An option that only says how ONNX Runtime is to work
inside is taken and has no effect; `SessionOptions` names them.
"""

from __future__ import annotations

import enum
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestra.outputs import Array
from orchestra.program import Program, TensorInfo, compile, load

if TYPE_CHECKING:
    from orchestra.program import Model

#: ONNX's names of element types, by ours.
_ONNX_TYPES = {
    "f32": "float",
    "f64": "double",
    "f16": "float16",
    "bf16": "bfloat16",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "bool": "bool",
    "f8E4M3FN": "float8e4m3fn",
    "f8E4M3FNUZ": "float8e4m3fnuz",
    "f8E5M2": "float8e5m2",
    "f8E5M2FNUZ": "float8e5m2fnuz",
    "f8E8M0": "float8e8m0",
    "i4": "int4",
    "u4": "uint4",
    "i2": "int2",
    "u2": "uint2",
    "f4E2M1": "float4e2m1",
    "string": "string",
}

_CPU = "CPUExecutionProvider"

#: A sequence of maps is two outputs: what all maps have as keys, and a row of values for each.
_KEYS, _VALUES = ".keys", ".values"


def _has_keys(tensors: Sequence[TensorInfo], place: int) -> bool:
    """Whether outputs `place` and the next are keys and values of the same maps."""
    stem = tensors[place].name.removesuffix(_KEYS)
    return stem != tensors[place].name and place + 1 < len(tensors) and tensors[place + 1].name == stem + _VALUES


class GraphOptimizationLevel(enum.IntEnum):
    """Taken, without effect: a compiled model is always optimised."""

    ORT_DISABLE_ALL = 0
    ORT_ENABLE_BASIC = 1
    ORT_ENABLE_EXTENDED = 2
    ORT_ENABLE_LAYOUT = 3
    ORT_ENABLE_ALL = 99


class ExecutionMode(enum.IntEnum):
    """Taken, without effect: a run uses its threads inside each kernel."""

    ORT_SEQUENTIAL = 0
    ORT_PARALLEL = 1


class SessionOptions:
    """Options of a session.

    Of effect: `intra_op_num_threads` (0: one for each CPU) and
    `add_free_dimension_override_by_name`. An attribute that ONNX Runtime does not have is an
    `AttributeError`. `enable_profiling` and `optimized_model_filepath` ask for files that nobody
    writes here: a session refuses them.
    """

    __slots__ = (
        "_config",
        "_dims",
        "enable_cpu_mem_arena",
        "enable_mem_pattern",
        "enable_mem_reuse",
        "enable_profiling",
        "execution_mode",
        "graph_optimization_level",
        "inter_op_num_threads",
        "intra_op_num_threads",
        "log_severity_level",
        "log_verbosity_level",
        "logid",
        "optimized_model_filepath",
        "use_deterministic_compute",
    )

    def __init__(self) -> None:
        self.intra_op_num_threads = 0
        self._dims: dict[str, int] = {}
        self._config: dict[str, str] = {}
        # Without effect from here on.
        self.inter_op_num_threads = 0
        self.execution_mode = ExecutionMode.ORT_SEQUENTIAL
        self.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
        self.enable_cpu_mem_arena = True
        self.enable_mem_pattern = True
        self.enable_mem_reuse = True
        self.log_severity_level = 2
        self.log_verbosity_level = 0
        self.logid = ""
        self.use_deterministic_compute = True  # always: results never depend on threads
        # Refused if set.
        self.enable_profiling = False
        self.optimized_model_filepath = ""

    def add_free_dimension_override_by_name(self, name: str, size: int) -> None:
        """Fixes a named dynamic dim in the compiled code."""
        self._dims[name] = size

    def add_session_config_entry(self, key: str, value: str) -> None:
        """Kept, without effect."""
        self._config[key] = value

    def get_session_config_entry(self, key: str) -> str:
        """What was added under this key."""
        return self._config[key]

    def register_custom_ops_library(self, path: str) -> None:
        """Orchestra compiles no code of ONNX Runtime's custom ops."""
        raise NotImplementedError(f"custom ops of ONNX Runtime are not supported ({path})")


class RunOptions:
    """Options of a run: taken, without effect."""

    __slots__ = ("log_severity_level", "log_verbosity_level", "logid")

    def __init__(self) -> None:
        self.log_severity_level = 2
        self.log_verbosity_level = 0
        self.logid = ""


class NodeArg:
    """An input or output of a session."""

    __slots__ = ("name", "shape", "type")

    def __init__(self, tensor: TensorInfo, keys: TensorInfo | None = None) -> None:
        """With `keys`, for maps from these to rows of the tensor."""
        self.name = tensor.name
        self.shape: list[int | str | None] = list(tensor.shape)
        self.type = f"tensor({_ONNX_TYPES[tensor.type]})"
        if keys is not None:
            self.name = keys.name.removesuffix(_KEYS)
            self.shape = []
            self.type = f"seq(map({_ONNX_TYPES[keys.type]},{self.type}))"

    def __repr__(self) -> str:
        return f"NodeArg(name={self.name!r}, type={self.type!r}, shape={self.shape!r})"


class InferenceSession:
    """A compiled model behind ONNX Runtime's interface.

    `path_or_bytes` may also be an `onnx.ModelProto`, or a `.so` that was compiled before.
    Everything runs on the CPU: `get_providers()` says so, and a `UserWarning` names the other
    providers that were asked for.

    >>> session = orchestra.InferenceSession(digits)
    >>> session.run(None, {session.get_inputs()[0].name: numpy.zeros((1, 1, 8, 8), "float32")})[0].shape
    (1, 10)
    """

    def __init__(
        self,
        path_or_bytes: Model,
        sess_options: SessionOptions | None = None,
        providers: Sequence[str | tuple[str, Mapping[str, Any]]] | None = None,
        provider_options: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        options = sess_options or SessionOptions()
        for name in ("enable_profiling", "optimized_model_filepath"):
            if getattr(options, name):
                raise NotImplementedError(f"SessionOptions.{name} is not supported; Program.explain() shows times")
        names = [entry if isinstance(entry, str) else entry[0] for entry in providers or ()]
        if others := [name for name in names if name != _CPU]:
            warnings.warn(f"no provider {', '.join(others)} here: the model runs on the CPU", stacklevel=2)
        threads = options.intra_op_num_threads
        if isinstance(path_or_bytes, (str, os.PathLike)) and os.fspath(path_or_bytes).endswith(".so"):
            if options._dims:
                raise ValueError("the dims of a compiled model cannot be overridden")
            self.program = load(path_or_bytes, threads=threads)
        else:
            self.program = compile(path_or_bytes, threads=threads, dims=options._dims)
        self._options = options
        outputs = self.program.outputs
        self._maps = [place for place in range(len(outputs)) if _has_keys(outputs, place)]
        self._outputs = [
            NodeArg(outputs[place + 1], outputs[place]) if place in self._maps else NodeArg(tensor)
            for place, tensor in enumerate(outputs)
            if place - 1 not in self._maps
        ]
        self._places = {output.name: place for place, output in enumerate(self._outputs)}

    program: Program  #: the same model with Orchestra's own interface

    def get_inputs(self) -> list[NodeArg]:
        """The inputs, in the model's order."""
        return [NodeArg(tensor) for tensor in self.program.inputs]

    def get_outputs(self) -> list[NodeArg]:
        """The outputs, in the model's order."""
        return list(self._outputs)

    def get_overridable_initializers(self) -> list[NodeArg]:
        """None: weights are part of the compiled model."""
        return []

    def get_providers(self) -> list[str]:
        """What the model runs on: the CPU."""
        return [_CPU]

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        """By provider; there are none."""
        return {_CPU: {}}

    def get_session_options(self) -> SessionOptions:
        """The options that the session was made with."""
        return self._options

    def run(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Any],
        run_options: RunOptions | None = None,
    ) -> list[Any]:
        """The outputs of these names, or all, in a list: arrays, and for the maps that classifiers
        of scikit-learn end with (`ZipMap`) a list of dicts, a dict for each row."""
        results: list[Any] = list(self.program(dict(input_feed)))
        for place in reversed(self._maps):
            keys, values = (array.tolist() for array in results[place : place + 2])
            results[place : place + 2] = [[dict(zip(keys, row, strict=True)) for row in values]]
        if not output_names:
            return results
        unknown = [name for name in output_names if name not in self._places]
        if unknown:
            raise ValueError(f"the model has no output {', '.join(unknown)}; it has {', '.join(self._places)}")
        return [results[self._places[name]] for name in output_names]

    def run_async(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Any],
        callback: Callable[[list[Any], Any, str], None],
        user_data: Any,
        run_options: RunOptions | None = None,
    ) -> None:
        """Runs on another thread and calls `callback(results, user_data, error text)` there."""
        from orchestra.program import _executor

        def work() -> None:
            try:
                results, error = self.run(output_names, input_feed, run_options), ""
            except Exception as failure:
                results, error = [], str(failure)
            callback(results, user_data, error)

        _executor().submit(work)


def get_available_providers() -> list[str]:
    """What models can run on: the CPU."""
    return [_CPU]


def get_device() -> str:
    """ "CPU", as ONNX Runtime spells it."""
    return "CPU"
