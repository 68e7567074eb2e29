#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists source files that are longer than a file should be, longest first.

Most files stay under 500 lines; above 1,200 a file must be split, and the exit
code is 1. Generated files and lists of data do not count."""

import sys

import project

WISHED = 500
ALLOWED = 1200


def sizes():
    """(lines, path) of every source file, longest first."""
    found = []
    for path in project.all_files():
        if path.suffix in project.CODE and path.parts[:2] != ("docs", "generated"):
            found.append((project.read(path).count("\n"), path))
    return sorted(found, reverse=True)


def main():
    listed = sizes()
    for lines, path in listed:
        if lines > WISHED:
            print("%6d %s%s" % (lines, path, "  (split it)" if lines > ALLOWED else ""))
    total = sum(lines for lines, _ in listed)
    print("%6d lines in %d source files" % (total, len(listed)))
    return 1 if any(lines > ALLOWED for lines, _ in listed) else 0


if __name__ == "__main__":
    sys.exit(main())
