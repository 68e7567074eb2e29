//===- main.cpp - PJRT plugins in a process of their own ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a plugin does here, crashing and hanging included, it does to this small
// process; the compiler that started it reports how it ended.
//
//   orchestra-pjrt probe PLUGIN
//   orchestra-pjrt compile PLUGIN TOPOLOGY PROGRAM OUTPUT [NAME=1,2,3 ...]
//
// Prints one JSON object. PROGRAM: StableHLO, or HLO if it ends in ".pb".
// Exit code 1: the runtime's message is on stderr; 2: usage.
//
//===----------------------------------------------------------------------===//
#include "orchestra_runtime/pjrt.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

static int fail() {
  std::fprintf(stderr, "%s\n", orch_last_error());
  return 1;
}

static int usage() {
  std::fputs("usage: orchestra-pjrt probe PLUGIN\n"
             "       orchestra-pjrt compile PLUGIN TOPOLOGY PROGRAM OUTPUT "
             "[NAME=1,2,3 ...]\n",
             stderr);
  return 2;
}

static bool readFile(const char *path, std::vector<char> &bytes) {
  std::FILE *file = std::fopen(path, "rb");
  if (!file)
    return false;
  char block[1 << 16];
  while (size_t count = std::fread(block, 1, sizeof(block), file))
    bytes.insert(bytes.end(), block, block + count);
  bool whole = !std::ferror(file);
  std::fclose(file);
  return whole;
}

static bool writeFile(const char *path, const void *bytes, size_t size) {
  std::FILE *file = std::fopen(path, "wb");
  if (!file)
    return false;
  bool whole = std::fwrite(bytes, 1, size, file) == size;
  return std::fclose(file) == 0 && whole;
}

static int probe(orch_pjrt_plugin *plugin) {
  int64_t version[3] = {0, 0, 0};
  bool says = orch_pjrt_stablehlo_version(plugin, version) == ORCH_OK;
  std::printf("{\"minor\": %d, \"stablehlo\": ",
              orch_pjrt_minor_version(plugin));
  if (says)
    std::printf("\"%" PRId64 ".%" PRId64 ".%" PRId64 "\"}\n", version[0],
                version[1], version[2]);
  else
    std::printf("null}\n");
  return 0;
}

static int compile(orch_pjrt_plugin *plugin, int argc, char **argv) {
  if (argc < 3)
    return usage();
  std::vector<char> program;
  if (!readFile(argv[1], program)) {
    std::fprintf(stderr,
                 "%s: error: the program cannot be read "
                 "[unreadable-file]\n",
                 argv[1]);
    return 1;
  }
  std::vector<std::string> names;
  std::vector<std::vector<int64_t>> lists;
  for (int i = 3; i < argc; ++i) {
    const char *equals = std::strchr(argv[i], '=');
    if (!equals)
      return usage();
    names.emplace_back(argv[i], size_t(equals - argv[i]));
    std::vector<int64_t> &list = lists.emplace_back();
    for (const char *at = equals; at; at = std::strchr(at + 1, ','))
      list.push_back(std::strtoll(at + 1, nullptr, 10));
  }
  std::vector<orch_pjrt_option> options;
  for (size_t i = 0; i < names.size(); ++i)
    options.push_back(
        {names[i].c_str(), nullptr, lists[i].data(), lists[i].size()});
  size_t length = std::strlen(argv[1]);
  bool hlo = length > 3 && std::strcmp(argv[1] + length - 3, ".pb") == 0;
  orch_pjrt_aot result;
  if (orch_pjrt_compile_ahead(plugin, argv[0], options.data(), options.size(),
                              program.data(), program.size(),
                              hlo ? "hlo" : "mlir", &result))
    return fail();
  bool written = writeFile(argv[2], result.bytes, result.size);
  std::printf("{\"devices\": %d, \"device_kind\": \"%s\", \"code\": %" PRId64
              ", \"arguments\": %" PRId64 ", \"outputs\": %" PRId64
              ", \"temporaries\": %" PRId64 ", \"aliased\": %" PRId64 "}\n",
              result.num_devices, result.device_kind, result.code_bytes,
              result.argument_bytes, result.output_bytes,
              result.temporary_bytes, result.aliased_bytes);
  orch_pjrt_aot_release(plugin, &result);
  if (!written) {
    std::fprintf(stderr,
                 "%s: error: the file cannot be written [unwritable-file]\n",
                 argv[2]);
    return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return usage();
  bool isProbe = std::strcmp(argv[1], "probe") == 0;
  if (!isProbe && std::strcmp(argv[1], "compile") != 0)
    return usage();
  orch_pjrt_plugin *plugin = nullptr;
  if (orch_pjrt_open(argv[2], nullptr, &plugin))
    return fail();
  int code = isProbe ? probe(plugin) : compile(plugin, argc - 3, argv + 3);
  std::fflush(stdout);
  // Not by return: threads of plugins do not like destructors.
  std::_Exit(code);
}
