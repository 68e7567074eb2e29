//===- CodegenTest.cpp - Targets and machine code -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Codegen.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace orchestra;
using namespace orchestra::cpu;

static constexpr const char *kSaxpy = R"(
  define void @orch_k_saxpy(ptr noalias %x, ptr noalias %y, float %a, i64 %n) {
  entry:
    br label %loop
  loop:
    %i = phi i64 [ 0, %entry ], [ %next, %loop ]
    %px = getelementptr float, ptr %x, i64 %i
    %py = getelementptr float, ptr %y, i64 %i
    %vx = load float, ptr %px
    %vy = load float, ptr %py
    %product = fmul contract float %a, %vx
    %sum = fadd contract float %product, %vy
    store float %sum, ptr %py
    %next = add i64 %i, 1
    %more = icmp slt i64 %next, %n
    br i1 %more, label %loop, label %exit
  exit:
    ret void
  })";

static std::string emitText(const MachineTarget &target, EmitKind kind,
                            unsigned optLevel = 3) {
  LLVMContext context;
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module =
      parseAssemblyString(kSaxpy, diagnostic, context);
  EXPECT_NE(module, nullptr);
  EmitOptions options;
  options.kind = kind;
  options.optLevel = optLevel;
  Expected<ByteBuffer> bytes = emit(*module, target, options);
  if (!bytes) {
    ADD_FAILURE() << toString(bytes.takeError());
    return "";
  }
  return std::string(bytes->begin(), bytes->end());
}

static std::string errorOf(Expected<MachineTarget> target) {
  return target ? "(no error)" : toString(target.takeError());
}

TEST(Target, TheHostIsTheDefault) {
  Expected<MachineTarget> target = resolveTarget("", "", "");
  ASSERT_TRUE(bool(target));
  Expected<MachineTarget> host = resolveTarget("host", "native", "");
  ASSERT_TRUE(bool(host));
  EXPECT_EQ(target->describe(), host->describe());
  EXPECT_EQ(target->arch == "x86_64", target->triple.find("x86_64") == 0);
}

TEST(Target, ACPUBringsItsFeatures) {
  Expected<MachineTarget> target = resolveTarget("x86_64", "x86-64-v4", "");
  ASSERT_TRUE(bool(target));
  EXPECT_EQ(target->vectorBits, 512u);
  EXPECT_TRUE(target->hasFeature("avx512f"));
  EXPECT_FALSE(target->hasFeature("amx-tile"));
  target = resolveTarget("x86_64", "x86-64-v3", "");
  ASSERT_TRUE(bool(target));
  EXPECT_EQ(target->vectorBits, 256u);
  EXPECT_TRUE(target->hasFeature("fma"));
  target = resolveTarget("amd64", "x86-64-v3", "-avx2,-avx,+sse4.2");
  ASSERT_TRUE(bool(target));
  EXPECT_EQ(target->vectorBits, 128u);
  target = resolveTarget("aarch64", "neoverse-v1", "");
  ASSERT_TRUE(bool(target));
  EXPECT_TRUE(target->hasFeature("sve"));
  EXPECT_EQ(target->triple, "aarch64-unknown-linux-gnu");
}

TEST(Target, UnknownNamesAreRefusedWithAdvice) {
  EXPECT_NE(errorOf(resolveTarget("vax", "", "")).find("x86_64, aarch64"),
            std::string::npos);
  EXPECT_NE(errorOf(resolveTarget("x86_64-pc-windows-msvc", "", ""))
                .find("not Linux"),
            std::string::npos);
  EXPECT_NE(errorOf(resolveTarget("x86_64", "znver99", "")).find("znver4"),
            std::string::npos);
  EXPECT_NE(errorOf(resolveTarget("x86_64", "x86-64-v3", "+avx9")).find("avx2"),
            std::string::npos);
}

TEST(Emit, VectorisesForTheTarget) {
  Expected<MachineTarget> wide = resolveTarget("x86_64", "x86-64-v4", "");
  Expected<MachineTarget> narrow = resolveTarget("x86_64", "x86-64-v3", "");
  ASSERT_TRUE(wide && narrow);
  std::string text = emitText(*wide, EmitKind::Assembly);
  EXPECT_NE(text.find("vfmadd"), std::string::npos);
  EXPECT_NE(text.find("%zmm"), std::string::npos);
  text = emitText(*narrow, EmitKind::Assembly);
  EXPECT_NE(text.find("%ymm"), std::string::npos);
  EXPECT_EQ(text.find("%zmm"), std::string::npos);
}

TEST(Emit, FunctionsCarryTheTarget) {
  Expected<MachineTarget> target = resolveTarget("x86_64", "x86-64-v4", "");
  ASSERT_TRUE(bool(target));
  std::string text = emitText(*target, EmitKind::LLVMIR, 0);
  EXPECT_NE(text.find("\"target-cpu\"=\"x86-64-v4\""), std::string::npos);
  EXPECT_NE(text.find("\"prefer-vector-width\"=\"512\""), std::string::npos);
  EXPECT_NE(text.find("nounwind"), std::string::npos);
  EXPECT_NE(text.find("define hidden void @orch_k_saxpy"), std::string::npos);
}

TEST(Emit, MakesObjectsForEveryArchitecture) {
  for (StringRef arch : supportedArchitectures()) {
    Expected<MachineTarget> target =
        resolveTarget(arch, arch == "x86_64" ? "x86-64" : "generic", "");
    ASSERT_TRUE(bool(target));
    std::string bytes = emitText(*target, EmitKind::Object);
    auto object =
        object::ObjectFile::createObjectFile(MemoryBufferRef(bytes, "object"));
    ASSERT_TRUE(bool(object));
    EXPECT_EQ(Triple::getArchTypeName((*object)->getArch()), arch);
    // No unwind tables: generated code does not throw.
    for (const object::SectionRef &section : (*object)->sections())
      EXPECT_NE(cantFail(section.getName()), ".eh_frame");
  }
}

TEST(Emit, EqualInputGivesEqualBytes) {
  Expected<MachineTarget> target = resolveTarget("x86_64", "x86-64-v3", "");
  ASSERT_TRUE(bool(target));
  EXPECT_EQ(emitText(*target, EmitKind::Object),
            emitText(*target, EmitKind::Object));
}
