# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which NumPy type stands for which element type of a model, in one table.

Types that NumPy lacks come from `ml_dtypes`, as everywhere in the ONNX and JAX world.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy

from orchestra import _native

#: By the name that messages, plans and `TensorInfo.type` use.
DTYPES: dict[str, numpy.dtype[Any]] = {
    "f32": numpy.dtype(numpy.float32),
    "f64": numpy.dtype(numpy.float64),
    "f16": numpy.dtype(numpy.float16),
    "bf16": numpy.dtype(ml_dtypes.bfloat16),
    "i8": numpy.dtype(numpy.int8),
    "i16": numpy.dtype(numpy.int16),
    "i32": numpy.dtype(numpy.int32),
    "i64": numpy.dtype(numpy.int64),
    "u8": numpy.dtype(numpy.uint8),
    "u16": numpy.dtype(numpy.uint16),
    "u32": numpy.dtype(numpy.uint32),
    "u64": numpy.dtype(numpy.uint64),
    "bool": numpy.dtype(numpy.bool_),
    "f8E4M3FN": numpy.dtype(ml_dtypes.float8_e4m3fn),
    "f8E4M3FNUZ": numpy.dtype(ml_dtypes.float8_e4m3fnuz),
    "f8E5M2": numpy.dtype(ml_dtypes.float8_e5m2),
    "f8E5M2FNUZ": numpy.dtype(ml_dtypes.float8_e5m2fnuz),
    "f8E8M0": numpy.dtype(ml_dtypes.float8_e8m0fnu),
    "i4": numpy.dtype(ml_dtypes.int4),
    "u4": numpy.dtype(ml_dtypes.uint4),
    "i2": numpy.dtype(ml_dtypes.int2),
    "u2": numpy.dtype(ml_dtypes.uint2),
    "f4E2M1": numpy.dtype(ml_dtypes.float4_e2m1fn),
    "string": numpy.dtype(object),  # of str
}

_native.set_dtypes(DTYPES)
