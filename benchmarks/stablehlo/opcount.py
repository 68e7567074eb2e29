#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How clean our StableHLO is: ops of a model beside those of `jax.export` of the same architecture.

    opcount.py FOLDER                    # of models that benchmarks/models.py --small -o FOLDER made
    opcount.py FOLDER --most 1.2         # exit code 1 if a model has more than that times as many

Run it with a Python that has jax. JAX's models are written below as JAX users write them, in the small
configurations of benchmarks/networks. Both sides count ops of StableHLO but constants and returns; CHLO on
JAX's side is taken apart by the official pass first, as consumers do. What a caller passes in differs: the
weights are JAX's arguments, our constants.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
from jax import export, lax

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def linear(x, p):
    return x @ p["w"] + p["b"]


def norm(x, p, eps):
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + eps) * p["g"] + p["b"]


def attention(q, k, v, mask, heads):
    split = lambda t: t.reshape(*t.shape[:2], heads, -1).transpose(0, 2, 1, 3)  # noqa: E731
    q, k, v = split(q), split(k), split(v)
    scores = jnp.einsum("bhqd,bhkd->bhqk", q, k) / jnp.sqrt(jnp.float32(q.shape[-1]))
    if mask is not None:
        scores = jnp.where(mask, scores, jnp.finfo(jnp.float32).min)
    y = jnp.einsum("bhqk,bhkd->bhqd", jax.nn.softmax(scores), v)
    return y.transpose(0, 2, 1, 3).reshape(*y.shape[:1], y.shape[2], -1), k, v


def layer(x, p, mask, heads, eps, first):
    """A layer of an encoder: BERT's normalises last, ViT's first."""
    y = norm(x, p["n1"], eps) if first else x
    y, _, _ = attention(linear(y, p["q"]), linear(y, p["k"]), linear(y, p["v"]), mask, heads)
    x = x + linear(y, p["o"])
    x = x if first else norm(x, p["n1"], eps)
    y = norm(x, p["n2"], eps) if first else x
    x = x + linear(jax.nn.gelu(linear(y, p["up"]), approximate=False), p["down"])
    return x if first else norm(x, p["n2"], eps)


def bert(p, ids, mask, types):
    x = p["words"][ids] + p["types"][types] + p["places"][jnp.arange(ids.shape[1])]
    x = norm(x, p["n"], 1e-12)
    keep = (mask != 0)[:, None, None, :]
    for one in p["layers"]:
        x = layer(x, one, keep, 4, 1e-12, first=False)
    return x, jnp.tanh(linear(x[:, 0], p["pool"]))


def gpt2(p, ids):
    size = ids.shape[1]
    x = p["words"][ids] + p["places"][jnp.arange(size)]
    causal = jnp.tril(jnp.ones((size, size), bool))
    caches = []
    for one in p["layers"]:
        q, k, v = jnp.split(linear(norm(x, one["n1"], 1e-5), one["qkv"]), 3, axis=-1)
        y, k, v = attention(q, k, v, causal, 4)
        caches += [k, v]
        x = x + linear(y, one["o"])
        x = x + linear(jax.nn.gelu(linear(norm(x, one["n2"], 1e-5), one["up"])), one["down"])
    return norm(x[:, -1:], p["n"], 1e-5) @ p["words"].T, *caches


def conv(x, w, stride, pad, groups=1):
    return lax.conv_general_dilated(x, w, (stride, stride), [(pad, pad)] * 2, feature_group_count=groups)


def vit(p, pixels):
    x = conv(pixels, p["patch"]["w"], 8, 0) + p["patch"]["b"][:, None, None]
    x = x.reshape(*x.shape[:2], -1).transpose(0, 2, 1)
    x = jnp.concatenate([p["class"], x], axis=1) + p["places"]
    for one in p["layers"]:
        x = layer(x, one, None, 4, 1e-12, first=True)
    return linear(norm(x[:, 0], p["n"], 1e-12), p["head"])


def resnet(p, pixels):
    """Batch normalisation is in the weights, as of any network made for inference."""
    bias = lambda t, q: t + q["b"][:, None, None]  # noqa: E731
    x = jax.nn.relu(bias(conv(pixels, p["stem"]["w"], 2, 3), p["stem"]))
    x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 3, 3), (1, 1, 2, 2), [(0, 0), (0, 0), (1, 1), (1, 1)])
    for one in p["blocks"]:
        y = jax.nn.relu(bias(conv(x, one["a"]["w"], 1, 0), one["a"]))
        y = jax.nn.relu(bias(conv(y, one["b"]["w"], one["stride"], 1), one["b"]))
        y = bias(conv(y, one["c"]["w"], 1, 0), one["c"])
        x = bias(conv(x, one["skip"]["w"], one["stride"], 0), one["skip"]) if "skip" in one else x
        x = jax.nn.relu(x + y)
    return linear(x.mean((2, 3)), p["head"])


