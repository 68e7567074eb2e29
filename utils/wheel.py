#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the wheel, installs it into a fresh environment, and uses it there.

    utils/wheel.py                 build build-wheel/dist/orchestra-*.whl, then test it
    utils/wheel.py --wheel FILE    test one that is there

What is tested: a script as a user writes it, in an empty folder, passes `mypy --strict`, compiles a
model, runs it, saves it and loads it again, with the right numbers. A build takes as long as the
first `make build`; hence this is no part of `make check`.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parents[1]
DIGITS = ROOT / "examples" / "digits"

USER = '''
import pathlib
import sys
from typing import Any

import numpy
import orchestra

digits = pathlib.Path(sys.argv[1])
assert "site-packages" in orchestra.__file__, orchestra.__file__
pictures: numpy.ndarray[Any, numpy.dtype[Any]] = numpy.load(digits / "test.npz")["image"]
labels: numpy.ndarray[Any, numpy.dtype[Any]] = numpy.load(digits / "test-labels.npy")


def check(program: orchestra.Program) -> None:
    result: orchestra.Outputs = program(image=pictures)
    assert float((result["probabilities"].argmax(axis=1) == labels).mean()) > 0.95


compiled = orchestra.compile(digits / "digits.onnx", cache=False, specialize=[{"batch": 1}])
check(compiled)
written: list[str] = compiled.save("digits.so")
check(orchestra.load(written[0]))
session = orchestra.InferenceSession(digits / "digits.onnx")
assert session.run(None, {"image": pictures})[0].shape == (len(pictures), 10)
try:
    compiled(image=pictures.astype("float64"))
except orchestra.InputError as error:
    assert error.slug == "tensor-type", error
else:
    raise SystemExit("another element type was taken")
'''


def build(folder: pathlib.Path) -> pathlib.Path:
    """Builds the wheel with what .venv has: nothing is fetched."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-build-isolation", "--no-deps", "-w", str(folder)]
    jobs = os.environ.get("JOBS", str(len(os.sched_getaffinity(0))))
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": jobs})
    (wheel,) = folder.glob("orchestra-*.whl")
    return wheel


def test(wheel: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        subprocess.run([str(python), "-m", "pip", "install", "-q", str(wheel)], check=True)
        clean = folder / "clean"
        clean.mkdir()
        (clean / "user.py").write_text(USER)
        mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), "user.py"]
        subprocess.run(mypy, check=True, cwd=clean, env=environment)
        subprocess.run([str(python), "user.py", str(DIGITS)], check=True, cwd=clean, env=environment)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=pathlib.Path)
    wheel = parser.parse_args().wheel or build(ROOT / "build-wheel" / "dist")
    try:
        test(wheel.resolve())
    except subprocess.CalledProcessError as error:
        print(f"{wheel}: {error}", file=sys.stderr)
        return 1
    print(f"{wheel}: works in a fresh environment")
    return 0


if __name__ == "__main__":
    sys.exit(main())
