#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks and times what compile.py made, on a machine with a GPU and torch.

    run.py FOLDER [--check-only] [--rounds 15]

Every kernel is compared with its computation in f32, with destinations of NaN and
memory around them watched. Timed ones are replayed from CUDA graphs beside
cuBLAS in all four layouts, or torch's attention, in an order shuffled each round:
a fixed order misjudges by more than ten percent, for the GPU's clock remembers
what ran."""

import argparse
import ctypes
import json
import math
import random
import statistics
import sys
import time
from pathlib import Path

import attention
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
        # The driver counts dimensions from the fastest.
        shape, box = parameter["shape"][::-1], parameter["box"][::-1]
        rank, strides = len(shape), [BYTES[parameter["element"]]]
        for size in shape[:-1]:
            strides.append(strides[-1] * size)
        call(
            "cuTensorMapEncodeTiled",
            ctypes.c_void_p(place),
            MAP_TYPES[parameter["element"]],
            rank,
            ctypes.c_void_p(pointer),
            (ctypes.c_uint64 * rank)(*shape),
            (ctypes.c_uint64 * (rank - 1))(*strides[1:]),
            (ctypes.c_uint32 * rank)(*box),
            (ctypes.c_uint32 * rank)(*[1] * rank),
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


def draw(shape, kind, generator):
    values = torch.randn(shape, generator=generator, device="cuda")
    return values.to(TYPES[kind])


def make_inputs(case, generator):
    if case.get("kind") == "attention":
        pairs = zip(attention.get_shapes(case)[:-1], attention.get_types(case)[:-1])
        tensors = [draw(shape, kind, generator) for shape, kind in pairs]
        if case["mask"]:
            tensors[3][..., 0] = -30000  # Hides a key.
        return tensors
    m, n, k = case["shape"]
    turned = [letter == "t" for letter in case["transposed"]]
    tensors = [
        draw((k, m) if turned[0] else (m, k), case["element"], generator),
        draw((n, k) if turned[1] else (k, n), case["element"], generator),
    ]
    if "bias" in case["epilogue"]:
        tensors.append(draw((n,), case["result"], generator))
    if "residual" in case["epilogue"]:
        tensors.append(draw((m, n), case["result"], generator))
    return tensors


def reference(case, tensors):
    if case.get("kind") == "attention":
        return attention.reference(case, tensors)
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


def result_shape(case):
    if case.get("kind") == "attention":
        return attention.get_shapes(case)[-1]
    return case["shape"][:2]


def get_bound(case):
    # The weights of attention are rounded as well, before the second product.
    if case.get("kind") == "attention":
        return 2 * BOUNDS[case["element"]]
    return BOUNDS[case["result"]] * (2 if case["epilogue"] else 1)


def check(folder, case, generator):
    tensors = make_inputs(case, generator)
    kind, shape = TYPES[case["result"]], result_shape(case)
    size = math.prod(shape)
    memory = torch.full((size + 2 * GUARD,), float("nan"), device="cuda", dtype=kind)
    out = memory[GUARD : GUARD + size].view(shape)
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
    bound = get_bound(case)
    guards = torch.cat([memory[:GUARD], memory[GUARD + size :]])
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


def time_graphs(graphs, count, rounds):
    """Medians in milliseconds of one of `count` launches."""
    times = {name: [] for name in graphs}
    for number in range(rounds + 1):
        order = list(graphs)
        random.Random(number).shuffle(order)
        for name in order:
            time.sleep(0.02)
            elapsed = replay(graphs[name])
            if number > 0:  # The first round warms up.
                times[name].append(elapsed / count)
    return {name: statistics.median(values) for name, values in times.items()}

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
    medians = time_graphs(graphs, count, rounds)
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


def measure_attention(folder, case, rounds, generator):
    """Prints the median of one case, and of torch's attention."""
    operations = attention.count_operations(case)
    count = max(2, min(40, int(6e-3 * 5e14 / operations)))
    tensors = make_inputs(case, generator)
    out = torch.empty(result_shape(case), device="cuda", dtype=TYPES[case["result"]])
    kernel = Kernel(folder, case, [*tensors, out])
    query, key, value = attention.get_peer_operands(case, tensors)
    causal = case["past"] is not None

    def peer():
        torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=causal)

    graphs = {case["name"]: capture(kernel.launch, count), "sdpa": capture(peer, count)}
    medians = time_graphs(graphs, count, rounds)
    for name, milliseconds in medians.items():
        print(
            "%-44s %9.2f us %7.1f TFLOP/s %6.1f %%"
            % (
                name,
                milliseconds * 1e3,
                operations / milliseconds / 1e9,
                100 * medians["sdpa"] / milliseconds,
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
        timed = [case for case in cases if case["timed"] and case.get("kind") != "attention"]
        for shape in sorted({tuple(case["shape"]) for case in timed}):
            same = [case for case in timed if tuple(case["shape"]) == shape]
            measure(options.folder, shape, same, options.rounds, generator)
        for case in cases:
            if case["timed"] and case.get("kind") == "attention":
                measure_attention(options.folder, case, options.rounds, generator)
    sys.exit(0 if all(right) else 1)


if __name__ == "__main__":
    main()
