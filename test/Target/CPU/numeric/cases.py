# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is computed, and what NumPy in float64 says it should be.

A case is a function (rng) -> (Graph, results, expected): `expected` has one
(array, bound) per result; `bound` is the largest error allowed, an array or a
number, and 0 for integers. For sums it is C * eps * sqrt(K) * sum|a||b|.
"""

import numpy as np

from graph import Graph

C = 8.0
EPS = {"f16": 2.0**-11, "f32": 2.0**-24, "f64": 2.0**-53}
GROUPS = {}


def group(name):
    def add(function):
        GROUPS.setdefault(name, []).append(function)
        return function

    return add


def pick(rng, *choices):
    return choices[rng.integers(len(choices))]


def some(rng, names):
    """A random subset of dimension names, often none or all."""
    mode = rng.integers(3)
    return [n for n in names if mode == 2 or (mode == 1 and rng.integers(2))]


def wide(array):
    return array.astype(np.int64 if array.dtype.kind in "ib" else np.float64)


def sum_bound(element, count, magnitude):
    if element not in EPS:
        return 0
    return C * EPS[element] * np.sqrt(max(count, 1)) * magnitude + 1e-300


MULADD = {
    "f": ["%%m = arith.mulf %%a, %%b : %s", "%%s = arith.addf %%out, %%m : %s", "%%s"],
    "i": ["%%m = arith.muli %%a, %%b : %s", "%%s = arith.addi %%out, %%m : %s", "%%s"],
}


def muladd(element):
    return [line % ((element,) if line.count("%s") == 2 or line.endswith(": %s") else ()) for line in MULADD[element[0]]]


SIZES = (1, 2, 3, 7, 13, 14, 15, 16, 17, 28, 31, 32, 33, 64, 65, 100)


@group("matmul")
def matmul(rng, m=None, n=None, k=None, element="f32"):
    sizes = {
        "m": pick(rng, 0, *SIZES) if m is None else m,
        "n": pick(rng, 0, *SIZES) if n is None else n,
        "k": pick(rng, 0, *SIZES, 300) if k is None else k,
    }
    g = Graph(rng, sizes, some(rng, "mnk"))
    ta, tb = rng.integers(3) == 0, rng.integers(2) == 0
    a = g.input("a", ["k", "m"] if ta else ["m", "k"], element)
    b = g.weight("b", ["n", "k"] if tb else ["k", "n"], element)
    y = g.generic(
        "d0, d1, d2", "ppr",
        [(a, "d2, d0" if ta else "d0, d2"), (b, "d1, d2" if tb else "d2, d1")],
        (g.fill(["m", "n"], 0, element), "d0, d1"), muladd(element),
    )  # fmt: skip
    left, right = wide(g.inputs["a"]), wide(g.inputs["b"])
    left, right = left.T if ta else left, right.T if tb else right
    expected, size = left @ right, np.abs(left) @ np.abs(right)
    if rng.integers(2) and element == "f32":
        bias = g.weight("bias", ["n"])
        y = g.generic(
            "d0, d1", "pp", [(y, "d0, d1"), (bias, "d1")], (g.empty(["m", "n"]), "d0, d1"),
            ["%x = arith.addf %a, %b : f32", "%z = arith.constant 0.0 : f32",
             "%r = arith.maximumf %x, %z : f32", "%r"],
        )  # fmt: skip
        size = size + np.abs(wide(g.inputs["bias"]))
        expected = np.maximum(expected + wide(g.inputs["bias"]), 0)
    return g, [y], [(expected, sum_bound(element, sizes["k"], size))]


@group("types")
def matmul_f64(rng):
    return matmul(rng, element="f64")


@group("types")
def matmul_i32(rng):
    return matmul(rng, element="i32")


@group("types")
def matmul_i64(rng):
    return matmul(rng, element="i64")


@group("types")
def matmul_widening(rng):
    """i8 x i8 -> i32: operands and accumulator of different widths."""
    sizes = {"m": pick(rng, *SIZES), "n": pick(rng, *SIZES), "k": pick(rng, *SIZES)}
    g = Graph(rng, sizes, some(rng, "mnk"))
    a, b = g.input("a", ["m", "k"], "i8"), g.input("b", ["k", "n"], "i8")
    y = g.generic(
        "d0, d1, d2", "ppr", [(a, "d0, d2"), (b, "d2, d1")],
        (g.fill(["m", "n"], 0, "i32"), "d0, d1"),
        ["%x = arith.extsi %a : i8 to i32", "%z = arith.extsi %b : i8 to i32",
         "%m = arith.muli %x, %z : i32", "%s = arith.addi %out, %m : i32", "%s"],
    )  # fmt: skip
    return g, [y], [(wide(g.inputs["a"]) @ wide(g.inputs["b"]), 0)]


@group("types")
def any_and_of_windows(rng):
    """A windowed reduction of booleans, which take a byte in memory."""
    sizes = {"n": 2, "h": 9, "c": pick(rng, 1, 5, 64, 70), "w": 3}
    g = Graph(rng, sizes, some(rng, "n"))
    x, w = g.input("x", ["n", "h", "c"], "i1"), g.input("w", ["w"], "i1")
    g.derive("o", 7, "s0 - 2", ["h"])
    y = g.generic(
        "d0, d1, d2, d3", "pppr", [(x, "d0, d1 + d3, d2"), (w, "d3")],
        (g.fill(["n", "o", "c"], 0, "i1"), "d0, d1, d2"),
        ["%m = arith.andi %a, %b : i1", "%s = arith.ori %out, %m : i1", "%s"],
    )  # fmt: skip
    data, mask = g.inputs["x"], g.inputs["w"]
    expected = sum(data[:, i : i + 7] & mask[i] for i in range(3)) > 0
    return g, [y], [(expected, 0)]


@group("matmul")
def batch_matmul(rng):
    sizes = {"b": pick(rng, 0, 1, 3, 8), "m": pick(rng, *SIZES), "n": pick(rng, *SIZES), "k": pick(rng, *SIZES)}
    g = Graph(rng, sizes, some(rng, "bmnk"))
    tb = rng.integers(2)
    shared = rng.integers(2)  # the right operand is the same for all batches
    a = g.input("a", ["b", "m", "k"])
    b = g.input("b_", ([] if shared else ["b"]) + (["n", "k"] if tb else ["k", "n"]))
    at = ("" if shared else "d0, ") + ("d2, d3" if tb else "d3, d2")
    y = g.generic(
        "d0, d1, d2, d3", "pppr", [(a, "d0, d1, d3"), (b, at)],
        (g.fill(["b", "m", "n"]), "d0, d1, d2"), muladd("f32"),
    )  # fmt: skip
    left, right = wide(g.inputs["a"]), wide(g.inputs["b_"])
    right = np.swapaxes(right, -1, -2) if tb else right
    expected, size = left @ right, np.abs(left) @ np.abs(right)
    if rng.integers(2):
        y = g.generic(
            "d0, d1, d2", "ppp", [(y, "d0, d1, d2"), (y, "d0, d1, d2")],
            (g.empty(["b", "m", "n"]), "d0, d1, d2"), ["%s = arith.addf %a, %b : f32", "%s"],
        )  # fmt: skip
        expected, size = 2 * expected, 2 * size
    return g, [y], [(expected, sum_bound("f32", sizes["k"], size))]


@group("matmul")
def matvec(rng):
    sizes = {"m": pick(rng, *SIZES), "k": pick(rng, *SIZES)}
    g = Graph(rng, sizes, some(rng, "mk"))
    a, x = g.input("a", ["m", "k"]), g.input("x", ["k"])
    y = g.named("matvec", [a, x], g.fill(["m"]))
    left, right = wide(g.inputs["a"]), wide(g.inputs["x"])
    return g, [y], [(left @ right, sum_bound("f32", sizes["k"], np.abs(left) @ np.abs(right)))]


def windows(x, k, stride, dilation):
    """[n, h, w, c] -> [n, oh, ow, kh, kw, c]."""
    n, h, w, c = x.shape
    oh = (h - (k[0] - 1) * dilation - 1) // stride + 1
    ow = (w - (k[1] - 1) * dilation - 1) // stride + 1
    y = np.zeros((n, oh, ow, k[0], k[1], c), x.dtype)
    for i in range(k[0]):
        for j in range(k[1]):
            top, left = i * dilation, j * dilation
            y[:, :, :, i, j] = x[
                :, top : top + stride * (oh - 1) + 1 : stride, left : left + stride * (ow - 1) + 1 : stride
            ]
    return y


def image(rng, names):
    """A graph with an image [n, h, w, c] and the window's parameters."""
    kh, kw, stride, dilation = pick(rng, 1, 2, 3), pick(rng, 1, 3, 5), pick(rng, 1, 2), pick(rng, 1, 2)
    low_h, low_w = (kh - 1) * dilation + 1, (kw - 1) * dilation + 1
    sizes = {
        "n": pick(rng, 0, 1, 2),
        "h": low_h + int(rng.integers(0, 9)),
        "w": low_w + int(rng.integers(0, 20)),
        "c": pick(rng, 1, 3, 8, 16, 33),
        "f": pick(rng, 1, 4, 16, 17, 32, 40, 64),
        "kh": kh,
        "kw": kw,
    }
    g = Graph(rng, sizes, some(rng, names))
    return g, stride, dilation


