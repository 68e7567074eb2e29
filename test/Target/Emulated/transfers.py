#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs transfers of random buffers on the emulated GPU and compares every byte.

    transfers.py ARCH FOLDER

A copy must equal its source; the emulator refuses bytes outside the buffers and
looks at guard bytes round them. Cases are the same in every run.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

TYPES = {"f32": 4, "f16": 2, "bf16": 2, "i8": 1, "i32": 4, "i64": 8, "f64": 8}
SHAPES = [(64, 64), (19, 37), (252, 252), (1,), (1000,), (3, 5, 7), (2, 3, 9, 20), (2, 2, 16, 32)]


def module(arch, shape, kind, dynamic):
    dims = "x".join("?" if dynamic else str(size) for size in shape)
    memref = f"memref<{dims}x{kind}>"
    return f"""
orchestra.topology @m {{
  orchestra.device @host {{arch = "x86_64"}}
  orchestra.device @gpu {{arch = "{arch}"}}
  orchestra.link @host, @gpu {{bandwidth = 6.4e10, latency = 1.0e-5}}
}}
func.func @main(%a: {memref}, %b: {memref}) {{
  %r = orchestra.transfer %a from @m::@host to @m::@gpu : {memref}
  gpu.memcpy %b, %r : {memref}, {memref}
  gpu.dealloc %r : {memref}
  return
}}
"""


def check(arch, folder, number, shape, kind, dynamic):
    rng = np.random.default_rng(number)
    bits = np.dtype(f"u{TYPES[kind]}")
    source = rng.integers(0, np.iinfo(bits).max, shape, dtype=bits)
    np.save(folder / "a.npy", source)
    np.save(folder / "b.npy", np.zeros_like(source))
    (folder / "in.mlir").write_text(module(arch, shape, kind, dynamic))
    subprocess.run(
        ["orchestra-opt", "--lower-orchestra-to-gpu", folder / "in.mlir", "-o", folder / "k.mlir"],
        check=True,
    )
    subprocess.run(
        ["orchestra-emulate", folder / "k.mlir", f"--target=emulated:{arch}"]
        + [f"--arg={folder / 'a.npy'}", f"--arg={folder / 'b.npy'}"]
        + [f"--save=1={folder / 'out.npy'}"],
        check=True,
    )
    if not np.array_equal(np.load(folder / "out.npy"), source):
        sys.exit(f"{arch} {shape} {kind} dynamic={dynamic}: the copy differs")


def main():
    arch, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    kinds = list(TYPES)
    for number, shape in enumerate(SHAPES):
        for dynamic in (False, True):
            kind = kinds[(2 * number + dynamic) % len(kinds)]
            check(arch, folder, number, shape, kind, dynamic)


if __name__ == "__main__":
    main()
