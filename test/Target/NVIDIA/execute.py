#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs compiled kernels on an NVIDIA GPU and checks their numbers.

    execute.py FOLDER

FOLDER is what compile.sh made. Needs NumPy and a driver only.
"""

import ctypes
import re
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "Inputs"))
from reference import from_bits, judge, make_inputs, signature, to_bits  # noqa: E402


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


def check(cuda, folder, name):
    types = signature((folder / f"{name}.mlir").read_text())
    left = (folder / f"{name}.out.mlir").read_text()
    launch = re.search(
        r"orch_k_(\w+) = {block = array<i32: (.*?)>, grid = array<i32: (.*?)>}", left
    )
    block, grid = (
        [int(n) for n in launch.group(part).split(",")] for part in (2, 3)
    )
    arrays = make_inputs(types[:-1])
    shape, kind = types[-1]
    # The destination starts as garbage that no kernel may read.
    arrays.append(to_bits(np.full(shape, 77), kind))
    raw = cuda.run(
        (folder / f"{name}.ptx").read_bytes(), f"orch_k_{name}", grid, block, arrays
    )
    return judge(name, types, arrays, from_bits(raw, kind))


def main():
    folder = Path(sys.argv[1])
    cuda = Cuda()
    names = sorted(path.stem for path in folder.glob("*.ptx"))
    results = [check(cuda, folder, name) for name in names]
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