def output_dims(g, stride, dilation):
    for out, size, kernel in (("oh", "h", "kh"), ("ow", "w", "kw")):
        reach = (g.sizes[kernel] - 1) * dilation + 1
        g.derive(out, (g.sizes[size] - reach) // stride + 1,
                 "(s0 - %d) floordiv %d + 1" % (reach, stride), [size])  # fmt: skip


@group("convolution")
def convolution(rng):
    g, stride, dilation = image(rng, ["n", "h", "w"])
    channels_first = rng.integers(3) == 0
    shape = ["n", "c", "h", "w"] if channels_first else ["n", "h", "w", "c"]
    x = g.input("x", shape)
    f = g.weight("f", ["f", "c", "kh", "kw"] if channels_first else ["kh", "kw", "c", "f"])
    output_dims(g, stride, dilation)
    attributes = "{strides = dense<%d> : tensor<2xi64>, dilations = dense<%d> : tensor<2xi64>}" % (stride, dilation)
    data, weight = wide(g.inputs["x"]), wide(g.inputs["f"])
    if channels_first:
        y = g.named("conv_2d_nchw_fchw", [x, f], g.fill(["n", "f", "oh", "ow"]), attributes)
        data, weight = data.transpose(0, 2, 3, 1), weight.transpose(2, 3, 1, 0)
    else:
        y = g.named("conv_2d_nhwc_hwcf", [x, f], g.fill(["n", "oh", "ow", "f"]), attributes)
    cut = windows(data, weight.shape[:2], stride, dilation)
    expected = np.einsum("nhwijc,ijcf->nhwf", cut, weight)
    size = np.einsum("nhwijc,ijcf->nhwf", np.abs(cut), np.abs(weight))
    if channels_first:
        expected, size = expected.transpose(0, 3, 1, 2), size.transpose(0, 3, 1, 2)
    elif rng.integers(2):  # bias and sigmoid behind it
        bias = g.weight("bias", ["f"])
        dims = "d0, d1, d2, d3"
        y = g.generic(
            dims, "pppp", [(y, dims), (bias, "d3")], (g.empty(y.shape), dims),
            ["%x = arith.addf %a, %b : f32", "%n = arith.negf %x : f32", "%e = math.exp %n : f32",
             "%o = arith.constant 1.0 : f32", "%p = arith.addf %o, %e : f32",
             "%r = arith.divf %o, %p : f32", "%r"],
        )  # fmt: skip
        expected = 1 / (1 + np.exp(-(expected + wide(g.inputs["bias"]))))
        size = size + np.abs(wide(g.inputs["bias"])) + 1
    return g, [y], [(expected, sum_bound("f32", int(np.prod(weight.shape[:3])), size))]


