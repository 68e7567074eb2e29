# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A few of the fuzzer's cases on every run, and all that ever failed.

`conformance/onnx/fuzz.py` runs as many as one likes.
"""

from __future__ import annotations

import fuzz
import fuzz_ops
import pytest

# Slices of nothing, Gemm's C beside unknown sizes, norms of one element and of groups,
# recurrent weights of unknown sizes, updates of unknown number, constants in unknown shapes.
FOUND = (35, 52, 75, 210, 1175, 1185, 2025, 2055, 2280, 2315, 2417, 10943, 20575, 104402, 108642, 112380, 306952)


def run(numbers, orchestra) -> fuzz.Tally:
    return fuzz.work(numbers, False, [str(orchestra.path)], orchestra.env, "")


@pytest.mark.parametrize("first", [0, 50])
def test_sample(first, orchestra):
    tally = run(range(first, first + 50), orchestra)
    assert tally.wrong == []
    assert tally.right > 40


def test_what_failed_once(orchestra):
    tally = run(FOUND, orchestra)
    assert tally.wrong == []
    assert tally.right + sum(tally.disputed.values()) == len(FOUND)


def test_cases_are_reproducible():
    first, again = fuzz_ops.build(5), fuzz_ops.build(5)
    assert first[0].SerializeToString() == again[0].SerializeToString()
    assert all((first[1][k] == again[1][k]).all() for k in first[1])


def test_a_wrong_result_is_seen(orchestra, tmp_path):
    """The comparison can fail: a result is held against another case's."""
    case = next(made for n in range(20) if isinstance(made := fuzz.prepare(n, False, 3, tmp_path / str(n)), fuzz.Prepared) and made.want)
    name = next(iter(case.want))
    case.want[name] = case.want[name] == 0 if case.want[name].dtype == bool else case.want[name] + 1
    assert fuzz.run_batch([case], [str(orchestra.path)], orchestra.env)
