# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cases of the `onnx` package's backend suite, in a form a command line can take.

The package holds 2,033: node cases (built when it is imported), small graphs, graphs from
PyTorch, and the nine light networks. A case here is a model, named input arrays and named
expected outputs. An item of a sequence is an array "name.0", "name.1" and so on; an optional
that holds nothing has none. A case of which no output is the right one (random numbers) is
inexpressible: it is listed with that reason, not dropped.
"""

from __future__ import annotations

import pathlib
import re
import warnings
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator", "real")
# Of Dropout in training the suite expects the numbers of NumPy's generator; of these it does not.
RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
NATIVE = "?bhilqBHILQefd"  # numpy's own types; others travel as their bits
DATA = pathlib.Path(onnx.__file__).parent


@dataclass
class Case:
    """One case: `sets` are pairs of named inputs and expected outputs."""

    key: str
    model: onnx.ModelProto
    rtol: float
    atol: float
    sets: list[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]] = field(default_factory=list)
    inexpressible: str = ""


def raw_cases(kinds: tuple[str, ...]) -> dict[str, Any]:
    """key -> the package's TestCase."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {
            f"{kind}/{case.name}": case
            for kind in kinds
            for case in sorted(load_model_tests(kind=kind), key=lambda c: c.name)
        }


def model_file(raw: Any) -> pathlib.Path | None:
    if raw.model_dir:
        return pathlib.Path(raw.model_dir) / "model.onnx"
    if raw.url and raw.url.startswith("onnx/"):  # the light networks
        return DATA / raw.url.removeprefix("onnx/")
    return None


def model_of(raw: Any) -> onnx.ModelProto:
    return raw.model if raw.model is not None else onnx.load(model_file(raw))


def operators(model: onnx.ModelProto) -> set[str]:
    def walk(nodes: Any) -> Any:
        for node in nodes:
            yield f"{node.domain}::{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
            for attribute in node.attribute:
                for graph in (attribute.g, *attribute.graphs):
                    yield from walk(graph.node)

    return set(walk(model.graph.node)).union(*(walk(f.node) for f in model.functions))


def read_value(path: pathlib.Path, kind: onnx.TypeProto) -> Any:
    if kind.HasField("sequence_type"):
        return numpy_helper.to_list(onnx.SequenceProto.FromString(path.read_bytes()))
    return numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes()))


def raw_sets(raw: Any, model: onnx.ModelProto) -> list[tuple[list[Any], list[Any]]]:
    """Pairs of input and output values, in the order of the graph."""
    if raw.data_sets is not None:
        return [(list(inputs), list(outputs)) for inputs, outputs in raw.data_sets]
    given = {t.name for t in model.graph.initializer}
    if raw.model_dir:
        sets = []
        for folder in sorted(pathlib.Path(raw.model_dir).glob("test_data_set*")):
            sides = []
            for side, values in (("input", model.graph.input), ("output", model.graph.output)):
                count = len(list(folder.glob(f"{side}_*.pb")))
                sides.append([read_value(folder / f"{side}_{i}.pb", values[i].type) for i in range(count)])
            sets.append((sides[0], sides[1]))
        return sets
    path = model_file(raw)  # a light network: the input is drawn as the package draws it
    inputs = [
        Runner.generate_dummy_data(i, seed=0, name=raw.model_name) if i.name not in given else None
        for i in model.graph.input
    ]
    outputs = [
        read_value(path.with_name(f"{path.stem}_output_{i}.pb"), o.type) for i, o in enumerate(model.graph.output)
    ]
    return [(inputs, outputs)]


def arrays(name: str, value: Any) -> dict[str, np.ndarray]:
    """The arrays of a value: one, those of the items, or none."""
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    if value is None:
        return {}
    if isinstance(value, (list, tuple)):
        return {f"{name}.{i}": array for i, item in enumerate(value) for array in arrays(name, item).values()}
    array = np.asarray(value)
    return {name: array.astype(str) if array.dtype.kind in "OS" else array}


def bits(array: np.ndarray) -> np.ndarray:
    """The array, or its bits as unsigned integers for types that numpy lacks."""
    if array.dtype.char in NATIVE or array.dtype.kind == "U":
        return array
    return array.view({1: np.uint8, 2: np.uint16}[array.dtype.itemsize])


def build(key: str, raw: Any) -> Case:
    model = model_of(raw)
    case = Case(key, model, raw.rtol, raw.atol)
    # Any of the graph's inputs may be fed, one with an initialiser too: the case decides.
    for inputs, outputs in raw_sets(raw, model):
        sides: list[dict[str, np.ndarray]] = []
        for values, infos in ((inputs, model.graph.input), (outputs, model.graph.output)):
            side: dict[str, np.ndarray] = {}
            for info, value in zip(infos, values, strict=False):
                if value is None and any(t.name == info.name for t in model.graph.initializer):
                    continue
                side |= arrays(info.name, value)
            sides.append(side)
        case.sets.append((sides[0], sides[1]))
    if not any(outputs for _, outputs in case.sets):
        case.inexpressible = "no expected outputs"
    if RANDOM & operators(model):
        case.inexpressible = "random numbers: no output is the right one"
    return case


def subject(key: str, model: onnx.ModelProto) -> str:
    """What a case is about: its operator, or for several the first words of its name."""
    names = operators(model)
    if len(names) == 1:
        return next(iter(names)).lower()
    kind, _, name = key.partition("/")
    words = re.sub(r"^test_(operator_)?|_expanded.*$", "", name).lower().split("_")
    return f"{kind} " + " ".join(words[:2])


def sample(raw: dict[str, Any], keys: list[str], size: int, passing: set[str]) -> list[str]:
    """About `size` keys, the same each time: subjects in turn, what passes comes first."""
    groups: dict[str, list[str]] = {}
    for key in sorted(keys, key=lambda k: (k not in passing, zlib.crc32(k.encode()))):
        groups.setdefault(subject(key, model_of(raw[key])), []).append(key)
    order = sorted(groups, key=lambda g: (groups[g][0] not in passing, g))
    chosen: list[str] = []
    while len(chosen) < size and any(groups.values()):
        chosen += [groups[g].pop(0) for g in order if groups[g]]
    return sorted(chosen[:size])
