#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs artefacts through the runtime's C interface, on a machine with a GPU and numpy alone.

    run.py FOLDER RESULTS.tar --runtime liborchestra_runtime.so.0 [--repeat 3]

Cases run in processes that are begun anew after a crash or a device that failed, for a GPU's
fault stays with the process. Each case runs several times, so that a recording is replayed too;
all runs must give the same bytes."""

from __future__ import annotations

import argparse
import ctypes
import io
import json
import pathlib
import subprocess
import sys
import tarfile

import numpy as np

MAX_RANK = 16
# orch_dtype: numpy's type, or that of its bits
DTYPES = {
    1: "f4", 2: "f8", 3: "f2", 4: "u2", 5: "i1", 6: "i2", 7: "i4", 8: "i8", 9: "u1", 10: "u2", 11: "u4", 12: "u8",
    13: "?", 14: "u1", 15: "u1", 16: "u1", 17: "u1", 23: "u1",
}  # fmt: skip


class Tensor(ctypes.Structure):
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


class Info(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("dtype", ctypes.c_uint32),
        ("rank", ctypes.c_uint32),
        ("dims", ctypes.POINTER(ctypes.c_int64)),
        ("dim_names", ctypes.c_void_p),
    ]


class ProgramOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("allocator", ctypes.c_void_p),
        ("weights_path", ctypes.c_char_p),
        ("weights", ctypes.c_void_p),
        ("weights_size", ctypes.c_uint64),
        ("origin", ctypes.c_char_p),
        ("destroy", ctypes.c_void_p),
        ("destroy_user", ctypes.c_void_p),
    ]


class Failure(Exception):
    pass


class Runtime:
    """The functions of orchestra_runtime that are used here."""

    def __init__(self, path: str) -> None:
        self.library = ctypes.CDLL(path)
        self.library.orch_last_error.restype = ctypes.c_char_p
        for name in ("orch_program_input", "orch_program_output"):
            getattr(self.library, name).restype = ctypes.POINTER(Info)

    def call(self, name: str, *arguments: object) -> None:
        if getattr(self.library, name)(*arguments):
            raise Failure(self.library.orch_last_error().decode())


class Program:
    """A loaded artefact with one context."""

    def __init__(self, runtime: Runtime, path: pathlib.Path, weights: np.ndarray | None = None) -> None:
        self.runtime, self.weights = runtime, weights
        self.handle, self.context = ctypes.c_void_p(), ctypes.c_void_p()
        options = ProgramOptions(struct_size=ctypes.sizeof(ProgramOptions))
        if weights is not None:
            options.weights, options.weights_size = weights.ctypes.data, weights.nbytes
        runtime.call("orch_program_load", str(path).encode(), ctypes.byref(options), ctypes.byref(self.handle))
        try:
            runtime.call("orch_context_create", self.handle, None, ctypes.byref(self.context))
        except Failure:
            runtime.library.orch_program_release(self.handle)
            raise
        library = runtime.library
        self.inputs = [library.orch_program_input(self.handle, i).contents for i in range(library.orch_program_num_inputs(self.handle))]
        self.outputs = [library.orch_program_output(self.handle, i).contents for i in range(library.orch_program_num_outputs(self.handle))]

    def close(self) -> None:
        self.runtime.library.orch_context_destroy(self.context)
        self.runtime.library.orch_program_release(self.handle)

    def bind(self, values: dict[str, np.ndarray]) -> ctypes.Array:
        self.kept = []
        tensors = (Tensor * max(1, len(self.inputs)))()
        for tensor, info in zip(tensors, self.inputs):
            name = info.name.decode()
            if name not in values:
                raise Failure("no value for input '%s'" % name)
            shape = values[name].shape
            array = np.ascontiguousarray(values[name])  # which makes a scalar a row of one
            self.kept.append(array)
            tensor.data, tensor.dtype, tensor.rank = array.ctypes.data, info.dtype, len(shape)
            for dim, size in enumerate(shape):
                tensor.dims[dim] = size
        return tensors

    def run(self, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        tensors = self.bind(values)
        results = (Tensor * max(1, len(self.outputs)))()
        self.runtime.call("orch_context_run", self.context, tensors, len(self.inputs), results, len(self.outputs))
        out = {}
        for tensor, info in zip(results, self.outputs):
            if info.dtype not in DTYPES:
                raise Failure("output '%s' has type %d, which has no form here" % (info.name.decode(), info.dtype))
            kind = np.dtype(DTYPES[info.dtype])
            shape = tuple(tensor.dims[: tensor.rank])
            size = int(np.prod(shape)) * kind.itemsize
            memory = ctypes.string_at(tensor.data, size) if size else b""
            out[info.name.decode()] = np.frombuffer(memory, kind).reshape(shape).copy()
            self.runtime.library.orch_tensor_release(ctypes.byref(tensor))
        return out


def run_case(runtime: Runtime, folder: pathlib.Path, entry: dict, repeat: int, out: pathlib.Path) -> str:
    program = Program(runtime, folder / (entry["name"] + ".so"))
    try:
        for i in range(entry["sets"]):
            values = dict(np.load(folder / ("%s.%d.npz" % (entry["name"], i))))
            first = program.run(values)
            for _ in range(repeat - 1):
                again = program.run(values)
                if any(again[name].tobytes() != first[name].tobytes() for name in first):
                    return "another run gives other numbers"
            np.savez(out / ("%s.%d.out.npz" % (entry["name"], i)), **first)
    finally:
        program.close()
    return "ok"


def worker(options: argparse.Namespace) -> int:
    """Runs the cases that come on standard input; a line for each."""
    runtime = Runtime(options.runtime)
    # As long as one handle is open, the device's context lives: making it takes longer than a case.
    device = ctypes.c_void_p()
    runtime.call("orch_device_open", b"cuda", 0, None, ctypes.byref(device))
    for line in sys.stdin:
        entry = json.loads(line)
        try:
            said = run_case(runtime, options.folder, entry, options.repeat, options.results)
        except Failure as failure:
            said = str(failure).replace("\n", " ")[:400]
        print(json.dumps([entry["name"], said]), flush=True)
        if "[device-failed]" in said or "driver says" in said:
            return 3
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(options)
    left = [e for e in json.loads((options.folder / "cases.json").read_text()) if "refused" not in e]
    out = options.results.with_suffix(".out")
    out.mkdir(parents=True, exist_ok=True)
    report: dict[str, str] = {}
    command = [sys.executable, __file__, str(options.folder), str(out), "--runtime", options.runtime]
    command += ["--repeat", str(options.repeat), "--worker"]
    while left:
        batch = left[:200]
        text = "".join(json.dumps(entry) + "\n" for entry in batch)
        try:
            done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
            lines, code, errors = done.stdout.splitlines(), done.returncode, done.stderr
        except subprocess.TimeoutExpired as late:
            lines, code, errors = (late.stdout or b"").decode().splitlines(), -1, "time-out"
        for line in lines:
            name, said = json.loads(line)
            report[name] = said
        if len(lines) < len(batch) and code != 3:
            report[batch[len(lines)]["name"]] = ("crash: %d " % code) + errors.strip()[-200:]
        left = [entry for entry in left if entry["name"] not in report]
        if not lines and code == 3:
            break
    with tarfile.open(options.results, "w") as tar:
        for path in sorted(out.iterdir()):
            tar.add(path, path.name)
        data = json.dumps(report).encode()
        about = tarfile.TarInfo("report.json")
        about.size = len(data)
        tar.addfile(about, io.BytesIO(data))
    print("%d cases ran, %d without an error" % (len(report), sum(said == "ok" for said in report.values())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
