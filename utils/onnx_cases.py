#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes ONNX models from text and runs a command on each, for tests of the importer.

    onnx_cases.py FILE.test -- orchestra-translate --import-onnx

A line `=== name` begins a case; `=== name opset=13 ir=7` says versions. What follows is
a graph in ONNX's text form (https://onnx.ai/onnx/repo-docs/Syntax.html); lines that
begin with # are comments, where the checks stand:

    === relu
    g (float[2,n] x) => (float[2,n] y) { y = Relu (x) }
    # CHECK-LABEL: === relu
    # CHECK: arith.maximumf

Each model is written to name.onnx in a scratch folder, in which the command runs with
the file as its last argument. The name, then all that the command prints, and its exit
code if it is not 0, go to stdout. With -o FOLDER the models are only written there.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import tempfile

import onnx.parser

OPSET, IR = 23, 10
DOMAINS = {"ai.onnx.ml": 5, "ai.onnx.preview.training": 1}  # imported where named


def cases(text: str):
    """(name, model) of each case."""
    for part in text.split("\n=== ")[1:]:
        title, body = part.split("\n", 1)
        name, *options = title.split()
        settings = dict(option.split("=") for option in options)
        lines = [line for line in body.splitlines() if not line.startswith("#")]
        opset, ir = settings.get("opset", OPSET), settings.get("ir", IR)
        domains = {"": opset, "custom": 1} | {d: v for d, v in DOMAINS.items() if d in body}
        imports = ", ".join(f'"{domain}" : {version}' for domain, version in domains.items())
        header = f"<ir_version: {ir}, opset_import: [{imports}]>\n"
        yield name, onnx.parser.parse_model(header + "\n".join(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, help="write the models here, run nothing")
    parser.add_argument("command", nargs="*", help="the command, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.output or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name, model in cases(options.file.read_text(encoding="utf-8")):
            file = name + ".onnx"
            (folder / file).write_bytes(model.SerializeToString())
            if options.output:
                continue
            done = subprocess.run([*options.command, file], cwd=folder, capture_output=True, text=True)
            print("=== " + name)
            sys.stdout.write(done.stderr + done.stdout)
            if done.returncode:
                print("exit code %d" % done.returncode)
    return 0


if __name__ == "__main__":
    sys.exit(main())
