//===- ProgramTest.cpp - Loading artefacts, and refusing what is wrong ----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include <cstring>
#include <sys/stat.h>

using namespace orchestra::runtime::test;

namespace {

orch_status tryMake(const orch_artefact &artefact) {
  orch_program *program = nullptr;
  orch_status status = orch_program_from_artefact(&artefact, nullptr, &program);
  EXPECT_EQ(program != nullptr, status == ORCH_OK);
  orch_program_release(program);
  return status;
}

orch_status tryLoad(const std::string &path) {
  orch_program *program = nullptr;
  orch_status status = orch_program_load(path.c_str(), nullptr, &program);
  EXPECT_EQ(program != nullptr, status == ORCH_OK);
  orch_program_release(program);
  return status;
}

/// Loads `path` and returns y[0, 0] for x = 1.
float firstOutput(orch_program *program) {
  ContextPtr context = makeContext(program);
  std::vector<float> x(4, 1.0f), y(4), total(1);
  orch_tensor in = view(x, ORCH_DTYPE_F32, {1, 4});
  orch_tensor out[] = {view(y, ORCH_DTYPE_F32, {1, 4}),
                       view(total, ORCH_DTYPE_F32, {1})};
  EXPECT_OK(orch_context_run(context.get(), &in, 1, out, 2));
  return y[0];
}

TEST(Program, Introspection) {
  ProgramPtr program = makeProgram(affine_artefact);
  EXPECT_STREQ(orch_program_name(program.get()), "affine");
  EXPECT_STREQ(orch_program_origin(program.get()), "affine");
  EXPECT_STREQ(orch_program_metadata(program.get()), "{\"name\": \"affine\"}");
  EXPECT_EQ(orch_program_artefact(program.get()), &affine_artefact);
  ASSERT_EQ(orch_program_num_inputs(program.get()), 1u);
  ASSERT_EQ(orch_program_num_outputs(program.get()), 2u);
  const orch_tensor_info *x = orch_program_input(program.get(), 0);
  EXPECT_STREQ(x->name, "x");
  EXPECT_EQ(x->dims[0], -1);
  EXPECT_EQ(x->dims[1], 4);
  EXPECT_STREQ(x->dim_names[0], "batch");
  EXPECT_EQ(x->dim_names[1], nullptr);
  EXPECT_EQ(orch_program_input(program.get(), 1), nullptr);
  EXPECT_EQ(orch_program_output(program.get(), 2), nullptr);
  EXPECT_EQ(orch_program_find_input(program.get(), "x"), 0);
  EXPECT_EQ(orch_program_find_input(program.get(), "y"), -1);
  EXPECT_EQ(orch_program_find_output(program.get(), "total"), 1);
  ASSERT_EQ(orch_program_num_calls(program.get()), 2u);
  EXPECT_STREQ(orch_program_call(program.get(), 1)->nodes, "ReduceSum_3");
  EXPECT_EQ(orch_program_call(program.get(), 2), nullptr);
  uint64_t size = 0;
  EXPECT_EQ(orch_program_weights(program.get(), &size),
            affine_artefact.weights);
  EXPECT_EQ(size, 128u);
  EXPECT_STREQ(orch_program_metadata(makeProgram(gather_artefact).get()), "{}");
}

TEST(Program, DestroyIsCalledOnce) {
  int destroyed = 0;
  orch_program_options options = ORCH_PROGRAM_OPTIONS_INIT;
  options.origin = "some/where/model";
  options.destroy = [](void *user) { ++*static_cast<int *>(user); };
  options.destroy_user = &destroyed;

  orch_artefact broken = affine_artefact;
  broken.magic = 0;
  orch_program *program = nullptr;
  EXPECT_EQ(orch_program_from_artefact(&broken, &options, &program),
            ORCH_ERROR_BAD_ARTEFACT);
  EXPECT_EQ(destroyed, 0);

  ASSERT_OK(orch_program_from_artefact(&affine_artefact, &options, &program));
  EXPECT_STREQ(orch_program_origin(program), "some/where/model");
  ContextPtr context = makeContext(program);
  orch_program_release(program);
  EXPECT_EQ(destroyed, 0) << "the context holds the program";
  context.reset();
  EXPECT_EQ(destroyed, 1);
}

TEST(Program, WrongMagicVersionSize) {
  orch_artefact artefact = affine_artefact;
  artefact.magic = 0x12345678;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("[not-an-artefact]", "0x12345678", "0x4843524f");

  artefact = affine_artefact;
  artefact.abi_version = 7;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_VERSION);
  expectMessage("[artefact-version]", "ABI version 7", "use a newer runtime");
  artefact.abi_version = 0;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_VERSION);
  expectMessage("compile the model again");

  artefact = affine_artefact;
  artefact.struct_size = ORCH_ARTEFACT_BASE_SIZE - 8;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_BAD_ARTEFACT);
  artefact.struct_size = ORCH_ARTEFACT_BASE_SIZE; // of one device
  EXPECT_EQ(tryMake(artefact), ORCH_OK);
  artefact.flags |= ORCH_ARTEFACT_USES_DEVICES;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_BAD_ARTEFACT);
  artefact = affine_artefact;
  artefact.struct_size += 64; // a newer compiler's appended fields
  EXPECT_EQ(tryMake(artefact), ORCH_OK);

  artefact = affine_artefact;
  artefact.flags = 1 << 20;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_VERSION);
  expectMessage("flags 0x100000");
}

