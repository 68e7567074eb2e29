# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One program for all sizes: the same numbers whatever tiles they are divided into."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

pytest.importorskip("nanobind", reason="without nanobind the build has no Python package")
import orchestra

EPSILON = 2.0**-24


@pytest.mark.parametrize(("columns", "cpu"), [(64, ""), (40, ""), (40, "x86-64-v3")])
def test_any_number_of_rows(columns, cpu):
    generator = np.random.default_rng(columns)
    w = generator.standard_normal((33, columns)).astype("float32")
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 21]>'
        f"rows (float[n,33] x, float[{columns}] b) => (float[n,{columns}] y) <float[33,{columns}] w>"
        "{ p = MatMul (x, w)  s = Add (p, b)  y = Relu (s) }"
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(w, "w"))
    program = orchestra.compile(model, cpu=cpu)
    for rows in (*range(33), 43, 99, 197):
        x, b = generator.standard_normal((rows, 33)).astype("float32"), generator.standard_normal(columns).astype("float32")
        wide = x.astype("float64"), w.astype("float64")
        want = np.maximum(wide[0] @ wide[1] + b, 0)
        # Sums of k products: C eps sqrt(k) sum |x||w|, and the rounding of the addition.
        bound = 8 * EPSILON * np.sqrt(33) * (np.abs(wide[0]) @ np.abs(wide[1]) + np.abs(b))
        got = program(x, b)[0]
        assert got.shape == want.shape and (np.abs(got - want) <= bound).all()


def test_any_number_of_rows_of_a_batch():
    generator = np.random.default_rng(1)
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 21]> rows (float[b,m,k] x, float[b,k,n] w) => (float[b,m,n] y) { y = MatMul (x, w) }'
    )
    program = orchestra.compile(model)
    for batch, rows, columns in ((1, 1, 1), (2, 3, 70), (3, 8, 31), (2, 15, 32), (1, 29, 33), (2, 0, 5), (0, 3, 5)):
        x, w = generator.standard_normal((batch, rows, 9)), generator.standard_normal((batch, 9, columns))
        x, w = x.astype("float32").astype("float64"), w.astype("float32").astype("float64")
        bound = 8 * EPSILON * 3 * (np.abs(x) @ np.abs(w))
        got = program(x.astype("float32"), w.astype("float32"))[0]
        assert got.shape == (batch, rows, columns) and (np.abs(got - x @ w) <= bound).all()
