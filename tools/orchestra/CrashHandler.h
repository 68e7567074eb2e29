//===- CrashHandler.h - What remains after a crash --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TOOLS_ORCHESTRA_CRASHHANDLER_H
#define ORCHESTRA_TOOLS_ORCHESTRA_CRASHHANDLER_H

namespace orchestra::tool {

/// From now on a crash writes a reproducer and a stack trace and exits with 3,
/// and running out of memory says so and exits with 4.
void installCrashHandler(int argc, char **argv);

} // namespace orchestra::tool

#endif // ORCHESTRA_TOOLS_ORCHESTRA_CRASHHANDLER_H
