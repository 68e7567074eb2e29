#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the models of the benchmark and of the end-to-end tests.

    models.py --list
    models.py resnet50 bert-base             # into benchmarks/.models/full/NAME
    models.py --small all -o build/models    # tiny ones of the same structure
    models.py --small all --ops              # and the operators they need, as a table

Nothing is downloaded: configurations come from the frameworks, weights from a seed. Each
model is a folder with model.onnx (weights above 100 MB beside it), inputs.npz, and for
dynamic models inputs-*.npz of other shapes. A folder made before is kept; --force remakes.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import time

import networks

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT_FOLDER = HERE / ".models"


def folder_of(name: str, small: bool, base: pathlib.Path | None = None) -> pathlib.Path:
    return (base or DEFAULT_FOLDER) / ("small" if small else "full") / name


def ensure(name: str, small: bool, base: pathlib.Path | None = None, force: bool = False) -> pathlib.Path:
    """The folder of a model, made if it is not there. `done` marks one made whole."""
    folder = folder_of(name, small, base)
    done = folder / "done"
    if force or not done.exists():
        done.unlink(missing_ok=True)
        from networks import export

        export.write(networks.make(name, small), folder)
        done.touch()
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks, or `all`")
    parser.add_argument("--list", action="store_true", help="names and what they are")
    parser.add_argument("--small", action="store_true", help="tiny configurations, for tests")
    parser.add_argument("-o", "--dir", type=pathlib.Path, default=DEFAULT_FOLDER, help="default: %(default)s")
    parser.add_argument("--force", action="store_true", help="make again what is there")
    parser.add_argument("--ops", action="store_true", help="print the operators as a Markdown table")
    args = parser.parse_args()
    if args.list:
        for name, (_, _, text) in networks.NETWORKS.items():
            print(f"{name:<22}{text}")
        return 0
    if not args.names:
        parser.error("which networks? --list shows them, `all` takes them all")
    names = list(networks.NETWORKS) if args.names == ["all"] else args.names
    if unknown := [n for n in names if n not in networks.NETWORKS]:
        parser.error(f"no such network: {', '.join(unknown)}; --list shows them")

    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # configurations only, never the hub
    usage = None
    if args.ops:
        from networks.operators import Usage

        usage = Usage()
    failed = []
    for name in names:
        start = time.monotonic()
        try:
            folder = ensure(name, args.small, args.dir, args.force)
        except Exception as error:  # one that fails must not hide the others
            failed.append(name)
            what = (str(error).splitlines() or [""])[0]
            print(f"{name}: failed: {type(error).__name__}: {what}", file=sys.stderr)
            continue
        size = sum(f.stat().st_size for f in folder.iterdir())
        print(f"{name:<22}{size / 2**20:8.2f} MB {time.monotonic() - start:6.1f} s  {folder}", file=sys.stderr)
        if usage:
            usage.add(name, folder / "model.onnx")
    if usage:
        print(usage.markdown(), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
