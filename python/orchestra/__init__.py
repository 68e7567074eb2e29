# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Orchestra: trained models become native code.

    import orchestra

    program = orchestra.compile("model.onnx")
    result = program(image=picture)  # NumPy, torch or jax; no copy
    result["probabilities"]

For code that uses ONNX Runtime, `import orchestra as onnxruntime` is enough: see
`InferenceSession`. For ONNX's own backend interface, see `orchestra.onnx_backend`.
"""

import importlib
import os
import sys
from typing import Any

# TensorFlow shows its own copy of LLVM to the whole process, under the names that ours has. Loaded
# after it, ours must look into its own libraries first.
_flags = sys.getdlopenflags()
if "tensorflow" in sys.modules and hasattr(os, "RTLD_DEEPBIND"):
    sys.setdlopenflags(_flags | os.RTLD_DEEPBIND)
try:
    from orchestra import _native
except ImportError as error:  # the loader's message names a file, not what to do
    if "libLLVM" in str(error) or "libMLIR" in str(error):
        raise ImportError(
            f"{error}\n  note: Orchestra uses the LLVM and MLIR libraries of the system, version 22\n"
            "  help: install them (on Debian: libmlir-22 and libllvm22)"
        ) from error
    raise
finally:
    sys.setdlopenflags(_flags)

from orchestra.errors import (
    CompileError,
    CompileWarning,
    Diagnostic,
    Fault,
    InputError,
    LoadError,
    OrchestraError,
    RunError,
    SaveError,
)
from orchestra.explanation import Explanation, KernelCall
from orchestra.outputs import Outputs
from orchestra.program import CompileReport, Program, TensorInfo, compile, load
from orchestra.session import (
    ExecutionMode,
    GraphOptimizationLevel,
    InferenceSession,
    NodeArg,
    RunOptions,
    SessionOptions,
    get_available_providers,
    get_device,
)

__version__: str = _native.version()


def __getattr__(name: str) -> Any:
    """Parts for other frameworks, which are imported only if they are used."""
    if name in ("jax", "keras", "tensorflow", "onnx_backend"):
        return importlib.import_module(f"orchestra.{name}")
    raise AttributeError(f"module 'orchestra' has no attribute '{name}'")


__all__ = [
    "CompileError",
    "CompileReport",
    "CompileWarning",
    "Diagnostic",
    "ExecutionMode",
    "Explanation",
    "Fault",
    "GraphOptimizationLevel",
    "InferenceSession",
    "InputError",
    "KernelCall",
    "LoadError",
    "NodeArg",
    "OrchestraError",
    "Outputs",
    "Program",
    "RunError",
    "RunOptions",
    "SaveError",
    "SessionOptions",
    "TensorInfo",
    "__version__",
    "compile",
    "get_available_providers",
    "get_device",
    "load",
]
