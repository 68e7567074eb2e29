# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random nodes with windows, products, norms and scales; `fuzz_ops.py` has the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from fuzz_ops import Case


def product(c: Case) -> None:
    c.op = c.choice(("MatMul", "MatMul", "Gemm", "Gemm", "MatMulInteger", "Einsum"))
    m, k, n = c.size(), c.size(zero=False), c.size()
    if c.op == "Gemm":
        dtype = c.choice((np.float32, np.float32, np.float64))
        flip_a, flip_b = c.among(0, 1), c.among(0, 1)
        c.attributes = {"transA": flip_a, "transB": flip_b}
        if c.chance(0.4):
            c.attributes |= {"alpha": 0.5, "beta": c.choice((0.0, 2.0))}
        c.give(c.values((k, m) if flip_a else (m, k), dtype)), c.give(c.values((n, k) if flip_b else (k, n), dtype), 0.5)
        if c.chance(0.7):
            c.give(c.values(c.choice(((m, n), (n,), (1, n), (m, 1), (1,), ())), dtype), 0.5)
    elif c.op == "MatMulInteger":
        a, b = c.choice((np.uint8, np.int8)), c.choice((np.uint8, np.int8))
        c.give(c.values((m, k), a, -100, 100)), c.give(c.values((k, n), b, -100, 100), 0.5)
        if c.chance(0.5):
            c.give(c.values((), a, 0, 9), 0.7)
            c.give(c.values((), b, 0, 9), 0.7) if c.chance(0.5) else None
    elif c.op == "Einsum":
        sizes = {letter: c.size(zero=False) for letter in "bijkl"}
        equation = c.choice(("ij,jk->ik", "bij,bjk->bik", "bij,jk->bik", "ij->ji", "ij->i", "bij,bkj->bik", "i,j->ij", "ij,ij->", "...ij,...jk->...ik"))
        c.attributes = {"equation": equation}
        for part in equation.split("->")[0].split(","):
            letters = part.replace("...", "b")
            c.give(c.values(tuple(sizes[x] for x in letters), np.float32))
    else:
        dtype = c.choice((np.float32, np.float32, np.float64, np.int32, np.int64))
        batch = c.shape(0, 2)
        left, right = c.broadcast(batch), batch
        if c.chance(0.5):
            left, right = right, left
        a, b = (*left, m, k), (*right, k, n)
        kind = c.among(0, 9)
        a, b = ((k,), b) if kind == 0 else (a, (k,)) if kind == 1 else (a, b)
        c.give(c.values(a, dtype)), c.give(c.values(b, dtype), 0.5)


def window(c: Case, dims: int) -> tuple[list[int], list[int], list[int], list[int], list[int]]:
    """Kernel, strides, dilations, pads and a spatial size that they fit in."""
    kernel = [c.among(1, 3) for _ in range(dims)]
    strides = [c.among(1, 3) if c.chance(0.5) else 1 for _ in range(dims)]
    dilations = [c.among(1, 2) if c.chance(0.4) else 1 for _ in range(dims)]
    pads = [c.among(0, k - 1) if c.chance(0.5) else 0 for k in kernel * 2]
    sizes = [(k - 1) * d + 1 + c.among(0, (2, 3, 5, 9)[c.small]) for k, d in zip(kernel, dilations, strict=True)]
    return kernel, strides, dilations, pads, sizes


def auto_pad(c: Case, kernel: list[int], strides: list[int]) -> None:
    """Padding by name. Windows of SAME farther apart than they are wide need less than none: to ONNX
    (its shape inference) that is none, ONNX Runtime's pooling moves them inwards."""
    c.attributes["auto_pad"] = c.choice(("SAME_UPPER", "SAME_LOWER", "VALID"))
    c.attributes["strides"] = [min(pair) for pair in zip(strides, kernel, strict=True)]


