# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each network of the benchmark in its small form, through `orchestra run`.

Oracles are ONNX Runtime, for every set of inputs, and for the networks that come from
torch the torch module itself, so that a fault of the exporter would show as well.
"""

from __future__ import annotations

import importlib.util
import pathlib

import compare
import models
import networks
import numpy as np
import onnxruntime
import pytest

BOUND = 1e-4  # of the output's largest magnitude: the project's promise for f32
TORCH_MISSING = [m for m in ("torch", "transformers", "onnxscript") if importlib.util.find_spec(m) is None]


def needs_torch(name: str) -> bool:
    return networks.NETWORKS[name][0] != "light"


def folder_of(name: str, base: pathlib.Path) -> pathlib.Path:
    if needs_torch(name) and TORCH_MISSING and not (models.folder_of(name, True, base) / "done").exists():
        pytest.skip(f"{', '.join(TORCH_MISSING)} not installed (requirements-bench.txt)")
    return models.ensure(name, True, base)


def run(orchestra, model: pathlib.Path, inputs: pathlib.Path, out: pathlib.Path) -> dict[str, np.ndarray]:
    orchestra("run", model, "--inputs", inputs, "--outputs", out)
    with np.load(out) as file:
        return dict(file)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_equals_onnx_runtime(name, orchestra, model_folder, tmp_path):
    folder = folder_of(name, model_folder)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    names = [o.name for o in session.get_outputs()]
    for inputs in sorted(folder.glob("inputs*.npz")):
        with np.load(inputs) as file:
            want = dict(zip(names, session.run(names, dict(file)), strict=True))
        got = run(orchestra, folder / "model.onnx", inputs, tmp_path / "out.npz")
        verdict = compare.compare_sets(want, got)
        assert not verdict["problem"], f"{inputs.name}: {verdict['problem']}"
        assert verdict["error"] <= BOUND, f"{inputs.name}: {verdict}"


@pytest.mark.parametrize("name", [n for n in networks.NETWORKS if needs_torch(n)])
@pytest.mark.skipif(bool(TORCH_MISSING), reason=f"{', '.join(TORCH_MISSING)} not installed (requirements-bench.txt)")
def test_equals_torch(name, orchestra, model_folder, tmp_path):
    import torch

    folder = folder_of(name, model_folder)
    network = networks.make(name, small=True)
    with torch.no_grad():
        values = network.module(*map(torch.from_numpy, network.inputs.values()))
    values = values if isinstance(values, tuple) else (values,)
    want = {n: v.numpy() for n, v in zip(network.outputs, values, strict=True)}
    got = run(orchestra, folder / "model.onnx", folder / "inputs.npz", tmp_path / "out.npz")
    verdict = compare.compare_sets(want, got)
    assert not verdict["problem"], verdict["problem"]
    assert verdict["error"] <= BOUND, verdict
