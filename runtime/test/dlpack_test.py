"""DLPack against NumPy, which has its own reading of the published layout.

Usage: dlpack_test.py liborchestra_runtime.so

Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

Exits with 77 (a skip) when NumPy is missing or too old.
"""

import ctypes
import sys

try:
    import numpy as np
except ImportError:
    print("skipped: NumPy is not installed")
    sys.exit(77)

if not hasattr(np, "from_dlpack"):
    print(f"skipped: NumPy {np.__version__} has no from_dlpack")
    sys.exit(77)

MAX_RANK = 16


class Tensor(ctypes.Structure):
    """orch_tensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("buffer", ctypes.c_void_p),
        ("device", ctypes.c_void_p),
        ("dtype", ctypes.c_uint32),
        ("rank", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("dims", ctypes.c_int64 * MAX_RANK),
        ("strides", ctypes.c_int64 * MAX_RANK),
    ]


STRIDED = 1
DTYPES = {
    1: np.float32, 2: np.float64, 3: np.float16, 5: np.int8, 6: np.int16,
    7: np.int32, 8: np.int64, 9: np.uint8, 10: np.uint16, 11: np.uint32,
    12: np.uint64, 13: np.bool_,
}  # fmt: skip

runtime = ctypes.CDLL(sys.argv[1])
runtime.orch_last_error.restype = ctypes.c_char_p
new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype = ctypes.py_object
new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
get_pointer.restype = ctypes.c_void_p
get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
set_name = ctypes.pythonapi.PyCapsule_SetName
set_name.argtypes = [ctypes.py_object, ctypes.c_char_p]

# PyCapsule_New keeps the pointer to the name.
LEGACY, LEGACY_USED = b"dltensor", b"used_dltensor"
VERSIONED, VERSIONED_USED = b"dltensor_versioned", b"used_dltensor_versioned"


def check(status: int) -> None:
    assert status == 0, runtime.orch_last_error().decode()


class Exporter:
    """What np.from_dlpack asks for: a tensor of the runtime's as a capsule."""

    def __init__(self, tensor: Tensor, versioned: bool) -> None:
        self.tensor = tensor
        self.versioned = versioned

    def __dlpack__(self, **options: object) -> object:
        pointer = ctypes.c_void_p()
        if self.versioned:
            export = runtime.orch_tensor_to_dlpack
        else:
            export = runtime.orch_tensor_to_dlpack_legacy
        check(export(ctypes.byref(self.tensor), ctypes.byref(pointer)))
        return new_capsule(pointer, VERSIONED if self.versioned else LEGACY, None)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def to_numpy(dtype: int, versioned: bool) -> None:
    dims = (ctypes.c_int64 * 3)(2, 3, 4)
    tensor = Tensor()
    check(runtime.orch_tensor_allocate(dtype, 3, dims, None, ctypes.byref(tensor)))
    array = np.from_dlpack(Exporter(tensor, versioned))
    assert array.dtype == DTYPES[dtype], (array.dtype, DTYPES[dtype])
    assert array.shape == (2, 3, 4)
    assert array.ctypes.data == tensor.data, "it was copied"
    size = array.nbytes
    data = bytes(i % 2 for i in range(size))
    ctypes.memmove(tensor.data, data, size)
    runtime.orch_tensor_release(ctypes.byref(tensor))
    assert array.tobytes() == data, "the memory did not outlive the tensor"


def from_numpy(dtype: int, versioned: bool) -> None:
    base = np.arange(24).astype(DTYPES[dtype]).reshape(4, 6)
    for array in (base, base.T, base[1:, ::2]):
        if versioned:
            capsule = array.__dlpack__(max_version=(1, 0))
        else:
            capsule = array.__dlpack__()
        name = VERSIONED if versioned else LEGACY
        pointer = ctypes.c_void_p(get_pointer(capsule, name))
        take = runtime.orch_tensor_from_dlpack
        if not versioned:
            take = runtime.orch_tensor_from_dlpack_legacy
        tensor = Tensor()
        check(take(pointer, ctypes.byref(tensor)))
        set_name(capsule, VERSIONED_USED if versioned else LEGACY_USED)
        assert tensor.data == array.ctypes.data, "it was copied"
        assert tensor.dtype == dtype
        assert tuple(tensor.dims[:2]) == array.shape
        dense = array.flags.c_contiguous
        assert bool(tensor.flags & STRIDED) == (not dense)
        if not dense:
            strides = tuple(s // array.itemsize for s in array.strides)
            assert tuple(tensor.strides[:2]) == strides
        before = sys.getrefcount(array)
        runtime.orch_tensor_release(ctypes.byref(tensor))
        assert sys.getrefcount(array) == before - 1, "the deleter was not called"


def main() -> int:
    numpy_has_versions = int(np.__version__.split(".")[0]) >= 2
    for dtype in DTYPES:
        for versioned in (False, True):
            if versioned and not numpy_has_versions:
                continue
            to_numpy(dtype, versioned)
            from_numpy(dtype, versioned)
    print(f"NumPy {np.__version__}: {len(DTYPES)} types, both ways")
    if not numpy_has_versions:
        print("the versioned form was not checked: it needs NumPy 2")
    return 0


sys.exit(main())
