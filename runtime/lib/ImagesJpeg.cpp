//===- ImagesJpeg.cpp - JPEG pictures -------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libjpeg's state is a structure of some hundred fields that its header lays
// out: without jpeglib.h at build time there are no JPEG pictures. The library
// itself is opened at run time, like the others.
//
//===----------------------------------------------------------------------===//
#include "ImagesJpeg.h"

#if __has_include(<jpeglib.h>)
#include <csetjmp>
#include <cstdio>
#include <dlfcn.h>
#include <jpeglib.h>

namespace orchestra::runtime {
namespace {

/// libjpeg calls `error_exit`, which must not return.
struct Errors {
  jpeg_error_mgr manager;
  jmp_buf leave;
};

void leave(j_common_ptr state) {
  longjmp(reinterpret_cast<Errors *>(state->err)->leave, 1);
}
void printNothing(j_common_ptr) {}

struct Functions {
  decltype(&jpeg_std_error) errors;
  decltype(&jpeg_CreateDecompress) create;
  decltype(&jpeg_mem_src) source;
  decltype(&jpeg_read_header) header;
  decltype(&jpeg_start_decompress) start;
  decltype(&jpeg_read_scanlines) read;
  decltype(&jpeg_destroy_decompress) destroy;
};

/// Nothing here has a destructor: longjmp would pass it over.
const char *decode(const Functions &f, orch_string file, Pixels &pixels,
                   jpeg_decompress_struct &state, Errors &errors) {
  if (setjmp(errors.leave))
    return "a picture is damaged";
  f.create(&state, JPEG_LIB_VERSION, sizeof(state));
  f.source(&state, reinterpret_cast<const unsigned char *>(file.data),
           static_cast<unsigned long>(file.size));
  f.header(&state, TRUE);
  state.out_color_space = JCS_RGB;
  f.start(&state);
  if (state.output_components != 3)
    return "a JPEG picture has a form that is not supported";
  if (const char *why = pixels.make(state.output_width, state.output_height))
    return why;
  while (state.output_scanline < state.output_height) {
    JSAMPROW row = pixels.row(state.output_scanline);
    if (f.read(&state, &row, 1) != 1)
      return "a picture is damaged";
  }
  return nullptr;
}

} // namespace

const char *decodeJpeg(orch_string file, Pixels &pixels) {
  void *library = dlopen("libjpeg.so.62", RTLD_NOW);
  Functions f = {};
  bool all = library != nullptr;
  auto find = [&](const char *name, auto &function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
        library ? dlsym(library, name) : nullptr);
    all &= function != nullptr;
  };
  find("jpeg_std_error", f.errors);
  find("jpeg_CreateDecompress", f.create);
  find("jpeg_mem_src", f.source);
  find("jpeg_read_header", f.header);
  find("jpeg_start_decompress", f.start);
  find("jpeg_read_scanlines", f.read);
  find("jpeg_destroy_decompress", f.destroy);
  const char *why =
      "JPEG pictures need the library libjpeg.so.62, which is not here";
  if (all) {
    jpeg_decompress_struct state = {};
    Errors errors = {};
    state.err = f.errors(&errors.manager);
    errors.manager.error_exit = leave;
    errors.manager.output_message = printNothing;
    why = decode(f, file, pixels, state, errors);
    f.destroy(&state);
  }
  if (library)
    dlclose(library);
  return why;
}

} // namespace orchestra::runtime

#else

namespace orchestra::runtime {

const char *decodeJpeg(orch_string, Pixels &) {
  return "this runtime was built without jpeglib.h, which JPEG pictures need";
}

} // namespace orchestra::runtime
#endif