@group("convolution")
def depthwise(rng):
    g, stride, dilation = image(rng, ["n", "h", "w", "c"])
    x, f = g.input("x", ["n", "h", "w", "c"]), g.weight("f", ["kh", "kw", "c"])
    output_dims(g, stride, dilation)
    attributes = "{strides = dense<%d> : tensor<2xi64>, dilations = dense<%d> : tensor<2xi64>}" % (stride, dilation)
    y = g.named("depthwise_conv_2d_nhwc_hwc", [x, f], g.fill(["n", "oh", "ow", "c"]), attributes)
    weight = wide(g.inputs["f"])
    cut = windows(wide(g.inputs["x"]), weight.shape[:2], stride, dilation)
    expected = np.einsum("nhwijc,ijc->nhwc", cut, weight)
    size = np.einsum("nhwijc,ijc->nhwc", np.abs(cut), np.abs(weight))
    return g, [y], [(expected, sum_bound("f32", weight.shape[0] * weight.shape[1], size))]


@group("convolution")
def pooling(rng):
    g, stride, dilation = image(rng, ["n", "h", "w", "c"])
    x = g.input("x", ["n", "h", "w", "c"])
    output_dims(g, stride, dilation)
    attributes = "{strides = dense<%d> : tensor<2xi64>, dilations = dense<%d> : tensor<2xi64>}" % (stride, dilation)
    largest = rng.integers(2)
    window = g.empty(["kh", "kw"])
    init = g.fill(["n", "oh", "ow", "c"], -np.inf if largest else 0)
    y = g.named("pooling_nhwc_%s" % ("max" if largest else "sum"), [x, window], init, attributes)
    cut = windows(wide(g.inputs["x"]), (g.sizes["kh"], g.sizes["kw"]), stride, dilation)
    if largest:
        return g, [y], [(cut.max(axis=(3, 4), initial=-np.inf), 0)]
    bound = sum_bound("f32", cut.shape[3] * cut.shape[4], np.abs(cut).sum(axis=(3, 4)))
    return g, [y], [(cut.sum(axis=(3, 4)), bound)]


