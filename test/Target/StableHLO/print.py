#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""print.py FILE PRETTY GENERIC: what the official StableHLO makes of a file."""

import sys
from pathlib import Path

from jaxlib.mlir import ir

from official import make_context

source, pretty, generic = map(Path, sys.argv[1:])
with make_context(), ir.Location.unknown():
    module = ir.Module.parse(source.read_text())
    pretty.write_text(str(module))
    generic.write_text(module.operation.get_asm(print_generic_op_form=True))
