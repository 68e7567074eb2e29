//===- RunInputs.h - Inputs from the command line ---------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TOOLS_ORCHESTRA_RUNINPUTS_H
#define ORCHESTRA_TOOLS_ORCHESTRA_RUNINPUTS_H

#include "Tool.h"

#include <map>

namespace orchestra::tool {

/// Where the inputs of a run come from.
struct InputArguments {
  std::string archive;                 ///< --inputs
  std::vector<std::string> files;      ///< --input NAME=FILE
  std::string seed;                    ///< --random: a number, "" without it
  std::map<std::string, int64_t> dims; ///< --dim, for random inputs
  ImageOptions image;
};

void addInputFlags(CLI::App &command, InputArguments &args);

/// Dims of `args` become those that `model` is compiled for, if the target
/// needs fixed ones.
void fixDims(InputArguments &args, llvm::StringRef model,
             CompileOptions &options);

/// The inputs in the model's order.
llvm::Expected<std::vector<Tensor>> readInputs(const Model &model,
                                               const InputArguments &args);

} // namespace orchestra::tool

#endif // ORCHESTRA_TOOLS_ORCHESTRA_RUNINPUTS_H
