#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""parse.py FILE...: fails unless the official StableHLO accepts each file."""

import sys
from pathlib import Path

from jaxlib.mlir import ir

from official import make_context

for name in sys.argv[1:]:
    with make_context(), ir.Location.unknown():
        assert ir.Module.parse(Path(name).read_text()).operation.verify(), name
