//===- WeightsTest.cpp - External weights in safetensors files ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Safetensors.h"
#include "TestSupport.h"

#include <cstring>
#include <random>

using namespace orchestra::runtime::test;
using orchestra::runtime::findMetadata;

namespace {

/// The weights of affine.c, as the artefact packs them.
std::string weightData() {
  float values[32] = {1.0f, 2.0f, -1.0f, 0.5f};
  const float bias[] = {0.5f, -1.0f, 0.0f, 3.0f};
  memcpy(values + 16, bias, sizeof(bias));
  return std::string(reinterpret_cast<const char *>(values), sizeof(values));
}

std::string safetensors(std::string header, const std::string &data,
                        bool padded = true) {
  while (padded && (8 + header.size()) % 64)
    header += ' ';
  std::string file;
  for (int i = 0; i < 8; ++i)
    file += char(uint64_t(header.size()) >> (8 * i) & 0xff);
  return file + header + data;
}

const std::string goodHeader =
    R"({"__metadata__":{"format":"orchestra","orchestra_hash":"00c0ffee"},)"
    R"("packed":{"dtype":"U8","shape":[128],"data_offsets":[0,128]}})";

class Weights : public testing::Test {
protected:
  /// A copy of the artefact in a folder of its own, with this weights file.
  orch_status load(const std::string &weights, bool run = false) {
    std::string path = folder.write("model.so", readFile(AFFINE_EXTERNAL_SO));
    folder.write("affine.safetensors", weights);
    orch_program *program = nullptr;
    orch_status status = orch_program_load(path.c_str(), nullptr, &program);
    ProgramPtr owner(program);
    if (status == ORCH_OK && run)
      check(program);
    return status;
  }
  static void check(orch_program *program) {
    uint64_t size = 0;
    const void *data = orch_program_weights(program, &size);
    EXPECT_EQ(size, 128u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % ORCH_BUFFER_ALIGNMENT, 0u);
    ContextPtr context = makeContext(program);
    std::vector<float> x = {1, 2, 3, 4};
    orch_tensor in = view(x, ORCH_DTYPE_F32, {1, 4}), out[2] = {};
    ASSERT_OK(orch_context_run(context.get(), &in, 1, out, 2));
    for (int j = 0; j < 4; ++j)
      EXPECT_FLOAT_EQ(static_cast<float *>(out[0].data)[j], affine(x[j], j));
    orch_tensor_release(&out[0]);
    orch_tensor_release(&out[1]);
  }
  TemporaryFolder folder;
};

TEST_F(Weights, Beside) {
  EXPECT_OK(load(safetensors(goodHeader, weightData()), true));
}

TEST_F(Weights, GivenPath) {
  std::string model = folder.write("model.so", readFile(AFFINE_EXTERNAL_SO));
  std::string file = folder.write("elsewhere.safetensors",
                                  safetensors(goodHeader, weightData()));
  orch_program *program = nullptr;
  EXPECT_EQ(orch_program_load(model.c_str(), nullptr, &program),
            ORCH_ERROR_NOT_FOUND);
  expectMessage("[weights-missing]", "affine.safetensors", "weights_path");
  orch_program_options options = ORCH_PROGRAM_OPTIONS_INIT;
  options.weights_path = file.c_str();
  ASSERT_OK(orch_program_load(model.c_str(), &options, &program));
  check(program);
  orch_program_release(program);
}

TEST_F(Weights, InMemory) {
  alignas(ORCH_BUFFER_ALIGNMENT) char memory[192];
  memcpy(memory, weightData().data(), 128);
  orch_program_options options = ORCH_PROGRAM_OPTIONS_INIT;
  options.weights = memory;
  options.weights_size = 128;
  orch_program *program = nullptr;
  ASSERT_OK(orch_program_load(AFFINE_EXTERNAL_SO, &options, &program));
  check(program);
  orch_program_release(program);

  options.weights_size = 64;
  EXPECT_EQ(orch_program_load(AFFINE_EXTERNAL_SO, &options, &program),
            ORCH_ERROR_MISMATCH);
  expectMessage("[weights-mismatch]", "needs 128 bytes", "64 at");
  options.weights_size = 128;
  options.weights = memory + 4;
  EXPECT_EQ(orch_program_load(AFFINE_EXTERNAL_SO, &options, &program),
            ORCH_ERROR_MISMATCH);
  options.weights_path = "both";
  EXPECT_EQ(orch_program_load(AFFINE_EXTERNAL_SO, &options, &program),
            ORCH_ERROR_INVALID_ARGUMENT);
}

TEST_F(Weights, WrongHash) {
  std::string other = goodHeader;
  other.replace(other.find("00c0ffee"), 8, "deadbeef");
  EXPECT_EQ(load(safetensors(other, weightData())), ORCH_ERROR_MISMATCH);
  expectMessage("[weights-mismatch]", "00c0ffee", "deadbeef");
  EXPECT_EQ(load(safetensors("{}", weightData())), ORCH_ERROR_MISMATCH);
  expectMessage("has none");
}

TEST_F(Weights, Damaged) {
  std::string whole = safetensors(goodHeader, weightData());
  EXPECT_EQ(load(whole.substr(0, whole.size() - 1)), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("[weights-damaged]", "needs 128 bytes", "has 127");
  EXPECT_EQ(load(whole + "more"), ORCH_ERROR_BAD_ARTEFACT);
  EXPECT_EQ(load(whole.substr(0, 100)), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("longer than the file");
  EXPECT_EQ(load(""), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("shorter than 8 bytes");
  EXPECT_EQ(load(std::string(64, '\xff')), ORCH_ERROR_BAD_ARTEFACT);
  EXPECT_EQ(load(safetensors("not json", weightData())),
            ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("header is not valid");
  std::string odd = goodHeader;
  while ((8 + odd.size()) % 64 != 3)
    odd += ' ';
  EXPECT_EQ(load(safetensors(odd, weightData(), false)),
            ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("not aligned");
}

TEST_F(Weights, NameLeadsOutOfTheFolder) {
  for (const char *name : {"../affine.safetensors", "/etc/passwd", "..", ""}) {
    orch_artefact artefact = affine_artefact;
    artefact.weights = nullptr;
    artefact.weights_file = name;
    artefact.weights_hash = "00c0ffee";
    orch_program *program = nullptr;
    EXPECT_EQ(orch_program_from_artefact(&artefact, nullptr, &program),
              ORCH_ERROR_BAD_ARTEFACT);
    expectMessage("not a plain file name");
  }
}

int find(const std::string &header, std::string *value = nullptr) {
  char found[16] = "";
  int result = findMetadata(header.data(), header.size(), "orchestra_hash",
                            found, sizeof(found));
  if (value)
    *value = found;
  return result;
}

TEST(SafetensorsHeader, Finds) {
  std::string value;
  EXPECT_EQ(find(goodHeader, &value), 1);
  EXPECT_EQ(value, "00c0ffee");
  EXPECT_EQ(find(R"({"a":{"b":[1,-2.5e3,true,null,{}],"c":"\"}"},)"
                 R"( "__metadata__" : {"orchestra\u005fhash":"a\nb\u0041"}} )",
                 &value),
            1);
  EXPECT_EQ(value, "a\nbA");
  EXPECT_EQ(find(R"({"__metadata__":{"orchestra_hash":"123456789012345678"}})",
                 &value),
            1);
  EXPECT_EQ(value, "123456789012345") << "cut to the buffer, so never equal";
  EXPECT_EQ(find("{}"), 0);
  EXPECT_EQ(find(R"({"__metadata__":{}})"), 0);
  EXPECT_EQ(find(R"({"__metadata__":{},"a":1})"), 0);
  EXPECT_EQ(find(R"({"other":{"orchestra_hash":"x"}})"), 0);
}

TEST(SafetensorsHeader, Refuses) {
  for (const char *bad :
       {"", "{", "[]", R"("")", R"({"a"})", R"({"a":})", R"({"a":1,})",
        R"({"a":1}x)", R"({"a":")", R"({"a":"\)", R"({"a":"\u12)",
        R"({"a":"\x"})", "{\"a\":\"\n\"}", R"({"__metadata__":{"k":1}})",
        R"({"__metadata__":"k"})", R"({"__metadata__":{"k":"v"})",
        R"({"a":[1}})", R"({"a":[,]})"})
    EXPECT_EQ(find(bad), -1) << bad;
  EXPECT_EQ(find("{\"a\":" + std::string(100000, '[')), -1);
}

// Under the sanitizers this proves that no header reads out of bounds.
TEST(SafetensorsHeader, SurvivesMutations) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string header = goodHeader;
    for (unsigned n = random() % 6 + 1; n; --n) {
      size_t at = random() % header.size();
      switch (random() % 3) {
      case 0:
        header[at] = char(random());
        break;
      case 1:
        header.erase(at, random() % 9);
        break;
      default:
        header.insert(at, 1, "{}[]\",:\\u"[random() % 9]);
      }
      if (header.empty())
        header = "{";
    }
    std::vector<char> exact(header.begin(), header.end());
    char value[16];
    int result = findMetadata(exact.data(), exact.size(), "orchestra_hash",
                              value, sizeof(value));
    EXPECT_TRUE(result >= -1 && result <= 1);
  }
}

} // namespace