def convolution(c: Case) -> None:
    c.op = c.choice(("Conv", "Conv", "Conv", "ConvTranspose", "ConvInteger"))
    dims = c.choice((1, 2, 2, 2, 3))
    kernel, strides, dilations, pads, sizes = window(c, dims)
    group = c.choice((1, 1, 2, 3))
    each_in, each_out = c.among(1, 3), c.choice((1, 2, 3, 5, 8, 16, 33) if c.small == 3 else (1, 2))
    depthwise = c.chance(0.2)
    if depthwise:
        group, each_in, each_out = c.choice((2, 4, 7, 16)), 1, c.choice((1, 1, 2))
    x = (c.among(1, 3), group * each_in, *sizes)
    weight = (group * each_in, each_out, *kernel) if c.op == "ConvTranspose" else (group * each_out, each_in, *kernel)
    c.attributes = {"group": group, "strides": strides, "dilations": dilations, "kernel_shape": kernel}
    auto = c.chance(0.25) and c.op == "Conv" and all(d == 1 for d in dilations)
    if auto:
        auto_pad(c, kernel, strides)
    else:
        c.attributes["pads"] = pads
    if c.op == "ConvInteger":
        c.give(c.values(x, np.uint8, 0, 9)), c.give(c.values(weight, c.choice((np.uint8,)), 0, 9), 0.5)
        if c.chance(0.5):
            c.give(np.array(3, np.uint8), 0.8)
        return
    dtype = c.choice((np.float32, np.float32, np.float32, np.float64)) if c.op == "Conv" else np.float32
    c.give(c.values(x, dtype)), c.give(c.values(weight, dtype, -1, 1), 0.6)
    if c.op == "ConvTranspose" and c.chance(0.3):
        c.attributes["output_padding"] = [c.among(0, s - 1) for s in strides]
    if c.chance(0.5):
        c.give(c.values((group * each_out,), dtype), 0.6)


def pooling(c: Case) -> None:
    c.op = c.choice(("MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool"))
    dims = c.choice((1, 2, 2, 3))
    kernel, strides, dilations, pads, sizes = window(c, dims)
    x = c.values((c.among(1, 3), c.choice((1, 2, 3, 16, 17)), *sizes), np.float32)
    c.give(x, 0.05)
    if c.op.startswith("Global"):
        return
    c.attributes = {"kernel_shape": kernel, "strides": strides}
    if c.op != "AveragePool" or c.chance(0.5):
        c.attributes["dilations"] = dilations
    else:
        dilations = [1] * dims
    if c.chance(0.2) and all(d == 1 for d in dilations):
        auto_pad(c, kernel, strides)
    else:
        c.attributes["pads"] = pads
        # Windows that begin in the padding after the end are not said alike everywhere.
        if c.chance(0.3) and all(s <= (k - 1) * d + 1 for s, k, d in zip(strides, kernel, dilations, strict=True)) and not any(pads):
            c.attributes["ceil_mode"] = 1
    if c.op == "AveragePool":
        c.attributes["count_include_pad"] = c.among(0, 1)
    elif c.op == "LpPool":
        c.attributes["p"] = c.among(1, 2)


