//===- LinkTest.cpp - Descriptors, weights, artefacts ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Link.h"
#include "orchestra/Target/CPU/Descriptor.h"

#include "orchestra_runtime/format.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <dlfcn.h>

using namespace llvm;
using namespace orchestra;
using namespace orchestra::cpu;

/// A host program in the shape of format.h: output[0] = expf(weights[1]).
static constexpr const char *kHost = R"(
  declare float @expf(float)
  define i32 @orch_resolve(ptr %exec, ptr %in, ptr %out, ptr %arena) {
    store i64 0, ptr %arena
    ret i32 0
  }
  define i32 @orch_run(ptr %exec, ptr %inputs, ptr %dims, ptr %outputs,
                       ptr %arena, ptr %weights) {
    %p = getelementptr float, ptr %weights, i64 1
    %w = load float, ptr %p
    %e = call float @expf(float %w)
    %o = load ptr, ptr %outputs
    store float %e, ptr %o
    ret i32 0
  })";

namespace {
class LinkTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("orchestra-link-test", folder));
    Expected<MachineTarget> host = resolveTarget("host", "", "");
    ASSERT_TRUE(bool(host));
    target = *host;
    values = {1.0f, 2.0f, 3.0f};
    weights.size = 128;
    weights.chunks = {
        {0, ArrayRef(reinterpret_cast<const char *>(values.data()), 8)},
        {64, ArrayRef(reinterpret_cast<const char *>(values.data() + 2), 4)}};
    info.name = "model \"one\"";
    info.producer = "orchestra test";
    info.inputs = {{"x", ORCH_DTYPE_F32, {-1, 3}, {"batch", ""}}};
    info.outputs = {{"y", ORCH_DTYPE_F32, {}, {}}};
    info.calls = {{"orch_k_1", "Conv_1\nRelu_2", 12, -1}};
    info.weights = WeightsPlace::Embedded;
    info.weightsSize = weights.size;
  }
  void TearDown() override { sys::fs::remove_directories(folder); }

  std::string file(const char *name) { return (folder + "/" + name).str(); }

  ByteBuffer compile(const char *text) {
    LLVMContext context;
    SMDiagnostic diagnostic;
    std::unique_ptr<Module> module =
        parseAssemblyString(text, diagnostic, context);
    EXPECT_NE(module, nullptr);
    Expected<ByteBuffer> bytes = emit(*module, target);
    EXPECT_TRUE(bool(bytes));
    return std::move(*bytes);
  }

  Error linkTo(StringRef path, bool relocatable = false,
               const char *text = kHost) {
    Expected<ByteBuffer> descriptor = emitDescriptor(info, target);
    if (!descriptor)
      return descriptor.takeError();
    ByteBuffer host = compile(text);
    LinkOptions options;
    options.relocatable = relocatable;
    options.weightsSymbol = info.weightsSymbol;
    if (info.weights == WeightsPlace::Embedded)
      options.weights = &weights;
    return link({host, *descriptor}, target, path, options);
  }

  SmallString<128> folder;
  MachineTarget target;
  std::vector<float> values;
  WeightSection weights;
  ArtefactInfo info;
};
} // namespace

