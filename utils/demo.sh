#!/usr/bin/env bash
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Compiles the bundled digit classifier to native code, classifies a picture
# with it, and judges it on the held-out digits. Usage: utils/demo.sh [BUILD]
# PICTURE=FILE.png takes another picture (8x8 gray fits the model best).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
orchestra=$build/bin/orchestra
model=examples/digits/digits.onnx
picture=${PICTURE:-examples/digits/pictures/7.png}
artefact=$build/demo/digits.so
mkdir -p "$build/demo"

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() {
  printf '$ %s\n' "$*"
  "$@"
}

step "1. Compile the model to native code"
show "$orchestra" compile "$model" -o "$artefact"

step "2. Classify a picture with the compiled model"
show "$orchestra" run "$artefact" --input "image=$picture" --top 3

step "3. How fast is it?"
show "$orchestra" bench "$artefact" --threads 1 --seconds 1

step "4. Is it right? 360 pictures that training never saw"
show .venv/bin/python examples/digits/evaluate.py --orchestra "$orchestra"

step "The compiled model is $PWD/$artefact"
printf '%s\n' "It needs no compiler: examples/c loads it with the runtime library alone."
