#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs kernels compiled for NVIDIA on the emulated GPU and checks their numbers.

    emulate.py FOLDER NAME...

NAMEs are kernels of test/Target/Inputs. The passes are those of a real GPU until
the gpu dialect.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

INPUTS = Path(__file__).parent.parent / "Inputs"
sys.path.insert(0, str(INPUTS))
from reference import from_bits, judge, make_inputs, signature, to_bits  # noqa: E402


def check(folder, name):
    source = INPUTS / f"{name}.mlir"
    types = signature(source.read_text())
    device = folder / f"{name}.mlir"
    subprocess.run(
        ["orchestra-opt", source, "--orchestra-nvidia-device-pipeline", "-o", device], check=True
    )
    arrays = make_inputs(types[:-1])
    shape, kind = types[-1]
    # The destination starts as garbage that no kernel may read.
    arrays.append(to_bits(np.full(shape, 77), kind))
    words = [f"--entry=orch_k_{name}", "--target=emulated:nvidia_hopper"]
    for i, array in enumerate(arrays):
        np.save(folder / f"{i}.npy", array)
        words.append(f"--arg={folder / f'{i}.npy'}")
    words.append(f"--save={len(arrays) - 1}={folder / 'out.npy'}")
    subprocess.run(["orchestra-emulate", device, *words], check=True)
    return judge(name, types, arrays, from_bits(np.load(folder / "out.npy"), kind))


def main():
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    results = [check(folder, name) for name in names]
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
