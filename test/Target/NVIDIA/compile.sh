#!/bin/sh
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# compile.sh FOLDER: compiles every kernel that the targets' tests share, leaving
# in FOLDER the kernel (NAME.mlir), its PTX (NAME.ptx) and the module that the
# pipeline left (NAME.out.mlir).
set -e
mkdir -p "$1"
for kernel in "$(dirname "$0")"/../Inputs/*.mlir; do
  name=$(basename "$kernel" .mlir)
  cp "$kernel" "$1"
  orchestra-opt "$kernel" --orchestra-nvidia-kernel-pipeline \
    --orchestra-nvidia-write-object="output=$1/$name.ptx" -o "$1/$name.out.mlir"
done
