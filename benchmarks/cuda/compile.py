#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles matrix products, or attention, for a GPU that is on another machine.

    compile.py FOLDER [--sizes 2048 4096 8192] [--shapes 128x768x3072 ...] [--attention]
               [--strategy FILE] [--build build]

Leaves in FOLDER a cubin for each case and cases.json, which says how to launch
them. Needs orchestra-opt and ptxas, and fails where ptxas spills or serialises.
run.py checks and times them where the GPU is."""

import argparse
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import attention

ROOT = Path(__file__).resolve().parent.parent.parent
RAGGED = [(136, 264, 72), (1000, 1048, 520), (8, 8, 8), (1, 8, 64), (333, 1000, 1000)]
EPILOGUES = ["bias", "bias_relu", "residual"]


def make_cases(sizes, shapes):
    cases = []

    def add(shape, transposed, element, result, epilogue, timed):
        cases.append(
            {
                "name": "x".join(map(str, shape))
                + "_%s_%s_%s_%s" % (transposed, element, result, epilogue or "plain"),
                "shape": shape,
                "transposed": transposed,
                "element": element,
                "result": result,
                "epilogue": epilogue,
                "timed": timed,
            }
        )

    layouts = ["".join(pair) for pair in itertools.product("nt", repeat=2)]
    for shape, element in itertools.product(RAGGED, ("bf16", "f16")):
        for layout in layouts:
            # A transposed operand has m or n as its rows' length.
            m, n, _ = shape
            if (layout[0] == "n" or m % 8 == 0) and n % 8 == 0:
                add(shape, layout, element, element, "", False)
        add(shape, "nt", element, "f32", "", False)
    for epilogue in EPILOGUES:
        add((1000, 1048, 520), "nt", "bf16", "bf16", epilogue, False)
        add((1000, 1048, 520), "nn", "bf16", "f32", epilogue, False)
    for size in sizes:
        shape = (size, size, size)
        for layout in layouts:
            add(shape, layout, "bf16", "bf16", "", True)
        add(shape, "nt", "f16", "f16", "", True)
        add(shape, "nt", "bf16", "f32", "", True)
        add(shape, "nt", "bf16", "bf16", "bias_relu", True)
    for text in shapes:
        shape = tuple(int(size) for size in text.split("x"))
        for layout in ("nn", "nt"):
            add(shape, layout, "bf16", "bf16", "", True)
    return cases


def write_kernel(case):
    m, n, k = case["shape"]
    element, result = case["element"], case["result"]
    turned = [letter == "t" for letter in case["transposed"]]
    a = "tensor<%dx%dx%s>" % ((k, m, element) if turned[0] else (m, k, element))
    b = "tensor<%dx%dx%s>" % ((n, k, element) if turned[1] else (k, n, element))
    c = "tensor<%dx%dx%s>" % (m, n, result)
    maps = [
        "affine_map<(m, n, k) -> (%s)>" % loops
        for loops in ("k, m" if turned[0] else "m, k", "n, k" if turned[1] else "k, n", "m, n")
    ]
    arguments = [("%a", a), ("%b", b)]
    steps = case["epilogue"].split("_") if case["epilogue"] else []
    if "bias" in steps:
        arguments.append(("%bias", "tensor<%dx%s>" % (n, result)))
    if "residual" in steps:
        arguments.append(("%residual", c))
    arguments.append(("%out", c))
    lines = [
        "func.func private @kernel(%s) -> %s attributes {orchestra.kernel} {"
        % (", ".join("%s: %s" % pair for pair in arguments), c),
        "%%zero = arith.constant 0.0 : %s" % result,
        "%%empty = tensor.empty() : %s" % c,
        "%%init = linalg.fill ins(%%zero : %s) outs(%%empty : %s) -> %s" % (result, c, c),
        "%%r0 = linalg.matmul indexing_maps = [%s] ins(%%a, %%b : %s, %s) outs(%%init : %s) -> %s"
        % (", ".join(maps), a, b, c, c),
    ]
    whole, row = "affine_map<(m, n) -> (m, n)>", "affine_map<(m, n) -> (n)>"
    bodies = {
        "bias": ("%bias", row, "arith.addf %%x, %%y : %s"),
        "relu": ("", "", "arith.maximumf %%x, %%zero : %s"),
        "residual": ("%residual", whole, "arith.addf %%x, %%y : %s"),
    }
    for number, step in enumerate(steps):
        operand, operand_map, body = bodies[step]
        inputs = ["%%r%d" % number] + ([operand] if operand else [])
        types = [c] + ([dict(arguments)[operand]] if operand else [])
        names = ["%x", "%y"][: len(inputs)] + ["%o"]
        lines += [
            "%%r%d = linalg.generic {indexing_maps = [%s], iterator_types = "
            '["parallel", "parallel"]} ins(%s : %s) outs(%%out : %s) {'
            % (
                number + 1,
                ", ".join([whole] + ([operand_map] if operand else []) + [whole]),
                ", ".join(inputs),
                ", ".join(types),
                c,
            ),
            "^bb0(%s):" % ", ".join("%s: %s" % (name, result) for name in names),
            "%s = %s" % ("%s", body % result),
            "linalg.yield %%s : %s" % result,
            "} -> %s" % c,
        ]
    return "\n".join(lines + ["return %%r%d : %s" % (len(steps), c), "}", ""])


def numbers(text):
    return [int(word) for word in text.split(",")]


def parse_launch(text):
    """What the pipeline says of the one kernel, as data."""
    launch = {
        "block": numbers(re.search(r"block = array<i32: (.*?)>", text).group(1)),
        "grid": numbers(re.search(r"grid = array<i32: (.*?)>", text).group(1)),
        "shared": int(re.search(r"shared_bytes = (\d+)", text).group(1)),
        "parameters": [],
    }
    for field in re.findall(r"\{(argument = [^}]*)\}", text):
        parameter = {"argument": int(re.match(r"argument = (\d+)", field).group(1))}
        box = re.search(
            r"box = array<i64: (.*?)>, element = (\w+), shape = array<i64: (.*?)>", field
        )
        if box:
            parameter.update(
                box=numbers(box.group(1)), element=box.group(2), shape=numbers(box.group(3))
            )
        launch["parameters"].append(parameter)
    return launch


def compile_case(case, folder, opt, strategy):
    source, ptx = folder / "kernel.mlir", folder / "kernel.ptx"
    write = attention.write_kernel if case.get("kind") == "attention" else write_kernel
    source.write_text(write(case))
    module = subprocess.run(
        [
            opt,
            source,
            "--orchestra-nvidia-kernel-pipeline=strategy=%s" % strategy,
            "--orchestra-nvidia-write-object=output=%s" % ptx,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    done = subprocess.run(
        ["ptxas", "-arch=sm_90a", "-v", ptx, "-o", folder / (case["name"] + ".cubin")],
        check=True,
        capture_output=True,
        text=True,
    )
    log = done.stdout + done.stderr
    if "C75" in log or " 0 bytes spill stores" not in log:
        sys.exit("%s: ptxas spills or serialises:\n%s" % (case["name"], log))
    return dict(case, launch=parse_launch(module.splitlines()[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shapes", nargs="*", default=[], metavar="MxNxK")
    parser.add_argument("--sizes", type=int, nargs="*", default=[2048, 4096, 8192])
    parser.add_argument("--attention", action="store_true", help="attention instead of products")
    parser.add_argument(
        "--strategy", type=Path, default=ROOT / "strategies/nvidia_hopper_strategy.mlir"
    )
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    opt = options.build / "bin/orchestra-opt"
    wanted = (
        attention.make_cases()
        if options.attention
        else make_cases(options.sizes, options.shapes)
    )
    cases = [compile_case(case, options.folder, opt, options.strategy) for case in wanted]
    (options.folder / "cases.json").write_text(json.dumps(cases))
    print("%d kernels in %s" % (len(cases), options.folder))


if __name__ == "__main__":
    main()
