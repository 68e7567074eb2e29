//===- LinkWeights.cpp - Weights as files a linker or loader takes --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the weight section as a safetensors file or as an ELF object.
// Why not an assembler with .incbin or LLVM's object writer: both hold the
//   bytes in memory once more. An ELF object with one section is 64 bytes of
//   header and five section headers around the data, so it is written here.
// Where to read on: System V ABI, chapter 4 (object files); the x86-64 psABI,
//   "Large code model" for SHF_X86_64_LARGE.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Link.h"

#include "orchestra_runtime/format.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;
using namespace orchestra;
using namespace orchestra::cpu;

void cpu::writeWeights(raw_ostream &os, const WeightSection &section) {
  uint64_t position = 0;
  for (const WeightChunk &chunk : section.chunks) {
    os.write_zeros(chunk.offset - position);
    os.write(chunk.bytes.data(), chunk.bytes.size());
    position = chunk.offset + chunk.bytes.size();
  }
  os.write_zeros(section.size - position);
}

std::string cpu::hashWeights(const WeightSection &section) {
  // A hash of the chunks' hashes: nothing is copied to make them contiguous.
  std::vector<uint64_t> parts{section.size};
  for (const WeightChunk &chunk : section.chunks) {
    XXH128_hash_t hash = xxh3_128bits(
        ArrayRef(reinterpret_cast<const uint8_t *>(chunk.bytes.data()),
                 chunk.bytes.size()));
    parts.insert(parts.end(),
                 {chunk.offset, chunk.bytes.size(), hash.low64, hash.high64});
  }
  XXH128_hash_t hash =
      xxh3_128bits(ArrayRef(reinterpret_cast<const uint8_t *>(parts.data()),
                            parts.size() * sizeof(uint64_t)));
  return utohexstr(hash.high64, /*LowerCase=*/true, 16) +
         utohexstr(hash.low64, /*LowerCase=*/true, 16);
}

/// Writes a file beside `path` and renames it, so that nobody sees half of it.
static Error writeAtomically(StringRef path,
                             function_ref<void(raw_ostream &)> write) {
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(path + ".tmp-%%%%%%%%", sys::fs::all_read |
                                                            sys::fs::owner_write);
  if (!file)
    return createFileError(path, file.takeError());
  std::error_code error;
  {
    raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    write(os);
    os.flush();
    error = os.error();
    os.clear_error();
  }
  if (error) {
    consumeError(file->discard());
    return createFileError(path, error);
  }
  if (Error kept = file->keep(path))
    return createFileError(path, std::move(kept));
  return Error::success();
}

Error cpu::writeSafetensors(StringRef path, const WeightSection &section,
                            StringRef hash) {
  // The format forbids gaps between tensors, and ours are laid out by the
  // compiler with padding: one tensor of bytes says it honestly.
  std::string header;
  raw_string_ostream(header) << json::Value(json::Object{
      {"__metadata__",
       json::Object{{"format", "orchestra-packed"},
                    {ORCH_WEIGHTS_HASH_KEY, hash}}},
      {"orchestra.packed_weights",
       json::Object{{"dtype", "U8"},
                    {"shape", json::Array{int64_t(section.size)}},
                    {"data_offsets",
                     json::Array{int64_t(0), int64_t(section.size)}}}}});
  header.append(offsetToAlignment(8 + header.size(),
                                  Align(ORCH_BUFFER_ALIGNMENT)),
                ' ');
  return writeAtomically(path, [&](raw_ostream &os) {
    char length[8];
    support::endian::write64le(length, header.size());
    os.write(length, sizeof(length));
    os << header;
    writeWeights(os, section);
  });
}

Error cpu::writeWeightsObject(StringRef path, const MachineTarget &target,
                              const WeightSection &section, StringRef symbol) {
  bool isX86 = target.arch == "x86_64";
  // Sections marked large lie apart from code and constants, so that weights
  // of any size never push those out of each other's 2 GB reach.
  StringRef sectionName = isX86 ? ".lrodata.orch" : ".rodata.orch";
  std::string names("\0", 1);
  auto addName = [&names](StringRef name) {
    uint32_t offset = names.size();
    names += name;
    names += '\0';
    return offset;
  };
  uint32_t dataName = addName(sectionName), stackName = addName(".note.GNU-stack"),
           symbolsName = addName(".symtab"), namesName = addName(".strtab"),
           symbolName = addName(symbol);

  constexpr uint64_t kDataOffset = 64;
  uint64_t symbolsOffset = alignTo(kDataOffset + section.size, 8);
  constexpr uint64_t kNumSymbols = 2, kNumSections = 5;
  uint64_t namesOffset = symbolsOffset + kNumSymbols * sizeof(ELF::Elf64_Sym);
  uint64_t headersOffset = alignTo(namesOffset + names.size(), 8);

  ELF::Elf64_Ehdr file = {};
  memcpy(file.e_ident, ELF::ElfMagic, 4);
  file.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  file.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  file.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  file.e_type = ELF::ET_REL;
  file.e_machine = isX86 ? ELF::EM_X86_64 : ELF::EM_AARCH64;
  file.e_version = ELF::EV_CURRENT;
  file.e_shoff = headersOffset;
  file.e_ehsize = sizeof(ELF::Elf64_Ehdr);
  file.e_shentsize = sizeof(ELF::Elf64_Shdr);
  file.e_shnum = kNumSections;
  file.e_shstrndx = 4;

  ELF::Elf64_Shdr sections[kNumSections] = {};
  sections[1].sh_name = dataName;
  sections[1].sh_type = ELF::SHT_PROGBITS;
  sections[1].sh_flags =
      ELF::SHF_ALLOC | (isX86 ? uint64_t(ELF::SHF_X86_64_LARGE) : 0);
  sections[1].sh_offset = kDataOffset;
  sections[1].sh_size = section.size;
  sections[1].sh_addralign = ORCH_BUFFER_ALIGNMENT;
  sections[2].sh_name = stackName;
  sections[2].sh_type = ELF::SHT_PROGBITS;
  sections[2].sh_offset = kDataOffset;
  sections[2].sh_addralign = 1;
  sections[3].sh_name = symbolsName;
  sections[3].sh_type = ELF::SHT_SYMTAB;
  sections[3].sh_offset = symbolsOffset;
  sections[3].sh_size = kNumSymbols * sizeof(ELF::Elf64_Sym);
  sections[3].sh_link = 4;
  sections[3].sh_info = 1; // symbols before this one are local
  sections[3].sh_addralign = 8;
  sections[3].sh_entsize = sizeof(ELF::Elf64_Sym);
  sections[4].sh_name = namesName;
  sections[4].sh_type = ELF::SHT_STRTAB;
  sections[4].sh_offset = namesOffset;
  sections[4].sh_size = names.size();
  sections[4].sh_addralign = 1;

  ELF::Elf64_Sym symbols[kNumSymbols] = {};
  symbols[1].st_name = symbolName;
  symbols[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  symbols[1].st_other = ELF::STV_HIDDEN;
  symbols[1].st_shndx = 1;
  symbols[1].st_size = section.size;

  return writeAtomically(path, [&](raw_ostream &os) {
    os.write(reinterpret_cast<const char *>(&file), sizeof(file));
    writeWeights(os, section);
    os.write_zeros(symbolsOffset - kDataOffset - section.size);
    os.write(reinterpret_cast<const char *>(symbols), sizeof(symbols));
    os << names;
    os.write_zeros(headersOffset - namesOffset - names.size());
    os.write(reinterpret_cast<const char *>(sections), sizeof(sections));
  });
}
