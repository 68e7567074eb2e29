# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the `orchestra` program promises on its command line, tried with the digits model."""

from __future__ import annotations

import json
import shutil

import evaluate
import numpy as np
import pytest

DIGITS = evaluate.HERE
MODEL = DIGITS / "digits.onnx"


@pytest.fixture(scope="module")
def reference(orchestra, tmp_path_factory):
    """Outputs of the program itself: these tests are about comparing, not about numbers."""
    path = tmp_path_factory.mktemp("reference") / "reference.npz"
    orchestra("run", MODEL, "--inputs", DIGITS / "test.npz", "--outputs", path)
    return path


def test_compare_within_the_bound(orchestra, reference):
    orchestra("run", MODEL, "--inputs", DIGITS / "test.npz", "--compare", reference, "--rtol", "1e-6", "--atol", "1e-7")


def test_compare_beyond_the_bound(orchestra, reference, tmp_path):
    off = tmp_path / "off.npz"
    np.savez(off, probabilities=np.load(reference)["probabilities"] + np.float32(1e-2))
    words = ["run", MODEL, "--inputs", DIGITS / "test.npz", "--compare", off, "--rtol", "1e-6", "--atol", "1e-3"]
    done = orchestra(*words, code=1)
    assert "probabilities" in done.stdout + done.stderr


@pytest.mark.parametrize("broken", ["nan", "shape", "missing"])
def test_compare_forgives_nothing_else(broken, orchestra, reference, tmp_path):
    values = np.load(reference)["probabilities"]
    if broken == "nan":
        values[3, 3] = np.nan
    arrays = {"probabilities": values[:5] if broken == "shape" else values}
    if broken == "missing":
        arrays = {"something_else": values}
    np.savez(tmp_path / "off.npz", **arrays)
    words = ["run", MODEL, "--inputs", DIGITS / "test.npz", "--compare", tmp_path / "off.npz"]
    orchestra(*words, "--rtol", "1", "--atol", "1", code=1)


def test_random_inputs_are_seeded(orchestra, tmp_path):
    def run(name, seed):
        orchestra("run", MODEL, f"--random={seed}", "--outputs", tmp_path / name)
        return np.load(tmp_path / name)["probabilities"]

    first, again, other = run("a.npz", 1), run("b.npz", 1), run("c.npz", 2)
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_bench_json(orchestra):
    """benchmarks/README.md names the fields."""
    words = ["--inputs", DIGITS / "test.npz", "--threads", "1", "--seconds", "0.1", "--json"]
    report = json.loads(orchestra("bench", MODEL, *words).stdout)
    assert report["threads"] == 1 and report["runs"] >= 1
    latency = report["latency_ms"]
    assert 0 < latency["min"] <= latency["median"] <= latency["p90"] <= latency["p99"]


@pytest.mark.parametrize("wrong", ["name", "shape", "type", "no-file", "no-npz"])
def test_wrong_inputs_are_said(wrong, orchestra, tmp_path):
    image = np.load(DIGITS / "test.npz")["image"]
    path = tmp_path / "in.npz"
    if wrong == "name":
        np.savez(path, picture=image)
    elif wrong == "shape":
        np.savez(path, image=image[:, :, :5])
    elif wrong == "type":
        np.savez(path, image=image.astype(np.float64))
    elif wrong == "no-npz":
        path.write_bytes(b"not a zip file")
    done = orchestra("run", MODEL, "--inputs", path, "--outputs", tmp_path / "out.npz", code=1)
    assert "error" in done.stderr
    assert ("in.npz" if wrong.startswith("no-") else "image") in done.stderr


@pytest.mark.parametrize("words", [["frobnicate"], ["run"], ["run", MODEL, "--no-such-flag"], []])
def test_usage_errors(words, orchestra):
    orchestra(*words, code=2)


def test_equal_from_the_cache(orchestra, reference, tmp_path):
    """The second process finds the kernels of the first; the numbers are the same bits."""
    out = tmp_path / "again.npz"
    orchestra("run", MODEL, "--inputs", DIGITS / "test.npz", "--outputs", out)
    assert np.array_equal(np.load(out)["probabilities"], np.load(reference)["probabilities"])


def test_threads_do_not_change_numbers(orchestra, reference, tmp_path):
    out = tmp_path / "two.npz"
    orchestra("run", MODEL, "--inputs", DIGITS / "test.npz", "--outputs", out, "--threads", "2")
    assert np.array_equal(np.load(out)["probabilities"], np.load(reference)["probabilities"])


def test_damaged_cache_is_a_miss(orchestra, reference, tmp_path):
    cache = tmp_path / "cache"
    env, orchestra.env = orchestra.env, {**orchestra.env, "XDG_CACHE_HOME": str(cache)}
    try:
        out = tmp_path / "out.npz"
        words = ["run", MODEL, "--inputs", DIGITS / "test.npz", "--outputs", out]
        orchestra(*words)
        files = [f for f in cache.rglob("*") if f.is_file()]
        assert files, "nothing was cached"
        for file in files:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        orchestra(*words)
        assert np.array_equal(np.load(out)["probabilities"], np.load(reference)["probabilities"])
        shutil.rmtree(cache)
        cache.write_bytes(b"a file where the folder should be")
        orchestra(*words)  # no cache can be written: slower, not wrong
    finally:
        orchestra.env = env
