#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares two sets of outputs: every name, shape and type, then the largest error.

The error of an output is max|got - want| / max|want|: a share of its scale, so one bound
fits probabilities and logits. NaN and infinities must stand at the same places, integers
and booleans must be equal. No correlation: it would forgive a wrong scale.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np


def compare_arrays(want: np.ndarray, got: np.ndarray) -> tuple[float, str]:
    """The error, and what is wrong beyond any error (or nothing)."""
    if want.shape != got.shape:
        return np.inf, f"shape {list(got.shape)} instead of {list(want.shape)}"
    if want.dtype != got.dtype:
        return np.inf, f"type {got.dtype} instead of {want.dtype}"
    if want.size == 0:
        return 0.0, ""
    if want.dtype.kind not in "fc":
        wrong = int((want != got).sum())
        return (np.inf, f"{wrong} of {want.size} values differ") if wrong else (0.0, "")
    finite = np.isfinite(want)
    if not np.array_equal(want[~finite], got[~finite], equal_nan=True) or not np.isfinite(got[finite]).all():
        return np.inf, f"{int((~np.isfinite(got)).sum())} values are NaN or infinite, {int((~finite).sum())} should be"
    if not finite.any():
        return 0.0, ""
    exact = want[finite].astype(np.float64)
    gap = float(np.abs(got[finite].astype(np.float64) - exact).max())
    scale = float(np.abs(exact).max())
    return (gap / scale if scale else gap), ""


def compare_sets(want: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """`error` of the worst output, `error_output` its name, `problem` empty when comparable."""
    worst: dict[str, Any] = {"error": 0.0, "error_output": "", "problem": ""}
    if missing := [n for n in want if n not in got]:
        return worst | {"problem": f"outputs missing: {', '.join(missing[:5])}"}
    for name, array in want.items():
        error, problem = compare_arrays(array, got[name])
        if problem:
            return {"error": None, "error_output": name, "problem": f"output `{name}`: {problem}"}
        if error >= worst["error"]:
            worst = {"error": error, "error_output": name, "problem": ""}
    return worst


def compare_files(want: pathlib.Path, got: pathlib.Path) -> dict[str, Any]:
    with np.load(want) as left, np.load(got) as right:
        return compare_sets(left, right)
