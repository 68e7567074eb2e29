#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the kernels of this folder must compute, for every target's tests.

References are NumPy in float64, with a bound for the error of each element.
"""

import math
import re

import numpy as np

EPS = {"f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8}


def to_bits(values, kind):
    """The bytes of float64 or integer values as the kernel's element type."""
    if kind == "bf16":
        bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    names = {
        "f32": np.float32,
        "f16": np.float16,
        "i8": np.int8,
        "i32": np.int32,
        "i64": np.int64,
    }
    return values.astype(names[kind])


def from_bits(bits, kind):
    if kind == "bf16":
        return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return bits.astype(np.float64)


# Each reference takes the inputs as float64 and gives the result with a bound
# for the error of each element.


def linear(a, b, bias, eps):
    # c = 2: rounding of the products' sum, of the bias and of the result. The
    # kernel accumulates in the element type.
    sums = np.abs(a) @ np.abs(b) + np.abs(bias)
    return np.maximum(a @ b + bias, 0), 2 * eps * math.sqrt(a.shape[1]) * sums


def bmm(a, b, eps):
    return a @ b, 2 * eps * math.sqrt(a.shape[2]) * (np.abs(a) @ np.abs(b))


def softmax(x, eps):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    r = e / e.sum(axis=1, keepdims=True)
    # The argument of exp is rounded (its error is |x| eps), the approximation
    # is good to 4 ulp, the sum of n terms to sqrt(n).
    spread = np.abs(x - x.max(axis=1, keepdims=True))
    return r, r * eps * (8 + 2 * spread + 2 * math.sqrt(x.shape[1]))


def gelu(x, bias, eps):
    s = x + bias
    erf = np.vectorize(math.erf)(s * math.sqrt(0.5))
    # Six roundings in bf16, each relative to a term of at most |s|.
    return 0.5 * s * (1 + erf), 6 * eps * (np.abs(s) + 1e-3)


def conv(x, w, eps):
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros((1, 8, 16, 16))
    sums = np.zeros_like(out)
    for i in range(3):
        for j in range(3):
            window = padded[:, :, i : i + 16, j : j + 16]
            out += np.einsum("nchw,fc->nfhw", window, w[:, :, i, j])
            sums += np.einsum("nchw,fc->nfhw", np.abs(window), np.abs(w[:, :, i, j]))
    return out, 2 * eps * math.sqrt(27) * sums


def bits(a, b, eps):
    x, y = a.astype(np.int64), b.astype(np.int64)
    d = (y.astype(np.int8) | 1).astype(np.int64)
    ux, uy, ud = x & 255, y & 255, d & 255

    def signed(v):
        return v.astype(np.uint8).astype(np.int8).astype(np.int64)

    quotient = np.trunc(x / d).astype(np.int64)
    third = np.float32(0.333)
    terms = [
        ux // ud,
        quotient,
        ux % ud,
        x - quotient * d,
        signed(np.maximum(ux, uy)),
        np.minimum(x, y),
        ux < uy,
        -(x < y).astype(np.int64),
        x >> 2,
        ux >> 2,
        (ux.astype(np.float32) * third).astype(np.int64),
        np.trunc(y.astype(np.float32) * third).astype(np.int64),
        x & 1,
        np.where(ux < uy, x, y),
        ux < y,
    ]
    result = np.zeros_like(x)
    for term in terms:
        result = (result * 31 + term) & 0xFFFFFFFF
    return result.astype(np.uint32).astype(np.int32).astype(np.float64), 0 * a


REFERENCES = {
    "bits": bits,
    "linear": linear,
    "bmm": bmm,
    "softmax": softmax,
    "gelu": gelu,
    "conv": conv,
    "rowsum": lambda x, eps: (
        x.sum(axis=1),
        2 * eps * math.sqrt(x.shape[1]) * np.abs(x).sum(axis=1),
    ),
    "total": lambda x, eps: (x.sum(), 2 * eps * math.sqrt(x.size) * np.abs(x).sum()),
    "transpose": lambda x, eps: (x.transpose(2, 0, 1), 0 * x.transpose(2, 0, 1)),
    "gather": lambda t, i, eps: (t[i.astype(int)], 0 * t[i.astype(int)]),
}


def signature(text):
    """Shapes and element types of the kernel's arguments."""
    arguments = re.search(r"func\.func private @\w+\((.*?)\) ->", text).group(1)
    types = []
    for spec in re.findall(r"tensor<([^>]*)>", arguments):
        *dims, kind = spec.split("x")
        types.append((tuple(map(int, dims)), kind))
    return types


def make_inputs(types):
    """Random inputs, as bytes of their element types."""
    random = np.random.default_rng(7)
    arrays = []
    for shape, kind in types:
        if kind == "i8":  # Both signs; -128 / -1 does not fit.
            values = random.integers(-127, 128, shape)
        elif kind.startswith("i"):
            values = random.integers(0, 100, shape)
        else:
            values = random.standard_normal(shape)
        arrays.append(to_bits(values, kind))
    return arrays


def judge(name, types, arrays, got):
    """Compares float64 results with the reference and prints one line."""
    kind = types[-1][1]
    inputs = [from_bits(a, k) for a, (_, k) in zip(arrays, types[:-1])]
    want, bound = REFERENCES[name.split("_")[0]](*inputs, eps=EPS.get(kind, 0))
    bound = bound + EPS.get(kind, 0) * np.abs(want)
    error = np.abs(got - want)
    ok = got.shape == np.shape(want) and bool(np.all(error <= bound))
    print(
        f"{'PASS' if ok else 'FAIL'} {name}: largest error {float(error.max()):.3g},"
        f" largest bound {float(np.max(bound)):.3g}"
    )
    return ok
