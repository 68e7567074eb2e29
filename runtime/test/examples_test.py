# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the C and C++ examples with the hand-written model affine.c.

Usage: examples_test.py c|cpp RUN_MODEL AFFINE.so"""

import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

W = (1.0, 2.0, -1.0, 0.5)
B = (0.5, -1.0, 0.0, 3.0)
X = ((1.0, 2.0, 3.0, 4.0), (5.0, -6.0, -7.0, 8.0))


def npy(shape: str, fortran: bool, values: list[float]) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    data = struct.pack(f"<{len(values)}f", *values)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def main() -> None:
    language, binary, model = sys.argv[1:]

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [binary, *arguments], capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stdout + done.stderr

    def expect(arguments: list[str], code: int, *parts: str) -> None:
        got, text = run(*arguments)
        assert got == code, (arguments, got, text)
        for part in parts:
            assert part in text, (arguments, part, text)

    y = [max(0.0, x * w + b) for row in X for x, w, b in zip(row, W, B)]
    top = sorted(range(8), key=lambda i: -y[i])[:5]
    best = "top: " + ", ".join(f"[{i}] {y[i]:g}" for i in top)
    sums = f"[1] {sum(y[4:]):g}, [0] {sum(y[:4]):g}"
    right = ("affine: ", "y: f32 2x4", best, "total: f32 2", sums)

    with tempfile.TemporaryDirectory() as folder:
        rows = [x for row in X for x in row]
        raw = Path(folder, "x.bin")
        raw.write_bytes(struct.pack("<8f", *rows))
        expect([model], 0, "y: f32 1x4", "total: f32 1")
        expect([model, f"x={raw}", "dim:batch=2"], 0, *right)
        expect([model, f"x={raw}"], 1, str(raw))
        expect([model, "z=file"], 1)
        expect([os.path.join(folder, "none.so")], 1, "[artefact-not-found]")
        expect([], 2, "usage")
        if language == "c":
            dense = Path(folder, "dense.npy")
            dense.write_bytes(npy("(2, 4)", False, rows))
            expect([model, f"x={dense}", "threads:1"], 0, "on 1 threads", *right)
            columns = [X[i][j] for j in range(4) for i in range(2)]
            fortran = Path(folder, "fortran.npy")
            fortran.write_bytes(npy("(2, 4)", True, columns))
            expect([model, f"x={fortran}"], 0, *right)
            wrong = Path(folder, "wrong.npy")
            wrong.write_bytes(npy("(4, 2)", False, rows))
            expect([model, f"x={wrong}"], 1, "[tensor-shape]", "dimension 1")
            wrong.write_bytes(npy("(2, 4)", False, rows[:7]))
            expect([model, f"x={wrong}"], 1, str(wrong))
        else:
            expect([model], 0, "slowest kernel calls", "Mul_0 Add_1 Relu_2")


main()
