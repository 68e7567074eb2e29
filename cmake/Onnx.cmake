# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The onnx C++ library (schemas, shape inference, version converter, function
# bodies), built as a static library from its source package on PyPI. Debian's
# libonnx is too old (opset 17). Defines the target `onnx`.

set(ORCHESTRA_ONNX_VERSION 1.23.2)
set(ORCHESTRA_ONNX_SHA256
    008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8)
set(ORCHESTRA_ONNX_SOURCE
    "${PROJECT_SOURCE_DIR}/.cache/onnx-${ORCHESTRA_ONNX_VERSION}.tar.gz"
    CACHE PATH "The onnx source package, or the folder it was unpacked to")

if(NOT EXISTS ${ORCHESTRA_ONNX_SOURCE})
  get_filename_component(folder ${ORCHESTRA_ONNX_SOURCE} DIRECTORY)
  set(python python3)
  if(EXISTS ${PROJECT_SOURCE_DIR}/.venv/bin/python)
    set(python ${PROJECT_SOURCE_DIR}/.venv/bin/python)
  endif()
  message(STATUS "Fetching the source package of onnx "
                 "${ORCHESTRA_ONNX_VERSION} with pip")
  execute_process(
    COMMAND ${python} -m pip download --quiet --no-binary onnx --no-deps
            --dest ${folder} onnx==${ORCHESTRA_ONNX_VERSION}
    RESULT_VARIABLE failed)
  if(failed OR NOT EXISTS ${ORCHESTRA_ONNX_SOURCE})
    message(FATAL_ERROR
      "No onnx source package at ${ORCHESTRA_ONNX_SOURCE}, and pip could not "
      "fetch it. Put onnx-${ORCHESTRA_ONNX_VERSION}.tar.gz from PyPI there, "
      "name it with -DORCHESTRA_ONNX_SOURCE=FILE, or build without ONNX "
      "with -DORCHESTRA_ONNX=OFF.")
  endif()
endif()

set(ONNX_USE_PROTOBUF_SHARED_LIBS ON CACHE INTERNAL "")
set(ONNX_INSTALL OFF CACHE INTERNAL "")
set(ONNX_HARDENING ON CACHE INTERNAL "")
set(ONNX_BUILD_TESTS OFF CACHE INTERNAL "")
set(ONNX_BUILD_PYTHON OFF CACHE INTERNAL "")
set(ONNX_GEN_PB_TYPE_STUBS OFF CACHE INTERNAL "")

include(FetchContent)
# Debian 12 has cmake 3.25; the package asks for 3.26 and needs nothing of it.
set(lower sed -i "s/cmake_minimum_required(VERSION 3.26)/cmake_minimum_required(VERSION 3.25)/")
if(IS_DIRECTORY ${ORCHESTRA_ONNX_SOURCE})
  # The user's folder stays as it is: work on a copy.
  FetchContent_Declare(onnx DOWNLOAD_COMMAND
    ${CMAKE_COMMAND} -E copy_directory ${ORCHESTRA_ONNX_SOURCE} <SOURCE_DIR>
    PATCH_COMMAND ${lower} CMakeLists.txt)
else()
  FetchContent_Declare(onnx URL ${ORCHESTRA_ONNX_SOURCE}
    URL_HASH SHA256=${ORCHESTRA_ONNX_SHA256}
    DOWNLOAD_EXTRACT_TIMESTAMP OFF
    PATCH_COMMAND ${lower} CMakeLists.txt)
endif()
# Not MakeAvailable: nothing of it belongs to our "all" but what we link.
FetchContent_GetProperties(onnx)
if(NOT onnx_POPULATED)
  FetchContent_Populate(onnx)
  # Hidden, so that Python's own onnx and ONNX Runtime may live in our process.
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
  add_subdirectory(${onnx_SOURCE_DIR} ${onnx_BINARY_DIR} EXCLUDE_FROM_ALL)
  unset(CMAKE_CXX_VISIBILITY_PRESET)
  unset(CMAKE_VISIBILITY_INLINES_HIDDEN)
endif()