@group("convolution")
def padded(rng):
    """Padding, then a convolution of the padded image."""
    g, stride, dilation = image(rng, ["n", "h", "w"])
    x = g.input("x", ["n", "h", "w", "c"])
    f = g.weight("f", ["kh", "kw", "c", "f"])
    low, high = int(rng.integers(0, 3)), int(rng.integers(0, 3))
    zero = g.scalar(0, "f32")
    for dim in "hw":
        g.derive(dim + "p", g.sizes[dim] + low + high, "s0 + %d" % (low + high), [dim])
    shape = ["n", "hp", "wp", "c"]
    name = g.fresh()
    g.emit("%s = tensor.pad %s low[0, %d, %d, 0] high[0, %d, %d, 0] {" % (name, x.name, low, low, high, high))
    g.emit("^bb0(%i: index, %j: index, %k: index, %l: index):")
    g.emit("  tensor.yield %s : f32" % zero)
    g.emit("} : %s to %s" % (g.type(x.shape, "f32"), g.type(shape, "f32")))
    p = type(x)(name, shape, "f32")
    reach = {k: (g.sizes["k" + k] - 1) * dilation + 1 for k in "hw"}
    for d in "hw":
        g.derive("o" + d, (g.sizes[d + "p"] - reach[d]) // stride + 1,
                 "(s0 - %d) floordiv %d + 1" % (reach[d], stride), [d + "p"])  # fmt: skip
    attributes = "{strides = dense<%d> : tensor<2xi64>, dilations = dense<%d> : tensor<2xi64>}" % (stride, dilation)
    y = g.named("conv_2d_nhwc_hwcf", [p, f], g.fill(["n", "oh", "ow", "f"]), attributes)
    data = np.pad(wide(g.inputs["x"]), ((0, 0), (low, high), (low, high), (0, 0)))
    weight = wide(g.inputs["f"])
    cut = windows(data, weight.shape[:2], stride, dilation)
    expected = np.einsum("nhwijc,ijcf->nhwf", cut, weight)
    size = np.einsum("nhwijc,ijcf->nhwf", np.abs(cut), np.abs(weight))
    return g, [y], [(expected, sum_bound("f32", int(np.prod(weight.shape[:3])), size))]


def reduce_rows(g, x, body, start):
    return g.generic("d0, d1, d2", "ppr", [(x, "d0, d1, d2")], (g.fill(x.shape[:2], start), "d0, d1"), body)


def rows(rng, least=0):
    sizes = {"b": pick(rng, 0, 1, 2, 5), "s": pick(rng, 1, 3, 17, 64), "h": pick(rng, *[n for n in (0, *SIZES, 768) if n >= least])}
    return Graph(rng, sizes, some(rng, "bsh"))


