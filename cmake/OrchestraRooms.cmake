# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The rooms of the house and who may use whom. This table is the only place that
# says it; a link that it does not allow fails at configure time, and a header
# of a room that is not linked is "file not found", because every room has an
# include root of its own.

set(ORCHESTRA_ROOMS Support Dialect Frontend Schedule Transforms Conversion
    Strategy Target Pipeline Driver Tools)
set(ORCHESTRA_ROOM_Support_MAY_USE "")
set(ORCHESTRA_ROOM_Dialect_MAY_USE Support)
foreach(room Frontend Schedule Transforms Conversion Strategy)
  set(ORCHESTRA_ROOM_${room}_MAY_USE Dialect Support)
endforeach()
set(ORCHESTRA_ROOM_Target_MAY_USE Transforms Conversion Strategy Dialect
    Support Format)
set(ORCHESTRA_ROOM_Pipeline_MAY_USE Target Transforms Conversion Strategy
    Frontend Schedule Dialect Support)
set(ORCHESTRA_ROOM_Driver_MAY_USE Pipeline Target Transforms Conversion Strategy
    Frontend Schedule Dialect Support Format Runtime)
# Not under lib/ and without headers for others: the package's extension.
set(ORCHESTRA_ROOM_Python_MAY_USE Driver Support Format Runtime)
# orchestra-opt and the language server register every pass, so tools that
# register may see Pipeline, and nothing below it.
set(ORCHESTRA_ROOM_Tools_MAY_USE Driver Pipeline Support)

# Each room's include root holds one link: orchestra/<Room>.
foreach(room ${ORCHESTRA_ROOMS})
  set(root ${PROJECT_BINARY_DIR}/rooms/${room})
  file(MAKE_DIRECTORY ${root}/orchestra)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include/orchestra/${room}
       ${root}/orchestra/${room} SYMBOLIC)
endforeach()

# One precompiled header of installed MLIR headers, shared by every library.
function(orchestra_use_pch target)
  if(NOT ORCHESTRA_PCH)
    return()
  endif()
  if(NOT TARGET OrchestraPCH)
    file(WRITE ${PROJECT_BINARY_DIR}/pch.cpp "")
    add_library(OrchestraPCH OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
    target_include_directories(OrchestraPCH SYSTEM PRIVATE
                               ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
    target_precompile_headers(OrchestraPCH PRIVATE
                              ${PROJECT_SOURCE_DIR}/cmake/pch.h)
  endif()
  target_precompile_headers(${target} REUSE_FROM OrchestraPCH)
endfunction()

function(orchestra_check_arrow target room other)
  get_target_property(other_room ${other} ORCHESTRA_ROOM)
  if(NOT other_room OR other_room STREQUAL room)
    return()
  endif()
  if(NOT other_room IN_LIST ORCHESTRA_ROOM_${room}_MAY_USE)
    message(FATAL_ERROR
      "${target} (room ${room}) links ${other} (room ${other_room}), which the "
      "table in cmake/OrchestraRooms.cmake does not allow; ${room} may use: "
      "${ORCHESTRA_ROOM_${room}_MAY_USE}")
  endif()
endfunction()

# orchestra_add_library(Name ROOM Room SOURCES a.cpp ... [LINK OtherLib ...]
#                       [LINK_PUBLIC OtherLib ...] [DEPENDS tblgen-target ...]
#                       [NO_PCH])
function(orchestra_add_library name)
  cmake_parse_arguments(ARG "NO_PCH" "ROOM" "SOURCES;LINK;LINK_PUBLIC;DEPENDS"
                        ${ARGN})
  if(NOT ARG_ROOM IN_LIST ORCHESTRA_ROOMS)
    message(FATAL_ERROR "${name}: unknown room '${ARG_ROOM}'")
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES ORCHESTRA_ROOM ${ARG_ROOM})
  orchestra_room_flags(${name} ${ARG_ROOM})
  target_link_libraries(${name} PUBLIC MLIR LLVM)
  foreach(other ${ARG_LINK} ${ARG_LINK_PUBLIC})
    if(NOT TARGET ${other})
      message(FATAL_ERROR "${name}: '${other}' is no target (order of "
                          "add_subdirectory in lib/CMakeLists.txt?)")
    endif()
    orchestra_check_arrow(${name} ${ARG_ROOM} ${other})
  endforeach()
  target_link_libraries(${name} PUBLIC ${ARG_LINK_PUBLIC} PRIVATE ${ARG_LINK})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(NOT ARG_NO_PCH)
    orchestra_use_pch(${name})
  endif()
endfunction()

function(orchestra_room_flags name room)
  target_include_directories(${name} PUBLIC
    ${PROJECT_BINARY_DIR}/rooms/${room} ${PROJECT_BINARY_DIR}/gen/${room})
  target_include_directories(${name} SYSTEM PUBLIC
                             ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
endfunction()

# orchestra_add_tool(name SOURCES ... LINK ...)
function(orchestra_add_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  foreach(other ${ARG_LINK})
    if(TARGET ${other})
      orchestra_check_arrow(${name} Tools ${other})
    endif()
  endforeach()
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  # An executable would get -fPIE, with which the shared header was not made.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  orchestra_use_pch(${name})
endfunction()

# orchestra_tablegen(<target> <Room> <file.td> "X.h.inc|-gen-op-decls" ...):
# writes into the room's generated include root, so that the rule of the rooms
# covers generated headers too.
function(orchestra_tablegen target room td)
  set(source ${PROJECT_SOURCE_DIR}/include/orchestra/${room}/${td})
  get_filename_component(folder ${td} DIRECTORY)
  set(out_dir ${PROJECT_BINARY_DIR}/gen/${room}/orchestra/${room}/${folder})
  file(MAKE_DIRECTORY ${out_dir})
  set(outputs)
  foreach(pair ${ARGN})
    string(REPLACE "|" ";" arguments "${pair}")
    list(POP_FRONT arguments file)
    set(output ${out_dir}/${file})
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${LLVM_TOOLS_BINARY_DIR}/mlir-tblgen ${arguments}
              -I ${LLVM_INCLUDE_DIR} -I ${PROJECT_BINARY_DIR}/rooms/Dialect
              -I ${PROJECT_BINARY_DIR}/rooms/${room}
              ${source} --write-if-changed -o ${output} -d ${output}.d
      DEPENDS ${source}
      DEPFILE ${output}.d
      COMMENT "Generating ${folder}/${file}")
    list(APPEND outputs ${output})
  endforeach()
  add_custom_target(${target} DEPENDS ${outputs})
endfunction()
