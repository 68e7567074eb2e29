# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

find_package(GTest REQUIRED)
include(GoogleTest)

# orchestra_add_unittest(Name ROOM Room SOURCES a.cpp ... LINK OrchestraX ...)
#
# A GoogleTest program `Name` of the libraries of one room; it obeys the table of
# rooms as the room itself does. ctest runs each test of it by name.
function(orchestra_add_unittest name)
  cmake_parse_arguments(ARG "" "ROOM" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  foreach(other ${ARG_LINK})
    if(NOT TARGET ${other})
      message(FATAL_ERROR "${name}: '${other}' is no target")
    endif()
    orchestra_check_arrow(${name} ${ARG_ROOM} ${other})
  endforeach()
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM GTest::gtest_main)
  # An executable would get -fPIE, with which the shared header was not made.
  set_target_properties(${name} PROPERTIES
    POSITION_INDEPENDENT_CODE OFF
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/unittests)
  target_compile_options(${name} PRIVATE -fPIC)
  orchestra_use_pch(${name})
  # At test time: a build does not run what it has just made.
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST)
endfunction()
