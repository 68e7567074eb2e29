# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Run as a script: writes OUT, a C++ include that holds each of FILES (a target's
# architectures.json) with its name.
# Not a list: the texts hold semicolons.
string(CONCAT text
  "// Generated from lib/Target by cmake/EmbedArchitectures.cmake.\n"
  "static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral>\n"
  "    kDescriptions[] = {\n")
foreach(file ${FILES})
  get_filename_component(folder ${file} DIRECTORY)
  get_filename_component(name ${folder} NAME)
  file(READ ${file} content)
  string(APPEND text "{\"lib/Target/${name}/architectures.json\", R\"json(${content})json\"},\n")
endforeach()
string(APPEND text "};\n")
file(WRITE ${OUT} "${text}")
