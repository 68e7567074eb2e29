#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs convolutions on tensor cores on the emulated GPU and checks their numbers.

    emulate_convolution.py FOLDER STRATEGY SEED COUNT

Makes COUNT kernels with random pictures, windows, frames and filters, compiles
each by the passes of a real GPU until nothing is left that is not the GPU's own,
and compares with NumPy in float64.
"""

import sys
from pathlib import Path

import numpy as np
from emulate import run_cases, run_on_tiles

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "Inputs"))
from reference import EPS, from_bits, to_bits  # noqa: E402


def draw(rng):
    """A case; lists are of rows and columns. Channels are multiples of 16 bytes."""
    pair = lambda low, high: [int(n) for n in rng.integers(low, high, 2)]  # noqa: E731
    case = {
        "kind": str(rng.choice(["f16", "bf16"])),
        "filters_last": bool(rng.random() < 0.3),
        "pictures": int(rng.integers(1, 4)),
        "size": pair(1, 4),
        "stride": pair(1, 4),
        "dilation": pair(1, 3),
        "low": pair(0, 3),
        "high": pair(0, 3),
        "count": pair(1, 9),
        "filters": int(rng.integers(1, 12)) * 8,
    }
    # Four channels are narrower than a tensor map's pixels: columns are joined.
    case["joined"] = not case["filters_last"] and bool(rng.random() < 0.3)
    if case["joined"]:
        case["dilation"][1], case["low"][1], case["high"][1] = 1, 0, 0
        case["size"][1], case["stride"][1] = 2 * int(rng.integers(1, 4)), 2
    # Filters innermost have no room for channels that are not there.
    case["channels"] = 64 if case["filters_last"] else int(rng.integers(1, 20)) * 8
    if case["joined"]:
        case["channels"] = 4
    # Pixels behind the last window are left over, where windows are apart.
    case["picture"] = [
        max(1, (c - 1) * s + (k - 1) * d + 1 - low - high + int(rng.integers(0, s)))
        for c, s, k, d, low, high in zip(*(case[x] for x in ("count", "stride", "size", "dilation", "low", "high")))
    ]
    if case["joined"]:
        case["picture"][1] += case["picture"][1] % 2
    case["count"] = [
        (n + low + high - (k - 1) * d - 1) // s + 1
        for n, s, k, d, low, high in zip(*(case[x] for x in ("picture", "stride", "size", "dilation", "low", "high")))
    ]
    return case


def write(case):
    """The kernel and the shapes of its arguments: picture, filters, bias, result."""
    kind, (h, w), (kh, kw) = case["kind"], case["picture"], case["size"]
    n, c, f, (oh, ow) = case["pictures"], case["channels"], case["filters"], case["count"]
    shapes = [[n, h, w, c], [kh, kw, c, f] if case["filters_last"] else [f, kh, kw, c], [f], [n, oh, ow, f]]
    text = lambda shape, kind: "tensor<" + "".join(f"{d}x" for d in shape) + f"{kind}>"  # noqa: E731
    x, filters, bias, y = (text(shape, kind) for shape in shapes)
    wide, padded = text(shapes[3], "f32"), [n, h + case["low"][0] + case["high"][0], w + sum((case["low"][1], case["high"][1])), c]
    (s0, s1), (d0, d1) = case["stride"], case["dilation"]
    loops = "n, i, j, f, p, q, c"
    over = "p, q, c, f" if case["filters_last"] else "f, p, q, c"
    return f"""
#x = affine_map<({loops}) -> (n, i * {s0} + p * {d0}, j * {s1} + q * {d1}, c)>
#w = affine_map<({loops}) -> ({over})>
#y = affine_map<({loops}) -> (n, i, j, f)>
#all = affine_map<(n, i, j, f) -> (n, i, j, f)>
#last = affine_map<(n, i, j, f) -> (f)>
func.func private @orch_k_case(%x: {x}, %w: {filters}, %b: {bias}, %out: {y}) -> {y} attributes {{orchestra.kernel, orchestra.kind = "contraction"}} {{
  %z = arith.constant 0.0 : {kind}
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, {case["low"][0]}, {case["low"][1]}, 0] high[0, {case["high"][0]}, {case["high"][1]}, 0] {{
  ^bb0(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %z : {kind}
  }} : {x} to {text(padded, kind)}
  %e = tensor.empty() : {wide}
  %f = linalg.fill ins(%zero : f32) outs(%e : {wide}) -> {wide}
  %r = linalg.generic {{indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}} ins(%p, %w : {text(padded, kind)}, {filters}) outs(%f : {wide}) {{
  ^bb0(%a0: {kind}, %b0: {kind}, %o0: f32):
    %a1 = arith.extf %a0 : {kind} to f32
    %b1 = arith.extf %b0 : {kind} to f32
    %m = arith.mulf %a1, %b1 : f32
    %s = arith.addf %o0, %m : f32
    linalg.yield %s : f32
  }} -> {wide}
  %v = linalg.generic {{indexing_maps = [#all, #last, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}} ins(%r, %b : {wide}, {bias}) outs(%out : {y}) {{
  ^bb0(%a0: f32, %b0: {kind}, %o0: {kind}):
    %b1 = arith.extf %b0 : {kind} to f32
    %s = arith.addf %a0, %b1 : f32
    %t = arith.maximumf %s, %zero : f32
    %u = arith.truncf %t : f32 to {kind}
    linalg.yield %u : {kind}
  }} -> {y}
  return %v : {y}
}}
""", shapes  # noqa: E501


def convolve(case, x, w):
    if case["filters_last"]:
        w = np.moveaxis(w, 3, 0)
    frame = [(0, 0), *zip(case["low"], case["high"]), (0, 0)]
    x = np.pad(x, frame)
    (oh, ow), (s0, s1), (d0, d1) = case["count"], case["stride"], case["dilation"]
    y = 0
    for p in range(case["size"][0]):
        for q in range(case["size"][1]):
            part = x[:, p * d0 : p * d0 + (oh - 1) * s0 + 1 : s0, q * d1 : q * d1 + (ow - 1) * s1 + 1 : s1]
            y = y + np.einsum("nijc,fc->nijf", part, w[:, p, q])
    return y


def check(folder, strategy, case, rng):
    text, shapes = write(case)
    kind = case["kind"]
    arrays = [to_bits(rng.standard_normal(shape), kind) for shape in shapes[:3]]
    # The destination starts as garbage that no kernel may read.
    arrays.append(to_bits(np.full(shapes[3], 77.0), kind))
    bits = run_on_tiles(folder, strategy, text, arrays)
    if bits is None:
        print(f"{case}: not on tensor cores")
        return False
    got = from_bits(bits, kind)
    x, w, b = (from_bits(array, kind) for array in arrays[:3])
    want = np.maximum(convolve(case, x, w) + b, 0)
    # Sums in f32 of products without error, each rounded; then the result once.
    size = convolve(case, np.abs(x), np.abs(w)) + np.abs(b)
    wrong = ~(np.abs(got - want) <= EPS[kind] * np.abs(want) + 1e-5 * size)
    if wrong.any():
        print(f"{case}: {wrong.sum()} elements beyond the bound, first {np.argwhere(wrong)[0]}")
    return not wrong.any()


if __name__ == "__main__":
    run_cases(draw, check)
