# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What operators a model needs: counts, and the attribute values that matter."""

from __future__ import annotations

import collections
import pathlib

import onnx
from onnx import helper


def nodes_of(graph: onnx.GraphProto):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from nodes_of(attribute.g)


def brief(attribute: onnx.AttributeProto) -> str:
    if attribute.type == onnx.AttributeProto.TENSOR:
        return f"tensor<{list(attribute.t.dims)},{onnx.TensorProto.DataType.Name(attribute.t.data_type)}>"
    if attribute.type == onnx.AttributeProto.GRAPH:
        return "graph"
    value = helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else str(value)


class Usage:
    """The union over models: (op, opset) -> how often, where, with which attributes."""

    def __init__(self):
        self.count = collections.Counter()
        self.models = collections.defaultdict(set)
        self.attributes = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
        self.arity = collections.defaultdict(set)

    def add(self, name: str, path: pathlib.Path) -> None:
        model = onnx.load(path, load_external_data=False)
        opsets = {o.domain or "ai.onnx": o.version for o in model.opset_import}
        bodies = [model.graph.node, *(f.node for f in model.functions)]
        for node in [n for n in nodes_of(model.graph)] + [n for b in bodies[1:] for n in b]:
            domain = node.domain or "ai.onnx"
            op = node.op_type if domain == "ai.onnx" else f"{domain}::{node.op_type}"
            key = (op, opsets.get(domain, 0))
            self.count[key] += 1
            self.models[key].add(name)
            self.arity[key].add("".join("x" if i else "_" for i in node.input) + ">" + str(len(node.output)))
            for attribute in node.attribute:
                self.attributes[key][attribute.name][brief(attribute)] += 1

    def markdown(self, values: int = 8) -> str:
        lines = ["| op | opset | nodes | inputs>outputs | attributes (value: times) | models |", "|-|-|-|-|-|-|"]
        for key in sorted(self.count):
            attributes = "; ".join(
                f"{name}: "
                + ", ".join(f"{v} ({n})" for v, n in c.most_common(values))
                + (f", {len(c) - values} more" if len(c) > values else "")
                for name, c in sorted(self.attributes[key].items())
            )
            lines.append(
                f"| {key[0]} | {key[1]} | {self.count[key]} | {', '.join(sorted(self.arity[key]))} "
                f"| {attributes.replace('|', '/')} | {', '.join(sorted(self.models[key]))} |"
            )
        return "\n".join(lines) + "\n"
