//===- CodegenTarget.cpp - Which CPU to compile for -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: turns "", "aarch64" or "x86_64 + cpu + features" into one complete
//   description, with LLVM's own tables as the source of names.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Codegen.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace llvm;
using namespace orchestra;
using namespace orchestra::cpu;

/// Extensions that change which instructions are legal, per architecture. LLVM
/// mixes them with tuning flags ("fast-gather"), which no machine must have.
static constexpr StringLiteral kX86Extensions[] = {"adx",
                                                   "aes",
                                                   "amx-bf16",
                                                   "amx-fp16",
                                                   "amx-int8",
                                                   "amx-tile",
                                                   "avx",
                                                   "avx2",
                                                   "avx512bf16",
                                                   "avx512bitalg",
                                                   "avx512bw",
                                                   "avx512cd",
                                                   "avx512dq",
                                                   "avx512f",
                                                   "avx512fp16",
                                                   "avx512ifma",
                                                   "avx512vbmi",
                                                   "avx512vbmi2",
                                                   "avx512vl",
                                                   "avx512vnni",
                                                   "avx512vp2intersect",
                                                   "avx512vpopcntdq",
                                                   "avxifma",
                                                   "avxneconvert",
                                                   "avxvnni",
                                                   "avxvnniint16",
                                                   "avxvnniint8",
                                                   "bmi",
                                                   "bmi2",
                                                   "cx16",
                                                   "f16c",
                                                   "fma",
                                                   "gfni",
                                                   "lzcnt",
                                                   "movbe",
                                                   "pclmul",
                                                   "popcnt",
                                                   "sse3",
                                                   "sse4.1",
                                                   "sse4.2",
                                                   "ssse3",
                                                   "vaes",
                                                   "vpclmulqdq"};
static constexpr StringLiteral kAArch64Extensions[] = {
    "bf16",     "complxnum", "crc",    "dotprod", "fp-armv8", "fp16fml",
    "fullfp16", "i8mm",      "jsconv", "lse",     "neon",     "rcpc",
    "rdm",      "sme",       "sme2",   "sve",     "sve2",     "sve2p1"};

static constexpr StringRef kArchitectures[] = {"x86_64", "aarch64"};

ArrayRef<StringRef> cpu::supportedArchitectures() { return kArchitectures; }

static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
  });
}

static Error badTarget(const Twine &message) {
  return createStringError(errc::invalid_argument,
                           message + " [unknown-target]");
}

static Expected<const Target *> lookup(const Triple &triple) {
  initializeTargets();
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return badTarget("no code generator for '" + triple.str() + "'");
  return target;
}

/// The architecture of `target` in a triple that names Linux.
static Expected<Triple> parseTriple(StringRef target) {
  if (target.empty() || target == "host")
    return Triple(sys::getProcessTriple());
  if (target == "amd64" || target == "x86-64")
    target = "x86_64";
  if (target == "arm64")
    target = "aarch64";
  Triple triple(target.contains('-') ? Triple::normalize(target)
                                     : (target + "-unknown-linux-gnu").str());
  if (triple.getArch() != Triple::x86_64 && triple.getArch() != Triple::aarch64)
    return badTarget("unknown target '" + target + "'; known are: host, " +
                     join(supportedArchitectures(), ", "));
  if (!triple.isOSLinux())
    return badTarget("target '" + target +
                     "' is not Linux; only Linux artefacts can be made");
  return triple;
}

/// Up to eight names of `known` that start like `name`.
static std::string suggestions(ArrayRef<std::string> known, StringRef name) {
  std::string list;
  unsigned count = 0;
  size_t length = std::min<size_t>(name.size(), 4);
  for (; length > 0 && count == 0; --length)
    for (const std::string &candidate : known)
      if (StringRef(candidate).starts_with(name.take_front(length)) &&
          count++ < 8)
        list += (list.empty() ? "" : ", ") + candidate;
  return list;
}

bool MachineTarget::hasFeature(StringRef name) const {
  return llvm::is_contained(features, name);
}

std::string MachineTarget::describe() const {
  std::string text = arch + " " + cpu;
  for (size_t i = 0; i < features.size(); ++i)
    text += (i ? ",+" : " +") + features[i];
  if (!accelerator.empty())
    return accelerator + " on " + text;
  return emulates.empty() ? text : "emulated " + emulates + " on " + text;
}

