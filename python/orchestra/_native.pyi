# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The extension module (python/native): what the rest of the package stands on."""

from typing import Any, TypedDict, TypeVar

import numpy

MAX_THREADS: int

class Report(TypedDict):
    seconds: float
    phases: dict[str, float]
    from_cache: bool
    kernels: int
    kernels_from_cache: int
    calls: int
    code_bytes: int
    weight_bytes: int
    target: str
    warnings: list[str]

_Outputs = TypeVar("_Outputs", bound=tuple[Any, ...])

#: name, element type, NumPy's type, shape
_Tensor = tuple[str, str, numpy.dtype[Any], tuple[int | str | None, ...]]

class Program:
    def run(self, positional: tuple[Any, ...], named: dict[str, Any], outputs: type[_Outputs]) -> _Outputs: ...
    def profile(
        self, positional: tuple[Any, ...], named: dict[str, Any], dims: dict[str, int], runs: int
    ) -> tuple[float, int, float, float, list[tuple[float, str]]]: ...
    def save(self, path: str, external_weights: bool) -> list[str]: ...
    @property
    def name(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def metadata(self) -> str: ...
    @property
    def weight_bytes(self) -> int: ...
    @property
    def devices(self) -> list[str]: ...
    @property
    def threads(self) -> int: ...
    @property
    def inputs(self) -> list[_Tensor]: ...
    @property
    def outputs(self) -> list[_Tensor]: ...
    @property
    def calls(self) -> list[tuple[str, list[str], float, float]]: ...
    @property
    def report(self) -> Report | None: ...

def version() -> str: ...
def set_dtypes(by_name: dict[str, numpy.dtype[Any]]) -> None: ...
def compile(path: str, data: bytes | None, threads: int, **options: Any) -> Program: ...
def load(path: str, threads: int) -> Program: ...
