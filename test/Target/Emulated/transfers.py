#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs transfers of random buffers on the emulated GPU and compares every byte.

    transfers.py ARCH FOLDER

A copy must equal its source, and what lies between the rows of a result must be
as it was allocated. The emulator refuses bytes outside the buffers and looks at
guard bytes round them. Cases are the same in every run; one program has all.
"""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np

BYTES = {"f32": 4, "f16": 2, "bf16": 2, "i8": 1, "i16": 2, "i32": 4}
BYTES |= {"i64": 8, "f64": 8, "i1": 1, "index": 8}
# Shapes at the edges of tiles, vectors and rows; sizes of none and one.
SHAPES = [(64, 64), (19, 37), (252, 252), (1,), (1000,), (3, 5, 7), (2, 3, 9, 20)]
SHAPES += [(2, 2, 16, 32), (0, 4), (1, 1), (17, 16), (9, 24), (8, 1025), ()]
NUM_RANDOM = 26


class Case:
    """One transfer: a window of `shape` in a buffer of `whole`, back or forth."""

    def __init__(self, number, shape, kind, dynamic, padding, back):
        self.number, self.shape, self.kind = number, shape, kind
        self.dynamic, self.back = dynamic, back
        self.whole = tuple(size + extra for size, extra in zip(shape, padding))
        self.padded = self.whole != shape
        rng = np.random.default_rng(number)
        bits = np.dtype(f"u{BYTES[kind]}")
        top = 2 if kind == "i1" else np.iinfo(bits).max
        self.source = rng.integers(0, top, self.whole, dtype=bits)

    def name(self):
        dims = "x".join(map(str, self.shape)) or "scalar"
        return f"{dims} of {self.kind} in {self.whole} dynamic={self.dynamic} back={self.back}"

    def strides(self):
        return [math.prod(self.whole[dim + 1 :]) for dim in range(len(self.whole))]

    def types(self):
        """Of the whole buffer, and of the window."""
        whole = "".join(f"{size}x" for size in self.whole) + self.kind
        unknown = self.dynamic and len(self.shape) > 0
        dims = "".join(f"{'?' if unknown else size}x" for size in self.shape) + self.kind
        if not self.padded:
            return f"memref<{dims}>", f"memref<{dims}>"
        steps = ", ".join("?" if unknown else str(step) for step in self.strides())
        return f"memref<{whole}>", f"memref<{dims}, strided<[{steps}]>>"

    def text(self):
        """The statements, between an argument and one for the result."""
        i, (whole, window) = self.number, self.types()
        a, b = f"%a{i}", f"%b{i}"
        lines = []
        if self.padded:
            sizes = ", ".join(map(str, self.shape))
            ones = ", ".join("1" for _ in self.shape)
            zeros = ", ".join("0" for _ in self.shape)
            steps = ", ".join(map(str, self.strides()))
            dims = "x".join(map(str, self.shape))
            static = f"memref<{dims}x{self.kind}, strided<[{steps}]>>"
            for value in (a, b):
                view = f"{value}v = memref.subview {value}[{zeros}] [{sizes}] [{ones}]"
                lines.append(f"{view} : {whole} to {static}")
                lines.append(f"{value}w = memref.cast {value}v : {static} to {window}")
            a, b = a + "w", b + "w"
        ends = ("gpu", "host") if self.back else ("host", "gpu")
        way = "from @m::@{} to @m::@{}".format(*ends)
        lines.append(f"%r{i} = orchestra.transfer {a} {way} : {window}")
        lines.append(f"gpu.memcpy {b}, %r{i} : {window}, {window}")
        if self.padded and not self.dynamic:
            # Everything from the first element to the last, gaps included.
            steps = zip(self.shape, self.strides())
            extent = 1 + sum((max(size, 1) - 1) * step for size, step in steps)
            flat = f"memref<{extent}x{self.kind}>"
            cast = f"memref.reinterpret_cast %r{i} to offset: [0], sizes: [{extent}]"
            lines.append(f"%f{i} = {cast}, strides: [1] : {window} to {flat}")
            lines.append(f"gpu.memcpy %g{i}, %f{i} : {flat}, {flat}")
            self.extent = extent
        lines.append(f"gpu.dealloc %r{i} : {window}")
        return lines

    def check(self, copy, gaps):
        """Why the copy is wrong, or None."""
        inside = tuple(slice(0, size) for size in self.shape)
        want = np.zeros_like(self.source)
        want[inside] = self.source[inside]
        if not np.array_equal(copy, want):
            return "the copy differs"
        if gaps is None:
            return None
        full = np.full(self.whole, np.iinfo(self.source.dtype).max, self.source.dtype)
        full[inside] = self.source[inside]
        if not np.array_equal(gaps, full.reshape(-1)[: self.extent]):
            return "bytes between its rows were written"
        return None


def make_cases():
    rng = np.random.default_rng(1)
    kinds = list(BYTES)
    cases = []
    for shape in SHAPES:
        for dynamic in (False, True):
            kind = kinds[len(cases) % len(kinds)]
            none = (0,) * len(shape)
            cases.append(Case(len(cases), shape, kind, dynamic, none, len(cases) % 3 == 2))
    for _ in range(NUM_RANDOM):
        rank = int(rng.integers(1, 5))
        largest = int(4000 ** (1 / rank)) + 1
        shape = tuple(int(size) for size in rng.integers(1, largest, rank))
        if rng.random() < 0.3:  # Rows that block loads and tensor maps take.
            shape = (*shape[:-1], int(rng.integers(1, 5)) * 32)
        padding = (0,) * rank
        if rng.random() < 0.5:
            padding = (0,) * (rank - 1) + (int(rng.choice([1, 3, 16, 32])),)
        kind = kinds[int(rng.integers(0, len(kinds)))]
        dynamic, back = bool(rng.random() < 0.4), bool(rng.random() < 0.3)
        cases.append(Case(len(cases), shape, kind, dynamic, padding, back))
    return cases


def module(arch, cases):
    arguments, body = [], []
    for case in cases:
        body += case.text()
        whole, _ = case.types()
        arguments += [f"%a{case.number}: {whole}", f"%b{case.number}: {whole}"]
        if hasattr(case, "extent"):
            arguments.append(f"%g{case.number}: memref<{case.extent}x{case.kind}>")
    return f"""