@group("rows")
def softmax(rng):
    g = rows(rng, 1)
    x = g.input("x", ["b", "s", "h"])
    dims = "d0, d1, d2"
    top = reduce_rows(g, x, ["%s = arith.maximumf %a, %out : f32", "%s"], -np.inf)
    e = g.generic(
        dims, "ppp", [(x, dims), (top, "d0, d1")], (g.empty(x.shape), dims),
        ["%d = arith.subf %a, %b : f32", "%s = math.exp %d : f32", "%s"],
    )  # fmt: skip
    total = reduce_rows(g, e, ["%s = arith.addf %a, %out : f32", "%s"], 0)
    y = g.generic(
        dims, "ppp", [(e, dims), (total, "d0, d1")], (g.empty(x.shape), dims),
        ["%s = arith.divf %a, %b : f32", "%s"],
    )  # fmt: skip
    data = wide(g.inputs["x"])
    power = np.exp(data - data.max(axis=-1, keepdims=True, initial=-np.inf))
    return g, [y], [(power / power.sum(axis=-1, keepdims=True), 64 * EPS["f32"])]


@group("rows")
def layer_norm(rng):
    """With the residual sum as a second result."""
    g = rows(rng, 1)
    x, r = g.input("x", ["b", "s", "h"]), g.input("r", ["b", "s", "h"])
    gain = g.weight("gain", ["h"])
    dims = "d0, d1, d2"
    z = g.generic(dims, "ppp", [(x, dims), (r, dims)], (g.empty(x.shape), dims),
                  ["%s = arith.addf %a, %b : f32", "%s"])  # fmt: skip
    total = reduce_rows(g, z, ["%s = arith.addf %a, %out : f32", "%s"], 0)
    n = g.sizes["h"]
    mean = g.generic("d0, d1", "pp", [(total, "d0, d1")], (g.empty(["b", "s"]), "d0, d1"),
                     ["%n = arith.constant " + "%e" % n + " : f32", "%s = arith.divf %a, %n : f32", "%s"])  # fmt: skip
    c = g.generic(dims, "ppp", [(z, dims), (mean, "d0, d1")], (g.empty(x.shape), dims),
                  ["%s = arith.subf %a, %b : f32", "%s"])  # fmt: skip
    square = reduce_rows(g, c, ["%q = arith.mulf %a, %a : f32", "%s = arith.addf %q, %out : f32", "%s"], 0)
    y = g.generic(
        dims, "ppp", [(c, dims), (square, "d0, d1"), (gain, "d2")], (g.empty(x.shape), dims),
        ["%n = arith.constant " + "%e" % n + " : f32", "%v = arith.divf %b, %n : f32",
         "%e = arith.constant 1.0e-05 : f32", "%w = arith.addf %v, %e : f32",
         "%i = math.rsqrt %w : f32", "%t = arith.mulf %a, %i : f32",
         "%s = arith.mulf %t, %c : f32", "%s"],
    )  # fmt: skip
    data = wide(g.inputs["x"]) + wide(g.inputs["r"])
    centred = data - data.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * wide(g.inputs["gain"])
    # The centred value's error is the sum's, which a row of nearly equal values
    # (one element above all) would magnify by 1/sqrt(1e-5).
    bound = 64 * EPS["f32"] * (1 + np.abs(data)) * 320 * (np.abs(wide(g.inputs["gain"])) + 1)
    return g, [z, y], [(data, 2 * EPS["f32"] * np.abs(data) + 1e-300), (scaled, bound)]


@group("rows")
def reductions(rng):
    """A sum or maximum over any set of axes."""
    rank = pick(rng, 1, 2, 3, 4)
    names = "abcd"[:rank]
    g = Graph(rng, {n: pick(rng, 0, 1, 2, 5, 17, 40) for n in names}, some(rng, names))
    axes = [i for i in range(rank) if rng.integers(2)]
    x = g.input("x", list(names))
    largest = rng.integers(2)
    loops = ", ".join("d%d" % i for i in range(rank))
    kept = [i for i in range(rank) if i not in axes]
    kinds = "".join("r" if i in axes else "p" for i in range(rank))
    body = ["%%s = arith.%s %%a, %%out : f32" % ("maximumf" if largest else "addf"), "%s"]
    y = g.generic(loops, kinds, [(x, loops)],
                  (g.fill([names[i] for i in kept], -np.inf if largest else 0), ", ".join("d%d" % i for i in kept)),
                  body)  # fmt: skip
    data = wide(g.inputs["x"])
    if largest:
        return g, [y], [(data.max(axis=tuple(axes), initial=-np.inf) if axes else data, 0)]
    count = int(np.prod([data.shape[i] for i in axes]))
    bound = sum_bound("f32", count, np.abs(data).sum(axis=tuple(axes)))
    return g, [y], [(data.sum(axis=tuple(axes)), bound)]


