# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shared by the Python tests: the program under test, and the folders they import from."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ORCHESTRA_BUILD_DIR", ROOT / "build"))
for folder in ("benchmarks", "benchmarks/harness", "conformance/onnx", "examples/digits"):
    sys.path.insert(0, str(ROOT / folder))
sys.path.insert(0, str(BUILD / "python"))  # the package as it will be installed


class Orchestra:
    """The `orchestra` program. `$ORCHESTRA` names another one than build/bin/orchestra."""

    def __init__(self, path: pathlib.Path, cache: pathlib.Path):
        self.path = path
        self.env = {**os.environ, "XDG_CACHE_HOME": str(cache)}

    def __call__(self, *words: object, code: int = 0, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        command = [str(self.path), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=self.env)
        assert done.returncode == code, f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[-4000:]}"
        return done


@pytest.fixture(scope="session")
def orchestra(tmp_path_factory: pytest.TempPathFactory) -> Orchestra:
    path = pathlib.Path(os.environ.get("ORCHESTRA", BUILD / "bin" / "orchestra")).absolute()
    if not path.exists():
        pytest.fail(f"{path} is not there: `make build` makes it", pytrace=False)
    return Orchestra(path, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def orchestra_tool(orchestra: Orchestra) -> Orchestra:
    """The same, for tests in which `orchestra` is the Python package."""
    return orchestra


@pytest.fixture(scope="session")
def model_folder() -> pathlib.Path:
    """Small models are made once, beside the build, and kept between runs."""
    return pathlib.Path(os.environ.get("ORCHESTRA_MODELS", ROOT / "benchmarks" / ".models"))
