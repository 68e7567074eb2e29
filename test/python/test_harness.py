# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The measuring tools themselves: comparisons, processes, the benchmark, the conformance gate."""

from __future__ import annotations

import json
import subprocess
import sys

import compare
import devices
import numpy as np
import process
import pytest
import run as conformance
from conftest import ROOT

STANDIN = f"{sys.executable} {ROOT / 'benchmarks' / 'harness' / 'standin.py'}"


def error_of(want, got):
    return compare.compare_arrays(np.asarray(want, np.float32), np.asarray(got, np.float32))


def test_compare_relative_to_scale():
    assert error_of([100, 1], [100, 1.01]) == (pytest.approx(1e-4, rel=1e-3), "")
    assert error_of([[1, 2]], [[2, 4]])[0] == 1.0  # a wrong scale is an error, however well correlated


@pytest.mark.parametrize(
    ("want", "got"), [([1, 2], [[1, 2]]), ([1, np.nan], [1, 2]), ([1, 2], [1, np.nan]), ([1, np.inf], [1, -np.inf])]
)
def test_compare_refuses(want, got):
    assert error_of(want, got)[1]


def test_compare_exact_and_empty():
    assert compare.compare_arrays(np.array([1, 2]), np.array([1, 3]))[1]
    assert compare.compare_arrays(np.zeros((0, 3)), np.zeros((0, 3))) == (0.0, "")
    assert error_of([np.nan, 1], [np.nan, 1]) == (0.0, "")
    assert compare.compare_arrays(np.array([1.0]), np.array([1], np.int64))[1]
    assert "missing" in compare.compare_sets({"a": np.ones(1)}, {})["problem"]


def test_process_tells_how_it_ended():
    shell = lambda text, timeout=10: process.run(["sh", "-c", text], timeout)  # noqa: E731
    assert shell("echo '{\"a\": 1}'").json() == {"a": 1}
    assert shell("echo first; echo '{\"a\": 1}'").json() == {"a": 1}
    assert shell("echo x: error: broken >&2; exit 3").reason == "exit code 3: x: error: broken"
    assert shell("kill -SEGV $$").reason == "killed by SIGSEGV"
    assert "ran over" in shell("sleep 20", 0.2).reason
    assert "cannot start" in process.run(["/nonexistent/orchestra"], 1).reason


def bench(tmp_path, *words: str) -> tuple[int, dict]:
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "harness" / "bench.py"),
        "--small",
        "--models",
        "light-squeezenet,light-alexnet",
        "--threads",
        "1",
        "--rounds",
        "2",
        "--seconds",
        "0.1",
        "--dir",
        str(tmp_path / "models"),
        "--results",
        str(tmp_path),
        "--lock",
        str(tmp_path / "lock"),
        *words,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(next(tmp_path.glob("*-small.json")).read_text(encoding="utf-8"))


def test_bench_of_equals(tmp_path):
    """ONNX Runtime on both sides: numbers equal, ratio of the order of one, everything filled in."""
    code, result = bench(tmp_path, "--orchestra", STANDIN)
    assert code == 0 and result["settings"]["stand_in"]
    assert result["summary"]["failed"] == [] and result["peak"]["1"]["gflops"] > 1
    for model in result["models"]:
        assert model["error"] == 0 and model["flops"] > 1e6 and model["compile_cold_s"] > 0
        assert 0.2 < model["threads"]["1"]["ratio"] < 5  # busy machines are noisy; speed is not asserted
    assert "stand-in" in next(tmp_path.glob("*-small.md")).read_text(encoding="utf-8")


def test_bench_keeps_what_fails(tmp_path):
    code, result = bench(tmp_path, "--orchestra", "false")
    assert code == 1 and result["summary"]["failed"] == ["light-squeezenet", "light-alexnet"]
    assert all("compile: exit code 1" in model["failed"][0] for model in result["models"])


def test_gate_of_expectations():
    """An unexpected failure, an unexpected pass and a case that is gone are differences."""
    verdict = conformance.Verdict
    expected = {"b": ("refused", "no"), "gone": ("refused", "no")}
    same = {"a": verdict("pass"), "b": verdict("refused", "other words")}
    assert conformance.differences(same, expected, whole=False) == []
    assert len(conformance.differences(same, expected, whole=True)) == 1
    worse = {"a": verdict("crash", "killed by SIGSEGV"), "b": verdict("pass")}
    changes = conformance.differences(worse, expected, whole=False)
    assert len(changes) == 2 and "remove it" in changes[1]


def test_conformance_through_the_stand_in(tmp_path):
    """ONNX Runtime passes what it must: cases are written and judged right."""
    out = tmp_path / "out.json"
    command = [
        sys.executable,
        str(ROOT / "conformance" / "onnx" / "run.py"),
        "--orchestra",
        STANDIN,
        "--memory-gb",
        "0",
        "--no-gate",
        "--out",
        str(out),
        "--include",
        "^node/test_(relu|gemm_all_attributes|split_equal.*)$",
        "--include",
        "^real/test_squeezenet",
        "--include",
        "^node/test_(if_seq|bernoulli)$",
    ]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    verdicts = json.loads(out.read_text(encoding="utf-8"))
    assert verdicts["node/test_if_seq"]["status"] == "inexpressible"
    assert verdicts["node/test_bernoulli"]["status"] == "inexpressible"
    others = {k: v["status"] for k, v in verdicts.items() if v["status"] != "inexpressible"}
    assert len(others) >= 4 and set(others.values()) == {"pass"}, verdicts


def test_shares_of_estimates_that_hold():
    """Of four tasks, all a quarter slower or more than estimated; one is far from the others."""
    tasks = [{"estimated_us": 100, "measured_us": measured} for measured in (124, 128, 130, 300)]
    found = devices.summary([*tasks, {"estimated_us": 0, "measured_us": 1}])
    assert found == {
        "tasks": 4,
        "within_25_percent": 0.25,
        "within_25_percent_at_its_clock": 0.75,
        "median_measured_over_estimated": pytest.approx(1.29),
    }