@group("rows")
def special_values(rng):
    """NaN and infinities pass through max, exp and a sum as in IEEE 754."""
    g = rows(rng, 4)
    data = g.random([g.sizes[d] for d in "bsh"], "f32")
    if data.size:
        flat = data.reshape(-1)
        for value in (np.nan, np.inf, -np.inf):
            flat[rng.integers(flat.size, size=3)] = value
    x = g.input("x", ["b", "s", "h"], data=data)
    dims = "d0, d1, d2"
    top = reduce_rows(g, x, ["%s = arith.maximumf %a, %out : f32", "%s"], -np.inf)
    total = reduce_rows(g, x, ["%s = arith.addf %a, %out : f32", "%s"], 0)
    e = g.generic(dims, "ppp", [(x, dims)], (g.empty(x.shape), dims), ["%s = math.exp %a : f32", "%s"])
    with np.errstate(all="ignore"):
        wanted = wide(g.inputs["x"])
        highest = wanted.max(axis=-1, initial=-np.inf)
        sums, size = wanted.sum(axis=-1), np.abs(wanted).sum(axis=-1)
        return g, [top, total, e], [
            (highest, 0),
            (sums, sum_bound("f32", g.sizes["h"], size)),
            (np.exp(wanted), 8 * EPS["f32"] * np.exp(wanted)),
        ]


@group("elementwise")
def chain(rng):
    """Broadcasts and a transposed operand in a chain of three ops."""
    g = rows(rng)
    x, t = g.input("x", ["b", "s", "h"]), g.input("t", ["h", "b", "s"])
    v, w = g.input("v", ["h"]), g.input("w", ["b"])
    dims = "d0, d1, d2"
    a = g.generic(dims, "ppp", [(x, dims), (v, "d2")], (g.empty(x.shape), dims), ["%s = arith.mulf %a, %b : f32", "%s"])
    b = g.generic(dims, "ppp", [(a, dims), (w, "d0")], (g.empty(x.shape), dims), ["%s = arith.addf %a, %b : f32", "%s"])
    c = g.generic(dims, "ppp", [(b, dims), (t, "d2, d0, d1")], (g.empty(x.shape), dims), ["%s = arith.subf %a, %b : f32", "%s"])
    wanted = wide(g.inputs["x"]) * wide(g.inputs["v"]) + wide(g.inputs["w"])[:, None, None]
    other = wide(g.inputs["t"]).transpose(1, 2, 0)
    results, expected = [c], [(wanted - other, 4 * EPS["f32"] * (np.abs(wanted) + np.abs(other) + 8))]
    if rng.integers(2):
        results, expected = [c, b], expected + [(wanted, 4 * EPS["f32"] * (np.abs(wanted) + 8))]
    return g, results, expected


FUNCTIONS = {
    "math.exp": np.exp,
    "math.tanh": np.tanh,
    "math.log": lambda x: np.log(x),
    "math.sqrt": lambda x: np.sqrt(x),
    "math.rsqrt": lambda x: 1 / np.sqrt(x),
    "math.erf": None,
    "math.sin": np.sin,
    "math.cos": np.cos,
    "math.absf": np.abs,
    "math.floor": np.floor,
    "math.ceil": np.ceil,
    "math.roundeven": np.rint,
    "arith.negf": np.negative,
}


def erf(x):
    import math

    return np.vectorize(math.erf, otypes=[np.float64])(x)


