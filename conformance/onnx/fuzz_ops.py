# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random nodes for the fuzzer: what an operator takes, in all corners that are valid.

A case is a function of its number: one node with its inputs. Each generator below makes
the nodes of a family of operators; `Case` draws shapes, types and values for it. Values are
such that two right implementations agree: away from jumps of rounding and conversions, and
of sums short enough for the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 20
FLOATS = (np.float32, np.float32, np.float32, np.float64, np.float16)
SIGNED = (np.int64, np.int32, np.int8, np.int16)
UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)
INTEGERS = (*SIGNED, *UNSIGNED)
NUMBERS = (*FLOATS, *INTEGERS)
ANY = (*NUMBERS, np.bool_)
Shape = tuple[int, ...]


@dataclass
class Case:
    """One node under construction. `small`, 0 to 3: how large sizes may be; the reducer lowers it."""

    random: np.random.Generator
    small: int = 3
    op: str = ""
    attributes: dict = field(default_factory=dict)
    inputs: list[tuple[str, np.ndarray | None, bool]] = field(default_factory=list)
    outputs: int = 1
    exact: bool = False
    loose: float = 1.0

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def among(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def choice(self, options: Sequence):
        return options[self.among(0, len(options) - 1)]

    def size(self, zero: bool = True) -> int:
        if zero and self.chance(0.04):
            return 0
        return int(self.choice(((1, 2), (1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 33))[self.small]))

    def shape(self, low: int = 0, high: int = 5, zero: bool = True) -> Shape:
        rank = self.among(low, min(high, (2, 3, 4, 5)[self.small]) if self.small < 3 else high)
        dims = [self.size(zero) for _ in range(max(rank, low))]
        while np.prod(dims, dtype=np.int64) > 20000:
            dims[int(np.argmax(dims))] = 2
        return tuple(dims)

    def values(self, shape: Shape, dtype, low: float = -4, high: float = 4) -> np.ndarray:
        if dtype == np.bool_:
            return self.random.random(shape) < 0.5
        if np.issubdtype(dtype, np.integer):
            info = np.iinfo(dtype)
            return self.random.integers(max(int(low), info.min), min(int(high), info.max), shape, endpoint=True).astype(dtype)
        return self.random.uniform(low, high, shape).astype(dtype)

    def whole(self, shape: Shape, dtype, low: int = -6, high: int = 6) -> np.ndarray:
        """Integers in any type: sums of them are exact, conversions do not jump."""
        low = 0 if np.issubdtype(dtype, np.unsignedinteger) else low
        return self.random.integers(low, high, shape, endpoint=True).astype(dtype)

    def give(self, array: np.ndarray | None, constant: float = 0.25) -> np.ndarray | None:
        """The next input; sometimes an initializer."""
        self.inputs.append((f"x{len(self.inputs)}", array, array is not None and self.chance(constant)))
        return array

    def axis(self, rank: int) -> int:
        return self.among(-rank, rank - 1)

    def broadcast(self, shape: Shape) -> Shape:
        """A shape that broadcasts to `shape`."""
        dims = [1 if self.chance(0.35) else d for d in shape]
        return tuple(dims[self.among(0, len(dims)) if dims and self.chance(0.4) else 0 :])


UNARY = {
    "Abs": (NUMBERS, -4, 4), "Neg": ((*FLOATS, *SIGNED), -4, 4), "Sign": (NUMBERS, -4, 4),
    "Exp": (FLOATS, -3, 3), "Log": (FLOATS, 0.1, 9), "Sqrt": (FLOATS, 0.1, 9), "Reciprocal": (FLOATS, 0.5, 4),
    "Sin": (FLOATS[:4], -7, 7), "Cos": (FLOATS[:4], -7, 7), "Tan": (FLOATS[:3], -1.2, 1.2), "Asin": (FLOATS[:3], -0.9, 0.9),
    "Acos": (FLOATS[:3], -0.9, 0.9), "Atan": (FLOATS[:3], -4, 4), "Sinh": (FLOATS[:3], -3, 3), "Cosh": (FLOATS[:3], -3, 3),
    "Asinh": (FLOATS[:3], -4, 4), "Acosh": (FLOATS[:3], 1.2, 5), "Atanh": (FLOATS[:3], -0.9, 0.9), "Erf": (FLOATS[:3], -3, 3),
    "Sigmoid": (FLOATS, -9, 9), "Tanh": (FLOATS, -5, 5), "Relu": (FLOATS, -4, 4), "Softplus": (FLOATS[:3], -9, 9),
    "Softsign": (FLOATS[:3], -4, 4), "HardSwish": (FLOATS[:3], -5, 5), "Mish": (FLOATS[:3], -5, 5), "Identity": (ANY, -4, 4),
    "Not": ((np.bool_,), 0, 1), "BitwiseNot": (INTEGERS, -9, 9), "Size": (ANY, -4, 4), "Shape": (ANY, -4, 4),
    "IsNaN": (FLOATS, -4, 4), "IsInf": (FLOATS[:4], -4, 4),
}  # fmt: skip


def unary(c: Case) -> None:
    c.op = c.choice(sorted(UNARY))
    types, low, high = UNARY[c.op]
    x = c.values(c.shape(), c.choice(types), low, high)
    if c.op in ("IsNaN", "IsInf", "Abs", "Neg", "Relu", "Sign") and x.dtype.kind == "f" and x.size:
        x.flat[c.among(0, x.size - 1)] = c.choice((np.inf, -np.inf) if c.op in ("Relu", "Sign") else (np.nan, np.inf, -np.inf))
    if c.op == "Shape" and c.chance(0.5):
        c.attributes = {"start": c.among(-6, 6), "end": c.among(-6, 6)}
    c.give(x, 0.1)


def parametric(c: Case) -> None:
    """Activations with attributes, and rounding away from the jumps."""
    c.op = c.choice(("LeakyRelu", "Elu", "Selu", "ThresholdedRelu", "HardSigmoid", "Celu", "Shrink", "Gelu", "Ceil", "Floor", "Round"))
    x = c.values(c.shape(), np.float32, -5, 5)
    if c.op in ("Ceil", "Floor", "Round"):
        x = np.floor(x) + c.choice((np.float32(0.25), np.float32(0.5), np.float32(0.75)))
    elif c.op == "Gelu":
        c.attributes = {"approximate": c.choice(("none", "tanh"))}
    elif c.op == "Shrink":
        c.attributes = {"lambd": 1.5, "bias": float(c.among(0, 2))}
    elif c.op == "HardSigmoid":
        c.attributes = {"alpha": 0.3, "beta": 0.4} if c.chance(0.5) else {}
    elif c.op != "Selu" and c.chance(0.7):
        c.attributes = {"alpha": c.choice((0.01, 0.5, 1.5))}
    c.give(x, 0.1)


def binary(c: Case) -> None:
    c.op = c.choice(("Add", "Sub", "Mul", "Div", "Pow", "Mod", "PRelu", "Max", "Min", "Mean", "Sum", "BitShift"))
    a = c.shape()
    b = c.broadcast(a)
    if c.op == "BitShift":
        dtype, c.attributes = c.choice(UNSIGNED), {"direction": c.choice(("LEFT", "RIGHT"))}
        c.give(c.values(a, dtype, 0, 9)), c.give(c.values(b, dtype, 0, 5))
        return
    if c.op in ("Max", "Min", "Mean", "Sum"):
        dtype = c.choice(NUMBERS if c.op in ("Max", "Min") else FLOATS)
        for shape in [a, b, c.broadcast(a)][: c.among(1, 3)]:
            c.give(c.values(shape, dtype))
        return
    if c.op in ("Div", "Mod"):
        dtype = c.choice((*FLOATS, np.int32, np.int64, np.uint8) if c.op == "Div" else (*INTEGERS, np.float32))
        x, y = c.values(a, dtype, -50, 50), c.values(b, dtype, 1, 7)
        if dtype not in UNSIGNED and c.chance(0.5):
            y = (-y).astype(dtype)
        if c.op == "Mod" and (np.issubdtype(dtype, np.floating) or c.chance(0.5)):
            c.attributes = {"fmod": 1}
            x, y = (x, y) if dtype != np.float32 else (np.round(x) + dtype(0.5), np.round(y) * dtype(1))
    elif c.op == "Pow":
        dtype = c.choice((np.float32, np.float32, np.int32))
        x, y = c.values(a, dtype, 1, 3), c.values(b, c.choice((np.float32, np.int64)) if dtype == np.float32 else dtype, 0, 3)
    else:
        dtype = c.choice(FLOATS if c.op == "PRelu" else NUMBERS)
        x, y = c.values(a, dtype), c.values(b, dtype)
    if c.op != "PRelu" and c.chance(0.3) and c.op not in ("Div", "Mod", "Pow"):
        x, y = y, x
    c.give(x), c.give(y)


def logical(c: Case) -> None:
    a = c.shape()
    kind = c.among(0, 2)
    if kind == 0:
        c.op, types = c.choice(("And", "Or", "Xor")), (np.bool_,)
    elif kind == 1:
        c.op, types = c.choice(("BitwiseAnd", "BitwiseOr", "BitwiseXor")), INTEGERS
    else:
        c.op = c.choice(("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"))
        types = (*NUMBERS, np.bool_) if c.op == "Equal" else NUMBERS
    dtype = c.choice(types)
    c.give(c.values(a, dtype, -2, 2)), c.give(c.values(c.broadcast(a), dtype, -2, 2))


def select(c: Case) -> None:
    a = c.shape()
    if c.chance(0.5):
        c.op, dtype = "Where", c.choice(ANY)
        c.give(c.values(c.broadcast(a), np.bool_)), c.give(c.values(a, dtype)), c.give(c.values(c.broadcast(a), dtype))
        return
    c.op, dtype = "Clip", c.choice(NUMBERS)
    c.give(c.values(a, dtype), 0.1)
    c.give(np.array(1, dtype) if c.chance(0.7) else None, 0.5)
    if c.chance(0.7):
        c.give(np.array(3, dtype), 0.5)


def cast(c: Case) -> None:
    """Whole numbers small enough for every type; bool gets what is not zero."""
    c.op = "Cast"
    source, target = c.choice(ANY), c.choice(ANY)
    low = 0 if np.issubdtype(source, np.unsignedinteger) or np.issubdtype(target, np.unsignedinteger) else -9
    c.attributes = {"to": helper.np_dtype_to_tensor_dtype(np.dtype(target))}
    c.give(c.values(c.shape(), np.bool_) if source == np.bool_ else c.whole(c.shape(), source, low, 9), 0.1)


REDUCTIONS = ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")


def reduction(c: Case) -> None:
    kind = c.choice(REDUCTIONS)
    c.op = "Reduce" + kind
    empty_ok = kind in ("Sum", "Prod", "L1", "L2", "SumSquare")
    shape = c.shape(zero=empty_ok)
    dtype = c.choice((np.float32, np.float32, np.float64, np.int32, np.int64) if kind != "LogSum" else (np.float32,))
    low, high = {"Prod": (0.7, 1.4), "LogSum": (0.5, 3)}.get(kind, (-3, 3))
    x = c.values(shape, dtype, low, high) if np.issubdtype(dtype, np.floating) else c.values(shape, dtype, 1 if kind == "Prod" else -3, 1 if kind == "Prod" else 3)
    if kind in ("Mean", "L2", "LogSumExp") and not np.issubdtype(dtype, np.floating):
        x = x.astype(np.float32)
    c.give(x, 0.1)
    c.attributes["keepdims"] = c.among(0, 1)
    if c.chance(0.8):
        rank = len(shape)
        axes = [int(a) - (rank if c.chance(0.4) else 0) for a in c.random.permutation(rank)[: c.among(0, rank)]]
        c.give(np.array(axes, np.int64), 1.0 if c.chance(0.9) else 0.0)
        if c.chance(0.3):
            c.attributes["noop_with_empty_axes"] = 1


def along(c: Case) -> None:
    """Operators along one axis."""
    c.op = c.choice(("Softmax", "LogSoftmax", "Hardmax", "ArgMax", "ArgMin", "CumSum", "TopK", "LpNormalization"))
    shape = c.shape(1, zero=False)
    axis = c.axis(len(shape))
    dtype = c.choice({"CumSum": (np.float32, np.int32, np.int64), "ArgMax": (np.float32, np.int32, np.int8), "ArgMin": (np.float32, np.int32)}.get(c.op, (np.float32,)))
    x = c.values(shape, dtype)
    if c.op in ("TopK", "Hardmax"):  # no ties: their order is not said
        x = c.random.permutation(x.size).reshape(shape).astype(np.float32)
    c.give(x, 0.1)
    if c.op == "CumSum":
        c.give(np.array(axis, np.int64 if c.chance(0.5) else np.int32), 0.9)
        c.attributes = {"exclusive": c.among(0, 1), "reverse": c.among(0, 1)}
    elif c.op == "TopK":
        c.give(np.array([c.among(0, shape[axis])], np.int64), 0.8)
        c.attributes, c.outputs = {"axis": axis, "largest": c.among(0, 1)}, 2
    elif c.op in ("ArgMax", "ArgMin"):
        c.attributes = {"axis": axis, "keepdims": c.among(0, 1), "select_last_index": c.among(0, 1)}
    elif c.op == "LpNormalization":
        c.attributes = {"axis": axis, "p": c.among(1, 2)}
    else:
        c.attributes = {"axis": axis}


def reshaping(c: Case) -> None:
    c.op = c.choice(("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Tile"))
    shape, dtype = c.shape(), c.choice(ANY)
    rank = len(shape)
    if c.op == "Transpose":
        c.give(c.values(shape, dtype), 0.1)
        c.attributes = {"perm": [int(i) for i in c.random.permutation(rank)]} if c.chance(0.8) and rank else {}
    elif c.op == "Reshape":
        c.give(c.values(shape, dtype), 0.1)
        target = list(shape)
        if rank > 1 and c.chance(0.6):
            i = c.among(0, rank - 2)
            target[i : i + 2] = [target[i] * target[i + 1]]
        if target and 0 not in target and c.chance(0.5):
            target[c.among(0, len(target) - 1)] = -1
        elif c.chance(0.3):
            target = [*target, 1]
        if 0 in target:
            c.attributes = {"allowzero": 1}
        c.give(np.array(target, np.int64), 0.8)
    elif c.op == "Squeeze":
        shape = tuple(1 if c.chance(0.5) else d for d in shape)
        c.give(c.values(shape, dtype), 0.1)
        ones = [i - (rank if c.chance(0.3) else 0) for i, d in enumerate(shape) if d == 1 and c.chance(0.7)]
        c.give(np.array(ones, np.int64), 1.0) if ones else None
    elif c.op == "Unsqueeze":
        c.give(c.values(shape[:3], dtype), 0.1)
        out = len(shape[:3]) + 2
        c.give(np.array([int(a) - (out if c.chance(0.4) else 0) for a in c.random.permutation(out)[:2]], np.int64), 1.0)
    elif c.op == "Flatten":
        c.give(c.values(shape, dtype), 0.1)
        c.attributes = {"axis": c.among(-rank, rank)}
    elif c.op == "Expand":
        c.give(c.values(c.broadcast(shape), dtype), 0.1)
        c.give(np.array(shape, np.int64), 0.7)
    else:
        shape = shape[:3]
        c.give(c.values(shape, dtype), 0.1)
        c.give(np.array([c.among(0, 3) if c.chance(0.2) else c.among(1, 3) for _ in shape], np.int64), 0.7)


def joining(c: Case) -> None:
    c.op = c.choice(("Concat", "Split", "Slice", "Pad", "Trilu", "DepthToSpace", "SpaceToDepth", "ReverseSequence"))
    dtype = c.choice(ANY)
    shape = c.shape(1)
    rank = len(shape)
    axis = c.axis(rank)
    if c.op == "Concat":
        c.attributes = {"axis": axis}
        for _ in range(c.among(1, 4)):
            part = list(shape)
            part[axis] = c.size()
            c.give(c.values(tuple(part), dtype))
    elif c.op == "Split":
        parts = [c.among(0, 4) for _ in range(c.among(1, 4))]
        whole = list(shape)
        c.outputs = len(parts)
        if c.chance(0.4):
            each = c.among(1, 4)
            whole[axis] = max(each * (len(parts) - 1) + c.among(1, each), 1)
            c.attributes = {"axis": axis, "num_outputs": len(parts)}
            c.give(c.values(tuple(whole), dtype), 0.1)
        else:
            whole[axis] = sum(parts)
            c.attributes = {"axis": axis}
            c.give(c.values(tuple(whole), dtype), 0.1), c.give(np.array(parts, np.int64), 1.0)
    elif c.op == "Slice":
        c.give(c.values(shape, dtype), 0.1)
        axes = [int(a) for a in c.random.permutation(rank)[: c.among(1, rank)]]
        far = c.choice((2**31 - 1, 2**62))
        pairs = [(c.among(-d - 2, d + 2), c.choice((c.among(-d - 2, d + 2), far, -far)), c.choice((1, 1, 2, 3, -1, -2))) for d in (shape[a] for a in axes)]
        kind, constant = c.choice((np.int64, np.int32)), 1.0 if c.chance(0.7) else 0.0
        clip = (lambda v: max(min(v, 2**31 - 1), -(2**31))) if kind == np.int32 else int
        given = [a - rank if c.chance(0.3) else a for a in axes]
        for column in ([clip(p[0]) for p in pairs], [clip(p[1]) for p in pairs], given, [p[2] for p in pairs]):
            c.give(np.array(column, kind), constant)
    elif c.op == "Pad":
        mode = c.choice(("constant", "constant", "reflect", "edge", "wrap"))
        dtype = c.choice((np.float32, np.float64, np.int32, np.int64))
        shape = shape if mode == "constant" else tuple(max(d, 3) for d in shape[:4])
        rank = len(shape)
        most = 3 if mode == "constant" else 2
        low = [c.among(0, most) for _ in shape]
        high = [c.among(0, most) for _ in shape]
        if mode == "constant" and c.chance(0.3):
            low = [-c.among(0, d // 2) for d in shape]
        c.attributes = {"mode": mode}
        c.give(c.values(shape, dtype), 0.1), c.give(np.array(low + high, np.int64), 0.8)
        if mode == "constant" and c.chance(0.6):
            c.give(np.array(2, dtype), 0.8)
    elif c.op == "Trilu":
        shape = c.shape(2, 4)
        c.attributes = {"upper": c.among(0, 1)}
        c.give(c.values(shape, dtype), 0.1)
        if c.chance(0.7):
            c.give(np.array(c.among(-4, 4), np.int64), 0.6)
    elif c.op == "ReverseSequence":
        shape = c.shape(2, 4, zero=False)
        c.attributes = {"batch_axis": 1, "time_axis": 0} if c.chance(0.5) else {"batch_axis": 0, "time_axis": 1}
        batch, time = (shape[1], shape[0]) if c.attributes["batch_axis"] else (shape[0], shape[1])
        c.give(c.values(shape, dtype), 0.1), c.give(c.random.integers(1, time, batch, endpoint=True))
    else:
        block, mode = c.among(1, 3), c.choice(("DCR", "CRD"))
        n, depth, high, wide = (c.among(1, 4) for _ in range(4))
        c.attributes = {"blocksize": block, **({"mode": mode} if c.op == "DepthToSpace" else {})}
        x = (n, depth * block * block, high, wide) if c.op == "DepthToSpace" else (n, depth, high * block, wide * block)
        c.give(c.values(x, np.float32), 0.1)


def indexing(c: Case) -> None:
    c.op = c.choice(("Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND", "OneHot", "EyeLike", "Range"))
    dtype = c.choice((np.float32, np.float32, np.int64, np.int32, np.bool_, np.uint8))
    shape = c.shape(1, 4, zero=False)
    rank = len(shape)
    axis = c.axis(rank)
    kind = c.choice((np.int64, np.int32))
    if c.op == "Gather":
        c.attributes = {"axis": axis}
        c.give(c.values(shape, dtype)), c.give(c.random.integers(-shape[axis], shape[axis], c.shape(0, 3)).astype(kind))
    elif c.op in ("GatherElements", "ScatterElements"):
        picked = tuple(c.among(1, d) for d in shape)
        c.attributes = {"axis": axis}
        c.give(c.values(shape, dtype))
        indices = c.random.integers(-shape[axis], shape[axis], picked).astype(kind)
        if c.op == "ScatterElements":
            sums = dtype in (np.float32, np.int64, np.int32) and c.chance(0.6)
            if sums:
                c.attributes["reduction"] = c.choice(("add", "mul", "max", "min"))
            else:  # which of several wins is not said
                order = [np.argsort(c.random.random(shape[axis]))[: picked[axis]] for _ in range(int(np.prod(picked)) // picked[axis])]
                indices = np.moveaxis(np.array(order).reshape([d for i, d in enumerate(picked) if i != axis % rank] + [picked[axis]]), -1, axis).astype(kind)
        c.give(indices)
        if c.op == "ScatterElements":
            c.give(c.values(picked, dtype, -2, 2))
    elif c.op in ("GatherND", "ScatterND"):
        depth = c.among(1, rank)
        outer = c.shape(0, 2, zero=False)
        if c.op == "ScatterND":
            count = int(np.prod(shape[:depth]))
            outer = (c.among(1, min(count, 6)),)
            flat = c.random.permutation(count)[: outer[0]]
        else:
            flat = c.random.integers(0, int(np.prod(shape[:depth])), outer)
        indices = np.stack(np.unravel_index(flat, shape[:depth]), axis=-1).astype(np.int64)
        c.give(c.values(shape, dtype)), c.give(indices)
        if c.op == "ScatterND":
            c.give(c.values((*outer, *shape[depth:]), dtype))
    elif c.op == "OneHot":
        depth = c.among(1, 6)
        inner = c.shape(0, 3)
        c.attributes = {"axis": c.among(-len(inner) - 1, len(inner))}
        c.give(c.random.integers(-depth - 1, depth + 1, inner).astype(np.int64))
        c.give(np.array(depth if c.chance(0.5) else [depth], np.int64), 0.8)
        c.give(np.array([0, 1] if c.chance(0.5) else [3, -2], c.choice((np.float32, np.int64, np.int32))), 0.8)
    elif c.op == "EyeLike":
        c.attributes = {"k": c.among(-3, 3)} | ({"dtype": onnx.TensorProto.FLOAT} if c.chance(0.5) else {})
        c.give(c.values((c.size(), c.size()), c.choice((np.float32, np.int32, np.int64))), 0.1)
    else:
        step = c.choice((1, 2, 3, -1, -2))
        start, kind = c.among(-5, 5), c.choice((np.int64, np.int32, np.float32))
        for value in (start, start + c.among(-2, 9) * step, step):
            c.give(np.array(value, kind), 0.6)


FAMILIES: list[tuple[int, Callable[[Case], None]]] = [
    (3, unary), (1, parametric), (4, binary), (2, logical), (2, select), (2, cast), (4, reduction), (3, along),
    (4, reshaping), (5, joining), (5, indexing),
]  # fmt: skip


def build(number: int, small: int = 3) -> tuple[onnx.ModelProto, dict[str, np.ndarray], Case]:
    """The model of a case, its inputs, and the case."""
    import fuzz_layers  # the families with windows and products; it needs Case

    c = Case(np.random.default_rng([number, 77]), small)
    families = FAMILIES + fuzz_layers.FAMILIES
    weights = np.array([w for w, _ in families], float)
    families[int(c.random.choice(len(families), p=weights / weights.sum()))][1](c)
    dynamic = c.chance(0.35)
    infos, constants, feeds, names = [], [], {}, []
    for name, array, constant in c.inputs:
        names.append(name if array is not None else "")
        if array is None:
            continue
        if constant:
            constants.append(numpy_helper.from_array(array, name))
            continue
        feeds[name] = array
        dims = [f"{name}_{i}" if dynamic and c.chance(0.6) else d for i, d in enumerate(array.shape)]
        infos.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), dims))
    outputs = [f"y{i}" for i in range(c.outputs)]
    node = helper.make_node(c.op, names, outputs, name=f"{c.op}_{number}", **c.attributes)
    graph = helper.make_graph([node], f"case_{number}", infos, [onnx.ValueInfoProto(name=o) for o in outputs], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    try:
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except Exception:  # noqa: BLE001 - then it is no valid model
        return model, feeds, c
    for output in inferred.graph.output:  # element types must be said, shapes need not
        if not output.type.tensor_type.HasField("shape"):
            continue
    return inferred, feeds, c
