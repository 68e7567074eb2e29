//===- EmulatedFixture.h - Launches on the emulated GPU ---------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_TEST_EMULATEDFIXTURE_H
#define ORCHESTRA_RUNTIME_TEST_EMULATEDFIXTURE_H

#include "TestSupport.h"
#include "emulated.h"

#include <vector>

namespace orchestra::runtime::test {

using Item = orch_emulated_item;

struct Dims {
  int64_t x = 1, y = 1, z = 1;
};

/// Memory of the device that a test owns.
template <typename T> class Buffer {
public:
  explicit Buffer(int64_t count)
      : count(count), memory(static_cast<T *>(
                          orch_emulated_allocate(count * int64_t(sizeof(T))))) {
  }
  ~Buffer() { orch_emulated_deallocate(memory); }
  T *get() const { return memory; }
  T &operator[](int64_t i) const { return memory[i]; }
  std::vector<T> values() const { return {memory, memory + count}; }

private:
  int64_t count;
  T *memory;
};

class Emulated : public testing::Test {
protected:
  void SetUp() override { orch_emulated_reset(); }
  void TearDown() override { orch_emulated_reset(); }

  /// Launches with 32 lanes a subgroup.
  static int32_t launch(orch_emulated_entry entry, Dims grid, Dims block,
                        std::vector<void *> arguments, int64_t shared = 0,
                        int64_t dynamic = 0, int64_t cluster = 1) {
    return orch_emulated_launch("k", "m.onnx:/Node", entry, 32, shared, dynamic,
                                cluster, grid.x, grid.y, grid.z, block.x,
                                block.y, block.z, arguments.data());
  }

  /// Launches a kernel of one item that must fail with these words.
  template <typename... Parts>
  static void expectFailure(orch_emulated_entry entry,
                            std::vector<void *> arguments, Parts... parts) {
    EXPECT_NE(launch(entry, {}, {}, std::move(arguments), 256), ORCH_OK);
    for (const char *part : {parts...})
      EXPECT_THAT(orch_emulated_error(), testing::HasSubstr(part));
    orch_emulated_reset();
  }
};

inline int64_t id(Item *item, int32_t query) {
  return orch_emulated_id(item, query);
}

} // namespace orchestra::runtime::test

#endif // ORCHESTRA_RUNTIME_TEST_EMULATEDFIXTURE_H
