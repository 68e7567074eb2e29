#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a call from Python costs beside ONNX Runtime's, in one process, in turns.

    .venv/bin/python benchmarks/harness/call_overhead.py [--threads N] [--rounds N] [--json]

Three models: one Neg of four floats, where the call is all there is; the bundled digits model with
one picture; and with 64. Each round runs every engine a number of times in alternating order and
keeps the mean of the round; the figure is the median over rounds, in microseconds."""

import argparse
import gc
import json
import os
import pathlib
import statistics
import sys
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(os.environ.get("ORCHESTRA_BUILD_DIR", ROOT / "build")) / "python"))
import orchestra

DIGITS = ROOT / "examples" / "digits" / "digits.onnx"


def tiny() -> onnx.ModelProto:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "tiny", value[:1], value[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)


def calls(model, feed, threads):
    """The engines: a function without arguments that runs once, by name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    data = model.SerializeToString()
    theirs = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    program = orchestra.compile(data, threads=threads)
    session = orchestra.InferenceSession(data, options_like(threads))
    (only,) = feed.values()
    numpy.testing.assert_allclose(program(only)[0], theirs.run(None, feed)[0], atol=1e-5)
    return {
        "onnxruntime session.run(None, feed)": lambda: theirs.run(None, feed),
        "orchestra program(x)": lambda: program(only),
        "orchestra program(name=x)": lambda: program(**feed),
        "orchestra session.run(None, feed)": lambda: session.run(None, feed),
    }


def options_like(threads):
    options = orchestra.SessionOptions()
    options.intra_op_num_threads = threads
    return options


def measure(engines, rounds, repeats):
    times = {name: [] for name in engines}
    order = list(engines.items())
    for _ in range(rounds):
        order.reverse()
        for name, call in order:
            for _ in range(repeats // 10 + 1):
                call()
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            times[name].append((time.perf_counter() - start) / repeats * 1e6)
    return {name: statistics.median(found) for name, found in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    picture = numpy.load(DIGITS.parent / "test.npz")["image"]
    digits = onnx.load(DIGITS)
    cases = {
        "Neg of 4 floats": (tiny(), {"x": numpy.ones(4, "float32")}),
        "digits, 1 picture": (digits, {"image": picture[:1]}),
        "digits, 64 pictures": (digits, {"image": picture[:64]}),
    }
    gc.disable()
    found = {
        case: measure(calls(model, feed, args.threads), args.rounds, args.repeats) for case, (model, feed) in cases.items()
    }
    if args.json:
        print(json.dumps({"threads": args.threads, "microseconds": found}))
        return
    print(f"microseconds a call, {args.threads} threads, ONNX Runtime {onnxruntime.__version__}")
    for case, times in found.items():
        print(case)
        for name, time_ in times.items():
            print(f"  {time_:9.2f}  {name}")


if __name__ == "__main__":
    main()