TEST(Program, WrongMachine) {
  orch_artefact artefact = affine_artefact;
  artefact.target = "pdp11 +fpp";
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[wrong-architecture]", "pdp11 +fpp");

  const char *unknown[] = {"teleport"};
  artefact = affine_artefact;
  artefact.num_required_features = 1;
  artefact.required_features = unknown;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[cpu-feature]", "does not know: teleport", "written by hand");
#if defined(__x86_64__)
  // No CPU has all of these: Intel's, AMD's, and withdrawn ones.
  const char *many[] = {"sse2", "kl", "xop", "sse4a", "avx2", "lwp"};
  artefact.num_required_features = 6;
  artefact.required_features = many;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[cpu-feature]", "lacks", "xop", "lwp");
  EXPECT_THAT(orch_last_error(), testing::Not(testing::HasSubstr("sse2,")));
  const char *base[] = {"sse2", "cmov", "64bit", "cx8"};
  artefact.num_required_features = 4;
  artefact.required_features = base;
  artefact.target = "x86_64 x86-64 +sse2";
  EXPECT_EQ(tryMake(artefact), ORCH_OK) << orch_last_error();
  EXPECT_EQ(orch_cpu_has_feature("sse2"), 1);
#endif
  EXPECT_EQ(orch_cpu_has_feature("teleport"), -1);
}

