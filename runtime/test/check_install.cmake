# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs the runtime into a folder and builds the examples against it, as a
# user would, with CMake and with pkg-config; then runs one.
#   cmake -DBUILD=build -DWORK=folder -DEXAMPLES=examples -DMODEL=affine.so
#         -DCC=cc -DCXX=c++ -P this
cmake_minimum_required(VERSION 3.20)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/installed)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

foreach(language c cpp)
  set(build ${WORK}/${language})
  run(${CMAKE_COMMAND} -S ${EXAMPLES}/${language} -B ${build}
      -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_C_COMPILER=${CC}
      -DCMAKE_CXX_COMPILER=${CXX})
  run(${CMAKE_COMMAND} --build ${build})
  run(${build}/run_model_${language} ${MODEL})
endforeach()

find_program(PKG_CONFIG pkg-config)
if(PKG_CONFIG)
  file(GLOB_RECURSE file ${prefix}/*/orchestra_runtime.pc)
  get_filename_component(folder ${file} DIRECTORY)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${folder}
            ${PKG_CONFIG} --cflags --libs orchestra_runtime
    OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags)
  run(${CC} -std=c11 ${EXAMPLES}/c/run_model.c -o ${WORK}/run_model ${flags})
endif()

# The static library needs no C++ linker either.
file(GLOB_RECURSE archive ${prefix}/*/liborchestra_runtime.a)
run(${CC} -std=c11 ${EXAMPLES}/c/run_model.c -o ${WORK}/run_model_static
    -I${prefix}/include ${archive} -lpthread -ldl)
run(${WORK}/run_model_static ${MODEL})
