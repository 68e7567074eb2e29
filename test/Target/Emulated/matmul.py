#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""matmul.py KERNEL FOLDER: shared tiles and barriers against NumPy in float64."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np

kernel, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(7)
for _ in range(6):
    m, n, k = rng.integers(1, 40, 3)
    a = rng.standard_normal((m, k), dtype=np.float32)
    b = rng.standard_normal((k, n), dtype=np.float32)
    for name, value in (("a", a), ("b", b), ("c", np.zeros((m, n), np.float32))):
        np.save(folder / f"{name}.npy", value)
    words = [f"--arg={folder / name}.npy" for name in "abc"]
    subprocess.run(
        ["orchestra-emulate", kernel, "--target=emulated:nvidia_hopper", *words]
        + [f"--save=2={folder / 'out.npy'}"],
        check=True,
    )
    # c = 2: rounding of the products and of their sum, in f32.
    wide = a.astype(np.float64), b.astype(np.float64)
    bound = 2 * 2.0**-24 * math.sqrt(k) * (np.abs(wide[0]) @ np.abs(wide[1]))
    if (np.abs(np.load(folder / "out.npy") - wide[0] @ wide[1]) > bound).any():
        sys.exit(f"{m} x {n} x {k}: beyond the bound")