TEST(Program, DamagedDescriptors) {
  auto expectDamaged = [](orch_artefact artefact, const char *why) {
    EXPECT_EQ(tryMake(artefact), ORCH_ERROR_BAD_ARTEFACT);
    expectMessage("[artefact-damaged]", why);
  };
  orch_artefact artefact = affine_artefact;
  artefact.run = nullptr;
  expectDamaged(artefact, "entry point");
  artefact = affine_artefact;
  artefact.inputs = nullptr;
  expectDamaged(artefact, "inputs or outputs");
  artefact = affine_artefact;
  artefact.num_outputs = 0x7fffffff;
  expectDamaged(artefact, "inputs or outputs");
  artefact = affine_artefact;
  artefact.calls = nullptr;
  expectDamaged(artefact, "kernel calls");
  artefact = affine_artefact;
  artefact.weights = nullptr;
  expectDamaged(artefact, "weights are missing");
  artefact = affine_artefact;
  artefact.weights = static_cast<const char *>(artefact.weights) + 4;
  expectDamaged(artefact, "not aligned");
  artefact = affine_artefact;
  artefact.weights_file = "w.safetensors";
  expectDamaged(artefact, "both inside and external");
  artefact.weights = nullptr;
  artefact.weights_hash = nullptr;
  expectDamaged(artefact, "no hash");
  artefact = affine_artefact;
  artefact.num_required_features = 1;
  expectDamaged(artefact, "required features");

  orch_tensor_info input = *affine_artefact.inputs;
  artefact = affine_artefact;
  artefact.inputs = &input;
  input.name = nullptr;
  expectDamaged(artefact, "input 0 has no name");
  input = *affine_artefact.inputs;
  input.dtype = 99;
  expectDamaged(artefact, "unknown element type");
  input = *affine_artefact.inputs;
  const int64_t negative[] = {-2, 4};
  input.dims = negative;
  expectDamaged(artefact, "negative dim");
  input.dims = nullptr;
  expectDamaged(artefact, "has no dims");
  input.rank = ORCH_MAX_RANK + 1;
  EXPECT_EQ(tryMake(artefact), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[rank-limit]", "affine:/x:", "17");
}

TEST(Program, Arguments) {
  orch_program *program = nullptr;
  EXPECT_EQ(orch_program_from_artefact(nullptr, nullptr, &program),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_program_load(nullptr, nullptr, &program),
            ORCH_ERROR_INVALID_ARGUMENT);
  orch_program_options options = ORCH_PROGRAM_OPTIONS_INIT;
  options.struct_size = 4;
  EXPECT_EQ(orch_program_from_artefact(&affine_artefact, &options, &program),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("ORCH_PROGRAM_OPTIONS_INIT");
  options = ORCH_PROGRAM_OPTIONS_INIT;
  options.weights_path = "w.safetensors";
  EXPECT_EQ(orch_program_from_artefact(&affine_artefact, &options, &program),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("has its own inside");
  orch_program_release(nullptr);
}

TEST(ProgramFile, LoadsAndRuns) {
  orch_program *program = nullptr;
  ASSERT_OK(orch_program_load(AFFINE_SO, nullptr, &program));
  ProgramPtr owner(program);
  EXPECT_STREQ(orch_program_origin(program), AFFINE_SO);
  EXPECT_FLOAT_EQ(firstOutput(program), affine(1, 0));
}

TEST(ProgramFile, RelativeAndLinkedPaths) {
  TemporaryFolder folder;
  std::string link = folder.path("link.so");
  ASSERT_EQ(symlink(AFFINE_SO, link.c_str()), 0);
  EXPECT_EQ(tryLoad(link), ORCH_OK) << orch_last_error();
  std::string base = AFFINE_SO;
  size_t slash = base.rfind('/');
  char before[4096];
  ASSERT_NE(getcwd(before, sizeof(before)), nullptr);
  ASSERT_EQ(chdir(base.substr(0, slash).c_str()), 0);
  EXPECT_EQ(tryLoad(base.substr(slash + 1)), ORCH_OK) << orch_last_error();
  ASSERT_EQ(chdir(before), 0);
}

// dlopen alone would return the old library here.
TEST(ProgramFile, ReplacedWhileLoaded) {
  TemporaryFolder folder;
  std::string path = folder.write("model.so", readFile(AFFINE_SO));
  orch_program *first = nullptr, *again = nullptr, *second = nullptr;
  ASSERT_OK(orch_program_load(path.c_str(), nullptr, &first));
  ASSERT_OK(orch_program_load(path.c_str(), nullptr, &again));
  EXPECT_EQ(orch_program_artefact(first), orch_program_artefact(again));
  std::string next = folder.write("next.so", readFile(AFFINE_SCALED_SO));
  ASSERT_EQ(rename(next.c_str(), path.c_str()), 0);
  ASSERT_OK(orch_program_load(path.c_str(), nullptr, &second));
  EXPECT_FLOAT_EQ(firstOutput(first), affine(1, 0));
  EXPECT_FLOAT_EQ(firstOutput(second), affine(1, 0, 10));
  orch_program_release(first);
  orch_program_release(again);
  EXPECT_FLOAT_EQ(firstOutput(second), affine(1, 0, 10));
  orch_program_release(second);
}

TEST(ProgramFile, WrongVariants) {
  EXPECT_EQ(tryLoad(AFFINE_MAGIC_SO), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage(AFFINE_MAGIC_SO, "[not-an-artefact]");
  EXPECT_EQ(tryLoad(AFFINE_VERSION_SO), ORCH_ERROR_VERSION);
  expectMessage("[artefact-version]", "ABI version 99");
  EXPECT_EQ(tryLoad(AFFINE_FEATURE_SO), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[cpu-feature]", "teleport");
}

TEST(ProgramFile, MissingOrForeignFiles) {
  EXPECT_EQ(tryLoad("/nonexistent/model.so"), ORCH_ERROR_NOT_FOUND);
  expectMessage("/nonexistent/model.so: error:", "[artefact-not-found]");
  EXPECT_EQ(tryLoad("/"), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("not a regular file");
  EXPECT_EQ(tryLoad(OTHER_SO), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("[not-an-artefact]", "without the symbol orch_artefact_v1");

  TemporaryFolder folder;
  EXPECT_EQ(tryLoad(folder.write("empty.so", "")), ORCH_ERROR_BAD_ARTEFACT);
  EXPECT_EQ(tryLoad(folder.write("model.onnx", "\x08\x08pytorch: a model")),
            ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("not a shared library", "orchestra compile");

  std::string whole = readFile(AFFINE_SO);
  std::string object = whole;
  object[16] = 1; // ET_REL
  EXPECT_EQ(tryLoad(folder.write("model.o", object)), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("object file", "cc -shared");
  std::string foreign = whole;
  foreign[18] = 8; // MIPS
  EXPECT_EQ(tryLoad(folder.write("mips.so", foreign)), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[wrong-architecture]");
}

// Cut anywhere, the file is refused: never a crash in the loader.
TEST(ProgramFile, Truncated) {
  TemporaryFolder folder;
  std::string whole = readFile(AFFINE_SO);
  ASSERT_GT(whole.size(), 1000u);
  std::string path = folder.path("cut.so");
  for (size_t size = 0; size < whole.size(); size += size / 5 + 13) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        << whole.substr(0, size);
    EXPECT_EQ(tryLoad(path), ORCH_ERROR_BAD_ARTEFACT) << size;
    if (size > 64)
      expectMessage("cut short", "[artefact-damaged]");
  }
}

} // namespace
