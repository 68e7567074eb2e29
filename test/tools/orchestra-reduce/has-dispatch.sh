#!/bin/sh
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A file is interesting (exit code 1) while it holds a dispatch.
grep -q "orchestra.dispatch @kernel" "$1" && exit 1
exit 0
