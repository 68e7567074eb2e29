#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speaks the command line of `orchestra`, with ONNX Runtime behind it.

For the tests of the harness only: with it on the other side every ratio must come out
near 1 and every number equal. Results made with it say so, and are no benchmark.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys

import numpy as np
import ort_worker


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["run", "compile", "bench"])
    parser.add_argument("model")
    parser.add_argument("-o", "--output")
    parser.add_argument("--inputs")
    parser.add_argument("--outputs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--weights", default="embed")
    parser.add_argument("--strategy")  # there is one engine here: taken, and without effect
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        return serve(args)
    except Exception as error:
        print(f"{args.model}: error: {str(error).splitlines()[0]} [standin]", file=sys.stderr)
        return 1


def serve(args: argparse.Namespace) -> int:
    session = ort_worker.open_session(args.model, args.threads)
    if args.command == "compile":
        pathlib.Path(args.output).write_bytes(b"stand-in")
        return 0
    inputs = dict(np.load(args.inputs))
    if args.command == "run":
        values = session.run(None, inputs)
        np.savez(args.outputs, **{o.name: v for o, v in zip(session.get_outputs(), values, strict=True)})
        return 0
    times = ort_worker.timed_runs(session, inputs, args.seconds)
    print(
        json.dumps(
            {
                "model": args.model,
                "engine": "stand-in",
                "threads": args.threads,
                "runs": len(times),
                "latency_ms": ort_worker.percentiles(times),
                "peak_rss_bytes": 0,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
