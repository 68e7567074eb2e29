#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of JAX: `orchestra.jax.jit` beside `jax.jit` (XLA:CPU), in one process.

    bench.py                                # all cases, 1 and 2 threads
    bench.py --only mlp --threads 2 --rounds 50

For each number of threads a process of its own is bound to that many CPUs, as XLA sizes its pool
once. Rounds alternate between the two; what counts is the median of each, and their ratio. Results
are compared in each case before anything is measured. Needs jax and the built package (PYTHONPATH).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

RANDOM = np.random.default_rng(5)


def real(*shape: int, scale: float = 1.0) -> np.ndarray:
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def mlp() -> tuple[Any, tuple[Any, ...]]:
    """Three layers of 512, batch 64."""
    import jax.numpy as jnp
    from jax import nn

    sizes = [784, 512, 512, 10]
    weights = [(real(m, n, scale=m**-0.5), real(n)) for m, n in zip(sizes, sizes[1:], strict=False)]

    def predict(weights: Any, x: Any) -> Any:
        for w, b in weights[:-1]:
            x = nn.relu(x @ w + b)
        w, b = weights[-1]
        return nn.log_softmax(x @ w + b)

    return predict, ([(jnp.asarray(w), jnp.asarray(b)) for w, b in weights], jnp.asarray(real(64, 784)))


def mlp_gradient() -> tuple[Any, tuple[Any, ...]]:
    """A training step of the same network."""
    import jax
    import jax.numpy as jnp

    predict, (weights, x) = mlp()
    y = jnp.asarray(RANDOM.integers(0, 10, 64))

    def loss(weights: Any, x: Any, y: Any) -> Any:
        return -jnp.mean(jnp.take_along_axis(predict(weights, x), y[:, None], 1))

    def step(weights: Any, x: Any, y: Any) -> Any:
        slopes = jax.grad(loss)(weights, x, y)
        return jax.tree_util.tree_map(lambda w, g: w - 0.1 * g, weights, slopes)

    return step, (weights, x, y)


def transformer() -> tuple[Any, tuple[Any, ...]]:
    """Two layers, width 256, 4 heads, 128 tokens."""
    import jax.numpy as jnp
    from jax import nn

    width, heads, tokens = 256, 4, 128
    names = {"q": (width, width), "k": (width, width), "v": (width, width), "o": (width, width)}
    names |= {"up": (width, 4 * width), "down": (4 * width, width)}
    layers = [{name: jnp.asarray(real(*shape, scale=shape[0] ** -0.5)) for name, shape in names.items()} for _ in range(2)]

    def norm(x: Any) -> Any:
        return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)

    def split(x: Any) -> Any:
        return x.reshape(tokens, heads, width // heads).transpose(1, 0, 2)

    def forward(layers: Any, x: Any) -> Any:
        for w in layers:
            h = norm(x)
            q, k, v = (split(h @ w[name]) for name in "qkv")
            scores = nn.softmax(q @ k.transpose(0, 2, 1) / (width // heads) ** 0.5)
            x = x + (scores @ v).transpose(1, 0, 2).reshape(tokens, width) @ w["o"]
            x = x + nn.gelu(norm(x) @ w["up"]) @ w["down"]
        return x

    return forward, (layers, jnp.asarray(real(tokens, width)))


def resnet_block() -> tuple[Any, tuple[Any, ...]]:
    """Two 3x3 convolutions of 64 channels over 56x56, NHWC as JAX has it."""
    import jax.numpy as jnp
    from jax import lax, nn

    kernels = [jnp.asarray(real(3, 3, 64, 64, scale=1 / 24)) for _ in range(2)]
    scales = [(jnp.asarray(real(64)), jnp.asarray(real(64))) for _ in range(2)]

    def block(kernels: Any, scales: Any, x: Any) -> Any:
        y = x
        for i, (k, (scale, shift)) in enumerate(zip(kernels, scales, strict=True)):
            y = lax.conv_general_dilated(y, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            y = y * scale + shift
            y = nn.relu(y) if i == 0 else y
        return nn.relu(x + y)

    return block, (kernels, scales, jnp.asarray(real(1, 56, 56, 64)))


CASES = {"mlp": mlp, "mlp_gradient": mlp_gradient, "transformer": transformer, "resnet_block": resnet_block}


def frozen(function: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """The function with its weights (all arguments but the last) as constants: inference."""
    return (lambda x: function(*args[:-1], x)), args[-1:]


def measure(name: str, constants: bool, threads: int, rounds: int) -> dict[str, Any]:
    import jax

    import orchestra.jax

    function, args = CASES[name]()
    if constants:
        function, args = frozen(function, args)
    start = time.perf_counter()
    theirs = jax.jit(function)
    want = jax.block_until_ready(theirs(*args))
    compile_theirs = time.perf_counter() - start
    start = time.perf_counter()
    ours = orchestra.jax.jit(function, threads=threads, cache=False)
    got = ours(*args)
    compile_ours = time.perf_counter() - start
    for a, b in zip(jax.tree_util.tree_leaves(got), jax.tree_util.tree_leaves(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
    # One sample is as many calls as take a few milliseconds.
    start = time.perf_counter()
    jax.block_until_ready(theirs(*args))
    calls = max(1, int(5e-3 / (time.perf_counter() - start)))
    samples: dict[str, list[float]] = {"orchestra": [], "xla": []}
    for _ in range(rounds):
        for who, run in (("orchestra", ours), ("xla", theirs)):
            start = time.perf_counter()
            for _ in range(calls):
                jax.block_until_ready(run(*args))
            samples[who].append((time.perf_counter() - start) / calls)
    medians = {who: statistics.median(times) for who, times in samples.items()}
    return {
        "case": name + (" (weights constant)" if constants else ""),
        "threads": threads,
        "orchestra_us": round(medians["orchestra"] * 1e6, 1),
        "xla_us": round(medians["xla"] * 1e6, 1),
        "ratio": round(medians["xla"] / medians["orchestra"], 3),
        "compile_s": {"orchestra": round(compile_ours, 2), "xla": round(compile_theirs, 2)},
        "jax": jax.__version__,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=CASES, action="append")
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", help="write the results to this file")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        request = json.loads(args.child)
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: request["threads"]])
        print(json.dumps(measure(**request)))
        return 0
    results = []
    print(f"{'case':34} threads  orchestra       XLA   XLA / orchestra")
    for threads in args.threads or [1, 2]:
        for name in args.only or CASES:
            for constants in (False, True) if name != "mlp_gradient" else (False,):
                request = {"name": name, "constants": constants, "threads": threads, "rounds": args.rounds}
                command = [sys.executable, __file__, "--child", json.dumps(request)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
                    continue
                row = json.loads(done.stdout.splitlines()[-1])
                results.append(row)
                print(
                    f"{row['case']:34} {threads:7} {row['orchestra_us']:8.0f} us {row['xla_us']:6.0f} us {row['ratio']:12.2f}",
                    flush=True,
                )
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
