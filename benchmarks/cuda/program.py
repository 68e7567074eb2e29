#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times an artefact on a machine with a GPU, the runtime library and numpy alone.

    program.py MODEL.so INPUTS.npz --runtime liborchestra_runtime.so.0 [--rounds 50] [--save OUT.npz]

Needs conformance/cuda/run.py of the same tree for the runtime's C interface. Times are of whole
runs as a caller sees them: inputs to the device, the program, outputs back. Then a profile, in
which each call waits for the one before: its times hold a launch and a wait of some microseconds."""

import argparse
import ctypes
import pathlib
import statistics
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance" / "cuda"))

import run as runtime_interface  # noqa: E402


class CallInfo(ctypes.Structure):
    _fields_ = [
        ("kernel", ctypes.c_char_p),
        ("nodes", ctypes.c_char_p),
        ("flops", ctypes.c_double),
        ("bytes", ctypes.c_double),
    ]


class CallProfile(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("count", "total_ns", "min_ns", "last_ns", "last_start_ns")]


def profile(program: runtime_interface.Program, values: dict, top: int) -> None:
    runtime = program.runtime
    runtime.library.orch_program_call.restype = ctypes.POINTER(CallInfo)
    runtime.call("orch_context_set_profiling", program.context, 1)
    for _ in range(20):
        program.run(values)
    calls = []
    for index in range(runtime.library.orch_program_num_calls(program.handle)):
        times = CallProfile()
        runtime.call("orch_context_call_profile", program.context, index, ctypes.byref(times))
        info = runtime.library.orch_program_call(program.handle, index).contents
        calls.append((times.min_ns / 1e3, info.kernel.decode(), info.nodes.decode().split("\n")[0]))
    for microseconds, kernel, node in sorted(calls, reverse=True)[:top]:
        print("%8.1f us  %s  %s" % (microseconds, kernel[7:19], node))
    print("%8.1f us  in %d calls" % (sum(call[0] for call in calls), len(calls)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("inputs", type=pathlib.Path)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--top", type=int, default=20)
    parser.add_argument("--save", type=pathlib.Path)
    options = parser.parse_args()
    program = runtime_interface.Program(runtime_interface.Runtime(options.runtime), options.model)
    values = dict(np.load(options.inputs))
    first = program.run(values)
    times = []
    for round_ in range(options.rounds + 10):
        start = time.perf_counter()
        again = program.run(values)
        if round_ >= 10:
            times.append((time.perf_counter() - start) * 1e6)
        if any(again[name].tobytes() != first[name].tobytes() for name in first):
            sys.exit("run %d gives other numbers" % round_)
    print("%.1f us median, %.1f least, of %d runs" % (statistics.median(times), min(times), len(times)))
    if options.save:
        np.savez(options.save, **first)
    profile(program, values, options.top)
    return 0


if __name__ == "__main__":
    sys.exit(main())
