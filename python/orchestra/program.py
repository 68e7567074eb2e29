# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiling models and running them: `compile`, `load`, `Program`."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy

from orchestra import _dtypes as _dtypes  # the table must be known before any array
from orchestra import _native
from orchestra.errors import CompileWarning, Fault, InputError, SaveError
from orchestra.explanation import Explanation, KernelCall, roofline
from orchestra.outputs import Outputs, outputs_class


class Exported(Protocol):
    """What is used of a `jax.export.Exported`; jax need not be installed."""

    @property
    def fun_name(self) -> str: ...
    @property
    def mlir_module_serialized(self) -> bytes: ...


class Lowered(Protocol):
    """What is used of a `jax.stages.Lowered`."""

    def compiler_ir(self, dialect: str | None = None) -> Any: ...


if TYPE_CHECKING:
    import onnx

    Model: TypeAlias = (
        str
        | os.PathLike[str]
        | bytes
        | bytearray
        | memoryview
        | onnx.ModelProto
        | Exported
        | Lowered
    )


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """An input or output as the model declares it."""

    name: str
    type: str  #: the element type as messages spell it, "f32"
    dtype: numpy.dtype[Any]
    shape: tuple[int | str | None, ...]  #: a size, the name of a dynamic dim, or None

    def __str__(self) -> str:
        dims = ",".join("?" if dim is None else str(dim) for dim in self.shape)
        return f"{self.name}: {self.type}[{dims}]"


@dataclasses.dataclass(frozen=True)
class CompileReport:
    """What a compilation did."""

    seconds: float
    phases: dict[str, float]  #: seconds by the phase's name
    from_cache: bool  #: nothing had to be compiled
    kernels: int  #: different kernels
    kernels_from_cache: int
    calls: int  #: kernel calls of one run
    code_bytes: int
    weight_bytes: int
    target: str
    warnings: tuple[str, ...]


