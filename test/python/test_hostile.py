# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Broken and hostile model files: a clear error and exit code 1, whatever is in them."""

from __future__ import annotations

import os

import hostile
import process
import pytest

SECONDS, PEAK_BYTES = 20, 1 << 30


@pytest.mark.parametrize("name", hostile.MAKERS)
def test_is_refused_cleanly(name, orchestra, tmp_path):
    for file, data in hostile.files_of(name).items():
        (tmp_path / file).write_bytes(data)
    model, out = tmp_path / "model.onnx", tmp_path / "out.so"
    log = tmp_path / "stderr"
    command = ["sh", "-c", 'exec "$0" "$@" 2>"$STDERR_LOG"', str(orchestra.path), "compile", str(model), "-o", str(out)]
    outcome = process.run(command, SECONDS, {**orchestra.env, "STDERR_LOG": str(log)})
    said = log.read_text(encoding="utf-8", errors="replace")
    assert outcome.reason.startswith("exit code 1"), f"{outcome.reason or 'it was accepted'}\n{said[:2000]}"
    assert outcome.peak_rss_bytes < PEAK_BYTES, f"took {outcome.peak_rss_bytes / 1e6:.0f} MB"
    assert "error" in said and "model.onnx" in said, said[:2000]
    assert len(said) < 64 * 1024, "a report to read, not the model back"
    assert not out.exists(), "an artefact of a model that was refused"
    assert not [f for f in os.listdir(tmp_path) if "core" in f]


def test_all_gaps_in_one_report(orchestra, tmp_path):
    (tmp_path / "model.onnx").write_bytes(hostile.files_of("many-gaps")["model.onnx"])
    said = orchestra("compile", tmp_path / "model.onnx", "-o", tmp_path / "out.so", code=1).stderr
    for operator in ("Unknown0", "Unknown1", "Unknown2"):
        assert operator in said
