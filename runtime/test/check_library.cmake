# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Checks the shared library file: exports orch_* only, needs libc only, has no
# trace of LLVM or the C++ library, and stays below 1 MB.
#   cmake -DLIBRARY=liborchestra_runtime.so -DNM=nm -DREADELF=readelf -P this
cmake_minimum_required(VERSION 3.20)

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
  OUTPUT_VARIABLE defined COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${defined}")
set(exported 0)
foreach(line ${lines})
  string(REGEX REPLACE "^.* " "" symbol "${line}")
  string(REGEX REPLACE "@.*$" "" symbol "${symbol}")
  if(NOT symbol MATCHES "^orch_")
    message(SEND_ERROR "exports ${symbol}, which is not orch_*")
  endif()
  math(EXPR exported "${exported} + 1")
endforeach()
if(exported LESS 50)
  message(SEND_ERROR "exports only ${exported} symbols")
endif()

execute_process(COMMAND ${NM} -D --undefined-only ${LIBRARY}
  OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${undefined}")
foreach(line ${lines})
  if(line MATCHES " _Z|LLVM|llvm|mlir|__cxa_(throw|allocate)|__gxx")
    message(SEND_ERROR "needs a symbol of C++ or LLVM: ${line}")
  endif()
endforeach()

execute_process(COMMAND ${READELF} -d ${LIBRARY}
  OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*" needed "${dynamic}")
foreach(line ${needed})
  if(NOT line MATCHES "\\[(libc\\.so|libpthread\\.so|libdl\\.so|ld-linux)")
    message(SEND_ERROR "needs more than libc: ${line}")
  endif()
endforeach()

file(SIZE ${LIBRARY} size)
if(size GREATER 1000000)
  message(SEND_ERROR "has ${size} bytes, more than 1 MB")
endif()
message(STATUS "${exported} symbols, ${size} bytes")
