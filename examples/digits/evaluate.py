#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiled model's accuracy on the held-out digits, beside the framework's own.

    python evaluate.py --orchestra ../../build/bin/orchestra

Needs numpy only. Exit code 1 if a prediction differs from the framework's.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


def judge(probabilities: np.ndarray) -> tuple[str, bool]:
    """A line for the reader, and whether each prediction is the framework's."""
    labels = np.load(HERE / "test-labels.npy")
    expected = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    predicted = probabilities.argmax(1)
    correct = int((predicted == labels).sum())
    differ = sum(str(p) != e for p, e in zip(predicted, expected["predictions"], strict=True))
    line = (
        f"held-out accuracy {correct}/{len(labels)} = {correct / len(labels):.2%}; "
        f"{expected['framework']}: {expected['correct']}/{expected['held_out']} "
        f"= {expected['accuracy']:.2%}; predictions that differ: {differ}"
    )
    return line, differ == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orchestra", type=pathlib.Path, default=HERE.parent.parent / "build" / "bin" / "orchestra")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "out.npz"
        command = [
            str(args.orchestra),
            "run",
            str(HERE / "digits.onnx"),
            "--inputs",
            str(HERE / "test.npz"),
            "--outputs",
            str(out),
        ]
        code = subprocess.run(command, check=False).returncode
        if code:
            print(f"evaluate.py: `{' '.join(command)}` ended with exit code {code}", file=sys.stderr)
            return 1
        line, same = judge(np.load(out)["probabilities"])
    print(line)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
