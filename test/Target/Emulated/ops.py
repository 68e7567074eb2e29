#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ops.py FOLDER: kernels by hand, run on the emulated GPU, against NumPy."""

import subprocess
import sys
from pathlib import Path

import numpy as np

INPUTS = Path(__file__).parent / "Inputs"
FOLDER = Path(sys.argv[1])
LANES = {"nvidia_hopper": 32, "intel_xe2": 16, "amd_cdna3": 64}


def run(name, arch, arrays):
    """What the arguments hold after the kernel."""
    words = [f"--target=emulated:{arch}"]
    for i, array in enumerate(arrays):
        np.save(FOLDER / f"{i}.npy", array)
        words += [f"--arg={FOLDER / f'{i}.npy'}", f"--save={i}={FOLDER / f'{i}.out.npy'}"]
    subprocess.run(["orchestra-emulate", INPUTS / f"{name}.mlir", *words], check=True)
    return [np.load(FOLDER / f"{i}.out.npy") for i in range(len(arrays))]


def expect(what, holds):
    if not np.all(holds):
        sys.exit(f"{what} is wrong")


def close(got, want, terms, sums):
    """Sums of `terms` numbers, whose sizes add up to `sums`; c = 2."""
    return np.abs(got - want) <= 2 * 2.0**-24 * np.sqrt(terms) * sums


def reduce(arch, lanes):
    rng = np.random.default_rng(1)
    x = rng.standard_normal(192).astype(np.float32)
    zeros = np.zeros_like(x)
    _, sums, maxima, prefix = run("reduce", arch, [x, zeros, zeros.astype(np.int32), zeros])
    rows = x.astype(np.float64).reshape(-1, lanes)
    total = np.abs(rows).sum(1)
    want = np.repeat(rows.sum(1), lanes)
    expect(f"{arch}: a sum", close(sums, want, lanes, np.repeat(total, lanes)))
    whole = np.trunc(x * np.float32(100)).astype(np.int32)
    expect(f"{arch}: a maximum", maxima == np.repeat(whole.reshape(-1, 4).max(1), 4))
    want = rows.cumsum(1).ravel()
    expect(f"{arch}: a prefix sum", close(prefix, want, lanes, np.repeat(total, lanes)))


def all_reduce():
    x = np.random.default_rng(2).standard_normal((3, 96)).astype(np.float32)
    _, sums, largest = run(
        "all-reduce", "nvidia_hopper", [x.ravel(), np.zeros(3, np.float32), np.zeros(3, np.float32)]
    )
    wide = x.astype(np.float64)
    expect("the sum of a group", close(sums, wide.sum(1), 96, np.abs(wide).sum(1)))
    expect("the largest of a group", largest == x.max(1))


def atomics(arch):
    bins = np.random.default_rng(3).integers(0, 16, 1000).astype(np.int32)
    none = np.full(16, -1, np.int32)
    _, counts, sums, last = run(
        "atomics", arch, [bins, np.zeros(16, np.int32), np.zeros(16, np.float32), none]
    )
    want = np.bincount(bins, minlength=16)
    expect("a count", counts == want)
    expect("a sum of halves", sums == want * 0.5)  # Exact in f32.
    expect("a largest index", last == [np.flatnonzero(bins == b).max() for b in range(16)])


def round_bf16(values):
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def halves():
    rng = np.random.default_rng(4)
    x = rng.standard_normal(256).astype(np.float16)
    h = round_bf16(rng.standard_normal(256))
    _, _, y, z = run("halves", "nvidia_hopper", [x, h, np.zeros_like(h), np.zeros_like(x)])
    wide = (h.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    # One rounding to f32, exact in float64 before it, and one to bf16.
    expect("bf16", y == round_bf16(x.astype(np.float64) * wide + 1))
    expect("f16", z == x + x)


def dynamic_shared():
    x = np.random.default_rng(5).standard_normal((5, 9, 19)).astype(np.float32)
    _, y = run("dynamic-shared", "nvidia_hopper", [x, np.zeros((5, 19, 9), np.float32)])
    expect("the transpose", y == x.transpose(0, 2, 1))


FOLDER.mkdir(parents=True, exist_ok=True)
for arch, lanes in LANES.items():
    reduce(arch, lanes)
    atomics(arch)
all_reduce()
halves()
dynamic_shared()
