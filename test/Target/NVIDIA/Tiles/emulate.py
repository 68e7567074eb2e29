#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs products on tensor cores on the emulated GPU and checks their numbers.

    emulate.py FOLDER STRATEGY SEED COUNT

Makes COUNT kernels with random sizes, types, orders and epilogues, compiles each
by the passes of a real GPU until nothing is left that is not the GPU's own, and
compares with NumPy in float64.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "Inputs"))
from reference import EPS, from_bits, to_bits  # noqa: E402

EPILOGUES = ["plain", "bias", "relu", "residual"]


def draw(rng):
    """A case; rows of all tensors are multiples of 16 bytes, as TMA wants."""
    case = {
        "batch": int(rng.integers(2, 4)) if rng.random() < 0.3 else 0,
        "transpose_a": bool(rng.random() < 0.5),
        "transpose_b": bool(rng.random() < 0.5),
        "kind": str(rng.choice(["f16", "bf16"])),
        "epilogue": "plain",
        "m": int(rng.integers(1, 200)),
        "n": int(rng.integers(1, 34)) * 8,
        "k": int(rng.integers(1, 24)) * 8,
    }
    if not case["batch"]:
        case["epilogue"] = str(rng.choice(EPILOGUES))
    case["out"] = str(rng.choice([case["kind"], "f32"]))
    if rng.random() < 0.15:
        # A reduction that is long enough for a cluster of blocks to share.
        case["k"] = int(rng.integers(100, 300)) * 8
    if case["transpose_a"]:
        case["m"] = (case["m"] + 7) // 8 * 8
    return case


def shape(case, *dims):
    return ([case["batch"]] if case["batch"] else []) + [case[d] for d in dims]


def tensor(dims, kind):
    return "tensor<" + "".join(f"{d}x" for d in dims) + f"{kind}>"


def write(case):
    """The kernel and the shapes and types of its arguments."""
    kind, out = case["kind"], case["out"]
    a = shape(case, "k", "m") if case["transpose_a"] else shape(case, "m", "k")
    b = shape(case, "n", "k") if case["transpose_b"] else shape(case, "k", "n")
    c = shape(case, "m", "n")
    batch = "z, " if case["batch"] else ""
    order = "(k, m)" if case["transpose_a"] else "(m, k)"
    map_a = f"affine_map<({batch}m, n, k) -> ({batch}{order[1:]}>"
    order = "(n, k)" if case["transpose_b"] else "(k, n)"
    map_b = f"affine_map<({batch}m, n, k) -> ({batch}{order[1:]}>"
    map_c = f"affine_map<({batch}m, n, k) -> ({batch}m, n)>"
    parallel = '"parallel", ' * (len(c))
    ident = f"affine_map<({batch}m, n) -> ({batch}m, n)>"
    more = {
        "plain": [],
        "bias": [([case["n"]], out, f"affine_map<({batch}m, n) -> (n)>")],
        "relu": [([case["n"]], out, f"affine_map<({batch}m, n) -> (n)>")],
        "residual": [(c, out, ident)],
    }[case["epilogue"]]
    args = [(a, kind), (b, kind)] + [(d, t) for d, t, _ in more] + [(c, out)]
    names = ["%a", "%b"] + ["%e"] * len(more) + ["%out"]
    signature = ", ".join(f"{n}: {tensor(*t)}" for n, t in zip(names, args, strict=True))
    result = tensor(c, out)
    wide = tensor(c, "f32")
    text = f"""
func.func private @orch_k_case({signature}) -> {result} attributes {{orchestra.kernel}} {{
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : {wide}
  %init = linalg.fill ins(%zero : f32) outs(%empty : {wide}) -> {wide}
  %mm = linalg.generic {{indexing_maps = [{map_a}, {map_b}, {map_c}],
      iterator_types = [{parallel}"reduction"]}}
      ins(%a, %b : {tensor(a, kind)}, {tensor(b, kind)}) outs(%init : {wide}) {{
  ^bb0(%x: {kind}, %y: {kind}, %s: f32):
    %p = arith.extf %x : {kind} to f32
    %q = arith.extf %y : {kind} to f32
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %s, %t : f32
    linalg.yield %u : f32
  }} -> {wide}
"""
    if case["epilogue"] == "plain" and out == "f32":
        # The product itself is the result.
        text = text.replace(
            f"  %empty = tensor.empty() : {wide}\n", ""
        ).replace("outs(%empty", "outs(%out")
        return text + f"  return %mm : {wide}\n}}\n", args
    body, value = "", "%x"

    def step(op):
        nonlocal body, value
        name = f"%v{body.count('=')}"
        body += f"    {name} = {op.format(value)}\n"
        value = name

    maps, ins, types, block = [ident], "%mm", wide, "%x: f32"
    for dims, element, where in more:
        maps.append(where)
        ins += ", %e"
        types += ", " + tensor(dims, element)
        block += f", %y: {element}"
        added = "%y"
        if element != "f32":
            body += f"    %w = arith.extf %y : {element} to f32\n"
            added = "%w"
        step(f"arith.addf {{}}, {added} : f32")
    if case["epilogue"] == "relu":
        step("arith.maximumf {}, %zero : f32")
    if out != "f32":
        step(f"arith.truncf {{}} : f32 to {out}")
    text += f"""  %r = linalg.generic {{indexing_maps = [{", ".join(maps + [ident])}],
      iterator_types = [{parallel.rstrip(", ")}]}}
      ins({ins} : {types}) outs(%out : {result}) {{
  ^bb0({block}, %o: {out}):
{body}    linalg.yield {value} : {out}
  }} -> {result}
  return %r : {result}
}}
"""
    return text, args