class Program:
    """A compiled model. `compile` and `load` make it.

    Call it with the model's inputs, by place or by name; it returns `Outputs`. Any number of
    threads may call one program at once: each run has memory of its own, and Python's lock is
    free while it goes on.

    **Arrays that go in** are used where they are: NumPy arrays, and any CPU array that speaks
    DLPack (torch, jax). They must have the input's element type; another type is an `InputError`,
    never a silent conversion. Copied are: strided arrays, types of fewer than 8 bits, strings (arrays
    of `str`), and numbers and lists, which get the input's type if that loses nothing of their kind.

    **Arrays that come out** are NumPy arrays that own the memory that the program wrote, aligned
    to 64 bytes; `torch.from_dlpack` takes them without a copy.
    """

    __slots__ = ("_artefact", "_class", "_native", "_run", "inputs", "outputs")

    inputs: tuple[TensorInfo, ...]  #: in the model's order
    outputs: tuple[TensorInfo, ...]  #: in the model's order

    def __init__(self, native: _native.Program, artefact: str | None = None) -> None:
        """For `compile` and `load`."""
        self._native = native
        self._artefact = artefact  # the file that it was loaded from
        self._run = native.run
        self.inputs = tuple(TensorInfo(*tensor) for tensor in native.inputs)
        self.outputs = tuple(TensorInfo(*tensor) for tensor in native.outputs)
        self._class = outputs_class(tuple(tensor.name for tensor in self.outputs))

    def __call__(self, /, *inputs: Any, **named: Any) -> Outputs:
        """Runs once. Inputs by place, by name, or one dict with all of them.

        >>> program = orchestra.compile(digits)
        >>> program(image=numpy.zeros((2, 1, 8, 8), "float32"))["probabilities"].shape
        (2, 10)
        """
        return self._run(inputs, named, self._class)

    def run_async(self, /, *inputs: Any, **named: Any) -> concurrent.futures.Future[Outputs]:
        """Starts a run on another thread. In a coroutine: `await asyncio.wrap_future(...)`.

        The inputs must not change until the future is done.

        >>> future = orchestra.compile(digits).run_async(numpy.zeros((1, 1, 8, 8), "float32"))
        >>> future.result()[0].shape
        (1, 10)
        """
        return _executor().submit(self._run, inputs, named, self._class)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._native.name

    @property
    def target(self) -> str:
        """The machine it was compiled for, such as "x86_64 znver4 +avx512f,..."."""
        return self._native.target

    @property
    def threads(self) -> int:
        """Threads that one run uses."""
        return self._native.threads

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that it was planned for; none: this machine's CPU."""
        return tuple(self._native.devices)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the artefact says of itself."""
        found: dict[str, Any] = json.loads(self._native.metadata)
        return found

    @property
    def report(self) -> CompileReport | None:
        """What the compilation did; None for a loaded artefact."""
        report = self._native.report
        if report is None:
            return None
        fields: dict[str, Any] = {**report, "warnings": tuple(report["warnings"])}
        return CompileReport(**fields)

    def save(self, path: str | os.PathLike[str], *, external_weights: bool = False) -> list[str]:
        """Writes the program as a shared library, and returns the paths of all files written.

        `orchestra.load` reads it, and so does any C program with the small runtime library.
        `external_weights` puts the weights into a safetensors file beside it. A program that was
        loaded is copied as it is.
        """
        path = os.fspath(path)
        if self._artefact is None:
            return self._native.save(path, external_weights)
        if external_weights:
            raise SaveError(
                f"{path}: error: only a compiled program can put its weights apart [usage]\n"
                "  note: this one was loaded from an artefact\n  help: compile the model again",
                Fault.USAGE,
            )
        return _copy_artefact(self._artefact, path)

    def explain(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        dims: Mapping[str, int] | None = None,
        runs: int = 10,
    ) -> Explanation:
        """Measures which kernel computes which node, how fast, and how near the machine's limits.

        Without inputs it makes random ones; named dynamic dims are then as in `dims`, others 1.

        >>> explanation = orchestra.compile(digits).explain(dims={"batch": 4})
        >>> "conv2d" in str(explanation)
        True
        """
        if runs < 1:
            raise ValueError("runs must be at least 1")
        seconds, threads, gflops, gbytes, times = self._native.profile((), dict(inputs or {}), dict(dims or {}), runs)
        calls = (
            KernelCall(
                nodes=tuple(nodes),
                kernel=kernel,
                seconds=took,
                flops=None if flops < 0 else flops,
                bytes=None if amount < 0 else amount,
                roofline=roofline(flops, amount, took, gflops, gbytes),
                device=device,
            )
            for (kernel, nodes, flops, amount), (took, device) in zip(self._native.calls, times, strict=True)
            if took >= 0  # else of code for other shapes
        )
        return Explanation(seconds, threads, gflops, gbytes, tuple(calls))

    def __repr__(self) -> str:
        inputs = ", ".join(map(str, self.inputs))
        outputs = ", ".join(map(str, self.outputs))
        return f"<orchestra.Program {self.name!r}: ({inputs}) -> ({outputs})>"


def compile(
    model: Model,
    *,
    target: str = "host",
    cpu: str = "",
    features: str = "",
    threads: int = 0,
    dims: Mapping[str, int] | None = None,
    specialize: Sequence[Mapping[str, int]] = (),
    inputs: Mapping[str, Any] | None = None,
    fix_shapes: bool = False,
    cache: bool | str | os.PathLike[str] = True,
    strategy: str | os.PathLike[str] | None = None,
    reference: bool = False,
    topology: str | os.PathLike[str] | None = None,
    objective: str = "latency",
    in_flight: int = 4,
    place: Mapping[str, str] | None = None,
    task_times: str | os.PathLike[str] | None = None,
    branches: str | os.PathLike[str] | None = None,
    opt_level: int = 2,
    jobs: int = 0,
    name: str = "model.onnx",
) -> Program:
    """Compiles a model to native code in this process.

    `model`: the path of an `.onnx` file (or of MLIR, `.mlir` and `.mlirbc`, or of a portable
    artefact of StableHLO), an `onnx.ModelProto`, what `jax.export` exported, a lowered function of
    JAX, or the bytes of one. A model whose weights lie in other files must be given by path.
    `orchestra.jax`, `orchestra.keras` and `orchestra.tensorflow` have more for those.

    - `target`: "host", an architecture, a triple, or a GPU to emulate ("emulated:nvidia_hopper");
      `cpu` and `features` as LLVM names them.
    - `threads`: that run it; 0: one for each CPU. `jobs`: that compile it.
    - `dims`: sizes for named dynamic dims, fixed in the code.
    - `specialize`: shapes that get code of their own beside the general one, as sizes of named
      dynamic dims, `[{"batch": 1, "seq": 128}]`; each run takes the first that fits.
    - `inputs`: of the runs to come, by name, a list of arrays for a sequence; for models whose
      structure follows from values of inputs (`needs-inputs`), which then must stay as they are.
      `fix_shapes`: all their sizes stay as well.
    - `cache`: False for none, or the cache's folder.
    - `strategy`: a strategy script; `reference`: plain loops, slow, to check results against.
    - `topology`: a machine of several devices to plan for, with `objective` ("latency" or
      "throughput"), `in_flight`, `place` (node to device) and `task_times` as `orchestra plan`
      has them, `branches` as `orchestra run --profile-branches` writes it.
    - `opt_level`: LLVM's effort, 0 to 3.
    - `name`: stands for the file in messages, for a model in memory.

    Raises `CompileError` with all that is wrong with the model, and `InputError` if `inputs` are not
    the model's.

    >>> orchestra.compile(digits)
    <orchestra.Program 'digits': (image: f32[batch,1,8,8]) -> (probabilities: f32[batch,10])>
    """
    path, data = _source(model, name)
    _check_number("threads", threads, 0, _native.MAX_THREADS)
    _check_number("jobs", jobs, 0, 1024)
    _check_number("in_flight", in_flight, 1, 1024)
    _check_number("opt_level", opt_level, 0, 3)
    if objective not in ("latency", "throughput"):
        raise ValueError(f"objective must be 'latency' or 'throughput', not {objective!r}")
    if dims is not None and not isinstance(dims, Mapping):
        raise TypeError(f"dims must be a dict of sizes by name, not {type(dims).__name__}")
    for dim, size in (dims or {}).items():
        _check_number(f"dims[{dim!r}]", size, 0, 2**62)
    for shape in specialize:
        if not isinstance(shape, Mapping):
            raise TypeError(f"specialize must be a list of dicts of sizes by name, not of {type(shape).__name__}")
        for dim, size in shape.items():
            _check_number(f"specialize[...][{dim!r}]", size, 0, 2**62)
    if inputs is not None and not isinstance(inputs, Mapping):
        raise TypeError(f"inputs must be a dict of arrays by name, not {type(inputs).__name__}")
    if fix_shapes and not inputs:
        raise ValueError("fix_shapes needs inputs, whose shapes it fixes")
    options: dict[str, Any] = {
        "target": target,
        "cpu": cpu,
        "features": features,
        "reference": reference,
        "objective": objective,
        "in_flight": in_flight,
        "place": [f"{node}={device}" for node, device in (place or {}).items()],
        "dims": dict(dims or {}),
        "specialize": [",".join(f"{dim}={size}" for dim, size in shape.items()) for shape in specialize],
        "inputs": _known(inputs or {}),
        "fix_shapes": fix_shapes,
        "opt_level": opt_level,
        "jobs": jobs,
        "use_cache": cache is not False,
        "cache_folder": "" if isinstance(cache, bool) else os.fspath(cache),
    }
    for key, file in (("strategy", strategy), ("topology", topology), ("task_times", task_times), ("branches", branches)):
        options[key] = "" if file is None else os.fspath(file)
    program = Program(_native.compile(path, data, threads, **options))
    _check_known(program, inputs or {}, path)
    if program.report is not None:
        for text in program.report.warnings:
            warnings.warn(text, CompileWarning, stacklevel=2)
    return program


def load(path: str | os.PathLike[str], *, threads: int = 0) -> Program:
    """Loads an artefact, a `.so` that `Program.save` or `orchestra compile` wrote.

    `threads`: that run it; 0: one for each CPU. Raises `LoadError`.
    """
    path = os.fspath(path)
    _check_number("threads", threads, 0, _native.MAX_THREADS)
    return Program(_native.load(path, threads), artefact=path)


def _source(model: Model, name: str) -> tuple[str, bytes | None]:
    """The path, or the name and bytes, of a model."""
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model), None
    if isinstance(model, (bytes, bytearray, memoryview)):
        return name, bytes(model)  # of bytes, itself
    serialize = getattr(model, "SerializeToString", None)
    if serialize is not None:
        return name, serialize()
    if hasattr(model, "mlir_module_serialized") or hasattr(model, "compiler_ir"):
        from orchestra._stablehlo import text_of

        return text_of(model)
    raise TypeError(
        f"a model is a path, bytes, an onnx.ModelProto or JAX's Exported or Lowered, not {type(model).__name__}"
    )


def _known(inputs: Mapping[str, Any]) -> dict[str, tuple[list[int], list[int] | None]]:
    """Sizes of inputs, and the elements of those that may be shapes, axes or positions."""
    known: dict[str, tuple[list[int], list[int] | None]] = {}
    for name, value in inputs.items():
        items = {f"{name}.{i}": item for i, item in enumerate(value)} if isinstance(value, (list, tuple)) else {}
        items[name] = value  # of which the model knows one
        for key, item in items.items():
            try:
                array = numpy.asarray(item)
            except ValueError:
                continue  # a list of arrays of several shapes
            small = array.size <= 64 and array.dtype in (numpy.int64, numpy.int32, numpy.bool_)
            known[key] = (list(array.shape), [int(element) for element in array.flat] if small else None)
    return known


def _check_known(program: Program, inputs: Mapping[str, Any], path: str) -> None:
    """Inputs that were given to a compilation are the model's, in type and shape."""
    infos = {info.name: info for info in program.inputs}
    problems: list[str] = []
    for name, value in inputs.items():
        items = {f"{name}.{i}": item for i, item in enumerate(value)} if isinstance(value, (list, tuple)) else {name: value}
        if name in infos:
            items = {name: value}
        for key, item in items.items():
            info = infos.get(key)
            if info is None:
                known = ", ".join(infos) or "none"
                problems.append(f"{path}: error: the model has no input '{key}' [input-mismatch]\n  note: its inputs are {known}")
                continue
            array = numpy.asarray(item)
            found = f"\n  note: it is {array.dtype} {list(array.shape)}; the model has {info}"
            # Numbers and lists have no type of their own.
            strings = array.dtype.kind in "UOST" and info.type == "string"
            if hasattr(item, "dtype") and array.dtype != info.dtype and not strings:
                problems.append(f"{path}:/{key}: error: input '{key}' has another element type [tensor-type]{found}")
            elif len(info.shape) != array.ndim:
                problems.append(f"{path}:/{key}: error: input '{key}' has another number of dimensions [tensor-shape]{found}")
            elif any(isinstance(want, int) and want != size for want, size in zip(info.shape, array.shape, strict=True)):
                problems.append(f"{path}:/{key}: error: input '{key}' has another shape [tensor-shape]{found}")
    if problems:
        raise InputError("\n".join(problems), Fault.INPUT)


def _check_number(name: str, value: int, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, numpy.integer)):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}, not {value}")


def _copy_artefact(source: str, target: str) -> list[str]:
    """Copies an artefact and its weights, if they lie beside it under the name it gives them."""
    written = [target]
    weights = os.path.splitext(source)[0] + ".safetensors"
    try:
        shutil.copyfile(source, target)
        if os.path.exists(weights):
            beside = os.path.join(os.path.dirname(target), os.path.basename(weights))
            shutil.copyfile(weights, beside)
            written.append(beside)
    except OSError as error:
        raise SaveError(
            f"{target}: error: the file cannot be written [unwritable-file]\n  note: {error.strerror or error}",
            Fault.ENVIRONMENT,
        ) from error
    return written


_threads: concurrent.futures.ThreadPoolExecutor | None = None


def _executor() -> concurrent.futures.ThreadPoolExecutor:
    """The threads of `run_async`, of all programs."""
    global _threads
    if _threads is None:
        _threads = concurrent.futures.ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="orchestra")
    return _threads


def _forget_executor() -> None:
    global _threads
    _threads = None


os.register_at_fork(after_in_child=_forget_executor)  # threads do not survive a fork
