# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The bundled digits example: its files agree with one another and with the framework."""

from __future__ import annotations

import json

import evaluate
import numpy as np
import onnxruntime
import pytest
from PIL import Image

DIGITS = evaluate.HERE


def as_input(name: str) -> np.ndarray:
    """What the example's README says of pictures."""
    gray = np.asarray(Image.open(DIGITS / "pictures" / name))
    assert gray.shape == (8, 8) and gray.dtype == np.uint8
    return (gray.astype(np.float32) / np.float32(255))[None, None]


def test_files_agree():
    """The bundle itself, through ONNX Runtime: nothing of ours is involved."""
    session = onnxruntime.InferenceSession(str(DIGITS / "digits.onnx"))
    line, same = evaluate.judge(session.run(None, dict(np.load(DIGITS / "test.npz")))[0])
    assert same, line
    expected = json.loads((DIGITS / "expected.json").read_text(encoding="utf-8"))
    held_out = np.load(DIGITS / "test.npz")["image"]
    for name, facts in expected["pictures"].items():
        image = as_input(name)
        assert np.array_equal(image[0], held_out[facts["row"]])
        probabilities = session.run(None, {"image": image})[0][0]
        assert probabilities.argmax() == int(name[0])
        assert probabilities.max() == pytest.approx(facts["probability"], abs=1e-5)


def test_accuracy_through_orchestra(orchestra, tmp_path):
    out = tmp_path / "out.npz"
    orchestra("run", DIGITS / "digits.onnx", "--inputs", DIGITS / "test.npz", "--outputs", out)
    line, same = evaluate.judge(np.load(out)["probabilities"])
    assert same, line


@pytest.mark.parametrize("digit", range(10))
def test_one_picture_at_a_time(digit, orchestra, tmp_path):
    """Batch 1, after batch 360: the batch is dynamic."""
    image = as_input(f"{digit}.png")
    np.savez(tmp_path / "in.npz", image=image)
    orchestra("run", DIGITS / "digits.onnx", "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")
    got = np.load(tmp_path / "out.npz")["probabilities"]
    want = onnxruntime.InferenceSession(str(DIGITS / "digits.onnx")).run(None, {"image": image})[0]
    assert got.shape == (1, 10) and got.argmax() == digit
    np.testing.assert_allclose(got, want, atol=1e-5)
