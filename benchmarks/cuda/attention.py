# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of attention for compile.py and run.py, their kernels and what they must compute.

Dimensions by letter: b batch, h heads of keys, g heads of queries for each of these, m rows,
s keys, k columns of queries and keys, n of values. Layout `mh` is that of a projection, heads
beside columns; `hm` has heads first. Needs no torch: tensors bring their own methods."""

import itertools
import math

LOOPS = "bhgmnks"
# Heads; rows and keys that are no whole tiles; wide and narrow columns; groups of heads; bounds
# and masks; one row; a result that is not rounded.
CHECKED = [
    {"name": "encoder", "h": 12, "m": 128, "s": 128, "layout": "mh"},
    {"name": "ragged", "b": 2, "h": 3, "m": 100, "s": 77},
    {"name": "columns128", "h": 16, "m": 512, "s": 512, "k": 128, "n": 128, "element": "bf16"},
    {"name": "columns80", "h": 5, "m": 200, "s": 333, "k": 80, "n": 80},
    {"name": "columns32_40", "h": 5, "m": 64, "s": 200, "k": 32, "n": 40, "layout": "mh"},
    {"name": "columns256", "h": 4, "m": 130, "s": 300, "k": 256, "n": 256, "element": "bf16"},
    {"name": "causal", "h": 12, "m": 512, "s": 512, "layout": "mh", "past": 0},
    {"name": "past", "h": 2, "g": 4, "m": 70, "s": 200, "k": 128, "n": 128, "past": 130},
    {"name": "mask_keys", "b": 2, "h": 3, "m": 100, "s": 150, "layout": "mh", "mask": "bs"},
    {"name": "mask_f32", "h": 3, "m": 100, "s": 150, "layout": "mh", "mask": "ms", "mask_type": "f32"},
    {"name": "one_row", "h": 8, "g": 4, "m": 1, "s": 1025, "k": 128, "n": 128, "element": "bf16"},
    {"name": "f32", "h": 8, "m": 65, "s": 129, "result": "f32"},
]
TIMED = [
    {"name": "4096", "b": 4, "h": 16, "m": 4096, "s": 4096, "k": 128, "n": 128, "element": "bf16"},
    {"name": "4096_causal", "b": 4, "h": 16, "m": 4096, "s": 4096, "k": 128, "n": 128, "element": "bf16", "past": 0},
    {"name": "16384", "h": 16, "m": 16384, "s": 16384, "k": 128, "n": 128, "element": "bf16"},
    {"name": "4096_columns64", "b": 4, "h": 16, "m": 4096, "s": 4096, "element": "bf16"},
    {"name": "gpt2_512", "h": 12, "m": 512, "s": 512, "layout": "mh", "past": 0},
    {"name": "vit_197", "h": 12, "m": 197, "s": 197, "layout": "mh"},
]
DEFAULTS = {"b": 1, "g": 1, "k": 64, "n": 64, "element": "f16", "layout": "hm", "mask": "", "past": None}


def make_cases():
    cases = []
    for timed, group in ((False, CHECKED), (True, TIMED)):
        for given in group:
            case = {**DEFAULTS, **given, "kind": "attention", "timed": timed}
            case["name"] = "attention_" + given["name"]
            case.setdefault("result", case["element"])
            case.setdefault("mask_type", case["element"])
            cases.append(case)
    return cases


def get_dims(case):
    """The letters of query, key, value, mask if any, and result, without those of size one in front."""

    def order(sequence, columns, grouped):
        heads = "hg" if grouped and case["g"] > 1 else "h"
        middle = sequence + heads if case["layout"] == "mh" else heads + sequence
        return ("b" if case["b"] > 1 else "") + middle + columns

    dims = [order("m", "k", True), order("s", "k", False), order("s", "n", False)]
    if case["mask"]:
        dims.append("".join(letter for letter in case["mask"] if letter != "b" or case["b"] > 1))
    return [*dims, order("m", "n", True)]


def get_shapes(case):
    return [[case[letter] for letter in dims] for dims in get_dims(case)]


def get_types(case):
    element = case["element"]
    return [element] * 3 + ([case["mask_type"]] if case["mask"] else []) + [case["result"]]


def write_kernel(case):
    loops = [letter for letter in LOOPS if letter not in "bg" or case[letter] > 1]
    maps = ["affine_map<(%s) -> (%s)>" % (", ".join(loops), ", ".join(dims)) for dims in get_dims(case)]
    types = [
        "tensor<%sx%s>" % ("x".join(map(str, shape)), kind)
        for shape, kind in zip(get_shapes(case), get_types(case))
    ]
    names = ["%q", "%k", "%v"] + (["%mask"] if case["mask"] else [])
    arguments = [
        "%s: %s {bufferization.writable = false}" % pair for pair in zip(names, types)
    ] + ["%%out: %s" % types[-1]]
    lines = [
        "func.func private @kernel(%s) -> %s" % (", ".join(arguments), types[-1])
        + ' attributes {orchestra.kernel, orchestra.kind = "attention"} {',
        "%%scale = arith.constant %.9e : f32" % (1 / math.sqrt(case["k"])),
    ]
    clauses = ["scale(%scale : f32)"]
    if case["mask"]:
        clauses.append("mask(%%mask : %s)" % types[3])
    if case["past"] is not None:
        lines.append("%%past = arith.constant %d : index" % case["past"])
        clauses.append("causal(%past)")
    lines += [
        "%%result = linalg_ext.attention {indexing_maps = [%s]} ins(%%q, %%k, %%v : %s) %s outs(%%out : %s) -> %s"
        % (", ".join(maps), ", ".join(types[:3]), " ".join(clauses), types[-1], types[-1]),
        "return %%result : %s" % types[-1],
        "}",
        "",
    ]
    return "\n".join(lines)


def spread(tensor, dims, order):
    """The tensor with a dimension for each letter of `order`, of size one where it has none."""
    tensor = tensor.permute([dims.index(letter) for letter in order if letter in dims])
    for position, letter in enumerate(order):
        if letter not in dims:
            tensor = tensor.unsqueeze(position)
    return tensor


def reference(case, tensors):
    """Softmax and products in f32, a head at a time, in the layout of the result."""
    dims = get_dims(case)
    query, key, value = (
        spread(tensor, letters, order)
        for tensor, letters, order in zip(tensors, dims, ("bhgmk", "bhgsk", "bhgsn"))
    )
    mask = spread(tensors[3], dims[3], "bhgms").float() if case["mask"] else None
    result = query.new_empty([case[letter] for letter in "bhgmn"]).float()
    for batch, head, member in itertools.product(*(range(case[letter]) for letter in "bhg")):
        scores = query[batch, head, member].float() @ key[batch, head, 0].float().T
        scores = scores / math.sqrt(case["k"])
        if mask is not None:
            scores = scores + mask[min(batch, mask.shape[0] - 1), 0, 0]
        if case["past"] is not None:
            hidden = scores.new_ones(scores.shape).triu(case["past"] + 1).bool()
            scores = scores.masked_fill(hidden, -math.inf)
        result[batch, head, member] = scores.softmax(-1) @ value[batch, head, 0].float()
    letters = dims[-1]
    result = result[tuple(slice(None) if letter in letters else 0 for letter in "bhgmn")]
    kept = [letter for letter in "bhgmn" if letter in letters]
    return result.permute([kept.index(letter) for letter in letters])


def get_peer_operands(case, tensors):
    """Query, key and value as a library takes them: batch, heads, rows, columns."""
    orders = ("bhmk", "bhsk", "bhsn")
    return [
        spread(tensor, letters, order).contiguous()
        for tensor, letters, order in zip(tensors, get_dims(case), orders)
    ]


def count_operations(case):
    pairs = case["m"] * case["s"]
    if case["past"] is not None:
        pairs = sum(min(case["s"], row + case["past"] + 1) for row in range(case["m"]))
    return 2 * case["b"] * case["h"] * case["g"] * pairs * (case["k"] + case["n"])