@group("elementwise")
def function(rng):
    name = pick(rng, *FUNCTIONS)
    element = pick(rng, "f32", "f32", "f64")
    g = Graph(rng, {"n": pick(rng, 0, 1, 7, 64, 1000, 20000)}, some(rng, "n"))
    data = rng.standard_normal(g.sizes["n"]) * pick(rng, 0.1, 1, 5)
    if name in ("math.log", "math.sqrt", "math.rsqrt"):
        data = np.abs(data) + 1e-3
    x = g.input("x", ["n"], element, data)
    y = g.generic("d0", "p", [(x, "d0")], (g.empty(["n"], element), "d0"), ["%%s = %s %%a : %s" % (name, element), "%s"])
    exact = (FUNCTIONS[name] or erf)(wide(g.inputs["x"]))
    # Polynomials of single precision are good to a few units in the last place
    # of the larger of the result and one.
    return g, [y], [(exact, 16 * EPS[element] * np.maximum(np.abs(exact), 1))]


@group("movement")
def concat_and_slice(rng):
    sizes = {"a": pick(rng, 1, 4, 33), "m": pick(rng, 1, 3, 16), "n": pick(rng, 1, 5, 16)}
    g = Graph(rng, sizes, some(rng, "amn"))
    x, y = g.input("x", ["a", "m"]), g.input("y", ["a", "n"])
    g.derive("t", sizes["m"] + sizes["n"], "s0 + s1", ["m", "n"])
    joined = type(x)(g.fresh(), ["a", "t"], "f32")
    g.emit("%s = tensor.concat dim(1) %s, %s : (%s, %s) -> %s" % (
        joined.name, x.name, y.name, g.type(x.shape, "f32"), g.type(y.shape, "f32"), g.type(joined.shape, "f32")))  # fmt: skip
    cut = type(x)(g.fresh(), ["a", "one"], "f32")
    g.sizes["one"] = 1
    rows_ = g.index["a"] if "a" in g.dynamic else str(sizes["a"])
    g.emit("%s = tensor.extract_slice %s[0, 1] [%s, 1] [1, 1] : %s to %s" % (
        cut.name, joined.name, rows_, g.type(joined.shape, "f32"), g.type(cut.shape, "f32")))  # fmt: skip
    flipped = g.generic("d0, d1", "pp", [(joined, "d1, d0")], (g.empty(["t", "a"]), "d0, d1"), ["%a"])
    wanted = np.concatenate([g.inputs["x"], g.inputs["y"]], axis=1)
    return g, [joined, cut, flipped], [(wanted, 0), (wanted[:, 1:2], 0), (wanted.T, 0)]


@group("movement")
def gather(rng):
    sizes = {"v": pick(rng, 1, 10, 100), "h": pick(rng, 1, 16, 33), "s": pick(rng, 0, 1, 12)}
    g = Graph(rng, sizes, some(rng, "vhs"))
    table = g.input("table", ["v", "h"])
    at = g.input("at", ["s"], "i64", rng.integers(0, sizes["v"], sizes["s"]))
    y = g.generic(
        "d0, d1", "pp", [(at, "d0")], (g.empty(["s", "h"]), "d0, d1"),
        ["%i = arith.index_cast %a : i64 to index", "%j = linalg.index 1 : index",
         "%r = tensor.extract " + table.name + "[%i, %j] : " + g.type(["v", "h"], "f32"), "%r"],
    )  # fmt: skip
    return g, [y], [(g.inputs["table"][g.inputs["at"]], 0)]


@group("movement")
def reused_values(rng):
    """An input returned, one value returned twice, a value read by two kernels."""
    g = rows(rng)
    x = g.input("x", ["b", "s", "h"])
    dims = "d0, d1, d2"
    a = g.generic(dims, "ppp", [(x, dims)], (g.empty(x.shape), dims), ["%s = arith.addf %a, %a : f32", "%s"])
    t = g.generic(dims, "ppp", [(a, "d0, d2, d1")], (g.empty(["b", "h", "s"]), dims), ["%a"])
    top = reduce_rows(g, a, ["%s = arith.maximumf %a, %out : f32", "%s"], -np.inf)
    data = wide(g.inputs["x"])
    return g, [x, a, a, t, top], [
        (data, 0), (2 * data, 0), (2 * data, 0), (2 * data.transpose(0, 2, 1), 0),
        ((2 * data).max(axis=-1, initial=-np.inf), 0),
    ]  # fmt: skip
