# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plans against the optimum of a mixed-integer program, solved by HiGHS: see benchmarks/schedule/optimum.py."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "schedule"))

pytest.importorskip("highspy", reason="HiGHS is not installed")

import optimum  # noqa: E402
import plans  # noqa: E402


def problem(costs, values, latency, hops=None):
    return {"costs": costs, "values": values, "latency": latency, "hops": hops or [[[]]], "host": 0}


def value(producer, users, size=0.0, output=False):
    return {"producer": producer, "users": users, "bytes": size, "output": output}


LINK = [[[], [0, 0, 1.0, 1.0]], [[1, 1, 1.0, 1.0], []]]
"""Two devices; a copy of n bytes takes 1 + n seconds."""


@pytest.mark.parametrize(
    ("shortest", "costs", "values", "hops"),
    [
        # One after the other, since one needs the other or there is one device.
        (5.0, [[2.0], [3.0]], [value(0, [1]), value(1, [], output=True)], None),
        (5.0, [[2.0], [3.0]], [value(0, [], output=True), value(1, [], output=True)], None),
        # At the same time; the result comes back over the link.
        (5.0, [[3.0, 3.0], [3.0, 3.0]], [value(0, [], 1.0, True), value(1, [], 1.0, True)], LINK),
        # The copy costs more than it saves.
        (6.0, [[3.0, 3.0], [3.0, 3.0]], [value(0, [], 9.0, True), value(1, [], 9.0, True)], LINK),
        # An input is copied there as well, and to a task that cannot run here.
        (7.0, [[None, 3.0]], [value(-1, [0], 1.0), value(0, [], 1.0, True)], LINK),
        # Two copies over one channel queue.
        (9.0, [[None, 3.0]], [value(-1, [0], 1.0), value(-1, [0], 1.0), value(0, [], 1.0, True)], LINK),
        # A value is copied once for two readers.
        (10.0, [[None, 3.0], [None, 3.0]], [value(-1, [0, 1], 1.0), value(0, [1]), value(1, [], 1.0, True)], LINK),
    ],
)
def test_program_by_hand(shortest, costs, values, hops):
    best, _, proved = optimum.build(problem(costs, values, 20.0, hops)).solve(30)
    assert proved
    assert best * 20.0 == pytest.approx(shortest, rel=1e-5)


def test_windows_keep_what_crosses_their_edges():
    graph = {
        "tasks": [{"name": str(i), "inputs": [i], "outputs": [i + 1]} for i in range(4)],
        "values": [{"kind": "input", "bytes": 1}, *({"kind": "computed", "bytes": 1} for _ in range(4))],
    }
    graph["values"][4]["output"] = True
    first, second = optimum.windows(graph, 2)
    assert [v["kind"] for v in first["values"]] == ["input", "computed", "computed"]
    assert [v.get("output", False) for v in first["values"]] == [False, False, True]
    assert [v["kind"] for v in second["values"]] == ["input", "computed", "computed"]
    assert [t["inputs"] for t in second["tasks"]] == [[0], [1]]


def test_plans_are_near_the_optimum():
    build = pathlib.Path(os.environ.get("ORCHESTRA_BUILD_DIR", ROOT / "build"))
    problems = plans.run(build / "unittests" / "plan-corpus", "gap", 36, 1)
    small = [entry for entry in problems if entry["tasks"] <= 6]
    assert len(small) >= 12
    for entry in small:
        row = optimum.measure(entry, 60)
        assert row["proved"], row
        assert -1e-5 <= row["gap"] <= 0.05, row
        assert row["plan"] <= row["single"] * (1 + 1e-9), row
