#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs attention on tensor cores on the emulated GPU and checks its numbers.

    emulate_attention.py FOLDER STRATEGY

Each case is compiled by the passes of a real GPU until nothing is left that is
not the GPU's own, and compared with NumPy in float64.
"""

import sys
from pathlib import Path

import numpy as np
from emulate import run_on_tiles

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "Inputs"))
from reference import EPS, from_bits, to_bits  # noqa: E402

# Heads, queries, keys, width of a head, type, whether the future is hidden.
CASES = [
    (2, 128, 256, 64, "bf16", False),
    (1, 100, 200, 64, "f16", False),
    (2, 192, 192, 128, "f16", True),
]


def write(heads, rows, keys, width, kind, causal):
    q = f"tensor<{heads}x{rows}x{width}x{kind}>"
    k = f"tensor<{heads}x{keys}x{width}x{kind}>"
    past = " causal(%past)" if causal else ""
    return f"""
#q = affine_map<(h, m, n, k, s) -> (h, m, k)>
#k = affine_map<(h, m, n, k, s) -> (h, s, k)>
#v = affine_map<(h, m, n, k, s) -> (h, s, n)>
#o = affine_map<(h, m, n, k, s) -> (h, m, n)>
func.func private @orch_k_case(%q: {q}, %k: {k}, %v: {k}, %out: {q}) -> {q} attributes {{orchestra.kernel, orchestra.kind = "attention"}} {{
  %scale = arith.constant {width**-0.5} : f32
  %past = arith.constant {keys - rows} : index
  %r = linalg_ext.attention {{indexing_maps = [#q, #k, #v, #o]}} ins(%q, %k, %v : {q}, {k}, {k}) scale(%scale : f32){past} outs(%out : {q}) -> {q}
  return %r : {q}
}}
"""  # noqa: E501


def reference(q, k, v, causal):
    scores = q @ np.swapaxes(k, 1, 2) * q.shape[2] ** -0.5
    if causal:
        rows, keys = scores.shape[1:]
        hidden = np.arange(keys)[None, :] > np.arange(rows)[:, None] + keys - rows
        scores = np.where(hidden, -np.inf, scores)
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    return weights @ v, weights @ np.abs(v)


def check(folder, strategy, case, rng):
    heads, rows, keys, width, kind, causal = case
    shapes = [(heads, n, width) for n in (rows, keys, keys)]
    arrays = [to_bits(rng.standard_normal(shape), kind) for shape in shapes]
    # The destination starts as garbage that no kernel may read.
    arrays.append(to_bits(np.full(shapes[0], 77.0), kind))
    bits = run_on_tiles(folder, strategy, write(*case), arrays)
    if bits is None:
        print(f"{case}: not on tensor cores")
        return False
    got = from_bits(bits, kind)
    values = [from_bits(array, kind) for array in arrays[:3]]
    want, sums = reference(*values, causal)
    # The weights are rounded to the type, each by eps, before the second
    # product, and so is the result; 2 for the sum of the weights.
    wrong = ~(np.abs(got - want) <= EPS[kind] * (2 * sums + np.abs(want)))
    if wrong.any():
        print(f"{case}: {wrong.sum()} elements beyond the bound, first {np.argwhere(wrong)[0]}")
    return not wrong.any()


def main():
    folder, strategy = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(4)
    results = [check(folder, strategy, case, rng) for case in CASES]
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
