#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs compiled kernels on an NVIDIA GPU and checks their numbers.

    execute.py FOLDER NAME...

FOLDER holds, for each NAME, the kernel as it was (NAME.mlir), its PTX or cubin
(NAME.ptx), and the module that the pipeline left (NAME.out.mlir), which tells
the launch. The reference is NumPy in float64. Needs NumPy and a driver only.
"""

import ctypes
import math
import re
import sys
from pathlib import Path

import numpy as np

EPS = {"f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8}


def to_bits(values, kind):
    """The bytes of float64 or integer values as the kernel's element type."""
    if kind == "bf16":
        bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    names = {"f32": np.float32, "f16": np.float16, "i32": np.int32, "i64": np.int64}
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


REFERENCES = {
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


class Cuda:
    """The few calls of the driver API that a launch needs."""

    def __init__(self):
        self.lib = ctypes.CDLL("libcuda.so.1")
        self.call("cuInit", 0)
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self.call("cuDeviceGet", ctypes.byref(device), 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.call("cuCtxSetCurrent", context)

    def call(self, name, *arguments):
        status = getattr(self.lib, name)(*arguments)
        if status != 0:
            text = ctypes.c_char_p()
            self.lib.cuGetErrorString(status, ctypes.byref(text))
            raise RuntimeError(f"{name}: {(text.value or b'unknown').decode()}")

    def run(self, code, name, grid, block, arrays):
        """Runs a kernel on copies of arrays; returns the last array after it."""
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuModuleLoadData", ctypes.byref(module), code + b"\0")
        self.call(
            "cuModuleGetFunction", ctypes.byref(function), module, name.encode()
        )
        pointers = []
        for array in arrays:
            pointer = ctypes.c_uint64()
            size = ctypes.c_size_t(array.nbytes)
            self.call("cuMemAlloc_v2", ctypes.byref(pointer), size)
            self.call(
                "cuMemcpyHtoD_v2", pointer, array.ctypes.data_as(ctypes.c_void_p), size
            )
            pointers.append(pointer)
        parameters = (ctypes.c_void_p * len(pointers))(
            *[ctypes.addressof(pointer) for pointer in pointers]
        )
        self.call("cuLaunchKernel", function, *grid, *block, 0, None, parameters, None)
        self.call("cuCtxSynchronize")
        result = np.empty_like(arrays[-1])
        self.call(
            "cuMemcpyDtoH_v2",
            result.ctypes.data_as(ctypes.c_void_p),
            pointers[-1],
            ctypes.c_size_t(result.nbytes),
        )
        for pointer in pointers:
            self.call("cuMemFree_v2", pointer)
        self.call("cuModuleUnload", module)
        return result


def signature(text):
    """Shapes and element types of the kernel's arguments."""
    arguments = re.search(r"func\.func private @\w+\((.*?)\) ->", text).group(1)
    types = []
    for spec in re.findall(r"tensor<([^>]*)>", arguments):
        *dims, kind = spec.split("x")
        types.append((tuple(map(int, dims)), kind))
    return types


def check(cuda, folder, name):
    types = signature((folder / f"{name}.mlir").read_text())
    left = (folder / f"{name}.out.mlir").read_text()
    launch = re.search(
        r"orch_k_(\w+) = {block = array<i32: (.*?)>, grid = array<i32: (.*?)>}", left
    )
    block, grid = (
        [int(n) for n in launch.group(part).split(",")] for part in (2, 3)
    )
    random = np.random.default_rng(7)
    arrays = []
    for shape, kind in types[:-1]:
        if kind.startswith("i"):
            values = random.integers(0, 100, shape)
        else:
            values = random.standard_normal(shape)
        arrays.append(to_bits(values, kind))
    shape, kind = types[-1]
    # The destination starts as garbage that no kernel may read.
    arrays.append(to_bits(np.full(shape, 77), kind))
    raw = cuda.run(
        (folder / f"{name}.ptx").read_bytes(), f"orch_k_{name}", grid, block, arrays
    )
    got = from_bits(raw, kind)
    inputs = [from_bits(a, k) for a, (_, k) in zip(arrays, types[:-1])]
    reference = REFERENCES[name.split("_")[0]]
    want, bound = reference(*inputs, eps=EPS.get(kind, 0))
    bound = bound + EPS.get(kind, 0) * np.abs(want)
    error = np.abs(got - want)
    worst = float(np.max(error - bound))
    ok = bool(np.all(error <= bound))
    print(
        f"{'PASS' if ok else 'FAIL'} {name}: largest error {float(error.max()):.3g},"
        f" largest bound {float(np.max(bound)):.3g}"
        + ("" if ok else f", exceeded by {worst:.3g}")
    )
    return ok


def main():
    folder = Path(sys.argv[1])
    cuda = Cuda()
    results = [check(cuda, folder, name) for name in sys.argv[2:]]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