orchestra.topology @m {{
  orchestra.device @host {{arch = "x86_64"}}
  orchestra.device @gpu {{arch = "{arch}"}}
  orchestra.link @host, @gpu {{bandwidth = 6.4e10, latency = 1.0e-5}}
}}
func.func @main({", ".join(arguments)}) {{
  {chr(10).join("  " + line for line in body)}
  return
}}
"""


def main():
    arch, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    cases = make_cases()
    (folder / "in.mlir").write_text(module(arch, cases))
    lower = ["orchestra-opt", "--lower-orchestra-to-gpu", folder / "in.mlir"]
    subprocess.run([*lower, "-o", folder / "kernels.mlir"], check=True)
    words, places = [], {}

    def give(case, name, array):
        np.save(folder / f"{case.number}{name}.npy", array)
        places[case.number, name] = len(words) // 2
        words.append(f"--arg={folder / f'{case.number}{name}.npy'}")
        words.append(f"--save={len(words) // 2}={folder / f'{case.number}{name}.out.npy'}")

    for case in cases:
        give(case, "a", case.source)
        give(case, "b", np.zeros_like(case.source))
        if hasattr(case, "extent"):
            give(case, "g", np.zeros(case.extent, case.source.dtype))
    emulate = ["orchestra-emulate", folder / "kernels.mlir", f"--target=emulated:{arch}"]
    subprocess.run([*emulate, *words], check=True)
    failures = []
    for case in cases:
        gaps = None
        if hasattr(case, "extent"):
            gaps = np.load(folder / f"{case.number}g.out.npy")
        why = case.check(np.load(folder / f"{case.number}b.out.npy"), gaps)
        if not np.array_equal(np.load(folder / f"{case.number}a.out.npy"), case.source):
            why = "its source changed"
        if why:
            failures.append(f"{arch}: {case.name()}: {why}")
    if failures:
        sys.exit("\n".join(failures))
    print(f"{arch}: {len(cases)} transfers")


if __name__ == "__main__":
    main()
