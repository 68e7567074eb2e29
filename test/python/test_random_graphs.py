# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A few random graphs on every run: optimised and plain programs against ONNX Runtime.

`conformance/onnx/random_graphs.py` runs as many as one likes.
"""

from __future__ import annotations

import pytest
import random_graphs
from conftest import ROOT

ENGINES = {"optimised": [], "plain": ["--strategy", str(ROOT / "strategies" / "reference.mlir")]}


@pytest.mark.parametrize("seed", range(16))
def test_graph(seed, orchestra, tmp_path):
    assert random_graphs.check(seed, 12, [str(orchestra.path)], ENGINES, tmp_path, orchestra.env) == []


def test_graphs_are_reproducible():
    first, again = random_graphs.build(3, 12), random_graphs.build(3, 12)
    assert first[0].SerializeToString() == again[0].SerializeToString()
    assert all((first[1][k] == again[1][k]).all() for k in first[1])
