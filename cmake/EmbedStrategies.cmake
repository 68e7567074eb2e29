# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Run as a script: writes OUT, a C++ include that holds each strategy as a
# string, so that the compiler needs no data files beside it.
set(text "// Generated from strategies/ by cmake/EmbedStrategies.cmake.\n")
foreach(pair ${STRATEGIES})
  string(REPLACE "=" ";" parts "${pair}")
  list(GET parts 0 name)
  list(GET parts 1 file)
  file(READ ${file} content)
  string(APPEND text
         "static constexpr llvm::StringLiteral ${name} =\n"
         "    R\"strategy(${content})strategy\";\n")
endforeach()
file(WRITE ${OUT} "${text}")