def norm(c: Case) -> None:
    c.op = c.choice(("LayerNormalization", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN", "MeanVarianceNormalization"))
    if c.op == "LayerNormalization":
        shape = c.shape(1, 4, zero=False)
        axis = c.axis(len(shape))
        inner = shape[axis:]
        c.attributes = {"axis": axis, "epsilon": 1e-2}
        c.give(c.values(shape, np.float32), 0.05), c.give(c.values(inner, np.float32), 0.7)
        c.give(c.values(inner, np.float32), 0.7) if c.chance(0.7) else None
        return
    channels = c.choice((1, 2, 4, 6, 16))
    shape = (c.among(1, 3), channels, *(c.among(2, 6) for _ in range(2 if c.op in ("LRN", "MeanVarianceNormalization") else c.among(1, 3))))
    c.give(c.values(shape, np.float32), 0.05)
    per_channel = lambda low=-2, high=2: c.give(c.values((channels,), np.float32, low, high), 0.7)  # noqa: E731
    if c.op == "BatchNormalization":
        per_channel(), per_channel(), per_channel(), per_channel(0.5, 2)
    elif c.op == "InstanceNormalization":
        c.attributes = {"epsilon": 1e-2}
        per_channel(), per_channel()
    elif c.op == "GroupNormalization":
        groups = c.choice([g for g in (1, 2, 3, 4) if channels % g == 0])
        c.attributes = {"num_groups": groups, "epsilon": 1e-2}
        for _ in range(2):  # until opset 21 a scale for each group
            c.give(c.values((groups,), np.float32), 0.7)
    elif c.op == "LRN":
        c.attributes = {"size": c.choice((1, 3, 5)), "alpha": 0.01, "beta": 0.75}
    else:
        c.attributes = {"axes": c.choice(([0, 2, 3], [1], [2, 3]))}


def resize(c: Case) -> None:
    """Half steps are left out: which neighbour is nearer is then a matter of one bit. So is
    pytorch_half_pixel with one element, which the standard's text and its reference place
    differently."""
    c.op = "Resize"
    mode = c.choice(("nearest", "linear", "linear", "cubic"))
    rank = c.choice((4, 4, 3, 2))
    transform = c.choice(("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"))
    least = 4 if transform == "pytorch_half_pixel" else 2
    shape = (*(c.among(1, 3) for _ in range(rank - 2)), c.among(least, 7), c.among(least, 7))
    c.attributes = {"mode": mode, "coordinate_transformation_mode": transform}
    if mode == "nearest":
        c.attributes |= {"nearest_mode": c.choice(("floor", "ceil")), "coordinate_transformation_mode": "asymmetric"}
    if mode == "cubic":
        c.attributes["cubic_coeff_a"] = c.choice((-0.75, -0.5))
        if c.chance(0.3):
            c.attributes["exclude_outside"] = 1
    c.give(c.values(shape, np.float32), 0.05), c.give(None)
    if c.chance(0.5):
        c.give(np.array([1.0] * (rank - 2) + [c.choice((0.5, 2.0, 3.0)) for _ in range(2)], np.float32), 1.0)
    else:
        c.give(None), c.give(np.array([*shape[:-2], c.among(least // 2, 12), c.among(least // 2, 12)], np.int64), 1.0)
    c.loose = 4.0


def quantized(c: Case) -> None:
    """Scales are powers of two and values multiples of a quarter step: rounding meets no tie."""
    c.op = c.choice(("QuantizeLinear", "DequantizeLinear"))
    dtype = c.choice((np.uint8, np.int8))
    shape = c.shape(1, 4, zero=False)
    axis = c.axis(len(shape))
    scale_shape = (shape[axis],) if c.chance(0.5) else ()
    scale = np.exp2(c.random.integers(-2, 3, scale_shape)).astype(np.float32)
    c.attributes = {"axis": axis} if scale_shape else {}
    if c.op == "QuantizeLinear":
        c.give((c.random.integers(-100, 100, shape) + np.float32(0.25)).astype(np.float32), 0.1)
    else:
        c.give(c.values(shape, dtype, -120, 120), 0.1)
    c.give(scale, 0.8)
    if c.op == "QuantizeLinear" or c.chance(0.7):
        c.give(c.values(scale_shape, dtype, 0, 9), 0.8)


def recurrent(c: Case) -> None:
    c.op = c.choice(("LSTM", "GRU", "RNN"))
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[c.op]
    direction = c.choice(("forward", "reverse", "bidirectional"))
    ways = 2 if direction == "bidirectional" else 1
    time, batch, width, hidden = c.among(1, 4), c.among(1, 3), c.among(1, 5), c.among(1, 5)
    c.attributes = {"hidden_size": hidden, "direction": direction}
    c.outputs = 3 if c.op == "LSTM" else 2
    c.give(c.values((time, batch, width), np.float32, -1, 1), 0.05)
    c.give(c.values((ways, gates * hidden, width), np.float32, -1, 1), 0.7)
    c.give(c.values((ways, gates * hidden, hidden), np.float32, -1, 1), 0.7)
    if c.chance(0.6):
        c.give(c.values((ways, 2 * gates * hidden), np.float32, -1, 1), 0.7)
    if c.op == "GRU":
        c.attributes["linear_before_reset"] = c.among(0, 1)


FAMILIES: list[tuple[int, Callable[[Case], None]]] = [
    (4, product), (4, convolution), (3, pooling), (2, norm), (2, resize), (1, quantized), (1, recurrent),
]  # fmt: skip