def reference(case, values):
    a, b = values[0], values[1]
    a = np.swapaxes(a, -1, -2) if case["transpose_a"] else a
    b = np.swapaxes(b, -1, -2) if case["transpose_b"] else b
    result, sums = a @ b, np.abs(a) @ np.abs(b)
    if case["epilogue"] != "plain":
        result, sums = result + values[2], sums + np.abs(values[2])
    if case["epilogue"] == "relu":
        result = np.maximum(result, 0)
    # Products are exact in f32. c = 2 for their sum and the epilogue's in f32;
    # the result is rounded once.
    bound = 2 * EPS["f32"] * np.sqrt(case["k"] + 2) * sums
    return result, bound + EPS[case["out"]] * np.abs(result)


def run_on_tiles(folder, strategy, text, arrays):
    """What a kernel leaves in its last argument; None if it is not on tensor cores."""
    source, device = folder / "case.mlir", folder / "device.mlir"
    source.write_text(text)
    passes = [
        f"--orchestra-nvidia-tile-pipeline=strategy={strategy}",
        "--orchestra-nvidia-device-pipeline",
        "--orchestra-nvidia-emulate-tiles",
    ]
    subprocess.run(["orchestra-opt", source, *passes, "-o", device], check=True)
    if "nvvm.wgmma.mma_async" not in device.read_text():
        return None
    words = ["--entry=orch_k_case", "--target=emulated:nvidia_hopper"]
    for i, array in enumerate(arrays):
        np.save(folder / f"{i}.npy", array)
        words.append(f"--arg={folder / f'{i}.npy'}")
    words.append(f"--save={len(arrays) - 1}={folder / 'out.npy'}")
    subprocess.run(["orchestra-emulate", device, *words], check=True)
    return np.load(folder / "out.npy")


def check(folder, strategy, case, rng):
    text, types = write(case)
    arrays = [to_bits(rng.standard_normal(dims), kind) for dims, kind in types]
    # The destination starts as garbage that no kernel may read.
    arrays[-1] = to_bits(np.full(types[-1][0], 77.0), types[-1][1])
    bits = run_on_tiles(folder, strategy, text, arrays)
    if bits is None:
        print(f"{case}: not on tensor cores")
        return False
    got = from_bits(bits, case["out"])
    values = [from_bits(v, t[1]) for v, t in zip(arrays, types, strict=True)]
    want, bound = reference(case, values)
    wrong = ~(np.abs(got - want) <= bound)
    if wrong.any():
        print(f"{case}: {wrong.sum()} elements beyond the bound, first {np.argwhere(wrong)[0]}")
    return not wrong.any()


def run_cases(draw, check):
    """Checks as many random cases as the command line says; ends the program."""
    folder, strategy = Path(sys.argv[1]), sys.argv[2]
    seed, count = int(sys.argv[3]), int(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    results = []
    for _ in range(count):
        case = draw(rng)
        try:
            results.append(check(folder, strategy, case, rng))
        except subprocess.CalledProcessError:
            print(f"{case}: a tool failed")
            results.append(False)
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    run_cases(draw, check)
