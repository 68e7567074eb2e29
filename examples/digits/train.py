#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the bundled digit classifier and writes all files of this folder again.

    python train.py              # needs requirements-bench.txt (torch); about 20 s

The data are scikit-learn's 1,797 handwritten digits (8x8, values 0 to 16), which come with
the package. A fifth is held out, with each digit in proportion. One thread and fixed
seeds: the same versions of the packages give the same weights.
"""

from __future__ import annotations

import argparse
import json
import pathlib

import numpy as np
import onnx
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
OPSET = 18
EPOCHS = 60


class DigitClassifier(nn.Module):
    """Two convolutions and a linear layer, 6,090 parameters; returns probabilities."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Linear(32 * 2 * 2, 10)

    def logits(self, image: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(image).flatten(1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.logits(image).softmax(1)


def pixels(values: np.ndarray) -> np.ndarray:
    """0..16 to the 8-bit gray that the PNG files hold."""
    return np.rint(values * (255 / 16)).astype(np.uint8)


def as_input(gray: np.ndarray) -> np.ndarray:
    """8-bit gray [N, 8, 8] to the model's input: float32 [N, 1, 8, 8] in 0..1."""
    return (gray.astype(np.float32) / np.float32(255))[:, None]


def train(model: DigitClassifier, images: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model.logits(images[batch]), labels[batch]).backward()
            optimizer.step()
        schedule.step()
    model.eval()


def export(model: DigitClassifier, path: pathlib.Path) -> None:
    program = torch.onnx.export(
        model,
        (torch.zeros(2, 1, 8, 8),),
        dynamo=True,
        opset_version=OPSET,
        verbose=False,
        input_names=["image"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    proto = program.model_proto
    for node in proto.graph.node:  # the exporter's notes: stack traces with local paths
        del node.metadata_props[:]
    for value in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        del value.metadata_props[:]
    del proto.graph.metadata_props[:], proto.metadata_props[:]
    onnx.checker.check_model(proto, full_check=True)
    onnx.save_model(proto, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=pathlib.Path, default=HERE, help="default: this folder")
    out: pathlib.Path = parser.parse_args().out

    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    digits = load_digits()
    gray = pixels(digits.images)
    train_gray, test_gray, train_labels, test_labels = train_test_split(
        gray, digits.target, test_size=0.2, random_state=0, stratify=digits.target
    )

    model = DigitClassifier()
    train(model, torch.from_numpy(as_input(train_gray)), torch.from_numpy(train_labels))
    with torch.no_grad():
        probabilities = model(torch.from_numpy(as_input(test_gray))).numpy()
    predicted = probabilities.argmax(1)
    correct = int((predicted == test_labels).sum())

    (out / "pictures").mkdir(parents=True, exist_ok=True)
    export(model, out / "digits.onnx")
    np.savez(out / "test.npz", image=as_input(test_gray))
    np.save(out / "test-labels.npy", test_labels.astype(np.uint8))
    shown = {}
    for digit in range(10):
        # The most certain right answer of the held-out ones is a fair picture to show.
        mine = np.where((test_labels == digit) & (predicted == digit))[0]
        index = int(mine[probabilities[mine, digit].argmax()])
        Image.fromarray(test_gray[index]).save(out / "pictures" / f"{digit}.png")
        shown[f"{digit}.png"] = {"row": index, "probability": round(float(probabilities[index, digit]), 6)}
    expected = {
        "what": "the framework's own results on the held-out split; compiled models must agree",
        "framework": f"torch {torch.__version__.split('+')[0]}",
        "held_out": len(test_labels),
        "correct": correct,
        "accuracy": round(correct / len(test_labels), 6),
        "predictions": "".join(map(str, predicted)),
        "pictures": shown,
    }
    (out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    print(
        f"held-out accuracy {correct}/{len(test_labels)} = {correct / len(test_labels):.2%}, "
        f"model {(out / 'digits.onnx').stat().st_size / 1000:.1f} kB"
    )


if __name__ == "__main__":
    main()
