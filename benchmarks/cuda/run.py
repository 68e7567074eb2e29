#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks and times what compile.py made, on a machine with a GPU and torch.

    run.py FOLDER [--check-only] [--rounds 15]

Every kernel is compared with a product in f32, with destinations of NaN and
memory around them watched. Timed ones are replayed from CUDA graphs beside
cuBLAS in all four layouts, in an order shuffled each round: a fixed order
misjudges by more than ten percent, for the GPU's clock remembers what ran."""

import argparse
import ctypes
import json
import random
import statistics
import sys
import time
from pathlib import Path

import torch

TYPES = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}
MAP_TYPES = {"bf16": 9, "f16": 6, "f32": 7}  # CUtensorMapDataType
BYTES = {"bf16": 2, "f16": 2, "f32": 4}
# Relative error of the whole matrix: half a unit in the last place of the
# result's type, twice with an epilogue that rounds at each step; the sum of f32
# grows with the square root of k.
BOUNDS = {"bf16": 4e-3, "f16": 5e-4, "f32": 2e-5}
GUARD = 4096
CUDA = ctypes.CDLL("libcuda.so.1")


def call(name, *arguments):
    status = getattr(CUDA, name)(*arguments)
    if status != 0:
        text = ctypes.c_char_p()
        CUDA.cuGetErrorString(status, ctypes.byref(text))
        raise RuntimeError("%s: %s" % (name, (text.value or b"unknown error").decode()))


class Kernel:
    """A cubin with its launch, bound to tensors."""

    def __init__(self, folder, case, tensors):
        self.launch_info, self.tensors, self.memory = case["launch"], tensors, []
        module, self.function = ctypes.c_void_p(), ctypes.c_void_p()
        path = folder / (case["name"] + ".cubin")
        call("cuModuleLoad", ctypes.byref(module), str(path).encode())
        call("cuModuleGetFunction", ctypes.byref(self.function), module, b"kernel")
        # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        call("cuFuncSetAttribute", self.function, 8, self.launch_info["shared"])
        places = [self.encode(parameter) for parameter in self.launch_info["parameters"]]
        self.arguments = (ctypes.c_void_p * len(places))(*places)

    def encode(self, parameter):
        """The address of what the driver copies as this parameter."""
        pointer = self.tensors[parameter["argument"]].data_ptr()
        if "box" not in parameter:
            self.memory.append(ctypes.c_uint64(pointer))
            return ctypes.addressof(self.memory[-1])
        self.memory.append(ctypes.create_string_buffer(192))
        place = (ctypes.addressof(self.memory[-1]) + 63) & ~63
        (rows, columns), (box_rows, box_columns) = parameter["shape"], parameter["box"]
        call(
            "cuTensorMapEncodeTiled",
            ctypes.c_void_p(place),
            MAP_TYPES[parameter["element"]],
            2,
            ctypes.c_void_p(pointer),
            (ctypes.c_uint64 * 2)(columns, rows),
            (ctypes.c_uint64 * 1)(columns * BYTES[parameter["element"]]),
            (ctypes.c_uint32 * 2)(box_columns, box_rows),
            (ctypes.c_uint32 * 2)(1, 1),
            0,  # no interleaving
            3,  # swizzled over 128 bytes
            2,  # promotion to 128 bytes in the second-level cache
            0,  # zeros outside
        )
        return place

    def launch(self):
        info = self.launch_info
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        call(
            "cuLaunchKernel",
            self.function,
            *info["grid"],
            *info["block"],
            info["shared"],
            stream,
            self.arguments,
            None,
        )


def make_inputs(case, generator):
    m, n, k = case["shape"]
    turned = [letter == "t" for letter in case["transposed"]]

    def draw(shape, kind):
        values = torch.randn(shape, generator=generator, device="cuda")
        return values.to(TYPES[kind])

    tensors = [
        draw((k, m) if turned[0] else (m, k), case["element"]),
        draw((n, k) if turned[1] else (k, n), case["element"]),
    ]
    if "bias" in case["epilogue"]:
        tensors.append(draw((n,), case["result"]))
    if "residual" in case["epilogue"]:
        tensors.append(draw((m, n), case["result"]))
    return tensors


def reference(case, tensors):
    a, b = (
        (tensor.T if letter == "t" else tensor).float()
        for tensor, letter in zip(tensors, case["transposed"])
    )
    result, rest = a @ b, list(tensors[2:])
    for step in case["epilogue"].split("_"):
        if step in ("bias", "residual"):
            result = result + rest.pop(0).float()
        elif step == "relu":
            result = result.clamp(min=0)
    return result