def shape(*dims):
    return jax.ShapeDtypeStruct(dims, jnp.float32)


def dense(n, m):
    return {"w": shape(n, m), "b": shape(m)}


def kernel(n, m, size):
    return {"w": shape(m, n, size, size), "b": shape(m)}


SCALE = {"g": shape(32), "b": shape(32)}
LAYER = {"n1": SCALE, "n2": SCALE, **{k: dense(32, 32) for k in "qkvo"}, "up": dense(32, 64), "down": dense(64, 32)}


def blocks():
    result, n = [], 8
    for stage, m in enumerate((16, 32)):
        for index in range(2):
            one = {"a": kernel(n, m // 4, 1), "b": kernel(m // 4, m // 4, 3), "c": kernel(m // 4, m, 1)}
            one["stride"] = 2 if stage and not index else 1
            if not index:
                one["skip"] = kernel(n, m, 1)
            result.append(one)
            n = m
    return result


def exported(function, parameters, *inputs):
    flat, tree = jax.tree.flatten(parameters)
    held = [one if isinstance(one, int) else None for one in flat]
    given = [one for one in flat if not isinstance(one, int)]

    def call(weights, *rest):
        weights = iter(weights)
        return function(tree.unflatten([n if n is not None else next(weights) for n in held]), *rest)

    module = export.export(jax.jit(call), platforms=["tpu"])(given, *inputs).mlir_module()
    from jax._src.interpreters import mlir
    from jaxlib.mlir import ir, passmanager
    from jaxlib.mlir.dialects import stablehlo

    stablehlo.register_stablehlo_passes()
    with mlir.make_ir_context():
        parsed = ir.Module.parse(module)
        passes = "builtin.module(inline,func.func(chlo-legalize-to-stablehlo),canonicalize,cse)"
        passmanager.PassManager.parse(passes).run(parsed.operation)
        return str(parsed)


def twins():
    ids = jax.ShapeDtypeStruct((1, 12), jnp.int32)
    parameters = {"words": shape(99, 32), "types": shape(2, 32), "places": shape(32, 32), "n": SCALE}
    yield "bert-base", exported(bert, {**parameters, "layers": [LAYER] * 2, "pool": dense(32, 32)}, ids, ids, ids)
    one = {"n1": SCALE, "n2": SCALE, "qkv": dense(32, 96), "o": dense(32, 32), "up": dense(32, 128)}
    parameters = {"words": shape(99, 32), "places": shape(64, 32), "n": SCALE}
    ids = jax.ShapeDtypeStruct((1, 8), jnp.int32)
    parameters["layers"] = [{**one, "down": dense(128, 32)}] * 2
    yield "gpt2-prefill-128", exported(gpt2, parameters, ids)
    parameters = {"patch": kernel(3, 32, 8), "class": shape(1, 1, 32), "places": shape(1, 17, 32), "n": SCALE}
    yield "vit-b16", exported(vit, {**parameters, "layers": [LAYER] * 2, "head": dense(32, 10)}, shape(1, 3, 32, 32))
    parameters = {"stem": kernel(3, 8, 7), "blocks": blocks(), "head": dense(32, 10)}
    yield "resnet50", exported(resnet, parameters, shape(1, 3, 32, 32))


def count(text):
    ops = re.findall(r"\b(?:stablehlo|chlo)\.([a-z_0-9]+)[\"( ]", re.sub(r"applies stablehlo\.\w+", "", text))
    return collections.Counter(name for name in ops if name not in ("constant", "return"))


def ours(folder, command):
    words = [*command.split(), "compile", folder / "model.onnx", "--inputs", folder / "inputs.npz", "--emit=stablehlo"]
    done = subprocess.run([*map(str, words), "-o", "-"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--orchestra", default=str(ROOT / "build" / "bin" / "orchestra"))
    parser.add_argument("--most", type=float, help="ops that are allowed, as a multiple of JAX's")
    parser.add_argument("--verbose", action="store_true", help="the ops that differ")
    args = parser.parse_args()
    worst = 0.0
    print(f"{'':<20}{'ours':>6}{'JAX':>6}{'ratio':>7}")
    for name, text in twins():
        mine = count(ours(args.folder / "small" / name, args.orchestra))
        theirs = count(text)
        ratio = mine.total() / theirs.total()
        worst = max(worst, ratio)
        print(f"{name:<20}{mine.total():>6}{theirs.total():>6}{ratio:>7.2f}")
        if args.verbose:
            for op in sorted({*mine, *theirs}, key=lambda op: theirs[op] - mine[op]):
                if mine[op] != theirs[op]:
                    print(f"    {op:<22}{mine[op]:>6}{theirs[op]:>6}")
    return 1 if args.most and worst > args.most else 0


if __name__ == "__main__":
    sys.exit(main())
