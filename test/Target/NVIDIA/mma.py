#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""mma.py KERNEL FOLDER: a product by matrix instructions, against NumPy."""

import subprocess
import sys
from pathlib import Path

import numpy as np

kernel, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(11)
a = rng.standard_normal((16, 16)).astype(np.float16)
b = rng.standard_normal((16, 8)).astype(np.float16)
words = []
for i, array in enumerate((a, b, np.zeros((16, 8), np.float32))):
    np.save(folder / f"{i}.npy", array)
    words.append(f"--arg={folder / f'{i}.npy'}")
words += [f"--save=2={folder / 'out.npy'}", "--target=emulated:nvidia_ampere"]
subprocess.run(["orchestra-emulate", kernel, *words], check=True)
wide = a.astype(np.float64), b.astype(np.float64)
# Products are exact; c = 2 for the rounding of 16 sums in f32.
bound = 2 * 2.0**-24 * np.sqrt(16) * (np.abs(wide[0]) @ np.abs(wide[1]))
if (np.abs(np.load(folder / "out.npy") - wide[0] @ wide[1]) > bound).any():
    sys.exit("beyond the bound")
