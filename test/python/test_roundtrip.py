# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX cases by way of StableHLO, run by jaxlib: a sample, as conformance/roundtrip/expected.json says."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import ROOT

RUN = ROOT / "conformance" / "roundtrip" / "run.py"


@pytest.fixture(scope="module")
def python():
    path = os.environ.get("ORCHESTRA_JAXLIB_PYTHON") or sys.executable
    if subprocess.run([path, "-c", "import jax"], capture_output=True, check=False).returncode:
        pytest.skip("no Python with jax (requirements-stablehlo.txt)")
    return path


def trip(python, *words):
    command = [sys.executable, str(RUN), "--python", python, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)


@pytest.mark.parametrize("runner", ["cpu", "interpreter"])
def test_sample(python, runner):
    done = trip(python, "--with", runner, "--sample", "24" if runner == "interpreter" else "120")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_case_that_is_not_as_expected(python, tmp_path):
    (tmp_path / "expected.json").write_text('{"not_passing": {"refused": {"nothing": ["node/test_add"]}}}')
    words = ["--include", "node/test_add$", "--expected", str(tmp_path / "expected.json")]
    done = trip(python, *words)
    assert done.returncode == 1 and "it passes now" in done.stdout