def check(folder, case, generator):
    m, n, _ = case["shape"]
    tensors = make_inputs(case, generator)
    kind = TYPES[case["result"]]
    memory = torch.full((m * n + 2 * GUARD,), float("nan"), device="cuda", dtype=kind)
    out = memory[GUARD : GUARD + m * n].view(m, n)
    kernel = Kernel(folder, case, [*tensors, out])
    kernel.launch()
    torch.cuda.synchronize()
    first = out.clone()
    out.fill_(float("nan"))
    for _ in range(3):
        kernel.launch()
    torch.cuda.synchronize()
    expected = reference(case, tensors)
    error = float((out.float() - expected).norm() / expected.norm())
    bound = BOUNDS[case["result"]] * (2 if case["epilogue"] else 1)
    guards = torch.cat([memory[:GUARD], memory[GUARD + m * n :]])
    faults = [
        text
        for text, wrong in (
            ("error %.2e above %.0e" % (error, bound), not error <= bound),
            ("writes outside of its result", not bool(guards.isnan().all())),
            ("differs from run to run", not bool((first == out).all())),
        )
        if wrong
    ]
    print("%-44s error %.2e %s" % (case["name"], error, "; ".join(faults) or "ok"), flush=True)
    return not faults


def capture(run, count):
    """A graph of `count` launches, after some outside of it."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(2):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(count):
            run()
    return graph


def replay(graph):
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    graph.replay()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def measure(folder, shape, cases, rounds, generator):
    """Prints the medians of all `cases` of one shape, and of cuBLAS."""
    m, n, k = shape
    operations = 2 * m * n * k
    count = max(2, min(40, int(6e-3 * 7e14 / operations)))
    graphs, kept = {}, []
    for element in sorted({case["element"] for case in cases}):
        for layout in ("nn", "nt", "tn", "tt"):
            probe = {"shape": shape, "transposed": layout, "element": element, "epilogue": ""}
            pair = make_inputs(probe, generator)
            a, b = (t.T if letter == "t" else t for t, letter in zip(pair, layout))
            out = torch.empty(m, n, device="cuda", dtype=TYPES[element])
            kept.append((a, b, out))
            name = "cublas_%s_%s" % (layout, element)
            graphs[name] = capture(lambda a=a, b=b, out=out: torch.mm(a, b, out=out), count)
    for case in cases:
        out = torch.empty(m, n, device="cuda", dtype=TYPES[case["result"]])
        kernel = Kernel(folder, case, [*make_inputs(case, generator), out])
        kept.append(kernel)
        graphs[case["name"]] = capture(kernel.launch, count)
    times = {name: [] for name in graphs}
    for number in range(rounds + 1):
        order = list(graphs)
        random.Random(number).shuffle(order)
        for name in order:
            time.sleep(0.02)
            elapsed = replay(graphs[name])
            if number > 0:  # The first round warms up.
                times[name].append(elapsed / count)
    medians = {name: statistics.median(values) for name, values in times.items()}
    best = {
        element: min(
            medians["cublas_%s_%s" % (layout, element)] for layout in ("nn", "nt", "tn", "tt")
        )
        for element in {case["element"] for case in cases}
    }
    for name, milliseconds in sorted(medians.items(), key=lambda item: item[1]):
        element = next((c["element"] for c in cases if c["name"] == name), name.split("_")[-1])
        print(
            "%-44s %9.2f us %7.1f TFLOP/s %6.1f %%"
            % (
                name,
                milliseconds * 1e3,
                operations / milliseconds / 1e9,
                100 * best[element] / milliseconds,
            ),
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check-only", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    cases = json.loads((options.folder / "cases.json").read_text())
    torch.backends.cuda.matmul.allow_tf32 = False
    generator = torch.Generator(device="cuda")
    generator.manual_seed(7)
    right = [check(options.folder, case, generator) for case in cases]
    print("%d of %d kernels right" % (sum(right), len(right)))
    if not options.check_only:
        timed = [case for case in cases if case["timed"]]
        for shape in sorted({tuple(case["shape"]) for case in timed}):
            same = [case for case in timed if tuple(case["shape"]) == shape]
            measure(options.folder, shape, same, options.rounds, generator)
    sys.exit(0 if all(right) else 1)


if __name__ == "__main__":
    main()