TEST_F(LinkTest, ASharedLibraryRuns) {
  Error error = linkTo(file("model.so"));
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  void *handle = dlopen(file("model.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << dlerror();
  auto *artefact =
      static_cast<const orch_artefact *>(dlsym(handle, ORCH_ARTEFACT_SYMBOL));
  ASSERT_NE(artefact, nullptr);
  EXPECT_EQ(dlsym(handle, "orch_run"), nullptr) << "only one symbol is visible";
  EXPECT_EQ(artefact->magic, ORCH_ARTEFACT_MAGIC);
  EXPECT_EQ(artefact->abi_version, ORCH_ARTEFACT_ABI_VERSION);
  EXPECT_EQ(artefact->struct_size, sizeof(orch_artefact));
  EXPECT_STREQ(artefact->name, "model \"one\"");
  EXPECT_EQ(artefact->target, target.describe());
  ASSERT_EQ(artefact->num_inputs, 1u);
  EXPECT_STREQ(artefact->inputs[0].name, "x");
  EXPECT_EQ(artefact->inputs[0].rank, 2u);
  EXPECT_EQ(artefact->inputs[0].dims[0], -1);
  EXPECT_EQ(artefact->inputs[0].dims[1], 3);
  EXPECT_STREQ(artefact->inputs[0].dim_names[0], "batch");
  EXPECT_EQ(artefact->inputs[0].dim_names[1], nullptr);
  ASSERT_EQ(artefact->num_calls, 1u);
  EXPECT_STREQ(artefact->calls[0].nodes, "Conv_1\nRelu_2");
  EXPECT_EQ(artefact->calls[0].flops, 12);
  EXPECT_LT(artefact->calls[0].bytes, 0);
  ASSERT_EQ(artefact->num_required_features, target.features.size());
  EXPECT_TRUE(bool(json::parse(artefact->metadata)));
  EXPECT_EQ(artefact->weights_file, nullptr);
  ASSERT_EQ(artefact->weights_size, 128u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(artefact->weights) % 64, 0u);
  auto *packed = static_cast<const float *>(artefact->weights);
  EXPECT_EQ(packed[1], 2.0f);
  EXPECT_EQ(packed[2], 0.0f);
  EXPECT_EQ(packed[16], 3.0f);
  float result = 0;
  void *outputs[] = {&result};
  EXPECT_EQ(artefact->run(nullptr, nullptr, nullptr, outputs, nullptr,
                          artefact->weights),
            0);
  EXPECT_EQ(result, std::exp(2.0f));
  dlclose(handle);
}

TEST_F(LinkTest, ARelocatableFileHidesAllButTheDescriptor) {
  Error error = linkTo(file("model.o"), /*relocatable=*/true);
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  auto object = object::ObjectFile::createObjectFile(file("model.o"));
  ASSERT_TRUE(bool(object));
  for (const object::SymbolRef &symbol : object->getBinary()->symbols()) {
    uint32_t flags = cantFail(symbol.getFlags());
    StringRef name = cantFail(symbol.getName());
    if ((flags & object::SymbolRef::SF_Global) &&
        !(flags & object::SymbolRef::SF_Undefined))
      EXPECT_TRUE(name == ORCH_ARTEFACT_SYMBOL || name == "orch_weights")
          << name.str();
  }
}

TEST_F(LinkTest, ExternalWeightsAreNamed) {
  info.weights = WeightsPlace::External;
  info.weightsFile = "model.safetensors";
  info.weightsHash = hashWeights(weights);
  Error error = linkTo(file("model.so"));
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  void *handle = dlopen(file("model.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << dlerror();
  auto *artefact =
      static_cast<const orch_artefact *>(dlsym(handle, ORCH_ARTEFACT_SYMBOL));
  ASSERT_NE(artefact, nullptr);
  EXPECT_EQ(artefact->weights, nullptr);
  EXPECT_STREQ(artefact->weights_file, "model.safetensors");
  EXPECT_EQ(artefact->weights_hash, info.weightsHash);
  dlclose(handle);
}

TEST_F(LinkTest, StrangeSymbolsAreRefused) {
  Error error = linkTo(file("model.so"), false, R"(
    declare i32 @system(ptr)
    define i32 @orch_resolve(ptr %a) {
      %r = call i32 @system(ptr %a)
      ret i32 %r
    }
    define i32 @orch_run(ptr %a) { ret i32 0 })");
  ASSERT_TRUE(bool(error));
  EXPECT_NE(toString(std::move(error)).find("system"), std::string::npos);
  EXPECT_FALSE(sys::fs::exists(file("model.so")));
}

TEST_F(LinkTest, NoLinkerIsTheEnvironmentsFault) {
  std::string path = getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  Error error = linkTo(file("model.so"));
  setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(error.isA<MissingToolError>());
  EXPECT_NE(toString(std::move(error)).find("[missing-linker]"),
            std::string::npos);
}

TEST_F(LinkTest, AnUnwritablePlaceIsAnError) {
  Error error = linkTo(file("no/such/folder/model.so"));
  EXPECT_TRUE(bool(error));
  consumeError(std::move(error));
}

TEST_F(LinkTest, SafetensorsHoldTheSection) {
  std::string hash = hashWeights(weights), path = file("w.safetensors");
  ASSERT_FALSE(bool(writeSafetensors(path, weights, hash)));
  auto buffer = MemoryBuffer::getFile(path);
  ASSERT_TRUE(bool(buffer));
  StringRef bytes = (*buffer)->getBuffer();
  uint64_t length = support::endian::read64le(bytes.data());
  EXPECT_EQ((8 + length) % 64, 0u);
  EXPECT_EQ(bytes.size(), 8 + length + 128);
  Expected<json::Value> header = json::parse(bytes.substr(8, length));
  ASSERT_TRUE(bool(header));
  const json::Object *metadata =
      header->getAsObject()->getObject("__metadata__");
  ASSERT_NE(metadata, nullptr);
  EXPECT_EQ(metadata->getString(ORCH_WEIGHTS_HASH_KEY), StringRef(hash));
  float third;
  memcpy(&third, bytes.data() + 8 + length + 64, 4);
  EXPECT_EQ(third, 3.0f);
}

TEST_F(LinkTest, TheHashFollowsTheContent) {
  std::string before = hashWeights(weights);
  EXPECT_EQ(before, hashWeights(weights));
  values[1] = 2.5f;
  EXPECT_NE(before, hashWeights(weights));
}

TEST_F(LinkTest, TheHeaderIsC) {
  info.name = "a */ b";
  info.inputs[0].name = "x/y:0";
  std::string header = emitHeader(info, target);
  EXPECT_NE(header.find("A____B_INPUT_X_Y_0 0"), std::string::npos) << header;
  EXPECT_EQ(header.find("a */"), std::string::npos);
  EXPECT_NE(header.find("f32[batch, 3]"), std::string::npos);
}
