#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX Runtime on one model, measured; prints the JSON object `orchestra bench` prints.

Its best documented settings for latency: all graph optimisations, sequential execution,
as many intra-op threads as asked for, which spin between operators; inputs and outputs
bound beforehand, so no copies through Python are timed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time

import numpy as np
import onnxruntime as ort

WARM_UP_SECONDS, LEAST_RUNS = 0.3, 5


def open_session(model: str, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def percentiles(seconds: list[float]) -> dict[str, float]:
    ms = np.sort(np.array(seconds)) * 1e3
    return {
        "min": round(float(ms[0]), 5),
        "median": round(float(np.median(ms)), 5),
        "mean": round(float(ms.mean()), 5),
        "p90": round(float(np.percentile(ms, 90)), 5),
        "p99": round(float(np.percentile(ms, 99)), 5),
    }


def timed_runs(session: ort.InferenceSession, inputs: dict[str, np.ndarray], seconds: float) -> list[float]:
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_cpu_input(name, array)
    for output in session.get_outputs():
        binding.bind_output(output.name)
    end = time.perf_counter() + WARM_UP_SECONDS
    session.run_with_iobinding(binding)
    while time.perf_counter() < end:
        session.run_with_iobinding(binding)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < LEAST_RUNS or time.perf_counter() < end:
        start = time.perf_counter()
        session.run_with_iobinding(binding)
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to measure; 0: not at all")
    parser.add_argument("--outputs", help="write the outputs here, as .npz")
    args = parser.parse_args()

    start = time.perf_counter()
    session = open_session(args.model, args.threads)
    load = time.perf_counter() - start
    inputs = dict(np.load(args.inputs))
    report = {
        "model": os.path.join(*os.path.normpath(args.model).split(os.sep)[-2:]),
        "engine": f"onnxruntime {ort.__version__}",
        "threads": args.threads,
        "compile_ms": round(load * 1e3, 3),
    }
    if args.outputs:
        values = session.run(None, inputs)
        np.savez(args.outputs, **{o.name: v for o, v in zip(session.get_outputs(), values, strict=True)})
    if args.seconds > 0:
        times = timed_runs(session, inputs, args.seconds)
        report |= {"runs": len(times), "latency_ms": percentiles(times)}
    report["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(report))


if __name__ == "__main__":
    main()