Expected<MachineTarget> cpu::resolveTarget(StringRef target, StringRef cpuName,
                                           StringRef features) {
  Expected<Triple> triple = parseTriple(target);
  if (!triple)
    return triple.takeError();
  Expected<const Target *> codeGenerator = lookup(*triple);
  if (!codeGenerator)
    return codeGenerator.takeError();

  MachineTarget result;
  result.arch = triple->getArch() == Triple::x86_64 ? "x86_64" : "aarch64";
  result.triple = result.arch + "-unknown-linux-gnu";
  bool isX86 = triple->getArch() == Triple::x86_64;
  bool isHostArch =
      Triple(sys::getProcessTriple()).getArch() == triple->getArch();
  bool native = cpuName == "native" ||
                (cpuName.empty() && (target.empty() || target == "host"));
  if (native && !isHostArch)
    return badTarget("'native' is not a CPU of " + result.arch +
                     ": this machine has another architecture");

  SubtargetFeatures wanted;
  if (native) {
    result.cpu = sys::getHostCPUName().str();
    // The host's flags, not only its model's: a virtual machine may hide some.
    StringMap<bool> host = sys::getHostCPUFeatures();
    SmallVector<StringRef> names(host.keys());
    llvm::sort(names);
    // Linux hands out AMX tiles on request only: never required unasked.
    for (StringRef name : names)
      wanted.AddFeature(name, host.lookup(name) && !name.starts_with("amx-"));
  } else {
    result.cpu = !cpuName.empty() ? cpuName.str()
                 : isX86          ? "x86-64"
                                  : "generic";
  }

  std::unique_ptr<MCSubtargetInfo> names(
      (*codeGenerator)->createMCSubtargetInfo(*triple, "", ""));
  if (!names->isCPUStringValid(result.cpu)) {
    std::vector<std::string> known;
    for (const auto &entry : names->getAllProcessorDescriptions())
      known.push_back(entry.Key);
    return badTarget("unknown CPU '" + result.cpu + "' for " + result.arch +
                     "; similar names: " + suggestions(known, result.cpu));
  }
  SmallVector<StringRef> asked;
  features.split(asked, ',', -1, /*KeepEmpty=*/false);
  std::vector<std::string> known;
  for (const auto &entry : names->getAllProcessorFeatures())
    known.emplace_back(entry.Key);
  for (StringRef feature : asked) {
    feature = feature.trim();
    StringRef name = feature;
    bool enable = !name.consume_front("-");
    name.consume_front("+");
    if (!llvm::is_contained(known, name))
      return badTarget("unknown feature '" + name + "' for " + result.arch +
                       "; similar names: " + suggestions(known, name));
    wanted.AddFeature(name, enable);
  }
  result.featureString = wanted.getString();

  std::unique_ptr<MCSubtargetInfo> subtarget(
      (*codeGenerator)
          ->createMCSubtargetInfo(*triple, result.cpu, result.featureString));
  auto extensions = isX86 ? ArrayRef<StringLiteral>(kX86Extensions)
                          : ArrayRef<StringLiteral>(kAArch64Extensions);
  for (StringLiteral extension : extensions)
    if (subtarget->checkFeatures(("+" + extension).str()))
      result.features.push_back(extension.str());
  result.vectorBits = result.hasFeature("avx512f") ? 512
                      : result.hasFeature("avx")   ? 256
                                                   : 128;
  return result;
}

Expected<std::unique_ptr<TargetMachine>>
cpu::createTargetMachine(const MachineTarget &target, unsigned optLevel) {
  Triple triple(target.triple);
  Expected<const Target *> codeGenerator = lookup(triple);
  if (!codeGenerator)
    return codeGenerator.takeError();
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Fast;
  options.FunctionSections = true; // so that a linker can drop what is unused
  options.MCOptions.AsmVerbose = true;
  std::optional<CodeGenOptLevel> level = CodeGenOpt::getLevel(optLevel);
  std::unique_ptr<TargetMachine> machine(
      (*codeGenerator)
          ->createTargetMachine(triple, target.cpu, target.featureString,
                                options, Reloc::PIC_, CodeModel::Small,
                                level.value_or(CodeGenOptLevel::Aggressive)));
  if (!machine)
    return badTarget("LLVM cannot make a target machine for '" + target.triple +
                     "'");
  return machine;
}
