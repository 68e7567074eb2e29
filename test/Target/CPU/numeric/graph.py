# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes models on the waist as text, each beside the arrays it is run on.

Shapes are lists of dimension names; a name's size is a number in the text or,
if the name is in `dynamic`, a `?` whose size the inputs tell.
"""

import numpy as np

TYPES = {
    "f32": np.float32,
    "f64": np.float64,
    "f16": np.float16,
    "i8": np.int8,
    "i32": np.int32,
    "i64": np.int64,
    "i1": np.bool_,
}


class Value:
    def __init__(self, name, shape, element):
        self.name = name
        self.shape = list(shape)
        self.element = element


class Graph:
    """One entry function; `inputs` are the arrays it is computed from, by name."""

    def __init__(self, rng, sizes, dynamic=()):
        self.rng = rng
        self.sizes = dict(sizes)
        self.dynamic = set(dynamic)
        self.inputs = {}
        self.constants = set()  # names in `inputs` that are in the model
        self.arguments = []
        self.lines = []
        self.index = {}  # dynamic dimension name -> SSA value
        self.count = 0

    def fresh(self):
        self.count += 1
        return "%%v%d" % self.count

    def emit(self, text):
        self.lines.append("    " + text)

    def type(self, shape, element):
        dims = ["?" if d in self.dynamic else str(self.sizes[d]) for d in shape]
        return "tensor<%s>" % "x".join(dims + [element])

    def input(self, name, shape, element="f32", data=None):
        dims = [self.sizes[d] for d in shape]
        if data is None:
            data = self.random(dims, element)
        self.inputs[name] = np.ascontiguousarray(data, dtype=TYPES[element])
        value = Value("%in_" + name, shape, element)
        self.arguments.append(value)
        for i, dim in enumerate(shape):
            if dim in self.dynamic and dim not in self.index:
                at, self.index[dim] = self.fresh(), self.fresh()
                self.emit("%s = arith.constant %d : index" % (at, i))
                self.emit(
                    "%s = tensor.dim %s, %s : %s"
                    % (self.index[dim], value.name, at, self.type(shape, element))
                )
        return value

    def weight(self, name, shape, element="f32"):
        """A constant of the model, or an input where a size is dynamic."""
        if any(d in self.dynamic for d in shape) or self.rng.integers(3) == 0:
            return self.input(name, shape, element)
        dims = [self.sizes[d] for d in shape]
        data = np.ascontiguousarray(self.random(dims, element), dtype=TYPES[element])
        self.inputs[name] = data
        self.constants.add(name)
        value = Value("%in_" + name, shape, element)
        text = 'dense<"0x%s">' % data.tobytes().hex().upper() if data.size else "dense<>"
        self.emit("%s = arith.constant %s : %s" % (value.name, text, self.type(shape, element)))
        return value

    def random(self, dims, element):
        if element == "i1":
            return self.rng.integers(0, 2, dims)
        if element.startswith("i"):
            return self.rng.integers(-9, 10, dims)
        return self.rng.standard_normal(dims)

    def derive(self, name, size, formula, operands):
        """A dimension computed from others: an affine map's text."""
        self.sizes[name] = size
        if not any(d in self.dynamic for d in operands):
            return
        self.dynamic.add(name)
        self.index[name] = self.fresh()
        values = [self.size(d) for d in operands]
        names = ", ".join("s%d" % i for i in range(len(values)))
        self.emit(
            "%s = affine.apply affine_map<()[%s] -> (%s)>()[%s]"
            % (self.index[name], names, formula, ", ".join(values))
        )

    def size(self, dim):
        """The size of `dim` as a value."""
        if dim in self.dynamic:
            return self.index[dim]
        value = self.fresh()
        self.emit("%s = arith.constant %d : index" % (value, self.sizes[dim]))
        return value

    def scalar(self, number, element):
        value = self.fresh()
        if element.startswith("i"):
            text = str(int(number))
        elif number == -np.inf:
            text = {"f16": "0xFC00", "f32": "0xFF800000"}.get(element, "0xFFF0000000000000")
        else:
            text = "%e" % number
        self.emit("%s = arith.constant %s : %s" % (value, text, element))
        return value

    def empty(self, shape, element="f32"):
        value = Value(self.fresh(), shape, element)
        sizes = ", ".join(self.index[d] for d in shape if d in self.dynamic)
        self.emit("%s = tensor.empty(%s) : %s" % (value.name, sizes, self.type(shape, element)))
        return value

    def fill(self, shape, number=0.0, element="f32"):
        start, scalar = self.empty(shape, element), self.scalar(number, element)
        value = Value(self.fresh(), shape, element)
        self.emit(
            "%s = linalg.fill ins(%s : %s) outs(%s : %s) -> %s"
            % ((value.name, scalar, element, start.name) + (self.type(shape, element),) * 2)
        )
        return value

    def named(self, op, inputs, init, attributes=""):
        value = Value(self.fresh(), init.shape, init.element)
        kind = self.type(init.shape, init.element)
        self.emit(
            "%s = linalg.%s %s ins(%s : %s) outs(%s : %s) -> %s"
            % (
                value.name,
                op,
                attributes,
                ", ".join(v.name for v in inputs),
                ", ".join(self.type(v.shape, v.element) for v in inputs),
                init.name,
                kind,
                kind,
            )
        )
        return value

    def generic(self, loops, kinds, inputs, init, body):
        """`inputs`: (value, "d0, d2") pairs; `init`: such a pair; `body`: lines
        over %a, %b, ... and %out, the last of which names what is yielded."""
        operands = inputs + [init]
        maps = ["affine_map<(%s) -> (%s)>" % (loops, e) for _, e in operands]
        names = ["%%%s" % "abcdefgh"[i] for i in range(len(inputs))] + ["%out"]
        kind = self.type(init[0].shape, init[0].element)
        value = Value(self.fresh(), init[0].shape, init[0].element)
        ins = ""
        if inputs:
            ins = "ins(%s : %s)" % (
                ", ".join(v.name for v, _ in inputs),
                ", ".join(self.type(v.shape, v.element) for v, _ in inputs),
            )
        self.emit(
            "%s = linalg.generic {indexing_maps = [%s], iterator_types = [%s]} %s outs(%s : %s) {"
            % (
                value.name,
                ", ".join(maps),
                ", ".join('"%s"' % {"p": "parallel", "r": "reduction"}[k] for k in kinds),
                ins,
                init[0].name,
                kind,
            )
        )
        arguments = ", ".join("%s: %s" % (n, v.element) for n, (v, _) in zip(names, operands))
        self.emit("^bb0(%s):" % arguments)
        for line in body[:-1]:
            self.emit("  " + line)
        self.emit("  linalg.yield %s : %s" % (body[-1], init[0].element))
        self.emit("} -> %s" % kind)
        return value

    def text(self, results):
        arguments = ", ".join(
            '%s: %s {orchestra.name = "%s"}'
            % (v.name, self.type(v.shape, v.element), v.name[len("%in_") :])
            for v in self.arguments
        )
        types = [self.type(v.shape, v.element) for v in results]
        outs = ", ".join('%s {orchestra.name = "y%d"}' % (t, i) for i, t in enumerate(types))
        return "\n".join(
            ["module @case {", "  func.func @main(%s) -> (%s) attributes {orchestra.entry} {" % (arguments, outs)]
            + self.lines
            + [
                "    return %s : %s" % (", ".join(v.name for v in results), ", ".join(types)),
                "  }",
                "}",
                "",
            ]
        )
